"""The columns that our own files add are recognized when one of the files is uploaded."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from handover.reading.own_columns import are_results, has_moved, own_cells_at, own_columns_at

REPORT = ("line", "code", "error", "hint")
RESULTS = ("line", "outcome", "role", "before", "after", "code", "message")
OURS = ("7", "ACCOUNT_BLANK", "why", "how")


@pytest.mark.parametrize(
    ("labels", "place"),
    [
        (("id", *REPORT), 1),
        (REPORT, 0),
        (("id", "manager", *REPORT, "", " "), 2),
        (("id", *REPORT, "more"), None),
        (("id", *REPORT[:3]), None),
        (REPORT[1:], None),
        (("id", "Line", *REPORT[1:]), None),
        (("", "", "", ""), None),
        ((), None),
    ],
)
def test_a_report_has_our_four_labels_at_the_end_of_its_header(
    labels: Sequence[str], place: int | None
) -> None:
    assert own_columns_at(labels) == place


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("id", *RESULTS), True),
        (RESULTS[:5], True),
        (("id", " LINE", "Outcome ", *RESULTS[2:], "more"), True),
        (("id", *RESULTS[:4]), False),
        (("id", "line", "note", *RESULTS[1:]), False),
        (("id", *REPORT), False),
        ((), False),
    ],
)
def test_results_have_our_first_five_labels_one_after_another(
    labels: Sequence[str], *, expected: bool
) -> None:
    assert are_results(labels) is expected


@pytest.mark.parametrize(
    ("cells", "place"),
    [
        (("K1", *OURS), 1),
        (OURS, 0),
        (("K1", *OURS, ""), 1),
        (("K1", *OURS, "", " "), 1),
        (("K1", *OURS, "x"), None),
        (("K1", *OURS[:3], ""), 1),
        (("K1", "", *OURS, "", "", "", ""), 2),
        (("K1", *OURS, "", "", "", "x"), None),
        (("K1", "7a", *OURS[1:]), None),
        (("K1", "7", "ACCOUNT", "why", "how"), None),
        (("K1", "7", "account_blank", "why", "how"), None),
        (OURS[:3], None),
        ((), None),
    ],
)
def test_our_cells_are_those_that_only_empty_cells_follow(
    cells: Sequence[str], place: int | None
) -> None:
    assert own_cells_at(cells) == place


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("K1", "ana", *OURS), False),
        (("K1", *OURS, ""), True),
        (("K1", "ana", "x", *OURS), True),
        (("K1", "ana", "", "", "", ""), False),
        (("K1", "ana", " 7 ", " NO_USER ", "", "x"), False),
        (("K1", "ana", "7", "", "", "x"), False),
        (("K1", "ana", "", "NO_USER", "", "x"), False),
        (("K1", "ana", "x", "", "", ""), True),
        (("K1", "ana", "", "x", "", ""), True),
    ],
)
def test_a_row_has_moved_if_under_our_labels_is_what_we_do_not_write(
    cells: Sequence[str], *, expected: bool
) -> None:
    assert has_moved(cells, 2) is expected


def test_a_row_has_moved_too_if_nothing_is_left_under_our_labels() -> None:
    assert has_moved(("K1", "ana", *OURS, "", "", "", ""), 6)
