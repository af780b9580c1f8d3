"""Directory files in the independent model: what each line sets, and what rejects it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.kit.oracle.directory import Directory, Person, Place
from tests.kit.oracle.line_requests import Kind, LineRequest

Fields = dict[str, tuple[str, ...]]

_LISTS, _SETS = frozenset({"#portals"}), frozenset({"#roles"})
_STATUSES = {
    Kind.USERS: ("active", "inactive", "deleted"),
    Kind.ACCOUNTS: ("active", "inactive"),
}
_SPREADSHEET = re.compile(r"\d(\.\d+)?E[+-]\d+")
USER_FIELDS = ("#name", "#roles", "#opco", "#status", "#login_name")
ACCOUNT_FIELDS = ("#name", "#opco", "#status", "#portals")


def kind_of(header: Sequence[str]) -> Kind | None:
    """USERS or ACCOUNTS; None for other files."""
    return {"email": Kind.USERS, "account_id": Kind.ACCOUNTS}.get(header[0])


def request_of(kind: Kind, header: Sequence[str], line: int, row: Sequence[str]) -> LineRequest:
    """The request of a line; `named` is the first holder of a new account."""
    fields = tuple(row)
    if len(row) != len(header):
        return LineRequest(line, fields, "", {}, "FIELD_COUNT", kind=kind)
    cells = {label: cell.strip() for label, cell in zip(header, row, strict=True)}
    name = cells.pop(header[0])
    manager = cells.pop("account_manager", "")
    targets = {f"#{label}": _target(f"#{label}", cell) for label, cell in cells.items()}
    code = None
    if kind is Kind.USERS and not re.fullmatch(r"[^@\s]+@[^@\s]+", name):
        code = "ADDRESS_INVALID"
    elif not name:
        code = "ACCOUNT_BLANK"
    elif cells.get("status") and cells["status"] not in _STATUSES[kind]:
        code = "STATUS_UNKNOWN"
    return LineRequest(line, fields, name, targets, code, (manager,) if manager else (), kind)


def is_damaged(account: str) -> bool:
    """True of an id that a spreadsheet has changed into a number."""
    return bool(_SPREADSHEET.fullmatch(account))


def has_no_word_of_status(request: LineRequest) -> bool:
    """True of a line whose cell for the status is empty, or that has none."""
    status = next((cell for cell in request.fields if cell in _STATUSES[Kind.USERS]), "")
    return not status


def fields_of_user(person: Person, address: str) -> Fields:
    """The fields of a user at the start."""
    status = "deleted" if person.is_deleted else "active" if person.is_active else "inactive"
    return {
        "#name": (person.name or address,),
        "#roles": tuple(sorted(person.roles)),
        "#opco": (person.opco,),
        "#status": (status,),
        "#login_name": (person.login,) if person.login else (),
    }


def fields_of_account(place: Place) -> Fields:
    """The fields of an account at the start."""
    return {
        "#name": (place.name,) if place.name else (),
        "#opco": (place.opco,),
        "#status": ("active" if place.is_active else "inactive",),
        "#portals": (),
    }


def fields_at_start(kind: Kind, directory: Directory, tenant: str, name: str) -> Fields | None:
    """The fields of a user or account at the start; None when it is new."""
    if kind is Kind.USERS:
        person = directory.users.get((tenant, name))
        return fields_of_user(person, name) if person is not None else None
    place = directory.accounts.get((tenant, name))
    return fields_of_account(place) if place is not None else None


def fields_in(kind: Kind, item: Mapping[str, Any]) -> Fields:
    """The stored fields of a user or account."""
    found: Fields = {}
    for field_name in USER_FIELDS if kind is Kind.USERS else ACCOUNT_FIELDS:
        value = item.get(field_name[1:], {"S": ""})
        texts = [one["S"] for one in value["L"]] if "L" in value else [value["S"]]
        found[field_name] = tuple(text for text in texts if text)
    return found


def orders_in(item: Mapping[str, Any]) -> dict[str, str]:
    """The import that has last written each field."""
    return {
        name["S"]: order
        for order, names in item.get("fact_orders", {"M": {}})["M"].items()
        for name in names["L"]
    }


def login_in(roles: Fields) -> str:
    """The login name by which a user is found, "" for none; a deleted user has given it up."""
    return "" if roles["#status"] == ("deleted",) else "".join(roles["#login_name"]).lower()


def _target(field_name: str, cell: str) -> tuple[str, ...]:
    if field_name == "#status":
        return (cell or "active",)
    if field_name in _LISTS or field_name in _SETS:
        texts = [text for text in cell.split(";") if text]
        return tuple(sorted(texts)) if field_name in _SETS else tuple(texts)
    return (cell,) if cell else ()
