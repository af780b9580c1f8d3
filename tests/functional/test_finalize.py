"""finalize: report, results and summary first, then the final state, then the notification."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from handover.model import Mode
from handover.store.import_items import ImportItem

from functions.finalize import app
from tests.kit.memory_aws import Notification, ObjectCreated
from tests.kit.mishaps import killed_at_every_call
from tests.kit.payloads import load_event
from tests.kit.pipeline import AMINA, BARAKA, TENANT, Pipeline, file_of, import_id

SOME_ERRORS = file_of([("K000", AMINA), ("K001", "None"), ("X000", AMINA), ("K002", "=cmd()")])
KINDS = {
    "application/json",
    "application/octet-stream",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "text/csv",
}
NO_ERRORS = file_of([("K000", AMINA), ("K001", "")])


def settled(pipeline: Pipeline, body: bytes = SOME_ERRORS) -> ObjectCreated:
    """An import whose chunks are all settled and whose finalize message waits."""
    pipeline.kenyan(3)
    created = pipeline.upload(body)
    assert pipeline.validate(created) == []
    assert pipeline.assign(import_id(created)) == []
    pipeline.forget()
    return created


def body_of(notification: Notification) -> dict[str, Any]:
    """The JSON that machines get."""
    news: dict[str, Any] = json.loads(json.loads(notification.message)["sqs"])
    return news


def test_the_files_have_the_lines_as_uploaded_and_their_outcomes(
    pipeline: Pipeline,
) -> None:
    created = settled(pipeline)

    assert pipeline.finalize(import_id(created)) == []

    errors, results = pipeline.file(created, "errors.csv"), pipeline.file(created, "results.csv")
    assert errors is not None
    assert results is not None
    assert errors.decode("utf-8-sig") == (
        "account ID,account Manager,line,code,error,hint\r\n"
        f"X000,{AMINA},4,ACCOUNT_NOT_FOUND,The customer was not found,"
        "Check and update your customer external ID in your file.\r\n"
        'K002,\'=cmd(),5,USER_NOT_FOUND,"User not found, check the email",'
        "\"line 5, account Manager: '=cmd()' is no user. Correct the address, or have the user "
        'created first."\r\n'
    )
    assert results.decode("utf-8-sig") == (
        "account ID,account Manager,line,outcome,role,before,after,code,message\r\n"
        f"K000,{AMINA},2,updated,account_manager,,{AMINA},,\r\n"
        "K001,None,3,unchanged,,,,,already so\r\n"
        f"X000,{AMINA},4,rejected,,,,ACCOUNT_NOT_FOUND,The customer was not found\r\n"
        'K002,\'=cmd(),5,rejected,,,,USER_NOT_FOUND,"User not found, check the email"\r\n'
    )


@pytest.mark.parametrize("mode", list(Mode))
def test_every_object_is_stored_with_its_content_type(pipeline: Pipeline, mode: Mode) -> None:
    ids = pipeline.kenyan(3)
    near = "amina.otieno@lumina.exampel"
    lines = [(ids[0], AMINA), (ids[1], near), (ids[2], AMINA), (ids[0], BARAKA)]
    pipeline.run(pipeline.upload(file_of(lines), pipeline.ticket(mode=mode)))

    buckets = (pipeline.resources.reports_bucket, pipeline.resources.work_bucket)
    for bucket in buckets:
        for key, (version, *_) in pipeline.memory.s3.buckets[bucket].objects.items():
            kind = version.headers["ContentType"]
            assert kind in KINDS, key
            assert kind == "application/json" or not key.endswith(".json"), key


def test_an_ignored_column_is_reported_in_summary_and_notification(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = pipeline.upload(f"account ID,account Manager,City\r\nK000,{AMINA},Kisumu".encode())

    pipeline.run(created)

    (warning,) = pipeline.summary(created)["warnings"]
    assert warning["code"] == "COLUMN_IGNORED"
    assert "'City'" in warning["message"]
    (notification,) = pipeline.memory.sns.published
    bodies = json.loads(notification.message)
    assert warning["message"] in bodies["email"]
    assert json.loads(bodies["sqs"])["warnings"] == [warning]


def test_the_summary_is_the_import_as_the_api_shows_it(pipeline: Pipeline) -> None:
    created = settled(pipeline)
    pipeline.clock.now += 7.25

    pipeline.finalize(import_id(created))

    where = f"{TENANT}/{import_id(created)}"
    assert pipeline.summary(created) == {
        "import_id": import_id(created),
        "tenant": TENANT,
        "profile": "single-strict",
        "source": "user",
        "uploader": "ines.okello@lumina.example",
        "filename": "customers.csv",
        "mode": "run",
        "state": "error",
        "received_at": "2026-11-22T10:00:00.000Z",
        "finished_at": "2026-11-22T10:00:07.250Z",
        "counts": {
            "lines": 4,
            "updated": 1,
            "cleared": 0,
            "unchanged": 1,
            "pending": 0,
            "rejected": 2,
            "duplicate": 0,
            "superseded": 0,
            "not_processed": 0,
        },
        "accounts_updated": 1,
        "refusal": None,
        "report": {"bucket": "reportsbucket", "key": f"{where}/errors.csv"},
        "results": {"bucket": "reportsbucket", "key": f"{where}/results.csv"},
        "warnings": [],
        **{key: pipeline.summary(created)[key] for key in ("encoding", "delimiter")},
    }


@pytest.mark.parametrize(("body", "state"), [(SOME_ERRORS, "error"), (NO_ERRORS, "done")])
def test_one_bad_line_makes_the_import_an_error(
    pipeline: Pipeline, body: bytes, state: str
) -> None:
    created = settled(pipeline, body)

    pipeline.finalize(import_id(created))

    assert pipeline.item(created).state == state
    assert (pipeline.file(created, "errors.csv") is None) is (state == "done")
    assert pipeline.summary(created)["state"] == state


def test_a_refused_file_has_a_summary_and_nothing_else(pipeline: Pipeline) -> None:
    created = pipeline.upload(b"")

    pipeline.run(created)

    summary = pipeline.summary(created)
    assert (summary["state"], summary["refusal"]["code"]) == ("refused", "EMPTY_FILE")
    assert (summary["report"], summary["results"]) == (None, None)
    assert pipeline.file(created, "results.csv") is None
    item = pipeline.item(created)
    assert (item.is_indexed, item.has_workbook) == (False, False)
    assert set(summary["counts"].values()) == {0}


def test_the_notification_is_sent_after_the_report_and_the_final_state_are_stored(
    pipeline: Pipeline,
) -> None:
    created = settled(pipeline)
    seen: list[tuple[str, list[bool]]] = []

    def look(notification: Notification) -> None:
        files = ("errors.csv", "results.csv", "summary.json")
        there = [pipeline.file(created, name) is not None for name in files]
        seen.append((pipeline.item(created).state, there))

    pipeline.memory.sns.watch = look
    pipeline.finalize(import_id(created))

    assert seen == [("error", [True, True, True])]


def test_the_notification_has_a_text_for_people_and_json_for_machines(pipeline: Pipeline) -> None:
    created = settled(pipeline)

    pipeline.finalize(import_id(created))

    (notification,) = pipeline.memory.sns.published
    news = body_of(notification)
    assert news["schema"] == "handover.import/1"
    assert news["dedupe_id"] == f"import-finished/{import_id(created)}"
    assert {key: news[key] for key in pipeline.summary(created)} == pipeline.summary(created)
    assert {name: one["StringValue"] for name, one in notification.attributes.items()} == {
        "tenant": TENANT,
        "state": "error",
        "profile": "single-strict",
        "source": "user",
        "mode": "run",
    }
    assert notification.subject is not None
    assert "customers.csv" in notification.subject
    assert len(notification.subject) < 100
    assert AMINA not in notification.message


def test_imports_are_counted_by_how_they_ended(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    created = settled(pipeline)
    capsys.readouterr()

    pipeline.finalize(import_id(created))

    (line,) = [line for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    found = json.loads(line)
    assert (found["ImportsEnded"], found["ImportsEndedError"]) == ([1.0], [1.0])


def all_but_notes(pipeline: Pipeline) -> object:
    """Everything that is stored, without the progress of queues."""
    snapshot = pipeline.memory.snapshot()
    imports = snapshot.tables["ImportsTable"].items
    kept = {key: item for key, item in imports.items() if not key[0].startswith("taken#")}
    others = {
        name: table.items for name, table in snapshot.tables.items() if name != "ImportsTable"
    }
    return kept, others, snapshot.buckets


def test_a_message_delivered_again_changes_nothing_and_announces_nothing(
    pipeline: Pipeline,
) -> None:
    created = settled(pipeline)
    pipeline.finalize(import_id(created))
    before = all_but_notes(pipeline)

    pipeline.clock.now += 60
    assert pipeline.finalize(import_id(created)) == []

    assert all_but_notes(pipeline) == before
    assert len(pipeline.memory.sns.published) == 1


def test_a_message_delivered_after_the_end_leaves_the_pace_of_a_later_file(
    pipeline: Pipeline,
) -> None:
    created = settled(pipeline)
    pipeline.finalize(import_id(created))
    pipeline.item(created).update(actions=[ImportItem.worked_ms.set(60_000)])
    watermarks = pipeline.resources.tables.watermarks
    watermarks.note_pace(TENANT, "user", 80.0)

    pipeline.finalize(import_id(created))

    assert watermarks.pace(TENANT, "user") == 80.0


def test_the_next_run_completes_a_run_killed_at_any_call(pipeline: Pipeline) -> None:
    created = settled(pipeline)
    start = pipeline.memory.snapshot()
    pipeline.finalize(import_id(created))
    names = ("errors.csv", "results.csv", "lines.json", "lines.index")
    files = {name: pipeline.file(created, name) for name in names}
    pipeline.memory.restore(start)

    for _ in killed_at_every_call(pipeline.memory, lambda: pipeline.finalize(import_id(created))):
        assert pipeline.finalize(import_id(created)) == []

        assert {name: pipeline.file(created, name) for name in files} == files
        assert pipeline.item(created).state == "error"
        assert pipeline.item(created).open is None
        published = pipeline.memory.sns.published
        assert len({(one.message, one.subject) for one in published}) == 1
        assert body_of(published[0])["finished_at"] == pipeline.summary(created)["finished_at"]


def test_an_import_does_not_end_while_a_chunk_is_pending(pipeline: Pipeline) -> None:
    created = pipeline.upload(SOME_ERRORS)
    pipeline.validate(created)

    assert pipeline.finalize(import_id(created)) == []

    assert pipeline.item(created).state == "processing"
    assert pipeline.memory.sns.published == []


def test_the_captured_message_of_an_unknown_import_is_returned(
    pipeline: Pipeline,
) -> None:
    event = load_event("finalize-import")

    assert pipeline.invoke(app.lambda_handler, event) == [event["Records"][0]["messageId"]]


def test_finalize_waits_for_a_missing_part_and_does_not_leave_it_out(pipeline: Pipeline) -> None:
    created = settled(pipeline)
    work = pipeline.memory.s3.buckets[pipeline.resources.work_bucket].objects
    parts = {key: work.pop(key) for key in list(work) if "/parts/" in key}

    assert len(pipeline.finalize(import_id(created))) == 1
    assert pipeline.item(created).state == "finalizing"
    work.update(parts)
    assert pipeline.finalize(import_id(created)) == []

    assert len(pipeline.table(created, "results.csv")) == 4


def test_a_report_of_many_chunks_has_its_lines_in_the_order_of_the_file(
    pipeline: Pipeline,
) -> None:
    lines = [(f"A{number:05d}", AMINA) for number in range(11_000)]
    created = pipeline.upload(file_of(lines))

    pipeline.run(created)

    rows = pipeline.table(created, "errors.csv")
    assert [row["account ID"] for row in rows] == [account for account, _ in lines]
    assert [int(row["line"]) for row in rows] == list(range(2, 11_002))


# The report, uploaded again


def test_a_report_uploaded_as_it_is_gives_the_same_rejections(pipeline: Pipeline) -> None:
    pipeline.kenyan(3)
    body = (
        file_of(
            [
                ("K000", AMINA),
                ("X000", "+x@y.example"),
                ("", "'=1"),
                ("K001", "-"),
                ("K002", "@\t1"),
            ]
        )
        + b"K001,too,many\r\n"
    )
    first = pipeline.upload(body)
    pipeline.run(first)
    report = pipeline.file(first, "errors.csv")
    assert report is not None
    pipeline.clock.now += 60

    second = pipeline.upload(report)
    pipeline.run(second)

    def verdicts(created: ObjectCreated) -> list[tuple[list[str], str]]:
        body = pipeline.file(created, "errors.csv") or b""
        _, *rows = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""))
        return [(row[:-4], row[-3]) for row in rows]

    assert len(verdicts(first)) == 5
    assert verdicts(second) == verdicts(first)
    assert pipeline.counts(second) == {"lines": 5, "rejected": 5}


def test_a_report_that_was_corrected_is_applied(pipeline: Pipeline) -> None:
    pipeline.kenyan(3)
    first = pipeline.upload(SOME_ERRORS)
    pipeline.run(first)
    report = pipeline.file(first, "errors.csv")
    assert report is not None
    pipeline.clock.now += 60

    corrected = report.replace(b"X000", b"K001").replace(b"'=cmd(),", BARAKA.encode() + b",")
    second = pipeline.upload(corrected)
    pipeline.run(second)

    assert pipeline.counts(second) == {"lines": 2, "updated": 2}
    assert pipeline.holders("K001", "K002") == [AMINA, BARAKA]
