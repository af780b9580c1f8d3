"""How the description says what names, texts and addresses may hold.

The use cases check them and say what was found, so that all doors give the same answer: here they
are described only. OpenAPI knows no regular expression for "can be printed", so the rule is a
format, which its readers may know or pass over.
"""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import BeforeValidator, Field

from handover.profiles.names import MAX_NAME_CHARS
from handover.rules.directory_lines import MAX_USER_TEXT_CHARS


def _described(kind: str, words: str) -> dict[str, Any]:
    # Lengths are in words: with `maxLength` who draws requests would seek texts of just that many
    # characters in the format, for minutes.
    return {"format": kind, "description": words}


def whole(value: object) -> object:
    """The value as an integer where it is one: JSON has one kind of numbers, in which 5.0 is 5."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# No text of digits, and no boolean.
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
