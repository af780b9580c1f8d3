"""Drops of other systems, strangers, approval and cancelling, as their users see them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.kit.doors import ADMIN, BACK_OFFICE, Doors, accounts_csv, until

UPLOADS = Path(__file__).resolve().parents[2] / "events" / "uploads"


def test_the_drop_of_another_system_becomes_an_import_of_its_own(doors: Doors, tmp_path: Path) -> None:
    (account,) = doors.new_accounts(1)
    file = tmp_path / "nightly export+1 é.csv"
    file.write_bytes(accounts_csv((account, "wanjiru.mwangi@lumina.example")))

    doors.drop(file, f"drop/lumina/crm/2026/{file.name}")

    found = until(lambda: doors.imports_of(f"2026/{file.name}"), "the import of the drop")[0]
    ended = doors.ended(found["import_id"])
    assert ended["state"] == "done"
    assert ended["source"] == "crm"
    assert doors.manager(account) == ["wanjiru.mwangi@lumina.example"]
    doors.notification(f"import-finished/{ended['import_id']}")


def test_the_drop_of_an_unknown_source_is_refused_and_announced(doors: Doors, tmp_path: Path) -> None:
    file = tmp_path / "unknown-source.csv"
    file.write_bytes(accounts_csv(("CD300219", "None")))

    doors.drop(file, "drop/lumina/billing/unknown-source.csv")

    found = until(lambda: doors.imports_of("unknown-source.csv"), "the answer to the drop")[0]
    ended = doors.ended(found["import_id"])
    assert ended["refusal"]["code"] == "UNKNOWN_SOURCE"


def test_a_file_outside_every_folder_is_refused_and_announced(doors: Doors, tmp_path: Path) -> None:
    file = tmp_path / "stray.csv"
    file.write_bytes(b"hello")

    doors.drop(file, "stray folder/stray.csv")

    def heard() -> bool:
        if any("stray.csv" in one["Message"] for one in doors.heard):
            return True
        answer = doors.client("sqs").receive_message(QueueUrl=doors.queue_url)
        doors.heard += [json.loads(one["Body"]) for one in answer.get("Messages", [])]
        return False

    until(heard, "the notification of the stray file")
    notifications = [one for one in doors.heard if "stray.csv" in one["Message"]]
    assert json.loads(notifications[0]["Message"])["refusal"]["code"] == "UNKNOWN_SOURCE"


def test_an_uploader_without_the_role_gets_no_ticket(doors: Doors) -> None:
    asked = {"profile": "single-strict", "filename": "mine.csv", "mode": "run"}

    answer = doors.api("POST", "/imports", as_="wanjiru.mwangi@lumina.example", body=asked)

    assert answer.status == 403
    assert answer.headers["Content-Type"].startswith("application/problem+json")


def test_a_file_that_clears_many_waits_for_an_admin(doors: Doors) -> None:
    content = (UPLOADS / "clears-many.csv").read_bytes()
    ticket = doors.upload(content, filename="clears-many.csv", as_=BACK_OFFICE)
    waiting = doors.in_state(ticket, "awaiting_approval")
    doors.notification(f"import-awaiting-approval/{waiting['import_id']}")

    denied = doors.api("POST", f"/imports/{ticket}/approve", as_=BACK_OFFICE)
    approved = doors.api("POST", f"/imports/{ticket}/approve", as_=ADMIN)
    ended = doors.ended(ticket)

    assert denied.status == 403
    assert approved.status == 202
    assert waiting["approval"]["would_clear"] > 10
    assert ended["counts"]["cleared"] == 14


def test_a_cancelled_import_accounts_for_every_line(doors: Doors) -> None:
    named = doors.new_accounts(30)
    doors.run(accounts_csv(*((account, "wanjiru.mwangi@lumina.example") for account in named)))
    ticket = doors.upload(accounts_csv(*((account, "None") for account in named)))
    waiting = doors.in_state(ticket, "awaiting_approval")
    before = {account: doors.manager(account) for account in named[:3]}

    answer = doors.api("POST", f"/imports/{ticket}/cancel")
    ended = doors.ended(ticket)

    assert answer.status == 202
    assert ended["state"] == "cancelled"
    assert ended["counts"]["not_processed"] == ended["counts"]["lines"] == 30
    assert waiting["import_id"] == ended["import_id"]
    assert {account: doors.manager(account) for account in named[:3]} == before
    assert doors.report(ended).count(b"NOT_PROCESSED") == 30


def test_the_command_line_uploads_and_fetches_the_report(doors: Doors, tmp_path: Path) -> None:
    file = tmp_path / "from-the-shell.csv"
    (account,) = doors.new_accounts(1)
    file.write_bytes(accounts_csv((account, "None"), ("KE100115x", "None")))
    assert doors.handover("login", ADMIN).returncode == 0

    uploaded = doors.handover("upload", str(file), "--profile", "single-strict", "--json")
    result = json.loads(uploaded.stdout)
    saved = tmp_path / "errors.csv"
    brought = doors.handover("report", result["import_id"], "-o", str(saved))

    assert uploaded.returncode == 1, uploaded.stderr
    assert result["counts"]["rejected"] == 1
    assert brought.returncode == 0, brought.stderr
    assert "KE100115x" in saved.read_text("utf-8-sig")
