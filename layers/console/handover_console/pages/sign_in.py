"""Signing in and out, by the sign-in pages of the user pool."""

from __future__ import annotations

import contextlib
import secrets

from handover_console import oidc, session
from handover_console.oidc import SignInError
from handover_console.rendering import page
from handover_console.visit import Visit
from handover_console.web import Answer, redirect
from handover_console.wire import UnreachableError

HOME = "/home"


def welcome(visit: Visit) -> Answer:
    """The page for people who are not signed in: what this is, and where to sign in."""
    return page(visit, "welcome.html")


def begin(visit: Visit) -> Answer:
    """Redirects to the sign-in pages, and remembers the sign-in that the answer must belong to."""
    settings, request = visit.settings, visit.request
    if settings.origin and request.origin != settings.origin:
        # The sign-in pages redirect only to this host, and another host has other cookies.
        return redirect(settings.origin + request.link("/sign-in", **request.query))
    flow = oidc.new_flow(_own_path(request.query.get("to", HOME)))
    is_for_sign_in = request.query.get("purpose") == "authenticator"
    to = oidc.authorize_url(settings, flow, _redirect_uri(visit), is_for_sign_in=is_for_sign_in)
    return redirect(to, session.kept_flow(flow))


def complete(visit: Visit) -> Answer:
    """Takes the code, keeps the tokens and redirects to where the sign-in began."""
    request, settings = visit.request, visit.settings
    flow = session.flow_of(request)
    if not secrets.compare_digest(request.query.get("state", ""), flow.state):
        raise SignInError("the answer belongs to another sign-in")
    if "code" not in request.query:
        raise SignInError(f"the sign-in pages answered {request.query.get('error', 'nothing')}")
    tokens = oidc.redeem(settings, request.query["code"], flow, _redirect_uri(visit))
    oidc.person_of(settings, tokens.id_token, nonce=flow.nonce)
    kept = (*session.cookies_of(tokens), session.cookie(session.FLOW, "", 0))
    return redirect(request.link(_own_path(flow.to)), *kept)


def end(visit: Visit) -> Answer:
    """Revokes the sign-in, removes the cookies, and signs the person out of the sign-in pages."""
    request = visit.request
    refresh_token = request.cookies.get(session.REFRESH, "")
    if refresh_token:
        with contextlib.suppress(UnreachableError):  # the cookies go whatever happens
            oidc.revoke(visit.settings, refresh_token)
    back = f"{request.origin}{request.base}/"
    return redirect(oidc.logout_url(visit.settings, back), *session.no_cookies())


def _redirect_uri(visit: Visit) -> str:
    return visit.request.origin + visit.request.link("/signed-in")


def _own_path(path: str) -> str:
    """A path of this console; Home for anything that could lead elsewhere."""
    is_own = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if is_own else HOME
