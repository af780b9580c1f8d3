"""One story for each of the five systems: its own file and its own ways in, on the deployed stack.

Each system is a tenant of its own. The numbers in the names are those of REQUIREMENTS.md.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.kit.deployed import DeployedStack, until

MANAGER = "account_manager"


class Tenant:
    """A tenant with its directory, on the deployed stack."""

    def __init__(
        self, deployed: DeployedStack, name: str, folder: Path, files: Mapping[str, str]
    ) -> None:
        self.deployed, self.name, self.folder = deployed, name, folder
        self.admin = f"admin@{name}.example"
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
        seeded = deployed.handover("seed", str(folder), "--tenant", name)
        assert seeded.returncode == 0, seeded.stdout + seeded.stderr

    def ask(self, method: str, path: str, body: object = None, *, as_: str = "") -> Any:
        """The API's answer, which must have a status below 300."""
        answer = self.deployed.api(method, path, as_=as_ or self.admin, body=body)
        assert answer.status < 300, (answer.status, answer.body)
        return answer.json if answer.body else None

    def refused(self, method: str, path: str, body: object = None, *, as_: str = "") -> Any:
        """The problem that the API answers."""
        answer = self.deployed.api(method, path, as_=as_ or self.admin, body=body)
        assert answer.status >= 400, (answer.status, answer.body)
        return answer.json

    def run(self, profile: str, text: str, *, mode: str = "run") -> dict[str, Any]:
        """The import of a file of the profile, once it has ended."""
        return self.deployed.run(
            text.encode(), as_=self.admin, profile=profile, filename="file.csv", mode=mode
        )

    def ended(self, ticket: str) -> dict[str, Any]:
        return self.deployed.ended(ticket, self.admin)

    def holders(self, account: str, role: str = MANAGER) -> list[str]:
        found = self.ask("GET", f"/accounts/{quote(account, safe='')}")
        return list(found["assigned"].get(role, []))

    def errors(self, import_: Mapping[str, Any]) -> list[dict[str, str]]:
        text = self.deployed.report(import_).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def said(self, *words: str) -> str:
        """The command line's output for the tenant's Admin."""
        assert self.deployed.handover("login", self.admin).returncode == 0
        result = self.deployed.handover(*words)
        assert result.returncode == 0, (words, result.stdout, result.stderr)
        return result.stdout


def users_csv(*rows: str) -> str:
    """users.csv with these rows, whose last columns may be left out."""
    header = "email,name,roles,opco,status,employee_id,phone,mobile,login_name"
    padded = (row + "," * (header.count(",") - row.count(",")) for row in rows)
    return "\n".join([header, *padded, ""])


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tenants")


def tenant(deployed: DeployedStack, folders: Path, name: str, files: Mapping[str, str]) -> Tenant:
    folder = folders / name
    folder.mkdir()
    return Tenant(deployed, name, folder, files)


def test_r14_r20_pulse_five_accounts_with_five_managers_and_one_of_them_edited(
    deployed: DeployedStack, folders: Path
) -> None:
    managers = [f"agent{place}@pulse.example" for place in range(1, 6)]
    pulse = tenant(
        deployed,
        folders,
        "pulse",
        {
            "users.csv": users_csv(
                "admin@pulse.example,Ada,Admin,Kenya",
                *(f"{manager},Agent,Sales,Kenya" for manager in managers),
                "togo@pulse.example,Tété,Sales,Togo",
            ),
            "accounts.csv": "account_id,name,customer_id,opco\n"
            + "".join(f"CD30021{place},Home,CUST-7,Kenya\n" for place in range(1, 6)),
        },
    )
    lines = "".join(f"CD30021{place},{managers[place - 1]}\n" for place in range(1, 6))

    ran = pulse.run("single-strict", f"account ID,account Manager\n{lines}")
    edit = {"profile": "single-strict", "assign": {MANAGER: managers[4]}}
    edited = pulse.ask("PATCH", "/accounts/CD300211", edit)
    wall = {"profile": "single-strict", "assign": {MANAGER: "togo@pulse.example"}}
    refused = pulse.refused("PATCH", "/accounts/CD300211", wall)
    cleared = pulse.run("single-strict", "account ID,account Manager\nCD300212,None\nCD300213,\n")

    assert ran["counts"]["updated"] == 5
    assert pulse.holders("CD300215") == [managers[4]]
    assert edited["outcome"] == "updated"
    assert pulse.holders("CD300211") == [managers[4]]
    assert refused["code"] == "OTHER_OPCO"
    assert refused["field"] == f"assign.{MANAGER}"
    assert cleared["counts"]["cleared"] == 2
    path = "/accounts/CD300211/history"
    until(lambda: len(pulse.ask("GET", path)["history"]) == 2, "both changes in the history")
    first, second = pulse.ask("GET", path)["history"]
    assert first["changes"][0]["after"] == second["changes"][0]["before"] == [managers[0]]


def test_r22_r23_r30_r36_peakflo_default_manager_viewers_and_change_of_owner(
    deployed: DeployedStack, folders: Path
) -> None:
    peakflo = tenant(
        deployed,
        folders,
        "peakflo",
        {
            "users.csv": users_csv(
                "admin@peakflo.example,Ada,Admin",
                "ana@peakflo.example,Ana Lima,Collections,,active,,+65 1,+65 2",
                "bo@peakflo.example,Bo Chen,Collections",
                "vi@peakflo.example,Vi Nguyen,Viewer",
            ),
            "workflows.csv": "name\nGentle reminders\n",
        },
    )
    peakflo.ask("PATCH", "/settings", {"default_account_manager": "bo@peakflo.example"})
    denied = peakflo.refused(
        "PATCH", "/settings", {"default_account_manager": ""}, as_="ana@peakflo.example"
    )
    (peakflo.folder / "users.csv").unlink()
    (peakflo.folder / "accounts.csv").write_text(
        "account_id,name,account_manager\nQB-1,One,\nQB-2,Two,ana@peakflo.example\nQB-3,Three,\n"
    )
    seeded = deployed.handover("seed", str(peakflo.folder), "--tenant", "peakflo")

    assert seeded.returncode == 0, seeded.stderr
    assert denied["status"] == 403
    tagged = {user["email"]: user["tags"] for user in peakflo.ask("GET", "/users")["users"]}
    assert tagged["bo@peakflo.example"] == ["Default Account Manager"]
    assert [peakflo.holders(one) for one in ("QB-1", "QB-2", "QB-3")] == [
        ["bo@peakflo.example"],
        ["ana@peakflo.example"],
        ["bo@peakflo.example"],
    ]

    ran = peakflo.run(
        "manager-and-viewers",
        "customer ID,email,defaultViewers\r\n"
        'QB-1,ana@peakflo.example,"vi@peakflo.example, bo@peakflo.example"\r\n'
        "QB-2,,vi@peakflo.example\r\n",
    )
    assert ran["counts"]["updated"] == 2
    assert peakflo.holders("QB-1", "viewer") == ["bo@peakflo.example", "vi@peakflo.example"]

    body = {
        "profile": "manager-and-viewers",
        "to": "bo@peakflo.example",
        "account_ids": ["QB-1", "QB-2", "QB-9"],
    }
    moved = peakflo.ended(peakflo.ask("POST", "/assignments", body)["import_ticket"])
    assert moved["counts"]["updated"] == 2
    assert peakflo.errors(moved)[0]["code"] == "ACCOUNT_NOT_FOUND"
    assert peakflo.holders("QB-1") == ["bo@peakflo.example"]
    assert peakflo.holders("QB-1", "viewer") == ["bo@peakflo.example", "vi@peakflo.example"]

    edit = {"profile": "multi-with-workflow", "assign": {"workflow": "Gentle reminders"}}
    peakflo.ask("PATCH", "/accounts/QB-3", edit)
    exported = list(csv.DictReader(io.StringIO(peakflo.said("export").lstrip("\ufeff"))))
    assert {row["account_id"] for row in exported} == {"QB-1", "QB-2", "QB-3"}
    assert peakflo.holders("QB-3", "workflow") == ["Gentle reminders"]


def test_r45_r46_r51_r58_r62_totango_roles_a_crm_and_a_user_who_is_created_later(
    deployed: DeployedStack, folders: Path, tmp_path: Path
) -> None:
    totango = tenant(
        deployed,
        folders,
        "totango",
        {
            "users.csv": users_csv(
                "admin@totango.example,Ada,Admin",
                "ana@totango.example,Ana Lima,CS",
                "bo@totango.example,Bo Chen,CS",
            ),
            "accounts.csv": "account_id\nACME\nHooli\n",
        },
    )
    for role in ("CSM", "Renewal Manager"):
        totango.ask("PUT", f"/roles/{quote(role)}", {"max_users": 1})
    source = {
        "profile": "role-team",
        "principal": "EXAMPLE",
        "mapping": {"Acct": "account ID", "CSM Email": "CSM___tid", "Renewals": "Renewal Manager"},
    }
    totango.ask("PUT", "/sources/salesforce", source)
    file = tmp_path / "totango.csv"
    file.write_text(
        "Acct,Stage,CSM Email,Renewals\n"
        "ACME,Won,fay@totango.example,Bo Chen\n"
        "Hooli,Won,ana@totango.example,Nobody Known\n"
    )

    deployed.drop(file, "drop/totango/salesforce/totango.csv")

    def dropped() -> Any:
        listed = totango.ask("GET", "/imports")["imports"]
        return [one for one in listed if one["filename"] == "totango.csv"]

    ended = totango.ended(until(dropped, "the import of the drop")[0]["import_id"])
    assert (ended["counts"]["pending"], ended["counts"]["rejected"]) == (1, 1)
    assert totango.holders("ACME", "Renewal Manager") == ["bo@totango.example"]
    assert totango.holders("Hooli", "CSM") == []

    def waiting() -> Any:
        return totango.ask("GET", "/pending")["pending"]

    (pending,) = until(waiting, "the ledger")
    assert (pending["address"], pending["account_id"]) == ("fay@totango.example", "ACME")

    totango.ask(
        "POST", "/users", {"email": "fay@totango.example", "name": "Fay Wong", "roles": ["CS"]}
    )
    until(
        lambda: totango.holders("ACME", "CSM") == ["fay@totango.example"],
        "the pending assignee's user",
    )
    people = totango.ask("GET", "/accounts/ACME")["people"]["CSM"]
    assert people[0]["name"] == "Fay Wong"
    until(lambda: totango.ask("GET", "/pending")["pending"] == [], "an empty ledger")

    renamed = {"name": "Fay Wong-Lee", "roles": ["CS"]}
    totango.ask("PUT", "/users/fay%40totango.example", renamed)
    found = totango.ask("GET", f"/accounts?holder={quote('fay wong-lee')}&role=CSM")["accounts"]
    assert [one["account_id"] for one in found] == ["ACME"]
    assert totango.ask("GET", "/accounts/ACME")["people"]["CSM"][0]["name"] == "Fay Wong-Lee"


def test_r71_to_r82_upflow_map_import_correct_and_import_again(
    deployed: DeployedStack, folders: Path, tmp_path: Path
) -> None:
    upflow = tenant(
        deployed,
        folders,
        "upflow",
        {
            "users.csv": users_csv(
                "admin@upflow.example,Ada,Admin",
                "ana@upflow.example,Ana,Collections",
                "bo@upflow.example,Bo,Collections",
            ),
            "accounts.csv": "account_id\ncus_1\ncus_2\ncus_3\n",
            "workflows.csv": "name\nStandard\nKey accounts\n",
        },
    )
    file = tmp_path / "assignation.csv"
    file.write_text(
        "Country;Customer;Owners;Dunning\n"
        "FR;cus_1;ana@upflow.example, bo@upflow.example;Standard\n"
        "FR;cus_2;ana@upflow.example, bo@upfow.example;Standard\n"
        "FR;cus_3;ana@upflow.example;key accounts\n"
    )
    mapped = [
        part
        for theirs, ours in (
            ("Customer", "External Id"),
            ("Owners", "Account manager email"),
            ("Dunning", "Workflow name"),
        )
        for part in ("--map", f"{theirs}={ours}")
    ]
    assert deployed.handover("login", upflow.admin).returncode == 0
    uploaded = deployed.handover(
        "upload", str(file), "--profile", "multi-with-workflow", *mapped, "--json"
    )
    assert uploaded.returncode == 1, uploaded.stderr
    ended = json.loads(uploaded.stdout)
    assert (ended["state"], ended["accounts_updated"]) == ("error", 1)
    assert upflow.holders("cus_1") == ["ana@upflow.example", "bo@upflow.example"]
    assert upflow.holders("cus_2") == []

    lines = tmp_path / "lines-with-errors.csv"
    assert deployed.handover("report", ended["import_id"], "-o", str(lines)).returncode == 0
    text = lines.read_text("utf-8-sig")
    assert "User not found, check the email" in text
    assert "'bo@upfow.example'" in text
    lines.write_text(
        text.replace("bo@upfow.example;", "bo@upflow.example;").replace(
            ";key accounts;", ";Key accounts;"
        ),
        "utf-8-sig",
    )
    again = deployed.handover(
        "upload", str(lines), "--profile", "multi-with-workflow", *mapped, "--json"
    )
    assert json.loads(again.stdout)["state"] == "done", again.stdout
    assert upflow.holders("cus_3", "workflow") == ["Key accounts"]
    history = upflow.ask("GET", "/imports")["imports"]
    assert [one["accounts_updated"] for one in history] == [2, 1]

    undone = upflow.ended(
        upflow.ask("POST", f"/imports/{history[0]['import_id']}/undo")["import_ticket"]
    )
    assert undone["undo_of"] == history[0]["import_id"]
    assert upflow.holders("cus_2") == []
    assert upflow.holders("cus_1") == ["ana@upflow.example", "bo@upflow.example"]


def test_r88_to_r101_supportcenter_managers_portals_requests_and_deletion(
    deployed: DeployedStack, folders: Path
) -> None:
    center = tenant(
        deployed,
        folders,
        "supportcenter",
        {
            "users.csv": users_csv("admin@supportcenter.example,Ada,Admin"),
            "accounts.csv": "account_id,name,customer_id,opco,status,portals\n"
            "Globex,Globex,,,active,East;West\nInitech,Initech,,,active,West\n"
            "Closed,Closed,,,inactive,\n",
        },
    )
    ana = "ana@supportcenter.example"
    manager = {
        "email": ana,
        "name": "Ana Lima",
        "roles": ["Account Manager"],
        "employee_id": "E-7",
        "phone": "+1 555 1",
        "mobile": "+1 555 2",
        "login_name": "ana.lima",
    }
    center.ask("POST", "/users", manager)
    twin = manager | {"email": "twin@supportcenter.example", "login_name": "Ana.Lima"}
    assert center.refused("POST", "/users", twin)["status"] == 409

    edit = {"profile": "directory-single", "assign": {MANAGER: "ana.lima"}}
    center.ask("PATCH", "/accounts/Globex", edit)
    assert center.refused("PATCH", "/accounts/Closed", edit)["code"] == "ACCOUNT_INACTIVE"
    center.run("directory-single", "account ID,account manager\nInitech,ana.lima\n")
    for portal, accounts in (("East", ["Globex"]), ("West", ["Globex", "Initech"])):
        path = f"/portals/{portal}/managers"

        def reached(path: str = path, accounts: list[str] = accounts) -> bool:
            found = center.ask("GET", path)["managers"]
            return (
                sorted(
                    one["account_id"]
                    for one in found
                    if [person["email"] for person in one["people"]] == [ana]
                )
                == accounts
            )

        until(reached, f"the manager in the portal {portal}")

    # The pool invites by mail; here the password is set as the invited user would set it.
    deployed.client("cognito-idp").admin_set_user_password(
        UserPoolId=deployed.stack.outputs["UserPoolId"],
        Username=ana,
        Password="Handover-1",
        Permanent=True,
    )
    request = {
        "account_id": "Globex",
        "subject": "No invoices",
        "description": "None since May",
        "contact": "pat@globex.example",
    }
    assert center.refused("POST", "/requests", request, as_=ana)["status"] == 403
    center.ask("PATCH", "/settings", {"allow_account_manager_to_create_requests": True})
    made = center.ask("POST", "/requests", request, as_=ana)
    center.ask("POST", f"/requests/{made['request_id']}/notes", {"text": "Called them"}, as_=ana)
    mine = center.ask("GET", "/requests", as_=ana)["requests"]
    assert [one["subject"] for one in mine] == ["No invoices"]
    one = center.ask("GET", f"/requests/{made['request_id']}", as_=ana)
    assert [note["text"] for note in one["notes"]] == ["Called them"]

    removal = center.ask("DELETE", f"/users/{quote(ana)}")
    ended = center.ended(removal["import_ticket"])
    assert ended["counts"]["cleared"] == 2
    assert center.holders("Globex") == center.holders("Initech") == []
    gone = center.run("directory-single", f"account ID,account manager\nGlobex,{ana}\n")
    assert "was deleted" in center.errors(gone)[0]["hint"]
    until(
        lambda: center.ask("GET", "/portals/West/managers")["managers"] == [],
        "nobody in the portals",
    )
