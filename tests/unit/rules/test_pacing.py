"""Pacing: chunks are cut for the pace of the last file, and handed on while they make progress."""

from __future__ import annotations

from math import ceil

import pytest
from handover.reading.limits import MAX_LINES
from handover.rules.pacing import (
    MAX_CHUNK_LINES,
    MIN_CHUNK_LINES,
    MIN_MEASURED_SECONDS,
    chunk_lines,
    is_handed_on,
    measured_pace,
)

from infra.template import PATH, load

LIMIT_SECONDS = load(PATH)["Mappings"]["Timing"]["prod"]["AssignTimeout"]
# 4,000 writes a second of a new table, for 50 workers, two writes a line.
COLD_LINES_A_SECOND = 4000 / 50 / 2
COLD_READS_A_SECOND = 12_000 / 50


@pytest.mark.parametrize(
    ("lines_a_second", "lines"),
    [(0, 2_400), (39, 2_400), (100, 6_000), (333, 19_980), (9e9, 20_000)],
)
def test_a_chunk_takes_half_of_the_limit_at_the_pace_of_the_last_file(
    lines_a_second: float, lines: int
) -> None:
    assert chunk_lines(lines_a_second, 120) == lines


def test_a_first_file_is_cut_for_a_table_that_has_not_grown() -> None:
    assert chunk_lines(0, LIMIT_SECONDS) / COLD_LINES_A_SECOND <= LIMIT_SECONDS / 2


def test_the_largest_chunk_is_read_again_within_the_limit_from_a_table_that_has_not_grown() -> None:
    assert MAX_CHUNK_LINES / COLD_READS_A_SECOND < LIMIT_SECONDS * 0.75


def test_the_longest_file_has_no_more_chunks_than_its_progress_can_hold() -> None:
    """Two write units hold 80 numbers of 125 bits beside the counts."""
    assert ceil(MAX_LINES / MIN_CHUNK_LINES) + 1_000 < 80 * 125


def test_a_pace_is_known_once_enough_lines_were_processed() -> None:
    assert measured_pace(5_000, MIN_MEASURED_SECONDS) == 500
    assert measured_pace(5_000, MIN_MEASURED_SECONDS - 0.001) is None


def test_a_chunk_is_handed_on_only_if_it_makes_progress() -> None:
    assert is_handed_on(1, 0)
    assert not is_handed_on(0, 0)
    assert not is_handed_on(7, 7)
