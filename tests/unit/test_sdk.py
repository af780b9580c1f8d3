"""Which answers of AWS say nothing of the request itself, written out from AWS's pages."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ParamValidationError,
    ReadTimeoutError,
    SSLError,
)
from handover.sdk import is_busy

BUSY = """
    InternalError InternalErrorException InternalException InternalFailure InternalServerError
    KMSThrottling KmsThrottled ProvisionedThroughputExceededException RequestLimitExceeded
    RequestThrottled RequestTimeout ServiceUnavailable SlowDown Throttled Throttling
    ThrottlingException TooManyRequestsException TransactionConflictException
    TransactionInProgressException
"""
ANSWERS = """
    AccessDenied AccessDeniedException ConditionalCheckFailedException ItemCollectionSizeLimit
    NoSuchKey NoSuchBucket NotAuthorizedException ResourceNotFoundException
    TransactionCanceledException UserNotFoundException UsernameExistsException ValidationException
"""
WHERE = "https://aws.invalid"


def answer(code: str, status: int = 400, *reasons: str) -> ClientError:
    """An error of AWS; `reasons` are those of the members of a transaction."""
    response: Any = {
        "Error": {"Code": code},
        "ResponseMetadata": {"HTTPStatusCode": status},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    return ClientError(response, "Query")


@pytest.mark.parametrize("code", BUSY.split())
def test_a_busy_service_says_so_by_its_code(code: str) -> None:
    assert is_busy(answer(code))


@pytest.mark.parametrize("code", ANSWERS.split())
def test_every_other_code_answers_the_request(code: str) -> None:
    assert not is_busy(answer(code))


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, False), (403, False), (404, False), (409, False), (428, False), (430, False)]
    + [(one, True) for one in (429, 500, 502, 503, 504)]
    + [(499, False), (501, False), (505, False)],
)
def test_an_answer_without_a_code_is_judged_by_its_status(status: int, expected: bool) -> None:
    assert is_busy(answer(str(status), status)) is expected


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        (["InternalServerError"], True),
        (["ProvisionedThroughputExceeded"], True),
        (["None", "RequestLimitExceeded"], True),
        (["ThrottlingError", "ConditionalCheckFailed"], True),
        (["ConditionalCheckFailed", "None"], False),
        (["ItemCollectionSizeLimitExceeded"], False),
        (["ValidationError"], False),
        ([], False),
    ],
)
def test_a_cancelled_transaction_is_busy_by_the_reason_of_any_member(
    reasons: list[str], expected: bool
) -> None:
    assert is_busy(answer("TransactionCanceledException", 400, *reasons)) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectTimeoutError(endpoint_url=WHERE), True),
        (EndpointConnectionError(endpoint_url=WHERE), True),
        (ConnectionClosedError(endpoint_url=WHERE), True),
        (ReadTimeoutError(endpoint_url=WHERE), True),
        (HTTPClientError(error="reset"), True),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), True),
        # Another try would meet the same certificate.
        (SSLError(endpoint_url=WHERE, error=OSError("certificate")), False),
        (ParamValidationError(report="unknown parameter"), False),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_lost_connection_answers_nothing(error: Exception, expected: bool) -> None:
    assert is_busy(error) is expected
