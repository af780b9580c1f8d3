"""Workbooks by the public interfaces: the deployed function converts and imports them."""

from __future__ import annotations

import csv
import io

from tests.kit.deployed import DeployedStack, http
from tests.workbooks.builders import by_openpyxl, by_xlsxwriter

HEADER = ("account ID", "account Manager")


def test_a_workbook_is_uploaded_and_imported(deployed: DeployedStack) -> None:
    (account,) = deployed.new_accounts(1)
    rows = [HEADER, (account, "amani.otieno@lumina.example"), (), ("nobody", "None")]

    ended = deployed.run(by_xlsxwriter(rows), filename="managers.xlsx")

    assert (ended["state"], ended["counts"]["updated"]) == ("error", 1)
    assert deployed.manager(account) == ["amani.otieno@lumina.example"]
    (error,) = csv.DictReader(io.StringIO(deployed.report(ended).decode("utf-8-sig"), newline=""))
    assert (error["account ID"], error["line"]) == ("nobody", "4")


def test_a_workbook_with_hidden_rows_is_refused_and_says_what_to_do(
    deployed: DeployedStack,
) -> None:
    def hide(book: object) -> None:
        book.worksheets[0].row_dimensions[2].hidden = True  # type: ignore[attr-defined]

    rows = [HEADER, ("KE100556", "amani.otieno@lumina.example")]
    ended = deployed.run(by_openpyxl(rows, change=hide), filename="filtered.xlsx")

    assert (ended["state"], ended["refusal"]["code"]) == ("refused", "HIDDEN_ROWS")
    assert "Show them" in ended["refusal"]["message"]


def test_the_report_is_available_as_a_workbook_and_can_be_uploaded_again(
    deployed: DeployedStack,
) -> None:
    first = deployed.run(by_xlsxwriter([HEADER, ("nobody", "None")]), filename="managers.xlsx")

    link = deployed.api("GET", f"/imports/{first['import_id']}/report?format=xlsx")
    assert link.status == 302
    report = http("GET", link.headers["Location"]).body
    again = deployed.run(report, filename="managers-errors.xlsx")

    assert (again["state"], again["counts"]["rejected"]) == ("error", 1)
