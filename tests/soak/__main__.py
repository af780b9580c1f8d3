"""Minutes of load and of kills: `python -m tests.soak [crashes] [--minutes N] [--kills N] ...`.

Without an argument: a steady load with a kill a second and throttles, as `make soak`. `crashes`:
many small imports under many kills. `deployed`: the same, slower, with the deployed functions.
Figures are printed; `--output` appends them to a page.
"""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.soak import deployed
from tests.soak.pages import section
from tests.soak.runs import Figures, hold
from tests.soak.scenes import HAIL, LOAD

MINUTES = 10.0
KILLS, IMPORTS = 1000, 300


def main() -> None:
    """Prints the findings; exits with 1 when anything was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("load", "crashes", "deployed"), default="load")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long to load")
    parser.add_argument("--kills", type=int, default=KILLS, help="of crashes: at least so many")
    parser.add_argument("--imports", type=int, default=IMPORTS, help="of crashes: at least so many")
    parser.add_argument("--seed", type=int, default=1, help="what files are drawn from")
    parser.add_argument("--output", type=Path, help="a page to append the figures to")
    options = parser.parse_args()
    # A termination signal first ends the started processes.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if options.what == "crashes":
        figures = crashes(options.kills, options.imports, options.seed)
    elif options.what == "deployed":
        figures = deployed.hold(options.minutes, options.seed)
    else:
        figures = load(options.minutes, options.seed)
    text = section(options.what, figures, datetime.now(UTC).date())
    print(text)
    if options.output is not None:
        with options.output.open("a", encoding="utf-8") as page:
            page.write(f"\n{text}")
    sys.exit(1 if figures.violations else 0)


def crashes(kills: int, imports: int, seed: int) -> Figures:
    """Runs small imports until both numbers of imports and of kills at work are reached."""
    return hold(
        HAIL,
        lambda stand, report, _: report.kills_at_work < kills or len(stand.uploads) < imports,
        seed,
    )


def load(minutes: float, seed: int) -> Figures:
    """Runs the steady load for that many minutes."""
    return hold(LOAD, lambda _, __, seconds: seconds < minutes * 60, seed)


if __name__ == "__main__":
    main()
