"""Answers people and programs: the HTTP API behind API Gateway, which has checked the token."""

from __future__ import annotations

import json
import re
import time
import traceback
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as NoRouteError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from handover.access.allowances import seconds_to_wait
from handover.deadline import NO_DEADLINE, OF_REQUESTS, begin
from handover.errors import (
    ConflictError,
    ForbiddenError,
    HandoverError,
    InvalidRequestError,
    NotFoundError,
    RetryLaterError,
)
from handover.http import (
    accounts,
    applying,
    assignments,
    audit,
    edits,
    file_preview,
    imports,
    lines,
    profiles,
    requests,
    settings,
    subscriptions,
    users,
)
from handover.http.description import PATH, description, methods_of
from handover.http.problems import JSON, PROBLEM, problem
from handover.profiles.names import TENANT_PATTERN
from handover.runtime import (
    Context,
    Variable,
    logger,
    metrics,
    request,
    resources,
    starts_with,
    tenant_requests_a_second,
)

# Responses are never HTML; browsers must not execute, frame or cache them.
SECURITY_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
}
# How long a throttled table or a busy queue usually needs to recover.
RETRY_AFTER_SECONDS = 5
TOO_MANY = "Your organisation has sent too many requests. Nothing was done; wait, then try again."
# Two of these make a character beyond U+FFFF; one alone makes no character.
HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
STATUS_OF: dict[type[HandoverError], HTTPStatus] = {
    InvalidRequestError: HTTPStatus.BAD_REQUEST,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
}


def _json(text: str) -> Any:
    """The JSON of a body; raises InvalidRequestError, also for huge numbers and endless nesting.

    Half a character, which JSON can express but nothing can store, is refused here for all routes.
    """
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as broken:
        raise InvalidRequestError("body", f"the body is not JSON: {broken}") from broken
    if HALF_CHARACTER.search(text):
        _refuse_half_characters(body)
    return body


def _refuse_half_characters(body: Any) -> None:
    """Raises InvalidRequestError, which names the field, for text that has no form in UTF-8."""
    for field, value in (body if isinstance(body, dict) else {"body": body}).items():
        try:
            json.dumps({field: value}, ensure_ascii=False).encode()
        except UnicodeEncodeError as half:
            found = ascii(half.object[half.start])
            raise InvalidRequestError(
                field, f"{field}: found half a character, {found}, expected whole ones"
            ) from half


def _text(body: Any) -> str:
    """A body as text: in UTF-8 no character takes more than four bytes of the answer's six MB."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


app = APIGatewayHttpResolver(
    enable_validation=True,
    response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
    json_body_deserializer=_json,
    serializer=_text,
)

ROUTERS = (
    imports.router,
    lines.router,
    file_preview.router,
    applying.router,
    profiles.router,
    accounts.router,
    edits.router,
    assignments.router,
    settings.router,
    users.router,
    requests.router,
    audit.router,
    subscriptions.router,
)
for router in ROUTERS:
    app.include_router(router)


NEEDS = (
    Variable.UPLOADS_BUCKET,
    Variable.REPORTS_BUCKET,
    Variable.IMPORTS_TABLE,
    Variable.DIRECTORY_TABLE,
    Variable.ACCOUNTS_TABLE,
    Variable.HISTORY_TABLE,
    Variable.PORTFOLIO_TABLE,
    Variable.REQUESTS_TABLE,
    Variable.AUDIT_TABLE,
    Variable.AUDIT_DAYS,
    Variable.CHUNKS_QUEUE_URL,
    Variable.USER_POOL_ID,
    Variable.TENANT_REQUESTS_A_SECOND,
    Variable.REPORTS_DAYS,
    Variable.TENANT_TOPICS,
)


@starts_with(
    NEEDS,
    tables=("accounts", "allowances", "audit", "directory", "history", "imports", "portfolios"),
)
@logger.inject_lambda_context
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """The answer in the form that API Gateway expects (payload format 2.0)."""
    metrics.add_metric("RequestsAnswered", "Count", 1)
    # Nothing waits for a busy counter. All later calls wait for a busy service, until the run ends.
    begin(NO_DEADLINE, OF_REQUESTS)
    answer = _too_many(event)
    if answer is None:
        request(context)
        answer = app.resolve(event, context)  # type: ignore[arg-type]
    return answer | {"headers": SECURITY_HEADERS | answer["headers"]}


def _too_many(event: dict[str, Any]) -> dict[str, Any] | None:
    """The answer 429 for a tenant with too many requests, None for others; before anything else."""
    authorizer = event["requestContext"].get("authorizer") or {}
    tenant = authorizer.get("jwt", {}).get("claims", {}).get("custom:tenant", "")
    if not TENANT_PATTERN.fullmatch(tenant):
        return None
    seconds = seconds_to_wait(resources(), tenant, tenant_requests_a_second(), time.time())
    if not seconds:
        return None
    answer = problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        TOO_MANY,
        event["rawPath"],
        headers={"retry-after": str(seconds)},
    )
    return {
        "statusCode": answer.status_code,
        "headers": {**answer.headers, "content-type": PROBLEM},
        "body": answer.body,
        "isBase64Encoded": False,
    }


@app.get(PATH, include_in_schema=False)
def describe() -> dict[str, Any]:
    """This API as OpenAPI describes it, for anybody."""
    return description()


def refused(error: HandoverError) -> Response[str]:
    """The problem for an exception that a use case has raised on purpose."""
    if isinstance(error, RetryLaterError):
        return _problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "A service is busy. Nothing is lost; try again.",
            headers={"retry-after": str(RETRY_AFTER_SECONDS)},
        )
    field = error.field if isinstance(error, InvalidRequestError | NotFoundError) else ""
    return _problem(
        STATUS_OF.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR),
        str(error),
        **({"field": field} if field else {}),
    )


def malformed(error: RequestValidationError) -> Response[str]:
    """The problem for a request that does not have the form of its route."""
    if not _is_json_request():
        return _foreign_body()
    faults = [
        {"field": _field(fault["loc"]), "detail": str(fault["msg"])} for fault in error.errors()
    ]
    first = faults[0]
    return _problem(
        HTTPStatus.BAD_REQUEST,
        f"{first['field']}: {first['detail']}",
        field=first["field"],
        errors=faults,
    )


def undecodable(error: UnicodeDecodeError) -> Response[str]:  # noqa: ARG001 - the same for all
    """The problem for a body that is not in UTF-8."""
    return _problem(HTTPStatus.BAD_REQUEST, "The body is not UTF-8.", field="body")


def unknown_route(error: NoRouteError) -> Response[str]:  # noqa: ARG001 - the same for all
    """The problem for a path that the API does not have, or not with this method."""
    event = app.current_event
    methods = methods_of(event.path)
    if not methods or event.http_method in methods:
        return _problem(HTTPStatus.NOT_FOUND, "There is nothing at this address.")
    allowed = ", ".join(methods)
    return _problem(
        HTTPStatus.METHOD_NOT_ALLOWED,
        f"method: found {event.http_method}, expected {allowed}",
        headers={"allow": allowed},
    )


def failed(error: Exception) -> Response[str]:
    """The problem for any other exception: it gives only the id under which the log has it."""
    # Powertools raises these for a body that it cannot read (ValueError for a form without a
    # boundary).
    unread = RequestUnsupportedContentType, ValueError
    if isinstance(error, unread) and not _is_json_request():
        return _foreign_body()
    # Messages of exceptions may quote the request, with addresses. So the log only gets the kind of
    # the exception and its place.
    logger.error(
        "request failed",
        extra={"error": type(error).__name__, "at": traceback.format_tb(error.__traceback__)},
    )
    metrics.add_metric("RequestsFailed", "Count", 1)
    return _problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        f"Something is wrong on our side. Ask for request {app.lambda_context.aws_request_id}.",
    )


def _is_json_request() -> bool:
    return app.current_event.headers.get("content-type", JSON).strip().startswith(JSON)


def _foreign_body() -> Response[str]:
    return _problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send the body as {JSON}.", field="content-type"
    )


def _field(place: tuple[str | int, ...]) -> str:
    """`mapping.Their label` for a value in the body, `limit` for one in the query."""
    return ".".join(str(step) for step in place[1:]) or str(place[0])


def _problem(status: HTTPStatus, detail: str, **more: Any) -> Response[str]:
    return problem(status, detail, app.current_event.raw_path, **more)


app.exception_handler(HandoverError)(refused)
app.exception_handler(RequestValidationError)(malformed)
app.exception_handler(UnicodeDecodeError)(undecodable)
app.exception_handler(NoRouteError)(unknown_route)
app.exception_handler(Exception)(failed)
