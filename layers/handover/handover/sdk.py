"""The AWS SDK as Handover uses it: one session, whose clients all wait for a busy service.

All clients of the product are made by this session, pynamodb's too (`store.connection`), so no call
can forget to wait. When a service is still busy after the SDK's own tries, the client waits and
tries again, for as long as the invocation has time left; then the call raises RetryLaterError. Any
other answer, such as an unmet condition, goes to the caller unchanged.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectionError,  # noqa: A004 - botocore's, which is no builtin one
    HTTPClientError,
    IncompleteReadError,
    ReadTimeoutError,
    SSLError,
)
from botocore.session import Session, get_session

from handover.deadline import Deadline, current
from handover.errors import RetryLaterError

Answer = TypeVar("Answer")
Given = ParamSpec("Given")

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/CommonErrors.html
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html
BUSY_ERRORS = frozenset(
    {
        "InternalError",
        "InternalErrorException",
        "InternalException",
        "InternalFailure",
        "InternalServerError",
        "KMSThrottling",
        "KmsThrottled",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttled",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        # A single write met a transaction that is under way; nothing was written.
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
# The same by the status alone, for answers without a body, such as those to HEAD.
BUSY_STATUSES = frozenset({429, 500, 502, 503, 504})
# Why a valid member of a transaction was refused.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
BUSY_REASONS = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "ThrottlingError",
    }
)
_MAKING = Lock()
# The connection could not be made, or broke.
_BROKEN = (ConnectionError, HTTPClientError, IncompleteReadError)
# No answer came, and the request may still arrive.
_UNANSWERED = (ConnectionClosedError, ReadTimeoutError)


class Once(Generic[Given, Answer]):
    """Makes one value for each set of arguments, also when threads ask at the same time."""

    def __init__(self, make: Callable[Given, Answer]) -> None:
        self._make = make
        self._made: dict[Any, Answer] = {}
        self._lock = Lock()
        self.__doc__ = make.__doc__

    def __call__(self, *given: Given.args, **named: Given.kwargs) -> Answer:
        if given not in self._made:
            with self._lock:
                if given not in self._made:
                    self._made[given] = self._make(*given, **named)
        return self._made[given]

    def cache_clear(self) -> None:
        """Forgets all values; each is made again when somebody next asks for it."""
        self._made.clear()


@Once
def session() -> Session:
    """The session that makes every client of the product.

    It is botocore's own. boto3 would wrap it and add resources, paginated transfers and their
    documentation, which nothing here uses and every cold start would wait for.
    """
    made = get_session()
    made.register("creating-client-class", _have_it_wait)
    return made


def new_client(service: str, config: Config) -> Any:
    """A client of that service; it waits for a busy one.

    Threads may share a client, but not a session while it makes a client.
    https://docs.aws.amazon.com/boto3/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients
    """
    with _MAKING:
        return session().create_client(service, config=config)


def patiently(call: Callable[[], Answer]) -> Answer:
    """What `call` returns, called again while a service is busy.

    Raises RetryLaterError when the time of the invocation is used up.
    """
    deadline: Deadline | None = None
    tries, is_under_way = 0, False
    while True:
        try:
            return call()
        except (BotoCoreError, ClientError) as error:
            if not is_busy(error):
                raise
            is_under_way = is_under_way or isinstance(error, _UNANSWERED)
            deadline = deadline or current()
            try:
                deadline.wait(tries)
            except RetryLaterError:
                raise RetryLaterError(
                    f"a service is busy: {_name(error)}", is_busy=True, is_under_way=is_under_way
                ) from error
        tries += 1


def is_busy(error: Exception) -> bool:
    """True for an answer, or a lack of one, that says nothing about the request itself."""
    if not isinstance(error, ClientError):
        return isinstance(error, _BROKEN) and not isinstance(error, SSLError)
    answer: Any = error.response
    if answer["Error"].get("Code") in BUSY_ERRORS:
        return True
    reasons = answer.get("CancellationReasons", ())
    return answer.get("ResponseMetadata", {}).get("HTTPStatusCode") in BUSY_STATUSES or not {
        reason.get("Code") for reason in reasons
    }.isdisjoint(BUSY_REASONS)


class _Client(Protocol):
    """The part of a botocore client that `Waiting` uses."""

    meta: Any

    def _make_api_call(self, operation_name: str, api_params: dict[str, Any]) -> Any: ...


class Waiting:
    """The first base of every client's class, before botocore's own."""

    def _make_api_call(self: _Client, operation_name: str, api_params: dict[str, Any]) -> Any:
        asked: Any = super()
        # The SDK would make a new token for each try. A transaction that is sent again with another
        # token is another transaction, so all tries share this one.
        for name in self.meta.service_model.operation_model(operation_name).idempotent_members:
            api_params.setdefault(name, _token())
        return patiently(
            lambda: asked._make_api_call(operation_name, api_params)  # noqa: SLF001 - our base's
        )


def _have_it_wait(**arguments: Any) -> None:
    arguments["base_classes"].insert(0, Waiting)


def _token() -> str:
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def _name(error: Exception) -> str:
    if isinstance(error, ClientError):
        return error.response["Error"].get("Code", "no code")
    return type(error).__name__
