"""The main path: from a messy file to all lines good, by mouse, by keyboard and on a phone."""

from __future__ import annotations

import io
import re
from pathlib import Path

import xlsxwriter
from playwright.sync_api import FilePayload, expect

from tests.browser.conftest import Opening
from tests.browser.console import Console
from tests.kit.deployed import ADMIN, BACK_OFFICE, DeployedStack, accounts_csv, until

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
UPLOADS = Path(__file__).resolve().parents[2] / "events" / "uploads"
RIGHT, WRONG = "wanjiru.mwangi@lumina.example", "wanjiru.mwagni@lumina.example"
OTHER = "brian.kiptoo@lumina.example"


def messy(accounts: list[str]) -> bytes:
    """A foreign spreadsheet: semicolons, a BOM, other labels, two typos, an unknown account."""
    one, two, three, four = accounts
    rows = [
        "Kundennummer;Betreuer E-Mail;Name;Bemerkung",
        f"{one};{OTHER};Umoja Poultry;",
        f"{two};{WRONG};Simba Tailors;a typo",
        f"{three};{WRONG};Jua Tailors;the same typo",
        f"X{four};{OTHER};Savanna Tailors;no such account",
    ]
    return "\ufeff".encode() + "\r\n".join(rows).encode() + b"\r\n"


def workbook(rows: list[list[str]]) -> bytes:
    """A workbook with these rows, as text."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Managers")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return file.getvalue()


def preview(console: Console) -> None:
    """Drops a file whose columns are all certain, which leads to its preview."""
    console.sees("preview", console.heading("Who will gain and lose accounts"))


def test_a_messy_file_is_previewed_applied_and_corrected_and_the_correction_is_undone(
    open_console: Opening, deployed: DeployedStack
) -> None:
    accounts = deployed.new_accounts(4)
    console = open_console(ADMIN)
    console.open("/home")
    console.sees("home", console.heading("Hello, Ines Okello"))
    console.drop("Kunden Mai.csv", messy(accounts))
    preview(console)
    console.page.get_by_role("link", name="Brian Kiptoo").click()
    expect(console.page.locator("table.lines tbody tr")).to_have_count(1)
    untouched = deployed.manager(accounts[0])
    console.button("Apply this change").click()
    console.sees("result", console.heading("Lines to fix"))
    expect(console.page.get_by_text("3 lines have problems")).to_be_visible()
    console.button("Use it in all 2 like it").first.click()
    console.page.get_by_label("Kundennummer, line 5").fill(accounts[3])
    expect(console.page.get_by_text("3 lines corrected")).to_be_visible()
    console.button("Apply the corrected lines").click()
    console.sees("good", console.page.get_by_text("3 accounts changed. All lines were good."))

    assert untouched == []
    assert [deployed.manager(one) for one in accounts] == [[OTHER], [RIGHT], [RIGHT], [OTHER]]
    deployed.run(accounts_csv((accounts[1], OTHER)))
    console.page.get_by_role("link", name="History").click()
    console.sees("history", console.heading("History"))
    console.page.get_by_role("link", name="corrections of Kunden Mai.csv").click()
    console.button("Preview the undo").click()
    console.sees("undo", console.heading("Left alone, and why"))
    expect(console.page.get_by_text("2 accounts get back what they had before.")).to_be_visible()
    console.button("Take back these 2 changes").click()
    console.sees("taken back", console.page.get_by_text("2 accounts changed."))

    assert [deployed.manager(one) for one in accounts] == [[OTHER], [OTHER], [], []]


def test_the_whole_path_works_by_keyboard_in_the_dark_theme(
    open_console: Opening, deployed: DeployedStack
) -> None:
    one, two = deployed.new_accounts(2)
    console = open_console(ADMIN, color_scheme="dark")
    console.open("/import")
    keyboard = console.page.keyboard

    console.tab_to(console.page.get_by_text("Or paste cells from a spreadsheet"))
    keyboard.press("Enter")
    console.tab_to(console.page.get_by_label("Cells, with their header in the first line"))
    keyboard.insert_text(f"account ID\taccount Manager\n{one}\t{OTHER}\n{two}\t{WRONG}\n")
    console.sees("pasted", console.button("Use these cells"))
    console.tab_to(console.button("Use these cells"))
    keyboard.press("Enter")
    console.tab_to(console.button("Apply this change"))
    keyboard.press("Enter")
    cell = console.page.get_by_label("account Manager, line 3")
    console.tab_to(cell)
    keyboard.press("ControlOrMeta+A")
    keyboard.type("nobody")
    keyboard.press("Escape")
    expect(cell).to_have_value(WRONG)
    keyboard.press("ControlOrMeta+A")
    keyboard.type(RIGHT)
    keyboard.press("ControlOrMeta+Enter")
    console.sees("good", console.page.get_by_text("1 account changed. All lines were good."))

    assert [deployed.manager(one), deployed.manager(two)] == [[OTHER], [RIGHT]]


def test_a_workbook_can_be_imported_and_fixed_on_a_phone(
    open_console: Opening, deployed: DeployedStack
) -> None:
    accounts = deployed.new_accounts(4)
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    console = open_console(BACK_OFFICE, **phone)
    console.open("/home")
    console.sees("home", console.page.get_by_role("heading", level=1))
    console.page.get_by_role("link", name="Import a file").first.tap()
    console.sees("import", console.heading("Import a file"))

    header, *rows = (line.split(";") for line in messy(accounts).decode("utf-8-sig").splitlines())
    book = workbook([[*header[:1], "account Managr", *header[2:]], *rows])
    file: FilePayload = {"name": "phone.xlsx", "mimeType": XLSX, "buffer": book}
    with console.page.expect_file_chooser() as chooser:
        console.page.get_by_text("Choose a file").tap()
    chooser.value.set_files(file)
    console.sees("columns", console.page.get_by_text("1 column needs a look."))
    console.button("Preview the changes").tap()
    preview(console)
    console.button("Apply this change").tap()
    console.sees("result", console.heading("Lines to fix"))
    console.button("Use all 2 suggestions").tap()
    console.sees("corrected", console.page.get_by_text("2 lines corrected"))

    assert deployed.manager(accounts[0]) == [OTHER]


def test_without_scripts_a_file_is_still_sent_and_its_columns_are_shown(
    open_console: Opening, deployed: DeployedStack
) -> None:
    console = open_console(ADMIN, java_script_enabled=False)
    console.open("/import")
    console.page.get_by_label("Name of your file").fill("plain.csv")
    console.button("Go on").click()
    file: FilePayload = {
        "name": "plain.csv",
        "mimeType": "text/csv",
        "buffer": accounts_csv(("KE1", OTHER)),
    }
    console.page.get_by_label("File").set_input_files(file)
    with console.page.expect_popup():
        console.button("Send").click()
    console.page.get_by_role("link", name="See the columns").click()

    # The page refreshes itself until the columns are there.
    console.sees("columns", console.heading("What this file is"))


def test_an_import_that_clears_many_continues_once_another_person_approves(
    open_console: Opening,
) -> None:
    uploader, admin = open_console(BACK_OFFICE), open_console(ADMIN)
    uploader.open("/import")
    uploader.drop("clears-many.csv", (UPLOADS / "clears-many.csv").read_bytes())
    preview(uploader)
    uploader.button(re.compile("Apply these .* changes")).click()
    uploader.sees("waiting", uploader.page.get_by_text("an Admin must approve it first"))

    expect(uploader.button("Approve: apply the changes")).to_have_count(0)
    admin.open("/home")
    admin.sees("home", admin.heading("Waiting for approval"))
    admin.page.locator(".tasks").get_by_role("link", name="clears-many.csv").first.click()
    admin.sees("approval", admin.heading("Who would be taken off"))
    admin.page.get_by_label("Why").first.fill("The region moves.")
    admin.button("Approve: apply the changes").click()

    admin.sees("result", admin.page.get_by_text("All lines were good."))
    # The page of the waiting uploader moves on by itself.
    uploader.sees("result", uploader.page.get_by_text("All lines were good."))


def test_the_drop_of_a_system_is_found_in_the_history(
    open_console: Opening, deployed: DeployedStack, tmp_path: Path
) -> None:
    (account,) = deployed.new_accounts(1)
    file = tmp_path / "nightly-browser.csv"
    file.write_bytes(accounts_csv((account, OTHER)))
    deployed.drop(file, f"drop/lumina/crm/{file.name}")
    until(lambda: deployed.imports_of(file.name), "the import of the drop")
    console = open_console(ADMIN)
    console.open("/imports")
    console.page.get_by_label("Source").fill("crm")
    console.button("Filter").click()
    console.sees("history", console.heading("History"))
    console.page.get_by_role("link", name=file.name).click()

    console.sees("result", console.page.get_by_text("1 account changed. All lines were good."))
