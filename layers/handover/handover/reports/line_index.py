"""The index beside results.csv, which finds the lines of an import.

Lines are found by outcome, code, number, account, who holds the account, and its opco.
`lines.json` describes the index. It has the file's columns and a block for each chunk: the chunk's
lines, how many there are of each kind, and where its sections and rows are. `lines.index` has the
sections of all blocks one after another. A reader needs one small range of it for each page. Pure.
"""

from __future__ import annotations

import json
import zlib
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec import Struct, field

from handover.model import Outcome
from handover.reports.line_parts import Kind, LinesPart, searched

# The index lists the gains and losses of this many users, those with the most first.
MAX_MOVES = 200
# The index lists this many opcos, those with the most lines first.
MAX_OPCOS = 200
# The positions of the sections in a block.
_ROWS, _PROBLEMS, _ACCOUNTS, _HOLDERS, _OPCOS = range(5)


class Block(Struct, frozen=True):
    """The lines of one chunk: their kinds, and where sections and rows begin and end."""

    first_line: int
    last_line: int
    kinds: tuple[Kind, ...]
    sections: tuple[int, ...]
    index_at: int
    results_at: int
    results_bytes: int

    @property
    def index_end(self) -> int:
        """The place after the block's sections."""
        return self.index_at + sum(self.sections)


class Move(Struct, frozen=True):
    """How many roles of accounts a user gains and loses by an import."""

    user: str
    gains: int
    loses: int


class OpcoLines(Struct, frozen=True):
    """How many lines are about accounts of an opco."""

    opco: str
    lines: int


class LineIndex(Struct, frozen=True):
    """The content of lines.json.

    `columns` are the unique names of the file's columns, `account` is the index of the account's
    column. `roles` are the roles that changes may name. `moves` are the MAX_MOVES largest, `opcos`
    the MAX_OPCOS with the most lines.
    """

    columns: tuple[str, ...]
    account: int
    delimiter: str
    roles: tuple[str, ...]
    blocks: tuple[Block, ...]
    moves: tuple[Move, ...]
    opcos: tuple[OpcoLines, ...] = ()

    @property
    def knows_holders(self) -> bool:
        """False for an index of older code, which cannot find lines by holder or opco."""
        return all(len(block.sections) > _OPCOS for block in self.blocks)

    def kinds(self) -> Counter[tuple[str, str]]:
        """How many lines have which outcome with which code."""
        found: Counter[tuple[str, str]] = Counter()
        for block in self.blocks:
            for kind in block.kinds:
                found[kind.outcome, kind.code] += kind.count
        return found


class IndexBuilder(Struct):
    """Joins parts in the order of their chunks; rows begin after `results_at` bytes."""

    results_at: int
    index_at: int = 0
    blocks: list[Block] = field(default_factory=list)
    _gains: Counter[str] = field(default_factory=Counter)
    _loses: Counter[str] = field(default_factory=Counter)
    _opcos: Counter[str] = field(default_factory=Counter)

    def add(self, part: LinesPart) -> None:
        """Adds the next part."""
        self.blocks.append(
            Block(
                part.first_line,
                part.last_line,
                part.kinds,
                part.sections,
                self.index_at,
                self.results_at,
                len(part.results),
            )
        )
        self.index_at += len(part.index)
        self.results_at += len(part.results)
        self._opcos.update(part.opcos)
        for user, (gains, loses) in part.moves.items():
            self._gains[user] += gains
            self._loses[user] += loses

    def moves(self) -> tuple[Move, ...]:
        """The MAX_MOVES users with the most gains and losses, by their sum, then by address."""
        moves = [Move(user, gains, self._loses[user]) for user, gains in self._gains.items()]
        moves.sort(key=lambda move: (-move.gains - move.loses, move.user))
        return tuple(moves[:MAX_MOVES])

    def opcos(self) -> tuple[OpcoLines, ...]:
        """The MAX_OPCOS opcos with the most lines, by their number, then by name."""
        found = sorted(self._opcos.items(), key=lambda one: (-one[1], one[0]))
        return tuple(OpcoLines(opco, lines) for opco, lines in found[:MAX_OPCOS])


def index_json(index: LineIndex) -> bytes:
    """The index's description as it is stored, the same bytes for the same index."""
    return json.dumps(
        {
            "columns": index.columns,
            "account": index.account,
            "delimiter": index.delimiter,
            "roles": index.roles,
            "moves": [[move.user, move.gains, move.loses] for move in index.moves],
            "opcos": [[one.opco, one.lines] for one in index.opcos],
            "blocks": [
                [
                    [block.first_line, block.last_line],
                    [[kind.outcome, kind.code, kind.count] for kind in block.kinds],
                    block.sections,
                    block.results_bytes,
                ]
                for block in index.blocks
            ],
            "results_at": index.blocks[0].results_at if index.blocks else 0,
        },
        separators=(",", ":"),
    ).encode("ascii")


def index_from(body: bytes) -> LineIndex:
    """The index whose description was stored."""
    data = json.loads(body)
    blocks: list[Block] = []
    index_at, results_at = 0, data["results_at"]
    for (first, last), kinds, sections, results_bytes in data["blocks"]:
        block = Block(
            first,
            last,
            tuple(Kind(*kind) for kind in kinds),
            tuple(sections),
            index_at,
            results_at,
            results_bytes,
        )
        blocks.append(block)
        index_at, results_at = block.index_end, results_at + results_bytes
    return LineIndex(
        tuple(data["columns"]),
        data["account"],
        data["delimiter"],
        tuple(data["roles"]),
        tuple(blocks),
        tuple(Move(*move) for move in data["moves"]),
        tuple(OpcoLines(*one) for one in data.get("opcos", ())),
    )


class Asked(Struct, frozen=True):
    """Which lines are asked for; "" and None mean all.

    `text` is the number of a line, or the beginning of an account, in any case. `holders` are
    assignees: one of them must hold the account before or after the line. `opco` is the account's,
    in any case.
    """

    outcome: str = ""
    code: str = ""
    text: str = ""
    holders: frozenset[str] | None = None
    opco: str = ""

    @property
    def is_search(self) -> bool:
        """True when the kinds of a block do not show which of its lines match."""
        return bool(self.text or self.opco) or self.holders is not None

    def kinds_of(self, block: Block) -> frozenset[int]:
        """The positions of the block's kinds that match the outcome and the code."""
        return frozenset(
            place
            for place, kind in enumerate(block.kinds)
            if self.outcome in ("", kind.outcome) and self.code in ("", kind.code)
        )

    def count_in(self, block: Block) -> int:
        """How many lines of the block match the outcome and the code."""
        return sum(block.kinds[place].count for place in self.kinds_of(block))


class Problem(Struct, frozen=True):
    """What is wrong with a rejected line: the index of the column, -1 for none, and what to do."""

    column: int
    hint: str
    suggestion: str


NO_PROBLEM = Problem(-1, "", "")


class Found(Struct, frozen=True):
    """A line that was found: its position in its block, and where its row is in results.csv."""

    place: int
    start: int
    end: int
    problem: Problem


def find(block: Block, packed: bytes, asked: Asked, first: int) -> Iterator[Found]:
    """The matching lines of a block, from the position `first` on, in their order, lazily.

    `packed` has the block's sections.
    """
    rows = _section(block, packed, _ROWS)
    count = len(rows) // (1 + 2 * _NUMBER_BYTES)
    kinds, numbers, sizes = rows[:count], array("I"), array("I")
    numbers.frombytes(rows[count : count + count * _NUMBER_BYTES])
    sizes.frombytes(rows[count + count * _NUMBER_BYTES :])
    places: Iterable[int] = range(first, count)
    if asked.is_search:
        places = sorted(p for p in _searched(block, packed, numbers, asked) if p >= first)
    expected = asked.kinds_of(block)
    rejected = [
        number for number, kind in enumerate(block.kinds) if kind.outcome == Outcome.REJECTED
    ]
    problems = _section(block, packed, _PROBLEMS).split(b"\n")
    start, problem, counted = block.results_at, 0, 0
    for place in places:
        if kinds[place] not in expected:
            continue
        start += sum(sizes[counted:place])
        problem += sum(kinds.count(kind, counted, place) for kind in rejected)
        counted = place
        why = Problem(*json.loads(problems[problem])) if kinds[place] in rejected else NO_PROBLEM
        yield Found(place, start, start + sizes[place], why)


_NUMBER_BYTES = array("I").itemsize


def _section(block: Block, packed: bytes, number: int) -> bytes:
    begin = sum(block.sections[:number])
    return zlib.decompress(packed[begin : begin + block.sections[number]])


def _searched(block: Block, packed: bytes, numbers: Sequence[int], asked: Asked) -> Collection[int]:
    """The positions of the lines that match the text, a holder and the opco, if these are given."""
    found: list[set[int]] = []
    if asked.text:
        accounts = _section(block, packed, _ACCOUNTS)
        found.append(_numbered(numbers, asked.text) | _beginning(accounts, asked.text))
    if asked.holders is not None:
        holders = _section(block, packed, _HOLDERS)
        found.append({at for one in asked.holders for at in _places(holders, f" {one} ")})
    if asked.opco:
        opcos = b"\n" + _section(block, packed, _OPCOS) + b"\n"
        found.append(_places(opcos, f"\n{searched(asked.opco)}\n"))
    return set.intersection(*found)


def _numbered(numbers: Sequence[int], text: str) -> set[int]:
    """The position of the line of that number."""
    # A text of digits that begins with 0 is not a line number, but may be an account.
    if not text.isascii() or not text.isdecimal() or text[0] == "0":
        return set()
    place = bisect_left(numbers, int(text))
    return {place} if place < len(numbers) and numbers[place] == int(text) else set()


def _beginning(accounts: bytes, text: str) -> set[int]:
    """The positions of the lines whose account begins with that text."""
    return _places(b"\n" + accounts, f"\n{searched(text)}")


def _places(texts: bytes, text: str) -> set[int]:
    """The positions of the texts with `text`: how many line ends precede each place of it."""
    needle = text.encode("utf-8", "replace")
    found: set[int] = set()
    place, counted = 0, 0
    at = texts.find(needle)
    while at >= 0:
        place += texts.count(b"\n", counted, at)
        counted = at
        found.add(place)
        at = texts.find(needle, at + 1)
    return found
