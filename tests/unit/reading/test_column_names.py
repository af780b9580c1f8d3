"""Every column of a file has a name of its own."""

from __future__ import annotations

import pytest
from handover.reading.column_names import column_names
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (("Key", "Owner"), ("Key", "Owner")),
        ((" The \n owner ",), ("The owner",)),
        (("", "a", " "), ("column 1", "a", "column 3")),
        (("a", "a", "a"), ("a", "a (2)", "a (3)")),
        (("a (2)", "a", "a"), ("a (2)", "a", "a (3)")),
        (("column 2", ""), ("column 2", "column 2 (2)")),
        ((), ()),
    ],
)
def test_a_column_is_named_by_its_label(labels: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert column_names(labels) == names


@given(st.lists(st.sampled_from(["", "a", "a (2)", "column 1", "column 2"])))
def test_no_two_columns_have_one_name(labels: list[str]) -> None:
    assert len(set(column_names(labels))) == len(labels)
