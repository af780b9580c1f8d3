"""Under load every import ends, no line is lost, few messages are sent; each fix is needed."""

from __future__ import annotations

import pytest

from tests.load.behaviour import Behaviour
from tests.load.scenes import SCENES, Outcome, Scene, play

NAMED = {scene.name: scene for scene in SCENES}


@pytest.mark.parametrize("scene", SCENES, ids=lambda one: one.name)
def test_every_import_ends_with_all_lines_processed_and_few_messages(scene: Scene) -> None:
    assert play(scene, small=True).failures() == []


def without(fix: Behaviour, scene: str) -> Outcome:
    """The result of a scene without a fix."""
    return play(NAMED[scene], fix, small=True)


@pytest.mark.parametrize("scene", ["cold", "throttled", "stopped"])
def test_the_sweeper_as_at_d4b7b5e_multiplies_waiting_messages(scene: str) -> None:
    outcome = without(Behaviour(sends_only_what_is_lost=False), scene)

    assert any("messages for each chunk" in failure for failure in outcome.failures())


def test_without_handing_on_as_at_d4b7b5e_lines_of_a_large_file_are_not_processed() -> None:
    outcome = without(Behaviour(hands_on=False), "many workers")

    assert outcome.not_processed > 0


def test_without_waits_for_busy_services_as_at_d4b7b5e_an_hour_of_throttling_costs_lines() -> None:
    outcome = without(Behaviour(waits_when_busy=False), "throttled")

    assert outcome.not_processed > 0


def test_settling_on_the_item_of_the_import_as_at_d4b7b5e_costs_many_write_units() -> None:
    outcome = without(Behaviour(settles_beside=False), "again")

    assert any("write units to settle" in failure for failure in outcome.failures())
    # Counted by real calls of settle at d4b7b5e: 43,400 for 1,000 chunks.
    assert outcome.settle_units == pytest.approx(43_400, rel=0.05)


def test_the_four_required_scenes_run_at_their_full_size() -> None:
    sizes = {scene.name: (scene.imports, scene.lines) for scene in SCENES}

    assert sizes["tenants"] == (1000, 10_000)
    assert sizes["cold"] == (1, 20_000_000)
    assert NAMED["throttled"].throttled[1] - NAMED["throttled"].throttled[0] >= 3600
    assert sizes["stopped"][0] == 500
    assert NAMED["stopped"].stops == (0.0, 6 * 3600)
