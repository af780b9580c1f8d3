"""Problems: errors in the form of RFC 9457, and how routes describe their answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

JSON, PROBLEM = "application/json", "application/problem+json"
# A reference to the description of a problem.
TROUBLE = {"$ref": "#/components/schemas/Problem"}
# Only the description loads the classes: all of them would take a tenth of each cold start.
NAMED = "body"


def answers(status: int, words: str, body: str) -> dict[int, OpenAPIResponse]:
    """A route's answer, for the description of the API, which adds the problems of every route.

    `body` names a class of handover.http.bodies.
    """
    return {
        status: {"description": words, "content": {JSON: {"schema": {NAMED: body}}}},
        **problems(404, 409),
    }


def problem(
    status: HTTPStatus,
    detail: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> Response[str]:
    """The answer that describes a problem with a request for `path`."""
    return Response(
        status_code=status,
        content_type=PROBLEM,
        headers=dict(headers or {}),
        body=json.dumps(
            {
                "type": "about:blank",
                "title": status.phrase,
                "status": int(status),
                "detail": detail,
                "instance": quote(path),
                **more,
            }
        ),
    )


def problems(*statuses: int) -> dict[int, OpenAPIResponse]:
    """The problems of these statuses, for the description of the API."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM: {"schema": {NAMED: "Problem"}}},
        }
        for status in statuses
    }


DOWNLOAD: dict[int, OpenAPIResponse] = {
    302: {"description": "The address of the file, valid for five minutes"},
    **problems(404, 409),
}
GONE: dict[int, OpenAPIResponse] = {
    204: {"description": "It was removed"},
    **problems(404, 409),
}
