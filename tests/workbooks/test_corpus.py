"""Every workbook of the corpus reads as LibreOffice shows it, or marks where it does not."""

from __future__ import annotations

from collections import Counter

import pytest
from handover.errors import RefusedError
from handover.reading.unreadable import NO_RESULT, NOT_SHOWN, TOO_MANY_DIGITS, UNREADABLE
from handover.workbooks.texts import LINE_BREAK

from tests.workbooks.corpus import Sheets, converted, corpus, shown
from tests.workbooks.kinds import FORMATS, NUMBERS

REFUSED = {
    "hidden-row": "HIDDEN_ROWS",
    "hidden-header": "HIDDEN_ROWS",
    "filtered": "HIDDEN_ROWS",
    "grouped-rows": "HIDDEN_ROWS",
    "merged": "MERGED_CELLS",
    "merged-across": "MERGED_CELLS",
    "sheets-two": "SEVERAL_SHEETS",
    "sheets-only-hidden": "EMPTY_FILE",
    "sheets-none-filled": "EMPTY_FILE",
    "columns-205": "TOO_MANY_COLUMNS",
}
# LibreOffice has calculated the array in the workbook that it has saved itself.
REFUSED_NAMES = {"openpyxl-array-formula": "NO_SAVED_RESULTS"}


def refusal_of(name: str) -> str | None:
    """The code that refuses a workbook of the corpus, None for one that is read."""
    kind = name.removeprefix("libreoffice-").partition("-")[2]
    return REFUSED_NAMES.get(name, REFUSED.get(kind))


def differences(rows: list[list[str]], sheet: list[list[str]]) -> list[tuple[int, int, str, str]]:
    """Row, column, our text and the shown text of each cell in which the two differ."""
    found = []
    for at in range(max(len(rows), len(sheet))):
        ours, theirs = (one[at] if at < len(one) else [] for one in (rows, sheet))
        for column in range(max(len(ours), len(theirs))):
            mine, other = (one[column] if column < len(one) else "" for one in (ours, theirs))
            # A line break is one character here, and a cell of spaces is empty.
            mine = mine.replace(LINE_BREAK, "\n")
            other = other.replace("\r\n", "\n").replace("\r", "\n")
            if mine != other and (mine.strip() or other.strip()):
                found.append((at + 1, column + 1, mine, other))
    return found


def closest(rows: list[list[str]], sheets: Sheets) -> list[tuple[int, int, str, str]]:
    """The differences to the sheet that was read, which is the one with the fewest."""
    return min((differences(rows, sheet) for sheet in sheets.values()), key=len)


@pytest.mark.parametrize("name", [name for name in corpus() if refusal_of(name) is None])
def test_every_cell_reads_as_it_is_shown(name: str) -> None:
    rows = converted(corpus()[name]())

    found = closest(rows, shown()[name])
    if name == "openpyxl-lines-in-the-header":
        assert found.pop(0) == (1, 1, "account ID", "account\nID")
    assert [one for one in found if one[2] not in UNREADABLE] == []


@pytest.mark.parametrize("name", [name for name in corpus() if refusal_of(name) is not None])
def test_a_workbook_with_content_that_people_may_not_see_is_refused(name: str) -> None:
    with pytest.raises(RefusedError) as refused:
        converted(corpus()[name]())

    assert refused.value.refusal.code == refusal_of(name)


def test_the_corpus_is_large_and_has_workbooks_of_three_writers() -> None:
    writers = Counter(name.partition("-")[0] for name in corpus())

    assert set(writers) == {"openpyxl", "xlsxwriter", "libreoffice"}
    assert min(writers.values()) >= 50
    assert sum(writers.values()) >= 200
    assert set(corpus()) == set(shown())


CERTAIN = (
    "general",
    "integer",
    "zeros-5",
    "zeros-10",
    "decimals-2",
    "thousands",
    "literal-zeros",
    "dashes",
    "dollars",
    "accounting",
    "text",
)


@pytest.mark.parametrize("kind", CERTAIN)
@pytest.mark.parametrize("writer", ["openpyxl", "xlsxwriter", "libreoffice-xlsxwriter"])
def test_an_id_in_a_usual_format_is_read_and_not_marked(writer: str, kind: str) -> None:
    rows = converted(corpus()[f"{writer}-format-{kind}"]())[1:]

    ids = [row[0] for row, value in zip(rows, NUMBERS, strict=False) if 0 < value == int(value)]
    # Those of more than 15 digits, of which 1E15 is the least.
    assert [one for one in ids if one in UNREADABLE] == [TOO_MANY_DIGITS] * 3
    # An accounting format puts a space on each side of a text.
    assert [row[0].strip() for row in rows[len(NUMBERS) :]] == ["00123", "ACME"]


def test_a_number_with_more_digits_than_a_spreadsheet_keeps_is_never_read() -> None:
    for kind in FORMATS:
        rows = converted(corpus()[f"openpyxl-format-{kind}"]())[1:]
        assert rows[NUMBERS.index(1234567890123456)][0] == TOO_MANY_DIGITS


def test_a_number_that_is_not_shown_is_not_read_as_empty() -> None:
    rows = converted(corpus()["openpyxl-format-all-hidden"]())

    assert {row[0] for row in rows[1:]} == {NOT_SHOWN, TOO_MANY_DIGITS}


def test_a_formula_without_a_result_is_marked_and_one_with_a_result_is_read() -> None:
    without = converted(corpus()["openpyxl-formulas-without-results"]())
    calculated = converted(corpus()["libreoffice-xlsxwriter-formulas"]())

    assert {row[0] for row in without[2:]} == {NO_RESULT}
    assert [row[0] for row in calculated if row][-2:] == ["2", "00123"]


def test_results_that_a_workbook_calls_out_of_date_are_not_used() -> None:
    rows = converted(corpus()["xlsxwriter-formulas"]())

    assert rows[21][0] == NO_RESULT, "its saved result is 00123"
