"""Previews of a dry run: stored, and found again for the lines of another chunk."""

from __future__ import annotations

import json

import pytest
from handover.errors import RetryLaterError
from handover.model import Line, Outcome, RoleChange
from handover.pipeline.applying import previews_bytes, previews_for, previews_from
from handover.rules.applying import Preview

from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import Pipeline

ID = "1" * 32
# The first line of each part.
PARTS = (2, 12, 22)


def preview(version: int) -> Preview:
    return Preview(
        version, Outcome.UPDATED, (RoleChange("m", ("a",), ("b", "é")),), "", {"m": ("a",)}
    )


def lines(first: int, last: int) -> list[Line]:
    return [Line(number, ()) for number in range(first, last + 1)]


def store(pipeline: Pipeline, missing: int = 0) -> None:
    """Parts of ten lines each, but for the one that begins with the missing line."""
    s3, work = pipeline.memory.s3, pipeline.resources.work_bucket
    index = [[first, f"{ID}/previews/{first:05d}/a.json"] for first in PARTS]
    s3.upload(work, f"{ID}/previews/index.json", json.dumps(index).encode())
    for first, key in zip(PARTS, (key for _, key in index), strict=True):
        if first != missing:
            body = previews_bytes({number: preview(number) for number in range(first, first + 10)})
            s3.upload(work, str(key), body)


def test_previews_that_are_stored_come_back_by_line() -> None:
    found = {2: preview(7), 3: Preview(1, Outcome.REJECTED, (), "USER_UNKNOWN", {})}

    assert previews_from(previews_bytes(found)) == found


@pytest.mark.parametrize(
    ("first", "last", "parts"),
    [
        (2, 11, {2}),
        (12, 21, {12}),
        (22, 31, {22}),
        (11, 12, {2, 12}),
        (13, 22, {12, 22}),
        (2, 2, {2}),
    ],
)
def test_only_the_parts_that_hold_some_of_the_lines_are_read(
    pipeline: Pipeline, first: int, last: int, parts: set[int]
) -> None:
    store(pipeline)

    with incident(pipeline.memory, Mishap("GetObject")) as reads:
        found = previews_for(pipeline.resources, ID, lines(first, last))

    assert {number: one.version for number, one in found.items()} == {
        number: number for part in parts for number in range(part, part + 10)
    }
    assert reads.seen == 1 + len(parts)


def test_no_lines_need_no_previews(pipeline: Pipeline) -> None:
    assert previews_for(pipeline.resources, ID, []) == {}


def test_previews_that_are_missing_are_waited_for(pipeline: Pipeline) -> None:
    with pytest.raises(RetryLaterError, match="index"):
        previews_for(pipeline.resources, ID, lines(2, 3))

    store(pipeline, missing=12)
    with pytest.raises(RetryLaterError, match="previews of these lines"):
        previews_for(pipeline.resources, ID, lines(12, 13))
    assert len(previews_for(pipeline.resources, ID, lines(2, 3))) == 10
