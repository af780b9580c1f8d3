"""Directory files are read strictly; what is wrong is reported with file, line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.seeding.tables import DirectoryFileError, rows


def _file(folder: Path, content: str | bytes) -> Path:
    path = folder / "users.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_columns_may_be_in_any_order_and_optional_ones_may_be_missing(tmp_path: Path) -> None:
    path = _file(tmp_path, "﻿Phone, EMAIL \r\n+1 , a@b.example \r\n\r\n,c@d.example\r\n")

    found = list(rows(path, ("email",), ("name", "phone")))

    assert [
        (row.line, row.text("email"), row.text("phone"), row.text("name")) for row in found
    ] == [
        (2, "a@b.example", "+1", ""),
        (4, "c@d.example", "", ""),
    ]


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    path = _file(tmp_path, 'email,name\n"a","one"\n"b","two ""quoted"""\n\n"c","three"\n')

    assert [row.line for row in rows(path, ("email",), ("name",))] == [2, 3, 5]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "users.csv: the file is empty, expected email"),
        ("name\n", "users.csv, line 1: the column 'email' is missing"),
        ("email,stauts\n", "users.csv, line 1: there is no column 'stauts', expected email, name"),
        ("email,Email\n", "users.csv, line 1: the column 'email' is there twice"),
        ("email;name\n", "separated by commas"),
        ("email,name\na\n", "users.csv, line 2: found 1 fields, the header has 2"),
        ('email,name\n"a"x,b\n', "users.csv, line 2: "),
        ('email,name\n\n"a,b\n', "users.csv, line 3: "),
        ('email,name\na,"two\nlines"\n', "users.csv, line 2, name: the cell holds the character"),
        (
            "email,name\na,b\u200bc\n",
            "users.csv, line 2, name: the cell holds the character U+200B",
        ),
        (b"email,name\na,b\nc,\xe9\n", "users.csv, line 3: the byte 0xE9 is no UTF-8"),
    ],
)
def test_an_error_is_reported_with_its_place(
    content: str | bytes, message: str, tmp_path: Path
) -> None:
    path = _file(tmp_path, content)

    with pytest.raises(DirectoryFileError) as raised:
        list(rows(path, ("email",), ("name",)))

    assert message in str(raised.value)
