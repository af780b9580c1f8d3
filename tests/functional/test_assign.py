"""assign: decides the lines of a chunk, writes what changes, and counts each line once."""

from __future__ import annotations

import dataclasses
import gc
import json
from io import BytesIO
from typing import Any

import pytest
from botocore.response import StreamingBody
from handover.errors import RetryLaterError
from handover.model import Account, Dialect, Header, Mode, User
from handover.pipeline import validate
from handover.pipeline.assign import work_chunk
from handover.pipeline.import_plan import ImportPlan, plan_from, plan_json
from handover.pipeline.older_imports_list import older_open_imports_in
from handover.reading.sniff import read_head
from handover.reports.counts import Counts
from handover.runtime import LEASE_MARGIN_SECONDS, Invocation
from handover.store.accounts import item_from
from handover.store.imports import pending_chunks
from handover.store.progress import counts_of
from msgspec.structs import replace

from functions.assign import app
from tests.kit.memory_aws import ObjectCreated, Twist
from tests.kit.mishaps import Mishap, incident, killed_at_every_call
from tests.kit.payloads import load_event
from tests.kit.pipeline import (
    ADMIN,
    AMINA,
    BARAKA,
    BEGINNING_TEXT,
    HOUR,
    ROLE,
    TENANT,
    TOGO,
    Pipeline,
    file_of,
    import_id,
)

EVERYTHING = file_of(
    [
        ("K000", AMINA),
        ("K001", BARAKA),
        ("K002", ""),
        ("K003", "None"),
        ("K004", AMINA),
        ("K005", AMINA),
        ("K005", AMINA),
        ("K006", TOGO),
        ("K007", "amnia.otieno@lumina.example"),
        ("X000", AMINA),
        ("K008", ADMIN),
        ("K009", "gone@lumina.example"),
        ("K010", AMINA),
        ("K010", BARAKA),
        ("", AMINA),
    ]
)
OUTCOMES = {
    "lines": 15,
    "updated": 3,
    "cleared": 1,
    "unchanged": 2,
    "rejected": 8,
    "duplicate": 1,
}


def scene(pipeline: Pipeline) -> None:
    """Eleven accounts of Kenya; Amina holds K001, K002 and K004."""
    pipeline.kenyan(11)
    held = {ROLE: (AMINA,)}
    for one in ("K001", "K002", "K004"):
        write_directly(pipeline, Account(TENANT, one, 1, opco="Kenya", assigned=held))
    gone = User("gone@lumina.example", "Gone", frozenset({"Sales"}), "Kenya", is_active=False)
    pipeline.users(gone)


def write_directly(pipeline: Pipeline, account: Account) -> None:
    """Stores the account directly, because the directory never changes who holds one."""
    params = {"TableName": "AccountsTable", "Item": item_from(account)}
    pipeline.memory.execute("dynamodb", "PutItem", params)


def ready(pipeline: Pipeline, body: bytes = EVERYTHING, mode: Mode = Mode.RUN) -> ObjectCreated:
    """A validated import with one waiting chunk."""
    created = pipeline.upload(body, mode=mode)
    assert pipeline.validate(created) == []
    pipeline.forget()
    return created


def many(pipeline: Pipeline, number: int = 60) -> tuple[list[str], bytes]:
    """Amina's accounts, and a file that gives them to Baraka in three batches of writes."""
    ids = pipeline.kenyan(number, held_by=AMINA)
    return ids, file_of((one, BARAKA) for one in ids)


def test_every_line_has_its_outcome(pipeline: Pipeline) -> None:
    scene(pipeline)
    created = ready(pipeline)

    assert pipeline.assign(import_id(created)) == []
    pipeline.run()

    assert pipeline.counts(created) == OUTCOMES
    assert [
        (row["line"], row["outcome"], row["code"]) for row in pipeline.table(created, "results.csv")
    ] == [
        ("2", "updated", ""),
        ("3", "updated", ""),
        ("4", "cleared", ""),
        ("5", "unchanged", ""),
        ("6", "unchanged", ""),
        ("7", "updated", ""),
        ("8", "duplicate", ""),
        ("9", "rejected", "OTHER_OPCO"),
        ("10", "rejected", "USER_NOT_FOUND"),
        ("11", "rejected", "ACCOUNT_NOT_FOUND"),
        ("12", "rejected", "USER_ROLE"),
        ("13", "rejected", "USER_INACTIVE"),
        ("14", "rejected", "DUPLICATE_CONFLICT"),
        ("15", "rejected", "DUPLICATE_CONFLICT"),
        ("16", "rejected", "ACCOUNT_BLANK"),
    ]
    assert pipeline.holders("K000", "K001", "K002", "K003", "K004", "K005", "K010") == [
        AMINA,
        BARAKA,
        "",
        "",
        AMINA,
        AMINA,
        "",
    ]


EMPTIED = (
    f"account ID,account Manager,note\r\n,,\r\nK001,{BARAKA},\r\n,,\r\n"
    f'"","",""\r\n,{AMINA},\r\n \r\n,,,\r\nK003,None,\r\n' + ",,\r\n" * 30
).encode()


def test_rows_that_a_spreadsheet_has_emptied_are_not_lines(pipeline: Pipeline) -> None:
    scene(pipeline)
    created = ready(pipeline, EMPTIED)

    pipeline.assign(import_id(created))
    pipeline.run()

    assert pipeline.counts(created) == {"lines": 3, "updated": 1, "unchanged": 1, "rejected": 1}
    [wrong] = pipeline.table(created, "errors.csv")
    assert (wrong["line"], wrong["code"]) == ("6", "ACCOUNT_BLANK")


def test_a_good_file_with_emptied_rows_ends_without_errors(pipeline: Pipeline) -> None:
    scene(pipeline)
    created = ready(pipeline, EMPTIED.replace(f",{AMINA},".encode(), b",,"))

    pipeline.assign(import_id(created))
    pipeline.run()

    assert pipeline.item(created).state == "done"


def test_an_import_that_older_code_validated_with_blank_rows_settles_all_its_lines(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its plan has no field for them, and its chunks count them."""

    def head_of_before(*args: Any, **options: Any) -> tuple[Dialect, Header]:
        dialect, header = read_head(*args, **options)
        return replace(dialect, skips_blank_rows=False), header

    def json_of_before(plan: ImportPlan) -> str:
        stored = json.loads(plan_json(plan))
        del stored["dialect"]["skips_blank_rows"]
        return json.dumps(stored)

    scene(pipeline)
    with monkeypatch.context() as patch:
        patch.setattr("handover.pipeline.opening.read_head", head_of_before)
        patch.setattr("handover.pipeline.validate.plan_json", json_of_before)
        created = ready(pipeline, EMPTIED)

    pipeline.assign(import_id(created))
    pipeline.run()

    assert pipeline.counts(created) == {
        "lines": 38,
        "updated": 1,
        "unchanged": 1,
        "rejected": 36,
    }
    assert pipeline.item(created).lines == 38


def test_a_domain_with_a_sharp_s_is_not_the_domain_with_ss(pipeline: Pipeline) -> None:
    ids = pipeline.kenyan(4)
    real, other = "ana@fa\u00df.example", "ana@fass.example"
    pipeline.users(*(User(one, one, frozenset({"Sales"}), "Kenya") for one in (real, other)))
    names = (real, other, "ANA@FA\u1e9e.example", "b@fa\u00df.example")
    created = ready(pipeline, file_of(zip(ids, names, strict=True)))

    pipeline.assign(import_id(created))
    pipeline.run()

    assert pipeline.holders(*ids) == [real, other, real, ""]
    assert pipeline.counts(created) == {"lines": 4, "updated": 3, "rejected": 1}


def test_a_user_stored_with_ss_for_a_sharp_s_is_suggested_and_not_assigned(
    pipeline: Pipeline,
) -> None:
    """The previous version stored ss for a sharp s, so the original cannot be known."""
    [one] = pipeline.kenyan(1)
    pipeline.users(User("ana@strasse.example", "Ana", frozenset({"Sales"}), "Kenya"))
    created = ready(pipeline, file_of([(one, "ana@stra\u00dfe.example")]))

    pipeline.assign(import_id(created))
    pipeline.run()

    [wrong] = pipeline.table(created, "errors.csv")
    assert wrong["code"] == "USER_NOT_FOUND"
    assert "did you mean ana@strasse.example?" in wrong["hint"]


def test_an_unchanged_line_writes_nothing(pipeline: Pipeline) -> None:
    ids = pipeline.kenyan(30, held_by=AMINA)
    before = pipeline.memory.dynamodb.tables["AccountsTable"].snapshot()
    created = ready(pipeline, file_of((one, AMINA) for one in ids))

    with incident(pipeline.memory, Mishap("BatchExecuteStatement")) as writes:
        pipeline.assign(import_id(created))

    assert writes.seen == 0
    assert pipeline.memory.dynamodb.tables["AccountsTable"].snapshot() == before


def test_users_and_accounts_of_another_tenant_are_not_found(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    pipeline.users(User("zoe@other.example", "Zoe", frozenset({"Sales"}), "Kenya"), tenant="other")
    pipeline.kenyan(2, tenant="other")
    created = pipeline.upload(file_of([("K000", "zoe@other.example"), ("K001", AMINA)]))

    pipeline.run(created)

    errors = pipeline.table(created, "errors.csv")
    assert [row["code"] for row in errors] == ["USER_NOT_FOUND", "ACCOUNT_NOT_FOUND"]
    assert "did you mean" not in errors[0]["hint"]


# Again


def test_another_worker_finishes_the_chunk_of_a_worker_killed_at_any_call_alike(
    pipeline: Pipeline,
) -> None:
    _, body = many(pipeline)
    created = ready(pipeline, body)
    start = pipeline.memory.snapshot()
    pipeline.assign(import_id(created))
    accounts = pipeline.memory.dynamodb.tables["AccountsTable"].items
    assigned = {key: item["assigned"] for key, item in accounts.items()}
    pipeline.memory.restore(start)

    for _ in killed_at_every_call(pipeline.memory, lambda: pipeline.assign(import_id(created))):
        pipeline.clock.now += HOUR
        assert pipeline.assign(import_id(created)) == []

        item = pipeline.item(created)
        assert (int(item.updated), int(item.unchanged), int(item.rejected)) == (60, 0, 0)
        assert pending_chunks(item) == frozenset()
        assert {key: item["version"]["N"] for key, item in accounts.items()} == dict.fromkeys(
            accounts, "2"
        )
        assert {key: item["assigned"] for key, item in accounts.items()} == assigned
        assert pipeline.waiting("FinalizeQueue")
        pipeline.clock.now -= HOUR


def test_a_retry_after_a_partial_write_reports_the_same_for_every_line(pipeline: Pipeline) -> None:
    ids, body = many(pipeline)
    created = ready(pipeline, body)

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", kill_after=2)):
        pipeline.assign(import_id(created))
    assert pipeline.holders(ids[0], ids[49], ids[50]) == [BARAKA, BARAKA, AMINA]
    pipeline.clock.now += HOUR
    pipeline.assign(import_id(created))
    pipeline.run()

    assert pipeline.counts(created) == {"lines": 60, "updated": 60}
    results = pipeline.table(created, "results.csv")
    assert {(row["before"], row["after"]) for row in results} == {(AMINA, BARAKA)}


def test_while_another_worker_has_the_chunk_its_message_is_returned(pipeline: Pipeline) -> None:
    _, body = many(pipeline)
    created = ready(pipeline, body)

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", kill_after=1)):
        pipeline.assign(import_id(created), seconds=30)
    accounts = pipeline.memory.dynamodb.tables["AccountsTable"].snapshot()
    pipeline.clock.now += 30 + LEASE_MARGIN_SECONDS - 1

    assert len(pipeline.assign(import_id(created))) == 1
    assert pipeline.memory.dynamodb.tables["AccountsTable"].snapshot() == accounts
    pipeline.clock.now += 2
    assert pipeline.assign(import_id(created)) == []


def test_a_message_delivered_again_after_its_chunk_is_settled_changes_nothing(
    pipeline: Pipeline,
) -> None:
    scene(pipeline)
    created = ready(pipeline)
    pipeline.assign(import_id(created))
    tables = pipeline.memory.dynamodb.tables
    before = (tables["AccountsTable"].snapshot(), tables["ImportsTable"].snapshot())
    pipeline.forget()

    assert pipeline.assign(import_id(created)) == []

    assert (tables["AccountsTable"].snapshot(), tables["ImportsTable"].snapshot()) == before
    assert pipeline.waiting() == [{"v": 1, "import_id": import_id(created)}]


def test_a_message_delivered_after_the_end_sends_nothing(pipeline: Pipeline) -> None:
    scene(pipeline)
    created = pipeline.upload(EVERYTHING)
    pipeline.run(created)

    assert pipeline.assign(import_id(created)) == []

    assert pipeline.waiting() == []
    assert pipeline.counts(created) == OUTCOMES


# Poison and outages


def test_the_captured_message_of_an_unknown_import_is_returned(
    pipeline: Pipeline,
) -> None:
    event = load_event("assign-chunk")

    failed = pipeline.invoke(app.lambda_handler, event)

    assert failed == [event["Records"][0]["messageId"]]


def test_a_chunk_of_an_unknown_import_is_tried_again(pipeline: Pipeline) -> None:
    run = Invocation("run", pipeline.deadline)

    with pytest.raises(RetryLaterError, match="there is no such import yet"):
        work_chunk(pipeline.resources, "0" * 32, 1, run, may_write=True)


def test_a_chunk_whose_plan_is_not_there_is_tried_again(pipeline: Pipeline) -> None:
    created = ready(pipeline)
    items = pipeline.memory.dynamodb.tables["ImportsTable"].items
    del items[import_id(created), "plan"]

    with pytest.raises(RetryLaterError, match="the plan of this import is not there yet"):
        work_chunk(
            pipeline.resources,
            import_id(created),
            1,
            Invocation("run", pipeline.deadline),
            may_write=True,
        )


def test_a_clock_that_is_set_back_takes_nothing_from_the_time_of_a_chunk(
    pipeline: Pipeline,
) -> None:
    _, body = many(pipeline)
    created = ready(pipeline, body)

    def set_back(_answer: dict[str, Any]) -> None:
        pipeline.clock.now -= 60

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", on_answer=set_back)):
        pipeline.assign(import_id(created))

    assert int(pipeline.item(created).worked_ms) == 0


@pytest.mark.parametrize("was_on", [True, False])
def test_python_searches_for_cycles_as_before_but_not_while_lines_are_decided(
    pipeline: Pipeline, was_on: bool
) -> None:
    _, body = many(pipeline)
    created = ready(pipeline, body)
    searches: set[bool] = set()
    here = gc.isenabled()
    look = Mishap("BatchExecuteStatement", before_call=lambda: searches.add(gc.isenabled()))
    try:
        (gc.enable if was_on else gc.disable)()
        with incident(pipeline.memory, look):
            pipeline.assign(import_id(created))
        after = gc.isenabled()
    finally:
        (gc.enable if here else gc.disable)()

    assert searches == {False}
    assert after is was_on


@pytest.mark.parametrize("body", ["{", "[]", '{"v": 1}', '{"v": 1, "import_id": "x", "chunk": 99}'])
def test_an_invalid_message_is_returned_until_it_is_a_dead_letter(
    pipeline: Pipeline, body: str
) -> None:
    event = load_event("assign-chunk")
    event["Records"][0]["body"] = body

    assert len(pipeline.invoke(app.lambda_handler, event)) == 1


def test_lines_of_a_file_that_is_deleted_during_the_import_are_not_rejected(
    pipeline: Pipeline,
) -> None:
    created = ready(pipeline)
    del pipeline.memory.s3.buckets[created.bucket].objects[created.version.key]

    assert len(pipeline.assign(import_id(created))) == 1

    assert pending_chunks(pipeline.item(created)) == {1}


def test_bytes_other_than_the_validated_ones_are_never_processed(pipeline: Pipeline) -> None:
    """The number of lines and the length are the same: only the checksum differs."""
    ids, body = many(pipeline)
    created = ready(pipeline, body)
    objects = pipeline.memory.s3.buckets[created.bucket].objects
    true = objects[created.version.key]
    objects[created.version.key] = (
        dataclasses.replace(true[0], body=body.replace(b"K000,", b"K999,")),
    )
    accounts = pipeline.memory.dynamodb.tables["AccountsTable"].snapshot()

    assert len(pipeline.assign(import_id(created))) == 1

    assert_untouched(pipeline, created, accounts)
    objects[created.version.key] = true
    assert pipeline.assign(import_id(created)) == []
    assert set(pipeline.holders(*ids)) == {BARAKA}


@pytest.mark.parametrize("is_announced", [True, False])
def test_a_file_that_breaks_off_while_it_is_read_is_never_processed(
    pipeline: Pipeline, *, is_announced: bool
) -> None:
    """With `is_announced`, S3 has announced the length of the body; otherwise a proxy has not."""
    ids, body = many(pipeline)
    created = ready(pipeline, body)
    accounts = pipeline.memory.dynamodb.tables["AccountsTable"].snapshot()

    def break_off(answer: dict[str, Any]) -> None:
        whole = answer["Body"].read()
        # After a line end, so that only whole lines are left.
        half = whole[: whole.index(b"\n", len(whole) // 2) + 1]
        answer["Body"] = StreamingBody(BytesIO(half), len(whole if is_announced else half))

    with incident(pipeline.memory, Mishap("GetObject", on_answer=break_off)) as reads:
        assert len(pipeline.assign(import_id(created))) == 1

    # A body that is visibly cut short is read again while there is time.
    assert (reads.seen > 1) is is_announced
    assert_untouched(pipeline, created, accounts)
    pipeline.clock.now += HOUR
    assert pipeline.assign(import_id(created)) == []
    assert set(pipeline.holders(*ids)) == {BARAKA}


def assert_untouched(pipeline: Pipeline, created: ObjectCreated, accounts: object) -> None:
    """Fails if anything was written or announced, or if the chunk no longer waits."""
    assert pipeline.memory.dynamodb.tables["AccountsTable"].snapshot() == accounts
    assert pending_chunks(pipeline.item(created)) == {1}
    assert counts_of(pipeline.item(created)) == Counts(lines=60)
    assert not pipeline.memory.s3.buckets[pipeline.resources.work_bucket].objects
    assert pipeline.waiting() == []


def test_with_too_little_time_left_nothing_begins_and_nothing_is_lost(
    pipeline: Pipeline,
) -> None:
    ids, body = many(pipeline)
    created = ready(pipeline, body)

    assert len(pipeline.assign(import_id(created), seconds=2)) == 1

    assert pipeline.holders(ids[0]) == [AMINA]
    pipeline.clock.now += HOUR
    assert pipeline.assign(import_id(created)) == []


@pytest.mark.parametrize(
    "code",
    [
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
        "TransactionConflict",
        "InternalServerError",
        "RequestLimitExceeded",
    ],
)
def test_a_worker_waits_for_a_busy_table_and_rejects_no_line(pipeline: Pipeline, code: str) -> None:
    ids, body = many(pipeline)
    created = ready(pipeline, body)
    busy = Twist(member_errors={0: code, 7: code})

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", twists=[busy, busy, busy])):
        assert pipeline.assign(import_id(created)) == []

    assert int(pipeline.item(created).updated) == len(ids)
    assert set(pipeline.holders(*ids)) == {BARAKA}
    assert pipeline.clock.slept


def test_keys_that_a_read_leaves_out_are_read_again(pipeline: Pipeline) -> None:
    ids, body = many(pipeline)
    created = ready(pipeline, body)
    some = Twist(member_errors=dict.fromkeys(range(5, 60), "unprocessed"))

    with incident(pipeline.memory, Mishap("BatchGetItem", twists=[some, some, some])):
        assert pipeline.assign(import_id(created)) == []

    assert int(pipeline.item(created).updated) == len(ids)


def test_a_table_that_stays_busy_ends_the_run_and_not_the_import(pipeline: Pipeline) -> None:
    ids, body = many(pipeline)
    created = ready(pipeline, body)
    busy = Twist(member_errors={0: "ThrottlingError"})

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", twists=[busy] * 1000)):
        assert len(pipeline.assign(import_id(created))) == 1

    pipeline.clock.now += HOUR
    assert pipeline.assign(import_id(created)) == []
    assert int(pipeline.item(created).updated) == len(ids)


# Order


@pytest.mark.parametrize("first_worked", [0, 1])
@pytest.mark.parametrize("later", [BARAKA, "None", AMINA])
def test_the_later_file_wins_whichever_is_processed_first(
    pipeline: Pipeline, first_worked: int, later: str
) -> None:
    ids = pipeline.kenyan(3, held_by=AMINA)
    uploads = [pipeline.upload(file_of((one, BARAKA) for one in ids))]
    pipeline.clock.now += 5
    uploads.append(pipeline.upload(file_of((one, later) for one in ids)))

    for created in (uploads[first_worked], uploads[1 - first_worked]):
        pipeline.run(created)

    assert set(pipeline.holders(*ids)) == {"" if later == "None" else later}


def test_an_account_that_changes_before_the_write_is_decided_again(
    pipeline: Pipeline,
) -> None:
    ids, body = many(pipeline, 3)
    created = ready(pipeline, body)
    moved = Account(TENANT, ids[1], 1, opco="Togo")

    def moves() -> None:
        pipeline.memory.hook = None
        pipeline.accounts(moved)

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", before_call=moves)):
        assert pipeline.assign(import_id(created)) == []
    pipeline.run()

    assert pipeline.holders(*ids) == [BARAKA, AMINA, BARAKA]
    assert pipeline.counts(created) == {"lines": 3, "updated": 2, "rejected": 1}
    assert pipeline.table(created, "errors.csv")[0]["code"] == "OTHER_OPCO"


def test_the_waits_before_an_account_that_keeps_changing_is_tried_again_grow(
    pipeline: Pipeline,
) -> None:
    (account_id,), body = many(pipeline, 1)
    created = ready(pipeline, body)
    is_changing = False

    def changes() -> None:
        nonlocal is_changing
        if not is_changing and len(pipeline.clock.slept) < 6:
            is_changing = True
            name = f"name {len(pipeline.clock.slept)}"
            pipeline.accounts(Account(TENANT, account_id, 1, opco="Kenya", name=name))
            is_changing = False

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", before_call=changes)):
        assert pipeline.assign(import_id(created)) == []

    waits = pipeline.clock.slept
    assert len(waits) == 6
    assert waits[0] <= 0.05 < waits[2] <= 0.2 < waits[4] <= 0.8
    assert pipeline.holders(account_id) == [BARAKA]


# Dry runs and cancelled imports


def test_a_dry_run_shows_what_the_run_will_do_and_writes_to_no_account(
    pipeline: Pipeline,
) -> None:
    scene(pipeline)
    before = pipeline.memory.dynamodb.tables["AccountsTable"].snapshot()
    dry = pipeline.upload(EVERYTHING, mode=Mode.DRY_RUN)
    pipeline.run(dry)
    assert pipeline.memory.dynamodb.tables["AccountsTable"].snapshot() == before
    pipeline.clock.now += 60

    real = pipeline.upload(EVERYTHING)
    pipeline.run(real)

    assert pipeline.counts(dry) == pipeline.counts(real) == OUTCOMES
    assert pipeline.file(dry, "results.csv") == pipeline.file(real, "results.csv")
    assert pipeline.file(dry, "errors.csv") == pipeline.file(real, "errors.csv")


def test_a_chunk_of_an_import_that_waits_for_approval_is_processed_only_after_it(
    pipeline: Pipeline,
) -> None:
    ids, _ = many(pipeline, 20)
    created = pipeline.upload(file_of((one, "None") for one in ids))
    pipeline.run(created)
    assert pipeline.item(created).state == "awaiting_approval"

    assert pipeline.assign(import_id(created)) == []

    item = pipeline.item(created)
    assert (item.state, pending_chunks(item)) == ("awaiting_approval", frozenset({1}))
    assert set(pipeline.holders(*ids)) == {AMINA}
    assert pipeline.waiting() == []
    pipeline.resources.tables.imports.approve(item.pk, ADMIN, at=BEGINNING_TEXT)
    pipeline.clock.now += HOUR
    assert pipeline.assign(import_id(created)) == []
    assert set(pipeline.holders(*ids)) == {""}


def test_chunks_that_no_worker_had_taken_before_the_cancellation_are_not_processed(
    pipeline: Pipeline,
) -> None:
    ids, body = many(pipeline)
    created = ready(pipeline, body)
    assert pipeline.resources.tables.imports.cancel(import_id(created), ADMIN, at=BEGINNING_TEXT)

    assert pipeline.assign(import_id(created)) == []
    pipeline.run()

    assert pipeline.item(created).state == "cancelled"
    assert pipeline.counts(created) == {"lines": 60, "not_processed": 60}
    assert set(pipeline.holders(*ids)) == {AMINA}


def test_the_changes_that_a_cancelled_import_has_made_stay_and_are_reported(
    pipeline: Pipeline,
) -> None:
    ids, body = many(pipeline)
    created = ready(pipeline, body)
    with incident(pipeline.memory, Mishap("BatchExecuteStatement", kill_after=1)):
        pipeline.assign(import_id(created))
    assert pipeline.resources.tables.imports.cancel(import_id(created), ADMIN, at=BEGINNING_TEXT)
    pipeline.clock.now += HOUR

    assert pipeline.assign(import_id(created)) == []
    pipeline.run()

    assert pipeline.counts(created) == {"lines": 60, "updated": 25, "not_processed": 35}
    assert pipeline.holders(ids[24], ids[25]) == [BARAKA, AMINA]


def test_lines_that_repeat_others_are_not_processed_once_the_import_is_cancelled(
    pipeline: Pipeline,
) -> None:
    """Nobody can say any more whether the line that they repeat applies."""
    scene(pipeline)
    created = ready(pipeline)
    with incident(pipeline.memory, Mishap("BatchExecuteStatement", kill_before=1)):
        pipeline.assign(import_id(created))
    pipeline.resources.tables.imports.cancel(
        import_id(created), ADMIN, at=pipeline.item_time(created)
    )
    pipeline.clock.now += HOUR

    assert pipeline.assign(import_id(created)) == []
    pipeline.run()

    outcomes = {row["line"]: row["outcome"] for row in pipeline.table(created, "results.csv")}
    repeats = ("7", "8", "14", "15")
    assert [outcomes[line] for line in repeats] == ["not_processed"] * 4


def test_a_change_of_an_account_names_the_person_or_the_source(pipeline: Pipeline) -> None:
    pipeline.kenyan(2)
    pipeline.source()

    pipeline.run(pipeline.upload(file_of([("K000", AMINA)])))
    pipeline.run(pipeline.drop(file_of([("K001", AMINA)])))

    actors = [pipeline.account(one).receipts[-1].actor for one in ("K000", "K001")]
    assert actors == [ADMIN, "erp"]


def test_a_cancelled_import_ends_even_if_its_file_was_deleted(pipeline: Pipeline) -> None:
    _, body = many(pipeline, 3)
    created = ready(pipeline, body)
    assert pipeline.resources.tables.imports.cancel(import_id(created), ADMIN, at=BEGINNING_TEXT)
    del pipeline.memory.s3.buckets[created.bucket].objects[created.version.key]

    assert pipeline.assign(import_id(created)) == []
    pipeline.run()

    assert pipeline.counts(created) == {"lines": 3, "not_processed": 3}


def test_a_large_file_is_cut_into_about_as_many_chunks_as_are_allowed(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validate, "MIN_CHUNK_BYTES", 1)
    monkeypatch.setattr(validate, "MAX_CHUNKS", 4)

    created = ready(pipeline, file_of((f"K{line:03d}", AMINA) for line in range(100)))

    assert int(pipeline.item(created).chunks) in (3, 4)


def test_twenty_thousand_unfinished_older_uploads_are_stored_and_respected(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their ids would make an item of 720 KB, and DynamoDB accepts 400 KB."""
    older = pipeline.upload(file_of([("K000", AMINA)]))
    pipeline.clock.now += 10
    newer = pipeline.upload(file_of([("K000", BARAKA)]))
    pipeline.kenyan(1)
    many = frozenset(f"{number:032x}" for number in range(20_000)) | {import_id(older)}

    with monkeypatch.context() as crowded:
        crowded.setattr(validate, "older_open_imports_of", lambda *_: many)
        pipeline.run(newer)

    body = pipeline.resources.tables.imports.plan(import_id(newer))
    assert body is not None
    assert len(body) < 10_000
    assert older_open_imports_in(pipeline.resources, plan_from(body)) == many
    assert pipeline.holders("K000") == [BARAKA]
    pipeline.run(older)
    assert pipeline.counts(older) == {"lines": 1, "superseded": 1}


def test_older_open_imports_are_read_from_a_plan_of_an_older_version(pipeline: Pipeline) -> None:
    created = pipeline.upload(file_of([("K000", AMINA)]))
    pipeline.kenyan(1)
    pipeline.validate(created)
    body = pipeline.resources.tables.imports.plan(import_id(created))
    assert body is not None
    stored = json.loads(body) | {"rivals": ["0" * 32]}
    assert "rivals_key" not in stored

    assert older_open_imports_in(pipeline.resources, plan_from(json.dumps(stored))) == {"0" * 32}
