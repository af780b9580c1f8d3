"""The record of a run: when, where, with which settings, and with which result."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from tests.bench import machine
from tests.soak.crew import Report
from tests.soak.memory import Growth
from tests.soak.pages import section
from tests.soak.runs import Figures

DAY = date(2026, 11, 22)
FIGURES = Figures(
    imports=300,
    lines=32_477,
    seconds=634.0,
    lines_in_time=31_700,
    report=Report({"handled": 2303}, {"killed": 1017, "killed at work: assign": 1000}, {}),
    throttled=(0, 0, 0, 0, 0),
    notices=304,
    outcomes={"updated": 11_770, "pending": 0},
    failures={},
    growths=(Growth("foreman", 8.0, 154.5, 154.5, 0.0),),
    load=(1.0, 2.0, 3.0),
    emulator_seconds=161.0,
    workers_seconds=257.0,
    violations=(),
    constants={"handover.pipeline.lines.LINES_AT_A_TIME": 25},
)


def test_a_run_is_recorded_with_its_day_machine_and_settings() -> None:
    text = section("crashes", FIGURES, DAY)

    assert text.startswith("## kill -9, 2026-11-22\n\n| what | figure |\n|---|---|\n")
    for row in (
        f"| machine | {machine.described()} |",
        "| constants of the product set | handover.pipeline.lines.LINES_AT_A_TIME 25 |",
        "| lines a second | 50 |",
        "| of them inside a handler | 1,000 |",
        "| outcomes | updated 11,770 |",
        "| violations | 0 |",
        "| foreman | 154.5 | 154.5 | +0.00 |",
    ):
        assert row in text.splitlines()


def test_violations_are_recorded_in_words() -> None:
    text = section("load", replace(FIGURES, violations=("I2 messages are left",)), DAY)

    assert "| violations | 1 |" in text
    assert text.endswith("\n- I2 messages are left\n")
