"""What an import waits for, as an operator reads it."""

from __future__ import annotations

import pytest
from handover.model import Mode

from infra.cli.failures import CommandError
from infra.cli.why import reasons
from tests.kit.jobs import api
from tests.kit.mishaps import KilledError, Mishap, incident
from tests.kit.pipeline import (
    ADMIN,
    AMINA,
    BARAKA,
    HOUR,
    MINUTE,
    SALES,
    Pipeline,
    file_of,
    import_id,
)


def why(pipeline: Pipeline, name: str) -> str:
    """What the operator's command prints. It may read whole items: nobody waits for it."""
    wrong = list(pipeline.witness.wrong)
    text = "\n".join(reasons(pipeline.resources.tables, name, pipeline.clock.now))
    pipeline.witness.wrong[:] = wrong
    return text


def test_a_ticket_waits_for_its_file_while_its_form_is_valid(pipeline: Pipeline) -> None:
    ticket = pipeline.ticket()
    assert "waits for the file, which can be uploaded until" in why(pipeline, ticket)

    pipeline.clock.now += HOUR
    assert "ask for a new ticket" in why(pipeline, ticket)


def test_a_ticket_leads_to_its_import_and_one_that_has_ended_waits_for_nothing(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(1)
    ticket = pipeline.ticket()
    created = pipeline.upload(file_of([("K000", AMINA)]), ticket)
    pipeline.run(created)

    text = why(pipeline, ticket)

    assert import_id(created) in text
    assert text.endswith("It waits for nothing.")


def test_a_file_waits_for_a_worker_and_then_for_the_end_of_its_lease(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = pipeline.upload(file_of([("K000", AMINA)]))
    with incident(pipeline.memory, Mishap("GetObject", kill_before=1)), pytest.raises(KilledError):
        pipeline.validate(created)

    assert "validate works on it; another may take over in" in why(pipeline, import_id(created))
    pipeline.clock.now += HOUR
    assert "stopped before the end" in why(pipeline, import_id(created))


def test_pending_chunks_are_reported_with_their_lines(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = pipeline.upload(file_of([("K000", AMINA)]))
    pipeline.validate(created)
    name = import_id(created)

    text = why(pipeline, name)
    assert "1 chunks are pending" in text
    assert "chunk 1: lines 2 and on, taken 0 times. It waits for assign: see ChunksLate" in text

    pipeline.assign(name)
    assert "waits for finalize" in why(pipeline, name)


def test_an_import_that_waits_for_an_admin_is_reported_with_its_deadline(
    pipeline: Pipeline,
) -> None:
    ids = pipeline.kenyan(20, held_by=AMINA)
    created = pipeline.upload(file_of((one, "None") for one in ids))
    pipeline.run(created)

    assert "waits for an Admin to approve or cancel it" in why(pipeline, import_id(created))


def test_an_undo_that_waits_is_reported_with_the_older_imports(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = pipeline.upload(file_of([("K000", BARAKA)]))
    pipeline.run(created)
    older = pipeline.upload(file_of([("K000", SALES)]))
    pipeline.clock.now += MINUTE
    api(pipeline).post(f"/imports/{import_id(created)}/undo")
    (undo,) = pipeline.settle()
    assert "older uploads that are not imports yet" in why(pipeline, pipeline.item(undo).pk)

    pipeline.validate(older)

    text = why(pipeline, pipeline.item(undo).pk)
    assert "waits for 1 older imports of its tenant" in text
    assert import_id(older) in text


def test_a_cancelled_ticket_says_so(pipeline: Pipeline) -> None:
    ticket = pipeline.ticket(mode=Mode.DRY_RUN)
    pipeline.resources.tables.tickets.cancel(ticket, ADMIN)

    assert "cancelled before a file came" in why(pipeline, ticket)


def test_an_id_of_neither_import_nor_ticket_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(CommandError, match="there is no import"):
        why(pipeline, "nothing")
