"""Moving stored items to other keys: `handover migrate`."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from handover.deadline import Deadline, begin
from handover.store.moving import NameMover, PortfolioMover, UserMover
from handover.store.name_places import NAMES_MARK, name_places
from handover.store.tables import TableNames, connect
from handover.store.user_places import Spreading, put_receipt, user_places

from infra.cli.failures import CommandError, ExitCode
from infra.cli.screen import Screen, Unit
from infra.cli.session import Session

# An operator may stop the command at any time, so it waits for a busy table without limit.
_ENDLESS = Deadline(math.inf)
# No function runs for longer.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LONGEST_RUN_SECONDS = 900


def migrate_keys(session: Session, *, is_back: bool, rate: int) -> ExitCode:
    """Moves large portfolios to shards, or with `is_back` to their homes.

    The functions must write in the same direction: a stack with another KeyLayout is refused.
    """
    stack, screen = session.stack, session.screen
    expected = "together" if is_back else "spread"
    found = stack.output("KeyLayout")
    if found != expected:
        raise CommandError(
            f"found KeyLayout={found}, expected {expected}: deploy the stack with "
            f"KeyLayout={expected} first, and wait 15 minutes for runs that began before"
        )
    tables = connect(
        TableNames(
            portfolios=stack.output("PortfolioTable"),
            spreads=not is_back,
        )
    )
    mover = PortfolioMover(tables.portfolios)
    steps = mover.gather(_ENDLESS) if is_back else mover.spread(_ENDLESS)
    moved = 0
    with _waiting(), screen.bar("moving", None, Unit.LINES) as bar:
        for moved in _paced(steps, rate):
            bar.to(moved, None, "moving portfolios")
    screen.say(f"Moved {moved:,} items.")
    return ExitCode.ALL_GOOD


def migrate_users(session: Session, tenant: str, *, is_back: bool, rate: int) -> ExitCode:
    """Spreads the users of a tenant, or with `is_back` gathers them.

    The first call only prepares the functions for it. Users may be moved once no run is left that
    began before; the second call checks this.
    """
    screen, table = session.screen, session.stack.output("DirectoryTable")
    now = time.time()
    connect(TableNames(directory=table))
    places = user_places(table, tenant)
    mover = UserMover(table)
    if is_back:
        if places.state is None:
            screen.say(f"The users of {tenant} have never been spread.")
            return ExitCode.ALL_GOOD
        put_receipt(table, tenant, Spreading.BACK, now)
        return _move_users(mover.gather(tenant, _ENDLESS), rate, screen)
    if places.state is None:
        put_receipt(table, tenant, Spreading.PREPARED, now)
        screen.say(f"Prepared. Run this again in {LONGEST_RUN_SECONDS // 60} minutes.")
        return ExitCode.ALL_GOOD
    left = places.since + LONGEST_RUN_SECONDS - now
    if places.state is Spreading.PREPARED and left > 0:
        raise CommandError(
            f"prepared {now - places.since:.0f} s ago, expected {LONGEST_RUN_SECONDS} s: runs that "
            "began before look for users under one key only; try again later"
        )
    put_receipt(table, tenant, Spreading.SPREAD, now)
    return _move_users(mover.spread(tenant, _ENDLESS), rate, screen)


def migrate_names(session: Session, tenant: str, *, is_back: bool, rate: int) -> ExitCode:
    """Spreads the login names and the names of a tenant's users, or with `is_back` gathers them.

    As `migrate_users`. Once nothing is left under one key, a last call has the functions look there
    no more; the first call back takes that back, and the next one moves.
    """
    screen, table = session.screen, session.stack.output("DirectoryTable")
    now = time.time()
    connect(TableNames(directory=table))
    places = name_places(table, tenant)
    mover = NameMover(table)
    state = places.state
    again = f"Run this again in {LONGEST_RUN_SECONDS // 60} minutes."
    if state is None and is_back:
        screen.say(f"The names of {tenant} have never been spread.")
    elif state is None:
        put_receipt(table, tenant, Spreading.PREPARED, now, mark=NAMES_MARK)
        screen.say(f"Prepared. {again}")
    elif state is Spreading.SETTLED and is_back:
        put_receipt(table, tenant, Spreading.LEAVING, now, mark=NAMES_MARK)
        screen.say(f"Prepared for the way back. {again}")
    elif state is Spreading.SETTLED:
        screen.say(f"The names of {tenant} are spread, and nothing is left to do.")
    else:
        is_young = now - places.since < LONGEST_RUN_SECONDS
        if is_young and state is (Spreading.LEAVING if is_back else Spreading.PREPARED):
            raise CommandError(
                f"prepared {now - places.since:.0f} s ago, expected {LONGEST_RUN_SECONDS} s: runs "
                "that began before look for names at other keys; try again later"
            )
        expected = Spreading.BACK if is_back else Spreading.SPREAD
        if state is not expected:
            put_receipt(table, tenant, expected, now, mark=NAMES_MARK)
        steps = mover.gather if is_back else mover.spread
        _move_users(steps(tenant, _ENDLESS), rate, screen, "names")
        # Runs that began before the move may still store names at the home.
        if state is Spreading.SPREAD and not is_back and not is_young:
            _settle(table, tenant, now, screen)
    return ExitCode.ALL_GOOD


def _settle(table: str, tenant: str, now: float, screen: Screen) -> None:
    if NameMover(table).is_spread(tenant, _ENDLESS):
        put_receipt(table, tenant, Spreading.SETTLED, now, mark=NAMES_MARK)
        screen.say("All names are spread.")


def _move_users(steps: Iterator[int], rate: int, screen: Screen, what: str = "users") -> ExitCode:
    moved = 0
    with _waiting(), screen.bar("moving", None, Unit.LINES) as bar:
        for moved in _paced(steps, rate):
            bar.to(moved, None, f"moving {what}")
    screen.say(f"Moved {moved:,} {what}.")
    return ExitCode.ALL_GOOD


@contextmanager
def _waiting() -> Iterator[None]:
    """Lets every call wait for a busy table without limit."""
    begin(_ENDLESS)
    try:
        yield
    finally:
        begin(None)


def _paced(steps: Iterator[int], rate: int) -> Iterator[int]:
    """How many items have been moved, after each step; at most `rate` a second."""
    begun = time.monotonic()
    moved = 0
    for many in steps:
        moved += many
        yield moved
        time.sleep(max(0.0, begun + moved / rate - time.monotonic()))
