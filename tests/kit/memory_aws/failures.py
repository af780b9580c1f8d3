"""The errors with which an AWS service refuses a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from botocore.client import BaseClient


class ServiceError(Exception):
    """A refusal by a service; the seam turns it into the client's own exception class.

    `members` are what the error carries besides code and message: the old item of a failed
    condition, the reasons of a cancelled transaction.
    """

    def __init__(self, code: str, message: str = "", status: int = 400, **members: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members

    def parsed(self) -> dict[str, Any]:
        """The answer as botocore parses it."""
        return {
            "Error": {"Code": self.code, "Message": self.message},
            "ResponseMetadata": {
                "RequestId": "memory",
                "HTTPStatusCode": self.status,
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
            **self.members,
        }

    def for_client(self, client: BaseClient, operation: str) -> ClientError:
        """The exception the real client would raise, of the class named by the code."""
        kind: Any = client.exceptions.from_code(self.code)
        error: ClientError = kind(self.parsed(), operation)
        return error


def invalid(message: str) -> ServiceError:
    """The ValidationException of DynamoDB and EventBridge."""
    return ServiceError("ValidationException", message)


def throttled(service: str) -> ServiceError:
    """The service's error for "slow down"."""
    if service == "dynamodb":
        return ServiceError("ThrottlingException", "Rate of requests exceeds what is allowed.")
    if service == "s3":
        return ServiceError("SlowDown", "Please reduce your request rate.", 503)
    return ServiceError("ThrottlingException", "Rate exceeded")


def broken(service: str) -> ServiceError:
    """The service's error for a failure of its own."""
    if service == "dynamodb":
        return ServiceError("InternalServerError", "Internal server error", 500)
    if service == "s3":
        return ServiceError("InternalError", "We encountered an internal error.", 500)
    return ServiceError("InternalFailure", "Internal failure", 500)
