"""The scenes at their full size, as one page: `python -m tests.load [--output FILE]`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.table import Topic
from tests.load.behaviour import Behaviour
from tests.load.scenes import SCENES, Outcome, play

RESULTS = Path(__file__).with_name("RESULTS.md")
# Without each fix, as at d4b7b5e.
TAKEN_BACK = (
    ("the sweeper of d4b7b5e", Behaviour(sends_only_what_is_lost=False)),
    ("no handing on of chunks that run out of time", Behaviour(hands_on=False)),
    ("busy tables are not waited for", Behaviour(waits_when_busy=False)),
    ("chunks are settled on the import's item", Behaviour(settles_beside=False)),
)
INTRODUCTION = """\
Virtual time: nothing here was measured on AWS. Sizes of chunks, waits, time limits and what is
sent again are the code's and the template's (`prod`); limits and prices are AWS's, each beside its
page in `tests/load/limits.py`, `tests/load/queues.py` and `tests/bench/costs.py`; paces are those
of `tests/bench/RESULTS.md` and of `handover.pipeline.validate`. `make test` plays smaller scenes.
"""


def main() -> int:
    """Writes the page; the number of scenes that fail with the code as it is."""
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--output", type=Path, default=RESULTS, help="where to write the page")
    output: Path = parser.parse_args().output
    begun = time.monotonic()
    outcomes = [play(scene) for scene in SCENES]
    sections = [_scenes(outcomes).markdown(), _taken_back().markdown()]
    seconds = time.monotonic() - begun
    day = datetime.now(UTC).date().isoformat()
    head = f"# Results\n\n{day}, by `make load` ({seconds:.0f} s).\n\n{INTRODUCTION}"
    page = "\n\n".join([head.rstrip(), *sections]) + "\n"
    output.write_text(page, encoding="utf-8")
    print(page)
    return sum(bool(outcome.failures()) for outcome in outcomes)


def _scenes(outcomes: Iterable[Outcome]) -> Topic:
    titles = {scene.name: scene.what for scene in SCENES}
    return Topic(
        "Scenes",
        (
            "scene",
            "lines",
            "chunks",
            "half ended",
            "99 % ended",
            "all ended",
            "history whole",
            "sent for each chunk",
            "of that again",
            "handed on",
            "put off",
            "finalize for each import",
            "not processed",
            "price",
            "",
        ),
        tuple(
            (
                titles[one.scene],
                f"{one.lines:,}",
                f"{one.chunks:,}",
                _clock(one.half_at),
                _clock(one.max_at),
                _clock(one.all_at),
                _clock(one.published_at) if one.published_at else "no change",
                f"{one.chunk_messages / max(1, one.chunks):.3f}",
                f"{one.sent_again:,}",
                f"{one.handed_on:,}",
                f"{one.put_off:,}",
                f"{one.finalize_messages / one.imports:.2f}",
                f"{one.not_processed:,}",
                f"${one.dollars:,.2f}",
                "; ".join(one.failures()) or "met",
            )
            for one in outcomes
        ),
        (
            "Times are hours:minutes:seconds after the first upload.",
            (
                "Goals: every import ends; no line is `not_processed`; at most 1.2 messages are "
                "sent for each chunk, 2 for imports of one chunk; at most 2 finalize messages for "
                "each import; at most 3 write units settle a chunk; the stream is published within "
                "its 24 hours."
            ),
            (
                "Handed on, or put off by a fresh message: one that takes the place of another, "
                "which is deleted. It is paid for, and no copy."
            ),
            (
                "The price holds accounts, history, portfolios, imports, queues, S3 and the "
                "functions of the queues; not storage, events, logs and the functions of streams."
            ),
        ),
    )


def _taken_back() -> Topic:
    rows = []
    for what, behaviour in TAKEN_BACK:
        found = {scene.what: play(scene, behaviour).failures() for scene in SCENES}
        failures = [f"{name}: {'; '.join(failed)}" for name, failed in found.items() if failed]
        rows.append((what, "<br>".join(failures) or "nothing"))
    return Topic(
        "What fails when a fix is taken back",
        ("as at d4b7b5e", "what fails"),
        tuple(rows),
        ("The other fixes are in force in each row.",),
    )


def _clock(seconds: float) -> str:
    if seconds == float("inf"):
        return "never"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


if __name__ == "__main__":
    raise SystemExit(main())
