"""Times as people ask for them."""

from __future__ import annotations

from datetime import UTC, datetime

from handover.errors import InvalidRequestError
from handover.runtime import rfc3339


def moment_at(field: str, text: str) -> str:
    """The beginning of a day in UTC, or an instant, as `rfc3339` writes it.

    Raises InvalidRequestError, which names the field.
    """
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        return rfc3339(found.timestamp())
    except (OverflowError, ValueError) as wrong:
        raise InvalidRequestError(
            field,
            f"{field}: found {text[:40]!r}, expected a date as 2026-11-30 or a time as "
            "2026-11-30T10:00:00Z",
        ) from wrong
