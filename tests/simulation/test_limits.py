"""The limits of AWS that other fakes lack and that this one must keep."""

from __future__ import annotations

from typing import Any

import pytest

from infra.template import PATH, load
from tests.kit.memory_aws import MemoryAws, memory_from_template
from tests.kit.memory_aws.failures import ServiceError

TABLE = "PortfolioTable"


@pytest.fixture
def memory() -> MemoryAws:
    return memory_from_template(load(PATH), lambda: 0.0)


def call(memory: MemoryAws, operation: str, params: dict[str, Any]) -> Any:
    return memory.execute("dynamodb", operation, params)


def query(of: str, begins: str) -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
        "ExpressionAttributeValues": {":pk": {"S": of}, ":sk": {"S": begins}},
    }


@pytest.mark.parametrize(("of", "begins"), [("é" * 1025, "a"), ("a", "é" * 513)])
def test_a_query_for_a_key_that_no_item_can_have_is_refused(
    memory: MemoryAws, of: str, begins: str
) -> None:
    with pytest.raises(ServiceError, match="exceeded the maximum size limit"):
        call(memory, "Query", query(of, begins))


def test_a_query_for_the_longest_key_is_answered(memory: MemoryAws) -> None:
    assert call(memory, "Query", query("é" * 1024, "é" * 512))["Count"] == 0


def large(place: int) -> dict[str, Any]:
    return {"pk": {"S": f"{place}"}, "sk": {"S": "x"}, "text": {"S": "x" * 390_000}}


def test_a_transaction_of_more_than_four_megabytes_is_refused(memory: MemoryAws) -> None:
    puts = [{"Put": {"TableName": TABLE, "Item": large(place)}} for place in range(11)]

    with pytest.raises(ServiceError, match="aggregate size"):
        call(memory, "TransactWriteItems", {"TransactItems": puts})

    assert not memory.dynamodb.tables[TABLE].items


def test_an_item_is_measured_in_bytes_and_not_in_characters(memory: MemoryAws) -> None:
    item = large(1) | {"text": {"S": "é" * 205_000}}

    with pytest.raises(ServiceError, match="Item size"):
        call(memory, "PutItem", {"TableName": TABLE, "Item": item})
