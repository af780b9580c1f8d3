"""Batches: processed completely, never reported as errors of the data, never written twice."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError
from handover import flight
from handover.deadline import RESERVE_SECONDS, Deadline
from handover.errors import RetryLaterError
from handover.model import Account, User
from handover.rules.decision import RecordWrite
from handover.store.accounts import item_from
from handover.store.batches import (
    KEYS_A_READ,
    PUTS_A_BATCH,
    STATEMENTS_A_BATCH,
    Item,
    Statement,
    Unmet,
    put_items,
    read_items,
    transact,
    write_each,
)
from handover.store.portfolios import Holding

from tests.kit.crew import OneByOne
from tests.kit.memory_aws import ServiceError, Twist
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import TENANT, Pipeline

TABLE = "AccountsTable"
SOON = Deadline(9e9)
# What DynamoDB answers for one statement, and for a whole call, when it was only too busy.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
BUSY_CODES = (
    "InternalServerError",
    "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
    "ThrottlingError",
    "TransactionConflict",
)
BUSY_ERRORS = (
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
)


def insert(number: int, version: int = 1) -> Statement:
    account = Account(TENANT, f"A{number:03d}", version)
    return Statement(f'INSERT INTO "{TABLE}" VALUE ?', [{"M": item_from(account)}])


def raise_version(number: int, version: int) -> Statement:
    return Statement(
        'UPDATE "AccountsTable" SET "version"=? WHERE "pk"=? AND "version"=?',
        [{"N": str(version + 1)}, {"S": f"{TENANT}#A{number:03d}"}, {"N": str(version)}],
    )


def versions(pipeline: Pipeline) -> list[int]:
    items = pipeline.memory.dynamodb.tables[TABLE].items.values()
    return [int(item["version"]["N"]) for item in items]


def stored(pipeline: Pipeline, number: int) -> None:
    put_items(
        TABLE,
        (item_from(Account(TENANT, f"A{place:03d}", 1)) for place in range(number)),
        pipeline.deadline,
    )


# Reading


def test_more_keys_than_one_call_takes_are_read_in_several(pipeline: Pipeline) -> None:
    stored(pipeline, 250)
    keys = [{"pk": {"S": f"{TENANT}#A{place:03d}"}} for place in range(260)]

    with incident(pipeline.memory, Mishap("BatchGetItem")) as calls:
        found = read_items(TABLE, keys, pipeline.deadline)

    assert len(found) == 250
    assert calls.seen == -(-260 // KEYS_A_READ)


def test_keys_that_a_read_leaves_out_are_requested_until_they_arrive(pipeline: Pipeline) -> None:
    stored(pipeline, 90)
    keys = [{"pk": {"S": f"{TENANT}#A{place:03d}"}} for place in range(90)]
    twists = [Twist(member_errors=dict.fromkeys(range(keep, 90), "left")) for keep in (80, 5, 0)]

    with incident(pipeline.memory, Mishap("BatchGetItem", twists=twists)):
        found = read_items(TABLE, keys, pipeline.deadline)

    assert len({item["pk"]["S"] for item in found}) == len(found) == 90
    assert len(pipeline.clock.slept) == 3


def test_keys_that_never_arrive_end_the_run_and_do_not_count_as_missing(
    pipeline: Pipeline,
) -> None:
    stored(pipeline, 2)
    left = Twist(member_errors={0: "left"})
    deadline = Deadline(pipeline.clock.now + 20)

    with (
        incident(pipeline.memory, Mishap("BatchGetItem", twists=[left] * 1000)),
        pytest.raises(RetryLaterError),
    ):
        read_items(TABLE, [{"pk": {"S": f"{TENANT}#A000"}}], deadline)

    assert deadline.left >= RESERVE_SECONDS


def test_batch_reads_are_never_stale(pipeline: Pipeline) -> None:
    stored(pipeline, 1)
    write_each([raise_version(0, 1)], pipeline.deadline)

    with incident(pipeline.memory, Mishap("BatchGetItem", twists=[Twist(stale=True)])):
        found = read_items(TABLE, [{"pk": {"S": f"{TENANT}#A000"}}], pipeline.deadline)

    assert found[0]["version"] == {"N": "2"}


def test_an_account_id_longer_than_a_key_is_not_found_and_not_requested(pipeline: Pipeline) -> None:
    stored(pipeline, 1)
    ids = ["A000", "x" * 2042, "é" * 1500]

    found = pipeline.resources.tables.accounts.read(TENANT, ids, pipeline.deadline)

    assert list(found) == ["A000"]


def test_an_address_longer_than_a_key_is_not_found(pipeline: Pipeline) -> None:
    directory = pipeline.resources.tables.directory

    assert directory.users(TENANT, ["x" * 1020], pipeline.deadline) == {}
    assert directory.user(TENANT, "x" * 1020) is None


# Writing


def test_each_statement_has_its_own_outcome(pipeline: Pipeline) -> None:
    stored(pipeline, 3)

    outcomes = write_each(
        [raise_version(0, 1), raise_version(1, 9), insert(2), insert(7)], pipeline.deadline
    )

    assert outcomes[0] is None
    assert isinstance(outcomes[1], Unmet)
    assert outcomes[1].item is not None
    assert outcomes[1].item["version"] == {"N": "1"}
    assert isinstance(outcomes[2], Unmet)
    assert outcomes[3] is None
    assert sorted(versions(pipeline)) == [1, 1, 1, 2]


def test_an_update_of_a_missing_item_fails_its_condition_and_creates_nothing(
    pipeline: Pipeline,
) -> None:
    (outcome,) = write_each([raise_version(0, 1)], pipeline.deadline)

    assert outcome == Unmet(None)
    assert versions(pipeline) == []


@pytest.mark.parametrize("code", BUSY_CODES)
def test_only_the_throttled_statement_is_sent_again(pipeline: Pipeline, code: str) -> None:
    stored(pipeline, 60)
    statements = [raise_version(place, 1) for place in range(60)]
    twists = [Twist(member_errors={3: code}), Twist(), Twist(member_errors={0: code, 9: code})]

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", twists=twists)) as calls:
        outcomes = write_each(statements, pipeline.deadline)

    assert outcomes == [None] * 60
    assert versions(pipeline) == [2] * 60
    assert calls.seen == -(-60 // STATEMENTS_A_BATCH) + 1


@pytest.mark.parametrize(
    ("twist", "in_flight"),
    [(Twist(), [4, 5, 6]), (Twist(member_errors={0: "ThrottlingError"}), [4, 3, 2])],
    ids=["accepted", "busy"],
)
def test_after_a_throttled_statement_fewer_batches_are_in_flight(
    twist: Twist, in_flight: list[int], pipeline: Pipeline
) -> None:
    stored(pipeline, 250)
    seen: list[int] = []

    def first(number: int) -> int:
        seen.append(number)
        return 0

    with (
        pytest.MonkeyPatch.context() as patch,
        incident(pipeline.memory, Mishap("BatchExecuteStatement", twists=[twist])),
    ):
        patch.setattr(flight, "make_crew", partial(OneByOne, first))
        write_each([raise_version(place, 1) for place in range(250)], pipeline.deadline)

    assert seen[:3] == in_flight


def test_an_invalid_statement_is_a_defect_and_not_an_error_of_the_data(pipeline: Pipeline) -> None:
    stored(pipeline, 1)
    wrong = Twist(member_errors={0: "ValidationError"})

    with (
        incident(pipeline.memory, Mishap("BatchExecuteStatement", twists=[wrong])),
        pytest.raises(RetryLaterError, match="ValidationError"),
    ):
        write_each([raise_version(0, 1)], pipeline.deadline)


def test_an_answer_without_the_outcome_of_every_statement_is_a_defect(pipeline: Pipeline) -> None:
    stored(pipeline, 2)

    def forget(answer: dict[str, Any]) -> None:
        answer["Responses"] = answer["Responses"][:-1]

    with (
        incident(pipeline.memory, Mishap("BatchExecuteStatement", on_answer=forget)),
        pytest.raises(ValueError, match="shorter"),
    ):
        write_each([raise_version(0, 1), raise_version(1, 1)], pipeline.deadline)


def test_a_batch_that_the_sdk_sent_twice_fails_its_condition_with_the_present_item(
    pipeline: Pipeline,
) -> None:
    stored(pipeline, 1)
    accounts = pipeline.resources.tables.accounts
    account = pipeline.account("A000")
    write = RecordWrite(account, {"m": ("a",)}, {"m": "20"}, ())

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", twists=[Twist(repeat=True)])):
        ((unmet, now),) = accounts.write([write], pipeline.deadline)

    assert unmet is write
    assert now is not None
    assert (now.version, now.assigned) == (2, {"m": ("a",)})
    assert accounts.write([RecordWrite(now, {"m": ("b",)}, {"m": "30"}, ())], SOON) == []
    assert pipeline.account("A000").assigned == {"m": ("b",)}


def test_puts_that_are_left_out_are_sent_again(pipeline: Pipeline) -> None:
    twists = [Twist(member_errors=dict.fromkeys(range(7, PUTS_A_BATCH), "left")), Twist(), Twist()]

    with incident(pipeline.memory, Mishap("BatchWriteItem", twists=twists)):
        stored(pipeline, 60)

    assert len(versions(pipeline)) == 60


BATCHES: dict[str, Callable[[Deadline], object]] = {
    "reads": lambda until: read_items(TABLE, [{"pk": {"S": f"{TENANT}#A000"}}], until),
    "statements": lambda until: write_each([insert(0)], until),
    "puts": lambda until: put_items(TABLE, [item_from(Account(TENANT, "A000", 1))], until),
}


@pytest.mark.parametrize("name", BATCHES)
def test_no_batch_is_begun_when_the_time_is_over(name: str, pipeline: Pipeline) -> None:
    with incident(pipeline.memory, Mishap()) as calls, pytest.raises(RetryLaterError):
        BATCHES[name](Deadline(0.0))

    assert calls.seen == 0


# Transactions


def test_a_transaction_whose_conditions_hold_is_written_completely(pipeline: Pipeline) -> None:
    assert transact([creation(0), creation(1)])

    assert versions(pipeline) == [1, 1]


def test_a_transaction_with_a_failed_condition_says_so_and_writes_nothing(
    pipeline: Pipeline,
) -> None:
    stored(pipeline, 1)

    assert not transact([creation(1), creation(0)])

    assert versions(pipeline) == [1]


@pytest.mark.parametrize("others", [(), ("None",), ("ConditionalCheckFailed",)])
def test_a_transaction_in_conflict_must_be_decided_again(
    pipeline: Pipeline, others: tuple[str, ...]
) -> None:
    """Earlier reads may be outdated, as after a failed condition; the caller reads again."""
    error = cancelled("TransactionConflict", *others)

    with incident(pipeline.memory, error) as calls:
        assert not transact([creation(0), creation(1)])

    assert calls.seen == 1
    assert versions(pipeline) == []
    assert transact([creation(0), creation(1)])


@pytest.mark.parametrize(
    "others", [(), ("ConditionalCheckFailed",), ("TransactionConflict",), ("DuplicateItem",)]
)
@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceeded", "ThrottlingError", "InternalServerError"]
)
def test_a_throttled_transaction_is_retried_whatever_else_happened_to_it(
    pipeline: Pipeline, code: str, others: tuple[str, ...]
) -> None:
    for codes in ((code, *others), (*others, code)):
        with (
            incident(pipeline.memory, cancelled(*codes, times=1000)),
            pytest.raises(RetryLaterError, match="busy"),
        ):
            transact([creation(0), creation(1)])
        assert versions(pipeline) == []

    with incident(pipeline.memory, cancelled(code, *others)) as calls:
        assert transact([creation(0), creation(1)])

    assert calls.seen == 2
    assert versions(pipeline) == [1, 1]


@pytest.mark.parametrize("code", BUSY_ERRORS)
def test_a_transaction_that_is_refused_for_a_busy_table_is_an_outage(
    pipeline: Pipeline, code: str
) -> None:
    def refuse() -> None:
        raise ServiceError(code, "Busy")

    with (
        incident(pipeline.memory, Mishap("TransactWriteItems", before_call=refuse)),
        pytest.raises(RetryLaterError, match="busy"),
    ):
        transact([creation(0)])


def test_a_transaction_that_is_refused_for_its_content_is_a_defect(pipeline: Pipeline) -> None:
    def refuse() -> None:
        raise ServiceError("ValidationException", "One or more parameter values were invalid")

    with (
        incident(pipeline.memory, Mishap("TransactWriteItems", before_call=refuse)),
        pytest.raises(ClientError, match="ValidationException"),
    ):
        transact([creation(0)])


@pytest.mark.parametrize("others", [(), ("ConditionalCheckFailed",), ("TransactionConflict",)])
def test_a_transaction_that_is_cancelled_for_its_content_is_a_defect(
    pipeline: Pipeline, others: tuple[str, ...]
) -> None:
    with (
        incident(pipeline.memory, cancelled("ValidationError", *others)) as calls,
        pytest.raises(ClientError, match="TransactionCanceledException"),
    ):
        transact([creation(0), creation(1)])

    assert calls.seen == 1
    assert versions(pipeline) == []


@pytest.mark.parametrize("times", [1, 5])
def test_users_in_conflict_with_another_write_are_stored_after_it(
    pipeline: Pipeline, times: int
) -> None:
    ana = User("ana@lumina.example", "Ana", frozenset({"Sales"}), "Kenya")
    conflicts = [Twist(member_errors={0: "TransactionConflict"}) for _ in range(times)]

    with incident(pipeline.memory, Mishap("TransactWriteItems", twists=conflicts)) as calls:
        pipeline.users(ana)

    assert calls.seen == times + 1
    assert len(pipeline.clock.slept) == times
    assert pipeline.resources.tables.directory.user(TENANT, ana.email) == ana


def creation(number: int) -> Item:
    """The write of an account that must not exist yet."""
    return {
        "Put": {
            "TableName": TABLE,
            "Item": item_from(Account(TENANT, f"A{number:03d}", 1)),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }


def cancelled(*codes: str, times: int = 1) -> Mishap:
    """Cancels that many transactions, with these reasons for their first actions."""
    codes_by_place = {place: code for place, code in enumerate(codes) if code != "None"}
    return Mishap("TransactWriteItems", twists=[Twist(member_errors=codes_by_place)] * times)


# Fields of the directory


def test_changed_fields_make_a_new_version_and_keep_the_assignment(
    pipeline: Pipeline,
) -> None:
    pipeline.accounts(Account(TENANT, "A", 1, opco="Kenya", assigned={"m": ("ana",)}))

    pipeline.accounts(Account(TENANT, "A", 1, opco="Togo", assigned={"m": ("bo",)}))

    account = pipeline.account("A")
    assert (account.version, account.opco, account.assigned) == (2, "Togo", {"m": ("ana",)})


def test_unchanged_fields_write_nothing(pipeline: Pipeline) -> None:
    account = Account(TENANT, "A", 1, opco="Kenya")
    pipeline.accounts(account)

    with incident(pipeline.memory, Mishap("BatchExecuteStatement")) as writes:
        pipeline.accounts(account)

    assert writes.seen == 0


def test_an_account_that_was_created_meanwhile_gets_the_fields_too(
    pipeline: Pipeline,
) -> None:
    def meanwhile() -> None:
        pipeline.memory.hook = None
        pipeline.accounts(Account(TENANT, "A", 1, opco="Togo", assigned={"m": ("ana",)}))

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", before_call=meanwhile)):
        pipeline.accounts(Account(TENANT, "A", 1, opco="Kenya"))

    account = pipeline.account("A")
    assert (account.version, account.opco, account.assigned) == (2, "Kenya", {"m": ("ana",)})


def test_users_are_read_back_as_stored(pipeline: Pipeline) -> None:
    user = User(
        "zoé@lumina.example",
        "Zoé",
        frozenset({"Sales", "Back Office Management"}),
        "Kenya",
        is_active=False,
        employee_id="7",
        phone="+254",
        mobile="",
        login_name="zoe",
    )
    pipeline.users(user)
    directory = pipeline.resources.tables.directory

    assert directory.user(TENANT, user.email) == user
    assert directory.users(TENANT, [user.email], pipeline.deadline) == {user.email: user}
    assert directory.user("other", user.email) is None


# Portfolios


def holding(version: int, *, held: bool) -> Holding:
    return Holding(TENANT, "ana", "m", "A", version, held)


@pytest.mark.parametrize("order", [(2, 3, 4), (4, 3, 2), (3, 4, 2), (2, 4, 3)])
def test_a_portfolio_ends_at_the_newest_version_in_any_order_of_arrival(
    pipeline: Pipeline, order: tuple[int, ...]
) -> None:
    portfolios = pipeline.resources.tables.portfolios
    known = {2: True, 3: False, 4: True}

    for version in order:
        news = holding(version, held=known[version])
        portfolios.put([news], pipeline.clock.now, pipeline.deadline)

    assert list(portfolios.of(TENANT, "ana")) == [("m", "A")]


# Deadline


def test_waits_grow_up_to_a_maximum_and_never_use_up_the_time(pipeline: Pipeline) -> None:
    deadline = Deadline(pipeline.clock.now + 60)

    def wait_for_ever() -> None:
        for tries in count():
            deadline.wait(tries)

    with pytest.raises(RetryLaterError):
        wait_for_ever()

    slept = pipeline.clock.slept
    assert slept[0] <= 0.05 < slept[3] <= 0.4
    assert 2 <= max(slept) <= 5
    assert deadline.left >= RESERVE_SECONDS


def test_no_call_begins_in_the_last_seconds(pipeline: Pipeline) -> None:
    Deadline(pipeline.clock.now + RESERVE_SECONDS).check()

    with pytest.raises(RetryLaterError):
        Deadline(pipeline.clock.now + RESERVE_SECONDS - 0.01).check()
