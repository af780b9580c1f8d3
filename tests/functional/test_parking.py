"""Records that cannot be processed: others continue, order holds, and a replay processes all."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from handover.aws import objects
from handover.aws.buses import MAX_EVENT_BYTES
from handover.errors import RetryLaterError
from handover.model import Account, ChangeReceipt, RoleChange
from handover.pipeline.parking import GIVEN_UP, PARKED, RESERVE_SECONDS
from handover.store.connection import client

from functions.follow import app as follow
from functions.publish import app as publish
from infra.cli.failures import CommandError
from infra.cli.replaying import replay
from tests.kit.jobs import ask_removal
from tests.kit.memory_aws import ServiceError, Twist
from tests.kit.mishaps import killed_at_every_call
from tests.kit.pipeline import (
    AMINA,
    BARAKA,
    ROLE,
    TENANT,
    LambdaContext,
    Pipeline,
    file_of,
    on_memory,
)

Params = dict[str, Any]


class Poison:
    """Fails calls of one operation that name the thing, as for an item that is too large."""

    def __init__(self, pipeline: Pipeline, operation: str, about: str) -> None:
        self.pipeline, self.operation, self.about = pipeline, operation, about

    def __enter__(self) -> Poison:
        self.pipeline.memory.hook = self
        return self

    def __exit__(self, *_error: object) -> None:
        self.pipeline.memory.hook = None

    def before(self, _number: int, _service: str, operation: str, params: Params) -> Twist | None:
        if operation == self.operation and self.about in repr(params):
            raise ServiceError("ValidationException", "Item size has exceeded the maximum")
        return None

    def after(self, *_operation: object) -> None:
        return None


def versions(pipeline: Pipeline, account_id: str) -> list[int]:
    return [e.receipt.version for e in pipeline.resources.tables.history.of(TENANT, account_id)]


def events(pipeline: Pipeline) -> list[tuple[str, int]]:
    details = [json.loads(event.entry["Detail"]) for event in pipeline.memory.events.put]
    return [(one["account_id"], one["version"]) for one in details]


def parked(pipeline: Pipeline) -> list[str]:
    return list(objects.keys(pipeline.resources.work_bucket, f"{PARKED}/"))


def hand_over(pipeline: Pipeline, to: str, *accounts: str) -> dict[str, Any]:
    """The stream records of an import that gives the accounts to somebody."""
    pipeline.clock.now += 60
    pipeline.run(pipeline.upload(file_of((one, to) for one in accounts)))
    return pipeline.drained("AccountsTable")


def replayed(pipeline: Pipeline, handler: Callable[..., Any] = publish.lambda_handler) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No application metrics to publish")
        return handler({"replay": True}, LambdaContext("replay"))


def poisoned(pipeline: Pipeline) -> None:
    """K001 cannot be published, twice; K000 and K002 can."""
    pipeline.kenyan(3)
    pipeline.publish()
    first = hand_over(pipeline, AMINA, "K000", "K001", "K002")
    second = hand_over(pipeline, BARAKA, "K000", "K001", "K002")
    with Poison(pipeline, "BatchWriteItem", f"{TENANT}#K001"):
        assert pipeline.invoke(publish.lambda_handler, first) == []
    # The cause is gone, but the parked record must come first.
    assert pipeline.invoke(publish.lambda_handler, second) == []


def test_a_record_that_cannot_be_published_blocks_no_other_account(pipeline: Pipeline) -> None:
    poisoned(pipeline)

    assert versions(pipeline, "K000") == versions(pipeline, "K002") == [2, 3]
    assert versions(pipeline, "K001") == []
    assert len(parked(pipeline)) == 2


def test_a_statement_that_a_table_refuses_blocks_no_other_account(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch of statements succeeds as a call; each statement has its own error."""
    pipeline.kenyan(3)
    pipeline.publish()
    records = hand_over(pipeline, AMINA, "K000", "K001", "K002")
    execute = client().batch_execute_statement

    def refusing(**params: Any) -> dict[str, Any]:
        refusal = {"Error": {"Code": "ValidationError", "Message": "Size of key"}}
        is_good = ["K001" not in repr(one["Parameters"]) for one in params["Statements"]]
        good = [one for one, may in zip(params["Statements"], is_good, strict=True) if may]
        answers = iter(execute(**params | {"Statements": good})["Responses"] if good else ())
        return {"Responses": [next(answers) if may else refusal for may in is_good]}

    with monkeypatch.context() as refused:
        refused.setattr(client(), "batch_execute_statement", refusing)
        assert pipeline.invoke(publish.lambda_handler, records) == []
        assert {name for name, _ in events(pipeline)} == {"K000", "K002"}
        assert (replayed(pipeline), len(parked(pipeline))) == ({"replayed": 0, "left": 1}, 1)

    assert replayed(pipeline) == {"replayed": 1, "left": 0}
    assert {name for name, _ in events(pipeline)} == {"K000", "K001", "K002"}


def test_later_records_of_an_account_wait_behind_its_parked_ones(
    pipeline: Pipeline,
) -> None:
    poisoned(pipeline)

    assert [one for one in events(pipeline) if one[0] == "K001"] == []
    assert replayed(pipeline) == {"replayed": 2, "left": 0}

    assert [one for one in events(pipeline) if one[0] == "K001"] == [("K001", 2), ("K001", 3)]
    assert versions(pipeline, "K001") == [2, 3]
    assert parked(pipeline) == []


def test_a_replay_leaves_a_record_that_still_fails_and_those_behind_it(pipeline: Pipeline) -> None:
    poisoned(pipeline)

    with Poison(pipeline, "BatchWriteItem", f"{TENANT}#K001"):
        assert replayed(pipeline) == {"replayed": 0, "left": 2}

    assert versions(pipeline, "K001") == []
    assert replayed(pipeline) == {"replayed": 2, "left": 0}


def test_an_account_is_published_at_once_again_after_all_its_records_are_replayed(
    pipeline: Pipeline,
) -> None:
    poisoned(pipeline)
    replayed(pipeline)

    pipeline.invoke(publish.lambda_handler, hand_over(pipeline, AMINA, "K001"))

    assert versions(pipeline, "K001") == [2, 3, 4]
    assert parked(pipeline) == []


def test_the_next_replay_completes_one_that_is_killed_at_any_call(pipeline: Pipeline) -> None:
    poisoned(pipeline)

    for _ in killed_at_every_call(pipeline.memory, lambda: replayed(pipeline)):
        pipeline.memory.events.put.clear()
        replayed(pipeline)

        assert versions(pipeline, "K001") == [2, 3]
        assert parked(pipeline) == []


def test_parking_that_is_killed_at_any_call_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for kill in range(1, 100):
        with on_memory(monkeypatch) as pipeline:
            pipeline.kenyan(2)
            pipeline.publish()
            first = hand_over(pipeline, AMINA, "K000", "K001")
            calls = 0

            class Killing(Poison):
                def before(self, number: int, service: str, operation: str, params: Params) -> None:
                    nonlocal calls
                    calls += 1
                    if calls == kill:  # noqa: B023 - used within the loop
                        raise KeyboardInterrupt
                    super().before(number, service, operation, params)

            killed = False
            with Killing(pipeline, "BatchWriteItem", f"{TENANT}#K001"):
                try:
                    pipeline.invoke(publish.lambda_handler, first)
                except KeyboardInterrupt:
                    killed = True
            pipeline.invoke(publish.lambda_handler, first)
            replayed(pipeline)
            assert versions(pipeline, "K000") == versions(pipeline, "K001") == [2]
            assert parked(pipeline) == []
            if not killed:
                assert kill > 8
                return


def test_a_busy_service_parks_nothing(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    pipeline.publish()
    records = hand_over(pipeline, AMINA, "K000")

    class Busy(Poison):
        def before(self, _number: int, _service: str, operation: str, _params: Params) -> None:
            if operation == self.operation:
                raise ServiceError("ThrottlingException", "Rate exceeded")

    with Busy(pipeline, "BatchWriteItem", ""), pytest.raises(RetryLaterError):
        pipeline.invoke(publish.lambda_handler, records)

    assert parked(pipeline) == []


def test_parked_records_are_counted_in_the_metric_of_their_alarm(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    poisoned(pipeline)

    counted = [
        json.loads(line)["RecordsParked"]
        for line in capsys.readouterr().out.splitlines()
        if "_aws" in line and "RecordsParked" in line
    ]
    assert counted == [[1.0], [1.0]]


def test_parked_accounts_are_all_known_even_if_they_fill_several_pages(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned(pipeline)
    records = hand_over(pipeline, AMINA, "K000", "K001")
    monkeypatch.setattr(objects, "folders", lambda _bucket, _prefix: (set(), False))

    pipeline.invoke(publish.lambda_handler, records)

    assert versions(pipeline, "K000") == [2, 3, 4]
    assert len(parked(pipeline)) == 3


def give_up(pipeline: Pipeline, records: dict[str, Any]) -> None:
    """Stores a batch of records as Lambda does when it gives the batch up."""
    given = {"requestContext": {"approximateInvokeCount": 240}, "payload": json.dumps(records)}
    key = f"{GIVEN_UP}esm/shardId-0/2026-11-22T10.00.00-1"
    objects.write(pipeline.resources.work_bucket, key, json.dumps(given).encode())


def test_a_replay_processes_a_batch_that_lambda_gave_up(pipeline: Pipeline) -> None:
    pipeline.kenyan(2)
    pipeline.publish()
    give_up(pipeline, hand_over(pipeline, AMINA, "K000", "K001"))

    assert replayed(pipeline, follow.lambda_handler) == {"replayed": 0, "left": 0}
    assert replayed(pipeline) == {"replayed": 2, "left": 0}

    assert versions(pipeline, "K000") == versions(pipeline, "K001") == [2]
    assert list(objects.keys(pipeline.resources.work_bucket, GIVEN_UP)) == []


def test_a_given_up_record_waits_behind_the_parked_records_of_its_account(
    pipeline: Pipeline,
) -> None:
    poisoned(pipeline)
    give_up(pipeline, hand_over(pipeline, AMINA, "K000", "K001"))

    with Poison(pipeline, "BatchWriteItem", f"{TENANT}#K001"):
        assert replayed(pipeline) == {"replayed": 1, "left": 3}

    assert versions(pipeline, "K000") == [2, 3, 4]
    assert versions(pipeline, "K001") == []
    assert replayed(pipeline) == {"replayed": 3, "left": 0}
    assert [one for one in events(pipeline) if one[0] == "K001"] == [
        ("K001", 2),
        ("K001", 3),
        ("K001", 4),
    ]


def test_a_replay_without_time_left_keeps_a_batch_that_lambda_gave_up(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    pipeline.publish()
    give_up(pipeline, hand_over(pipeline, AMINA, "K000"))

    assert json.load(running_out_of_time({"replay": True})["Payload"]) == {"replayed": 0, "left": 1}
    assert versions(pipeline, "K000") == []
    assert replayed(pipeline) == {"replayed": 1, "left": 0}
    assert versions(pipeline, "K000") == [2]


def test_a_job_that_cannot_run_blocks_no_other(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.settle()
    stuck = ask_removal(pipeline, AMINA)
    first = pipeline.drained("DirectoryTable")
    with Poison(pipeline, "PutObject", f"in/{TENANT}/{stuck}"):
        pipeline.invoke(follow.lambda_handler, first)
    assert len(parked(pipeline)) >= 1

    pipeline.clock.now += 60
    ask_removal(pipeline, BARAKA)
    (written,) = pipeline.settle()
    assert pipeline.item(written).state == "done"
    assert pipeline.holders("K000", "K001") == [AMINA, AMINA]

    assert replayed(pipeline, follow.lambda_handler)["left"] == 0
    pipeline.settle()
    assert pipeline.holders("K000", "K001") == ["", ""]


class Functions:
    """The Lambda service, as far as the operator's command needs it."""

    def __init__(self, *runs: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self.runs = list(runs)

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - AWS's
        assert FunctionName == "publish"
        return self.runs.pop(0)(json.loads(Payload))


def answering(event: dict[str, Any]) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No application metrics to publish")
        answer = publish.lambda_handler(event, LambdaContext("replay"))
    return {"Payload": BytesIO(json.dumps(answer).encode())}


def running_out_of_time(event: dict[str, Any]) -> dict[str, Any]:
    answer = publish.lambda_handler(event, LambdaContext("replay", seconds=RESERVE_SECONDS - 1))
    return {"Payload": BytesIO(json.dumps(answer).encode())}


def ending_busy(_event: dict[str, Any]) -> dict[str, Any]:
    answer = {"errorType": "RetryLaterError", "errorMessage": "a service is busy"}
    return {"FunctionError": "Unhandled", "Payload": BytesIO(json.dumps(answer).encode())}


def test_the_command_replays_until_nothing_is_left(pipeline: Pipeline) -> None:
    poisoned(pipeline)

    assert replay(Functions(answering), "publish") == (2, 0)

    assert versions(pipeline, "K001") == [2, 3]


def test_the_command_ends_when_nothing_more_can_be_replayed(pipeline: Pipeline) -> None:
    poisoned(pipeline)

    with Poison(pipeline, "BatchWriteItem", f"{TENANT}#K001"):
        assert replay(Functions(answering), "publish") == (0, 2)


def test_a_replay_without_time_left_begins_nothing(pipeline: Pipeline) -> None:
    poisoned(pipeline)

    assert replay(Functions(running_out_of_time), "publish") == (0, 2)


def test_the_command_says_when_to_try_again_while_a_service_is_busy(pipeline: Pipeline) -> None:
    poisoned(pipeline)

    with pytest.raises(CommandError, match=r"RetryLaterError.*later"):
        replay(Functions(ending_busy), "publish")

    assert len(parked(pipeline)) == 2


# Sizes


def changed(number: int) -> Account:
    """An account after an import that has put that many names of two-byte characters on it."""
    names = tuple(f"{'é' * 60}{place:05d}@lumina.example" for place in range(number))
    changes = (RoleChange(ROLE, (), names),)
    receipt = ChangeReceipt("0" * 32, "", 2, "ines", "2026-11-22T10:00:00.000Z", 2, changes)
    return Account(TENANT, "K000", 2, receipts=(receipt,))


def records_of(pipeline: Pipeline, *accounts: Account) -> dict[str, Any]:
    """The records that make the accounts what they are."""
    pipeline.accounts(*accounts)
    return pipeline.drained("AccountsTable")


def test_a_history_entry_takes_no_more_bytes_than_its_characters_do(pipeline: Pipeline) -> None:
    """Before, an account of 210 KB had an entry of 570 KB, and everything behind it waited."""
    account = changed(1500)

    pipeline.invoke(publish.lambda_handler, records_of(pipeline, account))

    assert versions(pipeline, "K000") == [2]
    (entry,) = pipeline.resources.tables.history.of(TENANT, "K000")
    assert entry.receipt.changes == account.receipts[0].changes


def test_an_event_that_is_too_large_leaves_out_its_changes_and_says_so(
    pipeline: Pipeline,
) -> None:
    pipeline.invoke(publish.lambda_handler, records_of(pipeline, changed(2000)))

    (event,) = pipeline.memory.events.put
    detail = json.loads(event.entry["Detail"])
    assert (detail["account_id"], detail["version"], detail["changes"]) == ("K000", 2, [])
    assert detail["changes_left_out"] is True


def test_events_that_are_too_large_together_are_sent_in_several_calls(pipeline: Pipeline) -> None:
    account = changed(700)
    each = [Account(**{**fields(account), "account_id": f"K{place:03d}"}) for place in range(6)]

    pipeline.invoke(publish.lambda_handler, records_of(pipeline, *each))

    details = [event.entry["Detail"] for event in pipeline.memory.events.put]
    assert [json.loads(one)["account_id"] for one in details] == [one.account_id for one in each]
    assert all("changes_left_out" not in one for one in details)
    assert sum(len(one.encode()) for one in details) > 2 * MAX_EVENT_BYTES


def fields(account: Account) -> dict[str, Any]:
    return {name: getattr(account, name) for name in account.__struct_fields__}
