"""The chunks of a file are as large as the last file from the same place was fast."""

from __future__ import annotations

from typing import Any

import pytest
from handover.model import Mode

from tests.kit.memory_aws import ObjectCreated
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import AMINA, BARAKA, TENANT, Pipeline, file_of, import_id

SHORT_LINES = b"account ID,account Manager\r\n" + b"".join(
    b"%d,a\r\n" % one for one in range(7_000)
)


def sizes(pipeline: Pipeline, created: ObjectCreated) -> list[int]:
    """The number of lines in each chunk of a validated file."""
    assert pipeline.validate(created) == []
    items = pipeline.memory.dynamodb.tables["ImportsTable"].items
    return [
        int(item["lines"]["N"])
        for (pk, sk), item in sorted(items.items())
        if pk == import_id(created) and sk.startswith("chunk#")
    ]


def worked(pipeline: Pipeline, seconds: float, *, mode: Mode = Mode.RUN) -> ObjectCreated:
    """Processes a file of sixty lines, which takes that long."""
    ids = pipeline.kenyan(60, held_by=AMINA)
    created = pipeline.upload(file_of((one, BARAKA) for one in ids), mode=mode)

    def pass_time(_answer: dict[str, Any]) -> None:
        pipeline.clock.now += seconds

    with incident(pipeline.memory, Mishap("PutObject", on_answer=pass_time)):
        pipeline.run(created)
    return created


def test_the_chunks_of_a_first_file_are_small(pipeline: Pipeline) -> None:
    assert sizes(pipeline, pipeline.upload(SHORT_LINES)) == [2_400, 2_400, 2_200]


def test_after_a_fast_file_chunks_are_larger(pipeline: Pipeline) -> None:
    pipeline.resources.tables.watermarks.note_pace(TENANT, "user", 400)

    assert sizes(pipeline, pipeline.upload(SHORT_LINES)) == [6_000, 1_000]


def test_the_pace_of_a_file_is_its_lines_divided_by_the_time_of_its_workers(
    pipeline: Pipeline,
) -> None:
    created = worked(pipeline, 12)

    assert pipeline.item(created).worked_ms == 12_000
    assert pipeline.resources.tables.watermarks.pace(TENANT, "user") == 5
    assert pipeline.resources.tables.watermarks.pace(TENANT, "erp") == 0


@pytest.mark.parametrize(("seconds", "mode"), [(9, Mode.RUN), (12, Mode.DRY_RUN)])
def test_a_file_that_is_short_or_writes_nothing_sets_no_pace(
    pipeline: Pipeline, seconds: float, mode: Mode
) -> None:
    worked(pipeline, seconds, mode=mode)

    assert pipeline.resources.tables.watermarks.pace(TENANT, "user") == 0
