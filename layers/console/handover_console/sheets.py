"""Lists of accounts as CSV; no spreadsheet runs a cell of it as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

FIELDS = ("account_id", "name", "customer_id", "opco", "status")
DETAILS = ("name", "mobile", "phone")
# A role whose holders are names of workflows, for which there are no details.
WORKFLOW = "workflow"
# Tells spreadsheets that the file is UTF-8.
BOM = "\ufeff"
# The last four are = + - @ in full width, which East Asian spreadsheets treat in the same way.
_STARTS = r"[=+\-@\t\r\n|%\uff1d\uff0b\uff0d\uff20]"
_RUNS = re.compile(f"'*{_STARTS}")
# A spreadsheet may split a line at any of these, whatever separates the cells of the file.
_RUNS_WITHIN = re.compile(rf"(?<=[,;\t|\r\n])(?=['\"]*{_STARTS})")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def guarded(value: str) -> str:
    """The value as in the report of an import; an upload of it restores the exact value."""
    value = _RUNS_WITHIN.sub("'", _CONTROLS.sub("\ufffd", value))
    return f"'{value}" if _RUNS.match(value) else value


def accounts_csv(accounts: Sequence[Mapping[str, Any]]) -> str:
    """The accounts: their fields, then for each role its holders, their names and phones.

    It is the file that `handover export` writes: several holders are separated by commas, and
    `pending:<address>` is an address without a user yet.
    """
    roles = sorted({role for account in accounts for role in account["assigned"]})
    header = [*FIELDS, "portals"]
    for role in roles:
        header += [role] if role == WORKFLOW else [role, *(f"{role} {it}" for it in DETAILS)]
    file = io.StringIO(BOM)
    file.seek(0, io.SEEK_END)
    lines = csv.writer(file, lineterminator="\r\n")
    lines.writerow([guarded(label) for label in header])
    for account in accounts:
        lines.writerow([guarded(cell) for cell in _cells(account, roles)])
    return file.getvalue()


def _cells(account: Mapping[str, Any], roles: Sequence[str]) -> Iterator[str]:
    yield from (account[name] for name in FIELDS)
    yield ";".join(account["portals"])
    for role in roles:
        if role == WORKFLOW:
            yield ",".join(account["assigned"].get(role, ()))
            continue
        people = account["people"].get(role, ())
        yield ",".join(
            f"pending:{one['email']}" if one["is_pending"] else one["email"] for one in people
        )
        for detail in DETAILS:
            yield ", ".join(one[detail] for one in people if one[detail])
