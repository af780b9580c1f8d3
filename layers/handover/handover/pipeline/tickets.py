"""Tickets: the name under which one file is announced, and the key of that file."""

from __future__ import annotations

import secrets

from handover.pipeline.upload_keys import IN, ticket_time

# How long the ticket itself records whose file it was, in case the upload is noticed late.
TICKET_SECONDS = 90 * 24 * 3600
MAX_FILENAME_CHARS = 255


def new_ticket(now: float) -> str:
    """A name that nobody can guess; such names sort in order of time."""
    return f"{ticket_time(now)}-{secrets.token_hex(8)}"


def ticket_key(tenant: str, ticket: str) -> str:
    """Key of the ticket's file in the upload bucket."""
    return f"{IN}/{tenant}/{ticket}.csv"
