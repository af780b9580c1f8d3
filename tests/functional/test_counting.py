"""What is counted for operators while files and jobs are processed: each event once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from handover.model import Mode
from msgspec.structs import replace

from tests.kit.jobs import ask_removal
from tests.kit.pipeline import AMINA, BARAKA, TENANT, Pipeline, file_of
from tests.workbooks.builders import by_openpyxl
from tests.workbooks.raw import packed

LINES = [("K000", BARAKA), ("X", BARAKA), ("K001", BARAKA)]
GOOD = file_of([("K000", BARAKA), ("K001", BARAKA)])
DONE = {"ImportsEnded": 1, "ImportsEndedDone": 1}
REFUSED = {"ImportsRefused": 1, "ImportsEnded": 1, "ImportsEndedRefused": 1}
TWO_LINES = {"LinesRead": 2, "LinesSettled": 2}


def some_lines(pipeline: Pipeline) -> None:
    pipeline.run(pipeline.upload(file_of(LINES)))


def no_file(pipeline: Pipeline) -> None:
    pipeline.run(pipeline.upload(b""))


def workbook(pipeline: Pipeline) -> None:
    pipeline.run(pipeline.upload(by_openpyxl([("account ID", "account Manager"), *LINES[::2]])))


def damaged_workbook(pipeline: Pipeline) -> None:
    pipeline.run(pipeline.upload(packed({"xl/workbook.xml": None})))


def preview(pipeline: Pipeline) -> None:
    pipeline.run(pipeline.upload(GOOD, mode=Mode.PREVIEW))


def checked_file(pipeline: Pipeline) -> None:
    pipeline.run(pipeline.upload(GOOD, pipeline.ticket(on_error="all_or_nothing")))
    pipeline.settle()


def held_file(pipeline: Pipeline) -> None:
    pipeline.resources.tables.setup.change_settings(
        TENANT, lambda before: replace(before, clear_guard_lines=0, clear_guard_percent=0)
    )
    pipeline.run(pipeline.upload(file_of([("K000", "None")])))


def removal(pipeline: Pipeline) -> None:
    ask_removal(pipeline, AMINA)
    pipeline.settle()


def file_of_a_tenant_without_a_topic(pipeline: Pipeline) -> None:
    pipeline.memory.sns.families.clear()
    pipeline.run(pipeline.upload(GOOD))


COUNTED: dict[Callable[[Pipeline], None], dict[str, int]] = {
    some_lines: {
        "LinesRead": 3,
        "LinesSettled": 3,
        "LinesRejected": 1,
        "ImportsEnded": 1,
        "ImportsEndedError": 1,
    },
    no_file: REFUSED,
    workbook: {"WorkbooksConverted": 1} | TWO_LINES | DONE,
    damaged_workbook: {"WorkbooksRefused": 1} | REFUSED,
    preview: {"LinesRead": 2} | DONE,
    checked_file: {
        "LinesRead": 4,
        "LinesSettled": 4,
        "ImportsEnded": 2,
        "ImportsEndedDone": 2,
        "ImportsApplied": 1,
    },
    held_file: {"LinesRead": 1, "ImportsAwaitingApproval": 1},
    removal: {"JobsAsked": 1, "JobsRun": 1} | TWO_LINES | DONE,
    file_of_a_tenant_without_a_topic: {"TenantsWithoutTopic": 1} | TWO_LINES | DONE,
}


@pytest.mark.parametrize("what", COUNTED, ids=lambda what: what.__name__)
def test_what_happens_to_a_file_is_counted_once(
    pipeline: Pipeline, what: Callable[[Pipeline], None]
) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.settle()

    what(pipeline)

    counts = pipeline.witness.counts
    assert {name: many for name, many in counts.items() if many} == COUNTED[what]
