"""Which assignees wait for their user."""

from __future__ import annotations

import pytest
from handover.model import RoleChange
from handover.rules.pending import leaves_pending

WAITING, ANA = "pending:new@x.example", "ana@x.example"


@pytest.mark.parametrize(
    ("role", "after", "is_waiting"),
    [
        ("viewer", (ANA, WAITING), True),
        ("viewer", (ANA,), False),
        ("viewer", (), False),
        # Their values are no users, whatever they look like.
        ("workflow", (WAITING,), False),
        ("#name", (WAITING,), False),
    ],
)
def test_only_a_role_of_users_can_wait_for_one(
    role: str, after: tuple[str, ...], *, is_waiting: bool
) -> None:
    changes = (RoleChange("CSM", (WAITING,), (ANA,)), RoleChange(role, (), after))

    assert leaves_pending(changes) is is_waiting
