"""The caller, the parameters of pages, and answers that are not JSON."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from msgspec.structs import replace

from handover.access.people import Person, signed_in
from handover.audit import Door
from handover.deadline import Deadline
from handover.runtime import Invocation, request, resources
from handover.use_cases.paging import Page

_ROWS: Final = "The maximum number of rows of a page"
Limit = Annotated[int, Query(ge=1, le=100, description=_ROWS)]
# For short rows.
LongLimit = Annotated[int, Query(ge=1, le=1000, description=_ROWS)]
# What use_cases.paging makes: base64 in its form for URLs, without "=".
Cursor = Annotated[
    str | None,
    Query(max_length=4000, pattern=r"^[A-Za-z0-9_-]+$", description="From the previous page"),
]


def new_router() -> APIGatewayHttpRouter:
    """A router without routes."""
    return APIGatewayHttpRouter()  # type: ignore[no-untyped-call] # Powertools leaves it untyped


# How the user-agent header of this repository's clients begins.
DOORS = {"handover-cli": Door.CLI, "handover-console": Door.CONSOLE}


def person_of(router: APIGatewayHttpRouter) -> Person:
    """The signed-in user who asks; raises ForbiddenError for people in no directory."""
    event = router.current_event
    person = signed_in(resources(), event.request_context.authorizer.jwt_claim)
    client = event.headers.get("user-agent", "").partition("/")[0]
    return replace(person, door=DOORS.get(client, Door.API))


def run_of(router: APIGatewayHttpRouter) -> Invocation:
    """The invocation that answers the request."""
    return request(router.lambda_context)


def deadline_of(router: APIGatewayHttpRouter) -> Deadline:
    """How much time is left to answer."""
    return run_of(router).deadline


def page_to_dict(name: str, page: Page[dict[str, object]]) -> dict[str, Any]:
    """A page as the API returns it: its rows under `name`, and the cursor of the next page."""
    return {name: page.rows, "cursor": page.cursor}


def redirection(url: str) -> Response[str]:
    """An answer that redirects to `url`."""
    return Response(status_code=HTTPStatus.FOUND, headers={"location": url}, body="")


def gone() -> Response[str]:
    """The answer to a removal."""
    return Response(status_code=HTTPStatus.NO_CONTENT, body="")
