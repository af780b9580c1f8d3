"""Drops of other systems and of strangers, approval and cancellation, as their users see them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.kit.deployed import ADMIN, BACK_OFFICE, DeployedStack, accounts_csv, until

UPLOADS = Path(__file__).resolve().parents[2] / "events" / "uploads"


def test_the_drop_of_another_system_becomes_an_import_of_its_own(
    deployed: DeployedStack, tmp_path: Path
) -> None:
    (account,) = deployed.new_accounts(1)
    file = tmp_path / "nightly export+1 é.csv"
    file.write_bytes(accounts_csv((account, "wanjiru.mwangi@lumina.example")))

    deployed.drop(file, f"drop/lumina/crm/2026/{file.name}")

    found = until(lambda: deployed.imports_of(f"2026/{file.name}"), "the import of the drop")[0]
    ended = deployed.ended(found["import_id"])
    assert ended["state"] == "done"
    assert ended["source"] == "crm"
    assert deployed.manager(account) == ["wanjiru.mwangi@lumina.example"]
    deployed.notification(f"import-finished/{ended['import_id']}")


def test_the_drop_of_an_unknown_source_is_refused_and_announced(
    deployed: DeployedStack, tmp_path: Path
) -> None:
    file = tmp_path / "unknown-source.csv"
    file.write_bytes(accounts_csv(("CD300219", "None")))

    deployed.drop(file, "drop/lumina/billing/unknown-source.csv")

    found = until(lambda: deployed.imports_of("unknown-source.csv"), "the answer to the drop")[0]
    ended = deployed.ended(found["import_id"])
    assert ended["refusal"]["code"] == "UNKNOWN_SOURCE"


def test_a_file_outside_every_folder_is_refused_and_announced(
    deployed: DeployedStack, tmp_path: Path
) -> None:
    file = tmp_path / "stray.csv"
    file.write_bytes(b"hello")

    deployed.drop(file, "stray folder/stray.csv")

    def is_announced() -> bool:
        if any("stray.csv" in one["Message"] for one in deployed.notifications):
            return True
        answer = deployed.client("sqs").receive_message(QueueUrl=deployed.queue_url)
        deployed.notifications += [json.loads(one["Body"]) for one in answer.get("Messages", [])]
        return False

    until(is_announced, "the notification of the stray file")
    notifications = [one for one in deployed.notifications if "stray.csv" in one["Message"]]
    assert json.loads(notifications[0]["Message"])["refusal"]["code"] == "UNKNOWN_SOURCE"


def test_an_uploader_without_the_role_gets_no_ticket(deployed: DeployedStack) -> None:
    body = {"profile": "single-strict", "filename": "mine.csv", "mode": "run"}

    answer = deployed.api("POST", "/imports", as_="wanjiru.mwangi@lumina.example", body=body)

    assert answer.status == 403
    assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_a_file_that_clears_many_waits_for_an_admin(deployed: DeployedStack) -> None:
    content = (UPLOADS / "clears-many.csv").read_bytes()
    ticket = deployed.upload(content, filename="clears-many.csv", as_=BACK_OFFICE)
    waiting = deployed.in_state(ticket, "awaiting_approval")
    deployed.notification(f"import-awaiting-approval/{waiting['import_id']}")

    denied = deployed.api("POST", f"/imports/{ticket}/approve", as_=BACK_OFFICE)
    approved = deployed.api("POST", f"/imports/{ticket}/approve", as_=ADMIN)
    ended = deployed.ended(ticket)

    assert denied.status == 403
    assert approved.status == 202
    assert waiting["approval"]["would_clear"] > 10
    assert ended["counts"]["cleared"] == 14


def test_every_line_of_a_cancelled_import_has_one_outcome(deployed: DeployedStack) -> None:
    named = deployed.new_accounts(30)
    deployed.run(accounts_csv(*((account, "wanjiru.mwangi@lumina.example") for account in named)))
    ticket = deployed.upload(accounts_csv(*((account, "None") for account in named)))
    waiting = deployed.in_state(ticket, "awaiting_approval")
    before = {account: deployed.manager(account) for account in named[:3]}

    answer = deployed.api("POST", f"/imports/{ticket}/cancel")
    ended = deployed.ended(ticket)

    assert answer.status == 202
    assert ended["state"] == "cancelled"
    assert ended["counts"]["not_processed"] == ended["counts"]["lines"] == 30
    assert waiting["import_id"] == ended["import_id"]
    assert {account: deployed.manager(account) for account in named[:3]} == before
    assert deployed.report(ended).count(b"NOT_PROCESSED") == 30


def test_the_command_line_uploads_and_fetches_the_report(
    deployed: DeployedStack, tmp_path: Path
) -> None:
    file = tmp_path / "from-the-shell.csv"
    (account,) = deployed.new_accounts(1)
    file.write_bytes(accounts_csv((account, "None"), ("KE100115x", "None")))
    assert deployed.handover("login", ADMIN).returncode == 0

    uploaded = deployed.handover("upload", str(file), "--profile", "single-strict", "--json")
    result = json.loads(uploaded.stdout)
    saved = tmp_path / "errors.csv"
    brought = deployed.handover("report", result["import_id"], "-o", str(saved))

    assert uploaded.returncode == 1, uploaded.stderr
    assert result["counts"]["rejected"] == 1
    assert brought.returncode == 0, brought.stderr
    assert "KE100115x" in saved.read_text("utf-8-sig")
