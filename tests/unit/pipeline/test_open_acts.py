"""Open entries of the audit trail: which are closed, with which outcome, and until where."""

from __future__ import annotations

from typing import Any

import pytest
from handover.audit import Act, AuditEntry, Door, Outcome
from handover.deadline import Deadline
from handover.pipeline.open_acts import (
    OPEN_ACTS,
    OPEN_SECONDS,
    RESERVE_SECONDS,
    sweep_open_acts,
)
from handover.runtime import Invocation, rfc3339
from msgspec.structs import replace

from tests.kit.jobs import api
from tests.kit.mishaps import Writes, incident
from tests.kit.pipeline import ADMIN, AMINA, BEGINNING, TENANT, Pipeline

AT = rfc3339(BEGINNING - OPEN_SECONDS - 1)
BARRED = AuditEntry(
    TENANT,
    "1",
    AT,
    Act.SIGN_IN_BARRED,
    ADMIN,
    Door.API,
    f"user {AMINA}",
    outcome=Outcome.OPEN,
)


def sweep(pipeline: Pipeline, seconds: float = 120.0) -> None:
    sweep_open_acts(pipeline.resources, Invocation("run", Deadline(pipeline.clock.now + seconds)))


def outcomes(pipeline: Pipeline) -> dict[str, Outcome]:
    """The outcome of each entry by its name."""
    audit = pipeline.resources.tables.audit
    now = rfc3339(pipeline.clock.now)
    found = audit.newest(TENANT, before="", since="", now=now, rows=9)
    return {one.name: one.outcome for one in found if one.name == BARRED.name}


@pytest.mark.parametrize(
    ("is_enabled", "expected"),
    [(True, Outcome.NOT_DONE), (False, Outcome.DONE), (None, Outcome.DONE)],
    ids=["open", "blocked", "no sign-in"],
)
def test_a_sign_in_was_barred_unless_it_is_still_open(
    pipeline: Pipeline, *, is_enabled: bool | None, expected: Outcome
) -> None:
    if is_enabled is not None:
        body = {"name": "Amina Otieno", "roles": ["Sales"]}
        assert api(pipeline).request("PUT", f"/users/{AMINA}", body).status == 200
        pipeline.memory.pools.sign_ins[AMINA].enabled = is_enabled
    pipeline.resources.tables.audit.add(BARRED)

    sweep(pipeline)

    assert outcomes(pipeline) == {"1": expected}


@pytest.mark.parametrize(
    ("changes", "expected", "counted"),
    [
        ({"act": Act.SIGN_IN_ALLOWED}, Outcome.NOT_KNOWN, 1),
        ({"at": rfc3339(BEGINNING - OPEN_SECONDS + 1)}, Outcome.OPEN, 0),
    ],
    ids=["an invitation", "a run that may still go on"],
)
def test_what_cannot_be_seen_is_not_known_and_what_may_go_on_stays_open(
    pipeline: Pipeline, changes: dict[str, Any], expected: Outcome, counted: int
) -> None:
    pipeline.resources.tables.audit.add(replace(BARRED, **changes))

    sweep(pipeline)

    assert outcomes(pipeline) == {"1": expected}
    assert pipeline.witness.counts["ActsLeftOpen"] == counted


@pytest.mark.parametrize(
    ("spare", "expected"), [(0, Outcome.DONE), (-1, Outcome.OPEN)], ids=["just enough", "too late"]
)
def test_an_entry_is_closed_while_there_is_time_to_store_how_far_the_sweep_came(
    pipeline: Pipeline, spare: int, expected: Outcome
) -> None:
    pipeline.resources.tables.audit.add(BARRED)

    sweep(pipeline, RESERVE_SECONDS + spare)

    assert outcomes(pipeline) == {"1": expected}


def test_the_next_sweep_goes_on_behind_the_last_entry_and_writes_nothing_without_one(
    pipeline: Pipeline,
) -> None:
    audit, watermarks = pipeline.resources.tables.audit, pipeline.resources.tables.watermarks
    for name in ("1", "2"):
        audit.add(replace(BARRED, name=name))

    sweep(pipeline)
    with incident(pipeline.memory, Writes()) as later:
        sweep(pipeline)

    assert watermarks.looked_until(OPEN_ACTS) == f"{AT}#2"
    assert isinstance(later, Writes)
    assert later.numbers == []
