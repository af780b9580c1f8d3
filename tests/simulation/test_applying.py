"""Races between an import that applies a dry run and everybody else: what was shown, and only that.

`python -m tests.simulation applying 10000` runs as many as are promised.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulation.applying.race import ON_ERROR
from tests.simulation.applying.running import run

# Environment variables that draw other races, or more of them.
SEED = os.environ.get("SIMULATION_SEED", "first")
RACES = int(os.environ.get("APPLYING_RACES", "40"))
# The maximum number of races until a defect is found.
MAX_RACES = 400


def test_every_applied_line_was_shown_and_every_other_line_says_what_changed() -> None:
    tally = run(f"{SEED}/{number}" for number in range(RACES))

    print(f"\n{tally}")
    assert tally.differences == []
    assert tally.touched >= tally.races / 2
    assert min(tally.applied, tally.superseded, tally.rejected) > 0


def test_a_race_is_always_the_same() -> None:
    names = [f"{SEED}/{number}" for number in range(3)]

    assert str(run(names)) == str(run(reversed(names)))


def test_a_file_that_is_checked_first_is_stopped_or_applied_as_it_was_checked() -> None:
    tally = run(f"{ON_ERROR}/{SEED}/{number}" for number in range(RACES // 2))

    print(f"\n{tally}")
    assert tally.differences == []
    assert min(tally.stopped, tally.held, tally.applied, tally.superseded) > 0


# Defects of the product, and where each function is looked up.
WRONG: dict[str, tuple[str, Callable[..., Any]]] = {
    "an account of another version is not noticed": (
        "handover.pipeline.applying.is_as_previewed",
        lambda preview, _account: preview is not None,
    ),
    "a decision that comes out otherwise is taken": (
        "handover.pipeline.applying.only_previewed",
        lambda planned, _preview: planned,
    ),
    "the differences are left out": (
        "handover.rules.applying._differences",
        lambda _before, _now: "the account was written again with the same values",
    ),
    "the newest change is reported as another's": (
        "handover.rules.applying._by_whom",
        lambda _account: " (last by nobody@lumina.example, 2026-01-01T00:00:00.000Z)",
    ),
    "a line that has had its effect is decided again": (
        "handover.pipeline.applying.already_done",
        lambda _request, _account, _claim: None,
    ),
}


# Defects in files that are checked first.
WRONG_CHECKS: dict[str, tuple[str, Callable[..., Any]]] = {
    "a file is applied whatever fails": (
        "handover.pipeline.checked.why_stopped",
        lambda _on_error, _counts: "",
    ),
    "a file goes on whatever it changes": (
        "handover.pipeline.change_guard.why_held",
        lambda *_of_the_file: "",
    ),
    "the end is the same whatever has changed": (
        "handover.pipeline.finalize.why_stopped",
        lambda _on_error, _counts: "",
    ),
}


@pytest.mark.parametrize("wrong", WRONG_CHECKS)
def test_a_defect_in_a_checked_import_is_found(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, instead = WRONG_CHECKS[wrong]
    monkeypatch.setattr(place, instead)

    names = (f"{ON_ERROR}/{SEED}/{number}" for number in range(MAX_RACES))
    tally = run(names, until_different=True)

    assert tally.differences != []


@pytest.mark.parametrize("wrong", WRONG)
def test_a_defect_in_an_applied_import_is_found(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, instead = WRONG[wrong]
    monkeypatch.setattr(place, instead)

    tally = run((f"{SEED}/{number}" for number in range(MAX_RACES)), until_different=True)

    assert tally.differences != []
