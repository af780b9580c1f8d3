"""A chunk that outlives its worker continues under a fresh message while it makes progress."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.kit.memory_aws import ObjectCreated, Twist
from tests.kit.mishaps import Mishap, incident, killed_at_every_call
from tests.kit.pipeline import (
    AMINA,
    BARAKA,
    HOUR,
    TENANT,
    Pipeline,
    file_of,
    import_id,
    with_body,
)

LINES = 240
# A worker has 30 seconds, of which the last 3 begin no call: it writes 25 lines and no more.
SLOW_SECONDS = 28.0


def ready(pipeline: Pipeline, lines: int = LINES) -> ObjectCreated:
    """A validated import of one chunk, which moves that many accounts from Amina to Baraka."""
    ids = pipeline.kenyan(lines, held_by=AMINA)
    created = pipeline.upload(file_of((one, BARAKA) for one in ids))
    assert pipeline.validate(created) == []
    pipeline.forget()
    return created


@contextmanager
def slow_writes(pipeline: Pipeline) -> Iterator[None]:
    """Each batch of writes takes nearly all the time of its worker."""

    def pass_time(_answer: dict[str, Any]) -> None:
        pipeline.clock.now += SLOW_SECONDS

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", on_answer=pass_time)):
        yield


def fresh(created: ObjectCreated, handed_on: int) -> dict[str, Any]:
    return {"v": 1, "import_id": import_id(created), "chunk": 1, "handed_on": handed_on}


def chunk_messages(pipeline: Pipeline) -> list[dict[str, Any]]:
    return [message for message in pipeline.waiting("ChunksQueue") if "chunk" in message]


def versions(pipeline: Pipeline) -> set[str]:
    accounts = pipeline.memory.dynamodb.tables["AccountsTable"].items
    return {item["version"]["N"] for item in accounts.values()}


def test_a_chunk_that_outlives_its_worker_nine_times_loses_no_line(pipeline: Pipeline) -> None:
    """Otherwise its message would be a dead letter after five deliveries."""
    created = ready(pipeline)

    with slow_writes(pipeline):
        assert pipeline.assign(import_id(created)) == []
        assert chunk_messages(pipeline) == [fresh(created, 1)]
        pipeline.run()

    assert pipeline.counts(created) == {"lines": LINES, "updated": LINES}
    assert versions(pipeline) == {"2"}
    assert int(chunk(pipeline, created)["handed_on"]["N"]) == 9
    assert int(chunk(pipeline, created)["worked_ms"]["N"]) == 10 * SLOW_SECONDS * 1000
    rows = pipeline.table(created, "results.csv")
    assert {(row["before"], row["after"]) for row in rows} == {(AMINA, BARAKA)}


def chunk(pipeline: Pipeline, created: ObjectCreated) -> dict[str, Any]:
    items = pipeline.memory.dynamodb.tables["ImportsTable"].items
    found: dict[str, Any] = dict(items[import_id(created), "chunk#00001"])
    return found


def test_the_fresh_message_carries_the_group_of_its_tenant(pipeline: Pipeline) -> None:
    created = ready(pipeline)

    with slow_writes(pipeline):
        pipeline.assign(import_id(created))

    (message,) = pipeline.memory.sqs.outbox
    assert (message.group_id, json.loads(message.body)) == (TENANT, fresh(created, 1))


def test_a_chunk_without_progress_counts_as_failed(pipeline: Pipeline) -> None:
    created = ready(pipeline)
    with slow_writes(pipeline):
        pipeline.assign(import_id(created))
    pipeline.forget()

    busy = [Twist(member_errors=dict.fromkeys(range(25), "ThrottlingError"))] * 99
    with incident(pipeline.memory, Mishap("BatchExecuteStatement", twists=busy)):
        assert len(pipeline.assign(import_id(created), handed_on=1)) == 1

    assert pipeline.waiting() == []
    assert int(chunk(pipeline, created)["lease_until"]["N"]) == 0


def test_a_chunk_without_a_written_line_counts_as_failed(pipeline: Pipeline) -> None:
    created = ready(pipeline)

    assert len(pipeline.assign(import_id(created), seconds=2)) == 1

    assert pipeline.waiting() == []


def test_a_run_that_gets_less_far_than_an_earlier_one_does_not_make_the_next_one_progress(
    pipeline: Pipeline,
) -> None:
    created = ready(pipeline)
    with slow_writes(pipeline):
        assert pipeline.assign(import_id(created)) == []
    assert int(chunk(pipeline, created)["decided"]["N"]) == 25
    pipeline.forget()

    assert len(pipeline.assign(import_id(created), handed_on=1, seconds=2)) == 1

    assert int(chunk(pipeline, created)["decided"]["N"]) == 25
    assert pipeline.waiting() == []


def test_messages_older_than_a_handover_are_ignored_once_the_chunk_was_taken(
    pipeline: Pipeline,
) -> None:
    created = ready(pipeline)
    with slow_writes(pipeline):
        for handed_on in (None, 1, 2):
            assert pipeline.assign(import_id(created), handed_on=handed_on) == []
    pipeline.forget()
    accounts = pipeline.memory.dynamodb.tables["AccountsTable"].snapshot()
    before = chunk(pipeline, created)

    assert pipeline.assign(import_id(created), handed_on=1) == []
    assert pipeline.abandon(with_body("abandon-chunk", fresh(created, 1))) == []

    assert pipeline.memory.dynamodb.tables["AccountsTable"].snapshot() == accounts
    assert chunk(pipeline, created) == before
    assert pipeline.waiting() == []
    with slow_writes(pipeline):
        pipeline.assign(import_id(created), handed_on=3)
        pipeline.run()
    assert pipeline.counts(created) == {"lines": LINES, "updated": LINES}


def test_a_worker_killed_while_it_hands_on_costs_one_message_and_no_line(
    pipeline: Pipeline,
) -> None:
    created = ready(pipeline, 60)

    def work() -> None:
        pipeline.assign(import_id(created))

    for _ in killed_at_every_slow_call(pipeline, work):
        sent = len(chunk_messages(pipeline))
        pipeline.clock.now += HOUR
        assert pipeline.assign(import_id(created)) == []
        pipeline.run()

        assert sent <= 1
        assert pipeline.counts(created) == {"lines": 60, "updated": 60}
        assert versions(pipeline) == {"2"}
        pipeline.clock.now -= HOUR


def killed_at_every_slow_call(pipeline: Pipeline, work: Callable[[], None]) -> Iterator[int]:
    """As `killed_at_every_call`, for a run without time for its second batch of writes."""
    began = pipeline.clock.now

    def pass_time(answer: dict[str, Any]) -> None:
        # A batch of reads answers by table, one of writes with a list.
        if isinstance(answer.get("Responses"), list):
            pipeline.clock.now = began + SLOW_SECONDS

    def slowly() -> None:
        pipeline.clock.now = began
        mishap = pipeline.memory.hook
        assert isinstance(mishap, Mishap)
        mishap.on_answer = pass_time
        work()

    yield from killed_at_every_call(pipeline.memory, slowly)


def test_a_fresh_message_that_the_sdk_sends_twice_is_harmless(pipeline: Pipeline) -> None:
    created = ready(pipeline)
    with slow_writes(pipeline):
        assert pipeline.assign(import_id(created)) == []
    (sent,) = pipeline.memory.sqs.outbox

    pipeline.memory.sqs.outbox.append(sent)

    assert chunk_messages(pipeline) == [fresh(created, 1)] * 2
    pipeline.run()
    assert pipeline.counts(created) == {"lines": LINES, "updated": LINES}
    assert versions(pipeline) == {"2"}


def test_a_dead_letter_is_never_passed_to_a_worker(pipeline: Pipeline) -> None:
    """It is settled without a write, and stays a dead letter until then."""
    created = ready(pipeline)
    with slow_writes(pipeline):
        pipeline.assign(import_id(created))
    pipeline.forget()

    def pass_time(_answer: dict[str, Any]) -> None:
        pipeline.clock.now += 200

    letter = with_body("abandon-chunk", fresh(created, 1))
    with incident(pipeline.memory, Mishap("BatchGetItem", on_answer=pass_time)):
        assert len(pipeline.abandon(letter)) == 1

    assert pipeline.waiting() == []
