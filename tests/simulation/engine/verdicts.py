"""The rules once more, written independently: what each line of a file may come to.

Files are parsed by the csv module, decisions are made from the scene's facts; nothing here is
shared with what is tested.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import chain, combinations_with_replacement

from tests.simulation.engine import directory_files, own_files
from tests.simulation.engine.asked import Asked, Kind
from tests.simulation.engine.scene import SALES, Directory, Person, Place

ROLE_OF = {"account Manager": "account_manager", "viewers": "viewer"}


@cache
def read_file(body: bytes) -> tuple[Asked, ...]:
    """Every data line of a file: every row of which some cell holds more than spaces."""
    reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""))
    header = next(reader)
    kind = kind_of(header)
    of_line: Callable[[int, list[str]], Asked]
    if kind.is_of_directory:
        of_line = partial(directory_files.asked_of, kind, header)
    elif kind is Kind.SET:
        of_line = partial(_asked, header)
    else:
        of_line = partial(own_files.asked_of, kind, header)
    rows = [of_line(reader.line_num, row) for row in reader if "".join(row).strip()]
    return tuple(_without_repeats(rows))


def kind_of(header: Sequence[str]) -> Kind:
    """What a file with this header does."""
    return directory_files.kind_of(header) or own_files.kind_of(header)


@cache
def kind_of_file(body: bytes) -> Kind:
    """What a file does."""
    return kind_of(next(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""))))


def judge(asked: Asked, tenant: str, directory: Directory, *, waits: bool = False) -> str | None:
    """The code a line is rejected with when these are the facts; None when it is accepted.

    A file that `waits` may name who is still to come, and asks for no user role.
    """
    if asked.code is not None:
        return asked.code
    place = directory.accounts.get((tenant, asked.account))
    if place is None:
        return "ACCOUNT_NOT_FOUND"
    if asked.kind is Kind.REMOVE:
        return None
    if asked.kind is Kind.RESOLVE:
        come = [
            person
            for address in chain.from_iterable(asked.targets.values())
            if (person := directory.users.get((tenant, address))) is not None and person.is_active
        ]
        # The wall rejects a line that could give a place to nobody.
        is_barred = bool(come) and all(_is_apart(person, place) for person in come)
        return "OTHER_OPCO" if is_barred else None
    for address in asked.named or chain.from_iterable(asked.targets.values()):
        if address == own_files.NOBODY:
            continue
        person = directory.users.get((tenant, address))
        if person is None and waits:
            continue
        if person is None or person.is_deleted:
            return "USER_NOT_FOUND"
        if not person.is_active:
            return "USER_INACTIVE"
        # Who held a role before may hold it again.
        if asked.kind in (Kind.SET, Kind.HAND) and not waits and not person.roles & SALES:
            return "USER_ROLE"
        if _is_apart(person, place) or (person.opco != place.opco and not waits):
            return "OTHER_OPCO"
    return None


def _is_apart(person: Person, place: Place) -> bool:
    """True when the tenant's wall stands between the two, whatever the profile."""
    return bool(person.opco and place.opco) and person.opco != place.opco


def codes_between(
    asked: Asked, tenant: str, told: Sequence[Directory], *, waits: bool = False
) -> set[str | None]:
    """The codes that a line may get while the facts change, as `told` has them one after another.

    Its users are looked up first and its account later, so what is known of them may be older.
    """
    return {
        judge(asked, tenant, Directory(before.users, after.accounts), waits=waits)
        for before, after in combinations_with_replacement(told, 2)
    }


def roles_at_start(directory: Directory, tenant: str, account: str) -> dict[str, tuple[str, ...]]:
    """Who held which role before anything was imported; nobody where there was no account."""
    place = directory.accounts.get((tenant, account), Place())
    return {"account_manager": place.managers, "viewer": place.viewers}


def _asked(header: Sequence[str], line: int, row: Sequence[str]) -> Asked:
    fields = tuple(row)
    if len(row) != len(header):
        return Asked(line, fields, "", {}, "FIELD_COUNT")
    cells = dict(zip(header, (cell.strip() for cell in row), strict=True))
    has_lists = "viewers" in header
    targets: dict[str, tuple[str, ...]] = {}
    named: list[str] = []
    for label, role in ROLE_OF.items():
        if label not in cells:
            continue
        cell = cells[label]
        if cell.lower() in ("", "none"):
            targets[role] = ()
        else:
            # Who holds a role together holds it in no order.
            names = cell.split(";") if has_lists else [cell]
            targets[role] = tuple(sorted(set(names)))
            named += names
    if len(targets["account_manager"]) > 1:
        return Asked(line, fields, cells["account ID"], targets, "TOO_MANY_USERS")
    return Asked(line, fields, cells["account ID"], targets, None, tuple(named))


def _without_repeats(rows: list[Asked]) -> list[Asked]:
    of_account: dict[str, list[Asked]] = defaultdict(list)
    for row in rows:
        if row.code is None:
            of_account[row.account].append(row)
    settled: list[Asked] = []
    for row in rows:
        same = of_account.get(row.account, []) if row.code is None else []
        if len(same) < 2:
            settled.append(row)
        elif any(other.targets != row.targets for other in same):
            settled.append(replace(row, code="DUPLICATE_CONFLICT"))
        elif row is same[0]:
            settled.append(row)
        else:
            settled.append(replace(row, code="DUPLICATE"))
    return settled
