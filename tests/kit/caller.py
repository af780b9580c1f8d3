"""Calls of the API function: variants of one captured event, and the answers."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from handover.runtime import Resources
from msgspec.structs import replace

from functions.api import app

# As Lambda sends it: from Python 3.12 on in UTF-8.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_RESPONSE_BYTES = 6 * 1024**2
EVENT = json.loads((Path(__file__).parents[2] / "events" / "api-request.json").read_text())
ADMIN, OFFICE, SALES, GONE = (
    f"{name}@lumina.example" for name in ("ines.admin", "joyce.office", "sam.sales", "kofi.gone")
)


@dataclass
class LambdaContext:
    """A Lambda context with half a minute left."""

    aws_request_id: str = field(default_factory=lambda: str(uuid4()))
    function_name: str = "api"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:api"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


@dataclass(frozen=True)
class Answer:
    """An answer of the function."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)


@dataclass
class Api:
    """The API as a user of one tenant calls it."""

    tenant: str
    stack: Resources
    email: str = ADMIN
    claims: dict[str, str] = field(default_factory=dict)

    def by(self, email: str) -> Api:
        return Api(self.tenant, self.stack, email)

    def switch_on(self, *profiles: str) -> None:
        """Switches on these profiles of the tenant and no others."""
        self.stack.tables.setup.change_settings(
            self.tenant, lambda before: replace(before, profiles=profiles)
        )

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: dict[str, str] | None = None,
        raw: str | None = None,
        **changes: Any,
    ) -> Answer:
        event = copy.deepcopy(EVENT)
        event["rawPath"] = event["requestContext"]["http"]["path"] = path
        event["requestContext"]["http"]["method"] = method
        claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
        claims |= {"email": self.email, "custom:tenant": self.tenant} | self.claims
        del event["body"]
        if body is not None or raw is not None:
            event["body"] = raw if raw is not None else json.dumps(body)
        if query:
            event["queryStringParameters"] = query
        answer = app.lambda_handler(event | changes, LambdaContext())
        assert len(json.dumps(answer, ensure_ascii=False).encode()) <= MAX_RESPONSE_BYTES
        return Answer(answer["statusCode"], answer["headers"], answer["body"])

    def get(self, path: str, **query: str) -> Answer:
        return self.request("GET", path, query=query)

    def post(self, path: str, body: object = None) -> Answer:
        return self.request("POST", path, body)
