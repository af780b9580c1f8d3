"""Who is signed in: the tokens, in cookies that no script can read."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import asdict, dataclass

from handover_console import oidc
from handover_console.oidc import Flow, Person, SignInError, Tokens
from handover_console.settings import Settings
from handover_console.web import Request

# The prefix makes browsers refuse a cookie of these names from anywhere but this host, over TLS.
ID, REFRESH, FLOW = (f"__Host-handover-{name}" for name in ("id", "refresh", "flow"))
# As long as the refresh token lives: the parameter RefreshTokenValidity of the template.
SIGN_IN_SECONDS = 12 * 60 * 60
FLOW_SECONDS = 10 * 60
# A token with less left than this is refreshed before it is used.
REFRESH_SECONDS = 5 * 60
# What every browser keeps: https://datatracker.ietf.org/doc/html/rfc6265#section-6.1
MAX_COOKIE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Session:
    """A person with the token that the API takes; `cookies` must go out with the answer."""

    person: Person
    id_token: str
    cookies: tuple[str, ...] = ()


def cookie(name: str, value: str, seconds: int) -> str:
    """A Set-Cookie value; 0 seconds removes the cookie. Raises SignInError for one too long."""
    made = f"{name}={value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax"
    if len(made) > MAX_COOKIE_BYTES:
        raise SignInError(f"{name}: found {len(made)} bytes, expected at most {MAX_COOKIE_BYTES}")
    return made


def cookies_of(tokens: Tokens) -> tuple[str, ...]:
    """The cookies that keep a sign-in; after a refresh there is no new refresh token."""
    made = [cookie(ID, tokens.id_token, SIGN_IN_SECONDS)]
    if tokens.refresh_token:
        made.append(cookie(REFRESH, tokens.refresh_token, SIGN_IN_SECONDS))
    return tuple(made)


def no_cookies() -> tuple[str, ...]:
    """The cookies that make the browser forget a sign-in."""
    return tuple(cookie(name, "", 0) for name in (ID, REFRESH, FLOW))


def session_of(request: Request, settings: Settings) -> Session | None:
    """Who asks, refreshed if little time is left; None when nobody is signed in any more."""
    id_token = request.cookies.get(ID, "")
    if not id_token:
        return None
    try:
        person = oidc.person_of(settings, id_token)
        if person.expires_at - time.time() > REFRESH_SECONDS:
            return Session(person, id_token)
        tokens = oidc.refreshed(settings, request.cookies.get(REFRESH, ""))
        return Session(
            oidc.person_of(settings, tokens.id_token), tokens.id_token, cookies_of(tokens)
        )
    except SignInError:
        return None


def kept_flow(flow: Flow) -> str:
    """The cookie that keeps a sign-in in progress."""
    text = base64.urlsafe_b64encode(json.dumps(asdict(flow)).encode()).decode()
    return cookie(FLOW, text, FLOW_SECONDS)


def flow_of(request: Request) -> Flow:
    """The sign-in that this browser began. Raises SignInError when it began none."""
    try:
        return Flow(**json.loads(base64.urlsafe_b64decode(request.cookies.get(FLOW, ""))))
    except (ValueError, TypeError) as broken:
        raise SignInError("this browser began no sign-in, or more than ten minutes ago") from broken
