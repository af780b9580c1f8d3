"""The files that Handover writes itself, parsed again: removals, undos, resolutions, handovers."""

from __future__ import annotations

from collections.abc import Sequence

from tests.kit.oracle.line_requests import Kind, LineRequest

REMOVES, RESOLVES, NOW = "remove from ", "resolve in ", " now"
HANDS, FROM, TO = "hand over ", " from", " to"
NOBODY = "(nobody)"


def kind_of(header: Sequence[str]) -> Kind:
    """The kind of such a file; SET for files of people."""
    if any(label.startswith(REMOVES) for label in header):
        return Kind.REMOVE
    if any(label.startswith(RESOLVES) for label in header):
        return Kind.RESOLVE
    if any(label.startswith(HANDS) for label in header):
        return Kind.HAND
    return Kind.RESTORE if any(label.endswith(NOW) for label in header) else Kind.SET


def request_of(kind: Kind, header: Sequence[str], line: int, row: Sequence[str]) -> LineRequest:
    """The request of a line of such a file."""
    cells = dict(zip(header, row, strict=True))
    account = cells.pop("account ID")
    if kind is Kind.RESTORE:
        roles = [label for label in cells if not label.endswith(NOW) and cells[label]]
        targets = {role: names_in(cells[role]) for role in roles}
        return LineRequest(
            line,
            tuple(row),
            account,
            targets,
            named=tuple(name for role in roles for name in cells[role].split(",")),
            kind=kind,
            expected={role: names_in(cells[role + NOW]) for role in roles},
        )
    if kind is Kind.HAND:
        (target,) = (label for label in cells if label.endswith(TO))
        role = target.removeprefix(HANDS).removesuffix(TO)
        given, holder = names_in(cells[target]), cells[HANDS + role + FROM]
        return LineRequest(
            line,
            tuple(row),
            account,
            {role: given},
            named=given,
            kind=kind,
            expected={role: (holder,)},
        )
    prefix = REMOVES if kind is Kind.REMOVE else RESOLVES
    named = {label.removeprefix(prefix): names_in(cell) for label, cell in cells.items() if cell}
    return LineRequest(line, tuple(row), account, named, kind=kind)


def names_in(cell: str) -> tuple[str, ...]:
    """The users in a cell of such a file."""
    return () if cell == NOBODY else tuple(sorted(cell.split(",")))
