"""The lines of an ended import, page by page, from results.csv and the index beside it.

Each page reads a small range of the index and then the rows that it shows, so the last page of a
long file is as fast as the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from handover.access.people import Person
from handover.aws import objects
from handover.aws.objects import Upload
from handover.codes import CodeKind, remedy_of
from handover.deadline import Deadline
from handover.errors import NotFoundError, RetryLaterError
from handover.model import RoleChange, User
from handover.pipeline.summaries import LINES, LINES_INDEX, RESULTS, report_key
from handover.reports.line_index import Asked, Block, Found, LineIndex, find, index_from
from handover.reports.line_parts import is_text
from handover.reports.result_rows import ResultRow, result_row
from handover.rules.pending import address_in, is_pending
from handover.runtime import Invocation, Resources, reports_days
from handover.store.import_items import ImportItem
from handover.use_cases.accounts import holders_called
from handover.use_cases.imports import ended_import
from handover.use_cases.paging import Room, cursor_at, place_at, sent_bytes
from handover.use_cases.undo import DAY_SECONDS

# A page reads at most this much of the index, and of results.csv; then it ends, with fewer lines
# or none, and its cursor continues. S3 gives a function some 60 MB a second.
MAX_INDEX_READ_BYTES = 8 * 1024**2
MAX_RESULTS_READ_BYTES = 16 * 1024**2
MAX_RESULTS_READS = 32
# Blocks and rows are read together when one request is faster than two.
WINDOW_BYTES = 1024**2
GAP_BYTES = 512 * 1024
# Escaping may make a line of a megabyte seven times as long, which does not fit into an answer.
MAX_LINE_BYTES = 1024**2
MAX_SHOWN_CELL_CHARS = 1000
# Where a page can begin: a block, and a line in it.
_PLACES = re.compile(r"\d{1,6}\.\d{1,6}")


class LinesPage(Struct, frozen=True):
    """Some lines in their order, and the cursor of the next page unless this is the last.

    `matching` is how many lines match the filters, None if that is unknown without reading them.
    """

    lines: list[dict[str, object]]
    cursor: str | None
    matching: int | None


class _Place(Struct, frozen=True):
    """A place in the index: a block, and a line of it."""

    block: int
    place: int

    def __str__(self) -> str:
        return f"{self.block}.{self.place}"


def lines_page(
    resources: Resources,
    person: Person,
    name: str,
    asked: Asked,
    *,
    limit: int,
    cursor: str | None,
    run: Invocation,
) -> LinesPage:
    """The lines asked for, of the import of that id or ticket.

    Its holders are names or addresses. Raises what `ended_import` raises, and NotFoundError for an
    import without an index, or whose index has no holders although they are asked for.
    """
    item = ended_import(resources, person, name)
    index = index_of(resources, item, run.now)
    if (asked.holders or asked.opco) and not index.knows_holders:
        raise NotFoundError(
            "the lines of this import cannot be filtered by manager or opco: it ended before such "
            "lists were made. Filter them by line or account."
        )
    if asked.holders is not None:
        known = [
            holders_called(resources, person.tenant, one, run.deadline) for one in asked.holders
        ]
        asked = replace(asked, holders=frozenset().union(*known))
    place = place_at(cursor, _PLACES) or "0.0"
    begin = _Place(*map(int, place.split(".")))
    found, following = _found(resources, item, index, asked, begin, limit, run.deadline)
    found, following = _affordable(found, following)
    rows = list(_rows(resources, item, index, [one for _, one in found]))
    users = _users(resources, item.tenant, rows, run.deadline)
    shown: list[dict[str, object]] = []
    room = Room(limit)
    for (at, one), row in zip(found, rows, strict=True):
        line = _shown(index, one, row, users)
        size = sent_bytes(line)
        if size > MAX_LINE_BYTES:
            line = _cut(line, row, index.columns)
            size = sent_bytes(line)
        if not room.takes_bytes(size):
            following = at
            break
        shown.append(line)
    matching = None if asked.is_search else sum(map(asked.count_in, index.blocks))
    return LinesPage(shown, None if following is None else cursor_at(str(following)), matching)


def index_of(resources: Resources, item: ImportItem, now: float) -> LineIndex:
    """The index of an import's lines; raises NotFoundError if it has none, or no longer has it."""
    received_at = datetime.fromisoformat(item.received_at).timestamp()
    if now - received_at > reports_days() * DAY_SECONDS:
        raise NotFoundError("the results of the import are no longer kept")
    if not item.is_indexed:
        raise NotFoundError(
            "this import has no list of its lines: it is very large, or ended before such lists "
            "were made. Download its results instead."
        )
    body = objects.read(resources.reports_bucket, report_key(item, LINES))
    if body is None:
        raise RetryLaterError(f"{LINES} of this import is not there")
    return index_from(body)


def _found(
    resources: Resources,
    item: ImportItem,
    index: LineIndex,
    asked: Asked,
    begin: _Place,
    limit: int,
    deadline: Deadline,
) -> tuple[list[tuple[_Place, Found]], _Place | None]:
    """The next matching lines, at most `limit`, and where to continue."""
    found: list[tuple[_Place, Found]] = []
    left = MAX_INDEX_READ_BYTES
    numbers = [
        number
        for number in range(begin.block, len(index.blocks))
        if asked.count_in(index.blocks[number])
    ]
    while numbers:
        deadline.check()
        if left <= 0:
            return found, _Place(numbers[0], 0)
        window = _window(index.blocks, numbers, asked, limit + 1 - len(found))
        del numbers[: len(window)]
        start = index.blocks[window[0]].index_at
        end = index.blocks[window[-1]].index_end
        left -= end - start
        packed = _read(resources, item, LINES_INDEX, start, end)
        for number in window:
            block = index.blocks[number]
            first = begin.place if number == begin.block else 0
            sections = packed[block.index_at - start : block.index_end - start]
            for one in find(block, sections, asked, first):
                at = _Place(number, one.place)
                if len(found) == limit:
                    return found, at
                found.append((at, one))
    return found, None


def _window(
    blocks: Sequence[Block], numbers: Sequence[int], asked: Asked, enough: int
) -> list[int]:
    """The leading blocks to read together, until they hold enough lines."""
    window = [numbers[0]]
    for number in numbers[1:]:
        is_large = blocks[number].index_end - blocks[window[0]].index_at > WINDOW_BYTES
        is_enough = not asked.is_search and enough <= sum(
            asked.count_in(blocks[one]) for one in window[1:]
        )
        if is_large or is_enough:
            break
        window.append(number)
    return window


def _affordable(
    found: list[tuple[_Place, Found]], following: _Place | None
) -> tuple[list[tuple[_Place, Found]], _Place | None]:
    """The first lines whose rows one page can read, at least one, and where to continue."""
    reads, taken = 1, 0
    for number, ((_, before), (at, one)) in enumerate(pairwise(found), start=1):
        gap = one.start - before.end
        if gap > GAP_BYTES:
            reads, gap = reads + 1, 0
        taken += gap + one.end - one.start
        if reads > MAX_RESULTS_READS or taken > MAX_RESULTS_READ_BYTES:
            return found[:number], at
    return found, following


def _rows(
    resources: Resources, item: ImportItem, index: LineIndex, found: Sequence[Found]
) -> Iterator[ResultRow]:
    """The rows of these lines, read in few requests."""
    run: list[Found] = []
    for one in found:
        if run and one.start - run[-1].end > GAP_BYTES:
            yield from _run(resources, item, index, run)
            run = []
        run.append(one)
    if run:
        yield from _run(resources, item, index, run)


def _run(
    resources: Resources, item: ImportItem, index: LineIndex, run: Sequence[Found]
) -> Iterator[ResultRow]:
    start = run[0].start
    data = _read(resources, item, f"{RESULTS}.csv", start, run[-1].end)
    for one in run:
        row = data[one.start - start : one.end - start]
        yield result_row(row, delimiter=index.delimiter, roles=index.roles)


def _read(resources: Resources, item: ImportItem, name: str, start: int, end: int) -> bytes:
    upload = Upload(resources.reports_bucket, report_key(item, name), "")
    data = objects.read_range(upload, start, end)
    if data is None:
        raise RetryLaterError(f"{name} of this import is not there")
    return data


def _users(
    resources: Resources, tenant: str, rows: Sequence[ResultRow], deadline: Deadline
) -> dict[str, User]:
    addresses = dict.fromkeys(
        address_in(assignee)
        for row in rows
        for change in row.changes
        if not is_text(change.role)
        for assignee in (*change.before, *change.after)
    )
    return resources.tables.directory.users(tenant, addresses, deadline)


def _shown(
    index: LineIndex, found: Found, row: ResultRow, users: dict[str, User]
) -> dict[str, object]:
    """A line as the API returns it."""
    problem = found.problem
    columns = index.columns
    return {
        "line": row.line,
        "outcome": row.outcome,
        "fields": dict(zip(columns, row.fields, strict=True)),
        "account": row.fields[index.account].strip(),
        "roles": {
            change.role: {
                "before": [_holder(change, assignee, users) for assignee in change.before],
                "after": [_holder(change, assignee, users) for assignee in change.after],
            }
            for change in row.changes
        },
        "code": row.code,
        "message": row.message,
        "hint": problem.hint or remedy_of(CodeKind.LINE, row.code),
        "column": columns[problem.column] if problem.column >= 0 else "",
        "suggestion": problem.suggestion,
        "is_cut": False,
    }


def _holder(change: RoleChange, assignee: str, users: dict[str, User]) -> dict[str, object]:
    if is_text(change.role):
        return {"user": "", "name": assignee, "is_pending": False}
    user = users.get(address_in(assignee))
    return {
        "user": address_in(assignee),
        "name": user.name if user is not None else "",
        "is_pending": is_pending(assignee),
    }


def _cut(line: dict[str, object], row: ResultRow, columns: Sequence[str]) -> dict[str, object]:
    """The line with long cells shortened, so that it fits into an answer."""
    cells = [field[:MAX_SHOWN_CELL_CHARS] for field in row.fields]
    return line | {"fields": dict(zip(columns, cells, strict=True)), "is_cut": True}
