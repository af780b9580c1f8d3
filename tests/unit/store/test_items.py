"""Accounts as items: they are read back as stored, and a write is the next version."""

from __future__ import annotations

import pytest
from handover.model import Account, ChangeReceipt, RoleChange
from handover.rules.decision import RecordWrite
from handover.rules.directory_lines import MAX_ID_BYTES
from handover.rules.pending import is_pending
from handover.rules.sizes import decided_bytes
from handover.store.accounts import MAX_KEY_BYTES, account_from, account_keys, item_from
from handover.store.portfolios import Holding, holdings_of
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.kit.memory_aws.values import item_size

texts = st.text(st.characters(codec="utf-8"), max_size=8)
names = st.text(st.characters(codec="utf-8", exclude_characters="#"), min_size=1, max_size=8)
# No user has the name of a reserved key.
users = st.lists(texts.filter(lambda text: not is_pending(text)), max_size=3).map(tuple)
roles = st.dictionaries(names, users, max_size=3)
numbers = st.integers(0, 10**15)


@st.composite
def receipts(draw: st.DrawFn) -> ChangeReceipt:
    changes = draw(st.dictionaries(names, st.tuples(users, users), max_size=3))
    return ChangeReceipt(
        draw(texts),
        draw(texts),
        draw(numbers),
        draw(texts),
        draw(texts),
        draw(numbers),
        tuple(RoleChange(role, before, after) for role, (before, after) in changes.items()),
    )


accounts = st.builds(
    Account,
    tenant=names,
    account_id=texts,
    version=numbers,
    name=texts,
    customer_id=texts,
    opco=texts,
    is_active=st.booleans(),
    portals=users,
    assigned=roles,
    precedences=st.dictionaries(names, texts, max_size=3),
    receipts=st.lists(receipts(), max_size=3).map(tuple),
)


@pytest.mark.parametrize(("is_active", "status"), [(True, "active"), (False, "inactive")])
def test_the_fields_of_an_account_are_stored_as_other_versions_of_the_code_read_them(
    status: str, *, is_active: bool
) -> None:
    account = Account("t", "K1", 2, "Shop", "C1", "Kenya", is_active, ("p",))

    assert item_from(account) == {
        "pk": {"S": "t#K1"},
        "shelf": {"S": "t#b"},
        "version": {"N": "2"},
        "name": {"S": "Shop"},
        "customer_id": {"S": "C1"},
        "opco": {"S": "Kenya"},
        "status": {"S": status},
        "portals": {"L": [{"S": "p"}]},
        "assigned": {"M": {}},
        "orders": {"M": {}},
        "marks": {"L": []},
    }


@given(accounts)
def test_an_account_is_read_back_as_stored(account: Account) -> None:
    assert account_from(item_from(account)) == account


def test_an_account_id_may_contain_the_separator_of_the_key() -> None:
    account = Account("lumina", "a#b#c", 1)

    assert account_from(item_from(account)) == account


def test_an_item_with_only_directory_fields_is_an_account_that_nobody_holds() -> None:
    item = {
        "pk": {"S": "lumina#1"},
        "version": {"N": "1"},
        "assigned": {"M": {}},
        "orders": {"M": {}},
        "marks": {"L": []},
    }

    assert account_from(item) == Account("lumina", "1", 1)


def test_a_write_is_the_next_version_over_the_one_that_was_read() -> None:
    account = Account("lumina", "1", 7)

    write = RecordWrite(account, {"m": ("a",)}, {"m": "20"}, ())

    assert (write.record.version, write.assigned) == (7, {"m": ("a",)})


@given(roles, roles)
def test_a_change_concerns_exactly_the_added_and_removed_users(
    had: dict[str, tuple[str, ...]], has: dict[str, tuple[str, ...]]
) -> None:
    before, after = Account("t", "1", 1, assigned=had), Account("t", "1", 2, assigned=has)

    holdings = holdings_of(before, after)

    held = {(role, user) for role, some in had.items() for user in some}
    holds = {(role, user) for role, some in has.items() for user in some}
    assert {(one.role, one.user) for one in holdings if one.is_held} == holds - held
    assert {(one.role, one.user) for one in holdings if not one.is_held} == held - holds


def test_a_new_account_is_held_by_its_assignees() -> None:
    account = Account("t", "1", 1, assigned={"m": ("a", "b")})

    assert holdings_of(None, account) == [
        Holding("t", "a", "m", "1", 1, is_held=True),
        Holding("t", "b", "m", "1", 1, is_held=True),
    ]


def test_an_id_that_a_directory_file_may_name_can_be_read_in_every_tenant() -> None:
    (key,) = account_keys("t" * 63, ["x" * MAX_ID_BYTES])

    assert len(key["pk"]["S"]) <= MAX_KEY_BYTES


# A key has 576 bytes, of which the tenant and its separator take seven.
@pytest.mark.parametrize(
    ("account_id", "is_key"),
    [("x" * 569, True), ("x" * 570, False), ("é" * 284 + "x", True), ("é" * 285, False)],
    ids=["longest", "longer", "as many bytes", "more bytes"],
)
def test_an_id_is_read_if_it_fits_a_key(account_id: str, *, is_key: bool) -> None:
    keys = list(account_keys("lumina", [account_id]))

    assert keys == ([{"pk": {"S": f"lumina#{account_id}"}}] if is_key else [])


@given(accounts)
def test_a_decision_never_takes_more_bytes_than_the_planner_estimates(account: Account) -> None:
    bare = item_size(item_from(replace(account, assigned={}, precedences={}, receipts=())))

    taken = item_size(item_from(account)) - bare

    assert taken <= decided_bytes(account.assigned, account.precedences, account.receipts)
