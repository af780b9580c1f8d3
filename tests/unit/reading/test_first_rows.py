"""The first rows of a file, as a person sees them."""

from __future__ import annotations

import pytest
from handover.reading.first_rows import first_rows
from handover.reading.sniff import read_head

# Written out, so that a changed limit is seen.
MAX_FIRST_ROWS = 20
MAX_READ_ROWS = 200


def rows_of(content: bytes, *, is_whole: bool = True) -> list[tuple[str, ...]]:
    dialect, header = read_head(
        content,
        total_bytes=len(content) + (not is_whole),
        known_labels={"a", "b"},
        fallback_encoding="windows-1252",
    )
    return first_rows(content, dialect, header, is_whole=is_whole)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a,b\n1,2\n3,4\n", [("1", "2"), ("3", "4")]),
        (b"\xef\xbb\xbfa;b\r\n1;\xc3\xa9\r\n", [("1", "é")]),
        ("a,b\n1,é\n".encode("utf-16"), [("1", "é")]),
        (b"a,b\n1,\xe9\n", [("1", "é")]),
        (b'a,b\n"1\n2",3\n', [("1\n2", "3")]),
        (b"a,b\n\n , \n1,2,3\n", [("1", "2", "3")]),
        (b"a,b\n", []),
    ],
)
def test_cells_are_read_with_the_dialect_of_the_file(
    content: bytes, expected: list[tuple[str, ...]]
) -> None:
    assert rows_of(content) == expected


def test_a_record_that_may_be_incomplete_is_left_out() -> None:
    assert rows_of(b"a,b\n1,2\n3,4", is_whole=False) == [("1", "2")]


def test_a_byte_that_is_not_text_is_shown_as_a_replacement_character() -> None:
    content = b"\xef\xbb\xbfa,b\n1,2\n"
    dialect, header = read_head(
        content, total_bytes=len(content), known_labels={"a"}, fallback_encoding=None
    )

    assert first_rows(content + b"\xff,2\n", dialect, header, is_whole=True)[1] == ("\ufffd", "2")


def test_the_number_of_rows_that_are_read_and_shown_is_limited() -> None:
    assert len(rows_of(b"a,b\n" + b"1,2\n" * 500)) == MAX_FIRST_ROWS
    assert len(rows_of(b"a,b\n" + b"1,2\n" * 500, is_whole=False)) == MAX_FIRST_ROWS
    assert rows_of(b"a,b\n" + b",\n" * MAX_READ_ROWS + b"1,2\n") == []
    last = b"a,b\n" + b",\n" * (MAX_READ_ROWS - 1) + b"1,2\n"
    assert rows_of(last) == rows_of(last + b"3,4\n", is_whole=False) == [("1", "2")]
