"""The bodies of answers about requests."""

from __future__ import annotations

from pydantic import BaseModel


class RequestRow(BaseModel):
    """A request as lists show it."""

    request_id: str
    account_id: str
    subject: str
    contact: str
    created_by: str
    created_at: str


class Request(RequestRow):
    """What a contact of an account asks for."""

    description: str


class Requests(BaseModel):
    """A page of requests; `cursor` null on the last page."""

    requests: list[RequestRow]
    cursor: str | None


class Note(BaseModel):
    """A note on a request, and who wrote it."""

    text: str
    created_by: str
    created_at: str


class RequestWithNotes(Request):
    """A request with a page of its notes, oldest first; `cursor` null on the last page."""

    notes: list[Note]
    cursor: str | None
