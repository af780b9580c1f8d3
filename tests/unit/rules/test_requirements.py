"""The requirements R1 to R20 of the first system, proven by the rules that decide lines.

`tests/functional` proves R5, R18 and the uploader's side of R1 and R3.
"""

from __future__ import annotations

import pytest
from handover.errors import RefusedError
from handover.model import Account, Outcome, RoleChange
from handover.profiles.binding import bind
from handover.profiles.template import template_csv
from handover.rules.instructions import Instruction

from tests.unit.rules.scenery import (
    AMINA,
    BARAKA,
    CLEO,
    DIDIER,
    ROLE,
    STRICT,
    account,
    decided,
    understand,
)


def test_r1_one_line_changes_the_manager_of_one_account() -> None:
    planned = decided("0042", BARAKA.email, of=account(AMINA.email))

    assert planned.outcome is Outcome.UPDATED
    assert planned.write is not None
    assert planned.write.assigned == {ROLE: (BARAKA.email,)}


@pytest.mark.parametrize(
    ("roles", "may"),
    [
        (["Admin"], True),
        (["Back Office Management"], True),
        (["Sales", "Admin"], True),
        (["Sales"], False),
        (["admin"], False),
        ([], False),
    ],
)
def test_r2_r3_only_an_admin_or_back_office_management_may_upload(
    roles: list[str], may: bool
) -> None:
    assert STRICT.admits(frozenset(roles), is_on=True) is may


def test_r4_the_manager_is_named_by_address_in_any_case_and_has_the_sales_role() -> None:
    good = decided("0042", "  Amina@X.Example ", of=account())
    bad = decided("0042", CLEO.email, of=account())

    assert good.changes == (RoleChange(ROLE, (), (AMINA.email,)),)
    assert bad.rejection is not None
    assert bad.rejection.code == "USER_ROLE"
    assert "Finance, expected Sales" in bad.rejection.error


def test_r5_r18_the_file_is_a_csv_and_has_a_template() -> None:
    assert template_csv(STRICT).decode("utf-8-sig") == (
        "account ID,account Manager,Current account manager\r\n"
    )


@pytest.mark.parametrize(
    "header", [("account ID", "account Manager"), ("account_id", "account_manager")]
)
def test_r6_the_columns_are_labelled_account_id_and_account_manager(
    header: tuple[str, str],
) -> None:
    assert decided("0042", AMINA.email, of=account(), header=header).outcome is Outcome.UPDATED


@pytest.mark.parametrize("header", [("0042", "amina@x.example"), ("account ID", "manager")])
def test_r7_a_header_is_required_and_a_renamed_column_is_an_error_of_the_file(
    header: tuple[str, str],
) -> None:
    with pytest.raises(RefusedError, match="MISSING_COLUMN"):
        bind(header, STRICT, mapping={}, line=1)


def test_r8_none_to_a_person() -> None:
    planned = decided("0042", AMINA.email, of=account())

    assert planned.outcome is Outcome.UPDATED
    assert planned.changes == (RoleChange(ROLE, (), (AMINA.email,)),)


def test_r9_one_person_to_another() -> None:
    planned = decided("0042", BARAKA.email, of=account(AMINA.email))

    assert planned.outcome is Outcome.UPDATED
    assert planned.changes == (RoleChange(ROLE, (AMINA.email,), (BARAKA.email,)),)


@pytest.mark.parametrize("cell", ["", "   ", "\u00a0"])
def test_r10_one_person_to_none_by_an_empty_cell(cell: str) -> None:
    planned = decided("0042", cell, of=account(AMINA.email))

    assert planned.outcome is Outcome.CLEARED
    assert planned.changes == (RoleChange(ROLE, (AMINA.email,), ()),)


@pytest.mark.parametrize("cell", ["None", "none", " NONE "])
def test_r11_one_person_to_none_by_the_word_none(cell: str) -> None:
    planned = decided("0042", cell, of=account(AMINA.email))

    assert planned.outcome is Outcome.CLEARED
    assert planned.changes == (RoleChange(ROLE, (AMINA.email,), ()),)


@pytest.mark.parametrize("cell", ["", "None"])
@pytest.mark.parametrize("assigned", [{}, {ROLE: ()}])
def test_r12_none_to_none_is_unchanged_and_no_error(
    cell: str, assigned: dict[str, tuple[str, ...]]
) -> None:
    planned = decided("0042", cell, of=account(assigned=assigned))

    assert (planned.outcome, planned.rejection, planned.write) == (Outcome.UNCHANGED, None, None)


def test_r13_the_key_is_the_account_and_the_customer_does_not_matter() -> None:
    one = decided("0042", AMINA.email, of=account(customer_id="C1"))
    other = decided("0042", AMINA.email, of=account(customer_id="C2"))

    assert (one.outcome, one.changes) == (other.outcome, other.changes)


def test_r14_the_accounts_of_one_customer_may_have_different_managers() -> None:
    accounts = [Account("lumina", f"A{n}", 1, customer_id="C1", opco="Kenya") for n in range(2)]

    first = decided("A0", AMINA.email, of=accounts[0])
    second = decided("A1", BARAKA.email, of=accounts[1])

    assert first.changes[0].after == (AMINA.email,)
    assert second.changes[0].after == (BARAKA.email,)


@pytest.mark.parametrize("separator", [",", ";", " "])
def test_r15_an_account_has_one_manager(separator: str) -> None:
    planned = decided("0042", f"{AMINA.email}{separator}{BARAKA.email}", of=account())

    assert planned.rejection is not None
    assert planned.rejection.code == "USER_NOT_FOUND"
    assert "expected the address of one user in this cell" in planned.rejection.hint


@pytest.mark.parametrize("account_id", ["0042", "1E+11", "  0042 ", "00 42", "42.0"])
def test_r15_an_account_id_is_text_and_stays_as_it_is(account_id: str) -> None:
    understood = understand(account_id, AMINA.email)

    assert isinstance(understood, Instruction)
    assert understood.record_id == account_id.strip()


def test_r16_a_user_of_another_opco_is_not_assigned() -> None:
    planned = decided("0042", DIDIER.email, of=account())

    assert planned.rejection is not None
    assert planned.rejection.code == "OTHER_OPCO"
    assert "belongs to Togo, the account to Kenya" in planned.rejection.error


def test_r17_opcos_are_compared_line_by_line() -> None:
    kenyan, togolese = account(), account(opco="Togo")

    assert decided("0042", DIDIER.email, of=togolese).outcome is Outcome.UPDATED
    assert decided("0042", DIDIER.email, of=kenyan).outcome is Outcome.REJECTED
    assert decided("0042", AMINA.email, of=kenyan).outcome is Outcome.UPDATED


def test_r17_an_account_without_an_opco_accepts_no_user_of_one() -> None:
    planned = decided("0042", AMINA.email, of=account(opco=""))

    assert planned.rejection is not None
    assert planned.rejection.code == "OTHER_OPCO"


@pytest.mark.parametrize("now", [(), (AMINA.email,), (CLEO.email,)])
def test_r19_the_uploader_need_not_say_who_manages_the_account_now(now: tuple[str, ...]) -> None:
    planned = decided("0042", BARAKA.email, of=account(*now))

    assert planned.changes == (RoleChange(ROLE, now, (BARAKA.email,)),)


def test_r20_a_line_decides_its_account_from_its_present_state_whoever_wrote_it() -> None:
    edited_by_hand = account(CLEO.email, receipts=(), precedences={})

    planned = decided("0042", "None", of=edited_by_hand)

    assert planned.changes == (RoleChange(ROLE, (CLEO.email,), ()),)
