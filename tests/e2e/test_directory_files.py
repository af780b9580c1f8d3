"""A system maintains the directory: it drops accounts and users, and people assign them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.kit.deployed import DeployedStack, accounts_csv, until


def ended(deployed: DeployedStack, folder: Path, name: str, text: str) -> dict[str, Any]:
    """The import of a directory file that the source `crm` has dropped, once it has ended."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    deployed.drop(file, f"directory/lumina/crm/{name}")
    found = until(lambda: deployed.imports_of(name), f"the import of {name}")[0]
    return deployed.ended(found["import_id"])


def test_users_of_a_dropped_directory_are_assigned_and_only_explicit_statuses_delete(
    deployed: DeployedStack, tmp_path: Path
) -> None:
    users = ended(
        deployed,
        tmp_path,
        "users of story.csv",
        "email,name,roles,opco,status,employee_id,phone,mobile,login_name\n"
        "Story.One@lumina.example,Story One,Sales,Lumina Kenya,,S1,,,story1\n"
        "story.two@lumina.example,Story Two,Sales,Lumina Kenya,active,S2,,,story2\n"
        "no address,Nobody,Sales,Lumina Kenya,,,,,\n"
        "story.three@lumina.example,Story Three,Sales,Lumina Kenya,asleep,,,,\n",
    )
    accounts = ended(
        deployed,
        tmp_path,
        "accounts of story.csv",
        "account_id,name,customer_id,opco,status,portals,account_manager\n"
        "ST1,Acme,C-1,Lumina Kenya,active,shop;desk,story.two@lumina.example\n"
        "ST2,Bolt,C-2,Lumina Kenya,,,\n"
        ",Nameless,,,,,\n"
        "ST3,Cord,C-3,Lumina Kenya,,,nobody@lumina.example\n",
    )

    assert users["state"] == accounts["state"] == "error"
    assert [row["code"] for row in deployed.results(users)] == [
        "",
        "",
        "ADDRESS_INVALID",
        "STATUS_UNKNOWN",
    ]
    assert [row["code"] for row in deployed.results(accounts)] == [
        "",
        "",
        "ACCOUNT_BLANK",
        "USER_NOT_FOUND",
    ]
    assert (deployed.manager("ST1"), deployed.manager("ST2")) == (["story.two@lumina.example"], [])
    deployed.notification(f"import-finished/{accounts['import_id']}")

    assigned = deployed.run(accounts_csv(("ST2", "story.one@lumina.example"), ("ST3", "None")))
    assert assigned["counts"]["updated"] == assigned["counts"]["rejected"] == 1

    again = ended(
        deployed,
        tmp_path,
        "users of story, a day later.csv",
        "email,status\nstory.two@lumina.example,deleted\nSTORY.TWO@lumina.example,deleted\n",
    )
    assert again["counts"] == {**_no_counts(), "lines": 2, "updated": 1, "duplicate": 1}
    user = deployed.api("GET", "/users/story.two@lumina.example").json
    assert user["status"] == "deleted"
    assert deployed.api("GET", "/users/story.one@lumina.example").json["status"] == "active"
    # An import of its own removes deleted users from all accounts.
    until(lambda: deployed.manager("ST1") == [], "the removal of who was deleted")
    assert deployed.manager("ST2") == ["story.one@lumina.example"]


def _no_counts() -> dict[str, int]:
    names = "lines updated cleared unchanged pending rejected duplicate superseded not_processed"
    return dict.fromkeys(names.split(), 0)
