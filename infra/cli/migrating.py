"""Moving stored items to other keys: `handover migrate`."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from handover.deadline import Deadline, begin
from handover.store.moving import NameMover, PortfolioMover, UserMover
from handover.store.name_places import NAMES_MARK
from handover.store.tables import TableNames, connect
from handover.store.user_places import MARK, Spreading, UserPlaces, places_by, put_mark

from infra.cli.failures import CommandError, ExitCode
from infra.cli.screen import Screen, Unit
from infra.cli.session import Session

# An operator may stop the command at any time, so it waits for a busy table without limit.
_ENDLESS = Deadline(math.inf)
# No function runs for longer.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LONGEST_RUN_SECONDS = 900


def migrate_keys(session: Session, *, is_back: bool, rate: int) -> ExitCode:
    """Moves large portfolios to several keys, or with `is_back` back to one key each.

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


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is moved, the mark that says how far, and what moves it."""

    words: str
    mark: str
    mover: UserMover | NameMover


def migrate_users(session: Session, tenant: str, *, is_back: bool, rate: int) -> ExitCode:
    """Spreads the users of a tenant, or with `is_back` gathers them.

    The first call only prepares the functions. Users may be moved once all runs that began before
    have ended; the next call checks this. Once nobody is left under the one key, a last call makes
    the functions stop looking there. After that, the first call with `is_back` makes them look
    there again.
    """
    mover = UserMover(session.stack.output("DirectoryTable"))
    return _migrate(session, tenant, _Kind("users", MARK, mover), is_back=is_back, rate=rate)


def migrate_names(session: Session, tenant: str, *, is_back: bool, rate: int) -> ExitCode:
    """As `migrate_users`, with the names and login names of the tenant's users."""
    mover = NameMover(session.stack.output("DirectoryTable"))
    return _migrate(session, tenant, _Kind("names", NAMES_MARK, mover), is_back=is_back, rate=rate)


def _migrate(session: Session, tenant: str, kind: _Kind, *, is_back: bool, rate: int) -> ExitCode:
    screen, table, now = session.screen, kind.mover.table, time.time()
    connect(TableNames(directory=table))
    places = places_by(table, tenant, kind.mark)
    state = places.state
    again = f"Run this again in {LONGEST_RUN_SECONDS // 60} minutes."
    if state is None and is_back:
        screen.say(f"The {kind.words} of {tenant} have never been spread.")
    elif state is None:
        put_mark(table, tenant, Spreading.PREPARED, now, mark=kind.mark)
        screen.say(f"Prepared. {again}")
    elif state is Spreading.SETTLED and is_back:
        put_mark(table, tenant, Spreading.LEAVING, now, mark=kind.mark)
        screen.say(f"Prepared for the way back. {again}")
    elif state is Spreading.SETTLED:
        screen.say(f"All {kind.words} of {tenant} are spread.")
    else:
        _check_age(places, now, is_back=is_back)
        expected = Spreading.BACK if is_back else Spreading.SPREAD
        if state is not expected:
            put_mark(table, tenant, expected, now, mark=kind.mark)
        steps = kind.mover.gather if is_back else kind.mover.spread
        _move(steps(tenant, _ENDLESS), rate, screen, kind.words)
        # Runs that began before the move may still store something under the one key.
        is_old = state is Spreading.SPREAD and now - places.since >= LONGEST_RUN_SECONDS
        if is_old and not is_back and kind.mover.is_spread(tenant, _ENDLESS):
            put_mark(table, tenant, Spreading.SETTLED, now, mark=kind.mark)
            screen.say(f"All {kind.words} of {tenant} are spread.")
    return ExitCode.ALL_GOOD


def _check_age(places: UserPlaces, now: float, *, is_back: bool) -> None:
    """Raises CommandError while a run may be left that began before the mark was set."""
    seconds = now - places.since
    waits = Spreading.LEAVING if is_back else Spreading.PREPARED
    if places.state is waits and seconds < LONGEST_RUN_SECONDS:
        raise CommandError(
            f"prepared {seconds:.0f} s ago, expected {LONGEST_RUN_SECONDS} s: runs that "
            "began before look under other keys; try again later"
        )


def _move(steps: Iterator[int], rate: int, screen: Screen, words: str) -> None:
    moved = 0
    with _waiting(), screen.bar("moving", None, Unit.LINES) as bar:
        for moved in _paced(steps, rate):
            bar.to(moved, None, f"moving {words}")
    screen.say(f"Moved {moved:,} {words}.")


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
