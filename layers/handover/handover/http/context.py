"""Who asks, how pages are asked for, and answers that are no JSON."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from handover.access.people import Person, signed_in
from handover.deadline import Deadline
from handover.runtime import Invocation, invocation, resources
from handover.use_cases.paging import Page

Limit = Annotated[int, Query(ge=1, le=100, description="How many rows a page has at the most")]
LongLimit = Annotated[int, Query(ge=1, le=1000, description="The same for short rows")]
# What use_cases.paging makes: base64 for addresses, without "=".
Cursor = Annotated[
    str | None,
    Query(max_length=4000, pattern=r"^[A-Za-z0-9_-]+$", description="From the page before"),
]


def new_router() -> APIGatewayHttpRouter:
    """A router without routes."""
    return APIGatewayHttpRouter()  # type: ignore[no-untyped-call] # Powertools leaves it untyped


def person_of(router: APIGatewayHttpRouter) -> Person:
    """The signed-in user who asks; raises ForbiddenError for who is in no directory."""
    return signed_in(resources(), router.current_event.request_context.authorizer.jwt_claim)


def run_of(router: APIGatewayHttpRouter) -> Invocation:
    """The run in which the request is answered."""
    return invocation(router.lambda_context)


def deadline_of(router: APIGatewayHttpRouter) -> Deadline:
    """How long answering may take."""
    return run_of(router).deadline


def page_to_dict(name: str, page: Page[dict[str, object]]) -> dict[str, Any]:
    """A page as it is answered: its rows under `name`, and the cursor of the next."""
    return {name: page.rows, "cursor": page.cursor}


def redirection(url: str) -> Response[str]:
    """An answer that leads to `url`."""
    return Response(status_code=HTTPStatus.FOUND, headers={"location": url}, body="")


def gone() -> Response[str]:
    """The answer to a removal."""
    return Response(status_code=HTTPStatus.NO_CONTENT, body="")
