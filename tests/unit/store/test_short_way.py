"""The short way of batches sends and returns the same as botocore."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, NoCredentialsError
from botocore.httpsession import URLLib3Session
from handover.deadline import OF_MESSAGES, OF_REQUESTS, CallLimits
from handover.rules.window import MAX_IN_FLIGHT
from handover.store.connection import client_within
from handover.store.short_way import sign, take_short_way

KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG", "a/token=="
BATCHES: Mapping[str, dict[str, Any]] = {
    "batch_get_item": {
        "RequestItems": {"accounts": {"Keys": [{"pk": {"S": "lumina#Ä"}}], "ConsistentRead": True}}
    },
    "batch_execute_statement": {
        "Statements": [{"Statement": "UPDATE x", "Parameters": [{"L": [{"S": 'a"\n'}]}]}]
    },
}
FULL = (
    b'{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",'
    b'"message":"too much"}'
)
ITEMS = b'{"Responses":{"accounts":[{"pk":{"S":"lumina#1"}}]},"UnprocessedKeys":{}}'
STATEMENTS = b'{"Responses":[{"Error":{"Code":"ThrottlingError","Message":"wait"}}]}'
UNAVAILABLE = b"<html>no service</html>"


class _Raw(io.BytesIO):
    def stream(self) -> list[bytes]:
        return [self.read()]


@dataclass
class Wire:
    """Takes the place of botocore's connections; `sent` has the requests."""

    status: int
    body: bytes
    sent: list[Any] = field(default_factory=list)

    def send(self, request: Any) -> AWSResponse:
        self.sent.append(request)
        headers: Any = {"x-amzn-RequestId": "r1"}
        return AWSResponse(request.url, self.status, headers, _Raw(self.body))


def client_on(wire: Wire, **config: Any) -> Any:
    made: Any = botocore.session.get_session().create_client(
        "dynamodb",
        region_name="eu-west-1",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        aws_session_token=TOKEN,
        config=Config(
            retries={"mode": "standard", "total_max_attempts": 1},
            parameter_validation=False,
            **config,
        ),
    )
    made._endpoint.http_session = wire
    return made


def both_ways(call: str, status: int, body: bytes) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    usual, short = Wire(status, body), Wire(status, body)
    other = client_on(short)
    take_short_way(other)
    answers = [
        _answer(getattr(client, call), BATCHES[call]) for client in (client_on(usual), other)
    ]
    assert (len(usual.sent), len(short.sent)) == (1, 1)
    return (usual.sent[0], answers[0]), (short.sent[0], answers[1])


def _answer(call: Callable[..., Any], params: Mapping[str, Any]) -> Any:
    try:
        answer = call(**params)
    except ClientError as refused:
        response: Any = refused.response
        return (
            type(refused).__name__,
            response["Error"],
            response["ResponseMetadata"]["HTTPStatusCode"],
        )
    return {**answer, "ResponseMetadata": answer["ResponseMetadata"]["HTTPStatusCode"]}


@pytest.mark.parametrize(
    ("call", "status", "body"),
    [
        ("batch_get_item", 200, ITEMS),
        ("batch_execute_statement", 200, STATEMENTS),
        ("batch_get_item", 400, FULL),
        ("batch_execute_statement", 503, UNAVAILABLE),
    ],
    ids=["read", "written", "refused", "unavailable"],
)
def test_the_short_way_sends_and_returns_the_same_as_botocore(
    call: str, status: int, body: bytes
) -> None:
    (usual, usual_answer), (short, short_answer) = both_ways(call, status, body)

    assert short_answer == usual_answer
    assert (short.method, short.url, short.stream_output) == (
        usual.method,
        usual.url,
        usual.stream_output,
    )
    assert json.loads(short.body) == json.loads(usual.body)
    # Botocore would write spaces.
    assert len(short.body) < len(usual.body)
    for name in ("Content-Type", "X-Amz-Target", "X-Amz-Security-Token"):
        assert short.headers[name] == usual.headers[name]
    # Those that differ are of this call: its time, its length, and what follows from them.
    own = {"x-amz-date", "authorization", "content-length"}
    assert {name.lower() for name in short.headers} - own == {
        name.lower() for name in usual.headers if not name.lower().startswith("amz-sdk-")
    } - own
    assert int(short.headers["Content-Length"]) == len(short.body)
    assert own <= {name.lower() for name in short.headers}


def test_half_a_character_is_sent_as_botocore_sends_it() -> None:
    wire = Wire(200, STATEMENTS)
    client = client_on(wire)
    take_short_way(client)

    client.batch_execute_statement(Statements=[{"Statement": "\ud800"}])

    assert wire.sent[0].body == b'{"Statements": [{"Statement": "\\ud800"}]}'


def test_another_kind_of_signature_is_left_to_botocore() -> None:
    wire = Wire(200, ITEMS)
    client = client_on(wire, signature_version="v3")
    take_short_way(client)

    answer = client.batch_get_item(**BATCHES["batch_get_item"])

    assert answer["Responses"]["accounts"] == [{"pk": {"S": "lumina#1"}}]
    assert json.loads(wire.sent[0].body) == BATCHES["batch_get_item"]
    assert "X-Amzn-Authorization" in wire.sent[0].headers


def test_a_call_that_is_not_signed_is_left_to_botocore() -> None:
    wire = Wire(200, ITEMS)
    client = client_on(wire)
    client.meta.events.register(
        "provide-client-params.dynamodb.BatchGetItem",
        lambda context, **_: context.update(auth_type="none"),
    )
    take_short_way(client)

    client.batch_get_item(**BATCHES["batch_get_item"])

    assert json.loads(wire.sent[0].body) == BATCHES["batch_get_item"]
    assert "Authorization" not in wire.sent[0].headers


@pytest.mark.parametrize(
    ("required", "region"),
    [({}, "eu-west-1"), ({"signing": {"region": "eu-north-1"}}, "eu-north-1")],
    ids=["none", "another"],
)
@pytest.mark.parametrize("is_short", [True, False])
def test_a_call_is_signed_for_the_region_that_its_endpoint_requires(
    required: dict[str, Any], region: str, *, is_short: bool
) -> None:
    wire = Wire(200, ITEMS)
    client = client_on(wire)
    client.meta.events.register(
        "provide-client-params.dynamodb.BatchGetItem",
        lambda context, **_: context.update(required),
    )
    if is_short:
        take_short_way(client)

    client.batch_get_item(**BATCHES["batch_get_item"])

    scope = f"/{region}/dynamodb/aws4_request, "
    assert scope.encode() in wire.sent[0].headers["Authorization"]


def test_a_handler_that_answers_in_place_of_aws_gets_the_request() -> None:
    """As moto does, and whatever else listens to what botocore is about to send."""
    wire, other = Wire(200, STATEMENTS), Wire(200, ITEMS)
    client = client_on(wire)
    client.meta.events.register(
        "before-send.dynamodb.BatchGetItem", lambda request, **_: other.send(request)
    )
    take_short_way(client)

    answer = client.batch_get_item(**BATCHES["batch_get_item"])

    assert answer["Responses"] == {"accounts": [{"pk": {"S": "lumina#1"}}]}
    assert wire.sent == []
    (request,) = other.sent
    assert json.loads(request.body) == BATCHES["batch_get_item"]


def test_a_call_without_credentials_is_left_to_botocore_which_says_so() -> None:
    wire = Wire(200, ITEMS)
    client = client_on(wire)
    client._request_signer._credentials = None
    take_short_way(client)

    with pytest.raises(NoCredentialsError):
        client.batch_get_item(**BATCHES["batch_get_item"])

    assert wire.sent == []


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize(
    "url", ["https://dynamodb.eu-west-1.amazonaws.com/", "http://127.0.0.1:8000", "http://a:1/b/"]
)
def test_the_signature_is_the_one_that_botocore_makes(
    url: str, token: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = datetime(2026, 11, 22, 9, 0, 7, tzinfo=UTC) + timedelta(days=len(url))
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: at)
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "DynamoDB_20120810.BatchGetItem",
    }
    credentials = Credentials(KEY, SECRET, token)
    usual = AWSRequest("POST", url, headers=headers, data=b'{"a":"\xc3\xa4"}')
    SigV4Auth(credentials, "dynamodb", "eu-west-1").add_auth(usual)

    sign(url, headers, b'{"a":"\xc3\xa4"}', credentials, "eu-west-1", "dynamodb", at)

    assert headers["Authorization"] == usual.headers["Authorization"]
    assert headers["X-Amz-Date"] == usual.headers["X-Amz-Date"]


@pytest.mark.parametrize(
    ("limits", "expected"), [(OF_MESSAGES, (2, 10, 3)), (OF_REQUESTS, (1, 4, 1))]
)
def test_the_client_of_an_invocation_takes_the_short_way_within_its_limits(
    limits: CallLimits,
    expected: tuple[int, int, int],
    clients_of_memory: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wire = Wire(200, ITEMS)
    monkeypatch.setattr(URLLib3Session, "send", lambda _, request: wire.send(request))
    client: Any = client_within(limits)

    client.batch_get_item(**BATCHES["batch_get_item"])

    # Botocore would write spaces.
    assert wire.sent[0].body.startswith(b'{"RequestItems":{"accounts":')
    config = client.meta.config
    assert (config.connect_timeout, config.read_timeout) == expected[:2]
    assert config.retries == {"mode": "standard", "total_max_attempts": expected[2]}
    assert config.max_pool_connections == 1 + MAX_IN_FLIGHT
    assert config.user_agent == "handover"
    # Nothing checks parameters before they are sent.
    client.get_item(TableName="accounts")
    assert client_within(limits) is client
