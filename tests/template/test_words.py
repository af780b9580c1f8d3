"""The field's standard terms: names that were ours alone do not come back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
RETIRED = re.compile(
    r"(?i:errand|\brivals?\b|weighing|handing_in|patience|wiring|seating|shelf|\bbury\b)"
    r"|_told\b|\bMOST_",
)
# Names that stored items, messages and indexes carry; renaming them would need a migration.
STORED = re.compile(
    r"""["'#:]errand\b|errand\#|["']rivals(_key)?["']|["'\#:]shelf\b|AttributeName:\ shelf
    |["'](replays_told|told_approval)["']""",
    re.VERBOSE,
)
# This test, and the record of what was renamed.
EXCEPT = {"tests/template/test_words.py", "CHANGELOG.md"}
SUFFIXES = {".py", ".md", ".yaml", ".toml"}


def lines() -> Iterator[tuple[str, str]]:
    """Each line of the project's own texts, behind its place."""
    folders = (ROOT / folder for folder in ("functions", "infra", "layers", "tests"))
    for path in (*ROOT.glob("*"), *(file for folder in folders for file in folder.rglob("*"))):
        name = path.relative_to(ROOT).as_posix()
        if path.suffix in SUFFIXES and name not in EXCEPT:
            for at, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                yield f"{name}:{at}", line


def test_no_retired_word_remains() -> None:
    """Each has a standard term; ARCHITECTURE.md's glossary names them."""
    left = [
        f"{place}: {line.strip()}"
        for place, line in lines()
        if RETIRED.search(STORED.sub("", line))
    ]
    assert left == []
