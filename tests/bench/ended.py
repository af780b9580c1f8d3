"""An import of many lines that has ended: its results and their index, as finalize stores them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from handover.model import Dialect, Header, Line, LineResult, Outcome, Rejection, RoleChange, User
from handover.pipeline.summaries import LINES, LINES_INDEX, RESULTS
from handover.reports.line_index import IndexBuilder, LineIndex, index_json
from handover.reports.line_parts import lines_part, lines_part_from
from handover.reports.parts import results_head

LINES_A_CHUNK = 2400
USERS = 500
HEADER = Header(("account ID", "account Manager"), 30, 2)
DIALECT = Dialect("utf-8", ",")
ROLE = "account_manager"


@dataclass(frozen=True, slots=True)
class EndedImport:
    """The files of the import by their names, and the number of rejected lines."""

    files: dict[str, bytes]
    lines: int
    rejected: int


def users() -> list[User]:
    """The users whom the lines name."""
    sales = frozenset({"Sales"})
    return [User(_address(n), f"User {n}", sales, "Kenya") for n in range(USERS)]


def ended_import(lines: int) -> EndedImport:
    """An import with one rejected line in a hundred, always at the same places."""
    draw = random.Random(1).randrange
    results = [_result(number, draw) for number in range(2, lines + 2)]
    head = results_head(HEADER, DIALECT)
    builder = IndexBuilder(len(head))
    rows, index = [head], []
    for begin in range(0, lines, LINES_A_CHUNK):
        part = lines_part_from(
            lines_part(
                results[begin : begin + LINES_A_CHUNK], header=HEADER, dialect=DIALECT, account=0
            )
        )
        builder.add(part)
        rows.append(part.results)
        index.append(part.index)
    described = LineIndex(
        HEADER.labels,
        0,
        DIALECT.delimiter,
        (ROLE,),
        tuple(builder.blocks),
        builder.moves(),
        builder.opcos(),
    )
    files = {
        f"{RESULTS}.csv": b"".join(rows),
        LINES_INDEX: b"".join(index),
        LINES: index_json(described),
    }
    rejected = sum(result.outcome is Outcome.REJECTED for result in results)
    return EndedImport(files, lines, rejected)


def _address(number: int) -> str:
    return f"user{number}@bench.example"


def _result(number: int, draw: Callable[[int], int]) -> LineResult:
    account, before, after = f"KE-{draw(10**7):07d}", _address(draw(USERS)), _address(draw(USERS))
    line = Line(number, (account, after))
    if number % 100:
        changes = (RoleChange(ROLE, (before,), (after,)),)
        holders = frozenset({before, after})
        return LineResult(line, Outcome.UPDATED, changes, holders=holders, opco="Kenya")
    unknown = Rejection(
        number,
        "account Manager",
        "USER_NOT_FOUND",
        "User not found, check the email",
        f"line {number}, account Manager: {after!r} is no user; did you mean {before}?",
        before,
    )
    return LineResult(line, Outcome.REJECTED, rejection=unknown)
