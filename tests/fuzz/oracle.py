"""The expected result of every line of a file, derived from an independent count of its bytes.

Written from the words of the specification, slowly and plainly, line by line and with
dictionaries; the rules are those of the rule oracle. Of the project it uses the profile's data,
the binding of columns to a header, and `unguard`, which has tests of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import idna
from handover.model import Account
from handover.profiles.columns import Binding
from handover.profiles.profile import Blank, Holds, InactiveAccounts, NamedBy, Profile, UnknownUser
from handover.reading.guards import MALFORMED, unguard

from tests.fuzz.counting import Record
from tests.fuzz.world import ACCOUNTS, USERS
from tests.kit.oracle.conditions import is_met
from tests.kit.oracle.directory import PENDING, Person
from tests.kit.oracle.line_requests import LineRequest
from tests.kit.oracle.rules import Rules, outcome_of, refusal, repeated

MAX_FIELD = 10_000
_CONTROL_IN_FILE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_IS_CODE = re.compile("[A-Z]+(?:_[A-Z]+)+")
NOBODY = "(nobody)"
_CONTROL_IN_CELL = re.compile("[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Role:
    """The target of a line for one role: its new holders, or (`is_removal`) those to remove.

    `now` are the holders that the role must have, None when they do not matter.
    """

    role: str
    names: tuple[str, ...]
    is_removal: bool = False
    takes_names: bool = False
    now: tuple[str, ...] | None = None


Roles = tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The expected result of a line: its number, values, outcome and code ("" = none)."""

    number: int
    fields: tuple[str, ...]
    outcome: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class _Asks:
    account: str
    roles: Roles
    required: Roles = ()


def verdicts(
    lines: Sequence[Record],
    *,
    encoding: str,
    is_report: bool,
    labels: Sequence[str],
    binding: Binding,
    profile: Profile,
) -> list[Verdict]:
    """The verdicts on all lines, in file order."""
    values = [_values(line, encoding=encoding, is_report=is_report) for line in lines]
    was_malformed = [
        line.is_malformed or (is_report and line.fields[0].decode(encoding).startswith(MALFORMED))
        for line in lines
    ]
    own_at = max(place for place, label in enumerate(labels) if label.strip()) - 3
    requests = [
        _fault(fields, len(labels), is_malformed, own_at if is_report else None)
        or _required_by(_asks(fields, binding, profile), fields, binding, profile)
        for fields, is_malformed in zip(values, was_malformed, strict=True)
    ]
    wishes = [
        (one.account, (tuple(map(_wish, one.roles)), tuple(map(_wish, one.required))))
        if isinstance(one, _Asks)
        else None
        for one in requests
    ]
    codes = repeated(wishes, profile.duplicates.value)
    found = []
    for place, (line, fields, one) in enumerate(zip(lines, values, requests, strict=True)):
        if place in codes:
            code = codes[place]
            outcome = ("duplicate", "") if code == "DUPLICATE" else ("rejected", code)
        else:
            outcome = one if isinstance(one, tuple) else _decided(one, profile)
        found.append(Verdict(line.line, fields, *outcome))
    return found


def data_lines(
    records: Iterable[Record], *, encoding: str, is_report: bool, labels: Sequence[str]
) -> tuple[Record, ...]:
    """The records that are not blank: one of the uploader's own cells has more than spaces."""
    filled = [place for place, label in enumerate(labels) if label.strip()]
    own_at = filled[-1] - 3 if is_report else 0
    return tuple(
        record
        for record in records
        if not _is_blank([cell.decode(encoding) for cell in record.fields], own_at, len(labels))
    )


def _is_blank(cells: Sequence[str], own_at: int, width: int) -> bool:
    filled = [place for place, cell in enumerate(cells) if cell and not cell.isspace()]
    if not filled:
        return True
    if not own_at or len(cells) != width or _has_moved(tuple(cells), own_at):
        return False
    return filled[0] >= own_at


def fields_of(line: Record, *, encoding: str, is_report: bool) -> tuple[str, ...]:
    """The values of a record without the guards of a report."""
    texts = (field.decode(encoding) for field in line.fields)
    return tuple(map(unguard, texts)) if is_report else tuple(texts)


def _values(line: Record, *, encoding: str, is_report: bool) -> tuple[str, ...]:
    """The values of a record without guards and without the sign of a malformed line."""
    if is_report and line.fields[0].decode(encoding).startswith(MALFORMED):
        first = line.fields[0].decode(encoding).removeprefix(MALFORMED)
        rest = fields_of(line, encoding=encoding, is_report=is_report)[1:]
        return (unguard(first), *rest)
    return fields_of(line, encoding=encoding, is_report=is_report)


def clearing(
    lines: Sequence[Record],
    *,
    encoding: str,
    is_report: bool,
    width: int,
    binding: Binding,
    profile: Profile,
) -> int:
    """The number of lines of the header's width with a cell that clears."""
    found = 0
    for line in lines:
        fields = fields_of(line, encoding=encoding, is_report=is_report)
        if len(fields) == width:
            columns = [one for assignee in binding.roles for one in (assignee, *assignee.others)]
            cells = [_said(fields[column.index], profile) for column in columns]
            found += any(
                cell.casefold() in profile.clear_words if cell else profile.blank is Blank.CLEAR
                for cell in cells
            )
    return found


def has_conditions(
    lines: Sequence[Record],
    *,
    encoding: str,
    is_report: bool,
    width: int,
    binding: Binding,
    profile: Profile,
) -> bool:
    """Whether a line of the header's width has a condition."""
    rows = (fields_of(line, encoding=encoding, is_report=is_report) for line in lines)
    return any(
        _said(fields[column.index], profile)
        for fields in rows
        if len(fields) == width
        for column in binding.conditions
    )


def _fault(
    fields: tuple[str, ...], width: int, is_malformed: bool, own_at: int | None
) -> tuple[str, str] | None:
    if is_malformed:
        return "rejected", "INVALID_CHARACTER"
    if len(fields) != width or (own_at is not None and _has_moved(fields, own_at)):
        return "rejected", "FIELD_COUNT"
    for field in fields[:own_at]:
        if len(field) > MAX_FIELD:
            return "rejected", "FIELD_TOO_LONG"
        if _CONTROL_IN_FILE.search(field):
            return "rejected", "INVALID_CHARACTER"
    return None


def _has_moved(fields: tuple[str, ...], own_at: int) -> bool:
    """Whether a row of a report has the cells `line` and `code` elsewhere than it should."""
    last = max((place for place, cell in enumerate(fields) if cell.strip()), default=0)
    # Nothing follows our four cells, so the place is one of the last four filled cells.
    ours = [
        at
        for at in range(max(last - 3, 0), len(fields) - 3)
        if fields[at].isdecimal() and _IS_CODE.fullmatch(fields[at + 1])
    ]
    if ours:
        return ours[-1] != own_at
    line, code = fields[own_at].strip(), fields[own_at + 1].strip()
    return bool(line and not line.isdecimal()) or bool(code and not _IS_CODE.fullmatch(code))


def _asks(fields: tuple[str, ...], binding: Binding, profile: Profile) -> _Asks | tuple[str, str]:
    account = fields[binding.key].strip()
    if not account:
        return "rejected", "ACCOUNT_BLANK"
    if _CONTROL_IN_CELL.search(account):
        return "rejected", "INVALID_CHARACTER"
    roles: list[Role] = []
    for first in binding.roles:
        filled = [one for one in (first, *first.others) if _said(fields[one.index], profile)]
        column = filled[0] if filled else first
        cell = _said(fields[column.index], profile)
        is_removal = column.holds is Holds.REMOVED
        if not cell and (is_removal or profile.blank is Blank.KEEP):
            continue
        if not cell and profile.blank is Blank.ERROR:
            return "rejected", "BLANK_NOT_ALLOWED"
        if profile.list_separator is not None:
            cell = re.sub("[\r\n]+", profile.list_separator, cell)
        if _CONTROL_IN_CELL.search(cell):
            return "rejected", "INVALID_CHARACTER"
        names: Iterable[str] = [cell]
        if not is_removal and (not cell or cell.casefold() in profile.clear_words):
            names = []
        elif profile.list_separator is not None:
            parts = (part.strip() for part in cell.split(profile.list_separator))
            names = dict.fromkeys(address(part) for part in parts if part)
            most = profile.roles[column.role].max_users
            if most is not None and len(list(names)) > most and not is_removal:
                return "rejected", "TOO_MANY_USERS"
        now = None
        if column.expected is not None:
            now = _now(fields[column.expected].strip(), profile)
        roles.append(
            Role(
                column.role,
                tuple(map(address, names)),
                is_removal,
                NamedBy.NAME in column.by,
                now,
            )
        )
    return _Asks(account, tuple(roles))


def _required_by(
    requests: _Asks | tuple[str, str], fields: tuple[str, ...], binding: Binding, profile: Profile
) -> _Asks | tuple[str, str]:
    """The targets of a line, with its conditions."""
    if not isinstance(requests, _Asks):
        return requests
    required = _conditions(fields, binding, profile)
    return (
        ("rejected", "INVALID_CHARACTER")
        if required is None
        else replace(requests, required=required)
    )


def _conditions(fields: tuple[str, ...], binding: Binding, profile: Profile) -> Roles | None:
    """The required holders by role; None for an unusable cell."""
    found: list[Role] = []
    for column in binding.conditions:
        cell = _said(fields[column.index], profile)
        names = _required(cell, profile) if cell else []
        if names is None:
            return None
        if cell:
            found.append(Role(column.role, tuple(map(address, names))))
    return tuple(found)


def _required(cell: str, profile: Profile) -> list[str] | None:
    """The required holders of the role; None for an unusable cell."""
    if cell.casefold() in profile.clear_words | {NOBODY}:
        return []
    separator = profile.list_separator
    text = cell if separator is None else re.sub("[\r\n]+", separator, cell)
    if _CONTROL_IN_CELL.search(text):
        return None
    parts = [text] if separator is None else [part.strip() for part in text.split(separator)]
    return list({address(part): part for part in parts if part}.values())


def _is_left(held: tuple[str, ...], now: tuple[str, ...]) -> bool:
    """Whether the holders are those in the column, where pending ones may have become users."""
    waited = sorted(one if one in now else f"pending:{one}" for one in held)
    return held == now or waited == sorted(now)


def _said(cell: str, profile: Profile) -> str:
    """The content of a cell, "" for one with only list separators."""
    text = cell.strip()
    if text.casefold() in profile.clear_words or profile.list_separator is None:
        return text
    return text if text.replace(profile.list_separator, "").strip() else ""


def _now(cell: str, profile: Profile) -> tuple[str, ...]:
    if not cell or cell.casefold() in profile.clear_words:
        return ()
    if profile.list_separator is None:
        return (cell,)
    once: dict[str, str] = {}
    for part in re.sub("[\r\n]+", profile.list_separator, cell).split(profile.list_separator):
        if part.strip() and address(part) not in once:
            once[address(part)] = part.strip()
    return tuple(sorted(once.values()))


def address(text: str) -> str:
    """The form in which addresses are compared: lower case, and the domain as in the DNS."""
    text = unicodedata.normalize("NFKC", text).strip()
    at = text.rfind("@") + 1
    if not at:
        return text.lower()
    domain = text[at:]
    is_hidden = any(unicodedata.category(char) in ("Cf", "Zs") and char != " " for char in domain)
    try:
        domain = domain.lower() if is_hidden else idna.uts46_remap(domain, std3_rules=False)
    except idna.IDNAError:
        domain = domain.lower()
    return text[: at - 1].lower() + "@" + domain


def _wish(assignee: Role) -> Role:
    """The holders in a comparable form; an address is the same in every column."""
    takes_names = assignee.takes_names and not all("@" in name for name in assignee.names)
    return replace(assignee, names=tuple(sorted(assignee.names)), takes_names=takes_names)


def _decided(asks: _Asks, profile: Profile) -> tuple[str, str]:
    account = ACCOUNTS.get(asks.account)
    if account is None:
        return "rejected", "ACCOUNT_NOT_FOUND"
    if not account.is_active and profile.inactive_accounts is InactiveAccounts.ERROR:
        return "rejected", "ACCOUNT_INACTIVE"
    changed: list[tuple[str, ...]] = []
    targets: dict[str, tuple[str, ...]] = {}
    left = 0
    for assignee in asks.roles:
        held = account.assigned.get(assignee.role, ())
        if assignee.is_removal:
            after = tuple(one for one in held if one not in assignee.names)
        else:
            found = [_holder(name, assignee, account, profile) for name in assignee.names]
            codes = [one for one in found if one.isupper()]
            if codes:
                return "rejected", codes[0]
            after = tuple(sorted(set(found)))
        targets[assignee.role] = after
        if assignee.now is not None and held != after and not _is_left(held, assignee.now):
            left += 1
        elif held != after:
            changed.append(after)
    if asks.required and (stopped := _stopped(asks, account, targets, profile)):
        return stopped
    if left and left == len(asks.roles):
        return "superseded", ""
    return outcome_of(changed), ""


def _stopped(
    asks: _Asks, account: Account, targets: dict[str, tuple[str, ...]], profile: Profile
) -> tuple[str, str] | None:
    """The verdict on a line whose condition is not met."""
    required = {
        one.role: tuple(sorted({name.removeprefix(PENDING) for name in one.names}))
        for one in asks.required
    }
    for role, names in required.items():
        for name in names:
            may_wait = profile.unknown_user is UnknownUser.PENDING and _could_be_address(name)
            if name not in USERS and name not in account.assigned.get(role, ()) and not may_wait:
                return "rejected", "USER_NOT_FOUND"
    line = LineRequest(0, (), asks.account, targets, required=required)
    is_held = all(is_met(line, role, account.assigned.get(role, ())) for role in required)
    return None if is_held else ("superseded", "")


def _look(text: str) -> str:
    seen = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", seen).split()).casefold()


def _could_be_address(text: str) -> bool:
    return bool(
        re.fullmatch(r'[^@\s,;:"]+@[^@\s,;:"]+', text)
        and not any(unicodedata.category(char) in ("Cf", "Zs") for char in text)
        and text.isprintable()
        and len(text.encode()) <= 320
    )


def _holder(text: str, assignee: Role, account: Account, profile: Profile) -> str:
    """The holder that `text` names, or the code (in capitals) that rejects it."""
    name = address(text.removeprefix(PENDING))
    user = USERS.get(name)
    if user is None and assignee.takes_names and "@" not in text:
        known = [one for one in USERS.values() if _look(one.name) == _look(name)]
        known = [one for one in known if not one.is_deleted]
        if len(known) > 1:
            return "USER_AMBIGUOUS"
        user = known[0] if known else None
    if user is None:
        is_kept = profile.unknown_user is UnknownUser.PENDING and _could_be_address(name)
        return PENDING + name if is_kept else "USER_NOT_FOUND"
    person = Person(user.roles, user.opco, user.is_active, user.is_deleted)
    rules = Rules(profile.required_user_roles, has_wall=profile.has_opco_wall)
    return refusal(person, account.opco, rules) or user.email
