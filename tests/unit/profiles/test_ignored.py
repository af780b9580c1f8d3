"""The columns of a file that its profile does not have, each with what was probably meant."""

from __future__ import annotations

import pytest
from handover.profiles.ignored import ignored_columns
from handover.profiles.presets import presets

VIEWERS = presets()["manager-and-viewers"]


@pytest.mark.parametrize(
    ("labels", "mapping", "expected"),
    [
        pytest.param(("customer ID", "EMAIL", "Default  viewers"), {}, [], id="all are used"),
        pytest.param(("customer ID", "", "  ", "Town"), {}, [("Town", None)], id="blank labels"),
        pytest.param(
            ("Region", "Town", "defaultViewer", "emial"),
            {},
            [
                ("defaultViewer", "defaultViewers"),
                ("emial", "email"),
                ("Region", None),
                ("Town", None),
            ],
            id="similar labels first, each group in the order of the header",
        ),
        pytest.param(
            ("account_manger", "email"),
            {},
            [("account_manger", None)],
            id="similar to an alias of a column that the file has",
        ),
        pytest.param(
            ("account_manger", "customer ID"),
            {},
            [("account_manger", "email")],
            id="similar to an alias of a column that the file lacks",
        ),
        pytest.param(
            ("Watchers", "Kunde", "Betreuer"),
            {"kunde": "Customer ID", "BETREUER": "email"},
            [("Watchers", None)],
            id="mapped labels are used",
        ),
        pytest.param(
            ("email", "town"),
            {"email": "region"},
            [("email", None), ("town", None)],
            id="a label mapped to nothing that the profile has",
        ),
    ],
)
def test_ignored_columns_are_named_with_the_column_that_was_probably_meant(
    labels: tuple[str, ...], mapping: dict[str, str], expected: list[tuple[str, str | None]]
) -> None:
    assert ignored_columns(labels, VIEWERS, mapping=mapping) == expected
