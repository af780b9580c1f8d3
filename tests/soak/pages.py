"""Figures as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tests.bench import machine
from tests.soak.runs import Figures

TITLES = {
    "load": "Steady load",
    "crashes": "kill -9",
    "deployed": "kill -9 of the deployed functions",
}
MAX_VIOLATIONS = 20


def section(what: str, figures: Figures, day: date) -> str:
    """One run of that day, on this machine, as a section of a page."""
    report = figures.report
    calls, statements, cut, all_calls, all_statements = figures.throttled
    rows = [
        ("machine", machine.described()),
        ("constants of the product set", _listed(figures.constants)),
        ("imports", f"{figures.imports:,}"),
        ("lines", f"{figures.lines:,}"),
        ("outcomes", _listed(figures.outcomes)),
        ("seconds of uploads and kills", f"{figures.seconds:,.0f}"),
        ("lines a second", f"{figures.lines_in_time / figures.seconds:,.0f}"),
        ("kills", f"{report.kills:,}"),
        ("of them inside a handler", f"{report.kills_at_work:,}"),
        ("ends of workers", _listed(report.ends)),
        ("messages and batches handled", f"{report.counted.get('handled', 0):,}"),
        ("deliveries that failed", f"{report.counted.get('failed', 0):,}"),
        ("failures logged by handlers", _listed(figures.failures)),
        ("events sent twice", f"{report.counted.get('doubled', 0):,}"),
        ("notifications", f"{figures.notices:,}"),
        ("calls throttled", f"{calls:,} of {all_calls:,}"),
        ("statements throttled", f"{statements:,} of {all_statements:,}"),
        ("batches cut short", f"{cut:,}"),
        ("processor seconds of the emulator", f"{figures.emulator_seconds:,.0f}"),
        ("processor seconds of the workers", f"{figures.workers_seconds:,.0f}"),
        ("load of the machine at the end", " ".join(f"{one:.1f}" for one in figures.load)),
        ("violations", f"{len(figures.violations):,}"),
    ]
    lines = [f"## {TITLES[what]}, {day}", "", "| what | figure |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in rows]
    if figures.growths:
        lines += ["", "| process | MB after warm-up | MB at the end | MB a minute |"]
        lines += ["|---|---|---|---|"]
        lines += [
            f"| {one.name} | {one.first_mb:.1f} | {one.last_mb:.1f} | {one.mb_a_minute:+.2f} |"
            for one in figures.growths
        ]
    if figures.violations:
        lines += ["", *(f"- {one}" for one in figures.violations[:MAX_VIOLATIONS])]
    return "\n".join(lines) + "\n"


def _listed(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counted.items()) if count)
