"""Which changes of accounts ask to recheck a user: what is held by deleted or new users."""

from __future__ import annotations

import pytest
from handover.model import Account, User
from handover.pipeline.publish import Change, publish_changes
from handover.profiles.opco_wall import OpcoWall
from handover.rules.pending import pending_assignee
from handover.runtime import Invocation
from handover.store.jobs import RECHECK
from msgspec.structs import replace

from tests.kit.jobs import NEWCOMER
from tests.kit.pipeline import ROLE, TENANT, Pipeline

USER = User(NEWCOMER, "Neema Juma", frozenset({"Sales"}), "Kenya")
INACTIVE = replace(USER, is_active=False)
DELETED = replace(INACTIVE, is_deleted=True)
NOBODY = Account(TENANT, "K000", 6, opco="Kenya")
HELD = replace(NOBODY, version=7, assigned={ROLE: (NEWCOMER,)})
PENDING = replace(NOBODY, version=7, assigned={ROLE: (pending_assignee(NEWCOMER),)})
ALWAYS, BY_PROFILE = OpcoWall.ALWAYS, OpcoWall.BY_PROFILE

CASES: dict[str, tuple[User | None, Account | None, Account | None, OpcoWall, bool]] = {
    "an active holder": (USER, NOBODY, HELD, ALWAYS, False),
    "an inactive holder": (INACTIVE, NOBODY, HELD, ALWAYS, False),
    "a deleted holder": (DELETED, NOBODY, HELD, ALWAYS, True),
    "a deleted holder of a new account": (DELETED, None, HELD, ALWAYS, True),
    "a deleted holder of another opco": (replace(DELETED, opco="Togo"), NOBODY, HELD, ALWAYS, True),
    "a deleted user who holds it no longer": (DELETED, HELD, NOBODY, ALWAYS, False),
    "a deleted holder of a removed account": (DELETED, HELD, None, ALWAYS, False),
    "an unknown user": (None, NOBODY, PENDING, ALWAYS, False),
    "an awaited user": (USER, NOBODY, PENDING, ALWAYS, True),
    "an awaited user who is inactive": (INACTIVE, NOBODY, PENDING, ALWAYS, False),
    "an awaited user who is deleted": (DELETED, NOBODY, PENDING, ALWAYS, True),
    "behind the wall": (replace(USER, opco="Togo"), NOBODY, PENDING, ALWAYS, False),
    "behind no wall": (replace(USER, opco="Togo"), NOBODY, PENDING, BY_PROFILE, True),
    "an account that waits as before": (USER, PENDING, replace(PENDING, version=8), ALWAYS, False),
    "a waiting account of another opco": (
        USER,
        replace(PENDING, opco="Togo"),
        PENDING,
        ALWAYS,
        True,
    ),
    "a held account of another opco": (USER, replace(HELD, opco="Togo"), HELD, ALWAYS, False),
}


@pytest.mark.parametrize("name", CASES)
def test_a_change_asks_to_recheck_holders_who_are_deleted_and_awaited_users_who_exist(
    pipeline: Pipeline, name: str
) -> None:
    user, before, after, wall, expected = CASES[name]
    pipeline.users(*([user] if user is not None else []))
    pipeline.resources.tables.setup.change_settings(
        TENANT, lambda settings: replace(settings, opco_wall=wall)
    )

    publish_changes(
        pipeline.resources, [Change(before, after)], Invocation("run", pipeline.deadline)
    )

    items = pipeline.memory.dynamodb.tables["DirectoryTable"].items
    asked = {sk: item["body"]["S"] for (_, sk), item in items.items() if sk.startswith(RECHECK)}
    assert asked == ({RECHECK + NEWCOMER: "K000#7"} if expected else {})
