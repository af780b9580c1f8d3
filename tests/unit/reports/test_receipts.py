"""A change of an account in the form of its history and of events."""

from __future__ import annotations

from handover.model import ChangeReceipt, RoleChange
from handover.reports.receipts import receipt_to_dict


def test_a_change_is_published_with_all_that_is_known_of_it() -> None:
    change = RoleChange("owner", ("a@x", "b@x"), ())
    receipt = ChangeReceipt("i" * 32, "p", 7, "ana@x", "2026-07-01T08:00:00.000Z", 5, (change,))

    assert receipt_to_dict(receipt) == {
        "version": 5,
        "at": "2026-07-01T08:00:00.000Z",
        "actor": "ana@x",
        "import_id": "i" * 32,
        "line": 7,
        "changes": [{"role": "owner", "before": ["a@x", "b@x"], "after": []}],
    }
