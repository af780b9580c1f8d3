"""Home: what waits for the person, the last imports, and how many there were each day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from handover_console.rendering import page
from handover_console.visit import Visit
from handover_console.web import Answer

SHOWN = 8
TASKS = 4
# Whoever corrects lines does so soon after the import.
RECENT = 50
DAYS = 14
# The chart, in its own units: each day has a place of this width, bars are at most this high.
DAY_WIDTH, BAR_WIDTH, BAR_HEIGHT = 24, 16, 60


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the chart; the bar of the day begins at `x`, `y` and is `height` high."""

    day: date
    count: int
    x: int
    y: float
    height: float


def show(visit: Visit) -> Answer:
    """The page."""
    api, person = visit.api, visit.person
    mine = person.email if person else ""
    is_admin = person is not None and person.is_admin
    awaited = api.get("pending", "addresses", limit=TASKS)["awaited"] if is_admin else []
    recent = api.get("imports", mode="run", uploader=mine, limit=RECENT)["imports"]
    return page(
        visit,
        "home.html",
        last=api.get("imports", limit=SHOWN)["imports"],
        waiting=api.get("imports", state="awaiting_approval", limit=TASKS)["imports"],
        to_fix=to_fix(recent)[:TASKS],
        days=days_of(api.get("imports", "days", days=DAYS)["days"]),
        awaited=awaited,
        width=DAYS * DAY_WIDTH,
        bar_width=BAR_WIDTH,
        bar_height=BAR_HEIGHT,
    )


def to_fix(recent: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The imports with rejected lines that nobody has corrected yet, in their order.

    `left` is how many there are. Lines that were corrected are in an import that follows this one.
    """
    imports = list(recent)
    corrected: Counter[str] = Counter()
    for one in imports:
        if one["state"] in {"done", "error"}:
            corrected[one.get("follows", "")] += one["counts"]["lines"]
    found = [
        {**one, "left": one["counts"]["rejected"] - corrected[one["import_id"]]}
        for one in imports
        if one["state"] == "error"
    ]
    return [one for one in found if one["left"] > 0]


def days_of(counted: Iterable[Mapping[str, Any]]) -> list[Day]:
    """The days, oldest first, with their bars; the busiest has the highest."""
    counts = {date.fromisoformat(one["day"]): int(one["imports"]) for one in counted}
    most = max(counts.values(), default=0)
    shown = []
    for number, (day, count) in enumerate(sorted(counts.items())):
        height = round(BAR_HEIGHT * count / most, 1) if most else 0.0
        x = number * DAY_WIDTH + (DAY_WIDTH - BAR_WIDTH) // 2
        shown.append(Day(day, count, x, round(BAR_HEIGHT - height, 1), height))
    return shown
