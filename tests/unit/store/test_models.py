"""The items of pynamodb's models, written by hand: with nothing but what they must have, and whole.

Versions of the code that run side by side read each other's items, so names and defaults stay.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import handover
import pytest
from handover.store.audit import AuditItem
from handover.store.chunks import ChunkItem
from handover.store.connection import Model
from handover.store.directory import DirectoryItem, UserItem
from handover.store.history import HistoryItem
from handover.store.import_items import ImportItem, PlanItem
from handover.store.portfolios import HoldingItem
from handover.store.requests import RequestItem
from handover.store.tickets import TicketItem
from handover.store.watermarks import WatermarkItem
from pynamodb.attributes import Attribute

from tests.kit.recorded import assert_as_recorded

STORE = Path(handover.__file__).parent / "store"

ZERO, NO, YES = {"N": "0"}, {"BOOL": False}, {"BOOL": True}
NO_COUNTS = dict.fromkeys(
    (
        "worked_ms",
        "updated",
        "cleared",
        "unchanged",
        "pending_users",
        "rejected",
        "duplicate",
        "superseded",
        "not_processed",
    ),
    ZERO,
)


def text(value: str) -> dict[str, str]:
    return {"S": value}


def texts(**values: str) -> dict[str, dict[str, str]]:
    return {name: text(value) for name, value in values.items()}


KEYS = texts(pk="p", sk="s")

# What the constructor gets, and the item; texts of optional attributes are their own names.
BARE: dict[str, tuple[Callable[[], Model], Mapping[str, Any]]] = {
    "import": (
        lambda: ImportItem(
            "p",
            tenant="t",
            source="s",
            filename="f",
            received_at="r",
            bucket="b",
            key="k",
            version_id="v",
            precedence="o",
        ),
        {
            **texts(pk="p", sk="import", tenant="t", profile="", source="s", uploader=""),
            **texts(filename="f", mode="run", state="validating", received_at="r"),
            **texts(bucket="b", key="k", version_id="v", order="o", resent_for=""),
            **NO_COUNTS,
            "replays": ZERO,
            "is_indexed": NO,
            "is_check": NO,
            "lines": ZERO,
            "settled": {"M": {}},
            "resent_at": ZERO,
            "resends": ZERO,
            "probe_taken": NO,
            "waits": NO,
            "told_approval": NO,
        },
    ),
    "plan": (lambda: PlanItem("p", body="b"), texts(pk="p", sk="plan", body="b")),
    "chunk": (
        lambda: ChunkItem("p", "s", start=1, end=2, first_line=3, lines=4, checksum=5),
        {
            **KEYS,
            **NO_COUNTS,
            "start": {"N": "1"},
            "end": {"N": "2"},
            "first_line": {"N": "3"},
            "lines": {"N": "4"},
            "checksum": {"N": "5"},
            "repeats": ZERO,
            "logins": ZERO,
            "attempts": ZERO,
            "decided": ZERO,
            "handed_on": ZERO,
            "has_errors": NO,
        },
    ),
    "ticket": (
        lambda: TicketItem(
            "p",
            tenant="t",
            uploader="u",
            profile="q",
            filename="f",
            mode="run",
            issued_at="i",
            expires_at="e",
            expires=7,
        ),
        {
            **texts(pk="p", sk="ticket", tenant="t", uploader="u", profile="q", filename="f"),
            **texts(mode="run", mapping="{}", issued_at="i", expires_at="e"),
            "replays": ZERO,
            "expires": {"N": "7"},
        },
    ),
    "watermark": (lambda: WatermarkItem("p"), texts(pk="p", sk="watermark")),
    "directory": (lambda: DirectoryItem("p", "s"), KEYS),
    "user": (
        lambda: UserItem("p", "s"),
        {
            **KEYS,
            **texts(name="", opco="", status="active", employee_id="", phone="", mobile=""),
            **texts(login_name=""),
            "roles": {"L": []},
        },
    ),
    "history": (
        lambda: HistoryItem("p", 2, import_id="i", line=3, actor="a", at="t", changes="{}"),
        {
            **texts(pk="p", import_id="i", actor="a", at="t", changes="{}"),
            "sk": {"N": "2"},
            "line": {"N": "3"},
        },
    ),
    "holding": (
        lambda: HoldingItem("p", "s", version=2, held=True),
        {**KEYS, **texts(at="", import_id=""), "version": {"N": "2"}, "held": YES},
    ),
    "request": (
        lambda: RequestItem("p", "s"),
        {**KEYS, **texts(actor="", at="", subject="", contact="", text="")},
    ),
    "entry": (lambda: AuditItem("p", "s"), KEYS),
}

_OF_IMPORT = (
    "finished_at ticket replayed_at validated_at working_at ended_at replay_of undo_of "
    "follows object_of on_error principal proven_by encoding delimiter warnings approved_by "
    "approve_reason cancelled_by cancel_reason lease_by listed_at open opened_at"
)
_OF_TICKET = (
    "source undo_of profile_body follows object_of preview_of on_error import_id replayed_at "
    "replayed cancelled_by cancel_reason"
)
_OF_ENTRY = "act actor door about before after reason open outcome at"


def named(names: str) -> dict[str, str]:
    """Each of these attributes with its own name as its text."""
    return {name: name for name in names.split()}


# What is set besides, and the attributes that the item has then besides.
MORE: dict[str, tuple[dict[str, Any], Mapping[str, Any]]] = {
    "import": (
        {
            **named(_OF_IMPORT),
            "job": "j",
            "replays_notified": 1,
            "has_workbook": True,
            "refusal": {"code": "c"},
            "approval": {"lines": 4},
            "chunks": 2,
            "pending": {3},
            "lease_until": 5,
            "probe": 6,
        },
        {
            **texts(**named(_OF_IMPORT), errand="j"),
            "replays_told": {"N": "1"},
            "has_workbook": YES,
            "refusal": {"M": {"code": text("c")}},
            "approval": {"M": {"lines": {"N": "4"}}},
            "chunks": {"N": "2"},
            "pending": {"NS": ["3"]},
            "lease_until": {"N": "5"},
            "probe": {"N": "6"},
        },
    ),
    "chunk": (
        {"lease_by": "l", "lease_until": 8, "settled_by": "a", "taken_at": 9},
        {
            **texts(lease_by="l", settled_by="a"),
            "lease_until": {"N": "8"},
            "taken_at": {"N": "9"},
        },
    ),
    "ticket": (
        {**named(_OF_TICKET), "job": "j", "users": ["a", "b"]},
        {
            **texts(**named(_OF_TICKET), errand="j"),
            "users": {"L": [text("a"), text("b")]},
        },
    ),
    "watermark": (
        {
            **named("ended_until looked_until files"),
            "lines_a_second": 1.5,
            "newest_taken": 2,
            "probed_at": 3,
            "probes": 4,
            "version": 5,
        },
        {
            **texts(**named("ended_until looked_until files")),
            "lines_a_second": {"N": "1.5"},
            "newest_taken": {"N": "2"},
            "probed_at": {"N": "3"},
            "probes": {"N": "4"},
            "version": {"N": "5"},
        },
    ),
    "directory": ({"body": "b"}, texts(body="b")),
    "user": (
        {"deleted_by": "d", "version": 3},
        {**texts(deleted_by="d"), "version": {"N": "3"}},
    ),
    "entry": (
        {**named(_OF_ENTRY), "expires": 9},
        {**texts(**named(_OF_ENTRY)), "expires": {"N": "9"}},
    ),
}


@pytest.mark.parametrize("kind", BARE)
def test_an_item_with_only_what_it_must_have_has_the_known_defaults(kind: str) -> None:
    make, expected = BARE[kind]

    assert make().serialize() == expected


@pytest.mark.parametrize("kind", MORE)
def test_an_item_with_all_that_it_may_have_has_the_known_names(kind: str) -> None:
    make, bare = BARE[kind]
    item = make()
    values, expected = MORE[kind]

    for name, value in values.items():
        setattr(item, name, value)

    assert item.serialize() == {**bare, **expected}


def models() -> Iterator[type[Model]]:
    """Every kind of item that is stored through pynamodb."""
    for path in sorted(STORE.glob("[!_]*.py")):
        module = f"handover.store.{path.stem}"
        for found in vars(importlib.import_module(module)).values():
            is_item = inspect.isclass(found) and issubclass(found, Model) and found is not Model
            if is_item and found.__module__ == module and "Meta" in vars(found):
                yield found


def attributes() -> Iterator[str]:
    """Each model with its table, its attributes, and its indexes with theirs."""
    for model in models():
        yield f"{model.__name__} in {model.Meta.table}"
        yield from (f"  {line}" for line in described(model.get_attributes()))
        for name, index in sorted(model._indexes.items()):
            yield f"  index {name}, {type(index.Meta.projection).__name__}"
            found = vars(type(index)).items()
            of_index = {name: one for name, one in found if isinstance(one, Attribute)}
            yield from (f"    {line}" for line in described(of_index))


def described(found: Mapping[str, Attribute[Any]]) -> Iterator[str]:
    """Each attribute by its stored name, with what it is besides a value that must be there."""
    for one in sorted(found.values(), key=lambda one: one.attr_name):
        roles = {"key": one.is_hash_key, "sort key": one.is_range_key, "may be missing": one.null}
        yield ", ".join([one.attr_name, *(role for role, has in roles.items() if has)])


def test_keys_indexes_and_what_may_be_missing_are_those_recorded() -> None:
    """A table outlives the code: another key cannot be deployed, and old items must be readable."""
    path = Path(__file__).with_name("attributes.txt")

    assert_as_recorded(path, "\n".join(attributes()) + "\n")
