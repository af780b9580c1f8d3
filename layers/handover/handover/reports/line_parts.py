"""A chunk's part of results.csv and of the index beside it, made by the worker. Pure.

A part begins with a head of one line of JSON. The packed sections of the index follow, then the
rows of results.csv:

    rows      for each line its kind, its number, and the bytes of its row
    problems  for each rejected line the column that is wrong, a hint, and a suggestion
    accounts  for each line the account in the form for searching
    holders   for each line who holds its account before or after it, each between spaces
    opcos     for each line the opco of its account in the form for searching

A kind is an outcome with a code. Finalize joins the rows and the sections of all parts, and records
where each is; see `line_index`.
"""

from __future__ import annotations

import json
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from handover.model import Dialect, Header, LineResult, Outcome
from handover.profiles.fields import is_field
from handover.profiles.profile import WORKFLOW_ROLE
from handover.reports.parts import code_of, results_rows

# The fastest level: sections are small beside the rows, and a worker has more to do.
_LEVEL = 1


class Kind(Struct, frozen=True):
    """An outcome with its code, "" for none, and how many lines of a part have both."""

    outcome: str
    code: str
    count: int


class LinesPart(Struct, frozen=True):
    """A part as finalize reads it.

    `first_line` and `last_line` are numbers of lines. `sections` are the sizes in bytes of the
    sections, which follow each other in `index`; a part of older code has only the first three.
    `moves` says for each user how many roles of accounts they gain and lose, `opcos` how many lines
    are about accounts of each opco.
    """

    first_line: int
    last_line: int
    kinds: tuple[Kind, ...]
    moves: Mapping[str, tuple[int, int]]
    opcos: Mapping[str, int]
    sections: tuple[int, ...]
    index: bytes
    results: bytes


def searched(text: str) -> str:
    """An account or an opco in the form used for searching: on one line, case-insensitive."""
    return " ".join(text.split()).casefold()


def lines_part(
    results: Sequence[LineResult], *, header: Header, dialect: Dialect, account: int
) -> bytes:
    """The part of these lines, at least one; `account` is the index of the account's column.

    The same lines give the same bytes. Raises ValueError for a rejected line without its rejection.
    """
    rows = results_rows(results, header=header, dialect=dialect)
    kinds: dict[tuple[str, str], int] = {}
    ids = bytearray(
        kinds.setdefault((result.outcome.value, code_of(result)), len(kinds)) for result in results
    )
    numbers = array("I", [result.line.number for result in results])
    # The byte order is the processor's: all of Lambda's processors are little-endian.
    sizes = array("I", map(len, rows))
    sections = [
        zlib.compress(bytes(ids) + numbers.tobytes() + sizes.tobytes(), _LEVEL),
        zlib.compress(_problems(results, header), _LEVEL),
        zlib.compress(_accounts(results, account), _LEVEL),
        zlib.compress(_holders(results), _LEVEL),
        zlib.compress(_texts(searched(result.opco) for result in results), _LEVEL),
    ]
    head = {
        "lines": [numbers[0], numbers[-1]],
        "kinds": [[outcome, code, ids.count(kind)] for (outcome, code), kind in kinds.items()],
        "moves": _moves(results),
        "opcos": dict(Counter(result.opco for result in results if result.opco)),
        "sections": list(map(len, sections)),
    }
    return b"".join([_json(head), b"\n", *sections, *rows])


def lines_part_from(part: bytes) -> LinesPart:
    """The part that was stored."""
    head_bytes = part.index(b"\n")
    head = json.loads(part[:head_bytes])
    index_at = head_bytes + 1
    results_at = index_at + sum(head["sections"])
    first_line, last_line = head["lines"]
    return LinesPart(
        first_line,
        last_line,
        tuple(Kind(*kind) for kind in head["kinds"]),
        {user: (gains, loses) for user, (gains, loses) in head["moves"].items()},
        head.get("opcos", {}),
        tuple(head["sections"]),
        part[index_at:results_at],
        part[results_at:],
    )


def _problems(results: Sequence[LineResult], header: Header) -> bytes:
    """[column or -1, hint, suggestion] of each rejected line, one on each line of text."""
    columns: dict[str, int] = {}
    for place, label in enumerate(header.labels):
        columns.setdefault(" ".join(label.split()), place)
    return b"\n".join(
        [
            _json([columns.get(why.column, -1) if why.column else -1, why.hint, why.suggestion])
            for result in results
            if result.outcome is Outcome.REJECTED and (why := result.rejection) is not None
        ]
    )


def _accounts(results: Sequence[LineResult], account: int) -> bytes:
    found = (
        searched(fields[account]) if account < len(fields := result.line.fields) else ""
        for result in results
    )
    return _texts(found)


def _holders(results: Sequence[LineResult]) -> bytes:
    # No assignee contains a space, so a search for one between spaces finds no part of another.
    return _texts(f" {' '.join(sorted(result.holders))} " for result in results)


def _texts(found: Iterable[str]) -> bytes:
    """The texts, one for each line, separated by line ends; no text may contain one."""
    return "\n".join(found).encode("utf-8", "replace")


def _moves(results: Sequence[LineResult]) -> dict[str, tuple[int, int]]:
    changes = [change for result in results if result.changes for change in result.changes]
    texts = {role for role in {change.role for change in changes} if is_text(role)}
    held = [change for change in changes if change.role not in texts]
    gains = Counter([user for one in held for user in one.after if user not in one.before])
    loses = Counter([user for one in held for user in one.before if user not in one.after])
    return {user: (gains[user], loses[user]) for user in sorted({*gains, *loses})}


def is_text(role: str) -> bool:
    """True for a workflow or a directory field: no user holds it."""
    return role == WORKFLOW_ROLE or is_field(role)


_encode = json.JSONEncoder(separators=(",", ":")).encode


def _json(value: object) -> bytes:
    return _encode(value).encode("ascii")
