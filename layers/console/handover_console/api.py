"""The HTTP API as the console uses it: with the person's token, as every other client does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from handover_console.settings import Settings
from handover_console.wire import send

WITH_BODY = frozenset({"POST", "PATCH", "PUT"})


class ApiError(Exception):
    """The API refused; `detail` is its message for the person, `field` the value that it is about.

    `hint` is what to do, where the API gives one.
    """

    def __init__(self, status: int, detail: str, field: str = "", hint: str = "") -> None:
        super().__init__(detail)
        self.status, self.detail, self.field, self.hint = status, detail, field, hint


@dataclass(frozen=True, slots=True)
class Api:
    """The API, asked by one person."""

    settings: Settings
    id_token: str

    def get(self, *path: str, **query: object) -> Any:
        """The JSON at a path; parameters that are empty are left out. Raises ApiError."""
        return json.loads(self._ask("GET", path, query).data)

    def post(self, *path: str, body: object = None) -> Any:
        """The JSON answer to a POST. Raises ApiError."""
        return json.loads(self._ask("POST", path, {}, body).data)

    def patch(self, *path: str, query: dict[str, object], body: object) -> Any:
        """The JSON answer to a PATCH. Raises ApiError."""
        return json.loads(self._ask("PATCH", path, query, body).data)

    def put(self, *path: str, body: object = None) -> Any:
        """The JSON answer to a PUT. Raises ApiError."""
        return json.loads(self._ask("PUT", path, {}, body).data)

    def delete(self, *path: str) -> Any:
        """The JSON answer to a DELETE, None when it is empty. Raises ApiError."""
        data = self._ask("DELETE", path, {}).data
        return json.loads(data) if data else None

    def plain(self, *path: str) -> str:
        """The text at a path whose answer is not JSON. Raises ApiError."""
        return str(self._ask("GET", path, {}).data.decode())

    def location(self, *path: str, **query: object) -> str:
        """Where a path of the API redirects to. Raises ApiError."""
        return str(self._ask("GET", path, query).headers["location"])

    def _ask(
        self, method: str, path: tuple[str, ...], query: dict[str, object], body: object = None
    ) -> Any:
        """The answer. Each part of `path` is quoted, so that no id can lead elsewhere."""
        kept = {name: str(value) for name, value in query.items() if value not in (None, "")}
        where = "/".join(quote(part, safe="") for part in path)
        url = f"{self.settings.api_url}/{where}" + (f"?{urlencode(kept)}" if kept else "")
        headers = {
            "authorization": f"Bearer {self.id_token}",
            "accept": "application/json",
            # By this name the audit trail tells the console from other clients.
            "user-agent": "handover-console",
        }
        payload = None
        if method in WITH_BODY:
            headers["content-type"] = "application/json"
            payload = json.dumps(body if body is not None else {}).encode()
        answer = send(method, url, headers=headers, body=payload)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise _error(answer.status, answer.data)
        return answer


def _error(status: int, data: bytes) -> ApiError:
    try:
        problem = json.loads(data)
        about = (str(problem.get(name, "")) for name in ("field", "hint"))
        return ApiError(status, str(problem["detail"]), *about)
    except (ValueError, TypeError, KeyError):
        return ApiError(status, "")  # the gateway's own answers are not in the form of problems
