"""Jobs in the directory: asked for once, and what marks a user as deleted."""

from __future__ import annotations

from typing import Any

import pytest
from handover.audit import Act, AuditEntry, Door
from handover.deadline import Deadline
from handover.model import User

from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import Pipeline

SOON = Deadline(9e9)
ANA = User("ana@x.example", "Ana", frozenset({"Sales"}), "Kenya")
KEY = "t", "user#ana@x.example"
Item = dict[str, Any]


def orders(**names: str) -> Item:
    """The precedences of fields, as they are stored."""
    return {
        "M": {
            precedence: {"L": [{"S": name} for name in fields.split()]}
            for precedence, fields in names.items()
        }
    }


@pytest.mark.parametrize(
    ("stored", "changes"),
    [
        (
            {"version": {"N": "3"}},
            {"version": {"N": "4"}, "fact_orders": orders(b="status")},
        ),
        # As older code stored users.
        ({}, {"version": {"N": "1"}, "fact_orders": orders(b="status")}),
        (
            {"version": {"N": "3"}, "fact_orders": orders(a="name status")},
            {"version": {"N": "4"}, "fact_orders": orders(a="name", b="status")},
        ),
        (
            {"version": {"N": "3"}, "fact_orders": orders(c="status")},
            {"version": {"N": "4"}, "fact_orders": orders(c="status")},
        ),
        (
            {"version": {"N": "3"}, "deleted_by": {"S": "U"}},
            {"version": {"N": "4"}, "fact_orders": orders(b="status")},
        ),
    ],
    ids=["usual", "no version", "an older file", "a newer file", "deleted before"],
)
def test_a_user_is_marked_as_deleted_with_the_precedence_of_the_job(
    stored: Item, changes: Item, pipeline: Pipeline
) -> None:
    tables = pipeline.resources.tables
    tables.directory.put_users("t", [ANA], SOON)
    items = pipeline.memory.dynamodb.tables["DirectoryTable"].items
    items[KEY] = {name: value for name, value in items[KEY].items() if name != "version"} | stored
    before = dict(items[KEY])

    tables.jobs.mark_deleted("t", ANA.email, "T", "b", SOON)

    assert items[KEY] == before | changes | {
        "status": {"S": "deleted"},
        "deleted_by": {"S": "T"},
    }


def test_a_job_marks_a_user_as_deleted_once(pipeline: Pipeline) -> None:
    """Who restores the user after that is not overruled by a repetition."""
    tables = pipeline.resources.tables
    tables.directory.put_users("t", [ANA], SOON)
    tables.jobs.mark_deleted("t", ANA.email, "T", "b", SOON)
    tables.directory.put_users("t", [ANA], SOON)

    with incident(pipeline.memory, Mishap("BatchExecuteStatement")) as writes:
        tables.jobs.mark_deleted("t", ANA.email, "T", "b", SOON)

    assert writes.seen == 0
    assert tables.directory.user("t", ANA.email) == ANA


def test_a_job_is_stored_once_together_with_the_entry_of_its_act(pipeline: Pipeline) -> None:
    tables = pipeline.resources.tables
    entry = AuditEntry("t", "n", "2026-11-22T10:00:00Z", Act.USERS_DELETED, "i", Door.API, "x")
    items = pipeline.memory.dynamodb.tables["DirectoryTable"].items

    tables.jobs.ask_once("t", "T", "{}", tables.audit.addition(entry))
    assert items["t", "errand#T"]["body"] == {"S": "{}"}
    tables.jobs.remove("t", "T")
    tables.jobs.ask_once("t", "T", "{}", tables.audit.addition(entry))

    assert ("t", "errand#T") not in items
    assert len(pipeline.memory.dynamodb.tables["AuditTable"].items) == 1
