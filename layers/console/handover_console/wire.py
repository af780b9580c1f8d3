"""Connections of the console: to the API and to the sign-in pages, and to nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import urllib3

# The gateway gives a page 30 seconds in all.
CONNECT_SECONDS = 3.0
READ_SECONDS = 20.0


class UnreachableError(Exception):
    """The other side did not answer in time. It is not known what it did."""


@cache
def _pool() -> urllib3.PoolManager:
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    return urllib3.PoolManager(timeout=timeout, retries=False)


def send(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> urllib3.BaseHTTPResponse:
    """The answer to one request, redirects included. Raises UnreachableError."""
    try:
        return _pool().request(method, url, headers=dict(headers or {}), body=body, redirect=False)
    except urllib3.exceptions.HTTPError as error:
        raise UnreachableError(f"{method} {url}: {type(error).__name__}") from error
