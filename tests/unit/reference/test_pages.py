"""Every generated list in the documents matches the code."""

from __future__ import annotations

import pytest
from handover.http.description import MADE

from infra.reference.pages import LISTS, PAGES, ROOT, filled, names_in
from infra.reference.routes import description_text

TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in PAGES}


@pytest.mark.parametrize("page", PAGES)
def test_the_generated_lists_of_a_page_are_up_to_date(page: str) -> None:
    assert TEXTS[page] == filled(TEXTS[page]), "run `python -m infra.reference`"


def test_the_shipped_description_matches_the_routes() -> None:
    shipped = MADE.read_text(encoding="utf-8")

    assert shipped == description_text(), "run `python -m infra.reference`"


def test_every_list_has_exactly_one_place() -> None:
    places = [name for text in TEXTS.values() for name in names_in(text)]

    assert sorted(places) == sorted(LISTS)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_has_rows_whose_cells_are_filled(name: str) -> None:
    _head, _line, *rows = LISTS[name]().splitlines()

    assert rows
    assert all(row.split(" | ")[0].strip("| ") for row in rows)


def test_only_the_text_between_the_markers_is_replaced() -> None:
    page = "before\n<!-- list: settings -->\nold\n<!-- end of list -->\nafter\n"

    written = filled(page)

    assert written.startswith("before\n<!-- list: settings -->\n\n| setting |")
    assert written.endswith("|\n\n<!-- end of list -->\nafter\n")
    assert filled(written) == written


def test_a_place_for_an_unknown_list_is_an_error() -> None:
    with pytest.raises(KeyError, match="nothing of the kind"):
        filled("<!-- list: nothing of the kind -->\n<!-- end of list -->")
