"""Tickets: the name under which one file is announced, and where that file lies."""

from __future__ import annotations

import secrets

from handover.pipeline.older_imports import ticket_time
from handover.pipeline.uploads import IN

# So long the ticket itself tells whose file it was, if the upload is heard of late.
TICKET_SECONDS = 90 * 24 * 3600
MAX_FILENAME_CHARS = 255


def new_ticket(now: float) -> str:
    """A name that nobody can guess; such names sort as their times do."""
    return f"{ticket_time(now)}-{secrets.token_hex(8)}"


def ticket_key(tenant: str, ticket: str) -> str:
    """Where the ticket's file lies in the upload bucket."""
    return f"{IN}/{tenant}/{ticket}.csv"
