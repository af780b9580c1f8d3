"""validate: registers a file once, and refuses it with a reason or cuts it into chunks."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from botocore.response import StreamingBody
from handover.model import Mode, User
from handover.pipeline import uploads
from handover.pipeline.import_plan import plan_from
from handover.pipeline.registration import registered
from handover.pipeline.summaries import summary_of
from handover.profiles.parsing import profile_from, profile_json
from handover.profiles.presets import presets
from handover.profiles.settings import Settings
from handover.runtime import Invocation
from handover.store.imports import pending_chunks
from msgspec.structs import replace

from functions.validate import app
from tests.kit.jobs import api
from tests.kit.memory_aws import ObjectCreated, Twist
from tests.kit.mishaps import Mishap, incident
from tests.kit.payloads import load_event
from tests.kit.pipeline import (
    ADMIN,
    AMINA,
    BARAKA,
    BEGINNING_TEXT,
    HOUR,
    PRINCIPAL,
    SALES,
    TENANT,
    Pipeline,
    file_of,
    import_id,
    s3_event,
)

# Written out, so that a changed limit is seen.
MAX_COLUMNS = 200
MAX_FILE_BYTES = 2 * 1024**3
MAX_HEADER_BYTES = 64 * 1024

GOOD = file_of([("K000", AMINA), ("K001", "None")])


def refusal_code(pipeline: Pipeline, created: ObjectCreated) -> str:
    """The code with which the file was refused; the import waits for its end."""
    item = pipeline.item(created)
    assert item.refusal is not None
    assert item.state == "finalizing"
    assert pipeline.waiting() == [{"v": 1, "import_id": item.pk}]
    return str(item.refusal.as_dict()["code"])


def test_a_good_file_becomes_an_import_with_chunks_that_wait_for_workers(
    pipeline: Pipeline,
) -> None:
    created = pipeline.upload(GOOD)

    assert pipeline.validate(created) == []

    item = pipeline.item(created)
    assert (item.state, item.lines, item.encoding, item.delimiter) == (
        "processing",
        2,
        "utf-8",
        ",",
    )
    assert (item.tenant, item.uploader, item.source) == (TENANT, ADMIN, "user")
    assert (item.filename, item.mode) == ("customers.csv", "run")
    assert item.received_at == "2026-11-22T10:00:00.000Z"
    assert pipeline.waiting("ChunksQueue") == [
        {"v": 1, "import_id": item.pk, "chunk": 1, "handed_on": 0}
    ]


def test_the_captured_payload_of_a_drop_is_understood(pipeline: Pipeline) -> None:
    """Its key has spaces, an umlaut, + and %: it is decoded once."""
    pipeline.source()
    name = "Kunden Müller & Co+2 100%.csv"
    created = pipeline.drop(GOOD, name)

    assert pipeline.invoke(app.lambda_handler, s3_event(created, "validate-drop")) == []

    item = pipeline.item(created)
    assert (item.state, item.source, item.filename) == ("processing", "erp", name)
    assert (item.uploader, item.mode) == ("", "run")
    assert summary_of(pipeline.resources, item).uploader == PRINCIPAL


def test_the_test_message_of_s3_makes_no_import(pipeline: Pipeline) -> None:
    assert pipeline.invoke(app.lambda_handler, load_event("validate-test-event")) == []

    assert pipeline.all_imports() == []
    assert pipeline.waiting() == []


@pytest.mark.parametrize(
    "key", [f"drop/{TENANT}/erp/", f"drop/{TENANT}/", "drop/", f"in/{TENANT}/"]
)
def test_the_marker_of_a_folder_makes_no_import_and_no_notification(
    pipeline: Pipeline, key: str
) -> None:
    pipeline.source()
    created = pipeline.put(key, b"")

    pipeline.run(created)

    assert pipeline.all_imports() == []
    assert pipeline.memory.sns.published == []


def test_a_file_with_content_whose_key_ends_like_a_folder_is_refused(
    pipeline: Pipeline,
) -> None:
    pipeline.source()
    created = pipeline.put(f"drop/{TENANT}/erp/", GOOD)

    pipeline.run(created)

    assert pipeline.item(created).state == "refused"
    assert len(pipeline.memory.sns.published) == 1


@pytest.mark.parametrize(
    "key", [f"out/{TENANT}/erp/customers.csv", f"Drop/{TENANT}/erp/a.csv", "drop/Lumina/erp/a.csv"]
)
def test_a_file_outside_the_folders_of_tenants_is_refused_and_belongs_to_nobody(
    pipeline: Pipeline, key: str
) -> None:
    pipeline.source()
    created = pipeline.put(key, GOOD, principal=f"AWS:{PRINCIPAL}:job")

    pipeline.run(created)

    item = pipeline.item(created)
    assert (item.state, item.tenant, item.source) == ("refused", "-", "")
    assert item.refusal.as_dict() == {
        "code": "UNKNOWN_SOURCE",
        "message": "files are not accepted here: expected a ticket's key, or "
        "drop/<tenant>/<source>/, or directory/<tenant>/<source>/",
    }
    assert api(pipeline).get("/imports").body["imports"] == []


@pytest.mark.parametrize("folder", ["drop", "directory"])
@pytest.mark.parametrize("name", ["customers.csv", "2026/accounts.csv"])
def test_a_file_moved_to_the_archive_of_its_source_makes_no_import(
    pipeline: Pipeline, folder: str, name: str
) -> None:
    pipeline.source(writes_directory=True)
    pipeline.kenyan(1)
    moved = pipeline.put(f"{folder}/{TENANT}/erp/archive/{name}", GOOD, principal=PRINCIPAL)

    pipeline.run(moved)

    assert pipeline.all_imports() == []
    assert pipeline.memory.sns.published == []
    assert pipeline.holders("K000") == [""]


@pytest.mark.parametrize("name", ["archive", "archive.csv", "Archive/a.csv", "old/archive/a.csv"])
def test_only_the_archive_folder_itself_is_ignored(pipeline: Pipeline, name: str) -> None:
    pipeline.source()
    pipeline.kenyan(2)
    created = pipeline.drop(GOOD, name)

    pipeline.run(created)

    assert pipeline.item(created).state == "done"


def test_an_archived_file_that_older_code_has_registered_is_processed_to_its_end(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.source()
    pipeline.kenyan(2)
    created = pipeline.drop(GOOD, "archive/customers.csv")
    with monkeypatch.context() as before:
        before.setattr(uploads, "is_no_upload", lambda _key, _size: False)
        pipeline.validate(created)

    pipeline.run(created)

    assert pipeline.item(created).state == "done"


def test_an_event_of_another_bucket_makes_no_import(pipeline: Pipeline) -> None:
    pipeline.source()
    event = s3_event(pipeline.drop(GOOD))
    (record,) = event["Records"]
    body = json.loads(record["body"])
    body["Records"][0]["s3"]["bucket"]["name"] = "somebody-elses"
    record["body"] = json.dumps(body)

    assert pipeline.invoke(app.lambda_handler, event) == []

    assert pipeline.all_imports() == []
    assert pipeline.waiting() == []


def test_a_message_that_is_not_json_is_returned_and_breaks_nothing(pipeline: Pipeline) -> None:
    event = load_event("validate-ticket")
    event["Records"][0]["body"] = "{"

    failed = pipeline.invoke(app.lambda_handler, event)

    assert failed == [event["Records"][0]["messageId"]]


# Refusals


def too_wide(columns: int) -> bytes:
    labels = ",".join(f"c{number}" for number in range(columns))
    return f"account ID,account Manager,{labels}\r\nK000,{AMINA}\r\n".encode()


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        (b"", "EMPTY_FILE", None),
        (b"\xef\xbb\xbf \r\n\r\n", "EMPTY_FILE", None),
        (b"account ID,account Manager\r\n", "EMPTY_FILE", None),
        (b"PK\x03\x04" + bytes(40), "NOT_CSV", None),
        (b"\x1f\x8b\x08\x00" + bytes(40), "NOT_CSV", None),
        (b"account ID,account Manager\r\nK\xff\x81,\r\n", "ENCODING", 2),
        (b"account ID,manager\r\nK000,\r\n", "MISSING_COLUMN", 1),
        (b"account ID,account Manager,account_id\r\nK000,,\r\n", "DUPLICATE_COLUMN", 1),
        (b'account ID,account Manager\r\nK000,x\r\n"K001,y\r\n', "UNCLOSED_QUOTE", 3),
        (too_wide(MAX_COLUMNS), "TOO_MANY_COLUMNS", 1),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_reason_and_place(
    pipeline: Pipeline, body: bytes, code: str, line: int | None
) -> None:
    created = pipeline.upload(body)

    assert pipeline.validate(created) == []

    assert refusal_code(pipeline, created) == code
    refusal = pipeline.item(created).refusal
    assert refusal is not None
    assert refusal.as_dict().get("line") == line
    assert refusal.as_dict()["message"]


def test_a_file_that_is_too_large_is_refused_after_reading_its_head(pipeline: Pipeline) -> None:
    created = pipeline.upload(GOOD)
    seen: list[object] = []

    def get(params: dict[str, object], twist: object) -> dict[str, object]:
        seen.append(params["Range"])
        end = MAX_HEADER_BYTES - 1
        body = BytesIO(b"x" * MAX_HEADER_BYTES)
        return {"Body": body, "ContentRange": f"bytes 0-{end}/{MAX_FILE_BYTES + 1}"}

    pipeline.memory.register("s3", "GetObject", get)

    assert pipeline.validate(created) == []

    assert refusal_code(pipeline, created) == "TOO_LARGE"
    assert seen == [f"bytes=0-{MAX_HEADER_BYTES - 1}"]


def test_a_file_whose_profile_was_removed_is_refused(pipeline: Pipeline) -> None:
    created = pipeline.upload(GOOD, pipeline.ticket(profile="of-last-year"))

    pipeline.validate(created)

    assert refusal_code(pipeline, created) == "UNKNOWN_PROFILE"


@pytest.mark.parametrize(
    "uploader",
    [
        User(SALES, "Sam", frozenset({"Sales"}), "Kenya"),
        User(ADMIN, "Ines", frozenset({"Admin"}), "Kenya", is_active=False),
        None,
    ],
)
def test_the_uploader_is_checked_again_when_the_file_arrives(
    pipeline: Pipeline, uploader: User | None
) -> None:
    address = uploader.email if uploader else "nobody@lumina.example"
    ticket = pipeline.ticket(uploader=address)
    if uploader:
        pipeline.users(uploader)
    created = pipeline.upload(GOOD, ticket)

    pipeline.validate(created)

    assert refusal_code(pipeline, created) == "UPLOADER_NOT_ALLOWED"


@pytest.mark.parametrize("role", ["Admin", "Back Office Management"])
def test_r1_r2_admin_and_back_office_management_may_upload(pipeline: Pipeline, role: str) -> None:
    pipeline.users(User("new@lumina.example", "New", frozenset({role})))
    pipeline.switch_on("single-strict")
    created = pipeline.upload(GOOD, pipeline.ticket(uploader="new@lumina.example"))

    pipeline.validate(created)

    assert pipeline.item(created).state == "processing"


@pytest.mark.parametrize(
    "key",
    [
        f"drop/{TENANT}/crm/a.csv",
        f"drop/{TENANT}/erp",
        f"drop/{TENANT}/",
        "drop/other/erp/a.csv",
        "drop/Lumina/erp/a.csv",
        "elsewhere/a.csv",
        "a.csv",
        "in/a.csv",
    ],
)
def test_a_file_outside_all_known_folders_is_refused_and_announced(
    pipeline: Pipeline, key: str
) -> None:
    pipeline.source()
    created = pipeline.put(key, GOOD)

    assert pipeline.validate(created) == []

    expected = (
        "TICKET_UNKNOWN" if key.startswith("in/") and key.count("/") > 1 else "UNKNOWN_SOURCE"
    )
    assert refusal_code(pipeline, created) == expected
    pipeline.run()
    assert pipeline.item(created).state == "refused"
    assert len(pipeline.memory.sns.published) == 1


def test_the_notification_of_a_drop_names_the_source_and_its_principal(
    pipeline: Pipeline,
) -> None:
    pipeline.source()
    pipeline.kenyan(2)

    pipeline.run(pipeline.drop(GOOD))

    (notification,) = pipeline.memory.sns.published
    bodies = json.loads(notification.message)
    assert f"Source: erp\nUploaded by: {PRINCIPAL}\n" in bodies["email"]
    assert json.loads(bodies["sqs"])["uploader"] == PRINCIPAL


def test_a_sender_who_is_not_proven_to_be_the_source_is_not_the_uploader(
    pipeline: Pipeline,
) -> None:
    pipeline.source()

    pipeline.run(pipeline.drop(GOOD, principal="AWS:SOMEBODY:else"))

    (notification,) = pipeline.memory.sns.published
    assert json.loads(json.loads(notification.message)["sqs"])["uploader"] == ""
    assert "SOMEBODY" not in notification.message


@pytest.mark.parametrize(
    "principal",
    ["AWS:AIDASOMEBODY", "AROAERPEXAMPLE2", "AWS:AROAERPEXAMPLEX:job", "x:AROAERPEXAMPLE"],
)
def test_a_drop_by_another_principal_is_refused(pipeline: Pipeline, principal: str) -> None:
    pipeline.source()
    created = pipeline.drop(GOOD, principal=principal)

    pipeline.validate(created)

    assert refusal_code(pipeline, created) == "WRONG_PRINCIPAL"


@pytest.mark.parametrize("ticket", ["never-issued", "20261122T100000000Z-0000000000000000"])
def test_a_file_under_a_ticket_that_was_never_issued_is_refused(
    pipeline: Pipeline, ticket: str
) -> None:
    created = pipeline.upload(GOOD, ticket)

    pipeline.validate(created)

    assert refusal_code(pipeline, created) == "TICKET_UNKNOWN"


def test_a_ticket_of_another_tenant_is_unknown(pipeline: Pipeline) -> None:
    created = pipeline.put(f"in/other/{pipeline.ticket()}.csv", GOOD)

    pipeline.validate(created)

    assert refusal_code(pipeline, created) == "TICKET_UNKNOWN"
    assert pipeline.item(created).uploader == ""


@pytest.mark.parametrize("first_event", [0, 1])
def test_the_second_version_of_a_tickets_key_is_refused_whichever_event_comes_first(
    pipeline: Pipeline, first_event: int
) -> None:
    ticket = pipeline.ticket()
    uploads = [pipeline.upload(GOOD, ticket), pipeline.upload(file_of([("K001", BARAKA)]), ticket)]

    for created in (uploads[first_event], uploads[1 - first_event]):
        assert pipeline.validate(created) == []

    assert pipeline.item(uploads[0]).state == "processing"
    replayed = pipeline.item(uploads[1])
    assert replayed.refusal is not None
    assert replayed.refusal.as_dict()["code"] == "TICKET_REPLAYED"
    first = pipeline.item(uploads[0])
    assert (int(first.replays), first.replayed_at) == (1, pipeline.item_time(uploads[1]))


def newest(pipeline: Pipeline) -> list[str]:
    """The ids of the imports in the tenant's list, newest first."""
    found, _ = pipeline.resources.tables.imports.newest(TENANT, 100, None)
    return [item.pk for item in found]


@pytest.mark.parametrize("is_first_event_last", [False, True])
def test_a_form_posted_twenty_times_makes_one_import_that_warns_of_the_others(
    pipeline: Pipeline, is_first_event_last: bool
) -> None:
    pipeline.kenyan(2)
    ticket = pipeline.ticket()
    first, *others = [pipeline.upload(GOOD, ticket) for _ in range(20)]
    events = [*others, first] if is_first_event_last else [first, *others]

    pipeline.run(*events, *events)

    assert len(pipeline.all_imports()) == 20
    assert {pipeline.item(one).state for one in others} == {"refused"}
    assert newest(pipeline) == [import_id(first)]
    assert len(pipeline.memory.sns.published) == 1
    item = pipeline.item(first)
    assert (item.state, int(item.replays)) == ("done", 19)
    (warning,) = summary_of(pipeline.resources, item).warnings
    assert warning.code == "TICKET_REPLAYED"
    assert warning.message.startswith("19 more files were posted")


def test_the_notification_of_the_end_warns_of_earlier_replays(pipeline: Pipeline) -> None:
    ticket = pipeline.ticket()
    first, second = pipeline.upload(GOOD, ticket), pipeline.upload(GOOD, ticket)
    for created in (first, second):
        pipeline.validate(created)

    pipeline.run()

    assert [one["code"] for one in pipeline.summary(first)["warnings"]] == ["TICKET_REPLAYED"]
    (notification,) = pipeline.memory.sns.published
    assert "1 more file was posted" in json.loads(notification.message)["email"]


def test_a_file_posted_with_a_cancelled_ticket_is_announced_and_warns_of_the_next(
    pipeline: Pipeline,
) -> None:
    ticket = pipeline.ticket()
    assert pipeline.resources.tables.tickets.cancel(ticket, ADMIN)
    first, second = pipeline.upload(GOOD, ticket), pipeline.upload(GOOD, ticket)

    pipeline.run(second, first)

    assert [pipeline.item(one).state for one in (first, second)] == ["refused"] * 2
    assert int(pipeline.item(first).replays) == 1
    assert newest(pipeline) == [import_id(first)]
    assert len(pipeline.memory.sns.published) == 1


def test_a_file_under_another_key_of_the_same_ticket_has_an_import_of_its_own(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(2)
    ticket = pipeline.ticket()
    first = pipeline.upload(GOOD, ticket)
    other = pipeline.put(f"in/{TENANT}/{ticket}", GOOD)

    pipeline.run(first, other)

    assert pipeline.item(other).state == "refused"
    assert sorted(newest(pipeline)) == sorted([import_id(first), import_id(other)])
    assert len(pipeline.memory.sns.published) == 2


def test_a_file_under_a_cancelled_ticket_is_refused(pipeline: Pipeline) -> None:
    ticket = pipeline.ticket()
    assert pipeline.resources.tables.tickets.cancel(ticket, ADMIN)
    created = pipeline.upload(GOOD, ticket)

    pipeline.validate(created)

    assert refusal_code(pipeline, created) == "TICKET_REPLAYED"


def test_a_file_that_was_deleted_before_it_was_read_is_refused(pipeline: Pipeline) -> None:
    created = pipeline.upload(GOOD)
    bucket = pipeline.memory.s3.buckets[created.bucket]
    del bucket.objects[created.version.key]

    pipeline.validate(created)

    assert refusal_code(pipeline, created) == "OBJECT_GONE"


def test_a_later_version_of_a_drop_does_not_change_an_earlier_one(
    pipeline: Pipeline,
) -> None:
    pipeline.source()
    pipeline.kenyan(2)
    first = pipeline.drop(file_of([("K000", AMINA)]))
    second = pipeline.drop(file_of([("K001", AMINA), ("K000", BARAKA)]))

    pipeline.validate(second)
    pipeline.validate(first)

    assert [pipeline.item(one).lines for one in (first, second)] == [1, 2]


# Once


def test_an_event_delivered_twice_registers_one_import(pipeline: Pipeline) -> None:
    created = pipeline.upload(GOOD)

    assert pipeline.validate(created) == []
    assert pipeline.validate(created) == []

    assert pipeline.all_imports() == [import_id(created)]
    assert (
        pipeline.waiting("ChunksQueue")
        == [{"v": 1, "import_id": import_id(created), "chunk": 1, "handed_on": 0}] * 2
    )


def test_an_event_delivered_after_the_end_changes_and_sends_nothing(pipeline: Pipeline) -> None:
    pipeline.kenyan(2)
    created = pipeline.upload(GOOD)
    pipeline.run(created)
    before = pipeline.memory.snapshot()

    assert pipeline.validate(created) == []

    assert pipeline.memory.snapshot() == before
    assert pipeline.waiting() == []


def test_while_one_run_validates_the_message_of_another_is_returned(pipeline: Pipeline) -> None:
    created = pipeline.upload(GOOD)

    def no_answer(params: dict[str, object], twist: object) -> dict[str, object]:
        raise KeyboardInterrupt

    answer = pipeline.memory._handlers["dynamodb"]["BatchWriteItem"]
    pipeline.memory.register("dynamodb", "BatchWriteItem", no_answer)
    with pytest.raises(KeyboardInterrupt):
        pipeline.validate(created)
    pipeline.memory.register("dynamodb", "BatchWriteItem", answer)

    assert len(pipeline.validate(created)) == 1
    pipeline.clock.now += HOUR
    assert pipeline.validate(created) == []
    assert pipeline.item(created).state == "processing"


def test_a_file_that_another_run_registers_first_is_left_to_that_run(pipeline: Pipeline) -> None:
    created = pipeline.upload(GOOD)
    (arrival,) = uploads.arrivals({"Records": [created.record()]})
    sender = uploads.sender_of(pipeline.resources, arrival)
    other = Invocation("other", pipeline.deadline)

    def they_come() -> None:
        pipeline.memory.hook = None
        registered(pipeline.resources, arrival, sender, other)

    with incident(pipeline.memory, Mishap("PutItem", before_call=they_come)):
        assert len(pipeline.validate(created)) == 1

    item = pipeline.item(created)
    assert (item.state, item.lease_by) == ("validating", "other")


# Reading


def test_a_utf_16_file_is_read_from_a_copy_in_utf_8(pipeline: Pipeline) -> None:
    ids = pipeline.kenyan(2)
    text = f"account ID\taccount Manager\r\n{ids[0]}\t{AMINA}\r\n{ids[1]}\tNadia Müller\r\n"
    created = pipeline.upload(text.encode("utf-16"))

    pipeline.run(created)

    assert pipeline.item(created).delimiter == "\t"
    assert pipeline.holders(ids[0]) == [AMINA]
    assert pipeline.counts(created) == {"lines": 2, "updated": 1, "rejected": 1}
    errors = pipeline.file(created, "errors.csv")
    assert errors is not None
    assert "Nadia Müller" in errors.decode("utf-8-sig")


def test_a_windows_1252_file_is_read_where_the_profile_declares_it(pipeline: Pipeline) -> None:
    created = pipeline.upload("account ID;account Manager\r\nK000;Müller\r\n".encode("cp1252"))

    pipeline.validate(created)

    item = pipeline.item(created)
    assert (item.encoding, item.delimiter) == ("windows-1252", ";")


def test_the_mapping_of_the_ticket_names_the_columns(pipeline: Pipeline) -> None:
    ticket = pipeline.ticket(mapping={"Kunde": "account ID", "Betreuer": "account Manager"})
    pipeline.kenyan(1)
    created = pipeline.upload(f"Kunde;Ort;Betreuer\r\nK000;Köln;{AMINA}\r\n".encode(), ticket)

    pipeline.run(created)

    assert pipeline.holders("K000") == [AMINA]


def test_a_tenants_own_profile_comes_before_the_preset_and_is_pinned_for_the_import(
    pipeline: Pipeline,
) -> None:
    own = profile_from(profile_json(presets()["single-strict"]) | {"uploader_roles": ["Sales"]})
    pipeline.resources.tables.directory.put_profile(TENANT, own)
    pipeline.switch_on("single-strict")
    created = pipeline.upload(GOOD, pipeline.ticket(uploader=SALES))

    pipeline.validate(created)

    body = pipeline.resources.tables.imports.plan(import_id(created))
    assert body is not None
    assert plan_from(body).profile == own


def test_lines_that_name_an_account_twice_are_settled_before_the_chunks(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(2)
    lines = [("K000", AMINA), ("K001", AMINA), ("K000", AMINA), ("K001", BARAKA)]
    created = pipeline.upload(file_of(lines))

    pipeline.run(created)

    assert pipeline.counts(created) == {"lines": 4, "updated": 1, "rejected": 2, "duplicate": 1}
    assert [row["code"] for row in pipeline.table(created, "errors.csv")] == [
        "DUPLICATE_CONFLICT"
    ] * 2
    assert pipeline.holders("K000", "K001") == [AMINA, ""]


# The clearing guard


def clearing(pipeline: Pipeline, clears: int, others: int) -> ObjectCreated:
    """An upload that would clear that many managers and keeps the others."""
    ids = pipeline.kenyan(clears + others, held_by=AMINA)
    lines = [(one, "None" if place < clears else AMINA) for place, one in enumerate(ids)]
    return pipeline.upload(file_of(lines))


@pytest.mark.parametrize(
    ("clears", "others", "state"),
    [
        (10, 0, "processing"),
        (11, 0, "awaiting_approval"),
        (11, 44, "processing"),
        (11, 43, "awaiting_approval"),
        (12, 48, "processing"),
        (13, 47, "awaiting_approval"),
    ],
)
def test_a_file_that_clears_more_than_ten_and_more_than_a_fifth_waits_for_an_admin(
    pipeline: Pipeline, clears: int, others: int, state: str
) -> None:
    created = clearing(pipeline, clears, others)

    pipeline.validate(created)

    assert pipeline.item(created).state == state


def test_clearing_what_nobody_holds_is_not_counted(pipeline: Pipeline) -> None:
    ids = pipeline.kenyan(30)
    pipeline.accounts()
    created = pipeline.upload(file_of((one, "") for one in [*ids, "unknown-1", "unknown-2"]))

    pipeline.validate(created)

    assert pipeline.item(created).state == "processing"


class BusyAccounts(Mishap):
    """Answers no read of accounts; all other calls work."""

    def before(
        self, number: int, service: str, operation: str, params: dict[str, Any]
    ) -> Twist | None:
        if "AccountsTable" in params.get("RequestItems", {}):
            self.twists = [Twist(member_errors=dict.fromkeys(range(100), "unprocessed"))]
        return super().before(number, service, operation, params)


def test_a_file_whose_clearings_cannot_be_counted_in_time_waits_for_an_admin(
    pipeline: Pipeline,
) -> None:
    """Nobody holds these accounts, so nothing would be cleared."""
    ids = pipeline.kenyan(30)
    created = pipeline.upload(file_of((one, "None") for one in ids))

    with incident(pipeline.memory, BusyAccounts()):
        assert pipeline.validate(created) == []

    item = pipeline.item(created)
    assert item.state == "awaiting_approval"
    assert item.approval.as_dict() == {
        "reason": "could not be counted in time",
        "would_clear": 30,
        "lines": 30,
    }


@pytest.mark.parametrize(("cell", "state"), [(",", "processing"), ("None", "awaiting_approval")])
def test_f1_cells_with_only_separators_remove_nobody_where_a_blank_keeps(
    pipeline: Pipeline, cell: str, state: str
) -> None:
    profile = replace(presets()["multi-with-workflow"], name="own", clear_words=frozenset({"none"}))
    pipeline.resources.tables.directory.put_profile(TENANT, profile)
    ids = pipeline.kenyan(30, held_by=AMINA)
    # An unknown workflow would reject the line, whatever is in the other cell.
    lines = "".join(f'{one},"{cell}",\n' for one in ids)
    file = f"External Id,Account manager email,Workflow name\n{lines}".encode()
    created = pipeline.upload(file, pipeline.ticket(profile="own"))

    pipeline.validate(created)
    assert pipeline.item(created).state == state
    pipeline.run()

    assert pipeline.holders(*ids) == [AMINA] * 30


def test_f1_cells_with_only_separators_count_as_blanks_where_a_blank_clears(
    pipeline: Pipeline,
) -> None:
    profile = replace(presets()["single-strict"], name="own", list_separator=";")
    pipeline.resources.tables.directory.put_profile(TENANT, profile)
    ids = pipeline.kenyan(30, held_by=AMINA)
    file = file_of((one, f" ;{' ;' * 20}") for one in ids)
    created = pipeline.upload(file, pipeline.ticket(profile="own"))

    pipeline.validate(created)

    assert pipeline.item(created).approval["would_clear"] == 30
    assert pipeline.item(created).state == "awaiting_approval"


def test_a_tenant_may_set_another_limit(pipeline: Pipeline) -> None:
    pipeline.resources.tables.directory.put_settings(TENANT, Settings(0, 2))
    created = clearing(pipeline, 3, 30)

    pipeline.validate(created)

    assert pipeline.item(created).state == "awaiting_approval"


def test_an_import_that_waits_is_announced_and_counted_once_and_no_chunk_is_sent(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    created = clearing(pipeline, 20, 0)
    pipeline.run(created)
    pipeline.run(created)

    metrics = [line for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    counts = [json.loads(line).get("ImportsAwaitingApproval") for line in metrics]
    assert [count for count in counts if count is not None] == [[1.0]]
    (notice,) = pipeline.memory.sns.published
    assert notice.attributes["state"]["StringValue"] == "awaiting_approval"
    assert pipeline.holders("K000") == [AMINA]
    assert pipeline.item(created).state == "awaiting_approval"


@pytest.mark.parametrize(
    ("decide", "holder", "state"),
    [
        (lambda imports, key: imports.approve(key, ADMIN, at=BEGINNING_TEXT), "", "done"),
        (lambda imports, key: imports.cancel(key, ADMIN, at=BEGINNING_TEXT), AMINA, "cancelled"),
    ],
)
def test_an_admin_approves_or_cancels_an_import_that_waits(
    pipeline: Pipeline, decide: Callable[..., bool], holder: str, state: str
) -> None:
    created = clearing(pipeline, 20, 0)
    pipeline.run(created)

    assert decide(pipeline.resources.tables.imports, import_id(created))
    assert not decide(pipeline.resources.tables.imports, import_id(created))
    assert pipeline.assign(import_id(created)) == []
    pipeline.run()

    assert pipeline.item(created).state == state
    assert pipeline.holders("K000") == [holder]


def test_an_import_cancelled_during_validation_does_not_wait_for_approval(
    pipeline: Pipeline,
) -> None:
    created = clearing(pipeline, 20, 0)

    def cancels() -> None:
        pipeline.memory.hook = None
        assert pipeline.resources.tables.imports.cancel(
            import_id(created), ADMIN, at=BEGINNING_TEXT
        )

    with incident(pipeline.memory, Mishap("BatchWriteItem", before_call=cancels)):
        assert pipeline.validate(created) == []
    pipeline.run()

    assert pipeline.item(created).state == "cancelled"
    assert pipeline.counts(created) == {"lines": 20, "not_processed": 20}


def test_a_dry_run_clears_nothing_and_does_not_wait_for_approval(pipeline: Pipeline) -> None:
    ids = pipeline.kenyan(20, held_by=AMINA)
    created = pipeline.upload(file_of((one, "") for one in ids), mode=Mode.DRY_RUN)

    pipeline.run(created)

    assert pipeline.item(created).state == "done"
    assert pipeline.counts(created) == {"lines": 20, "cleared": 20}
    assert pipeline.holders(ids[0]) == [AMINA]


# Large files


def test_a_file_is_cut_into_chunks_that_together_hold_every_line(pipeline: Pipeline) -> None:
    lines = [(f"A{number:06d}", AMINA) for number in range(12_000)]
    created = pipeline.upload(file_of(lines))

    pipeline.validate(created)

    item = pipeline.item(created)
    chunks = [
        pipeline.resources.tables.chunks.take(item.pk, number, "t", now=0, until=1)
        for number in sorted(pending_chunks(item))
    ]
    assert sum(taken.chunk.lines for taken in chunks if taken) == item.lines == 12_000
    assert max(taken.chunk.lines for taken in chunks if taken) <= 5_000
    assert len(pipeline.waiting("ChunksQueue")) == len(chunks) >= 3


def test_a_file_that_is_read_in_part_is_read_again(pipeline: Pipeline) -> None:
    pipeline.kenyan(2)
    created = pipeline.upload(file_of([("K000", AMINA), ("K001", AMINA)]))

    def cut(answer: dict[str, Any]) -> None:
        part = answer["Body"].read()[:-10]
        answer["Body"] = StreamingBody(BytesIO(part), len(part))

    with incident(pipeline.memory, Mishap("GetObject", on_answer=cut)):
        assert len(pipeline.validate(created)) == 1

    assert pipeline.item(created).state == "validating"
    pipeline.clock.now += HOUR
    pipeline.run(created)
    assert pipeline.counts(created) == {"lines": 2, "updated": 2}
