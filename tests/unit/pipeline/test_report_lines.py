"""The lines of a stored report: whole, however the report is read, and with its last one."""

from __future__ import annotations

import pytest
from handover.aws import objects
from handover.aws.objects import Upload
from handover.pipeline.report_lines import text_lines_of

from tests.kit.pipeline import Pipeline

KEY = "lumina/an-import/results.csv"


@pytest.mark.parametrize("block_bytes", [1, 4, 1024])
@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a,é\r\nb,2\r\n", ["a,é\r\n", "b,2\r\n"]),
        ("a,é\r\nb,日本", ["a,é\r\n", "b,日本"]),
        ("a\n\n", ["a\n", "\n"]),
        ("a", ["a"]),
        ("", []),
    ],
    ids=["ended", "not_ended", "empty_line", "one", "none"],
)
def test_a_report_gives_every_line_even_a_last_one_without_an_end(
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    block_bytes: int,
    text: str,
    lines: list[str],
) -> None:
    monkeypatch.setattr(objects, "BLOCK_BYTES", block_bytes)
    bucket = pipeline.resources.reports_bucket
    objects.write(bucket, KEY, text.encode("utf-8-sig"))

    assert list(text_lines_of(Upload(bucket, KEY, ""), pipeline.deadline)) == lines
