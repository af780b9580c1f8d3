"""The main job by the public interfaces: upload, outcome, report, notification, history."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from infra import template
from tests.kit.deployed import (
    ADMIN,
    BACK_OFFICE,
    DeployedStack,
    accounts_csv,
    http,
    post_form,
    until,
)

UPLOADS = Path(__file__).resolve().parents[2] / "events" / "uploads"
SAMPLE = UPLOADS / "pulse-sample.csv"
FIX = "3:account manager=wanjiru.mwangi@lumina.example"
COUNTS = {"updated": 29, "cleared": 5, "unchanged": 7, "rejected": 15, "duplicate": 2}


def test_a_dry_run_is_applied_as_shown_and_its_errors_are_fixed(deployed: DeployedStack) -> None:
    tried = deployed.run(SAMPLE.read_bytes(), mode="dry_run", filename="sample.csv")
    untouched = deployed.manager("KE100842")
    applied = deployed.api("POST", f"/imports/{tried['import_id']}/apply", body={"mode": "run"})
    ran = deployed.ended(applied.json["import_id"])
    assert deployed.handover("login", ADMIN).returncode == 0
    corrected = ("fix", ran["import_id"], "--set", FIX, "--json")
    fixed = deployed.handover(*corrected)

    assert untouched == ["mercy.chebet@lumina.example"]
    assert tried["counts"] == ran["counts"]
    assert ran["state"] == "error"
    assert {name: ran["counts"][name] for name in COUNTS} == COUNTS
    assert sum(COUNTS.values()) == ran["counts"]["lines"] == 58
    assert ran["accounts_updated"] == 34
    assert deployed.report(tried) == deployed.report(ran)
    assert deployed.manager("KE100842") == ["brian.kiptoo@lumina.example"]
    assert fixed.returncode == 0, fixed.stdout + fixed.stderr
    counts = json.loads(fixed.stdout)["counts"]
    assert (counts["lines"], counts["rejected"]) == (1, 0)
    assert ran["follows"] == tried["import_id"]


def test_the_results_have_every_line_once_in_the_order_of_the_file(deployed: DeployedStack) -> None:
    ended = deployed.run(SAMPLE.read_bytes(), filename="every-line.csv")

    rows = deployed.results(ended)

    numbers = [int(row["line"]) for row in rows]
    assert len(rows) == 58
    assert numbers == sorted(set(numbers))


def test_the_notification_comes_with_text_json_and_attributes(deployed: DeployedStack) -> None:
    ended = deployed.run(accounts_csv(("KE100555", "amani.otieno@lumina.example")))

    envelope = deployed.notification(f"import-finished/{ended['import_id']}")

    message = json.loads(envelope["Message"])
    assert message["schema"] == "handover.import/1"
    assert {name: message[name] for name in ("state", "counts", "tenant")} == {
        name: ended[name] for name in ("state", "counts", "tenant")
    }
    assert len(envelope["Subject"]) < 100
    attributes = {name: one["Value"] for name, one in envelope["MessageAttributes"].items()}
    assert attributes == {
        "tenant": "lumina",
        "state": "done",
        "profile": "single-strict",
        "source": "user",
        "mode": "run",
    }


def test_a_report_is_corrected_and_uploaded_again_as_it_is(deployed: DeployedStack) -> None:
    first = deployed.run(
        accounts_csv(("KE100450", "brian.kipto@lumina.example"), ("nobody", "None"))
    )
    link = deployed.api("GET", f"/imports/{first['import_id']}/report")
    assert link.status == 302
    report = http("GET", link.headers["Location"]).body
    again = deployed.run(report, filename="managers-errors.csv")
    corrected = report.replace(b"KE100450,brian.kipto@", b"KE100450,brian.kiptoo@")

    second = deployed.run(corrected, filename="managers-errors.csv")

    assert first["counts"]["rejected"] == again["counts"]["rejected"] == 2
    assert deployed.report(again).count(b"brian.kiptoo@lumina.example?") == 1
    assert second["counts"]["rejected"] == 1
    assert deployed.manager("KE100450") == ["brian.kiptoo@lumina.example"]
    rows = list(
        csv.DictReader(io.StringIO(deployed.report(second).decode("utf-8-sig"), newline=""))
    )
    assert [row["code"] for row in rows] == ["ACCOUNT_NOT_FOUND"]
    assert rows[0]["error"] == "The customer was not found"


def test_history_says_who_changed_what_by_which_line(deployed: DeployedStack) -> None:
    first = deployed.run(accounts_csv(("RW200527", "diane.uwase@lumina.example")))
    second = deployed.run(accounts_csv(("RW200527", "None")), as_=BACK_OFFICE)

    entries = deployed.history("RW200527", 2)[-2:]

    assert [entry["import_id"] for entry in entries] == [first["import_id"], second["import_id"]]
    assert [entry["actor"] for entry in entries] == [first["uploader"], BACK_OFFICE]
    assert entries[1]["changes"] == [
        {"role": "account_manager", "before": ["diane.uwase@lumina.example"], "after": []}
    ]
    assert entries[1]["line"] == 2


def test_a_spreadsheet_from_france_is_read_as_it_is(deployed: DeployedStack) -> None:
    ended = deployed.run(
        (UPLOADS / "excel-francais.csv").read_bytes(), filename="excel-francais.csv"
    )

    assert ended["encoding"] == "windows-1252"
    assert ended["delimiter"] == ";"
    assert ended["counts"]["lines"] == 8
    assert ended["counts"]["rejected"] == 1


def test_a_file_without_a_column_is_refused_with_what_was_found(deployed: DeployedStack) -> None:
    ended = deployed.run((UPLOADS / "missing-column.csv").read_bytes())

    assert ended["state"] == "refused"
    assert ended["refusal"]["code"] == "MISSING_COLUMN"
    assert "account Manager" in ended["refusal"]["message"]
    assert ended["counts"]["lines"] == 0


def test_a_form_accepts_one_upload_and_only_of_its_own_key(deployed: DeployedStack) -> None:
    body = {"profile": "single-strict", "filename": "twice.csv", "mode": "run"}
    answer = deployed.api("POST", "/imports", body=body).json
    url, fields = answer["upload"]["url"], answer["upload"]["fields"]
    content = accounts_csv(("KE100247", "wanjiru.mwangi@lumina.example"))

    elsewhere = post_form(url, {**fields, "key": "in/lumina/other.csv"}, content)
    first = post_form(url, fields, content)
    second = post_form(url, fields, accounts_csv(("KE100247", "None")))

    assert elsewhere.status == 403
    assert first.status == second.status == 201
    assert deployed.ended(answer["import_ticket"])["counts"]["updated"] == 1

    def replays() -> list[object]:
        warnings = deployed.import_(answer["import_ticket"])["warnings"]
        return [one for one in warnings if one["code"] == "TICKET_REPLAYED"]

    until(replays, "what the first upload says of the second")
    assert deployed.manager("KE100247") == ["wanjiru.mwangi@lumina.example"]


def test_all_workers_share_one_copy_of_a_layer(deployed: DeployedStack) -> None:
    deployed.run(accounts_csv(("KE100556", "amani.otieno@lumina.example")))

    seen = [
        folder.resolve()
        for folder in (deployed.stack.emulator.home / "tmp").glob("ministack-lambda-*/layer_*/")
    ]

    layers = template.resources(template.load(), "AWS::Serverless::LayerVersion")
    assert len(set(seen)) <= len(list(layers)) < len(seen)
