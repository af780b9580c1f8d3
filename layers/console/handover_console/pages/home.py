"""Home: what waits for the person, the last imports, and how many there were each day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from handover_console.rendering import page
from handover_console.visit import Visit
from handover_console.web import Answer

LOOKED_AT = 100
SHOWN = 8
TASKS = 4
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
    found = visit.api.get("imports", limit=LOOKED_AT)
    rows = found["imports"]
    person = visit.person
    mine = person.email if person else ""
    is_admin = person is not None and person.is_admin
    return page(
        visit,
        "home.html",
        waiting=[row for row in rows if row["state"] == "awaiting_approval"][:TASKS],
        with_errors=[
            row
            for row in rows
            if row["uploader"] == mine
            and row["mode"] == "run"
            and row["state"] in ("done", "error")
            and row["counts"]["rejected"]
        ][:TASKS],
        awaited=_awaited(visit) if is_admin else {},
        last=rows[:SHOWN],
        days=days_of(rows, datetime.now(UTC).date(), is_all=found["cursor"] is None),
        width=DAYS * DAY_WIDTH,
        bar_width=BAR_WIDTH,
        bar_height=BAR_HEIGHT,
    )


def _awaited(visit: Visit) -> dict[str, int]:
    """The first addresses that accounts wait for, with how many do."""
    waiting = visit.api.get("pending", limit=LOOKED_AT)["pending"]
    counts = Counter(str(one["address"]) for one in waiting)
    return dict(list(counts.items())[:TASKS])


def days_of(rows: Iterable[Mapping[str, Any]], today: date, *, is_all: bool) -> list[Day]:
    """The last days (UTC), oldest first, with how many imports each had.

    `rows` come newest first. Unless they are all there is, the oldest day is left out, of which
    only a part is known.
    """
    received = [datetime.fromisoformat(row["received_at"]).astimezone(UTC).date() for row in rows]
    first = today - timedelta(days=DAYS - 1)
    if not is_all and received:
        first = max(first, received[-1] + timedelta(days=1))
    counts = Counter(received)
    most = max((count for day, count in counts.items() if day >= first), default=0)
    shown = []
    for number in range(DAYS):
        day = today - timedelta(days=DAYS - 1 - number)
        if day < first:
            continue
        height = round(BAR_HEIGHT * counts[day] / most, 1) if most else 0.0
        x = number * DAY_WIDTH + (DAY_WIDTH - BAR_WIDTH) // 2
        shown.append(Day(day, counts[day], x, round(BAR_HEIGHT - height, 1), height))
    return shown
