"""The bodies of answers about audit."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from handover.audit import Act, Door, Outcome


class Entry(BaseModel):
    """An act: who did what to what, when and by which door.

    `door` is "cli" or "console" if the client gives itself this name, which proves nothing. `actor`
    is "" for Handover itself. `before` and `after` hold the fields that the act changed.
    `closed_at` is when the outcome of an act outside of the tables, such as a sign-in, was noted.
    """

    at: str
    actor: str
    door: Door
    act: Act
    about: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str
    outcome: Outcome
    closed_at: str | None


class Entries(BaseModel):
    """A page of entries, newest first; `cursor` null on the last page."""

    entries: list[Entry]
    cursor: str | None
