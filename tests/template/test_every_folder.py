"""`make test` names the folders of tests one by one, the longest first: none is left out."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_make_test_runs_every_folder_of_tests() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("\ntest: ")[2].partition("\n\n")[0]
    folders = {path.name for path in (ROOT / "tests").iterdir() if list(path.rglob("test_*.py"))}

    assert folders <= set(re.findall(r"\w+", recipe))
