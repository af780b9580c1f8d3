"""Lines that change the present holders of a role: removals, resolutions, and undo."""

from __future__ import annotations

import pytest
from handover.model import Account, Line, Outcome, RoleChange, User
from handover.profiles.binding import bind
from handover.profiles.made import SEPARATOR, handing_over, narrowed, removing, resolving, restoring
from handover.profiles.presets import presets
from handover.profiles.profile import Blank, Profile, Role
from handover.rules.decision import Decision, LookupContext, WriteContext
from handover.rules.instructions import Instruction, instruction_of
from handover.rules.planner import plan
from handover.rules.understanding import canonical
from msgspec.structs import replace

from tests.unit.rules.scenery import context

ANA = User("ana@y.example", "Ana", frozenset({"Sales"}))
BO = User("bo@y.example", "Bo", frozenset({"Sales"}))
GONE = User("gone@y.example", "Gone", frozenset(), is_active=False, is_deleted=True)
AWAY = User("away@y.example", "Away", frozenset(), is_active=False)
CY = User("cy@y.example", "Cy", frozenset({"Sales"}))
USERS = {user.email: user for user in (ANA, BO, CY, GONE, AWAY)}
FIELDS = LookupContext(USERS, lambda _: None, frozenset({"Standard", "Key accounts"}))
MANAGER, VIEWER, FLOW = "account_manager", "viewer", "workflow"


def account(**assigned: tuple[str, ...]) -> Account:
    return Account("lumina", "A-1", 3, assigned=assigned, precedences={MANAGER: "10"})


def decided(profile: Profile, *cells: str, of: Account, by: WriteContext | None = None) -> Decision:
    labels = [column.label for column in profile.columns]
    binding = bind(labels, profile, mapping={}, line=1)
    instruction = instruction_of(Line(7, ("A-1", *cells)), binding, profile)
    assert isinstance(instruction, Instruction)
    return plan(instruction, of, FIELDS, profile, by or context())


# Removal


def test_r98_a_removal_removes_one_user_and_keeps_the_others() -> None:
    held = account(account_manager=(GONE.email,), viewer=(ANA.email, GONE.email))

    planned = decided(removing([MANAGER, VIEWER]), GONE.email, GONE.email, of=held)

    assert planned.outcome is Outcome.UPDATED
    assert planned.changes == (
        RoleChange(MANAGER, (GONE.email,), ()),
        RoleChange(VIEWER, (ANA.email, GONE.email), (ANA.email,)),
    )


def test_a_removal_of_a_user_who_holds_nothing_changes_nothing() -> None:
    planned = decided(removing([MANAGER]), GONE.email, of=account(account_manager=(ANA.email,)))

    assert (planned.outcome, planned.write) == (Outcome.UNCHANGED, None)


@pytest.mark.parametrize("blank", Blank)
def test_a_removal_that_names_nobody_changes_nothing_whatever_blank_cells_mean(
    blank: Blank,
) -> None:
    profile = replace(removing([MANAGER]), blank=blank)

    planned = decided(profile, " ", of=account(account_manager=(ANA.email,)))

    assert (planned.outcome, planned.write) == (Outcome.UNCHANGED, None)


def test_a_removal_takes_no_place_in_the_order() -> None:
    held = account(account_manager=(ANA.email, GONE.email))

    planned = decided(
        removing([MANAGER]), GONE.email, of=held, by=context("20", older_open_imports=["older"])
    )

    assert planned.write is not None
    assert planned.write.precedences == {MANAGER: "10"}


def test_a_removal_and_an_older_file_end_the_same_in_both_orders() -> None:
    single = presets()["manager-and-viewers"]
    file = narrowed(single, VIEWER)
    held = account(viewer=(GONE.email,))
    older = context("15", "older")

    first = decided(file, "ana@y.example,bo@y.example", of=held, by=older)
    then = decided(removing([VIEWER]), GONE.email, of=after(held, first), by=context("20"))
    other_first = decided(
        removing([VIEWER]), GONE.email, of=held, by=context("20", older_open_imports=["older"])
    )
    other_then = decided(file, "ana@y.example,bo@y.example", of=after(held, other_first), by=older)

    assert then.outcome is Outcome.UNCHANGED
    assert first.write is not None
    assert other_then.write is not None
    assert first.write.assigned[VIEWER] == other_then.write.assigned[VIEWER]


def test_a_removal_does_not_touch_what_a_later_file_has_decided() -> None:
    held = replace(account(account_manager=(GONE.email,)), precedences={MANAGER: "30"})

    planned = decided(removing([MANAGER]), GONE.email, of=held)

    assert planned.outcome is Outcome.SUPERSEDED


# Resolution


def test_r58_a_resolution_gives_the_pending_assignee_to_its_user() -> None:
    held = account(CSM=("pending:ana@y.example", "pending:fay@y.example"))

    planned = decided(resolving(["CSM"]), "ana@y.example", of=held)

    assert planned.outcome is Outcome.PENDING
    assert planned.changes[0].after == ("ana@y.example", "pending:fay@y.example")


def test_r58_after_the_last_resolution_nothing_is_pending() -> None:
    held = account(CSM=("pending:ana@y.example",))

    planned = decided(resolving(["CSM"]), "ana@y.example", of=held)

    assert planned.outcome is Outcome.UPDATED
    assert planned.changes == (RoleChange("CSM", ("pending:ana@y.example",), ("ana@y.example",)),)


@pytest.mark.parametrize("address", [GONE.email, AWAY.email, "fay@y.example"])
def test_a_pending_assignee_is_given_only_to_an_active_user(address: str) -> None:
    held = account(CSM=(f"pending:{address}",))

    assert decided(resolving(["CSM"]), address, of=held).outcome is Outcome.UNCHANGED


def test_c15_a_resolution_restores_no_pending_assignee_who_was_removed() -> None:
    assert decided(resolving(["CSM"]), ANA.email, of=account(CSM=())).outcome is Outcome.UNCHANGED


# Undo


def undo(*cells: str, of: Account, roles: tuple[str, ...] = (MANAGER,)) -> Decision:
    return decided(restoring(presets()["manager-and-viewers"], roles), *cells, of=of)


def test_an_undo_gives_a_role_back_to_its_earlier_holders() -> None:
    planned = undo(BO.email, ANA.email, of=account(account_manager=(ANA.email,)))

    assert planned.changes == (RoleChange(MANAGER, (ANA.email,), (BO.email,)),)
    assert planned.write is not None
    assert planned.write.precedences[MANAGER] == "20"


def test_an_undo_empties_a_role_that_was_empty() -> None:
    planned = undo("(nobody)", ANA.email, of=account(account_manager=(ANA.email,)))

    assert planned.outcome is Outcome.CLEARED


def test_an_undo_refills_a_role_that_was_cleared() -> None:
    planned = undo(BO.email, "(nobody)", of=account(account_manager=()))

    assert planned.outcome is Outcome.UPDATED


def test_an_undo_keeps_what_has_changed_since_and_says_so() -> None:
    planned = undo("(nobody)", ANA.email, of=account(account_manager=(BO.email,)))

    assert (planned.outcome, planned.write) == (Outcome.SUPERSEDED, None)
    why = f"account_manager is {BO.email}, expected {ANA.email}"
    assert planned.message == f"the account has changed since: {why}"


def test_an_undo_names_the_roles_it_left_when_it_restores_others() -> None:
    held = account(account_manager=(ANA.email,), viewer=(ANA.email,))
    by = context()

    planned = undo(BO.email, ANA.email, "(nobody)", BO.email, of=held, roles=(MANAGER, VIEWER))
    again = undo(
        BO.email,
        ANA.email,
        "(nobody)",
        BO.email,
        of=after(held, planned),
        roles=(MANAGER, VIEWER),
    )

    assert [change.role for change in planned.changes] == [MANAGER]
    assert planned.message == f"left as it was: {VIEWER}"
    assert by.import_id == after(held, planned).receipts[-1].import_id
    assert (again.outcome, again.changes, again.message, again.write) == (
        planned.outcome,
        planned.changes,
        planned.message,
        None,
    )


def test_a_second_undo_changes_nothing() -> None:
    held = account(account_manager=(BO.email,))

    assert undo(BO.email, ANA.email, of=held).outcome is Outcome.UNCHANGED


def test_an_undo_does_not_restore_a_user_who_was_deleted_since() -> None:
    planned = undo(GONE.email, ANA.email, of=account(account_manager=(ANA.email,)))

    assert planned.rejection is not None
    assert "was deleted" in planned.rejection.hint


@pytest.mark.parametrize(
    ("now", "outcome"),
    [
        (("pending:bo@y.example",), Outcome.UPDATED),
        ((BO.email,), Outcome.UPDATED),
        ((CY.email,), Outcome.SUPERSEDED),
        ((), Outcome.SUPERSEDED),
        ((BO.email, CY.email), Outcome.SUPERSEDED),
        ((BO.email, "pending:bo@y.example"), Outcome.SUPERSEDED),
    ],
)
def test_an_undo_reaches_through_the_resolution_of_a_pending_address(
    now: tuple[str, ...], outcome: Outcome
) -> None:
    undo = restoring(presets()["single-strict"], [MANAGER])

    planned = decided(undo, ANA.email, "pending:bo@y.example", of=account(account_manager=now))

    assert planned.outcome is outcome
    if outcome is Outcome.UPDATED:
        assert planned.changes == (RoleChange(MANAGER, now, (ANA.email,)),)


def test_an_undo_of_several_pending_addresses_reaches_through_resolved_ones() -> None:
    undo = restoring(presets()["single-strict"], [MANAGER])
    held = account(account_manager=(BO.email, "pending:new@y.example"))
    left = SEPARATOR.join(("pending:bo@y.example", "pending:new@y.example"))

    planned = decided(undo, ANA.email, left, of=held)

    assert planned.outcome is Outcome.UPDATED


def test_a_pending_address_is_not_mistaken_for_a_user_of_that_address() -> None:
    undo = restoring(presets()["single-strict"], [MANAGER])
    held = account(account_manager=("pending:bo@y.example",))

    assert decided(undo, ANA.email, BO.email, of=held).outcome is Outcome.SUPERSEDED


def test_an_undo_restores_workflows_and_pending_roles() -> None:
    held = account(workflow=("Standard",), CSM=(ANA.email,))

    planned = undo(
        "Key accounts", "Standard", "pending:fay@y.example", ANA.email, of=held, roles=(FLOW, "CSM")
    )

    assert planned.changes == (
        RoleChange(FLOW, ("Standard",), ("Key accounts",)),
        RoleChange("CSM", (ANA.email,), ("pending:fay@y.example",)),
    )


def test_lists_are_expected_in_any_order() -> None:
    held = account(viewer=(ANA.email, BO.email))

    planned = undo("(nobody)", f"{BO.email},{ANA.email}", of=held, roles=(VIEWER,))

    assert planned.outcome is Outcome.CLEARED


# Change of owner


def test_r30_a_narrowed_profile_sets_one_role_under_the_rules_of_its_own() -> None:
    strict = narrowed(presets()["single-strict"], MANAGER)

    assert [column.label for column in strict.columns] == ["account ID", "account Manager"]
    assert strict.required_user_roles == {"Sales"}
    assert decided(strict, "(nobody)", of=account(account_manager=(ANA.email,))).outcome is (
        Outcome.CLEARED
    )


def handed(
    *to: str, of: Account, most: int | None = None, by: WriteContext | None = None
) -> Decision:
    lists = presets()["manager-and-viewers"]
    profile = handing_over(replace(lists, roles={VIEWER: Role(VIEWER, most)}), VIEWER)
    return decided(profile, ANA.email.upper(), ",".join(to) or "(nobody)", of=of, by=by)


def test_r30_a_handover_moves_one_place_and_leaves_the_others() -> None:
    planned = handed(BO.email, of=account(viewer=(ANA.email, GONE.email)))

    assert planned.changes == (RoleChange(VIEWER, (ANA.email, GONE.email), (BO.email, GONE.email)),)
    assert planned.write is not None
    assert planned.write.precedences[VIEWER] == "20"


def test_nobody_holds_a_role_twice_after_a_handover() -> None:
    planned = handed(BO.email, of=account(viewer=(ANA.email, BO.email)))

    assert planned.changes[0].after == (BO.email,)


def test_a_place_handed_over_to_nobody_stays_empty() -> None:
    assert handed(of=account(viewer=(ANA.email, BO.email))).changes[0].after == (BO.email,)
    assert handed(of=account(viewer=(ANA.email,))).outcome is Outcome.CLEARED


def test_a_user_who_no_longer_holds_the_role_hands_nothing_over() -> None:
    planned = handed(BO.email, of=account(viewer=(GONE.email,)))

    assert (planned.outcome, planned.write) == (Outcome.SUPERSEDED, None)
    why = f"viewer is {GONE.email}, expected {ANA.email} in it"
    assert planned.message == f"the account has changed since: {why}"


def test_the_place_of_nobody_cannot_be_handed_over() -> None:
    profile = handing_over(presets()["manager-and-viewers"], VIEWER)

    planned = decided(profile, "", BO.email, of=account(viewer=(ANA.email,)))

    assert (planned.outcome, planned.changes) == (Outcome.SUPERSEDED, ())


def test_handovers_of_two_users_are_different_even_with_one_successor() -> None:
    profile = handing_over(presets()["manager-and-viewers"], VIEWER)
    binding = bind([column.label for column in profile.columns], profile, mapping={}, line=1)

    forms = {
        canonical(Line(number, ("A-1", holder.email, BO.email)), binding, profile)
        for number, holder in enumerate((ANA, CY, ANA), 2)
    }

    assert len(forms) == 2


def test_a_handover_that_is_processed_again_reports_the_same() -> None:
    held = account(viewer=(ANA.email, GONE.email))
    planned = handed(BO.email, of=held)

    again = handed(BO.email, of=after(held, planned))

    assert (again.outcome, again.changes, again.write) == (planned.outcome, planned.changes, None)


def test_a_handover_to_several_stays_within_the_limit_of_the_role() -> None:
    held = account(viewer=(ANA.email, GONE.email))

    assert handed(BO.email, AWAY.email, of=held, most=2).rejection is not None
    planned = handed(BO.email, CY.email, of=held, most=2)
    assert planned.rejection is not None
    assert (planned.rejection.code, planned.rejection.column) == (
        "TOO_MANY_USERS",
        "hand over viewer to",
    )
    assert handed(BO.email, CY.email, of=held, most=3).outcome is Outcome.UPDATED
    assert handed(BO.email, of=held, most=1).outcome is Outcome.UPDATED, "no more than before"


def test_a_role_that_the_profile_does_not_define_is_handed_over_to_any_number() -> None:
    undefined = replace(presets()["manager-and-viewers"], roles={})
    cells = (ANA.email, f"{BO.email},{CY.email}")

    planned = decided(handing_over(undefined, VIEWER), *cells, of=account(viewer=(ANA.email,)))

    assert planned.changes[0].after == (BO.email, CY.email)


def test_a_profile_can_be_narrowed_only_to_one_of_its_roles() -> None:
    with pytest.raises(ValueError, match="no column for deputy"):
        narrowed(presets()["single-strict"], "deputy")


def after(held: Account, planned: Decision) -> Account:
    assert planned.write is not None
    write = planned.write
    return replace(
        held,
        assigned=write.assigned,
        precedences=write.precedences,
        receipts=write.receipts,
        version=held.version + 1,
    )
