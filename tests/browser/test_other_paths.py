"""A workbook that is taken back again, and a leaver's accounts."""

from __future__ import annotations

import io

import xlsxwriter
from playwright.sync_api import expect

from tests.browser.conftest import Opening
from tests.kit.doors import ADMIN, Doors, accounts_csv

RIGHT, OTHER = "wanjiru.mwangi@lumina.example", "brian.kiptoo@lumina.example"
LEAVER = "lea.leaver@lumina.example"


def workbook(rows: list[tuple[str, str]]) -> bytes:
    """A workbook with a header and these rows, as text."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Managers")
        for number, row in enumerate([("account ID", "account Manager"), *rows]):
            sheet.write_row(number, 0, row)
    return file.getvalue()


def test_a_workbook_is_applied_and_then_taken_back(open_console: Opening, doors: Doors) -> None:
    one, two = doors.new_accounts(2)
    console = open_console(ADMIN)
    console.open("/import")
    console.drop("managers.xlsx", workbook([(one, RIGHT), (two, RIGHT)]))
    console.sees("preview", console.heading("Who will gain and lose accounts"))
    console.button("Apply these 2 changes").click()
    console.sees("good", console.page.get_by_text("2 accounts changed. All lines were good."))
    doors.run(accounts_csv((two, OTHER)))

    console.button("Preview the undo").click()
    console.sees("undo", console.heading("Left alone, and why"))
    expect(console.page.get_by_text("1 account gets back what it had before.")).to_be_visible()
    console.button("Take back this change").click()
    console.sees("taken back", console.page.get_by_text("1 account changed."))

    assert [doors.manager(account) for account in (one, two)] == [[], [OTHER]]


def test_a_leavers_accounts_are_handed_over_before_they_go(
    open_console: Opening, doors: Doors
) -> None:
    accounts = doors.new_accounts(2)
    fields = {"name": "Lea Leaver", "roles": ["Sales"], "opco": "Lumina Kenya"}
    made = doors.api("POST", "/users", body={"email": LEAVER, **fields})
    assert made.status == 201, made.body
    doors.run(accounts_csv(*((account, LEAVER) for account in accounts)))
    for account in accounts:
        doors.history(account, 1)  # what somebody holds follows the same stream
    console = open_console(ADMIN)
    console.open(f"/people/one?email={LEAVER}")
    console.page.get_by_role("link", name="Is leaving").click()
    console.sees("leaving", console.heading("account manager: 2 accounts"))
    console.page.get_by_label("Address of who takes over").fill(OTHER)
    console.button("Preview").click()
    console.sees("preview", console.heading("Who will gain and lose accounts"))
    console.button("Apply these 2 changes").click()
    console.sees("good", console.page.get_by_text("2 accounts changed. All lines were good."))
    for account in accounts:
        doors.history(account, 2)

    console.open(f"/people/leaving?email={LEAVER}")
    console.button("Deactivate Lea Leaver").click()
    console.sees("gone", console.page.get_by_text("they can neither sign in nor be assigned"))

    assert [doors.manager(account) for account in accounts] == [[OTHER], [OTHER]]
