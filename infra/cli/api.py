"""The HTTP API as the commands use it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import urllib3
from urllib3.exceptions import HTTPError

from infra.cli.failures import CommandError, ExitCode
from infra.cli.http import pool_for
from infra.cli.location import Stack
from infra.cli.sign_in import id_token

# Reads may be repeated, and wait as long as the API says. Writes may not: a POST is sent once.
_PATIENT = urllib3.Retry(
    total=4, backoff_factor=0.2, status_forcelist=(502, 503, 504), raise_on_status=False
)


class _AfterTheLimit(urllib3.Retry):
    """Retries requests that were refused because of a rate limit: the API did nothing for them."""

    RETRY_AFTER_STATUS_CODES = frozenset({HTTPStatus.TOO_MANY_REQUESTS.value})


_ONCE = _AfterTheLimit(
    total=4, connect=0, read=0, other=0, allowed_methods=None, raise_on_status=False
)
_REFUSALS = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY})
_REDIRECTS = frozenset({HTTPStatus.FOUND, HTTPStatus.SEE_OTHER, HTTPStatus.TEMPORARY_REDIRECT})


class Api:
    """The API of a stack, for the signed-in user. Every method raises CommandError."""

    def __init__(self, stack: Stack, token: Callable[[bool], str] | None = None) -> None:
        """`token` gives the token, renewed if asked for; None = that of the user signed in here."""
        self._token = token or (lambda renew: id_token(stack, renew=renew))
        self._url = stack.api_url
        self._pool = pool_for(self._url)

    def get(self, *path: str, **query: str | int | None) -> Any:
        """The JSON under a path, whose parts are escaped here."""
        return _json(self._answer("GET", path, query=query))

    def post(self, *path: str, body: Mapping[str, object] | None = None) -> Any:
        """The JSON answer to a POST."""
        return _json(self._answer("POST", path, body=body or {}))

    def patch(
        self, *path: str, body: Mapping[str, object] | None = None, **query: str | None
    ) -> Any:
        """The JSON answer to a PATCH; the resource's id may be in the query."""
        return _json(self._answer("PATCH", path, query=query, body=body or {}))

    def put(self, *path: str, body: Mapping[str, object]) -> Any:
        """The JSON answer to a PUT of a complete resource."""
        return _json(self._answer("PUT", path, body=body))

    def delete(self, *path: str) -> Any:
        """The JSON answer to a DELETE, None when it has no content."""
        answer = self._answer("DELETE", path)
        return _json(answer) if answer.data else None

    @contextmanager
    def download(
        self, *path: str, query: Mapping[str, str] | None = None
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """An answer to be read piece by piece; a redirect to the file is followed."""
        answer = self._answer("GET", path, query=query, stream=True)
        place = answer.headers.get("location")
        if answer.status in _REDIRECTS and place:
            answer.release_conn()
            # The link carries its own signature. Whoever stores the file must not see the token.
            answer = _send(pool_for(place), "GET", place, preload_content=False, retries=_PATIENT)
            if answer.status != HTTPStatus.OK:
                raise CommandError(f"the file cannot be fetched: {answer.status} {answer.reason}")
        try:
            yield answer
        finally:
            answer.release_conn()

    def _answer(
        self,
        method: str,
        path: tuple[str, ...],
        *,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, object] | None = None,
        stream: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        url = "/".join([self._url, *(quote(part, safe="") for part in path)])
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        if asked:
            url += f"?{urlencode(asked)}"
        answer = self._once(method, url, body, stream=stream, renew=False)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            answer = self._once(method, url, body, stream=stream, renew=True)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise problem(answer.status, answer.data)
        return answer

    def _once(
        self,
        method: str,
        url: str,
        body: Mapping[str, object] | None,
        *,
        stream: bool,
        renew: bool,
    ) -> urllib3.BaseHTTPResponse:
        # By this name the audit trail tells the command line from other clients.
        headers = {"authorization": f"Bearer {self._token(renew)}", "user-agent": "handover-cli"}
        if body is not None:
            headers["content-type"] = "application/json"
        return _send(
            self._pool,
            method,
            url,
            headers=headers,
            body=None if body is None else json.dumps(body).encode(),
            preload_content=not stream,
            retries=_PATIENT if method == "GET" else _ONCE,
        )


def problem(status: int, body: bytes) -> CommandError:
    """The error for a person from a problem document (RFC 9457), or from any other answer."""
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        document = {}
    title = document.get("title") or document.get("message") or _phrase(status)
    detail = document.get("detail")
    message = f"{title}: {detail}" if detail and detail != title else str(title)
    hint = document.get("hint")
    if hint and hint not in message:
        message = f"{message}. {hint}"
    field = document.get("field")
    if field and str(field) not in message:
        message = f"{field}: {message}"
    if status == HTTPStatus.UNAUTHORIZED:
        message = f"the API does not accept the sign-in ({message}): run `handover login EMAIL`"
    elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        message = f"the API failed ({status} {message}): try again in a moment"
    return CommandError(message, ExitCode.REFUSED if status in _REFUSALS else ExitCode.USAGE)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"status {status}"


def _send(
    pool: urllib3.PoolManager, method: str, url: str, **options: Any
) -> urllib3.BaseHTTPResponse:
    try:
        return pool.request(method, url, redirect=False, **options)
    except HTTPError as error:
        place = url.partition("?")[0]
        raise CommandError(f"{place} does not answer: {error}") from error


def _json(answer: urllib3.BaseHTTPResponse) -> Any:
    try:
        return json.loads(answer.data)
    except ValueError as error:
        raise CommandError(f"the API answered something that is no JSON: {error}") from error
