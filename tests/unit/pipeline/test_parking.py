"""Parking: the records of one item stay in order behind the one that failed; others go on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from handover.aws import objects
from handover.deadline import Deadline
from handover.errors import RetryLaterError, WriteRefusedError
from handover.pipeline.parking import GIVEN_UP, RESERVE_SECONDS, Record, Stream, replay, take
from handover.runtime import Invocation, Resources, logger, metrics

from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import AMINA, Pipeline

PLACE = "parked/publish/"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/Accounts/stream/2026"


def record(name: str, sequence: int, table: str = TABLE) -> dict[str, Any]:
    """One change of the item with this name."""
    keys = {"pk": {"S": "lumina"}, "sk": {"S": name}}
    return {
        "eventSourceARN": table,
        "dynamodb": {"Keys": keys, "SequenceNumber": str(sequence)},
    }


def key_of(one: Record) -> str:
    """Where the record is parked, as runs of any version agree."""
    keys = json.dumps(one["dynamodb"]["Keys"], sort_keys=True).encode()
    item = hashlib.sha256(keys).hexdigest()[:32]
    return f"{PLACE}{item}/{one['dynamodb']['SequenceNumber']:0>40}"


class Desk:
    """A stream whose function notes what it processes, and fails for the items in `failing`."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.resources = pipeline.resources
        self.pipeline = pipeline
        self.failing: dict[str, Exception] = {}
        self.done: list[tuple[str, str]] = []
        self.stream = Stream("publish", lambda _resources: "Accounts", self.work)

    def work(self, _resources: Resources, records: Sequence[Record], _run: Invocation) -> None:
        for one in records:
            name = one["dynamodb"]["Keys"]["sk"]["S"]
            if name in self.failing:
                raise self.failing[name]
            self.done.append((name, one["dynamodb"]["SequenceNumber"]))

    def run(self, seconds: float = 60.0) -> Invocation:
        return Invocation("run", Deadline(self.pipeline.clock.now + seconds))

    def take(self, *records: Record) -> None:
        take(self.resources, self.stream, records, self.run())

    def replay(self, seconds: float = 60.0) -> dict[str, int]:
        return replay(self.resources, self.stream, self.run(seconds))

    def parked(self) -> list[str]:
        return list(objects.keys(self.resources.work_bucket, "parked/"))

    def give_up(self, name: str, payload: object) -> None:
        """Stores a message of Lambda about a batch that it gives up."""
        body = json.dumps({"payload": payload}).encode()
        objects.write(self.resources.work_bucket, f"{GIVEN_UP}{name}", body)

    def given_up(self) -> list[str]:
        return list(objects.keys(self.resources.work_bucket, GIVEN_UP))


@pytest.fixture
def desk(pipeline: Pipeline) -> Desk:
    return Desk(pipeline)


def test_a_failed_record_is_parked_as_it_came_under_its_item_and_number(desk: Desk) -> None:
    desk.failing["A"] = ValueError()
    failed, later, other = record("A", 9), record("A", 10), record("B", 11)
    turned = {"sk": {"S": "A"}, "pk": {"S": "lumina"}}
    later["dynamodb"]["Keys"] = turned

    desk.take(failed, later, other)

    assert desk.done == [("B", "11")]
    assert desk.parked() == [key_of(failed), key_of(later)]
    stored = desk.pipeline.memory.s3.buckets[desk.resources.work_bucket].objects
    for one in (failed, later):
        (version, *_) = stored[key_of(one)]
        assert json.loads(version.body) == one
        assert version.headers["ContentType"] == "application/json"
    assert desk.replay() == {"replayed": 0, "left": 2}


def test_a_batch_without_a_failure_is_processed_at_once(desk: Desk) -> None:
    with incident(desk.pipeline.memory, Mishap("ListObjectsV2")) as looks:
        desk.take(record("A", 1), record("B", 2), record("A", 3))

    assert looks.seen == 1, "for all items together"
    assert (desk.done, desk.parked()) == ([("A", "1"), ("B", "2"), ("A", "3")], [])


def test_records_of_a_parked_item_wait_even_after_the_cause_is_gone(desk: Desk) -> None:
    desk.failing["A"] = ValueError()
    desk.take(record("A", 1))
    del desk.failing["A"]

    desk.take(record("B", 2), record("A", 3), record("B", 4))

    assert desk.done == [("B", "2"), ("B", "4")]
    assert desk.parked() == [key_of(record("A", 1)), key_of(record("A", 3))]


def test_a_record_that_fails_again_keeps_only_its_own_item_waiting(desk: Desk) -> None:
    for name in "ABC":
        desk.failing[name] = ValueError()
    for sequence in (9, 10, 11):
        desk.take(*(record(name, sequence) for name in "ABC"))
    del desk.failing["B"], desk.failing["C"]

    assert desk.replay() == {"replayed": 6, "left": 3}

    assert sorted(desk.done) == [(name, number) for name in "BC" for number in ("10", "11", "9")]
    assert [number for name, number in desk.done if name == "B"] == ["9", "10", "11"]
    assert [number for name, number in desk.done if name == "C"] == ["9", "10", "11"]
    del desk.failing["A"]
    assert desk.replay() == {"replayed": 3, "left": 0}
    assert (desk.done[6:], desk.parked()) == ([("A", "9"), ("A", "10"), ("A", "11")], [])


@pytest.mark.parametrize("how", ["a batch", "a record of a batch", "a replay"])
def test_a_busy_service_parks_nothing_and_deletes_nothing(desk: Desk, how: str) -> None:
    desk.failing["A"] = ValueError()
    if how == "a replay":
        desk.take(record("A", 1), record("B", 2))
        desk.failing["A"] = RetryLaterError("busy")
        before = desk.parked()
        with pytest.raises(RetryLaterError, match="busy"):
            desk.replay()
        assert desk.parked() == before == [key_of(record("A", 1))]
        return
    first = [] if how == "a batch" else [record("A", 1)]
    desk.failing["B"] = RetryLaterError("busy")

    with pytest.raises(RetryLaterError, match="busy"):
        desk.take(*first, record("B", 2), record("C", 3))

    assert desk.parked() == [key_of(one) for one in first]
    assert desk.done == []


def test_a_write_that_a_table_refuses_is_no_busy_service(desk: Desk) -> None:
    desk.failing["A"] = WriteRefusedError("too large")

    desk.take(record("A", 1), record("B", 2))

    assert (desk.done, desk.parked()) == ([("B", "2")], [key_of(record("A", 1))])
    assert desk.replay() == {"replayed": 0, "left": 1}


def test_a_run_whose_time_is_up_begins_no_further_record(desk: Desk) -> None:
    desk.failing["A"] = ValueError()

    with pytest.raises(RetryLaterError):
        take(desk.resources, desk.stream, [record("A", 1), record("B", 2)], desk.run(0))

    assert (desk.done, desk.parked()) == ([], [])


@pytest.mark.parametrize(
    ("seconds", "replayed"), [(RESERVE_SECONDS, 1), (RESERVE_SECONDS - 0.5, 0)]
)
def test_a_replay_begins_a_record_or_a_batch_only_in_good_time(
    desk: Desk, seconds: float, replayed: int
) -> None:
    desk.failing["A"] = ValueError()
    desk.take(record("A", 1))
    del desk.failing["A"]
    assert desk.replay(seconds) == {"replayed": replayed, "left": 1 - replayed}

    for name in ("1", "2"):
        desk.give_up(name, json.dumps({"Records": [record(name, 2)]}))

    assert desk.replay(seconds) == {"replayed": 2 * replayed, "left": 3 * (1 - replayed)}
    assert len(desk.given_up()) == 2 * (1 - replayed)


@pytest.mark.parametrize("form", [json.dumps, lambda payload: payload], ids=["text", "object"])
def test_a_batch_that_lambda_gave_up_is_processed_and_forgotten(
    desk: Desk, form: Callable[[object], object]
) -> None:
    desk.failing["A"] = ValueError()
    batch = [record("A", 1), record("B", 2), record("A", 3), record("C", 4)]
    desk.give_up("1", form({"Records": batch}))

    assert desk.replay() == {"replayed": 2, "left": 2}

    assert desk.done == [("B", "2"), ("C", "4")]
    assert desk.given_up() == []


def test_a_record_that_lambda_gave_up_waits_behind_the_parked_ones_of_its_item(
    desk: Desk,
) -> None:
    desk.failing["A"] = ValueError()
    desk.take(record("A", 9))
    del desk.failing["A"]
    desk.give_up("1", json.dumps({"Records": [record("A", 10), record("B", 11)]}))

    assert desk.replay() == {"replayed": 3, "left": 0}

    assert desk.done == [("B", "11"), ("A", "9"), ("A", "10")]


@pytest.mark.parametrize(
    "payload",
    [
        None,
        {},
        {"Records": []},
        {"Records": [{"dynamodb": {}}]},
        {"Records": [record("A", 1), record("A", 2, TABLE.replace("Accounts", "Others"))]},
        {"Records": [record("A", 1, TABLE.replace("Accounts", "AccountsOfOthers"))]},
    ],
    ids=["none", "no records", "empty", "no table", "of two tables", "of another table"],
)
def test_a_batch_of_another_stream_is_left_for_its_own_replay(desk: Desk, payload: object) -> None:
    desk.give_up("1", payload)

    assert desk.replay() == {"replayed": 0, "left": 0}

    assert (desk.done, desk.given_up()) == ([], [f"{GIVEN_UP}1"])


def test_where_a_record_failed_is_logged_without_what_the_error_quotes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(logger, "error", lambda text, extra: logged.append((text, extra)))

    def deep(levels: int, quoted: str) -> None:
        if not levels:
            raise ValueError(quoted)
        deep(levels - 1, quoted)

    stream = Stream("publish", lambda _resources: "Accounts", lambda *_given: deep(2, AMINA))
    take(desk.resources, stream, [record("A", 1)], desk.run())
    replay(desk.resources, stream, desk.run())

    assert [text for text, _ in logged] == [
        "a batch failed and is processed record by record",
        "a record failed and is parked",
        "a parked record failed again",
    ]
    for _, extra in logged:
        assert extra["error"] == "ValueError"
        assert len(extra["where"]) == 3
        assert all("in deep" in frame for frame in extra["where"])
        assert AMINA not in repr(extra)


def test_what_is_parked_and_replayed_is_counted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[tuple[str, str, float]] = []
    monkeypatch.setattr(metrics, "add_metric", lambda *metric: counted.append(metric))
    desk.failing["A"] = ValueError()
    desk.take(record("A", 1), record("A", 2))
    del desk.failing["A"]

    desk.replay()

    parked = ("RecordsParked", "Count", 1)
    assert counted == [parked, parked, ("RecordsReplayed", "Count", 2)]
