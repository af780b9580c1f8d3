"""The corpus: every workbook by its name, and its rows in LibreOffice."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import cast

from handover.workbooks.conversion import open_workbook

from tests.workbooks.builders import Build, builders

FOLDER = Path(__file__).parent
SHOWN = FOLDER / "shown.json"
WRITTEN = FOLDER / "libreoffice"

Sheets = dict[str, list[list[str]]]


@cache
def shown() -> dict[str, Sheets]:
    """The rows of each sheet of each workbook as LibreOffice shows them."""
    return cast(dict[str, Sheets], json.loads(SHOWN.read_text(encoding="utf-8")))


@cache
def corpus() -> dict[str, Build]:
    """A function that returns each workbook of the corpus, by its name."""

    def read(path: Path) -> Callable[[], bytes]:
        return path.read_bytes

    return builders() | {path.stem: read(path) for path in sorted(WRITTEN.glob("*.xlsx"))}


def converted(workbook: bytes) -> list[list[str]]:
    """The converted rows of a workbook, without the empty cells at their ends."""
    conversion = open_workbook(io.BytesIO(workbook))
    text = b"".join(conversion.blocks()).decode()
    rows = list(csv.reader(io.StringIO(text, newline="")))
    for row in rows:
        while row and not row[-1].strip():
            row.pop()
    while rows and not rows[-1]:
        rows.pop()
    return rows
