"""Requests and answers of the HTTP API gateway (payload format 2.0), and what guards them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

from handover_console.settings import Settings

ROOT = "/console"
SAFE_METHODS = frozenset({"GET", "HEAD"})
# 100 lines of 100 columns, each with the value it had before, and some more.
MAX_FIELDS = 25_000
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `path` starts after `/console`; `base` is what comes before it."""

    method: str
    path: str
    base: str
    origin: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)

    def link(self, path: str, **query: object) -> str:
        """The address of a page of the console; parameters that are empty are left out."""
        kept = {name: str(value) for name, value in query.items() if value not in (None, "")}
        return f"{self.base}{ROOT}{path}" + (f"?{urlencode(kept)}" if kept else "")

    @property
    def is_same_origin(self) -> bool:
        """True unless another site sent this; False when the browser does not name the sender.

        https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
        """
        origin, site = self.headers.get("origin"), self.headers.get("sec-fetch-site")
        if origin is None and site is None:
            return False
        return origin in (None, self.origin) and site in (None, "same-origin")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser gets; `cookies` are whole Set-Cookie values."""

    status: int
    body: str | bytes = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()


def request_of(event: Mapping[str, Any], settings: Settings) -> Request:
    """The request in an event of the gateway."""
    path = event["rawPath"]  # decoded by the gateway
    before, found, after = path.partition(ROOT)
    headers = {name.lower(): value for name, value in event["headers"].items()}
    is_form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    return Request(
        method=event["requestContext"]["http"]["method"],
        path=(after or "/") if found else "",
        base=settings.base + (before if found else "").rstrip("/"),
        origin=_origin(event, headers, settings),
        query=dict(parse_qsl(event.get("rawQueryString", ""), keep_blank_values=True)),
        form=_form(event) if is_form else {},
        headers=headers,
        cookies=_cookies(event, headers),
    )


def _origin(event: Mapping[str, Any], headers: Mapping[str, str], settings: Settings) -> str:
    if not settings.origin:
        return f"https://{event['requestContext']['domainName']}"
    # The embedded AWS answers only this machine, under more than one name.
    scheme = settings.origin.partition("://")[0]
    return f"{scheme}://{headers['host']}" if "host" in headers else settings.origin


def _form(event: Mapping[str, Any]) -> dict[str, str]:
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body).decode("utf-8", errors="replace")
    return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=MAX_FIELDS))


def _cookies(event: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, str]:
    given = event.get("cookies") or headers.get("cookie", "").split(";")
    pairs = (one.strip().partition("=") for one in given)
    return {name: value for name, _, value in pairs if name}


def redirect(to: str, *cookies: str) -> Answer:
    """Redirects the browser to `to`, with GET after any method."""
    return Answer(HTTPStatus.SEE_OTHER, headers={"location": to}, cookies=cookies)


def security_headers(settings: Settings) -> dict[str, str]:
    """The headers of every page: nothing from elsewhere runs, and no page is kept or framed.

    Forms may lead to the upload bucket, and by way of signing out to the sign-in pages.
    """
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "font-src": "'self'",
        "connect-src": f"'self' {settings.upload_origins}",
        "form-action": f"'self' {settings.upload_origins} {settings.sign_in_url}",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "cache-control": "no-store",
        "content-security-policy": "; ".join(f"{key} {value}" for key, value in policy.items()),
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "referrer-policy": "same-origin",
        "strict-transport-security": "max-age=63072000",
        "x-content-type-options": "nosniff",
    }


def to_event(answer: Answer, settings: Settings) -> dict[str, Any]:
    """The answer in the form that the gateway takes (payload format 2.0)."""
    is_binary = isinstance(answer.body, bytes)
    body = base64.b64encode(answer.body).decode() if isinstance(answer.body, bytes) else answer.body
    return {
        "statusCode": int(answer.status),
        "headers": {"content-type": HTML, **security_headers(settings), **answer.headers},
        "cookies": list(answer.cookies),
        "body": body,
        "isBase64Encoded": is_binary,
    }
