"""Writes that DynamoDB refuses: an unmet condition is an answer, any other refusal is a defect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from handover.audit import Act, AuditEntry, Door
from handover.profiles.presets import presets
from handover.profiles.profile import Profile, Role
from handover.store.tables import Tables
from msgspec.structs import replace
from pynamodb.exceptions import DeleteError, PutError, UpdateError

from tests.kit.memory_aws import ServiceError
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import TENANT, Pipeline

OWNER = Role("owner", 1, frozenset())
ENTRY = AuditEntry(TENANT, "n", "2026-11-22T10:00:00Z", Act.PROFILE_STORED, "i", Door.API, "x")
OWN = replace(presets()["single-strict"], name="own")
OTHER = replace(OWN, uploader_roles=frozenset({"Finance"}))

WRITES: Mapping[str, tuple[Callable[[Tables], Any], type[Exception]]] = {
    "PutItem": (
        lambda tables: tables.setup.put_role(TENANT, replace(OWNER, max_users=2)),
        PutError,
    ),
    "UpdateItem": (lambda tables: tables.tickets.cancel("T", "ines"), UpdateError),
    "DeleteItem": (lambda tables: tables.setup.remove_role(TENANT, "owner"), DeleteError),
}


@pytest.mark.parametrize("operation", WRITES)
def test_a_write_that_is_refused_for_its_content_is_a_defect(
    pipeline: Pipeline, operation: str
) -> None:
    write, error = WRITES[operation]
    tables = pipeline.resources.tables
    tables.setup.put_role(TENANT, OWNER)

    def refuse() -> None:
        raise ServiceError("ValidationException", "One or more parameter values were invalid")

    with (
        incident(pipeline.memory, Mishap(operation, before_call=refuse)) as calls,
        pytest.raises(error, match="ValidationException"),
    ):
        write(tables)

    assert calls.seen == 1
    assert tables.setup.role(TENANT, "owner") == OWNER


@pytest.mark.parametrize(
    ("meanwhile", "is_stored"), [(OWN, True), (OTHER, False)], ids=["the same", "another"]
)
def test_a_profile_that_was_stored_meanwhile_is_not_replaced(
    pipeline: Pipeline, meanwhile: Profile, *, is_stored: bool
) -> None:
    """The same one may be this write, sent a second time after its first answer was lost."""
    tables = pipeline.resources.tables

    def they_store() -> None:
        tables.setup.replace_profile(TENANT, None, meanwhile)

    with incident(pipeline.memory, Mishap("TransactWriteItems", before_call=they_store)):
        answer = tables.setup.replace_profile(
            TENANT, None, OWN, lambda _before, _after: tables.audit.addition(ENTRY)
        )

    assert answer is is_stored
    assert tables.setup.own_profile(TENANT, "own") == meanwhile
