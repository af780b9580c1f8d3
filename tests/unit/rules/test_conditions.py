"""Conditions: the columns "Current ..." name who must hold a role, or the line is superseded."""

from __future__ import annotations

import pytest
from handover.errors import RefusedError
from handover.model import Account, Line, Outcome, Rejection, User
from handover.profiles.binding import bind
from handover.profiles.presets import presets
from handover.profiles.profile import Profile, Role
from handover.rules.addresses import normalized_name
from handover.rules.decision import Decision, LookupContext
from handover.rules.instructions import Instruction, instruction_of
from handover.rules.planner import plan
from handover.rules.understanding import canonical
from msgspec.structs import replace

from tests.unit.rules.scenery import context

ANA = User("ana@y.example", "Ana Sousa", frozenset({"Sales"}), "Kenya", login_name="asousa")
BO = User("bo@y.example", "Bo Li", frozenset({"Sales"}), "Kenya")
CY = User("cy@y.example", "Cy", frozenset({"Sales"}), "Kenya")
GONE = User("gone@y.example", "Gone", frozenset(), is_active=False, is_deleted=True)
USERS = {one.email: one for one in (ANA, BO, CY, GONE)} | {"asousa": ANA}
NAMES = {normalized_name(one.name): (one,) for one in (ANA, BO)}
LOOKUP = LookupContext(USERS, lambda _: None, frozenset({"Standard", "Firm"}), NAMES)
MANAGER, VIEWER, WORKFLOW = "account_manager", "viewer", "workflow"
TEAM = presets()["role-team"].with_roles([Role("CSM", 1), Role("current CSM", 1)])


def understand(profile: Profile, **cells: str) -> Instruction | Rejection:
    """The instruction of a line with cells under these labels, with _ for a space."""
    labels = [label.replace("_", " ") for label in cells]
    binding = bind([profile.columns[0].label, *labels], profile, mapping={}, line=1)
    return instruction_of(Line(7, ("A-1", *cells.values())), binding, profile)


def decided(profile: str | Profile, held: dict[str, tuple[str, ...]], **cells: str) -> Decision:
    one = presets()[profile] if isinstance(profile, str) else profile
    understood = understand(one, **cells)
    assert isinstance(understood, Instruction)
    account = Account("lumina", "A-1", 3, opco="Kenya", assigned=held)
    return plan(understood, account, LOOKUP, one, context())


@pytest.mark.parametrize(
    ("profile", "held", "cells"),
    [
        ("single-strict", {MANAGER: (ANA.email,)}, {"account_manager": BO.email}),
        ("directory-single", {MANAGER: (ANA.email,)}, {"account_manager": BO.email}),
        ("manager-and-viewers", {MANAGER: (ANA.email,)}, {"email": BO.email}),
        ("manager-and-viewers", {MANAGER: (ANA.email,)}, {"email": "", "defaultViewers": BO.email}),
        (
            "multi-with-workflow",
            {MANAGER: (ANA.email,)},
            {"Account_manager_email": "", "Workflow_name": "Firm"},
        ),
    ],
)
def test_a_line_applies_only_if_the_named_user_holds_the_role(
    profile: str, held: dict[str, tuple[str, ...]], cells: dict[str, str]
) -> None:
    met = decided(profile, held, **cells, Current_account_manager=ANA.email.upper())
    failed = decided(profile, held, **cells, Current_account_manager=CY.email)
    free = decided(profile, held, **cells, Current_account_manager=" ")

    assert (met.outcome, free.outcome) == (Outcome.UPDATED, Outcome.UPDATED)
    assert (failed.outcome, failed.changes, failed.write) == (Outcome.SUPERSEDED, (), None)
    assert failed.message == f"Current account manager: found {ANA.email}, expected {CY.email}"


@pytest.mark.parametrize(
    ("held", "cell", "outcome"),
    [
        ((ANA.email, BO.email), f"{BO.email}, {ANA.email},{BO.email}", Outcome.UPDATED),
        ((ANA.email, BO.email), f"{BO.email}\r\n{ANA.email}", Outcome.UPDATED),
        ((ANA.email, BO.email), ANA.email, Outcome.SUPERSEDED),
        ((ANA.email,), f"{ANA.email},{BO.email}", Outcome.SUPERSEDED),
        ((), "(nobody)", Outcome.UPDATED),
        ((ANA.email,), "(Nobody)", Outcome.SUPERSEDED),
        ((), ANA.email, Outcome.SUPERSEDED),
        ((f"pending:{ANA.email}",), ANA.email, Outcome.UPDATED),
        (("pending:new@y.example",), "new@y.example", Outcome.UPDATED),
        ((GONE.email,), GONE.email, Outcome.UPDATED),
        (("lost@y.example",), "lost@y.example", Outcome.UPDATED),
    ],
)
def test_exactly_the_named_users_must_hold_a_list(
    held: tuple[str, ...], cell: str, outcome: Outcome
) -> None:
    cells = {"email": "", "defaultViewers": CY.email, "Current_viewers": cell}

    assert decided("manager-and-viewers", {VIEWER: held}, **cells).outcome is outcome


def test_one_failed_condition_supersedes_the_whole_line_and_each_is_named() -> None:
    cells = {"email": BO.email, "defaultViewers": CY.email}
    required = {"Current_account_manager": CY.email, "Current_viewers": ANA.email}
    held = {MANAGER: (ANA.email,), VIEWER: ()}

    planned = decided("manager-and-viewers", held, **cells, **required)

    assert planned.outcome is Outcome.SUPERSEDED
    assert planned.message == (
        f"Current account manager: found {ANA.email}, expected {CY.email}; "
        f"Current viewers: found nobody, expected {ANA.email}"
    )


def test_a_line_whose_effect_is_already_there_is_unchanged() -> None:
    cells = {"account_Manager": BO.email, "Current_account_manager": ANA.email}

    assert decided("single-strict", {MANAGER: (BO.email,)}, **cells).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize(
    ("cell", "outcome"),
    [("Standard", Outcome.UPDATED), ("Firm", Outcome.SUPERSEDED), ("Old", Outcome.UPDATED)],
)
def test_the_present_workflow_is_named_as_exactly_as_a_new_one(cell: str, outcome: Outcome) -> None:
    # The account still follows "Old", although the tenant has removed it.
    held: dict[str, tuple[str, ...]] = {WORKFLOW: ("Old" if cell == "Old" else "Standard",)}
    cells = {"Account_manager_email": ANA.email, "Workflow_name": "", "Current_workflow": cell}

    assert decided("multi-with-workflow", held, **cells).outcome is outcome


def test_a_condition_names_users_as_the_columns_of_its_role_do() -> None:
    login = {"account_manager": BO.email, "Current_account_manager": "asousa"}
    name = {"CSM": BO.email, "Current_CSM___tid": "Ana  SOUSA"}
    team = presets()["role-team"].with_roles([Role("CSM", 1)])

    assert decided("directory-single", {MANAGER: (ANA.email,)}, **login).outcome is Outcome.UPDATED
    labels = ["account ID", "CSM", "Current CSM"]
    binding = bind(labels, team, mapping={}, line=1)
    understood = instruction_of(Line(7, ("A-1", *name.values())), binding, team)
    assert isinstance(understood, Instruction)
    account = Account("lumina", "A-1", 3, assigned={"CSM": (ANA.email,)})
    assert plan(understood, account, LOOKUP, team, context()).outcome is Outcome.UPDATED


@pytest.mark.parametrize(
    ("profile", "cells", "column", "code"),
    [
        (
            "single-strict",
            {"account_Manager": ANA.email, "Current_account_manager": "x@y.example"},
            "Current account manager",
            "USER_NOT_FOUND",
        ),
        (
            "multi-with-workflow",
            {"Account_manager_email": "", "Workflow_name": "", "Current_workflow": "Frim"},
            "Current workflow",
            "WORKFLOW_NOT_FOUND",
        ),
    ],
)
def test_a_condition_with_an_unknown_name_rejects_the_line(
    profile: str, cells: dict[str, str], column: str, code: str
) -> None:
    planned = decided(profile, {}, **cells)

    assert planned.outcome is Outcome.REJECTED
    assert planned.rejection is not None
    assert (planned.rejection.column, planned.rejection.code) == (column, code)


def test_a_condition_with_the_name_of_two_users_rejects_the_line() -> None:
    team = presets()["role-team"].with_roles([Role("CSM", 1)])
    binding = bind(["account ID", "CSM", "Current CSM"], team, mapping={}, line=1)
    understood = instruction_of(Line(7, ("A-1", BO.email, ANA.name)), binding, team)
    assert isinstance(understood, Instruction)
    account = Account("lumina", "A-1", 3, assigned={"CSM": (ANA.email,)})
    both = replace(LOOKUP, named={normalized_name(ANA.name): (ANA, CY)})

    planned = plan(understood, account, both, team, context())

    assert planned.outcome is Outcome.REJECTED
    assert planned.rejection is not None
    assert (planned.rejection.column, planned.rejection.code) == ("Current CSM", "USER_AMBIGUOUS")


def test_a_control_character_in_a_condition_rejects_the_line() -> None:
    cells = {"account_Manager": ANA.email, "Current_account_manager": "a\x07b"}

    found = understand(presets()["single-strict"], **cells)

    assert isinstance(found, Rejection)
    assert found.column == "Current account manager"


def test_a_line_end_in_the_name_of_a_present_workflow_is_no_separator() -> None:
    cells = {"Account_manager_email": "", "Workflow_name": "Firm", "Current_workflow": "Stan\ndard"}

    found = understand(presets()["multi-with-workflow"], **cells)

    assert isinstance(found, Rejection)
    assert (found.code, found.column) == ("INVALID_CHARACTER", "Current workflow")


def test_lines_with_different_conditions_contradict_each_other() -> None:
    profile = presets()["single-strict"]
    binding = bind([column.label for column in profile.columns], profile, mapping={}, line=1)

    one, same, other, none = (
        canonical(Line(number, ("A-1", BO.email, cell)), binding, profile)
        for number, cell in enumerate((ANA.email, f" {ANA.email.upper()}", CY.email, ""), start=2)
    )

    assert one == same
    assert len({one, other, none}) == 3


def test_a_file_with_only_conditions_is_refused() -> None:
    profile = presets()["role-team"].with_roles([Role("CSM", 1)])

    with pytest.raises(RefusedError, match="none of the columns 'CSM___tid', 'CSM'"):
        bind(["account ID", "Current CSM"], profile, mapping={}, line=1)


def test_the_present_holder_is_proposed_if_the_column_of_the_role_is_missing() -> None:
    profile = presets()["single-strict"]
    labels = ["account ID", "Current account manager"]

    with pytest.raises(RefusedError, match="--map 'Current account manager=account Manager'"):
        bind(labels, profile, mapping={}, line=1)

    mapping = {"Current account manager": "account Manager"}
    binding = bind(labels, profile, mapping=mapping, line=1)
    assert ([one.index for one in binding.roles], binding.conditions) == ([1], ())


def test_a_role_named_current_keeps_its_column() -> None:
    labels = [column.label for column in TEAM.columns]

    assert len({label.casefold() for label in labels}) == len(labels)
    assert bind(["account ID", "current CSM"], TEAM, mapping={}, line=1).conditions == ()


def test_a_condition_is_checked_again_against_what_the_account_holds_at_the_write() -> None:
    profile = presets()["single-strict"]
    understood = understand(profile, account_Manager=BO.email, Current_account_manager=ANA.email)
    assert isinstance(understood, Instruction)
    read = Account("lumina", "A-1", 3, opco="Kenya", assigned={MANAGER: (ANA.email,)})

    planned = plan(understood, read, LOOKUP, profile, context())
    newer = replace(read, version=4, assigned={MANAGER: (CY.email,)})

    assert planned.write is not None
    assert planned.write.record.version == 3
    assert plan(understood, newer, LOOKUP, profile, context()).outcome is Outcome.SUPERSEDED
