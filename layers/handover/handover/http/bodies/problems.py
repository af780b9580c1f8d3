"""The bodies of answers about problems."""

from __future__ import annotations

from pydantic import BaseModel


class Fault(BaseModel):
    """One invalid value of a request."""

    field: str
    detail: str


class Problem(BaseModel):
    """What went wrong, in the form of RFC 9457; `field` names the invalid value.

    `code` and `hint` are set when a rule for lines of files rejects the request.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    field: str = ""
    code: str = ""
    hint: str = ""
    errors: list[Fault] = []
