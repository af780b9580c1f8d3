"""Jobs: new and deleted users, undo, and reassignment, all by files that Handover writes itself."""

from __future__ import annotations

import urllib.parse
from typing import Any

from tests.kit.deployed import ADMIN, DeployedStack, accounts_csv, until

NEEMA = "neema.juma@lumina.example"
AMANI = "amani.otieno@lumina.example"
BRIAN = "brian.kiptoo@lumina.example"


def team(deployed: DeployedStack, account: str) -> list[str]:
    found: dict[str, Any] = deployed.api("GET", f"/accounts/{account}").json
    return list(found["assigned"].get("CSM", []))


def portfolio(deployed: DeployedStack, user: str) -> list[dict[str, str]]:
    answer = deployed.api("GET", f"/portfolios/{urllib.parse.quote(user, safe='')}")
    assert answer.status == 200, answer.body
    found: list[dict[str, str]] = answer.json["accounts"]
    return found


def test_accounts_wait_for_a_user_who_is_created_and_deleted_again(deployed: DeployedStack) -> None:
    first, second = deployed.new_accounts(2)
    assert deployed.api("PUT", "/roles/CSM", body={"max_users": 1}).status == 200
    file = f"account ID,CSM___tid\r\n{first},{NEEMA}\r\n{second},{NEEMA}\r\n".encode()

    waits = deployed.run(file, profile="role-team")
    assert waits["counts"]["pending"] == 2
    ledger = until(
        lambda: deployed.api("GET", "/pending").json["pending"], "the ledger of who is awaited"
    )
    assert {one["address"] for one in ledger} == {NEEMA}

    created = deployed.api(
        "POST", "/users", body={"email": NEEMA, "name": "Neema Juma", "roles": ["Sales"]}
    )
    assert created.status == 201, created.body
    until(lambda: team(deployed, first) == team(deployed, second) == [NEEMA], "the resolution")
    until(lambda: len(portfolio(deployed, NEEMA)) == 2, "the portfolio of the newcomer")
    assert until(lambda: not deployed.api("GET", "/pending").json["pending"], "an empty ledger")

    deleted = deployed.api("DELETE", f"/users/{urllib.parse.quote(NEEMA, safe='')}")
    assert deleted.status == 202, deleted.body
    removal = deployed.ended(deleted.json["import_ticket"])

    assert removal["state"] == "done"
    assert removal["filename"] == f"removal of {NEEMA}, deleted by {ADMIN}.csv"
    assert removal["counts"]["cleared"] == 2
    assert team(deployed, first) == team(deployed, second) == []
    deployed.notification(f"import-finished/{removal['import_id']}")
    entries = deployed.history(first, 3)
    assert [entry["actor"] for entry in entries] == [ADMIN, "handover", ADMIN]
    again = deployed.run(file, profile="role-team")
    assert again["counts"]["rejected"] == 2, "who was deleted is not awaited"


def test_an_undo_restores_accounts_that_nothing_else_has_changed(deployed: DeployedStack) -> None:
    first, second = deployed.new_accounts(2)
    wrong = deployed.run(accounts_csv((first, AMANI), (second, AMANI)))
    deployed.run(accounts_csv((second, BRIAN)))

    answer = deployed.api("POST", f"/imports/{wrong['import_id']}/undo")
    assert answer.status == 202, answer.body
    undo = deployed.ended(answer.json["import_ticket"])

    assert undo["undo_of"] == wrong["import_id"]
    assert (undo["counts"]["cleared"], undo["counts"]["superseded"]) == (1, 1)
    assert deployed.manager(first) == []
    assert deployed.manager(second) == [BRIAN]


def test_accounts_are_handed_over_without_a_file(deployed: DeployedStack) -> None:
    accounts = deployed.new_accounts(3)

    answer = deployed.api(
        "POST",
        "/assignments",
        body={"profile": "single-strict", "to": AMANI, "account_ids": accounts},
    )
    assert answer.status == 202, answer.body
    handed = deployed.ended(answer.json["import_ticket"])

    assert handed["filename"] == f"change of account_manager to {AMANI}.csv"
    assert handed["counts"]["updated"] == 3
    assert [deployed.manager(account) for account in accounts] == [[AMANI]] * 3
