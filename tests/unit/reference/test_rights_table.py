"""The table of rights has a row for every route and every preset."""

from __future__ import annotations

import re

import pytest
from handover.http.description import PATH, description
from handover.profiles.presets import presets

from tests.rights.reading import Row, rows
from tests.rights.table import PROFILES, ROUTES
from tests.rights.world import SAMPLES

PATHS = {PATH: {"get": {}}, **description()["paths"]}
ROUTES_OF_THE_API = [f"{method.upper()} {path}" for path in PATHS for method in PATHS[path]]


def route_of(row: Row) -> str:
    """The route that the row asks; a fixed address takes precedence over a pattern."""
    path = re.sub(r"{[\w-]+}", "x", row["path"].partition("?")[0])
    pattern = next(
        pattern
        for pattern in sorted(PATHS, key=lambda pattern: "{" in pattern)
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", pattern), path)
    )
    return f"{row['method']} {pattern}"


@pytest.mark.parametrize("route", ROUTES_OF_THE_API)
def test_every_route_has_a_row(route: str) -> None:
    assert route in {route_of(row) for row in rows(ROUTES)}, (
        f"{route} has no row: write who may use it under ROUTES in tests/rights/table.py; "
        "`pytest tests/rights` then asks each of them"
    )


@pytest.mark.parametrize("preset", sorted(presets()))
def test_every_preset_has_a_row_in_both_states_and_a_sample(preset: str) -> None:
    states = {row["state"] for row in rows(PROFILES) if row["profile"] == preset}

    assert states == {"on", "off"}, (
        f"say who may use {preset} when it is on, and when it is off, under PROFILES in "
        "tests/rights/table.py"
    )
    assert preset in SAMPLES, (
        f"add a header and a line of {preset} to SAMPLES in tests/rights/world.py"
    )
