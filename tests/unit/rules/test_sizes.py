"""Limits of an account: a line beyond them is rejected before the write."""

from __future__ import annotations

import pytest
from handover.model import Account, ChangeReceipt, Line, Outcome, RoleChange
from handover.profiles.binding import bind
from handover.profiles.made import removing
from handover.profiles.profile import Profile
from handover.rules.decision import Decision, LookupContext, WriteContext
from handover.rules.instructions import Instruction, instruction_of
from handover.rules.planner import plan
from handover.rules.sizes import (
    changes_bytes,
    decided_bytes,
    held_bytes,
    holders,
    texts_bytes,
)

from tests.unit.rules.scenery import AMINA, ROLE, account, context, decided, variant

# Written out, so that a changed limit is seen.
MAX_ASSIGNED_BYTES = 30 * 1024
MAX_CHANGE_BYTES = 60 * 1024
MAX_HOLDERS = 1_000

LIST = variant(
    list_separator=",",
    unknown_user="pending",
    required_user_roles=[],
    opco_wall=False,
    roles={ROLE: {"max_users": None}},
)


def addresses(many: int, bytes_each: int = 6) -> list[str]:
    """Different addresses of that length, of users who do not exist yet."""
    return [f"{place:0{bytes_each - 4}x}@x.y" for place in range(many)]


def line_for(users: list[str], of: Account, by: WriteContext | None = None) -> Decision:
    return decided("0042", ",".join(users), of=of, profile=LIST, by=by)


def holding(users: int, bytes_each: int = 6, receipts: tuple[ChangeReceipt, ...] = ()) -> Account:
    return account(*addresses(users, bytes_each), receipts=receipts)


def test_an_account_can_hold_as_many_users_as_an_answer_can_list() -> None:
    assert line_for(addresses(MAX_HOLDERS), account()).outcome is Outcome.PENDING


def test_a_line_that_names_more_users_than_an_answer_can_list_is_rejected() -> None:
    planned = line_for(addresses(MAX_HOLDERS + 1), account())

    assert planned.write is None
    assert planned.rejection is not None
    assert planned.rejection.code == "TOO_MANY_USERS"
    assert "would hold 1,001 users together; expected at most 1,000" in planned.rejection.error


def test_the_users_of_all_roles_count_together() -> None:
    full = account(assigned={"viewers": tuple(addresses(MAX_HOLDERS)), ROLE: ()})

    planned = line_for(addresses(1), full)

    assert planned.rejection is not None
    assert planned.rejection.code == "TOO_MANY_USERS"


def test_a_line_whose_users_take_more_than_a_change_can_hold_is_rejected() -> None:
    planned = line_for(addresses(900, 60), account())

    assert planned.write is None
    assert planned.rejection is not None
    assert planned.rejection.code == "FIELD_TOO_LONG"
    assert planned.rejection.column == "account Manager"
    assert f"expected at most {MAX_ASSIGNED_BYTES:,}" in planned.rejection.error


def test_a_change_takes_at_most_twice_what_an_account_holds() -> None:
    before = account(*addresses(440, 68))

    planned = line_for([f"{one}z" for one in addresses(390, 67)], before)

    assert planned.outcome is Outcome.PENDING
    assert changes_bytes(planned.changes) <= MAX_CHANGE_BYTES


def test_an_account_that_is_already_over_the_limit_can_be_reduced() -> None:
    planned = line_for(addresses(MAX_HOLDERS + 50), holding(MAX_HOLDERS + 100))

    assert planned.outcome is Outcome.PENDING
    assert planned.write is not None


def test_a_line_is_not_processed_while_older_imports_leave_no_room_on_the_account() -> None:
    change = RoleChange(ROLE, tuple(addresses(400, 70)), tuple(addresses(401, 70)))
    older_open_imports = [f"import-{number}" for number in range(10, 19)]
    receipts = tuple(
        ChangeReceipt(one, "10", 7, "a", "b", 5, (change,)) for one in older_open_imports
    )

    planned = line_for(
        addresses(2), holding(1, receipts=receipts), context(older_open_imports=older_open_imports)
    )

    assert (planned.outcome, planned.write) == (Outcome.NOT_PROCESSED, None)
    assert "have not ended" in planned.message


@pytest.mark.parametrize(("more", "outcome"), [(0, Outcome.PENDING), (1, Outcome.NOT_PROCESSED)])
def test_40_kb_of_the_400_kb_of_an_item_stay_free_for_its_fields(
    more: int, outcome: Outcome
) -> None:
    def planned(actor: str) -> Decision:
        receipt = ChangeReceipt("import-10", "10", 7, actor, "b", 5, ())
        of = holding(1, receipts=(receipt,))
        return line_for(addresses(2), of, context(older_open_imports=["import-10"]))

    small = planned("").write
    assert small is not None
    taken = decided_bytes(small.assigned, small.precedences, small.receipts)

    assert planned("a" * (360 * 1024 - taken + more)).outcome is outcome


@pytest.mark.parametrize(("more", "outcome"), [(0, Outcome.UPDATED), (1, Outcome.REJECTED)])
def test_the_users_of_an_account_take_30_kb_together(more: int, outcome: Outcome) -> None:
    viewers = [*addresses(480, 60), ""]
    taken = held_bytes({"viewers": viewers, ROLE: [AMINA.email]})
    viewers[-1] = "a" * (30 * 1024 - taken + more)

    planned = line_for([AMINA.email], account(assigned={"viewers": tuple(viewers), ROLE: ()}))

    assert planned.outcome is outcome


def test_the_same_line_is_written_once_the_older_imports_have_ended() -> None:
    change = RoleChange(ROLE, tuple(addresses(400, 70)), tuple(addresses(401, 70)))
    receipts = tuple(
        ChangeReceipt(f"import-{n}", "10", 7, "a", "b", 5, (change,)) for n in range(10, 19)
    )

    planned = line_for(addresses(2), holding(1, receipts=receipts), context())

    assert planned.outcome is Outcome.PENDING


def test_a_removal_of_one_user_from_a_full_account_is_no_larger_than_a_change_can_be() -> None:
    users = addresses(430, 68)
    profile = removing([ROLE])
    understood = removal_of(users[0], profile)

    planned = plan(
        understood, account(*users), LookupContext({}, lambda _: None), profile, context()
    )

    assert planned.outcome is Outcome.UPDATED
    assert changes_bytes(planned.changes) <= MAX_CHANGE_BYTES


def removal_of(user: str, profile: Profile) -> Instruction:
    labels = tuple(column.label for column in profile.columns)
    understood = instruction_of(
        Line(7, ("0042", user)), bind(labels, profile, mapping={}, line=1), profile
    )
    assert isinstance(understood, Instruction)
    return understood


def test_sizes_are_counted_as_dynamodb_counts_them() -> None:
    change = RoleChange("role", ("a",), ())
    receipt = ChangeReceipt("import-1", "10", 7, "\u00e9", "b", 5, (change,))

    assert texts_bytes(()) == 3
    assert texts_bytes(("\ud800",)) == 3 + 1 + 3
    assert texts_bytes(("ab", "\u00e9")) == 9
    assert changes_bytes((change, change)) == 2 * (40 + 4 + 5 + 3)
    assert held_bytes({"role": ("a",), "#name": ("long enough",)}) == 5
    assert holders({"role": ("a", "b"), "viewer": ("a",), "#name": ("x",)}) == 3
    assert decided_bytes({"role": ("a",)}, {"role": "p1"}, [receipt]) == 10 + 7 + 250 + 52 + 2


def test_users_may_take_as_many_bytes_as_a_change_can_tell_and_not_one_more() -> None:
    most = [*addresses(900, 25), *addresses(1, 108)]
    beyond = [*addresses(900, 25), *addresses(1, 109)]

    assert texts_bytes(f"pending:{one}" for one in most) == MAX_ASSIGNED_BYTES
    assert line_for(most, account()).outcome is Outcome.PENDING
    assert line_for(beyond, account()).outcome is Outcome.REJECTED


def test_a_change_that_does_not_fit_into_an_item_by_itself_is_rejected() -> None:
    # The account holds more than it may, and its receipt would hold that and as much again.
    planned = line_for(addresses(800, 200), holding(900, 200))

    assert planned.write is None
    assert planned.rejection is not None
    assert planned.rejection.code == "FIELD_TOO_LONG"
    assert f"expected at most {360 * 1024:,}" in planned.rejection.error
