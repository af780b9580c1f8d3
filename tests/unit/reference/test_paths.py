"""Every file and heading that the documents name exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.reference.codes import PACKAGE
from infra.reference.pages import ROOT

PAGES = [
    page
    for page in (*ROOT.glob("*.md"), *(ROOT / "infra").glob("*.md"), *ROOT.glob("*/README.md"))
    if page.name != "CHANGELOG.md"
]
FOLDERS = ("functions/", "layers/", "events/", "infra/", "tests/")
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
# `NAME` stands for a name that the reader chooses.
IS_ABOUT_ANY = re.compile(r"NAME|[*<{…]")


def named_files(text: str) -> Iterator[str]:
    """The files and folders that a page names in its text."""
    for words in CODE.findall(text):
        for word in words.split():
            path = word.strip(",.:")
            if not IS_ABOUT_ANY.search(path) and (
                path.endswith(".py") or (path.startswith(FOLDERS) and "/" in path.rstrip("/"))
            ):
                yield path


def is_there(path: str, page: Path) -> bool:
    """True of a file of the repository, of the package, of a room, or of the page's folder."""
    places = (ROOT, page.parent, PACKAGE)
    return any((place / path).exists() for place in places) or any(
        any(place.glob(f"*/{path}")) for place in places if "/" not in path
    )


def anchors(page: Path) -> set[str]:
    """The targets of links into the page: its headings, as GitHub spells them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert [path for path in named_files(text) if not is_there(path, page)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        if not found.exists() or (anchor and anchor not in anchors(found)):
            broken.append(target)

    assert broken == []


def test_all_pages_are_checked() -> None:
    names = {str(page.relative_to(ROOT)) for page in PAGES}

    assert {"README.md", "infra/OPERATIONS.md", "tests/README.md", "functions/README.md"} <= names
