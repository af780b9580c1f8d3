"""Generated files, the same in every run; `python -m tests.fuzz` tries any number of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from handover.reading import repeats
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.__main__ import run_seeds, small_tables
from tests.fuzz.counting import count, physical_lines
from tests.fuzz.driving import try_seed, try_with
from tests.fuzz.mutations import file_of
from tests.fuzz.nasty import HEAD
from tests.fuzz.passage import Sizes
from tests.fuzz.through_functions import functions
from tests.fuzz.world import STRICT

FILES, PARTS = 3_000, 2

_BODIES = st.text(st.sampled_from("ab\" ,;\t\r\n'=\x00\x1b␛é"), max_size=60)


@pytest.fixture(scope="module", autouse=True)
def tables_for_small_files() -> Iterator[None]:
    """Saves every file 16 MiB of memory that only large ones need."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeats, "_TABLE_BITS", repeats._TABLE_BITS)
        small_tables()
        yield


@pytest.mark.parametrize("part", range(PARTS))
def test_generated_files_lose_no_line_and_crash_nothing(part: int) -> None:
    many = FILES // PARTS

    with functions() as pipeline:
        tally = run_seeds(range(part * many, (part + 1) * many), pipeline)

    assert tally.findings == []
    assert tally.files == many
    assert tally.files_by_verdict["accepted"] > many // 3
    assert tally.through_functions >= 1


@given(_BODIES)
def test_every_line_of_any_text_under_a_good_header_has_one_outcome(body: str) -> None:
    trial = try_with(HEAD + body.encode(), STRICT, Sizes(block=5, window=9, chunk_lines=1))

    assert trial.violations == (), trial.report()


@given(_BODIES, st.sampled_from(",;\t|"))
def test_the_count_finds_the_records_of_the_csv_module(body: str, delimiter: str) -> None:
    counted = count(body.encode(), delimiter)

    rows = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
    assert [tuple(cell.encode() for cell in row) for row in rows] == [
        record.fields for record in counted.records
    ]


@given(_BODIES)
def test_the_count_covers_every_byte_once(body: str) -> None:
    data = body.encode()

    records = count(data, ",").records

    assert b"".join(data[record.start : record.end] for record in records) == data
    assert all(1 <= record.line <= physical_lines(body) for record in records)


def test_a_seed_always_gives_the_same_file() -> None:
    assert [file_of(seed) for seed in range(50)] == [file_of(seed) for seed in range(50)]


def test_a_finding_says_how_to_reproduce_it() -> None:
    trial = try_seed(7)

    report = trial.report_with(["something is wrong"])

    assert "seed 7" in report
    assert f"try_file({trial.data!r}, seed=7)" in report
