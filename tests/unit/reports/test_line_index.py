"""The index beside results.csv finds exactly the matching lines and their rows."""

from __future__ import annotations

from collections import Counter

import pytest
from handover.model import Dialect, Header, Line, LineResult, Outcome, Rejection, RoleChange
from handover.reports.line_index import (
    Asked,
    IndexBuilder,
    LineIndex,
    Move,
    find,
    index_from,
    index_json,
)
from handover.reports.line_parts import lines_part, lines_part_from
from handover.reports.parts import results_head, results_part
from handover.reports.result_rows import ResultRow, result_row
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

# Written out, so that a changed limit is seen.
MAX_MOVES = 200

HEADER = Header(("Key", " The\nOwner ", "Note"), data_start=20, data_line=2)
COMMA = Dialect("utf-8", ",")
ROLES = ("owner", "viewer", "workflow")
HOLDERS, OPCOS = ("a@x", "aa@x", "a@xx", "pending:a@x"), ("", "Kenya", "Kenya 2")
cells = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.text("aB '=+;,\t\r\n\"", max_size=6),
)


@st.composite
def results(draw: st.DrawFn) -> list[LineResult]:
    """Lines of a file, some of them rejected, with any text in their cells."""
    found: list[LineResult] = []
    number = 1
    for fields in draw(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=12)):
        number += draw(st.integers(1, 3))
        line = Line(number, fields)
        if draw(st.booleans()):
            code = draw(st.sampled_from(["USER_NOT_FOUND", "OTHER_OPCO"]))
            column = draw(st.sampled_from(["The Owner", "", "Gone"]))
            why = Rejection(number, column, code, "no", f"hint {number}", draw(cells))
            found.append(LineResult(line, Outcome.REJECTED, rejection=why))
        else:
            outcome = draw(st.sampled_from([Outcome.UPDATED, Outcome.UNCHANGED]))
            changes = (RoleChange("owner", ("a@x",), ("b@x",)),)
            found.append(LineResult(line, outcome, changes if outcome is Outcome.UPDATED else ()))
        # One name begins another, and the address of one holder is that of a pending one.
        holders = draw(st.frozensets(st.sampled_from(HOLDERS)))
        opco = draw(st.sampled_from(OPCOS))
        found[-1] = replace(found[-1], holders=holders, opco=opco)
    return found


def indexed(found: list[LineResult], chunk: int) -> tuple[LineIndex, bytes, bytes]:
    """The index of lines in chunks of that size, its sections, and results.csv."""
    head = results_head(HEADER, COMMA)
    builder = IndexBuilder(len(head))
    sections, data = b"", head
    for at in range(0, len(found), chunk):
        lines = found[at : at + chunk]
        part = lines_part_from(lines_part(lines, header=HEADER, dialect=COMMA, account=0))
        builder.add(part)
        sections, data = sections + part.index, data + part.results
    index = LineIndex(
        ("Key", "The Owner", "Note"),
        0,
        ",",
        ROLES,
        tuple(builder.blocks),
        builder.moves(),
        builder.opcos(),
    )
    read = index_from(index_json(index))
    assert read == index
    return read, sections, data


def rows_of(
    index: LineIndex, sections: bytes, data: bytes, asked: Asked
) -> list[tuple[ResultRow, int, str, str]]:
    return [
        (
            result_row(data[one.start : one.end], delimiter=",", roles=ROLES),
            one.problem.column,
            one.problem.hint,
            one.problem.suggestion,
        )
        for block in index.blocks
        for one in find(block, sections[block.index_at : block.index_end], asked, 0)
    ]


@given(results(), st.integers(1, 12))
def test_every_indexed_line_is_read_back(found: list[LineResult], chunk: int) -> None:
    index, sections, data = indexed(found, chunk)

    rows = rows_of(index, sections, data, Asked())

    assert data == results_head(HEADER, COMMA) + results_part(found, header=HEADER, dialect=COMMA)
    for (row, column, hint, suggestion), result in zip(rows, found, strict=True):
        assert (row.fields, row.line) == (result.line.fields, result.line.number)
        assert (row.outcome, row.changes) == (result.outcome, result.changes)
        why = result.rejection
        assert row.code == (why.code if why else "")
        assert (hint, suggestion) == ((why.hint, why.suggestion) if why else ("", ""))
        assert column == (1 if why and why.column == "The Owner" else -1)


@given(results(), st.integers(1, 5), st.data())
def test_a_search_finds_exactly_the_matching_lines(
    found: list[LineResult], chunk: int, data: st.DataObject
) -> None:
    index, sections, body = indexed(found, chunk)
    keys = [result.line.fields[0].strip() for result in found]
    text = data.draw(st.sampled_from(["", "3", "a", *[key[:3] for key in keys if key[:3].strip()]]))
    asked = Asked(
        data.draw(st.sampled_from(["", "rejected", "updated"])),
        data.draw(st.sampled_from(["", "USER_NOT_FOUND"])),
        text,
        data.draw(st.none() | st.frozensets(st.sampled_from(HOLDERS), max_size=2)),
        data.draw(st.sampled_from(["", "kenya", "Kenya 2", "Ken"])),
    )

    rows = rows_of(index, sections, body, asked)

    def is_asked_for(result: LineResult) -> bool:
        code = result.rejection.code if result.rejection else ""
        key = " ".join(result.line.fields[0].split()).casefold()
        return (
            asked.outcome in ("", result.outcome)
            and asked.code in ("", code)
            and (asked.holders is None or not asked.holders.isdisjoint(result.holders))
            and asked.opco.casefold() in ("", result.opco.casefold())
            and (
                key.startswith(" ".join(text.split()).casefold()) or str(result.line.number) == text
            )
        )

    assert [row.line for row, *_ in rows] == [
        result.line.number for result in found if is_asked_for(result)
    ]
    if not asked.is_search:
        assert sum(map(asked.count_in, index.blocks)) == len(rows)
    opcos = Counter(result.opco for result in found if result.opco)
    assert {one.opco: one.lines for one in index.opcos} == opcos


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        (Asked(), [2, 3, 4, 5]),
        (Asked("rejected"), [3, 4, 5]),
        (Asked("rejected", "OTHER_OPCO"), [4]),
        (Asked("", "OTHER_OPCO"), [4]),
        (Asked("updated", "OTHER_OPCO"), []),
        (Asked("updated"), [2]),
        (Asked("rejected", "USER_NOT_FOUND"), [3, 5]),
    ],
)
def test_lines_are_found_by_outcome_and_code_with_what_is_wrong_with_each(
    asked: Asked, numbers: list[int]
) -> None:
    lines = [LineResult(Line(2, ("K2", "", "")), Outcome.UPDATED)]
    for number, code in ((3, "USER_NOT_FOUND"), (4, "OTHER_OPCO"), (5, "USER_NOT_FOUND")):
        why = Rejection(number, "", code, "no", f"hint {number}")
        lines.append(LineResult(Line(number, ("K", "", "")), Outcome.REJECTED, rejection=why))
    index, sections, data = indexed(lines, 4)

    rows = rows_of(index, sections, data, asked)

    assert [(row.line, hint) for row, _, hint, _ in rows] == [
        (number, "" if number == 2 else f"hint {number}") for number in numbers
    ]
    assert asked.count_in(index.blocks[0]) == len(numbers)


def test_a_search_can_begin_at_any_place() -> None:
    lines = [LineResult(Line(2 + at, (f"K{at}", "", "")), Outcome.UPDATED) for at in range(6)]
    index, sections, data = indexed(lines, 6)

    (block,) = index.blocks
    found = list(find(block, sections, Asked(text="k"), 4))

    assert [one.place for one in found] == [4, 5]
    assert data[found[0].start : found[0].end].startswith(b"K4,")


def test_a_line_is_found_by_its_number_and_each_block_says_which_it_has() -> None:
    lines = [
        LineResult(Line(number, ("K", "", "")), Outcome.UPDATED) for number in (2, 9, 10, 11, 20)
    ]
    index, sections, data = indexed(lines, 3)

    def numbers(text: str) -> list[int]:
        return [row.line for row, *_ in rows_of(index, sections, data, Asked(text=text))]

    assert [(one.first_line, one.last_line) for one in index.blocks] == [(2, 10), (11, 20)]
    assert [numbers(text) for text in ("2", "10", "11", "20")] == [[2], [10], [11], [20]]
    assert [numbers(text) for text in ("3", "010", "21", "\u0662", "1.0")] == [[]] * 5


def test_gains_and_losses_are_counted_over_all_chunks() -> None:
    def changed(number: int, *changes: RoleChange) -> LineResult:
        return LineResult(Line(number, ("K", "", "")), Outcome.UPDATED, changes)

    lines = [
        changed(2, RoleChange("owner", ("a@x",), ("b@x",))),
        changed(3, RoleChange("owner", ("a@x", "c@x"), ("c@x", "pending:d@x"))),
        changed(4, RoleChange("workflow", ("Old",), ("New",)), RoleChange("#opco", ("A",), ("B",))),
    ]

    index, _, _ = indexed(lines, 1)

    assert index.moves == (Move("a@x", 0, 2), Move("b@x", 1, 0), Move("pending:d@x", 1, 0))


def test_only_the_largest_gains_and_losses_are_kept() -> None:
    builder = IndexBuilder(0)
    many = tuple(
        RoleChange("owner", (), tuple(f"{number:04d}@x" for number in range(MAX_MOVES + 1)))
        for _ in range(1)
    )
    one = LineResult(Line(3, ("K", "", "")), Outcome.UPDATED, (RoleChange("owner", (), ("z@x",)),))
    lines = [LineResult(Line(2, ("K", "", "")), Outcome.UPDATED, many), one, one]
    builder.add(lines_part_from(lines_part(lines, header=HEADER, dialect=COMMA, account=0)))

    moves = builder.moves()

    assert (len(moves), moves[0]) == (MAX_MOVES, Move("z@x", 2, 0))


def test_a_line_without_an_account_cell_is_found_by_its_number() -> None:
    lines = [LineResult(Line(7, ()), Outcome.NOT_PROCESSED)]

    index, sections, data = indexed(lines, 1)

    assert rows_of(index, sections, data, Asked(text="~")) == []
    ((row, *_),) = rows_of(index, sections, data, Asked(text="7"))
    assert (row.line, row.code) == (7, "NOT_PROCESSED")


def test_directory_fields_keep_their_whole_text() -> None:
    changes = (
        RoleChange("#name", ("Dr; A, B",), ("C",)),
        RoleChange("#phone", (), ("1, 2",)),
    )
    (several,) = rows_of(
        *indexed([LineResult(Line(2, ("K", "", "")), Outcome.UPDATED, changes[1:])], 1), Asked()
    )

    assert several[0].changes == (RoleChange("#phone", (), ("1, 2",)),)


@pytest.mark.parametrize(
    ("cells", "changes"),
    [
        ("#name,A,B", [("#name", "A", "B")]),
        ("#name,,B", [("#name", "", "B")]),
        ("#name,A,", [("#name", "A", "")]),
        ("#name; #phone,A; 1,B; 2", [("#name", "A", "B"), ("#phone", "1", "2")]),
        ("#name; #phone,A; ,; 2", [("#name", "A", ""), ("#phone", "", "2")]),
        # Which text belongs to which field cannot be known.
        ("#name; #phone,Dr; A; 1,B; 2", [("#name; #phone", "Dr; A; 1", "B; 2")]),
        ("#name,Dr; A,B", [("#name", "Dr; A", "B")]),
        ("#name,Dr; A,B; C", [("#name", "Dr; A", "B; C")]),
    ],
)
def test_each_field_of_a_row_has_its_own_text_if_that_is_clear(
    cells: str, changes: list[tuple[str, str, str]]
) -> None:
    row = result_row(f"K,2,updated,{cells},,\r\n".encode(), delimiter=",", roles=ROLES)

    assert row.changes == tuple(
        RoleChange(field, (before,) if before else (), (after,) if after else ())
        for field, before, after in changes
    )
    assert (row.fields, row.line, row.outcome, row.code, row.message) == (
        ("K",),
        2,
        "updated",
        "",
        "",
    )


def test_an_index_without_lines_is_read_back() -> None:
    empty = LineIndex(("Key",), 0, ",", ROLES, (), ())

    assert index_from(index_json(empty)) == empty
    assert empty.knows_holders


def test_only_the_opcos_with_most_lines_are_kept_then_those_first_by_name() -> None:
    builder = IndexBuilder(0)
    names = [f"{number:03d}" for number in range(201)]
    lines = [
        replace(LineResult(Line(at, ("K", "", "")), Outcome.UNCHANGED), opco=opco)
        for at, opco in enumerate([*reversed(names), "200", "200", "100"], start=2)
    ]
    builder.add(lines_part_from(lines_part(lines, header=HEADER, dialect=COMMA, account=0)))

    opcos = [(one.opco, one.lines) for one in builder.opcos()]

    assert opcos[:3] == [("200", 3), ("100", 2), ("000", 1)]
    assert opcos[-1] == ("198", 1)
    assert len(opcos) == 200


def test_users_with_the_most_gains_and_losses_come_first_then_those_first_by_address() -> None:
    def changed(number: int, before: str, after: str) -> LineResult:
        change = RoleChange("owner", tuple(before.split()), tuple(after.split()))
        return LineResult(Line(number, ("K", "", "")), Outcome.UPDATED, (change,))

    lines = [changed(2, "c b", "a"), changed(3, "c", "b"), changed(4, "", "d e")]

    index, _, _ = indexed(lines, 2)

    assert index.moves == (
        Move("b", 1, 1),
        Move("c", 0, 2),
        Move("a", 1, 0),
        Move("d", 1, 0),
        Move("e", 1, 0),
    )


def test_a_malformed_row_of_the_results_is_refused() -> None:
    with pytest.raises(ValueError, match="found 2 cells, expected at least 7"):
        result_row(b"a,b\r\n", delimiter=",", roles=ROLES)
