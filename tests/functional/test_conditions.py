"""Files that say who must hold an account now: what applies, what waits, and what results say."""

from __future__ import annotations

from typing import Any

import pytest
from handover.model import Mode, Outcome

from tests.kit.jobs import api
from tests.kit.memory_aws import ObjectCreated
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import (
    AMINA,
    BARAKA,
    MINUTE,
    ROLE,
    SALES,
    Pipeline,
    file_of,
    import_id,
)
from tests.workbooks.builders import by_openpyxl

PROFILE = "single-strict"
HEADER = "account ID,account Manager,Current account manager"


def conditional(*lines: tuple[str, str, str]) -> bytes:
    """A file of the preset with conditions: who must hold each account now."""
    return "\r\n".join([HEADER, *map(",".join, lines), ""]).encode()


def reasons(pipeline: Pipeline, created: ObjectCreated) -> list[tuple[str, str]]:
    """The outcome and the message of each line."""
    rows = pipeline.table(created, "results.csv")
    return [(row["outcome"], row["message"]) for row in rows]


def worked(pipeline: Pipeline, body: bytes, mode: Mode = Mode.RUN) -> ObjectCreated:
    created = pipeline.upload(body, mode=mode)
    pipeline.run(created)
    pipeline.clock.now += MINUTE
    return created


def requested(pipeline: Pipeline, path: str, body: dict[str, Any]) -> ObjectCreated:
    """The import that Handover makes for a request, after its run."""
    answer = api(pipeline).post(path, body)
    assert answer.status == 202, answer.text
    (written,) = pipeline.settle()
    return written


def test_a_line_applies_where_the_condition_is_met_and_others_say_who_holds_it(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(4, held_by=AMINA)
    created = worked(
        pipeline,
        conditional(
            ("K000", BARAKA, AMINA),
            ("K001", BARAKA, SALES),
            ("K002", BARAKA, ""),
            ("K003", BARAKA, "x@lumina.example"),
        ),
    )

    assert pipeline.holders("K000", "K001", "K002", "K003") == [BARAKA, AMINA, BARAKA, AMINA]
    assert reasons(pipeline, created)[1] == (
        Outcome.SUPERSEDED,
        f"Current account manager: found {AMINA}, expected {SALES}",
    )
    (problem,) = pipeline.table(created, "errors.csv")
    assert (problem["line"], problem["code"]) == ("5", "USER_NOT_FOUND")
    (line,) = (
        api(pipeline).get(f"/imports/{import_id(created)}/lines", outcome="rejected").body["lines"]
    )
    assert line["column"] == "Current account manager"


def test_a_condition_is_checked_again_if_the_account_changes_before_the_write(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    created = pipeline.upload(conditional(("K000", BARAKA, AMINA), ("K001", BARAKA, AMINA)))
    pipeline.validate(created)

    def moves() -> None:
        pipeline.memory.hook = None
        edit = {"profile": PROFILE, "assign": {ROLE: [SALES]}}
        api(pipeline).request("PATCH", "/accounts/K001", edit)

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", before_call=moves)):
        pipeline.assign(import_id(created))
    pipeline.run()

    assert pipeline.holders("K000", "K001") == [BARAKA, SALES]
    assert pipeline.counts(created) == {"lines": 2, "updated": 1, "superseded": 1}


@pytest.mark.parametrize(("cell", "waits"), [(AMINA, True), (" ", False), (" ; ", True)])
def test_a_file_waits_for_older_ones_only_if_some_line_has_a_condition(
    pipeline: Pipeline, cell: str, *, waits: bool
) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    older = pipeline.upload(file_of([("K001", SALES)]))
    pipeline.clock.now += MINUTE
    created = pipeline.upload(conditional(("K000", BARAKA, ""), ("K001", BARAKA, cell)))

    pipeline.validate(created)

    assert pipeline.item(created).waits is waits
    pipeline.run(older)
    pipeline.run(created)
    if cell == AMINA:
        assert pipeline.holders("K000", "K001") == [BARAKA, SALES]
        message = reasons(pipeline, created)[1][1]
        assert message.startswith(f"Current account manager: found {SALES} since 2026-11-22T10:01")
        assert message.endswith(f" by import {import_id(older)}, expected {AMINA}")


def test_a_condition_is_applied_and_undone_as_the_dry_run_has_shown_it(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(3, held_by=AMINA)
    dry = worked(
        pipeline,
        conditional(("K000", BARAKA, AMINA), ("K001", BARAKA, SALES), ("K002", BARAKA, AMINA)),
        Mode.DRY_RUN,
    )
    assert pipeline.counts(dry) == {"lines": 3, "updated": 2, "superseded": 1}
    worked(pipeline, file_of([("K002", SALES)]))

    run = requested(pipeline, f"/imports/{import_id(dry)}/apply", {"mode": "run"})

    assert pipeline.holders("K000", "K001", "K002") == [BARAKA, AMINA, SALES]
    assert reasons(pipeline, run)[1] == reasons(pipeline, dry)[1]
    assert pipeline.counts(run) == {"lines": 3, "updated": 1, "superseded": 2}
    pipeline.clock.now += MINUTE
    requested(pipeline, f"/imports/{import_id(run)}/undo", {"mode": "run"})
    assert pipeline.holders("K000", "K001", "K002") == [AMINA, AMINA, SALES]


def test_a_condition_with_an_unknown_name_is_corrected_like_any_cell(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = worked(pipeline, conditional(("K000", BARAKA, "amina.otienno@lumina.example")))
    (line,) = api(pipeline).get(f"/imports/{import_id(created)}/lines").body["lines"]
    assert (line["column"], line["suggestion"]) == ("Current account manager", AMINA)

    lines = {"2": {line["column"]: line["suggestion"]}}
    requested(
        pipeline, f"/imports/{import_id(created)}/corrections", {"lines": lines, "mode": "run"}
    )

    assert pipeline.holders("K000") == [BARAKA]


def test_lines_of_an_account_with_different_conditions_contradict_each_other(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    lines = ("K000", BARAKA, AMINA), ("K000", BARAKA, ""), ("K001", BARAKA, AMINA)
    created = worked(pipeline, conditional(*lines, ("K001", BARAKA, AMINA.upper())))

    assert pipeline.counts(created) == {"lines": 4, "updated": 1, "duplicate": 1, "rejected": 2}
    assert pipeline.holders("K000", "K001") == [AMINA, BARAKA]


def test_workbooks_and_mapped_labels_can_set_conditions(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    rows = [["account ID", "account Manager", "Owner today"], ["K000", BARAKA, AMINA]]
    rows.append(["K001", BARAKA, SALES])
    mapping = {"Owner today": "Current account manager"}

    created = pipeline.upload(by_openpyxl(rows), pipeline.ticket(mapping=mapping))
    pipeline.run(created)

    assert pipeline.holders("K000", "K001") == [BARAKA, AMINA]
    assert reasons(pipeline, created)[1][1] == f"Owner today: found {AMINA}, expected {SALES}"
