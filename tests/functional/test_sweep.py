"""sweep: resends exactly the lost messages, and finds uploads without an event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import pytest
from handover.model import Mode
from handover.pipeline.messages import Need
from handover.pipeline.sweep import LOST_DROP_SECONDS, LOST_SECONDS
from handover.rules.resending import LONGEST_WAIT_SECONDS, RESEND_AFTER_SECONDS, TAKEN_SECONDS

from tests.kit.memory_aws import ObjectCreated
from tests.kit.mishaps import Mishap, Writes, incident
from tests.kit.pipeline import (
    ADMIN,
    AMINA,
    BARAKA,
    BEGINNING_TEXT,
    DAY,
    HOUR,
    MINUTE,
    TENANT,
    Pipeline,
    file_of,
    import_id,
)

GOOD = file_of([("K000", AMINA)])


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cuts even small files into chunks."""
    monkeypatch.setattr("handover.pipeline.validate.MIN_CHUNK_BYTES", 700)


def big_file() -> bytes:
    """Enough lines for three chunks."""
    return file_of((f"A{number:05d}", AMINA) for number in range(50))


def three_chunks(pipeline: Pipeline) -> ObjectCreated:
    """A validated import of three chunks whose messages were lost."""
    created = pipeline.upload(big_file())
    assert pipeline.validate(created) == []
    assert len(pipeline.waiting("ChunksQueue")) == 3
    pipeline.forget()
    return created


def later(pipeline: Pipeline, seconds: float = RESEND_AFTER_SECONDS) -> None:
    pipeline.clock.now += seconds


def sweep_until_quiet(pipeline: Pipeline) -> None:
    """Sweeps each minute for a quarter of an hour and processes what each sweep sends."""
    for _ in range(15):
        pipeline.sweep("imports")
        pipeline.run()
        later(pipeline, MINUTE)


def chunks(created: ObjectCreated, *numbers: int) -> list[dict[str, object]]:
    return [{"v": 1, "import_id": import_id(created), "chunk": number} for number in numbers]


def test_one_lost_chunk_is_sent_first_and_the_others_once_it_is_taken(
    pipeline: Pipeline,
) -> None:
    created = three_chunks(pipeline)
    later(pipeline)
    pipeline.sweep("imports")
    assert pipeline.waiting() == chunks(created, 1)

    pipeline.run()
    later(pipeline, MINUTE)
    pipeline.sweep("imports")

    assert pipeline.waiting() == chunks(created, 2, 3)


def test_only_lost_chunks_that_no_worker_has_are_sent_again(pipeline: Pipeline) -> None:
    created = three_chunks(pipeline)
    pipeline.assign(import_id(created), 1)
    later(pipeline)
    with incident(pipeline.memory, Mishap("PutObject", kill_before=1)):
        pipeline.assign(import_id(created), 3)

    sweep_until_quiet(pipeline)

    assert pipeline.item(created).pending == {3}, "its message comes again by itself"


def test_a_chunk_whose_message_was_taken_is_sent_again_when_its_return_is_overdue(
    pipeline: Pipeline,
) -> None:
    created = three_chunks(pipeline)
    with incident(pipeline.memory, Mishap("PutObject", kill_before=1)):
        pipeline.assign(import_id(created), 3)
    sweep_until_quiet(pipeline)
    assert pipeline.item(created).pending == {3}

    later(pipeline, max(TAKEN_SECONDS, LONGEST_WAIT_SECONDS))
    pipeline.sweep("imports")

    assert pipeline.waiting() == chunks(created, 3)


def test_the_first_message_of_a_chunk_is_not_mistaken_for_the_probe(pipeline: Pipeline) -> None:
    created = three_chunks(pipeline)
    later(pipeline)
    pipeline.sweep("imports")
    pipeline.forget()

    # The queue has reached the import: its other chunks are next.
    pipeline.assign(import_id(created), 1, age=RESEND_AFTER_SECONDS)
    later(pipeline, MINUTE)
    pipeline.sweep("imports")
    assert pipeline.waiting() == []

    # The probe arrives too, for a settled chunk: messages that have not arrived are lost.
    pipeline.assign(import_id(created), 1, age=MINUTE)
    pipeline.sweep("imports")
    assert pipeline.waiting() == chunks(created, 2, 3)


def test_waiting_messages_are_not_multiplied_while_no_worker_runs(pipeline: Pipeline) -> None:
    for _ in range(30):
        pipeline.validate(pipeline.upload(big_file()))
        pipeline.clock.now += 1
    assert len(pipeline.waiting("ChunksQueue")) == 90

    # Six hours.
    for _ in range(72):
        later(pipeline, RESEND_AFTER_SECONDS)
        pipeline.sweep("imports")

    assert len(pipeline.waiting()) <= 90 * 1.2
    most = Counter(one["import_id"] for one in pipeline.waiting()).values()
    assert max(most) <= 3 + 1, "one import alone does not get all probes"


def test_the_import_that_was_sent_again_least_often_probes_for_all(pipeline: Pipeline) -> None:
    often, seldom, never, once = (three_chunks(pipeline) for _ in range(4))
    for created, times in ((often, 2), (seldom, 1), (once, 1)):
        pipeline.resources.tables.imports.resent(
            import_id(created), Need.CHUNKS, now=pipeline.clock.now, resends=times, probe=None
        )
    later(pipeline, HOUR)

    pipeline.sweep("imports")

    assert pipeline.waiting() == chunks(never, 1)


def test_an_import_whose_turn_has_passed_gets_one_message_and_later_ones_at_growing_intervals(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(1)
    passed = three_chunks(pipeline)
    sent_after: list[int] = []
    for minute in range(5, 200, 5):
        # Meanwhile messages of other imports are taken.
        pipeline.run(pipeline.upload(GOOD))
        later(pipeline, 5 * MINUTE)
        pipeline.sweep("imports")
        sent_after += [minute for one in pipeline.waiting() if one in chunks(passed, 1)]
        assert len(pipeline.waiting()) <= 1
        pipeline.forget()

    assert sent_after == [5, 15, 35, 75, 135, 195]


def test_a_message_that_is_only_late_is_not_sent_again(pipeline: Pipeline) -> None:
    three_chunks(pipeline)
    later(pipeline, RESEND_AFTER_SECONDS - 1)

    pipeline.sweep("imports")

    assert pipeline.waiting() == []


def test_a_message_that_was_sent_again_gets_twice_the_time(pipeline: Pipeline) -> None:
    created = three_chunks(pipeline)
    later(pipeline)
    pipeline.sweep("imports")
    pipeline.forget()

    later(pipeline, 2 * RESEND_AFTER_SECONDS - 1)
    pipeline.sweep("imports")
    assert pipeline.waiting() == []

    later(pipeline, 1)
    pipeline.sweep("imports")
    assert pipeline.waiting() == chunks(created, 1)


def test_an_import_whose_validation_has_stopped_is_validated_again(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = pipeline.upload(GOOD)
    with incident(pipeline.memory, Mishap("ListObjectVersions", kill_before=1)):
        pipeline.validate(created)
    later(pipeline)

    pipeline.sweep("imports")
    assert len(pipeline.waiting("IntakeQueue")) == 1
    pipeline.run()

    assert pipeline.item(created).state == "done"
    assert pipeline.holders("K000") == [AMINA]


def test_an_import_that_is_being_validated_is_not_sent_again(pipeline: Pipeline) -> None:
    created = pipeline.upload(GOOD)
    with incident(pipeline.memory, Mishap("ListObjectVersions", kill_before=1)):
        pipeline.validate(created, seconds=900)
    later(pipeline, 600)

    pipeline.sweep("imports")

    assert pipeline.waiting() == []


def test_a_drop_that_is_validated_again_keeps_the_sender_that_s3_reported(
    pipeline: Pipeline,
) -> None:
    pipeline.source()
    pipeline.kenyan(1)
    created = pipeline.drop(GOOD)
    with incident(pipeline.memory, Mishap("ListObjectVersions", kill_before=1)):
        pipeline.validate(created)
    later(pipeline)

    pipeline.sweep("imports")
    pipeline.run()

    assert pipeline.item(created).state == "done"


def test_a_finished_import_that_did_not_end_is_ended(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = pipeline.upload(GOOD)
    pipeline.validate(created)
    pipeline.assign(import_id(created))
    pipeline.forget()
    later(pipeline)

    pipeline.sweep("imports")

    assert pipeline.waiting() == [{"v": 1, "import_id": import_id(created)}]


def test_an_end_that_is_requested_again_is_given_twice_the_time(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = pipeline.upload(GOOD)
    pipeline.validate(created)
    pipeline.forget()
    pipeline.assign(import_id(created))
    pipeline.forget()
    expected = [{"v": 1, "import_id": import_id(created)}]
    later(pipeline)

    for seconds in (2 * RESEND_AFTER_SECONDS, 4 * RESEND_AFTER_SECONDS):
        pipeline.sweep("imports")
        assert pipeline.waiting() == expected
        pipeline.forget()
        later(pipeline, seconds - 1)
        pipeline.sweep("imports")
        assert pipeline.waiting() == [], "it was requested just now"
        later(pipeline, 1)


@pytest.mark.parametrize("lost", ["end", "announcement"])
def test_an_end_that_has_stopped_is_requested_once_per_interval(
    pipeline: Pipeline, lost: str
) -> None:
    pipeline.kenyan(1)
    created = pipeline.upload(GOOD)
    with incident(
        pipeline.memory, Mishap("Publish" if lost == "announcement" else "PutObject")
    ) as calls:
        calls.kill_before = 1 if lost == "announcement" else 3
        pipeline.run(created)
    pipeline.forget()
    assert pipeline.item(created).state == ("done" if lost == "announcement" else "finalizing")
    later(pipeline)

    pipeline.sweep("imports")
    assert len(pipeline.waiting("FinalizeQueue")) == 1
    pipeline.sweep("imports")
    assert len(pipeline.waiting("FinalizeQueue")) == 1
    pipeline.run()

    assert pipeline.item(created).state == "done"
    assert len(pipeline.memory.sns.published) == 1


@pytest.mark.parametrize("operation", ["Publish", "PutObject"])
def test_an_unannounced_end_is_announced(pipeline: Pipeline, operation: str) -> None:
    pipeline.kenyan(1)
    created = pipeline.upload(GOOD)
    pipeline.validate(created)
    pipeline.assign(import_id(created))
    pipeline.forget()
    with incident(pipeline.memory, Mishap(operation, kill_before=1)):
        pipeline.finalize(import_id(created))
    later(pipeline)

    pipeline.sweep("imports")
    pipeline.run()

    assert pipeline.item(created).state == "done"
    assert len(pipeline.memory.sns.published) == 1


def test_an_import_that_waits_for_approval_is_not_sent_again_once_that_is_announced(
    pipeline: Pipeline,
) -> None:
    ids = pipeline.kenyan(20, held_by=AMINA)
    created = pipeline.upload(file_of((one, "") for one in ids))
    pipeline.validate(created)
    pipeline.forget()
    later(pipeline)

    pipeline.sweep("imports")
    assert pipeline.waiting() == [{"v": 1, "import_id": import_id(created)}]
    pipeline.run()
    later(pipeline, DAY)
    pipeline.sweep("imports")

    assert pipeline.waiting() == []
    assert len(pipeline.memory.sns.published) == 1


def test_an_import_that_nobody_approves_ends_cancelled(pipeline: Pipeline) -> None:
    ids = pipeline.kenyan(20, held_by=AMINA)
    created = pipeline.upload(file_of((one, "") for one in ids))
    pipeline.run(created)
    later(pipeline, 30 * DAY)
    pipeline.sweep("imports")
    assert pipeline.item(created).state == "awaiting_approval"
    later(pipeline, 1)

    pipeline.sweep("imports")
    assert pipeline.waiting() == chunks(created, 1), "valid however often it was handed on"
    for _ in range(2):
        pipeline.run()
        later(pipeline)
        pipeline.sweep("imports")

    assert pipeline.counts(created) == {"lines": 20, "not_processed": 20}
    assert pipeline.summary(created)["state"] == "cancelled"
    assert pipeline.holders(ids[0]) == [AMINA]


def test_the_messages_of_an_approval_are_sent_again_if_they_are_lost(pipeline: Pipeline) -> None:
    ids = pipeline.kenyan(20, held_by=AMINA)
    created = pipeline.upload(file_of((one, "") for one in ids))
    pipeline.run(created)
    assert pipeline.resources.tables.imports.approve(import_id(created), ADMIN, at=BEGINNING_TEXT)
    later(pipeline)

    pipeline.sweep("imports")
    pipeline.run()

    assert pipeline.counts(created) == {"lines": 20, "cleared": 20}


def test_an_import_that_has_ended_and_was_announced_is_not_read(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    pipeline.run(pipeline.upload(GOOD))
    later(pipeline, DAY)

    with incident(pipeline.memory, Mishap("GetItem")) as reads:
        pipeline.sweep("imports")

    assert (pipeline.waiting(), reads.seen) == ([], 1), "only how far the last sweep came"


def test_a_sweep_of_imports_continues_where_the_last_one_stopped(pipeline: Pipeline) -> None:
    created: list[ObjectCreated] = []
    for _ in range(8):
        created.append(pipeline.upload(GOOD))
        pipeline.clock.now += 1
        with incident(pipeline.memory, Mishap("ListObjectVersions", kill_before=1)):
            pipeline.validate(created[-1])
    later(pipeline)
    # Meanwhile other files are validated, so each import is resent by itself.
    pipeline.run(pipeline.upload(b"nothing"))
    later(pipeline)

    def wait() -> None:
        pipeline.clock.now += 4

    runs: list[list[str]] = []
    reached: list[str] = []
    for _ in range(4):
        with incident(pipeline.memory, Mishap("SendMessage", before_call=wait)):
            pipeline.sweep("imports", seconds=35.0)
        runs.append(found(pipeline))
        reached.append(pipeline.resources.tables.watermarks.looked_until("imports"))

    keys = [one.version.key for one in created]
    assert runs == [keys[:6], keys[6:], [], []]
    assert reached == [pipeline.item(created[5]).opened_at, "", "", ""]


# Uploads without an import


@pytest.mark.parametrize(("age", "is_found"), [(LOST_SECONDS - 1, False), (LOST_SECONDS + 1, True)])
def test_an_upload_without_an_event_is_found(
    pipeline: Pipeline, age: float, is_found: bool
) -> None:
    pipeline.kenyan(1)
    created = pipeline.upload(GOOD)
    later(pipeline, age)

    pipeline.sweep("uploads")
    pipeline.run()

    assert pipeline.all_imports() == ([import_id(created)] if is_found else [])
    assert pipeline.holders("K000") == ([AMINA] if is_found else [""])


def test_an_object_that_is_not_an_upload_is_not_taken_for_a_lost_one(pipeline: Pipeline) -> None:
    pipeline.put(f"drop/{TENANT}/erp/", b"")
    pipeline.put(f"drop/{TENANT}/erp/archive/customers.csv", GOOD)
    later(pipeline, LOST_DROP_SECONDS + 1)

    pipeline.sweep("uploads")

    assert pipeline.waiting() == []


def test_a_found_upload_keeps_its_place_in_the_order(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    pipeline.upload(GOOD)
    pipeline.clock.now += 60
    announced = pipeline.upload(file_of([("K000", BARAKA)]))
    pipeline.run(announced)
    later(pipeline, HOUR)

    pipeline.sweep("uploads")
    pipeline.run()

    assert pipeline.holders("K000") == [BARAKA]


def test_a_found_upload_whose_event_comes_late_stays_one_import(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(1)
    created = pipeline.upload(GOOD)
    later(pipeline, HOUR)
    pipeline.sweep("uploads")
    pipeline.run()

    pipeline.run(created)

    assert pipeline.all_imports() == [import_id(created)]
    assert len(pipeline.memory.sns.published) == 1


def test_an_upload_that_has_an_import_is_not_sent_again(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    pipeline.run(pipeline.upload(GOOD), pipeline.upload(GOOD, mode=Mode.DRY_RUN))
    later(pipeline, HOUR)

    pipeline.sweep("uploads")

    assert pipeline.waiting() == []


def test_a_lost_drop_is_refused_after_a_wait_because_its_sender_is_unknown(
    pipeline: Pipeline,
) -> None:
    pipeline.source()
    created = pipeline.drop(GOOD)
    later(pipeline, LOST_DROP_SECONDS - 1)
    pipeline.sweep("uploads")
    assert pipeline.waiting() == []

    later(pipeline, 2)
    pipeline.sweep("uploads")
    pipeline.run()

    summary = pipeline.summary(created)
    assert (summary["state"], summary["refusal"]["code"]) == ("refused", "WRONG_PRINCIPAL")
    assert (summary["tenant"], len(pipeline.memory.sns.published)) == (TENANT, 1)


def test_hundreds_of_lost_uploads_are_all_found(pipeline: Pipeline) -> None:
    for number in range(230):
        pipeline.put(f"elsewhere/{number}.csv", GOOD)
    later(pipeline, HOUR)

    with incident(pipeline.memory, Mishap("BatchGetItem")) as reads:
        pipeline.sweep("uploads")

    assert len(pipeline.waiting("IntakeQueue")) == 230
    assert reads.seen == 3, "imports are looked up a hundred at a time"


# More versions than one run can list


@contextmanager
def slow_listing(pipeline: Pipeline, seconds: float) -> Iterator[Mishap]:
    """Lists pages of ten versions, each of which takes that long."""

    def wait() -> None:
        pipeline.clock.now += seconds

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.kit.memory_aws.s3.MAX_KEYS", 10)
        listing = Mishap("ListObjectVersions", before_call=wait)
        with incident(pipeline.memory, listing):
            yield listing


def found(pipeline: Pipeline) -> list[str]:
    """The keys that the last sweep has sent to the intake queue."""
    keys = [body["arrival"]["key"] for body in pipeline.waiting("IntakeQueue")]
    pipeline.forget()
    return keys


def test_the_next_runs_list_what_one_run_has_not_reached(pipeline: Pipeline) -> None:
    keys = [f"elsewhere/{number:02d}.csv" for number in range(60)]
    for key in keys:
        pipeline.put(key, GOOD)
        pipeline.put(key, GOOD)
    # A third version, so that a run ends between the two versions of a key.
    pipeline.put(keys[0], GOOD)
    later(pipeline, HOUR)

    runs: list[list[str]] = []
    with slow_listing(pipeline, 12.0):
        for _ in range(2):
            pipeline.sweep("uploads")
            runs.append(found(pipeline))

    assert all(runs)
    assert runs[0][0] == keys[0]
    assert set().union(*runs) == set(keys)
    times = Counter(chain(*runs)).values()
    assert min(times) == 2, "every version is found"
    assert max(times) <= 3, "at most a key at the border comes again"


def test_after_the_last_version_the_sweep_begins_again(pipeline: Pipeline) -> None:
    for number in range(99):
        pipeline.put(f"elsewhere/{number:02d}.csv", GOOD)
    later(pipeline, HOUR)

    with slow_listing(pipeline, 12.0):
        pipeline.sweep("uploads")
        first = found(pipeline)
        pipeline.sweep("uploads")
        rest = found(pipeline)
        pipeline.sweep("uploads")

    assert len(first) < len(first + rest) == 99
    assert found(pipeline) == first


def test_a_lost_upload_does_not_wait_for_a_year_of_drops(pipeline: Pipeline) -> None:
    pipeline.source()
    for _ in range(300):
        pipeline.drop(GOOD)
    later(pipeline, 30 * DAY)
    created = pipeline.upload(GOOD)
    later(pipeline, HOUR)

    with slow_listing(pipeline, 12.0):
        pipeline.sweep("uploads")

    assert found(pipeline) == [created.version.key]


def test_the_files_of_people_get_half_of_the_time(pipeline: Pipeline) -> None:
    people = [pipeline.upload(GOOD).version.key for _ in range(80)]
    others = [pipeline.put(f"elsewhere/{number}.csv", GOOD).version.key for number in range(10)]
    later(pipeline, HOUR)

    with slow_listing(pipeline, 12.0):
        pipeline.sweep("uploads", seconds=120.0)

    # Five pages of ten files within 60 of the 120 seconds, and one page of others.
    assert found(pipeline) == people[:50] + others


@pytest.mark.parametrize("what", ["imports", "uploads", "audit"])
def test_a_sweep_with_nothing_to_do_writes_nothing(pipeline: Pipeline, what: str) -> None:
    pipeline.run(pipeline.upload(GOOD))
    pipeline.upload(GOOD)
    later(pipeline, MINUTE)

    writes = Writes()
    with incident(pipeline.memory, writes):
        pipeline.sweep(what)

    assert writes.seen
    assert writes.numbers == []


def test_old_tickets_are_not_listed(pipeline: Pipeline) -> None:
    for _ in range(100):
        pipeline.upload(GOOD)
    later(pipeline, 30 * DAY)
    created = pipeline.upload(GOOD)
    stray = pipeline.put("in/zebra/no ticket.csv", GOOD)
    later(pipeline, HOUR)

    with slow_listing(pipeline, 1.0) as listing:
        pipeline.sweep("uploads")

    assert found(pipeline) == [created.version.key, stray.version.key]
    assert listing.seen <= 4, (
        "people's files, on from the new ones; all others, on from behind them"
    )
