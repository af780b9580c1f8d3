"""Moving stored items to other keys: `handover migrate keys`."""

from __future__ import annotations

import math
import time
from argparse import Namespace
from collections.abc import Iterator

from handover.patience import Patience
from handover.store.moving import PortfolioMover
from handover.store.tables import TableNames, connect

from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import find_stack
from infra.cli.screen import Screen, Unit

# An operator may stop the command at any time, so it waits for a busy table as long as it takes.
_ENDLESS = Patience(math.inf)


def migrate_keys(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover migrate keys`: moves what is large to its shards, or with --back to its home.

    The functions must write in the same direction: a stack with another KeyLayout is refused.
    """
    stack = find_stack()
    expected = "together" if arguments.back else "spread"
    found = stack.output("KeyLayout")
    if found != expected:
        raise CommandError(
            f"found KeyLayout={found}, expected {expected}: deploy the stack with "
            f"KeyLayout={expected} first, and wait 15 minutes for runs that began before"
        )
    tables = connect(
        TableNames(
            portfolios=stack.output("PortfolioTable"),
            spreads=not arguments.back,
        )
    )
    mover = PortfolioMover(tables.portfolios)
    steps = mover.gather(_ENDLESS) if arguments.back else mover.spread(_ENDLESS)
    moved = 0
    with screen.bar("moving", None, Unit.LINES) as bar:
        for moved in _paced(steps, arguments.rate):
            bar.to(moved, None, "moving portfolios")
    screen.say(f"Moved {moved:,} items.")
    return ExitCode.ALL_GOOD


def _paced(steps: Iterator[int], rate: int) -> Iterator[int]:
    """How many items have been moved, after each step; no more than `rate` a second."""
    begun = time.monotonic()
    moved = 0
    for many in steps:
        moved += many
        yield moved
        time.sleep(max(0.0, begun + moved / rate - time.monotonic()))
