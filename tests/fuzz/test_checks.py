"""The checks themselves: they find every count that differs from the lines."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from handover.model import Outcome, Refusal
from handover.reports.counts import Counts, tally
from msgspec.structs import asdict, replace

from tests.fuzz.checks import violations
from tests.fuzz.nasty import GOOD, SAME, of
from tests.fuzz.passage import Passage, Sizes, pass_through
from tests.fuzz.through_functions import differences, functions
from tests.fuzz.world import STRICT
from tests.kit.pipeline import Pipeline

COUNTS = list(Counts.__struct_fields__)
OTHERS = [name for name in COUNTS if name not in ("lines", "updated")]


@pytest.fixture(scope="module")
def passage() -> Passage:
    """A file with one line updated, one unchanged, one cleared, one rejected, one repeated."""
    return pass_through(of(GOOD, SAME, b"K006,None", b"K002,nobody", SAME), STRICT)


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    """The functions on an AWS in memory, prepared once; every file restores the state."""
    with functions() as made:
        yield made


def found(passage: Passage) -> list[str]:
    return violations(passage, sizes=Sizes(), is_deep=False)


def raised(counts: Counts, **by: int) -> Counts:
    """The counts with some of them raised."""
    return replace(counts, **{name: getattr(counts, name) + more for name, more in by.items()})


def test_a_correct_passage_has_no_finding(passage: Passage, pipeline: Pipeline) -> None:
    assert found(passage) == []
    assert differences(pipeline, passage) == []
    assert set(asdict(passage.counts)) == {"lines", *Outcome}


@pytest.mark.parametrize("name", COUNTS)
def test_a_count_that_is_one_too_high_is_found(passage: Passage, name: str) -> None:
    counts = raised(passage.counts, **{name: 1})

    findings = found(dataclasses.replace(passage, counts=counts))

    assert f"{counts.lines} lines counted, {counts.settled} settled, of 5" in findings


@pytest.mark.parametrize("name", OTHERS)
def test_a_line_counted_under_another_outcome_is_found(passage: Passage, name: str) -> None:
    counts = raised(passage.counts, updated=-1, **{name: 1})

    (finding,) = found(dataclasses.replace(passage, counts=counts))

    assert finding.startswith("counted {'updated': 0,")


def test_counts_that_add_up_but_do_not_match_the_file_are_found(
    passage: Passage,
) -> None:
    counts = tally((*passage.results, passage.results[0]))

    findings = found(dataclasses.replace(passage, counts=counts))

    assert [one[:15] for one in findings] == ["6 lines counted", "counted {'updat"]


@pytest.mark.parametrize("name", OTHERS)
def test_a_line_that_the_functions_count_under_another_outcome_is_found(
    passage: Passage, pipeline: Pipeline, name: str
) -> None:
    counts = raised(passage.counts, updated=-1, **{name: 1})

    findings = differences(pipeline, dataclasses.replace(passage, counts=counts))

    assert [one.partition(" {")[0].partition(" Counts(")[0] for one in findings] == [
        "the functions counted",
        "summary.json tells",
    ]


def test_lines_that_the_functions_count_for_a_refused_file_are_found(
    passage: Passage, pipeline: Pipeline
) -> None:
    refused = dataclasses.replace(passage, refusal=Refusal("NOT_CSV", "This is no CSV."))

    findings = differences(pipeline, refused)

    assert any("counted lines of a refused file" in one for one in findings)
