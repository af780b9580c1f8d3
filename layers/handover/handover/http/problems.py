"""Problems: what went wrong, as RFC 9457 tells it, and how routes describe what they answer."""

from __future__ import annotations

from http import HTTPStatus

from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel

JSON, PROBLEM = "application/json", "application/problem+json"


class Fault(BaseModel):
    """One value of a request that cannot be taken."""

    field: str
    detail: str


class Problem(BaseModel):
    """What went wrong, as RFC 9457 tells it; `field` names the value that is to blame."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    field: str = ""
    errors: list[Fault] = []


def answers(status: int, words: str, model: type) -> dict[int, OpenAPIResponse]:
    """What a route answers, for the description of the API."""
    return {
        status: {"description": words, "content": {JSON: {"model": model}}},
        **problems(400, 403, 404, 409),
    }


def problems(*statuses: int) -> dict[int, OpenAPIResponse]:
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM: {"model": Problem}},
        }
        for status in statuses
    }


DOWNLOAD: dict[int, OpenAPIResponse] = {
    302: {"description": "The address of the file, good for five minutes"},
    **problems(403, 404, 409),
}
