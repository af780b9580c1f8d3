"""Every hostile file of the corpus: through reading, rules and reports, then the functions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.corpus import CORPUS
from tests.fuzz.driving import try_with
from tests.fuzz.passage import Passage, Sizes
from tests.fuzz.through_functions import differences, functions
from tests.fuzz.world import PROFILES
from tests.kit.pipeline import Pipeline

PAGE = Path(__file__).parent / "RESULTS.md"
_PROFILES = {profile.name: profile for profile in PROFILES}
# The usual sizes, and cuts everywhere; windows of a few bytes take long for large files.
_WHOLE = Sizes()
_CUT = Sizes(block=13, window=17, chunk_bytes=1, chunk_lines=1)
_CUT_MOST_BYTES = 3000


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    """The functions on an AWS in memory, prepared once; every file restores the state."""
    with functions() as made:
        yield made


def summary_of(passage: Passage) -> tuple[str, ...]:
    """The result of the file, in the words of the corpus."""
    if passage.refusal is not None:
        return "refused", passage.refusal.code
    return tuple(
        result.rejection.code if result.rejection else result.outcome.value
        for result in passage.results
    )


def test_the_page_has_the_number_of_files_in_the_corpus() -> None:
    assert f"\n{len(CORPUS)} named files" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_file_gets_its_verdict_from_the_rules_and_from_the_functions(
    name: str, pipeline: Pipeline
) -> None:
    nasty = CORPUS[name]

    trial = try_with(nasty.data, _PROFILES[nasty.profile], _WHOLE)

    assert trial.violations == ()
    assert trial.passage is not None
    assert summary_of(trial.passage) == nasty.words
    assert differences(pipeline, trial.passage) == []


@pytest.mark.parametrize(
    "name", [name for name, nasty in CORPUS.items() if len(nasty.data) <= _CUT_MOST_BYTES]
)
def test_a_hostile_file_gets_its_verdict_however_it_is_cut(name: str) -> None:
    nasty = CORPUS[name]

    trial = try_with(nasty.data, _PROFILES[nasty.profile], _CUT)

    assert trial.violations == ()
    assert trial.passage is not None
    assert summary_of(trial.passage) == nasty.words
