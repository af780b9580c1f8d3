"""The lines of an errand's file: who is to be taken off, resolved, given back or replaced."""

from __future__ import annotations

import codecs
import csv
import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from handover.aws import objects
from handover.aws.objects import ObjectGoneError, Upload
from handover.deadline import Patience
from handover.errors import RetryLaterError
from handover.jobs.job import Errand
from handover.jobs.upload import csv_pieces
from handover.model import ErrandKind, Outcome, SeatChange
from handover.pipeline.import_plan import ImportPlan, plan_from
from handover.pipeline.summaries import RESULTS, report_key
from handover.profiles import (
    Holds,
    Profile,
    parse_profile,
    profile_json,
    removing,
    resolving,
)
from handover.profiles.made import NOBODY, SEPARATOR
from handover.reading import MAX_RECORD_BYTES
from handover.reading.guards import unguard
from handover.reports.parts import RESULTS_COLUMNS
from handover.reports.told_changes import changes_told
from handover.rules import pending_seat
from handover.runtime import Wiring
from handover.store.imports import TicketItem

# The role that stands in the header when there is nothing to do; a file needs one.
ANY_ROLE = "account_manager"
CHANGED = frozenset({Outcome.UPDATED, Outcome.CLEARED, Outcome.PENDING})

Row = Sequence[str]


def pieces_of(
    wiring: Wiring, ticket_id: str, ticket: TicketItem, errand: Errand, patience: Patience
) -> Iterator[bytes]:
    """The file of the errand, lazily; its profile is settled on the ticket.

    To read it raises ObjectGoneError for an undo whose results are kept no longer.
    """
    match errand.kind:
        case ErrandKind.REMOVAL:
            # What waits for them is taken off too: nothing is to come back with a namesake.
            gone = [seat for user in errand.users for seat in (user, pending_seat(user))]
            told = {seat: seat for seat in gone}
            return _of_seats(wiring, ticket_id, ticket, told, removing, patience)
        case ErrandKind.RESOLUTION:
            told = {pending_seat(user): user for user in errand.users}
            return _of_seats(wiring, ticket_id, ticket, told, resolving, patience)
        case ErrandKind.UNDO:
            return _undo(wiring, ticket, errand, patience)
        case ErrandKind.OWNER:
            return _owner(wiring, ticket, errand, patience)


def _of_seats(
    wiring: Wiring,
    ticket_id: str,
    ticket: TicketItem,
    told: Mapping[str, str],
    profile_for: Callable[[Sequence[str]], Profile],
    patience: Patience,
) -> Iterator[bytes]:
    """One line for each account with one of the seats; `told` is what the file says for each."""
    portfolios = wiring.tables.portfolios
    held = {role for seat in told for role in portfolios.roles(ticket.tenant, seat)}
    # The first run that comes so far settles the columns for all. What comes to be held in other
    # roles after this is looked at anew, by whoever publishes it.
    wanted = profile_for(sorted(held) or [ANY_ROLE])
    body = wiring.tables.imports.settle_profile(ticket_id, json.dumps(profile_json(wanted)))
    profile = parse_profile(body)
    roles = [column.role for column in profile.columns if column.role]

    def places(role: str, seat: str) -> Iterator[tuple[bytes, str, str]]:
        for account_id in portfolios.in_role(ticket.tenant, seat, role):
            yield account_id.encode(), role, told[seat]

    def rows() -> Iterator[Row]:
        merged = heapq.merge(*(places(role, seat) for role in roles for seat in told))
        for account, of_account in groupby(merged, key=itemgetter(0)):
            patience.check()
            cells: dict[str, list[str]] = {}
            for _, role, name in of_account:
                cells.setdefault(role, []).append(name)
            yield (account.decode(), *(SEPARATOR.join(cells.get(role, ())) for role in roles))

    return csv_pieces(_labels(profile), rows())


def _owner(
    wiring: Wiring, ticket: TicketItem, errand: Errand, patience: Patience
) -> Iterator[bytes]:
    """One line for each account that the user holds in the role."""
    portfolios = wiring.tables.portfolios
    (holder,) = errand.users

    def rows() -> Iterator[Row]:
        for account_id in portfolios.in_role(ticket.tenant, holder, errand.role):
            patience.check()
            yield account_id, holder, errand.cell

    return csv_pieces(_labels(_profile_of(ticket)), rows())


def _undo(
    wiring: Wiring, ticket: TicketItem, errand: Errand, patience: Patience
) -> Iterator[bytes]:
    """One line for each account that the import has changed: what it held, and what it got."""
    imports = wiring.tables.imports
    item, body = imports.find(errand.undo_of), imports.plan(errand.undo_of)
    if item is None or body is None:
        raise RetryLaterError("the import that is to be undone is not there")
    profile = _profile_of(ticket)
    places = {
        column.role: place
        for place, column in enumerate(profile.columns)
        if column.holds in (Holds.USERS, Holds.WORKFLOW)
    }
    results = Upload(wiring.reports_bucket, report_key(item, f"{RESULTS}.csv"), "")

    def rows() -> Iterator[Row]:
        for account_id, changes in _changes(results, plan_from(body), frozenset(places), patience):
            row = [account_id, *[""] * (len(profile.columns) - 1)]
            for change in changes:
                place = places[change.role]
                row[place], row[place + 1] = _cell(change.before), _cell(change.after)
            yield row

    return csv_pieces(_labels(profile), rows())


def _changes(
    results: Upload, plan: ImportPlan, known: frozenset[str], patience: Patience
) -> Iterator[tuple[str, tuple[SeatChange, ...]]]:
    """The accounts that an import has changed and how, from its results.csv."""
    csv.field_size_limit(MAX_RECORD_BYTES)
    account = plan.binding.account
    reader = csv.reader(_lines(results, patience), delimiter=plan.dialect.delimiter)
    next(reader, None)
    for row in reader:
        told = dict(zip(RESULTS_COLUMNS, row[-len(RESULTS_COLUMNS) :], strict=False))
        if told.get("outcome") not in CHANGED:
            continue
        role, before, after = (unguard(told[name]) for name in ("role", "before", "after"))
        try:
            changes = changes_told(role, before, after, known=known)
        except ValueError:
            # An address of many parts: the line is to say of itself that it names nobody.
            changes = (SeatChange(min(known), (before,), (after,)),)
        yield unguard(row[account]).strip(), changes


def _lines(results: Upload, patience: Patience) -> Iterator[str]:
    """The text of the file by LF; a record may go on over several."""
    size = objects.size_of(results)
    if size is None:
        raise ObjectGoneError("the results of the import are kept no longer")
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    rest = ""
    for block in objects.blocks(results, 0, size, patience):
        *whole, rest = (rest + decoder.decode(block)).split("\n")
        yield from (f"{line}\n" for line in whole)
    if rest:
        yield rest


def _profile_of(ticket: TicketItem) -> Profile:
    if ticket.profile_body is None:
        raise RetryLaterError("the ticket has no profile")
    return parse_profile(ticket.profile_body)


def _labels(profile: Profile) -> list[str]:
    return [column.label for column in profile.columns]


def _cell(holders: Iterable[str]) -> str:
    return SEPARATOR.join(holders) or NOBODY
