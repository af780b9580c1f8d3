"""Routes of requests: what customers' contacts ask for, for those who hold their account."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from pydantic import BaseModel, Field

from handover.http.accounts import text_asked
from handover.http.context import (
    Cursor,
    Limit,
    deadline_of,
    new_router,
    page_to_dict,
    person_of,
    run_of,
)
from handover.http.formats import REQUEST_BODY
from handover.http.problems import answers
from handover.runtime import resources
from handover.use_cases import requests

router = new_router()

# A page of a hundred fits Lambda's answer of 6 MB, in whatever script they are written.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
Text = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"\S")]


class NewRequest(BaseModel):
    """What a contact of an account asks for; `contact` says who, in free text."""

    model_config = REQUEST_BODY

    account_id: Annotated[str, Field(min_length=1, max_length=1024)]
    subject: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
    description: Annotated[str, Field(min_length=1, max_length=20_000, pattern=r"\S")]
    contact: Annotated[str, Field(max_length=320)] = ""


class NewNote(BaseModel):
    """A note on a request."""

    model_config = REQUEST_BODY

    text: Text


RequestId = Annotated[str, Path(description="The id of a request")]


@router.post(
    "/requests",
    summary="Create a request on behalf of a contact",
    status_code=201,
    responses=answers(201, "The request", "Request"),
)
def create(body: Annotated[NewRequest, Body()]) -> dict[str, Any]:
    """The request; for Admins, and for holders of the account if the tenant allows it."""
    asked = requests.NewRequest(body.account_id, body.subject, body.description, body.contact)
    run = run_of(router)
    return requests.create_request(resources(), person_of(router), asked, run)


@router.get(
    "/requests",
    summary="List the requests of my accounts, or of one account",
    responses=answers(200, "A page", "Requests"),
)
def list_requests(
    account_id: Annotated[str | None, text_asked("Only of this account")] = None,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Requests, newest first within an account."""
    person, deadline = person_of(router), deadline_of(router)
    page = (
        requests.requests_mine(resources(), person, limit=limit, cursor=cursor, deadline=deadline)
        if account_id is None
        else requests.requests_of(
            resources(), person, account_id, limit=limit, cursor=cursor, deadline=deadline
        )
    )
    return page_to_dict("requests", page)


@router.get(
    "/requests/<request_id>",
    summary="Show a request and its notes",
    responses=answers(200, "The request", "RequestWithNotes"),
)
def show(request_id: RequestId, limit: Limit = 100, cursor: Cursor = None) -> dict[str, Any]:
    """The request with its notes."""
    return requests.request_of(
        resources(),
        person_of(router),
        unquote(request_id),
        limit=limit,
        cursor=cursor,
        deadline=deadline_of(router),
    )


@router.post(
    "/requests/<request_id>/notes",
    summary="Add a note to a request",
    status_code=201,
    responses=answers(201, "The note", "Note"),
)
def add_note(request_id: RequestId, body: Annotated[NewNote, Body()]) -> dict[str, Any]:
    """The note."""
    run = run_of(router)
    return requests.add_note(resources(), person_of(router), unquote(request_id), body.text, run)
