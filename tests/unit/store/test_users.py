"""Users by address and by name: page by page, in one order, whichever keys they are under."""

from __future__ import annotations

import pytest
from handover.model import User
from handover.store import user_places, users
from handover.store.name_places import NAMES_MARK
from handover.store.user_places import MARK, Spreading, put_mark

from tests.kit.pipeline import Pipeline

NAMES = (*(f"Ana {letter}" for letter in "ABCDEFGHIJKLMNOP"), "Anatol", "Bo")


@pytest.mark.parametrize("state", [None, Spreading.SPREAD, Spreading.SETTLED])
def test_users_are_listed_once_and_in_order_with_any_page_size(
    pipeline: Pipeline, state: Spreading | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    resources, tenant = pipeline.resources, "t-small"
    monkeypatch.setattr(user_places, "SHARDS", 2)
    monkeypatch.setattr(users, "NAMES_A_READ", 2)
    monkeypatch.setattr(users, "MIN_ROWS_OF_A_SHARD", 1)
    if state is not None:
        for mark in (MARK, NAMES_MARK):
            put_mark(resources.tables.directory.table, tenant, state, 0.0, mark=mark)
    # The addresses are in another order than the names.
    made = [User(f"u{40 - at}@x.example", name, frozenset()) for at, name in enumerate(NAMES)]
    resources.tables.directory.put_users(tenant, made, pipeline.deadline)
    people = resources.tables.people

    called = [user.name for _, user in people.called(tenant, "ana ", None, pipeline.deadline)]
    listed = [user.email for user in people.listed(tenant, None, 1)]

    assert called == list(NAMES[:16])
    assert listed == sorted(user.email for user in made)
