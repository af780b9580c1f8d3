"""Requirements of the other systems: the same rules with other profiles.

Each test carries the numbers it holds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from handover.errors import RefusedError
from handover.model import Account, Line, Outcome, Rejection, RoleChange, User
from handover.profiles.binding import bind
from handover.profiles.presets import presets
from handover.profiles.profile import Profile
from handover.profiles.template import template_csv
from handover.rules.decision import Decision, LookupContext
from handover.rules.instructions import Instruction, instruction_of
from handover.rules.nearness import nearest
from handover.rules.planner import plan
from msgspec.structs import replace

from tests.unit.rules.scenery import context

CODE = Path(__file__).resolve().parents[3] / "layers" / "handover" / "handover"

VIEWERS = presets()["manager-and-viewers"]
WORKFLOWS = presets()["multi-with-workflow"]
SINGLE = presets()["directory-single"]

ANA = User("ana@y.example", "Ana", frozenset(), login_name="ana.lima")
BO = User("bo@y.example", "Bo", frozenset({"Support"}))
CY = User("cy@y.example", "Cy", frozenset(), is_active=False)
USERS = {user.email: user for user in (ANA, BO, CY)} | {ANA.login_name: ANA}
FIELDS = LookupContext(
    USERS, nearest((ANA.email, BO.email)), frozenset({"Standard", "Key accounts"})
)

VIEWERS_HEADER = ("customer ID", "email", "defaultViewers")
WORKFLOWS_HEADER = ("External Id", "Account manager email", "Workflow name")
SINGLE_HEADER = ("account ID", "account manager")


def customer(**lookup: Any) -> Account:
    return replace(Account("lumina", "C-1", 3), **lookup)


def decided(profile: Profile, header: tuple[str, ...], *cells: str, of: Account | None) -> Decision:
    binding = bind(header, profile, mapping={}, line=1)
    instruction = instruction_of(Line(2, cells), binding, profile)
    if isinstance(instruction, Rejection):
        return Decision(Outcome.REJECTED, rejection=instruction)
    assert isinstance(instruction, Instruction)
    return plan(instruction, of, FIELDS, profile, context())


def code(planned: Decision) -> str:
    assert planned.rejection is not None, planned
    return planned.rejection.code


# Peakflo


def test_r34_r35_the_columns_are_found_as_the_product_names_them() -> None:
    assert template_csv(VIEWERS).decode("utf-8-sig") == (
        "customer ID,email,defaultViewers,Current account manager,Current viewers\r\n"
    )


def test_r31_r38_viewers_are_a_list_separated_by_commas_that_replaces_the_last_one() -> None:
    cells = ("C-1", "", "bo@y.example , ANA@y.example,bo@y.example")
    held = customer(assigned={"viewer": ("bo@y.example",), "account_manager": ("bo@y.example",)})

    planned = decided(VIEWERS, VIEWERS_HEADER, *cells, of=held)

    after = ("ana@y.example", "bo@y.example")
    assert planned.changes == (RoleChange("viewer", ("bo@y.example",), after),)
    assert planned.write is not None
    assert planned.write.assigned["account_manager"] == ("bo@y.example",)


def test_the_same_viewers_in_another_order_are_unchanged() -> None:
    held = customer(assigned={"viewer": ("ana@y.example", "bo@y.example")})

    planned = decided(VIEWERS, VIEWERS_HEADER, "C-1", "", "bo@y.example,ana@y.example", of=held)

    assert planned.outcome is Outcome.UNCHANGED
    assert planned.write is None


def test_r37_the_manager_is_one_existing_user() -> None:
    one = decided(VIEWERS, VIEWERS_HEADER, "C-1", "ana@y.example", "", of=customer())
    two = decided(VIEWERS, VIEWERS_HEADER, "C-1", "ana@y.example,bo@y.example", "", of=customer())
    nobody = decided(VIEWERS, VIEWERS_HEADER, "C-1", "dan@y.example", "", of=customer())

    assert one.outcome is Outcome.UPDATED
    assert code(two) == "TOO_MANY_USERS"
    assert code(nobody) == "USER_NOT_FOUND"


def test_r42_one_line_sets_manager_and_viewers_and_a_blank_keeps() -> None:
    held = customer(assigned={"account_manager": ("bo@y.example",)})

    both = decided(VIEWERS, VIEWERS_HEADER, "C-1", "ana@y.example", "bo@y.example", of=held)
    blank = decided(VIEWERS, VIEWERS_HEADER, "C-1", "", "", of=held)

    assert [change.role for change in both.changes] == ["account_manager", "viewer"]
    assert blank.outcome is Outcome.UNCHANGED


def test_c6_none_is_an_ordinary_word_if_the_profile_has_no_clear_words() -> None:
    assert code(decided(VIEWERS, VIEWERS_HEADER, "C-1", "None", "", of=customer())) == (
        "USER_NOT_FOUND"
    )


# Upflow


def test_r65_the_three_columns_are_expected_and_a_missing_one_is_named() -> None:
    with pytest.raises(RefusedError, match="'Workflow name'"):
        bind(WORKFLOWS_HEADER[:2], WORKFLOWS, mapping={}, line=1)


def test_r70_several_managers_in_one_cell() -> None:
    planned = decided(
        WORKFLOWS, WORKFLOWS_HEADER, "C-1", "ana@y.example, bo@y.example", "", of=customer()
    )

    assert planned.changes == (
        RoleChange("account_manager", (), ("ana@y.example", "bo@y.example")),
    )


def test_r72_columns_are_mapped_and_additional_ones_discarded() -> None:
    labels = ("Country", "Customer", "Owner", "Dunning")
    mapping = {
        "customer": "External Id",
        "OWNER": "Account manager email",
        "Dunning": "Workflow name",
    }

    binding = bind(labels, WORKFLOWS, mapping=mapping, line=1)

    assert binding.key == 1
    assert [(assignee.index, assignee.role) for assignee in binding.roles] == [
        (2, "account_manager"),
        (3, "workflow"),
    ]


def test_r68_a_workflow_is_set_by_its_exact_name() -> None:
    planned = decided(WORKFLOWS, WORKFLOWS_HEADER, "C-1", "", "Key accounts", of=customer())

    assert planned.outcome is Outcome.UPDATED
    assert planned.changes == (RoleChange("workflow", (), ("Key accounts",)),)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("standard", "The exact name is 'Standard'."),
        ("Key\u00a0accounts", "NO-BREAK SPACE"),
        ("Key\u200b accounts", "ZERO WIDTH SPACE"),
        ("Premium", "Check the spelling"),
    ],
)
def test_r68_a_name_that_only_looks_right_is_an_error(name: str, hint: str) -> None:
    planned = decided(WORKFLOWS, WORKFLOWS_HEADER, "C-1", "", name, of=customer())

    assert code(planned) == "WORKFLOW_NOT_FOUND"
    assert planned.rejection is not None
    assert hint in planned.rejection.hint


@pytest.mark.parametrize("cell", ["ana@y.example,bo@y.exmaple", "ana@y.example,,eve@y.example"])
def test_r84_r85_one_bad_address_fails_the_whole_line_and_is_named(cell: str) -> None:
    planned = decided(WORKFLOWS, WORKFLOWS_HEADER, "C-1", cell, "Standard", of=customer())

    assert planned.write is None
    assert planned.rejection is not None
    assert planned.rejection.error == "User not found, check the email"
    assert repr(cell.rsplit(",", 1)[1]) in planned.rejection.hint


def test_r85_a_wrong_separator_between_addresses_is_an_error() -> None:
    planned = decided(
        WORKFLOWS, WORKFLOWS_HEADER, "C-1", "ana@y.example; bo@y.example", "", of=customer()
    )

    assert planned.rejection is not None
    assert "separated by ','" in planned.rejection.hint


def test_r83_an_unknown_customer_is_reported_in_the_products_words() -> None:
    planned = decided(WORKFLOWS, WORKFLOWS_HEADER, "C-9", "ana@y.example", "", of=None)

    assert planned.rejection is not None
    assert planned.rejection.error == "The customer was not found"
    assert planned.rejection.hint == "Check and update your customer external ID in your file."


def test_r86_a_blank_manager_or_workflow_changes_nothing() -> None:
    held = customer(assigned={"account_manager": ("bo@y.example",), "workflow": ("Standard",)})

    planned = decided(WORKFLOWS, WORKFLOWS_HEADER, "C-1", "", "", of=held)

    assert planned.outcome is Outcome.UNCHANGED


# SupportCenter Plus


def test_r101_never_several_managers_for_one_account() -> None:
    planned = decided(SINGLE, SINGLE_HEADER, "C-1", "ana@y.example,bo@y.example", of=customer())

    assert code(planned) == "USER_NOT_FOUND"


def test_r103_an_inactive_account_is_refused() -> None:
    planned = decided(SINGLE, SINGLE_HEADER, "C-1", "ana@y.example", of=customer(is_active=False))

    assert code(planned) == "ACCOUNT_INACTIVE"


def test_r91_a_manager_may_be_named_by_the_login_name() -> None:
    planned = decided(SINGLE, SINGLE_HEADER, "C-1", "Ana.Lima", of=customer())

    assert planned.changes == (RoleChange("account_manager", (), ("ana@y.example",)),)


# All


@pytest.mark.parametrize("file", sorted(CODE.rglob("*.py")), ids=lambda file: file.stem)
def test_no_code_distinguishes_the_presets_by_name(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    assert not [name for name in presets() if f'"{name}"' in text]
