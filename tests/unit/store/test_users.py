"""Users by address and by name: in one order, whichever keys they are under, and stored once."""

from __future__ import annotations

import pytest
from handover.model import User
from handover.store import user_places, users
from handover.store.batches import put_items
from handover.store.directory import user_item
from handover.store.name_places import NAMES_MARK
from handover.store.user_places import MARK, Spreading, put_mark
from handover.store.users import Stored
from msgspec.structs import replace

from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import HOUR, TENANT, Pipeline

ZOE = User("zoe@x.example", "Zoe", frozenset(), login_name="Zed")
YAN = User("yan@x.example", "Yan", frozenset(), login_name="zed")
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


def test_a_user_who_is_gone_by_now_is_not_stored_again(pipeline: Pipeline) -> None:
    tables = pipeline.resources.tables
    after = replace(ZOE, name="Zoe Z")

    stored = tables.people.store(TENANT, ZOE, after, now=pipeline.clock.now, precedence="1")

    assert stored is Stored.OVERTAKEN
    assert tables.directory.user(TENANT, ZOE.email) is None


def store_yan(pipeline: Pipeline, later: float) -> Stored:
    """Creates Yan, that many seconds after a file has claimed his login name for Zoe."""
    tables, now = pipeline.resources.tables, pipeline.clock.now
    tables.user_records.claim_logins(TENANT, {"zed": ZOE.email}, "1", now, pipeline.deadline)
    return tables.people.store(TENANT, None, YAN, now=now + later, precedence="2")


@pytest.mark.parametrize(
    ("later", "stored", "users"),
    [(HOUR - 1, Stored.LOGIN_TAKEN, {}), (HOUR, Stored.DONE, {"zed": YAN})],
)
def test_a_login_name_that_is_claimed_for_nobody_yet_is_free_after_an_hour(
    pipeline: Pipeline, later: float, stored: Stored, users: dict[str, User]
) -> None:
    assert store_yan(pipeline, later) is stored

    directory = pipeline.resources.tables.directory
    assert directory.users_by_login(TENANT, ["zed"], pipeline.deadline) == users


def test_a_login_name_stays_with_the_user_who_is_stored_with_it_at_the_last_moment(
    pipeline: Pipeline,
) -> None:
    directory = pipeline.resources.tables.directory

    def zoe_comes() -> None:
        put_items(directory.table, [user_item(TENANT, ZOE)], pipeline.deadline)

    with incident(pipeline.memory, Mishap("TransactWriteItems", before_call=zoe_comes)):
        assert store_yan(pipeline, HOUR) is Stored.OVERTAKEN

    assert directory.users_by_login(TENANT, ["zed"], pipeline.deadline) == {"zed": ZOE}
    assert directory.user(TENANT, YAN.email) is None


def test_writing_no_users_makes_no_call(pipeline: Pipeline) -> None:
    with incident(pipeline.memory, Mishap()) as calls:
        assert pipeline.resources.tables.user_records.write([], pipeline.deadline) == []

    assert calls.seen == 0
