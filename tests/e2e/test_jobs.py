"""Users who come and go, and second thoughts: what Handover does by files that it writes itself."""

from __future__ import annotations

import urllib.parse
from typing import Any

from tests.kit.doors import ADMIN, Doors, accounts_csv, until

NEEMA = "neema.juma@lumina.example"
AMANI = "amani.otieno@lumina.example"
BRIAN = "brian.kiptoo@lumina.example"


def team(doors: Doors, account: str) -> list[str]:
    found: dict[str, Any] = doors.api("GET", f"/accounts/{account}").json
    return list(found["assigned"].get("CSM", []))


def portfolio(doors: Doors, user: str) -> list[dict[str, str]]:
    answer = doors.api("GET", f"/portfolios/{urllib.parse.quote(user, safe='')}")
    assert answer.status == 200, answer.body
    found: list[dict[str, str]] = answer.json["accounts"]
    return found


def test_accounts_wait_for_a_user_who_is_created_and_deleted_again(doors: Doors) -> None:
    first, second = doors.new_accounts(2)
    assert doors.api("PUT", "/roles/CSM", body={"max_users": 1}).status == 200
    file = f"account ID,CSM___tid\r\n{first},{NEEMA}\r\n{second},{NEEMA}\r\n".encode()

    waits = doors.run(file, profile="role-team")
    assert waits["counts"]["pending"] == 2
    ledger = until(
        lambda: doors.api("GET", "/pending").json["pending"], "the ledger of who is awaited"
    )
    assert {one["address"] for one in ledger} == {NEEMA}

    created = doors.api(
        "POST", "/users", body={"email": NEEMA, "name": "Neema Juma", "roles": ["Sales"]}
    )
    assert created.status == 201, created.body
    until(lambda: team(doors, first) == team(doors, second) == [NEEMA], "the resolution")
    until(lambda: len(portfolio(doors, NEEMA)) == 2, "the portfolio of the newcomer")
    assert until(lambda: not doors.api("GET", "/pending").json["pending"], "an empty ledger")

    deleted = doors.api("DELETE", f"/users/{urllib.parse.quote(NEEMA, safe='')}")
    assert deleted.status == 202, deleted.body
    removal = doors.ended(deleted.json["import_ticket"])

    assert removal["state"] == "done"
    assert removal["filename"] == f"removal of {NEEMA}, deleted by {ADMIN}.csv"
    assert removal["counts"]["cleared"] == 2
    assert team(doors, first) == team(doors, second) == []
    doors.notification(f"import-finished/{removal['import_id']}")
    entries = doors.history(first, 3)
    assert [entry["actor"] for entry in entries] == [ADMIN, "handover", ADMIN]
    again = doors.run(file, profile="role-team")
    assert again["counts"]["rejected"] == 2, "who was deleted is not awaited"


def test_an_undo_restores_accounts_that_nothing_else_has_changed(doors: Doors) -> None:
    first, second = doors.new_accounts(2)
    wrong = doors.run(accounts_csv((first, AMANI), (second, AMANI)))
    doors.run(accounts_csv((second, BRIAN)))

    answer = doors.api("POST", f"/imports/{wrong['import_id']}/undo")
    assert answer.status == 202, answer.body
    undo = doors.ended(answer.json["import_ticket"])

    assert undo["undo_of"] == wrong["import_id"]
    assert (undo["counts"]["cleared"], undo["counts"]["superseded"]) == (1, 1)
    assert doors.manager(first) == []
    assert doors.manager(second) == [BRIAN]


def test_accounts_are_handed_over_without_a_file(doors: Doors) -> None:
    accounts = doors.new_accounts(3)

    answer = doors.api(
        "POST",
        "/assignments",
        body={"profile": "single-strict", "to": AMANI, "account_ids": accounts},
    )
    assert answer.status == 202, answer.body
    handed = doors.ended(answer.json["import_ticket"])

    assert handed["filename"] == f"change of account_manager to {AMANI}.csv"
    assert handed["counts"]["updated"] == 3
    assert [doors.manager(account) for account in accounts] == [[AMANI]] * 3
