"""Standard terms: retired private words do not return."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What these became: job, older imports, clear_guard, upload, Deadline, Resources, Role, shard,
# mark_deleted, expected, crash, MAX_, and for "told" and "heard" what the value is: answer,
# messages, events, notifications.
RETIRED = re.compile(
    r"(?i:errand|\brivals?\b|weighing|handing_in|patience|wiring|seating|\bseats?\b|shelf|\bbury\b"
    r"|\bwanted\b|told(?<![a-z]told)(?![a-z])|\bkill9\b|\bbefell\b|\banew\b|\bmend(s|ed)?\b"
    r"|befalls?\b|\bheard\b|heard_of|\bwaves?\b)"
    r"|\bMOST_",
)
# Every retired word contains one of these: a text without them needs no search by line.
STEMS = (
    *("errand", "rival", "weighing", "handing_in", "patience", "wiring", "seat", "shelf", "bury"),
    *("wanted", "told", "kill9", "befell", "anew", "mend", "most_"),
    *("befall", "heard", "wave"),
)
# Names in stored items, messages and indexes; renaming them would need a migration.
STORED = re.compile(
    r"""["'#:]errand\b|errand\#|["']rivals(_key)?["']|["'\#:]shelf\b|AttributeName:\ shelf
    |["'](import\.)?(replays_told|told_approval)["']""",
    re.VERBOSE,
)
# This test, the record of the renames, and the names of stored attributes.
EXCEPT = {
    "tests/template/test_words.py",
    "tests/kit/shapes.py",
    "tests/unit/store/test_models.py",
    "CHANGELOG.md",
}
SUFFIXES = {".py", ".md", ".yaml", ".toml", ".html", ".js"}


def texts() -> Iterator[tuple[str, str]]:
    """The text of each of the project's own files, by its name."""
    folders = (ROOT / folder for folder in ("functions", "infra", "layers", "tests"))
    for path in (*ROOT.glob("*"), *(file for folder in folders for file in folder.rglob("*"))):
        name = path.relative_to(ROOT).as_posix()
        if path.suffix in SUFFIXES and name not in EXCEPT:
            yield name, path.read_text(encoding="utf-8")


def retired_in(text: str) -> Iterator[str]:
    """The lines of a text with a retired word, after their numbers."""
    lowered = text.lower()
    if any(stem in lowered for stem in STEMS):
        for number, line in enumerate(text.splitlines(), 1):
            if RETIRED.search(line) and RETIRED.search(STORED.sub("", line)):
                yield f"{number}: {line.strip()}"


def test_no_retired_word_remains() -> None:
    """Each has a standard term, in the glossary of ARCHITECTURE.md."""
    assert [f"{name}:{line}" for name, text in texts() for line in retired_in(text)] == []


def test_the_glossary_has_at_most_25_words() -> None:
    """The words that a newcomer must learn; common words need no row."""
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    _, _, glossary = page.partition("\n## Glossary\n")
    words = re.findall(r"^\| ([^|]+) \|", glossary.partition("\n## ")[0], re.MULTILINE)

    assert words[0] == "word"
    assert 15 < len(words) - 1 <= 25
