"""What a person reads when something cannot be done: what happened, what was lost, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from handover_console.api import ApiError
from handover_console.oidc import SignInError
from handover_console.rendering import page
from handover_console.settings import Settings
from handover_console.visit import Visit
from handover_console.web import Answer, Request

# The kind of problem for a status of the API, as in the keys of the texts.
KIND_OF = {
    HTTPStatus.BAD_REQUEST: "invalid",
    HTTPStatus.UNAUTHORIZED: "ended",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.CONFLICT: "conflict",
    HTTPStatus.UNPROCESSABLE_ENTITY: "invalid",
    HTTPStatus.TOO_MANY_REQUESTS: "too_many",
    HTTPStatus.SERVICE_UNAVAILABLE: "busy",
    HTTPStatus.GATEWAY_TIMEOUT: "busy",
}


def refused(visit: Visit, error: ApiError) -> Answer:
    """The API refused; the page uses its words."""
    known = {int(status): kind for status, kind in KIND_OF.items()}
    kind = known.get(error.status, "failed")
    status = HTTPStatus.BAD_GATEWAY if kind == "failed" else error.status
    return _problem(visit, kind, status, error.detail)


def invalid(visit: Visit, detail: str) -> Answer:
    """The console itself cannot do what was asked."""
    return _problem(visit, "invalid", HTTPStatus.UNPROCESSABLE_ENTITY, detail)


def not_found(visit: Visit) -> Answer:
    """There is no such page."""
    return _problem(visit, "not_found", HTTPStatus.NOT_FOUND)


def wrong_method(visit: Visit, methods: Iterable[str]) -> Answer:
    """There is such a page, but not for this method."""
    given = _problem(visit, "not_found", HTTPStatus.METHOD_NOT_ALLOWED)
    return Answer(given.status, given.body, {"allow": ", ".join(methods)})


def foreign(visit: Visit) -> Answer:
    """Another site asked this browser to change something."""
    return _problem(visit, "foreign", HTTPStatus.FORBIDDEN)


def busy(visit: Visit) -> Answer:
    """The API did not answer in time."""
    return _problem(visit, "busy", HTTPStatus.SERVICE_UNAVAILABLE)


def ended(visit: Visit) -> Answer:
    """The sign-in ended between the page and what was sent from it."""
    return _problem(visit, "ended", HTTPStatus.UNAUTHORIZED)


def no_sign_in(visit: Visit, error: SignInError) -> Answer:
    """The sign-in was not completed."""
    return _problem(visit, "no_sign_in", HTTPStatus.BAD_REQUEST, str(error))


def failed(request: Request, settings: Settings, request_id: str) -> Answer:
    """Something is wrong on our side; the log has it under the id."""
    return _problem(
        Visit(request, settings),
        "failed",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        number=request_id,
    )


def _problem(visit: Visit, kind: str, status: int, detail: str = "", *, number: str = "") -> Answer:
    return page(visit, "problem.html", status=status, kind=kind, detail=detail, number=number)
