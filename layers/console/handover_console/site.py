"""The console as a whole: which page answers which address, and what happens when one cannot."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

from handover_console import session
from handover_console.api import Api, ApiError
from handover_console.oidc import SignInError
from handover_console.pages import (
    account,
    accounts,
    approvals,
    audit,
    authenticator,
    download,
    handing,
    history,
    home,
    imports,
    leaving,
    people,
    problem,
    profile,
    requests,
    result,
    set_up,
    sign_in,
    undo,
    upload,
)
from handover_console.rendering import asset_answer
from handover_console.settings import Settings
from handover_console.visit import Visit
from handover_console.web import SAFE_METHODS, Answer, Request, redirect
from handover_console.wire import UnreachableError

Page = Callable[[Visit], Answer]

# Open to everybody: these pages sign people in and out.
PUBLIC: dict[tuple[str, str], Page] = {
    ("GET", "/sign-in"): sign_in.begin,
    ("GET", "/signed-in"): sign_in.complete,
    ("POST", "/sign-out"): sign_in.end,
}
# For people who are signed in. A part in braces is a name without a slash.
PAGES: dict[tuple[str, str], Page] = {
    ("GET", "/home"): home.show,
    ("GET", "/import"): upload.show,
    ("POST", "/import"): upload.prepare,
    ("POST", "/import/ticket"): upload.ticket,
    ("GET", "/imports"): history.show,
    ("GET", "/imports/{name}"): imports.show,
    ("GET", "/imports/{name}/progress"): imports.progress,
    ("POST", "/imports/{name}/apply"): imports.apply,
    ("POST", "/imports/{name}/cancel"): imports.cancel,
    ("POST", "/imports/{name}/corrections"): result.correct,
    ("GET", "/imports/{name}/report"): download.report,
    ("GET", "/imports/{name}/results"): download.results,
    ("GET", "/profiles/{name}/template"): download.template,
    ("GET", "/approvals"): approvals.show,
    ("POST", "/imports/{name}/approve"): approvals.approve,
    ("POST", "/imports/{name}/undo"): undo.preview,
    ("GET", "/accounts"): accounts.show,
    ("GET", "/accounts/export"): accounts.export,
    ("POST", "/accounts/hand-over"): handing.preview,
    ("GET", "/accounts/show"): account.show,
    ("POST", "/accounts/show"): account.edit,
    # People
    ("GET", "/people"): people.show,
    ("GET", "/people/one"): people.one,
    ("GET", "/people/new"): people.new,
    ("POST", "/people/new"): people.invite,
    ("GET", "/people/edit"): people.edit,
    ("POST", "/people/edit"): people.store,
    ("POST", "/people/invitation"): people.invite_again,
    ("POST", "/people/delete"): people.delete,
    ("GET", "/people/pending"): people.pending,
    ("GET", "/people/leaving"): leaving.show,
    ("POST", "/people/leaving"): leaving.preview,
    ("POST", "/people/leaving/last"): leaving.deactivate,
    # Requests
    ("GET", "/requests"): requests.show,
    ("POST", "/requests"): requests.create,
    ("GET", "/requests/{name}"): requests.one,
    ("POST", "/requests/{name}/notes"): requests.note,
    # Set-up
    ("GET", "/set-up"): set_up.show,
    ("GET", "/set-up/audit"): audit.show,
    ("POST", "/set-up/rules"): set_up.change_rules,
    ("POST", "/set-up/profiles"): set_up.switch_profiles,
    ("GET", "/set-up/profiles/{name}"): profile.show,
    ("POST", "/set-up/profiles/{name}"): profile.store,
    ("POST", "/set-up/profiles/{name}/sample"): profile.sample,
    ("POST", "/set-up/profiles/{name}/copy"): profile.copy,
    ("POST", "/set-up/profiles/{name}/remove"): profile.remove,
    ("POST", "/set-up/roles"): set_up.put_role,
    ("POST", "/set-up/roles/remove"): set_up.remove_role,
    ("POST", "/set-up/workflows"): set_up.put_workflow,
    ("POST", "/set-up/workflows/remove"): set_up.remove_workflow,
    ("POST", "/set-up/notifications"): set_up.subscribe,
    ("POST", "/set-up/sources"): set_up.put_source,
    ("POST", "/set-up/sources/remove"): set_up.remove_source,
    # The person's own sign-in
    ("GET", "/authenticator"): authenticator.show,
    ("POST", "/authenticator"): authenticator.begin,
    ("POST", "/authenticator/code"): authenticator.verify,
}


def answer(request: Request, settings: Settings) -> Answer:
    """The answer for the browser. Raises nothing that a person could cause."""
    if request.path in ("", "/"):
        return redirect(request.link("/home"))
    if request.path.startswith("/static/"):
        name = request.path.removeprefix("/static/")
        found = asset_answer(name, request.headers.get("accept-encoding", ""))
        return found or problem.not_found(Visit(request, settings))
    visit = Visit(request, settings)
    if request.method not in SAFE_METHODS and not request.is_same_origin:
        return problem.foreign(visit)
    try:
        return _answer(visit)
    except UnreachableError:
        return problem.busy(visit)
    except ApiError as error:
        return problem.refused(visit, error)


def _answer(visit: Visit) -> Answer:
    method = "GET" if visit.request.method == "HEAD" else visit.request.method
    public = PUBLIC.get((method, visit.request.path))
    if public is not None:
        try:
            return public(visit)
        except SignInError as error:
            return problem.no_sign_in(visit, error)
    who = session.session_of(visit.request, visit.settings)
    if who is None:
        return _signed_out(visit)
    api = Api(visit.settings, who.id_token)
    visit = Visit(visit.request, visit.settings, who.person, api)
    try:
        given = _page(visit, method)
    except UnreachableError:
        given = problem.busy(visit)
    except ApiError as error:
        given = problem.refused(visit, error)
    return Answer(given.status, given.body, given.headers, (*who.cookies, *given.cookies))


def _signed_out(visit: Visit) -> Answer:
    if visit.request.method not in SAFE_METHODS:
        return problem.ended(visit)
    if visit.request.path == "/home":
        return sign_in.welcome(visit)
    query = f"?{urlencode(visit.request.query)}" if visit.request.query else ""
    return redirect(visit.request.link("/sign-in", to=visit.request.path + query))


def _page(visit: Visit, method: str) -> Answer:
    found = dict(_matches(visit.request.path))
    if method in found:
        page, parts = found[method]
        return page(Visit(visit.request, visit.settings, visit.person, visit.signed_in_api, parts))
    if found:
        return problem.wrong_method(visit, sorted(found))
    return problem.not_found(visit)


def _matches(path: str) -> Iterator[tuple[str, tuple[Page, dict[str, str]]]]:
    """Each method that exists for the path, with its page and the parts of the path."""
    for (method, pattern), page in PAGES.items():
        expression = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
        match = re.fullmatch(expression, path)
        if match:
            yield method, (page, match.groupdict())
