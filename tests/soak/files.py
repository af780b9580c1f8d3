"""A directory of tenants, files for them, and what each line of such a file must come to.

The verdicts are written again here, on the csv module and a dict: nothing is shared with what is
tested.
"""

from __future__ import annotations

import csv
import io
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

OPCO, OTHER_OPCO = "Lumina Kenya", "Lumina Uganda"
UPLOADER = "ines.okello@lumina.example"
NO_SALES = "joyce.wambui@lumina.example"
INACTIVE = "gone.away@lumina.example"
ELSEWHERE = "diane.uwase@lumina.example"
NOBODY = "no.such.person@lumina.example"
WRONG_USERS: Mapping[str, str] = {
    NO_SALES: "USER_ROLE",
    INACTIVE: "USER_INACTIVE",
    ELSEWHERE: "OTHER_OPCO",
    NOBODY: "USER_NOT_FOUND",
}
SELLERS = tuple(f"seller{number:02d}@lumina.example" for number in range(20))
HEAD = "account ID,account Manager\r\n"


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of a file and what the rules make of it.

    `code` is why it is rejected, "DUPLICATE" for a line that another stands for, "" when it
    applies: then `manager` shall hold the account, nobody when it is empty.
    """

    line: int
    fields: tuple[str, ...]
    account: str
    manager: str
    code: str


@dataclass(frozen=True, slots=True)
class Mix:
    """What files are made of, in lines of a thousand; the rest ask for what stands already."""

    changed: int
    cleared: int
    rejected: int
    repeated: int


def accounts_of(count: int) -> list[str]:
    """The ids of a tenant's accounts."""
    return [f"KE{number:06d}" for number in range(count)]


def make_file(lines: int, held: Mapping[str, str], mix: Mix, draw: random.Random) -> bytes:
    """A file about accounts drawn from `held`, which says who manages each now."""
    rows: list[tuple[str, str]] = []
    named = draw.sample(sorted(held), min(lines, len(held)))
    for account in named:
        kind = draw.randrange(1000)
        row = account, held[account] or "None"
        if kind < mix.changed:
            row = account, draw.choice(SELLERS)
        elif (kind := kind - mix.changed) < mix.cleared:
            row = account, draw.choice(("None", "", "none"))
        elif (kind := kind - mix.cleared) < mix.rejected:
            row = _wrong(*row, draw)
        elif kind - mix.rejected < mix.repeated and rows:
            row = _repeated(rows, draw)
        rows.append(row)
    text = "".join(f"{account},{manager}\r\n" for account, manager in rows)
    return (HEAD + text).encode()


def _wrong(account: str, manager: str, draw: random.Random) -> tuple[str, str]:
    kind = draw.randrange(3)
    if kind == 0:
        return f"XX{account[2:]}", manager
    if kind == 1:
        return account, f"{manager},one cell too many"
    return account, draw.choice(sorted(WRONG_USERS))


def _repeated(rows: Sequence[tuple[str, str]], draw: random.Random) -> tuple[str, str]:
    account, manager = draw.choice(rows)
    return (account, manager) if draw.random() < 0.7 else (account, draw.choice(SELLERS))


def read_file(body: bytes, known: Mapping[str, str]) -> list[Asked]:
    """Every data line of a file, for a tenant whose accounts are the keys of `known`."""
    reader = csv.reader(io.StringIO(body.decode(), newline=""), strict=True)
    next(reader)
    numbered = [(reader.line_num, tuple(row)) for row in reader]
    same: dict[str, list[str]] = defaultdict(list)
    for _, row in numbered:
        if len(row) == 2:
            same[row[0]].append(_manager(row[1]))
    seen: set[str] = set()
    asked: list[Asked] = []
    for line, row in numbered:
        account, manager = row[0], _manager(row[1])
        if len(row) != 2:
            code = "FIELD_COUNT"
        elif len(set(same[account])) > 1:
            code = "DUPLICATE_CONFLICT"
        elif account in seen:
            code = "DUPLICATE"
        elif account not in known:
            code = "ACCOUNT_NOT_FOUND"
        else:
            code = WRONG_USERS.get(manager, "")
        if len(row) == 2:
            seen.add(account)
        asked.append(Asked(line, row, account, manager, code))
    return asked


def _manager(cell: str) -> str:
    return "" if cell.lower() in ("", "none") else cell


def apply(body: bytes, held: dict[str, str]) -> None:
    """Brings `held` to what it is once the file is applied, line after line."""
    for asked in read_file(body, held):
        if not asked.code:
            held[asked.account] = asked.manager
