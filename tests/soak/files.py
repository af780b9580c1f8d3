"""A directory of tenants, and files for them; the rule oracle gives the expected results."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.kit.oracle.directory import Directory, Person, Place
from tests.kit.oracle.files import read_file
from tests.kit.oracle.line_requests import LineRequest
from tests.kit.oracle.rules import judge

OPCO, OTHER_OPCO = "Lumina Kenya", "Lumina Uganda"
UPLOADER = "ines.okello@lumina.example"
NO_SALES = "joyce.wambui@lumina.example"
INACTIVE = "gone.away@lumina.example"
ELSEWHERE = "diane.uwase@lumina.example"
NOBODY = "no.such.person@lumina.example"
WRONG_USERS = (NO_SALES, INACTIVE, ELSEWHERE, NOBODY)
SELLERS = tuple(f"seller{number:02d}@lumina.example" for number in range(20))
ADMIN = frozenset({"Admin"})
PEOPLE: Mapping[str, Person] = {
    **{address: Person(opco=OPCO, name="Seller") for address in SELLERS},
    UPLOADER: Person(ADMIN, OPCO, name="Ines Okello"),
    NO_SALES: Person(ADMIN, OPCO, name="Joyce Wambui"),
    INACTIVE: Person(opco=OPCO, is_active=False, name="Gone Away"),
    ELSEWHERE: Person(opco=OTHER_OPCO, name="Diane Uwase"),
}
ROLE = "account_manager"
HEAD = "account ID,account Manager\r\n"


@dataclass(frozen=True, slots=True)
class Mix:
    """The kinds of lines in a thousand; the others change nothing."""

    changed: int
    cleared: int
    rejected: int
    repeated: int


def accounts_of(count: int) -> list[str]:
    """The ids of a tenant's accounts."""
    return [f"KE{number:06d}" for number in range(count)]


def make_file(lines: int, held: Mapping[str, str], mix: Mix, draw: random.Random) -> bytes:
    """A file about accounts drawn from `held`, which has the present manager of each."""
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
    return account, draw.choice(WRONG_USERS)


def _repeated(rows: Sequence[tuple[str, str]], draw: random.Random) -> tuple[str, str]:
    account, manager = draw.choice(rows)
    return (account, manager) if draw.random() < 0.7 else (account, draw.choice(SELLERS))


def directory_of(tenant: str, accounts: Mapping[str, str]) -> Directory:
    """The people of a tenant, and its accounts with their managers."""
    return Directory(
        {(tenant, address): person for address, person in PEOPLE.items()},
        {
            (tenant, account): Place(OPCO, (manager,) if manager else ())
            for account, manager in accounts.items()
        },
    )


def manager_in(request: LineRequest) -> str:
    """The requested manager of the account, "" for nobody."""
    return "".join(request.targets[ROLE])


def apply(body: bytes, tenant: str, directory: Directory, held: dict[str, str]) -> None:
    """Applies the file to `held`, line after line."""
    for request in read_file(body):
        if judge(request, tenant, directory) is None:
            held[request.account] = manager_in(request)
