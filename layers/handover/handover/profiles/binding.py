"""What each column of a file means: a profile's columns found in a header."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from handover.errors import InvalidRequestError, RefusedError
from handover.profiles.columns import Binding, RoleColumn
from handover.profiles.profile import BESIDE, KEYS, Column, Holds, Profile
from handover.reading.labels import normal_label
from handover.reading.limits import MAX_HEADER_BYTES

# Every header's labels fit into this; a mapping is stored in one piece.
MAX_MAPPING_BYTES = MAX_HEADER_BYTES
# Nobody types a longer label.
MAX_TYPED_CHARS = 100


def known_labels(profile: Profile, mapping: Mapping[str, str]) -> frozenset[str]:
    """Every label, in normal form, that `bind` would recognise."""
    own = {label for column in profile.columns for label in (column.label, *column.aliases)}
    return frozenset(normal_label(label) for label in own | set(mapping))


def check_mapping(profile: Profile, mapping: Mapping[str, str]) -> None:
    """Raises InvalidRequestError for a column that the profile does not have, or too many labels.

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
    key: int | None = None
    roles: list[RoleColumn] = []
    missing: list[Column] = []
    for column in profile.columns:
        index = _place(column, found, labels, line)
        if index is None:
            # The key column is never optional, whatever a stored profile says.
            if column.is_required or column.holds in KEYS:
                missing.append(column)
        elif column.holds in KEYS:
            key = index
        else:
            roles.append(
                RoleColumn(index, _spoken(labels[index]), column.role, column.holds, column.by)
            )
    if missing or key is None:
        raise _missing(missing, profile, labels, mapping, line)
    if all(column.holds in BESIDE for column in roles):
        raise _missing_all(profile, labels, mapping, line)
    conditions = tuple(column for column in roles if column.holds is Holds.CURRENT)
    return Binding(key, _spoken(labels[key]), _joined(roles), conditions)


def _joined(roles: Sequence[RoleColumn]) -> tuple[RoleColumn, ...]:
    """One column for each role and kind; it refers to the other columns of its role."""
    places = {(column.role, column.holds): column.index for column in roles}
    kinds: dict[tuple[str, Holds], list[RoleColumn]] = {}
    for column in roles:
        if column.holds not in BESIDE:
            found = replace(
                column,
                expected=places.get((column.role, Holds.EXPECTED)),
                replaced=places.get((column.role, Holds.REPLACED)),
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
    return next(iter(places), None)


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
    # Imported here: only a refused header is matched with other names, and no worker meets one.
    from handover.profiles.matching import match_columns

    missing = {column.label for column in columns}
    # A label that looks like that of a present holder may be meant for the missing column itself.
    assigning = [column for column in profile.columns if column.holds is not Holds.CURRENT]
    found = [
        (match.header, match.column)
        for match in match_columns(
            labels, [], replace(profile, columns=tuple(assigning)), remembered=mapping
        )
        if match.column in missing
    ]
    if not found:
        option = _map_option("Your column", columns[0].label)
        return f"If it has another name here, rename it or map it: {option}."
    named = " or ".join(repr(header) for header, _ in found)
    options = " ".join(
        _map_option(_spoken(header), label)
        for header, label in found
        if len(header) <= MAX_TYPED_CHARS and header.isprintable()
    )
    return f"Is it {named}? Rename it or map it{f': {options}' if options else ''}."


def _map_option(theirs: str, ours: str) -> str:
    """The option of the command line, quoted for a shell."""
    return f"--map {shlex.quote(f'{theirs}={ours}')}"
