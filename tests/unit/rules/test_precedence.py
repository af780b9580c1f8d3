"""Precedence: the latest import decides an account, and nothing is decided twice."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from handover.model import Account, ChangeReceipt, Outcome, RoleChange
from handover.rules.decision import RecordWrite, Targets
from handover.rules.instructions import AssignmentRequest, Instruction
from handover.rules.precedence import account_only, decide
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.kit.oracle.histories import Entry, chain
from tests.unit.rules.interleaving import (
    PEOPLE,
    ROLES,
    Edit,
    Import,
    Store,
    World,
    in_order,
    in_some_order,
)
from tests.unit.rules.scenery import (
    AMINA,
    BARAKA,
    ROLE,
    account,
    context,
    decided,
    receipt,
    understand,
    variant,
)


def line(cell: str, number: int = 7) -> Instruction:
    understood = understand("0042", cell, number=number)
    assert isinstance(understood, Instruction)
    return understood


def stored(write: RecordWrite | None) -> Account:
    """The account after the write."""
    assert write is not None
    return replace(
        write.record,
        version=write.record.version + 1,
        assigned=write.assigned,
        precedences=write.precedences,
        receipts=write.receipts,
    )


@pytest.mark.parametrize(
    ("left", "later"),
    [
        (AssignmentRequest("viewer", "viewer", (BARAKA.email,)), {"viewer": "99"}),
        (AssignmentRequest("viewer", "viewer", (BARAKA.email,), expected=("a@x.example",)), {}),
        (AssignmentRequest("viewer", "viewer", (BARAKA.email,), instead_of="a@x.example"), {}),
    ],
    ids=["decided later", "held by others", "not held by the one replaced"],
)
def test_a_role_that_stays_as_it_is_keeps_no_other_from_changing(
    left: AssignmentRequest, later: dict[str, str]
) -> None:
    of = account(AMINA.email, precedences=later)
    asked = Instruction(7, "0042", "account ID", (left, AssignmentRequest(ROLE, ROLE, ())))
    targets: Targets = [(one, (BARAKA.email,)) for one in asked.requests]

    planned = decide(asked, of, targets, context())

    assert planned.changes == (RoleChange(ROLE, (AMINA.email,), (BARAKA.email,)),)


# A line that is processed again


def test_a_retried_line_reports_what_it_has_done_and_writes_nothing() -> None:
    first = decided("0042", BARAKA.email, of=account(AMINA.email))

    again = decided("0042", BARAKA.email, of=stored(first.write))

    assert (again.outcome, again.changes) == (Outcome.UPDATED, first.changes)
    assert again.write is None


def test_a_retried_clearing_is_still_reported_as_cleared() -> None:
    first = decided("0042", "None", of=account(AMINA.email))

    again = decided("0042", "None", of=stored(first.write))

    assert (again.outcome, again.changes, again.write) == (Outcome.CLEARED, first.changes, None)


def test_a_retried_line_reports_the_same_even_if_a_later_import_has_written_since() -> None:
    older, newer = context("20"), context("30", older_open_imports=["import-20"])
    first = decided("0042", AMINA.email, of=account(), by=older)
    second = decided("0042", BARAKA.email, of=stored(first.write), by=newer)

    again = decided("0042", AMINA.email, of=stored(second.write), by=older)

    assert (again.outcome, again.changes, again.write) == (Outcome.UPDATED, first.changes, None)


def test_a_retried_line_reports_the_same_even_if_the_user_has_left_since() -> None:
    first = decided("0042", AMINA.email, of=account())
    wall = variant(required_user_roles=["Nobody has this"])

    again = decided("0042", AMINA.email, of=stored(first.write), profile=wall)

    assert (again.outcome, again.rejection) == (Outcome.UPDATED, None)


def test_a_retried_line_that_was_unchanged_stays_unchanged_even_if_the_user_has_left() -> None:
    newer = context("30", older_open_imports=["import-20"])
    kept = stored(decided("0042", AMINA.email, of=account(AMINA.email), by=newer).write)
    wall = variant(required_user_roles=["Nobody has this"])

    again = decided("0042", AMINA.email, of=kept, by=newer, profile=wall)

    assert (again.outcome, again.rejection, again.write) == (Outcome.UNCHANGED, None, None)


def test_the_receipt_of_another_line_or_import_does_not_count_as_ones_own() -> None:
    receipts = (
        receipt(context("20"), 6, AMINA.email, line=8),
        receipt(context("19"), 5, AMINA.email),
    )

    planned = decided("0042", BARAKA.email, of=account(AMINA.email, receipts=receipts))

    assert planned.write is not None
    assert [one.line for one in planned.write.receipts] == [8, 7], "line 8 may come again"


def test_a_chunk_that_must_not_write_reports_what_it_did_and_nothing_else() -> None:
    done = stored(decided("0042", AMINA.email, of=account()).write)

    assert account_only(line(AMINA.email), done, context()).outcome is Outcome.UPDATED
    assert account_only(line(AMINA.email, 8), done, context()).outcome is Outcome.NOT_PROCESSED
    assert account_only(line(AMINA.email), account(), context()).outcome is Outcome.NOT_PROCESSED
    assert account_only(line(AMINA.email), None, context()).outcome is Outcome.NOT_PROCESSED


def test_a_chunk_that_must_not_write_repeats_a_decision_that_changed_nothing() -> None:
    newer = context("30", older_open_imports=["import-20"])
    kept = stored(decided("0042", AMINA.email, of=account(AMINA.email), by=newer).write)

    assert account_only(line(AMINA.email), kept, newer).outcome is Outcome.UNCHANGED


# The order of imports


def test_a_decision_of_a_later_import_stays() -> None:
    later = account(AMINA.email, precedences={ROLE: "30#0A#ab12cd34"})

    planned = decided("0042", BARAKA.email, of=later, by=context("20"))

    assert (planned.outcome, planned.changes, planned.write) == (Outcome.SUPERSEDED, (), None)
    assert planned.message == (
        "a later import has decided this account already: import ab12cd34 of 30"
    )


def test_a_decision_of_an_earlier_import_is_replaced() -> None:
    earlier = account(AMINA.email, precedences={ROLE: "10"})

    planned = decided("0042", BARAKA.email, of=earlier, by=context("20"))

    assert planned.outcome is Outcome.UPDATED
    assert planned.write is not None
    assert planned.write.precedences == {ROLE: "20"}


def test_a_line_is_superseded_even_if_both_imports_ask_for_the_same() -> None:
    later = account(AMINA.email, precedences={ROLE: "30"})

    assert decided("0042", AMINA.email, of=later).outcome is Outcome.SUPERSEDED


@pytest.mark.parametrize("cell", [AMINA.email, AMINA.email.upper()])
def test_an_unchanged_line_without_older_open_imports_writes_nothing(cell: str) -> None:
    planned = decided("0042", cell, of=account(AMINA.email, precedences={ROLE: "10"}))

    assert (planned.outcome, planned.write) == (Outcome.UNCHANGED, None)


def test_an_unchanged_line_with_older_open_imports_raises_the_order_and_nothing_else() -> None:
    before = account(
        AMINA.email, precedences={ROLE: "10"}, receipts=(receipt(context("10"), 5, AMINA.email),)
    )

    planned = decided(
        "0042", AMINA.email, of=before, by=context("20", older_open_imports=["import-15"])
    )

    assert planned.outcome is Outcome.UNCHANGED
    assert stored(planned.write) == replace(before, version=6, precedences={ROLE: "20"})


def test_an_order_is_raised_only_once() -> None:
    by = context("20", older_open_imports=["import-15"])
    raised = stored(decided("0042", AMINA.email, of=account(AMINA.email), by=by).write)

    again = decided("0042", AMINA.email, of=raised, by=by)

    assert (again.outcome, again.write) == (Outcome.UNCHANGED, None)


TWO_ROLES = variant(
    columns=[
        {"holds": "account", "label": "id"},
        {"holds": "users", "label": "manager", "role": "manager", "by": ["email"]},
        {"holds": "users", "label": "viewer", "role": "viewer", "by": ["email"]},
    ],
    roles={"manager": {"max_users": 1}, "viewer": {"max_users": 1}},
)
COLUMNS = ("id", "manager", "viewer")


def test_one_of_two_roles_may_be_superseded_and_the_other_applied() -> None:
    of = account(assigned={"manager": (AMINA.email,)}, precedences={"manager": "30"})

    planned = decided("0042", BARAKA.email, BARAKA.email, of=of, profile=TWO_ROLES, header=COLUMNS)

    assert planned.outcome is Outcome.UPDATED
    assert planned.changes == (RoleChange("viewer", (), (BARAKA.email,)),)
    assert planned.write is not None
    assert planned.write.assigned == {"manager": (AMINA.email,), "viewer": (BARAKA.email,)}
    assert planned.write.precedences == {"manager": "30", "viewer": "20"}


@pytest.mark.parametrize(("older_open_imports", "manager"), [([], "10"), (["import-15"], "20")])
def test_an_unchanged_role_takes_the_order_only_while_there_are_older_open_imports(
    older_open_imports: list[str], manager: str
) -> None:
    of = account(assigned={"manager": (AMINA.email,)}, precedences={"manager": "10"})

    planned = decided(
        "0042",
        AMINA.email,
        BARAKA.email,
        of=of,
        profile=TWO_ROLES,
        header=COLUMNS,
        by=context("20", older_open_imports=older_open_imports),
    )

    assert planned.write is not None
    assert planned.write.precedences == {"manager": manager, "viewer": "20"}


def test_a_line_that_clears_one_role_and_fills_another_is_an_update() -> None:
    of = account(assigned={"manager": (AMINA.email,)})

    planned = decided("0042", "None", BARAKA.email, of=of, profile=TWO_ROLES, header=COLUMNS)

    assert planned.outcome is Outcome.UPDATED


def test_a_line_that_asks_for_nothing_is_unchanged() -> None:
    keep = variant(blank="keep")

    planned = decided("0042", "", of=account(AMINA.email), profile=keep)

    assert (planned.outcome, planned.write) == (Outcome.UNCHANGED, None)


# Receipts


def test_a_change_leaves_a_receipt_that_says_who_when_where_and_what() -> None:
    planned = decided("0042", BARAKA.email, of=account(AMINA.email))

    assert planned.write is not None
    assert planned.write.receipts == (
        ChangeReceipt(
            "import-20",
            "20",
            7,
            "ines@x.example",
            "2026-11-22T10:00:00.000Z",
            6,
            (RoleChange(ROLE, (AMINA.email,), (BARAKA.email,)),),
        ),
    )


def test_receipts_of_open_and_of_later_imports_are_kept_and_those_of_ended_ones_dropped() -> None:
    receipts = tuple(
        receipt(context(order), version, AMINA.email)
        for version, order in enumerate(["10", "25", "15", "12"], start=2)
    )
    of = account(AMINA.email, precedences={ROLE: "15"}, receipts=receipts)

    planned = decided(
        "0042", BARAKA.email, of=of, by=context("20", older_open_imports=["import-15", "import-19"])
    )

    assert planned.write is not None
    kept = [one.import_id for one in planned.write.receipts]
    assert kept == ["import-25", "import-15", "import-20"]


# Any imports, any interleaving

Assigned = dict[str, tuple[str, ...]]

wishes = st.dictionaries(
    st.sampled_from(ROLES), st.sampled_from([(), PEOPLE[:1], PEOPLE[1:]]), min_size=1
)


def run(
    initial: Assigned, wished: list[Assigned], steps: bytes, edits: Collection[int] = ()
) -> World:
    """The world after the steps: each byte is a step of one of the imports, or a mishap.

    `edits` are the places of those that are single edits.
    """
    world = World(
        Store(Account("lumina", "0042", 1, assigned=initial)),
        [
            Edit(place, wish) if place in edits else Import(place, wish)
            for place, wish in enumerate(wished)
        ],
    )
    for step in steps:
        kind, number = divmod(step, len(world.imports))
        match kind % 16:
            case 0:
                world.kill(number, writing=False)
            case 1 | 2:
                world.kill(number, writing=True)
            case 3:
                world.give_up(number)
            case 4:
                world.arrive()
            case 5:
                world.store.change_fields()
            case _:
                world.step(number)
    world.finish()
    return world


@settings(max_examples=200)
@given(wishes, st.lists(wishes, min_size=1, max_size=4), st.binary(max_size=60))
# The newer import has written and is stopped, the older one writes another role: 12 is a step of
# the older one, 13 of the newer, 1 stops the newer.
@example({"viewer": ()}, [{"viewer": PEOPLE[:1]}, {"manager": PEOPLE[:1]}], b"\r\r\r\x01\f\f\f\f")
def test_imports_in_any_interleaving_end_as_if_they_had_run_one_after_another(
    initial: Assigned, wished: list[Assigned], steps: bytes
) -> None:
    world = run(initial, wished, steps)

    account = world.store.account
    assert {role: who for role, who in account.assigned.items() if who} == in_order(
        initial, world.imports
    )
    check(world, initial)


@settings(max_examples=200)
@given(
    wishes,
    st.lists(wishes, min_size=1, max_size=4),
    st.sets(st.integers(0, 3), min_size=1),
    st.binary(max_size=60),
)
# An import has written and is stopped; after an edit its line is processed again: 12 is a step of
# the first of two, 13 of the second, 0 stops the first.
@example(
    {"manager": ()}, [{"manager": PEOPLE[:1]}, {"manager": PEOPLE[1:]}], {1}, b"\f\f\f\0\r\r\r\f\f"
)
# During an edit, a later import finds the account already as it asks.
@example(
    {"manager": PEOPLE[:1]},
    [{"manager": PEOPLE[1:]}, {"manager": PEOPLE[:1]}],
    {0},
    b"\f\f\r\r\r\f\f",
)
def test_single_edits_in_any_interleaving_fit_into_the_order_of_imports(
    initial: Assigned, wished: list[Assigned], edits: set[int], steps: bytes
) -> None:
    world = run(initial, wished, steps, edits)

    account = world.store.account
    found = {role: who for role, who in account.assigned.items() if who}
    assert found in in_some_order(initial, world.imports)
    check(world, initial)


def check(world: World, initial: Assigned) -> None:
    """Fails unless the history has no gap and every result matches its report."""
    check_history(world, initial)
    for one in world.imports:
        assert one.settled is not None
        entries = [found for _, of, found in world.store.history if of == one.import_id]
        assert entries == ([one.settled.changes] if one.settled.changes else [])
        is_change = one.settled.outcome in (Outcome.UPDATED, Outcome.CLEARED)
        assert is_change is bool(one.settled.changes)
        if one.settled.outcome is Outcome.SUPERSEDED:
            precedences = world.store.account.precedences
            assert all(precedences[role] > one.precedence for role in one.targets)


def check_history(world: World, initial: Assigned) -> None:
    """Fails unless each entry begins where the last one ended, up to the present state."""
    entries = [
        Entry(version, by, {change.role: (change.before, change.after) for change in changes})
        for version, by, changes in world.store.history
    ]
    first, last = (
        {role: held.get(role, ()) for role in ROLES}
        for held in (initial, world.store.account.assigned)
    )
    assert list(chain(first, entries, last)) == []
