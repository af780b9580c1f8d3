"""The keys under which things are stored: older and newer code must look at the same places."""

from __future__ import annotations

import pytest
from handover.audit import Act, AuditEntry, Door
from handover.model import Account
from handover.store.accounts import item_from
from handover.store.audit import Audit
from handover.store.name_places import (
    NAMES_MARK,
    is_name_key,
    name_key,
    name_places,
    name_removals,
    shard_name,
)
from handover.store.portfolios import home_of, portal_assignee, shard_place, shards_of
from handover.store.user_places import Spreading, UserPlaces, put_mark, tenant_of, user_places

from tests.kit.pipeline import Pipeline

ANA, AT_SHARD = "ana@x.example", "lumina~f"
SHARDS = tuple(f"lumina~{digit}" for digit in "0123456789abcdef")
ROUND = ("lumina", *SHARDS, "lumina")

# By stage: where a user is looked for, the order of looking, and all keys in groups.
STAGES: dict[
    Spreading | None, tuple[tuple[str, ...], tuple[int, ...], tuple[tuple[str, ...], ...]]
] = {
    None: (("lumina",), (0,), (("lumina",),)),
    Spreading.PREPARED: (("lumina", AT_SHARD), (0, 1, 0), (("lumina",), SHARDS, ("lumina",))),
    Spreading.SPREAD: ((AT_SHARD, "lumina"), (0, 1, 0), (("lumina",), SHARDS, ("lumina",))),
    Spreading.SETTLED: ((AT_SHARD,), (0,), (SHARDS,)),
    Spreading.LEAVING: ((AT_SHARD, "lumina"), (0, 1, 0), (("lumina",), SHARDS, ("lumina",))),
    Spreading.BACK: (("lumina", AT_SHARD), (0, 1, 0), (("lumina",), SHARDS, ("lumina",))),
}


@pytest.mark.parametrize("state", STAGES, ids=str)
def test_users_are_looked_for_where_the_stage_of_their_move_says(state: Spreading | None) -> None:
    found = UserPlaces("lumina", state)
    places, turns, groups = STAGES[state]

    assert found.of(ANA) == places
    assert found.turns == turns
    assert found.groups == groups
    assert found.keys == tuple(key for group in groups for key in group)


def test_a_mark_says_the_stage_and_since_when(pipeline: Pipeline) -> None:
    table = pipeline.resources.tables.directory.table
    items = pipeline.memory.dynamodb.tables[table].items
    bodies = {}

    for state in Spreading:
        put_mark(table, "t", state, 7.5)
        put_mark(table, "t", state, 8.5, mark=NAMES_MARK)
        assert user_places(table, "t") == UserPlaces("t", state, 7.5)
        assert name_places(table, "t") == UserPlaces("t", state, 8.5)
        bodies[state.name] = items["t", "#spread"]["body"]["S"]
        assert items["t", "#spread-names"]["body"]["S"] == bodies[state.name].replace("7", "8")

    assert bodies == {
        name: f'{{"state": "{name.lower()}", "since": 7.5}}'
        for name in ("PREPARED", "SPREAD", "SETTLED", "LEAVING", "BACK")
    }


def test_the_tenant_is_in_every_key_of_its_users() -> None:
    assert [tenant_of(key) for key in ("lumina", "lumina~0", "lumina~f")] == ["lumina"] * 3


def test_a_portfolio_is_spread_by_its_items() -> None:
    assert shards_of("lumina#a#b")[:2] == ["lumina~0#a#b", "lumina~1#a#b"]
    assert shards_of("lumina#a")[-1] == "lumina~f#a"
    assert len(shards_of("lumina#a")) == 16
    assert shard_place("lumina#a", "m#K1") == ("lumina~f#a", "m#K1")


def test_a_portfolio_has_one_home() -> None:
    for pk in ("lumina#a#b", "lumina~0#a#b", "lumina~f#a#b"):
        assert home_of(pk) == "lumina#a#b"


def test_a_portal_holds_accounts_under_a_name_that_no_user_has() -> None:
    assert portal_assignee("Shop") == "portal: Shop"


def test_accounts_of_a_tenant_are_listed_by_the_hash_of_their_ids() -> None:
    assert item_from(Account("lumina", "K1", 1))["shelf"] == {"S": "lumina#b"}


def test_an_entry_of_the_audit_trail_lies_under_its_month(pipeline: Pipeline) -> None:
    at = "2026-11-22T10:00:00.000Z"
    entry = AuditEntry("lumina", "n", at, Act.SUBSCRIBED, "ines", Door.API, "x")

    put = pipeline.resources.tables.audit.addition(entry)["Put"]["Item"]

    assert (put["pk"], put["sk"]) == ({"S": "lumina#2026-11#3"}, {"S": f"{at}#n"})


@pytest.mark.parametrize(
    ("days", "expires"),
    # 2026-11-23T10:00:00Z
    [(0, None), (1, {"N": "1795428000"})],
)
def test_an_entry_of_the_audit_trail_expires_only_where_a_number_of_days_is_set(
    pipeline: Pipeline, days: int, expires: dict[str, str] | None
) -> None:
    entry = AuditEntry("lumina", "n", "2026-11-22T10:00:00Z", Act.SUBSCRIBED, "i", Door.API, "x")

    put = Audit(pipeline.resources.tables.audit.table, days).addition(entry)["Put"]["Item"]

    assert put.get("expires") == expires


def test_a_name_lies_under_its_own_hash_and_is_removed_wherever_it_is() -> None:
    spread = UserPlaces("lumina", Spreading.SPREAD)
    sk = {"S": f"name#ana otieno#{ANA}"}

    removals = list(name_removals("T", spread, "ana otieno", ANA))

    assert name_key(spread, "ana otieno", ANA) == {"pk": {"S": "lumina~5"}, "sk": sk}
    assert removals == [
        {"Delete": {"TableName": "T", "Key": {"pk": {"S": pk}, "sk": sk}}}
        for pk in ("lumina~5", "lumina")
    ]
    assert shard_name(f"ana otieno#{ANA}") == "ana otieno"


@pytest.mark.parametrize(
    ("name", "email", "is_key"),
    [
        ("", ANA, False),
        # A sort key has 1,024 bytes, of which "name#" and the second "#" take six.
        ("x" * 1008, "0123456789", True),
        ("x" * 1009, "0123456789", False),
        ("é" * 504, "0123456789", True),
        ("é" * 504 + "x", "0123456789", False),
    ],
)
def test_a_name_is_indexed_if_it_fits_a_key_beside_its_address(
    name: str, email: str, is_key: bool
) -> None:
    assert is_name_key(name, email) == is_key
