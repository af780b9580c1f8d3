"""What each column of a file means: a profile's columns found in a header."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from handover.errors import InvalidRequestError, RefusedError
from handover.profiles.matching import How, mapping_for, match_columns
from handover.profiles.profile import BESIDE, KEYS, Column, Holds, NamedBy, Profile
from handover.reading.limits import MAX_HEADER_BYTES
from handover.reading.sniff import normal_label

# More than the labels of any header need; mappings are stored whole.
MAX_MAPPING_BYTES = MAX_HEADER_BYTES
# How alike (of 1) two labels must be for one to be suggested in place of the other. The label of a
# condition contains that of the role itself, so it must be more alike.
ALIKE, CONDITION_ALIKE = 0.75, 0.9
# Nobody types a longer label.
MAX_TYPED_CHARS = 100


@dataclass(frozen=True, slots=True)
class RoleColumn:
    """A column that says something about one role, or about the workflow.

    `expected` is the column with the holders that the role must have for this one to apply,
    `replaced` that of the user whom the named users replace. `others` are columns of the role that
    apply, in order, where this one is blank.
    """

    index: int
    label: str
    role: str
    holds: Holds
    by: tuple[NamedBy, ...]
    expected: int | None = None
    replaced: int | None = None
    others: tuple[RoleColumn, ...] = ()


@dataclass(frozen=True, slots=True)
class Binding:
    """Which columns hold what the profile needs; indexes count from 0.

    `account` is the column of what lines are about: the account, or the user in a file of users.
    `conditions` are the columns of who must hold a role now for the line to apply.
    """

    account: int
    account_label: str
    roles: tuple[RoleColumn, ...]
    conditions: tuple[RoleColumn, ...] = ()

    @property
    def ways(self) -> frozenset[NamedBy]:
        """All the ways in which the file may name users."""
        return frozenset(
            way
            for column in (*self.roles, *self.conditions)
            for column in (column, *column.others)
            for way in column.by
        )

    @property
    def clearing(self) -> list[int]:
        """The columns whose cells may remove a present holder."""
        return [
            column.index
            for column in self.roles
            if column.holds in (Holds.USERS, Holds.WORKFLOW)
            for column in (column, *column.others)
        ]

    def role_of(self, role: str) -> RoleColumn | None:
        """The column of that role or field."""
        return next((column for column in self.roles if column.role == role), None)

    @property
    def is_relative(self) -> bool:
        """True when all lines depend on present holders, so that older imports must end first."""
        return any(
            place is not None
            for column in self.roles
            for place in (column.expected, column.replaced)
        )


def known_labels(profile: Profile, mapping: Mapping[str, str]) -> frozenset[str]:
    """Every label, in normal form, that `bind` would recognise."""
    own = {label for column in profile.columns for label in (column.label, *column.aliases)}
    return frozenset(normal_label(label) for label in own | set(mapping))


def ignored_columns(
    labels: Sequence[str], profile: Profile, *, mapping: Mapping[str, str]
) -> list[tuple[str, str | None]]:
    """The labels that `bind` does not use, each with the most similar label of the profile.

    The second is None if no unused column of the profile has a similar name. Labels with one come
    first, otherwise in the header's order; blank ones are left out.
    """
    own_names = {normal_label(theirs): normal_label(ours) for theirs, ours in mapping.items()}
    found = [own_names.get(normal_label(label), normal_label(label)) for label in labels]
    columns = {
        normal_label(name): column
        for column in profile.columns
        for name in (column.label, *column.aliases)
    }
    taken = {columns[name].label for name in found if name in columns}
    free = {name: column for name, column in columns.items() if column.label not in taken}
    ignored: list[tuple[str, str | None]] = []
    for label, name in zip(labels, found, strict=True):
        if name and name not in columns:
            ignored.append((label, _most_alike(name, free)))
    return sorted(ignored, key=lambda one: one[1] is None)


def _most_alike(name: str, free: Mapping[str, Column]) -> str | None:
    """The label of the column that was probably meant by a name that is none of theirs."""
    for is_condition, alike in ((True, CONDITION_ALIKE), (False, ALIKE)):
        names = [
            one for one, column in free.items() if (column.holds is Holds.CURRENT) is is_condition
        ]
        if near := get_close_matches(name, names, 1, alike):
            return free[near[0]].label
    return None


def check_mapping(profile: Profile, mapping: Mapping[str, str]) -> None:
    """Raises InvalidRequestError for a column that the profile does not have, and too many labels.

    The mapping may have at most MAX_MAPPING_BYTES as JSON.
    """
    ours = {normal_label(column.label) for column in profile.columns}
    for theirs, label in mapping.items():
        if normal_label(label) not in ours:
            required = ", ".join(repr(column.label) for column in profile.columns)
            raise InvalidRequestError(
                "mapping", f"{theirs!r} is mapped to {label!r}: expected one of {required}"
            )
    found = len(json.dumps(dict(mapping)))
    if found > MAX_MAPPING_BYTES:
        raise InvalidRequestError(
            "mapping",
            f"mapping: found {found:,} bytes of labels, expected at most {MAX_MAPPING_BYTES:,}",
        )


def bind(
    labels: Sequence[str], profile: Profile, *, mapping: Mapping[str, str], line: int
) -> Binding:
    """The binding of a header; `mapping` maps the user's labels to the profile's.

    Raises RefusedError MISSING_COLUMN or DUPLICATE_COLUMN, which say what was found and expected.
    """
    own_names = {normal_label(theirs): normal_label(ours) for theirs, ours in mapping.items()}
    found = [own_names.get(normal_label(label), normal_label(label)) for label in labels]
    account: int | None = None
    roles: list[RoleColumn] = []
    missing: list[Column] = []
    for column in profile.columns:
        index = _place(column, found, labels, line)
        if index is None:
            # The key column is never optional, whatever a stored profile says about it.
            if column.is_required or column.holds in KEYS:
                missing.append(column)
        elif column.holds in KEYS:
            account = index
        else:
            roles.append(
                RoleColumn(index, _spoken(labels[index]), column.role, column.holds, column.by)
            )
    if missing or account is None:
        raise _missing(missing, profile, labels, mapping, line)
    if all(column.holds in BESIDE for column in roles):
        raise _missing_all(profile, labels, mapping, line)
    conditions = tuple(column for column in roles if column.holds is Holds.CURRENT)
    return Binding(account, _spoken(labels[account]), _joined(roles), conditions)


def _joined(roles: Sequence[RoleColumn]) -> tuple[RoleColumn, ...]:
    """One column for each role and kind, which has the related columns."""
    beside = {
        (column.role, column.holds): column.index for column in roles if column.holds in BESIDE
    }
    kinds: dict[tuple[str, Holds], list[RoleColumn]] = {}
    for column in roles:
        if column.holds not in BESIDE:
            found = replace(
                column,
                expected=beside.get((column.role, Holds.EXPECTED)),
                replaced=beside.get((column.role, Holds.REPLACED)),
            )
            kinds.setdefault((column.role, column.holds), []).append(found)
    return tuple(replace(first, others=tuple(others)) for first, *others in kinds.values())


def _spoken(label: str) -> str:
    """The user's own label for a message: on one line, without extra spaces."""
    return " ".join(label.split())


def _place(column: Column, found: Sequence[str], labels: Sequence[str], line: int) -> int | None:
    names = {normal_label(name) for name in (column.label, *column.aliases)}
    places = [index for index, label in enumerate(found) if label in names]
    if len(places) > 1:
        twice = " and ".join(f"{labels[place]!r} (column {place + 1})" for place in places)
        raise RefusedError(
            "DUPLICATE_COLUMN",
            f"line {line}: the header names the column {column.label!r} more than once: {twice}. "
            "Keep one of them.",
            line,
        )
    return places[0] if places else None


def _missing_all(
    profile: Profile, labels: Sequence[str], mapping: Mapping[str, str], line: int
) -> RefusedError:
    """The refusal of a header with an account and no other column of the profile."""
    others = [column for column in profile.columns if column.holds not in KEYS | BESIDE]
    if not others:
        return RefusedError(
            "MISSING_COLUMN",
            f"line {line}: the profile {profile.name!r} is about the tenant's own roles, and the "
            "tenant has none yet. Have an Admin create them first.",
            line,
        )
    named = ", ".join(repr(column.label) for column in others)
    return RefusedError(
        "MISSING_COLUMN",
        f"line {line}: the header has none of the columns {named}. "
        f"{_remedy(others, profile, labels, mapping)} Found: {_found(labels)}.",
        line,
    )


def _found(labels: Sequence[str]) -> str:
    return ", ".join(repr(label) for label in labels[:20]) + (" ..." if len(labels) > 20 else "")


def _missing(
    columns: Sequence[Column],
    profile: Profile,
    labels: Sequence[str],
    mapping: Mapping[str, str],
    line: int,
) -> RefusedError:
    named = " and no column ".join(repr(column.label) for column in columns)
    return RefusedError(
        "MISSING_COLUMN",
        f"line {line}: the header has no column {named}. "
        f"{_remedy(columns, profile, labels, mapping)} Found: {_found(labels)}.",
        line,
    )


def _remedy(
    columns: Sequence[Column],
    profile: Profile,
    labels: Sequence[str],
    mapping: Mapping[str, str],
) -> str:
    """What to do about columns that the header lacks, with the `--map` to type."""
    missing = {column.label for column in columns}
    # Where the column of a role is missing, that of its present holder may be the one meant.
    assigning = [column for column in profile.columns if column.holds is not Holds.CURRENT]
    found = [
        match
        for match in match_columns(
            labels, [], replace(profile, columns=tuple(assigning)), remembered=mapping
        )
        if match.column in missing
    ]
    if not found:
        option = _map_option("Your column", columns[0].label)
        return f"If it has another name here, rename it or map it: {option}."
    named = " or ".join(repr(match.header) for match in found)
    options = " ".join(
        _map_option(_spoken(match.header), match.column or "")
        for match in found
        if len(match.header) <= MAX_TYPED_CHARS and match.header.isprintable()
    )
    return f"Is it {named}? Rename it or map it{f': {options}' if options else ''}."


def _map_option(theirs: str, ours: str) -> str:
    """The option of the command line, quoted for a shell."""
    return f"--map {shlex.quote(f'{theirs}={ours}')}"


def mapping_without_asking(
    labels: Sequence[str],
    rows: Sequence[Sequence[str]],
    profile: Profile,
    *,
    remembered: Mapping[str, str],
) -> dict[str, str]:
    """The mapping to send with a file whose uploader has given none.

    A header that can be bound needs only the remembered mapping. For another header it is
    everything that is certain; the file is refused when that is not enough.
    """
    matches = match_columns(labels, rows, profile, remembered=remembered)
    sure = mapping_for(matches, profile)
    known = {one.header: one.column or "" for one in matches if one.how is How.REMEMBERED}
    try:
        bind(labels, profile, mapping=known, line=1)
    except RefusedError:
        return sure
    return known
