"""Every line has a reason for its outcome, good ones too, and the reason costs no write."""

from __future__ import annotations

import pytest
from handover.model import Account, ChangeReceipt, Outcome, RoleChange
from handover.profiles.fields import STATUS
from handover.profiles.presets import presets
from handover.profiles.profile import WORKFLOW_ROLE
from handover.rules.decision import RecordWrite
from handover.rules.instructions import AssignmentRequest, Instruction
from handover.rules.pending import pending_assignee
from handover.rules.reasons import reason_of_change, since
from msgspec.structs import replace

from tests.unit.rules.scenery import (
    AMINA,
    BARAKA,
    ROLE,
    account,
    context,
    decided,
    receipt,
    variant,
)

EARLIER = "2026-11-20T09:00:00.000Z#00F1#ab12cd34"
EDITED = "2026-11-21T09:00:00.000Z#edit-run-1"
NOW = context("2026-11-22T10:00:00.000Z#00F2#ef56ab78")
VIEWERS = presets()["manager-and-viewers"]
BY_US = receipt(context("10", "9f" * 16), 5, AMINA.email)


def changed(*roles: str, version: int = 5, by: str = "import-10") -> ChangeReceipt:
    """The receipt of a change of these roles."""
    changes = tuple(RoleChange(role, (), (AMINA.email,)) for role in roles)
    return ChangeReceipt(by, "10", 2, "x", f"at-{version}", version, changes)


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ({}, "already so"),
        (
            {"precedences": {ROLE: EARLIER}},
            "already so since 2026-11-20T09:00:00.000Z by import ab12cd34",
        ),
        ({"precedences": {ROLE: EDITED}}, "already so since 2026-11-21T09:00:00.000Z by an edit"),
        (
            {"precedences": {ROLE: f"{EARLIER}#edit-run-1"}},
            "already so since 2026-11-20T09:00:00.000Z by an edit",
        ),
        (
            {"precedences": {ROLE: EARLIER}, "receipts": (BY_US,)},
            f"already so since 2026-11-22T10:00:00.000Z by import {'9f' * 16}",
        ),
        (
            {"receipts": (changed(ROLE, version=7), changed(ROLE, "viewer", version=6))},
            "already so since at-7 by import import-10",
        ),
        ({"receipts": (changed("viewer"),)}, "already so"),
        ({"receipts": (changed(ROLE, by="edit-run-1"),)}, "already so since at-5 by an edit"),
    ],
)
def test_an_unchanged_line_says_since_when_and_by_which_import(
    held: dict[str, object], reason: str
) -> None:
    planned = decided("0042", AMINA.email, of=account(AMINA.email, **held), by=NOW)

    assert (planned.outcome, planned.write) == (Outcome.UNCHANGED, None)
    assert planned.message == reason


def test_a_line_that_confirmed_the_assignment_does_not_name_its_own_import() -> None:
    by = replace(NOW, older_open_imports=frozenset({"older"}))
    planned = decided("0042", AMINA.email, of=account(AMINA.email), by=by)
    again = decided("0042", AMINA.email, of=stored(planned.write), by=by)

    assert planned.message == again.message == "already so"


def test_a_line_that_asks_for_no_change_says_so() -> None:
    planned = decided("0042", "", of=account(AMINA.email), profile=variant(blank="keep"), by=NOW)

    assert planned.message == "every cell of the line leaves the account as it is"


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "account Manager is cleared by a blank cell"),
        (" none", "account Manager is cleared by the word 'none'"),
        (BARAKA.email, ""),
    ],
)
def test_a_cleared_line_names_the_clear_word_even_after_a_retry(cell: str, reason: str) -> None:
    planned = decided("0042", cell, of=account(AMINA.email), by=NOW)
    again = decided("0042", cell, of=stored(planned.write), by=NOW)

    assert planned.message == again.message == reason


def test_each_role_that_is_cleared_is_named() -> None:
    held = Account("lumina", "C-1", 2, assigned={ROLE: (AMINA.email,), "viewer": (AMINA.email,)})
    profile = replace(VIEWERS, clear_words=frozenset({"-"}))
    header = ("customer ID", "email", "defaultViewers")

    planned = decided("C-1", BARAKA.email, "-", of=held, profile=profile, header=header, by=NOW)

    assert planned.outcome is Outcome.UPDATED
    assert planned.message == "defaultViewers is cleared by the word '-'"


@pytest.mark.parametrize(
    ("later", "receipts", "reason"),
    [
        ("2027#00#ab12cd34", (), "import ab12cd34 of 2027"),
        ("2027#00#ab12cd34", (changed(ROLE),), "import ab12cd34 of 2027"),
        ("2027#edit-1", (), "an edit of 2027"),
        ("99", (replace(changed(ROLE), precedence="99"),), "import import-10 of 99"),
    ],
)
def test_a_superseded_line_says_by_which_import(
    later: str, receipts: tuple[ChangeReceipt, ...], reason: str
) -> None:
    held = account(AMINA.email, precedences={ROLE: later}, receipts=receipts)

    planned = decided("0042", BARAKA.email, of=held, by=NOW)

    assert planned.outcome is Outcome.SUPERSEDED
    assert planned.message == f"a later import has decided this account already: {reason}"


def test_a_pending_line_names_the_address_that_it_waits_for() -> None:
    profile = variant(unknown_user="pending", required_user_roles=[], opco_wall=False)

    planned = decided("0042", "New@x.example", of=account(), profile=profile, by=NOW)

    assert planned.outcome is Outcome.PENDING
    assert planned.message == "no user has the address new@x.example so far"


@pytest.mark.parametrize("role", [WORKFLOW_ROLE, STATUS])
def test_only_users_are_waited_for(role: str) -> None:
    change = RoleChange(role, (), (pending_assignee("new@x.example"),))

    assert reason_of_change(Instruction(7, "0042", "account ID", ()), (change,)) == ""


def stored(write: RecordWrite | None) -> Account:
    """The account after the write."""
    assert write is not None
    held = write.record
    return replace(
        held,
        version=held.version + 1,
        assigned=write.assigned,
        precedences=write.precedences,
        receipts=write.receipts,
    )


def test_a_role_that_nothing_has_decided_hides_no_time_of_another() -> None:
    of = account(precedences={ROLE: EARLIER})

    assert since(of, [ROLE, "viewer"]) == " since 2026-11-20T09:00:00.000Z by import ab12cd34"


def test_all_reasons_of_a_line_are_given_one_after_the_other() -> None:
    asked = Instruction(
        2,
        "0042",
        "account ID",
        (
            AssignmentRequest("viewer", "Viewers", (), cleared_by="a blank cell"),
            AssignmentRequest("CSM", "CSM", (), expected=(AMINA.email,)),
        ),
    )
    changes = (
        RoleChange("viewer", (AMINA.email,), ()),
        RoleChange(ROLE, (), ("pending:new@x.example",)),
        # These values are no users, whatever they look like.
        RoleChange("workflow", (), ("pending:a@x.example",)),
        RoleChange("#name", (), ("pending:b@x.example",)),
    )

    assert reason_of_change(asked, changes).split(". ") == [
        "Viewers is cleared by a blank cell",
        "no user has the address new@x.example so far",
        "left as it was: CSM",
    ]
