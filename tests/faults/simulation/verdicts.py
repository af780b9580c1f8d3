"""The rules once more, written independently: what each line of a file may come to.

Files are parsed by the csv module, decisions are made from the scene's facts; nothing here is
shared with what is tested.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

from tests.faults.simulation.scene import SALES, Facts

ROLE_OF = {"account Manager": "account_manager", "viewers": "viewer"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One line: what it asks for, or the code it is bound to be rejected with.

    `named` are the users in the order of the file: the first who may not hold a role is told of.
    """

    line: int
    fields: tuple[str, ...]
    account: str
    targets: Mapping[str, tuple[str, ...]]
    code: str | None = None
    named: tuple[str, ...] = ()


@cache
def read_file(body: bytes) -> tuple[Asked, ...]:
    """Every data line of a file."""
    reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""))
    header = next(reader)
    rows = [_asked(header, reader.line_num, row) for row in reader if row]
    return tuple(_without_repeats(rows))


def judge(asked: Asked, tenant: str, facts: Facts) -> str | None:
    """The code a line is rejected with when these are the facts; None when it is accepted."""
    if asked.code is not None:
        return asked.code
    place = facts.accounts.get((tenant, asked.account))
    if place is None:
        return "ACCOUNT_NOT_FOUND"
    for address in asked.named or chain.from_iterable(asked.targets.values()):
        person = facts.users.get((tenant, address))
        if person is None:
            return "USER_NOT_FOUND"
        if not person.is_active:
            return "USER_INACTIVE"
        if not person.roles & SALES:
            return "USER_ROLE"
        if person.opco != place.opco:
            return "OTHER_OPCO"
    return None


def seats_at_start(facts: Facts, tenant: str, account: str) -> dict[str, tuple[str, ...]]:
    """Who held which role before anything was imported."""
    place = facts.accounts[tenant, account]
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
            settled.append(
                Asked(row.line, row.fields, row.account, row.targets, "DUPLICATE_CONFLICT")
            )
        elif row is same[0]:
            settled.append(row)
        else:
            settled.append(Asked(row.line, row.fields, row.account, row.targets, "DUPLICATE"))
    return settled
