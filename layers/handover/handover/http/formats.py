"""How the description says what names, texts and addresses may hold.

The use cases check them and say what was found, so that all doors give the same answer; here they
are only described. OpenAPI has no regular expression for "can be printed", so the rule is a format,
which readers of the description may know or ignore.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BeforeValidator, ConfigDict, Field

from handover.profiles.names import MAX_NAME_CHARS
from handover.rules.directory_lines import MAX_USER_TEXT_CHARS
from handover.use_cases.subscriptions import MAX_ENDPOINT_CHARS

# An unknown field of a request is a fault. Pydantic builds each body for the first request that has
# it: all of them at import would cost 2% of a cold start.
REQUEST_BODY = ConfigDict(extra="forbid", defer_build=True)


def _described(kind: str, words: str) -> dict[str, Any]:
    # Lengths are in words: with `maxLength`, a tool that generates requests would search the format
    # for texts of exactly that length, for minutes.
    return {"format": kind, "description": words}


def whole(value: object) -> object:
    """The value, as an integer if it is a whole number: JSON does not tell 5.0 from 5."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# Neither a text of digits nor a boolean is accepted.
Whole = Annotated[int, BeforeValidator(whole), Field(strict=True)]
_OF_NAMES = "printable characters without outer spaces"
Name = Annotated[
    str, Field(json_schema_extra=_described("name", f"1 to {MAX_NAME_CHARS} {_OF_NAMES}"))
]
PathName = Annotated[
    str,
    Path(
        json_schema_extra=_described(
            "path-name", f'1 to {MAX_NAME_CHARS} {_OF_NAMES} and / \\ ? # " ` {{ }} %'
        )
    ),
]
# A text of a user.
Text = Annotated[
    str,
    Field(
        json_schema_extra=_described(
            "printable", f"At most {MAX_USER_TEXT_CHARS} printable characters"
        )
    ),
]
FullName = Annotated[
    str, Field(json_schema_extra=_described("name", f"1 to {MAX_USER_TEXT_CHARS} {_OF_NAMES}"))
]
# Files separate them by semicolons, so no role holds one.
UserRole = FullName
Email = Annotated[str, Field(json_schema_extra=_described("email", "An address"))]
Endpoint = Annotated[
    str,
    Field(
        min_length=1,
        json_schema_extra=_described(
            "endpoint",
            f"An e-mail address or an https:// address of at most {MAX_ENDPOINT_CHARS} characters",
        ),
    ),
]


def day(value: object) -> object:
    """A date from a text such as 2026-11-30 only: pydantic would also accept seconds."""
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("expected a date as 2026-11-30")
    return date.fromisoformat(value)


IsoDay = Annotated[date, BeforeValidator(day)]


def moment(words: str) -> Any:
    """A query parameter that is a date or an instant."""
    return Query(json_schema_extra=_described("moment", f"{words}: a date, or an instant"))
