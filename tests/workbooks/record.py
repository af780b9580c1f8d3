"""Records LibreOffice's rows of every workbook of the corpus, and has it write some itself.

Needs LibreOffice: `python -m tests.workbooks.record`. The tests only read its output.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.workbooks.builders import builders

FOLDER = Path(__file__).parent
SHOWN = FOLDER / "shown.json"
WRITTEN = FOLDER / "libreoffice"
# Comma, double quote, UTF-8, cells as they are shown, every sheet.
AS_SHOWN = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,true,false,false,-1"
# LibreOffice fails with too many files at once.
AT_ONCE = 40
# LibreOffice saves each of these workbooks itself too.
REWRITTEN = (
    "xlsxwriter-",
    "openpyxl-errors",
    "openpyxl-array",
    "openpyxl-hidden",
    "openpyxl-sheet",
)


def main() -> None:
    """Writes shown.json and the workbooks of LibreOffice."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, build in builders().items():
            (folder / f"{name}.xlsx").write_bytes(build())
        made = sorted(folder.glob("*.xlsx"))
        _convert("xlsx", [one for one in made if one.name.startswith(REWRITTEN)], WRITTEN)
        for one in WRITTEN.glob("*.xlsx"):
            target = folder / f"libreoffice-{one.name.removeprefix('libreoffice-')}"
            target.write_bytes(one.read_bytes())
            one.replace(WRITTEN / target.name)
        _convert(AS_SHOWN, sorted(folder.glob("*.xlsx")), folder / "csv")
        shown = {one.stem: _sheets(folder / "csv", one.stem) for one in folder.glob("*.xlsx")}
    lines = (f"{json.dumps(name)}: {json.dumps(shown[name])}" for name in sorted(shown))
    SHOWN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _convert(kind: str, files: Sequence[Path], into: Path) -> None:
    arguments = ["soffice", "--headless", "--convert-to", kind, "--outdir", str(into)]
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "HOME": home}
        for at in range(0, len(files), AT_ONCE):
            some = [str(path) for path in files[at : at + AT_ONCE]]
            subprocess.run([*arguments, *some], check=True, env=environment)


def _sheets(folder: Path, name: str) -> dict[str, list[list[str]]]:
    """The rows of each sheet, without the empty cells and rows at their ends."""
    found: dict[str, list[list[str]]] = {}
    for path in sorted(folder.glob(f"{name}-*.csv")):
        sheet = path.stem.removeprefix(f"{name}-")
        with path.open(encoding="utf-8", newline="") as file:
            rows = [_trimmed(row) for row in csv.reader(file)]
        while rows and not rows[-1]:
            rows.pop()
        found[sheet] = rows
    return found


def _trimmed(row: list[str]) -> list[str]:
    while row and not row[-1]:
        row.pop()
    return row


if __name__ == "__main__":
    main()
