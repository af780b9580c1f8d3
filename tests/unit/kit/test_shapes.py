"""The judge of stored items: what a change may leave as older code has stored it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.shapes import wrong_in_item

HOLDING = {"version": {"N": "1"}, "held": {"BOOL": True}, "at": {"S": "1"}, "expires": {"N": "1"}}
SOURCE = {"import_id": {"S": "1"}}
UNKNOWN = {"since": {"S": "now"}}


@pytest.mark.parametrize(
    ("before", "now", "wrong"),
    [
        (None, HOLDING | SOURCE, ""),
        (None, HOLDING, "missing ['import_id:S']"),
        (None, HOLDING | SOURCE | UNKNOWN, "besides ['since:S']"),
        (HOLDING, HOLDING, ""),
        (HOLDING | SOURCE, HOLDING, "missing ['import_id:S']"),
        (HOLDING | UNKNOWN, HOLDING | SOURCE | UNKNOWN, ""),
        (HOLDING | SOURCE, HOLDING | SOURCE | UNKNOWN, "besides ['since:S']"),
        (HOLDING | SOURCE, HOLDING | {"import_id": {"N": "1"}}, "besides ['import_id:N']"),
    ],
)
def test_a_change_may_leave_an_item_as_older_code_has_stored_it(
    before: dict[str, Any] | None, now: dict[str, Any], wrong: str
) -> None:
    keys = {"pk": {"S": "lumina#a@x.example"}, "sk": {"S": "manager#K1"}}

    found = wrong_in_item("PortfolioTable", keys | now, before and keys | before)

    assert (wrong in found) if wrong else not found
