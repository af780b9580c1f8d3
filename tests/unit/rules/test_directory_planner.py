"""Which login name a line would give a user, and what a line of a directory file may decide."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from handover.model import Account, ChangeReceipt, Line, Operation, Outcome, RoleChange
from handover.profiles.binding import bind
from handover.profiles.presets import presets
from handover.rules.decision import Decision
from handover.rules.directory_lines import account_record_of, user_record_of
from handover.rules.directory_planner import (
    DirectoryContext,
    login_asked,
    logins_since,
    plan_record,
)
from handover.rules.instructions import AssignmentRequest, Instruction

from tests.unit.rules.scenery import AMINA, BARAKA, context, lookup

STATUS, LOGIN = "#status", "#login_name"
ACTIVE, INACTIVE, DELETED = "active", "inactive", "deleted"
EARLIER, SAME, LATER = "10", "20", "30"


def record(
    precedences: Mapping[str, str] | None = None,
    receipts: tuple[ChangeReceipt, ...] = (),
    **fields: str,
) -> Account:
    """A record with these fields; a name without # gets one."""
    assigned = {f"#{name}": (text,) for name, text in fields.items() if name != "manager"}
    if "manager" in fields:
        assigned["account_manager"] = (fields["manager"],)
    return Account(
        "lumina", "id", 3, assigned=assigned, precedences=precedences or {}, receipts=receipts
    )


def line_of(**fields: str) -> Instruction:
    """A line that gives the record these fields; "" clears one."""
    requests = tuple(
        AssignmentRequest(f"#{name}", name, (text,) if text else (), operation=Operation.RECORD)
        for name, text in fields.items()
    )
    return Instruction(7, "id", "email", requests)


KNOWN = record(status=ACTIVE, login_name="Ana")
GONE = record(status=DELETED, login_name="Ana")


@pytest.mark.parametrize(
    ("of", "line", "login"),
    [
        pytest.param(KNOWN, line_of(), "", id="none is given"),
        pytest.param(KNOWN, line_of(login_name="Bo"), "bo", id="another one"),
        pytest.param(KNOWN, line_of(login_name=" ANA "), "", id="the same one"),
        pytest.param(KNOWN, line_of(login_name=""), "", id="it is cleared"),
        pytest.param(record(), line_of(login_name="Bo"), "bo", id="of a new user"),
        pytest.param(record(), line_of(name="Bo"), "", id="a new user without one"),
        pytest.param(KNOWN, line_of(status=DELETED, login_name="Bo"), "", id="with the deletion"),
        pytest.param(GONE, line_of(login_name="Bo"), "", id="of a deleted user"),
        pytest.param(GONE, line_of(status=DELETED), "", id="deleted again"),
        pytest.param(GONE, line_of(status=ACTIVE), "", id="restored without one"),
        pytest.param(
            GONE, line_of(status=INACTIVE, login_name="Ana"), "ana", id="restored with it"
        ),
        pytest.param(
            record({LOGIN: SAME}, status=ACTIVE, login_name="Ana"),
            line_of(login_name="Bo"),
            "bo",
            id="the old one is of this import",
        ),
        pytest.param(
            record({LOGIN: LATER}, status=ACTIVE, login_name="Ana"),
            line_of(login_name="Bo"),
            "",
            id="a later import has given one",
        ),
        pytest.param(
            record({STATUS: LATER}, status=DELETED, login_name="Ana"),
            line_of(status=ACTIVE, login_name="Bo"),
            "",
            id="a later import has deleted the user",
        ),
        pytest.param(
            record({LOGIN: LATER}, status=DELETED, login_name="Ana"),
            line_of(status=ACTIVE),
            "ana",
            id="restored with the one of a later import",
        ),
        pytest.param(
            record({LOGIN: SAME, STATUS: SAME}, status=DELETED, login_name="Ana"),
            line_of(status=ACTIVE),
            "",
            id="restored without one by this import",
        ),
    ],
)
def test_a_line_asks_for_a_login_name_that_the_user_does_not_have_yet(
    of: Account, line: Instruction, login: str
) -> None:
    assert login_asked(line, of, context(SAME)) == login


def change(precedence: str, role: str, before: str, after: str) -> ChangeReceipt:
    changed = RoleChange(role, (before,) if before else (), (after,) if after else ())
    return ChangeReceipt(f"import-{precedence}", precedence, 7, "a", "t", 1, (changed,))


@pytest.mark.parametrize(
    ("precedence", "logins"),
    [(LATER, {"cy"}), (SAME, {"cy", "bo"}), ("15", {"cy", "bo"}), (EARLIER, {"cy", "ana"})],
)
def test_a_login_name_was_the_users_if_it_was_before_the_imports_since_then(
    precedence: str, logins: set[str]
) -> None:
    receipts = change(EARLIER, LOGIN, "Ana", "Bo"), change(SAME, LOGIN, "Bo", "Cy")

    found = logins_since(record(receipts=receipts, status=ACTIVE, login_name="Cy"), precedence)

    assert found == logins


def test_a_deleted_user_has_no_login_name_but_had_one_before() -> None:
    deleted = record(
        receipts=(change(SAME, STATUS, ACTIVE, DELETED),), status=DELETED, login_name="Cy"
    )

    assert logins_since(deleted, SAME) == {"", "cy"}
    assert logins_since(deleted, LATER) == {""}


def planned_user(
    of: Account, cells: Mapping[str, str], logins: Mapping[str, str] | None = None
) -> Decision:
    profile = presets()["directory-users"]
    binding = bind(("email", *cells), profile, mapping={}, line=1)
    asked = user_record_of(Line(7, ("ana@x.example", *cells.values())), binding, profile)
    assert isinstance(asked, Instruction)
    known = DirectoryContext(lookup(), logins=logins or {})
    return plan_record(asked, of, known, profile, context(SAME))


@pytest.mark.parametrize(
    ("holder", "column"),
    [("bo@x.example", "login_name"), ("ana@x.example", None), (None, None)],
)
def test_a_login_name_that_another_user_has_is_refused(
    holder: str | None, column: str | None
) -> None:
    cells = {"name": "Ana", "login_name": "Bo"}

    found = planned_user(KNOWN, cells, {"bo": holder} if holder else {})

    assert (found.rejection and (found.rejection.code, found.rejection.column)) == (
        ("LOGIN_TAKEN", column) if column else None
    )
    if found.rejection:
        assert "another user has the login name 'bo', or had it when this import began" in (
            found.rejection.error
        )


def test_a_restored_user_without_a_login_name_loses_the_old_one_to_no_import() -> None:
    """An older import may still name one: the line gives none."""
    found = planned_user(GONE, {"status": ACTIVE})

    assert found.changes == (
        RoleChange(LOGIN, ("Ana",), ()),
        RoleChange(STATUS, (DELETED,), (ACTIVE,)),
    )
    assert found.write is not None
    assert found.write.precedences == {STATUS: SAME}


def test_a_line_about_a_user_that_is_processed_again_reports_what_it_has_done() -> None:
    done = change(SAME, LOGIN, "Ana", "Bo")

    found = planned_user(record(receipts=(done,), status=ACTIVE, login_name="Bo"), {"name": "Ana"})

    assert (found.outcome, found.changes, found.write) == (Outcome.UPDATED, done.changes, None)


@pytest.mark.parametrize(
    ("of", "cells", "code"),
    [
        (GONE, {"name": "Ana"}, "USER_DELETED"),
        (GONE, {"status": ""}, "USER_DELETED"),
        (GONE, {"status": DELETED}, None),
        (GONE, {"status": ACTIVE}, None),
        (KNOWN, {"name": "Ana"}, None),
        (record({STATUS: SAME}, status=DELETED), {"name": "Ana"}, "USER_DELETED"),
        (record({STATUS: LATER}, status=DELETED), {"name": "Ana"}, None),
    ],
)
def test_a_deleted_user_is_restored_only_by_a_status(
    of: Account, cells: Mapping[str, str], code: str | None
) -> None:
    found = planned_user(of, cells)

    assert (found.rejection and found.rejection.code) == code


def test_a_blank_status_means_active_and_any_other_blank_cell_clears_its_field() -> None:
    of = record(status=INACTIVE, name="Ana", phone="1")

    found = planned_user(of, {"name": "", "status": "", "phone": "2"})

    assert {one.role: one.after for one in found.changes} == {
        "#name": (),
        STATUS: (ACTIVE,),
        "#phone": ("2",),
    }


def planned_account(of: Account, **cells: str) -> Decision:
    profile = presets()["directory-accounts"]
    labels = ("account_id", *cells)
    asked = account_record_of(
        Line(7, ("KE1", *cells.values())), bind(labels, profile, mapping={}, line=1), profile
    )
    assert isinstance(asked, Instruction)
    return plan_record(asked, of, DirectoryContext(lookup(), AMINA), profile, context(SAME))


@pytest.mark.parametrize(
    ("made", "is_assigned"), [(None, False), (EARLIER, False), (SAME, False), (LATER, True)]
)
def test_a_first_manager_is_assigned_only_by_a_line_older_than_what_made_the_account(
    made: str | None, *, is_assigned: bool
) -> None:
    of = record({"#made": made} if made else {}, status=ACTIVE, opco="Kenya")

    found = planned_account(of, opco="Kenya", account_manager=BARAKA.email)

    changes = {one.role: one.after for one in found.changes}
    assert changes == ({"account_manager": (BARAKA.email,)} if is_assigned else {})


def test_the_first_manager_of_a_new_account_must_be_a_user() -> None:
    found = planned_account(record(), opco="Kenya", account_manager="nobody@x.example")

    assert found.outcome is Outcome.REJECTED
    assert (found.rejection and found.rejection.code) == "USER_NOT_FOUND"


def test_a_new_account_is_active_has_the_default_manager_and_notes_what_made_it() -> None:
    found = planned_account(record(), opco="Kenya", name="Acme")
    elsewhere = planned_account(record(), opco="Togo", name="Acme")

    assert {one.role: one.after for one in found.changes} == {
        "#name": ("Acme",),
        "#opco": ("Kenya",),
        STATUS: (ACTIVE,),
        "account_manager": (AMINA.email,),
    }
    assert found.write is not None
    assert found.write.precedences == dict.fromkeys(("#name", "#opco", "#made"), SAME)
    assert {one.role for one in elsewhere.changes} == {"#name", "#opco", STATUS}


def test_a_line_that_a_later_import_has_overtaken_names_that_import() -> None:
    precedences = {"#name": "2026-01-02#import-40", "#opco": "2026-01-01#import-30"}
    of = record(precedences, status=ACTIVE, opco="Kenya", name="Acme")

    found = planned_account(of, opco="Kenya", name="Old")

    assert found.outcome is Outcome.SUPERSEDED
    assert found.message == (
        "a later import has decided this already: import import-40 of 2026-01-02"
    )
