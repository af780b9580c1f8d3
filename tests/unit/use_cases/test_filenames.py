"""The names of files: as people announce them, and as they download them."""

from __future__ import annotations

import pytest
from handover.errors import InvalidRequestError
from handover.use_cases.imports import download_name
from handover.use_cases.tickets import plain_filename


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a", "a"),
        ("x" * 255, "x" * 255),
        (" Été 3.csv ", "Été 3.csv"),
        ("folder/a.csv", "a.csv"),
        ("C:\\Users\\ana\\a.csv", "a.csv"),
        ("/" + "y" * 300 + "/" + "x" * 255, "x" * 255),
    ],
)
def test_a_file_is_named_without_the_folders_that_browsers_send(text: str, name: str) -> None:
    assert plain_filename(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "folder/",
        "x" * 256,
        "a\x00b",
        "a\nb",
        "a\x7fb",
        "a\x85b",
        "a\u2028b",
        "a\u2029b",
        "a\ud800b",
    ],
)
def test_a_name_that_is_empty_too_long_or_breaks_lines_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        plain_filename(text)

    assert refused.value.field == "filename"


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("managers.csv", "managers-errors.csv"),
        ("Q3.XLSX", "Q3-errors.csv"),
        ("a.csv.csv", "a.csv-errors.csv"),
        ("csv", "csv-errors.csv"),
        ("a.csv.txt", "a.csv.txt-errors.csv"),
        ("Été ½.csv", "Ete_12-errors.csv"),
        ('a "b";\r\n c.csv', "a_b_c-errors.csv"),
        ("-rf.csv", "rf-errors.csv"),
        ("..hidden_.csv", "hidden-errors.csv"),
        ("日本.csv", "import-errors.csv"),
        (".csv", "import-errors.csv"),
        ("x" * 101 + ".csv", "x" * 100 + "-errors.csv"),
    ],
)
def test_a_download_is_named_after_the_upload_in_plain_letters(filename: str, name: str) -> None:
    assert download_name(filename, "errors") == name
    assert download_name(filename, "results", "xlsx") == name.replace("errors.csv", "results.xlsx")
