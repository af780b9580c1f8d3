"""abandon: every dead letter gets an end that says what happened."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from handover.runtime import logger

from tests.kit.memory_aws import ObjectCreated
from tests.kit.mishaps import Mishap, incident
from tests.kit.payloads import load_event
from tests.kit.pipeline import (
    AMINA,
    BARAKA,
    HOUR,
    TENANT,
    Pipeline,
    file_of,
    import_id,
    s3_event,
    with_body,
)


def many(pipeline: Pipeline) -> ObjectCreated:
    """An upload that moves sixty accounts from Amina to Baraka."""
    ids = pipeline.kenyan(60, held_by=AMINA)
    return pipeline.upload(file_of((one, BARAKA) for one in ids))


def chunk_letter(created: ObjectCreated) -> dict[str, Any]:
    return with_body("abandon-chunk", {"v": 1, "import_id": import_id(created), "chunk": 1})


def intake_letter(created: ObjectCreated) -> dict[str, Any]:
    return s3_event(created, "abandon-intake")


def finalize_letter(created: ObjectCreated) -> dict[str, Any]:
    return with_body("abandon-finalize", {"v": 1, "import_id": import_id(created)})


def test_a_file_that_could_not_be_validated_is_refused_and_announced(pipeline: Pipeline) -> None:
    created = many(pipeline)

    assert pipeline.abandon(intake_letter(created)) == []
    pipeline.run()

    summary = pipeline.summary(created)
    assert (summary["state"], summary["refusal"]["code"]) == ("refused", "NOT_VALIDATED")
    assert "Nothing was written" in summary["refusal"]["message"]
    assert summary["uploader"] == "ines.okello@lumina.example"
    assert len(pipeline.memory.sns.published) == 1


def test_a_file_that_is_given_up_warns_of_files_posted_later_with_its_form(
    pipeline: Pipeline,
) -> None:
    ticket = pipeline.ticket()
    created = pipeline.upload(file_of([("K000", BARAKA)]), ticket)
    pipeline.clock.now += 1
    again = pipeline.upload(file_of([("K000", AMINA)]), ticket)
    pipeline.run(again)

    assert pipeline.abandon(intake_letter(created)) == []
    pipeline.run()

    summary = pipeline.summary(created)
    assert summary["refusal"]["code"] == "NOT_VALIDATED"
    assert [warning["code"] for warning in summary["warnings"]] == ["TICKET_REPLAYED"]
    assert len(pipeline.memory.sns.published) == 1


def test_a_file_that_a_killed_run_has_half_validated_is_refused(pipeline: Pipeline) -> None:
    created = many(pipeline)
    with incident(pipeline.memory, Mishap("BatchWriteItem", kill_before=1)):
        pipeline.validate(created)

    assert len(pipeline.abandon(intake_letter(created))) == 1, "the killed run may still go on"
    pipeline.clock.now += HOUR
    assert pipeline.abandon(intake_letter(created)) == []
    pipeline.run()

    assert pipeline.item(created).state == "refused"
    assert pipeline.validate(created) == []
    assert pipeline.waiting() == []
    assert pipeline.holders("K000") == [AMINA]


def test_a_dead_letter_of_a_file_that_was_validated_later_refuses_nothing(
    pipeline: Pipeline,
) -> None:
    created = many(pipeline)
    pipeline.validate(created)

    assert pipeline.abandon(intake_letter(created)) == []
    pipeline.run()

    assert pipeline.counts(created) == {"lines": 60, "updated": 60}


def test_the_lines_of_a_chunk_that_no_worker_could_process_are_not_processed(
    pipeline: Pipeline,
) -> None:
    created = many(pipeline)
    pipeline.validate(created)
    pipeline.forget()

    assert pipeline.abandon(chunk_letter(created)) == []
    pipeline.run()

    assert pipeline.item(created).state == "error"
    assert pipeline.counts(created) == {"lines": 60, "not_processed": 60}
    rows = pipeline.table(created, "errors.csv")
    assert {row["code"] for row in rows} == {"NOT_PROCESSED"}
    assert len(rows) == 60
    assert pipeline.holders("K000") == [AMINA]


@pytest.mark.parametrize(("batches", "updated"), [(0, 0), (1, 25), (2, 50), (3, 60)])
def test_the_report_has_what_a_chunk_did_before_it_was_given_up(
    pipeline: Pipeline, batches: int, updated: int
) -> None:
    created = many(pipeline)
    pipeline.validate(created)
    pipeline.forget()
    mishap = (
        Mishap("BatchExecuteStatement", kill_after=batches)
        if batches
        else Mishap("BatchExecuteStatement", kill_before=1)
    )
    with incident(pipeline.memory, mishap):
        pipeline.assign(import_id(created))
    pipeline.clock.now += HOUR

    assert pipeline.abandon(chunk_letter(created)) == []
    pipeline.run()

    counts = {"lines": 60, "updated": updated, "not_processed": 60 - updated}
    assert pipeline.counts(created) == {name: many for name, many in counts.items() if many}
    results = pipeline.table(created, "results.csv")
    assert [row["outcome"] for row in results].count("updated") == updated


def test_the_report_of_a_chunk_that_was_given_up_can_be_uploaded_as_it_is(
    pipeline: Pipeline,
) -> None:
    created = many(pipeline)
    pipeline.validate(created)
    pipeline.forget()
    pipeline.abandon(chunk_letter(created))
    pipeline.run()
    report = pipeline.file(created, "errors.csv")
    assert report is not None

    pipeline.clock.now += 60
    again = pipeline.upload(report)
    pipeline.run(again)

    assert pipeline.counts(again) == {"lines": 60, "updated": 60}


def test_a_chunk_whose_worker_may_still_run_is_not_given_up(pipeline: Pipeline) -> None:
    created = many(pipeline)
    pipeline.validate(created)
    with incident(pipeline.memory, Mishap("BatchExecuteStatement", kill_after=1)):
        pipeline.assign(import_id(created))

    assert len(pipeline.abandon(chunk_letter(created))) == 1


def test_a_chunk_of_a_deleted_file_ends_with_all_its_lines_counted(
    pipeline: Pipeline,
) -> None:
    created = many(pipeline)
    pipeline.validate(created)
    pipeline.forget()
    del pipeline.memory.s3.buckets[created.bucket].objects[created.version.key]

    assert pipeline.abandon(chunk_letter(created)) == []
    pipeline.run()

    assert pipeline.counts(created) == {"lines": 60, "not_processed": 60}
    found = {row["message"]: row["line"] for row in pipeline.table(created, "results.csv")}
    assert found == {"the uploaded file was deleted before this line was processed": "61"}


def test_a_chunk_of_a_file_that_was_altered_ends_with_all_its_lines_counted(
    pipeline: Pipeline,
) -> None:
    created = many(pipeline)
    pipeline.validate(created)
    pipeline.forget()
    objects = pipeline.memory.s3.buckets[created.bucket].objects
    (true,) = objects[created.version.key]
    objects[created.version.key] = (replace(true, body=true.body.replace(b"K000,", b"K999,")),)

    assert pipeline.abandon(chunk_letter(created)) == []
    pipeline.run()

    assert pipeline.counts(created) == {"lines": 60, "not_processed": 60}


def test_a_dead_letter_of_the_finalize_queue_ends_the_import(pipeline: Pipeline) -> None:
    created = many(pipeline)
    pipeline.validate(created)
    pipeline.assign(import_id(created))
    pipeline.forget()

    assert pipeline.abandon(finalize_letter(created)) == []

    assert pipeline.item(created).state == "done"
    assert len(pipeline.memory.sns.published) == 1


@pytest.mark.parametrize("letter", [intake_letter, chunk_letter, finalize_letter])
def test_a_dead_letter_of_an_import_that_has_ended_changes_nothing(
    pipeline: Pipeline, letter: Any
) -> None:
    created = many(pipeline)
    pipeline.run(created)
    before = pipeline.memory.snapshot().buckets, pipeline.item(created).to_dynamodb_dict()

    assert pipeline.abandon(letter(created)) == []
    pipeline.run()

    after = pipeline.memory.snapshot().buckets, pipeline.item(created).to_dynamodb_dict()
    assert after == before
    assert len(pipeline.memory.sns.published) == 1


@pytest.mark.parametrize("name", ["abandon-chunk", "abandon-finalize"])
def test_the_captured_dead_letter_of_an_unknown_import_is_dropped(
    pipeline: Pipeline, name: str
) -> None:
    event = load_event(name)

    assert pipeline.abandon(event) == []


def letter_of_an_upload(bucket: str) -> dict[str, Any]:
    """The captured dead letter, for that bucket."""
    event: dict[str, Any] = load_event("abandon-intake")
    body = json.loads(event["Records"][0]["body"])
    body["Records"][0]["s3"]["bucket"]["name"] = bucket
    event["Records"][0]["body"] = json.dumps(body)
    return event


def test_a_dead_letter_of_an_upload_to_another_bucket_registers_nothing(pipeline: Pipeline) -> None:
    assert pipeline.abandon(letter_of_an_upload("somebody-elses")) == []

    assert pipeline.all_imports() == []


def test_the_captured_dead_letter_of_an_upload_registers_and_refuses_it(pipeline: Pipeline) -> None:
    assert pipeline.abandon(letter_of_an_upload(pipeline.resources.uploads_bucket)) == []
    pipeline.run()

    (import_,) = pipeline.all_imports()
    item = pipeline.resources.tables.imports.find(import_)
    assert item is not None
    assert (item.state, item.tenant) == ("refused", TENANT)


@pytest.mark.parametrize(
    ("body", "logged"),
    [
        ("", ("message not understood", {"fields": 0})),
        ("{", ("message not understood", {"fields": 0})),
        ("[]", ("message not understood", {"fields": 0})),
        ('{"v": 1}', ("message not understood", {"fields": 1})),
        (
            '{"v": 1, "import_id": "0", "chunk": 1}',
            ("message of no import", {"import_id": "0"}),
        ),
        ('{"import_id": "0"}', ("message of no import", {"import_id": "0"})),
    ],
)
def test_a_dead_letter_without_a_usable_body_is_logged_and_dropped(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, body: str, logged: object
) -> None:
    found: list[object] = []
    monkeypatch.setattr(logger, "error", lambda text, extra: found.append((text, extra)))
    event: dict[str, Any] = load_event("abandon-chunk")
    event["Records"][0]["body"] = body

    assert pipeline.abandon(event) == []

    assert found == [logged]
