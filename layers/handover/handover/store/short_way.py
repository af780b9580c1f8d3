"""A shortcut for the two calls that workers make most: it skips most of botocore's layers.

Botocore takes several times as long to build, sign and parse a batch as the network takes to carry
it. Its event `before-call`, which its own Stubber uses, lets a handler answer a call. The handler
here sends a batch over botocore's own connections, with botocore's endpoint, region and
credentials, and botocore's parser reads every error. What differs: msgspec writes and reads the
body, the signature is made here (a test compares it with botocore's), and botocore's own retries
are left out, because `handover.sdk` waits for a busy service anyway.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from botocore.awsrequest import AWSPreparedRequest
from botocore.endpoint import convert_to_response_dict
from botocore.hooks import first_non_none_response
from botocore.parsers import create_parser

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# Each call with the empty input that botocore sees instead of the real one.
_CALLS: Mapping[str, Mapping[str, Any]] = {
    "BatchGetItem": {"RequestItems": {}},
    "BatchExecuteStatement": {"Statements": []},
}
_ALGORITHM = "AWS4-HMAC-SHA256"
_SIGNED = ("content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target")
_INPUT = "handover_input"
_OK = 200


def take_short_way(client: DynamoDBClient) -> None:
    """Makes `client` send its batches by the shortcut."""
    of_client: Any = client
    events = of_client.meta.events
    endpoint = of_client._endpoint  # noqa: SLF001 - its pool, proxy and TLS
    sender = _Sender(endpoint.http_session, events)
    for operation in _CALLS:
        events.register(f"provide-client-params.dynamodb.{operation}", _keep_input)
        events.register(f"before-call.dynamodb.{operation}", sender.answer)


def _keep_input(
    params: dict[str, Any], model: Any, context: dict[str, Any], **_more: Any
) -> Mapping[str, Any]:
    """Hides the input from the serializer, which would walk through every value."""
    context[_INPUT] = params
    return _CALLS[model.name]


class _Sender:
    def __init__(self, connections: Any, events: Any) -> None:
        self._connections = connections
        self._events = events
        self._parser: Any = create_parser("json")

    def answer(
        self,
        model: Any,
        params: dict[str, Any],
        request_signer: Any,
        context: dict[str, Any],
        **_more: Any,
    ) -> tuple[Any, Any] | None:
        """The response and its parsed content; None makes botocore send the call itself."""
        params["body"] = body = _body(context[_INPUT])
        if (context.get("auth_type") or request_signer.signature_version) != "v4":
            return None
        region = context.get("signing", {}).get("region") or request_signer.region_name
        service = request_signer.signing_name
        auth = request_signer.get_auth_instance(service, region, "v4")
        if auth.credentials is None:
            return None
        headers: dict[str, str] = {
            "Content-Type": params["headers"]["Content-Type"],
            "X-Amz-Target": params["headers"]["X-Amz-Target"],
            "User-Agent": params["headers"]["User-Agent"],
            "Content-Length": str(len(body)),
        }
        url = params["url"]
        sign(url, headers, body, auth.credentials, region, service, datetime.now(UTC))
        # As bytes, like botocore's own: code that traces its connections expects bytes.
        sent: Any = {name: value.encode() for name, value in headers.items()}
        response = self._sent(model.name, AWSPreparedRequest("POST", url, sent, body, False))
        if response.status_code != _OK:
            refused = convert_to_response_dict(response, model)
            return response, self._parser.parse(refused, model.output_shape)
        answer = msgspec.json.decode(response.content)
        answer["ResponseMetadata"] = {"HTTPStatusCode": _OK}
        return response, answer

    def _sent(self, operation: str, request: AWSPreparedRequest) -> Any:
        """The response of AWS, or of a handler that answers in its place, such as moto."""
        given = self._events.emit(f"before-send.dynamodb.{operation}", request=request)
        response = first_non_none_response(given)
        return self._connections.send(request) if response is None else response


def _body(asked: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(asked)
    except UnicodeEncodeError:
        # msgspec does not write a lone surrogate; DynamoDB must be the one to refuse it.
        return json.dumps(asked).encode()


def sign(
    url: str,
    headers: dict[str, str],
    body: bytes,
    credentials: Any,
    region: str,
    service: str,
    now: datetime,
) -> None:
    """Adds the signature, which proves who sends it, to the headers of a POST without a query."""
    at = f"{now:%Y%m%dT%H%M%SZ}"
    day, place = at[:8], urlsplit(url)
    headers["X-Amz-Date"] = at
    if credentials.token:
        headers["X-Amz-Security-Token"] = credentials.token
    values = {name.lower(): value for name, value in headers.items()} | {"host": place.netloc}
    names = [name for name in _SIGNED if name in values]
    signed = ";".join(names)
    lines = [f"{name}:{values[name]}" for name in names]
    request = "\n".join(
        ["POST", place.path or "/", "", *lines, "", signed, sha256(body).hexdigest()]
    )
    scope = f"{day}/{region}/{service}/aws4_request"
    text = "\n".join([_ALGORITHM, at, scope, sha256(request.encode()).hexdigest()])
    key = _signing_key(credentials.secret_key, day, region, service)
    signature = hmac.new(key, text.encode(), sha256).hexdigest()
    headers["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={signed}, Signature={signature}"
    )


@lru_cache
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), sha256).digest()
    return key
