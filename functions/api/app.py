"""Answers people and programs: the HTTP API behind API Gateway, which has checked the token."""

from __future__ import annotations

import json
import traceback
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote, unquote

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as NoRouteError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from handover.errors import (
    ConflictError,
    ForbiddenError,
    HandoverError,
    InvalidRequestError,
    NotFoundError,
    RetryLaterError,
)
from handover.model import Mode, Refusal, State
from handover.profiles import Holds, template_csv
from handover.reports import Approval, Counts, ReportObject
from handover.runtime import Context, invocation, logger, metrics, tracer, wiring
from handover.stages import decisions, listings
from handover.stages.cursors import Page
from handover.stages.lookups import import_for, told
from handover.stages.people import Person, signed_in
from handover.stages.tickets import Announcement, issue_ticket
from pydantic import BaseModel, ConfigDict

# No answer is a page: a browser that is led to one runs, frames and remembers nothing of it.
SECURITY_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
}
JSON, PROBLEM = "application/json", "application/problem+json"
# What a throttled table or a busy queue needs to recover, as a rule.
RETRY_AFTER_SECONDS = 5
STATUS_OF: dict[type[HandoverError], HTTPStatus] = {
    InvalidRequestError: HTTPStatus.BAD_REQUEST,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
}


class NewImport(BaseModel):
    """A file that is to be uploaded; `mapping` leads from its own labels to the profile's."""

    model_config = ConfigDict(extra="forbid")

    profile: str
    filename: str
    mode: Mode = Mode.RUN
    mapping: dict[str, str] = {}


class UploadForm(BaseModel):
    """Where the file is POSTed as multipart/form-data: these fields first, then `file`."""

    url: str
    fields: dict[str, str]


class Ticket(BaseModel):
    """The right to upload one file until `expires_at`."""

    import_ticket: str
    upload: UploadForm
    expires_at: str


class Import(BaseModel):
    """One import; what is after `results` is there only when it has something to say.

    `expires_at` is when a ticket that nothing was uploaded with stops being good for anything.
    """

    import_id: str
    tenant: str
    profile: str
    source: str
    uploader: str
    filename: str
    mode: Mode
    state: State
    received_at: str
    finished_at: str | None
    counts: Counts
    accounts_updated: int
    refusal: Refusal | None
    report: ReportObject | None
    results: ReportObject | None
    encoding: str = ""
    delimiter: str = ""
    approval: Approval | None = None
    import_ticket: str = ""
    expires_at: str = ""
    approved_by: str = ""
    cancelled_by: str = ""


class Imports(BaseModel):
    """A page of imports, newest first; `cursor` null on the last page."""

    imports: list[Import]
    cursor: str | None


class ProfileColumn(BaseModel):
    """A column of a profile; `role` where it holds users."""

    label: str
    aliases: list[str]
    holds: Holds
    required: bool
    role: str = ""


class ProfileBody(BaseModel):
    """How one kind of file is written; `is_own` when it is the tenant's and no preset."""

    name: str
    title: str
    version: int
    is_own: bool
    uploader_roles: list[str]
    columns: list[ProfileColumn]


class AccountBody(BaseModel):
    """An account and who is assigned to it, by role."""

    account_id: str
    name: str
    customer_id: str
    opco: str
    status: str
    portals: list[str]
    assigned: dict[str, list[str]]
    version: int


class Change(BaseModel):
    """Who held a role before and after."""

    role: str
    before: list[str]
    after: list[str]


class HistoryEntry(BaseModel):
    """One change of an account: by whom, when, by which line of which import."""

    version: int
    at: str
    actor: str
    import_id: str
    line: int
    changes: list[Change]


class History(BaseModel):
    """A page of an account's history, oldest first; `cursor` null on the last page."""

    history: list[HistoryEntry]
    cursor: str | None


class Holding(BaseModel):
    """A role that a user holds, and for which account."""

    role: str
    account_id: str


class Portfolio(BaseModel):
    """A page of the accounts of a user; `cursor` null on the last page."""

    accounts: list[Holding]
    cursor: str | None


class Fault(BaseModel):
    """One value of a request that cannot be taken."""

    field: str
    detail: str


class Problem(BaseModel):
    """What went wrong, as RFC 9457 tells it; `field` names the value that is to blame."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    field: str = ""
    errors: list[Fault] = []


def _answers(status: int, words: str, model: type) -> dict[int, OpenAPIResponse]:
    """What a route answers, for the description of the API."""
    return {
        status: {"description": words, "content": {JSON: {"model": model}}},
        **_problems(400, 403, 404, 409),
    }


def _problems(*statuses: int) -> dict[int, OpenAPIResponse]:
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM: {"model": Problem}},
        }
        for status in statuses
    }


DOWNLOAD: dict[int, OpenAPIResponse] = {
    302: {"description": "The address of the file, good for five minutes"},
    **_problems(403, 404, 409),
}
TEMPLATE: dict[int, OpenAPIResponse] = {
    200: {
        "description": "A CSV file with the header only",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    },
    **_problems(403, 404),
}


def _json(text: str) -> Any:
    """The JSON of a body; a number of thousands of digits or endless nesting is no JSON here."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as broken:
        raise InvalidRequestError("body", f"the body is not JSON: {broken}") from broken


app = APIGatewayHttpResolver(
    enable_validation=True,
    response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
    json_body_deserializer=_json,
)

Name = Annotated[str, Path(description="The id of an import, or of its ticket")]
Limit = Annotated[int, Query(ge=1, le=100, description="How many rows a page has at the most")]
Cursor = Annotated[str | None, Query(max_length=2000, description="From the page before")]


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """The answer in the form that API Gateway wants it (payload format 2.0)."""
    metrics.add_metric("RequestsAnswered", "Count", 1)
    answer = app.resolve(event, context)  # type: ignore[arg-type]
    return answer | {"headers": SECURITY_HEADERS | answer["headers"]}


@app.post(
    "/imports",
    summary="Announce a file and get the form to upload it with",
    status_code=201,
    responses=_answers(201, "The ticket and the form", Ticket),
)
def announce(wanted: Annotated[NewImport, Body()]) -> dict[str, Any]:
    """A ticket for one upload, good for five minutes."""
    announced = Announcement(wanted.profile, wanted.filename, wanted.mode, wanted.mapping)
    door = issue_ticket(wiring(), _person(), announced, invocation(app.lambda_context).now)
    return {
        "import_ticket": door.ticket,
        "upload": {"url": door.url, "fields": door.fields},
        "expires_at": door.expires_at,
    }


@app.get("/imports", summary="List imports", responses=_answers(200, "A page", Imports))
def list_imports(limit: Limit = 25, cursor: Cursor = None) -> dict[str, Any]:
    """The tenant's imports, newest first."""
    page = listings.imports_page(wiring(), _person(), limit=limit, cursor=cursor)
    return _page("imports", page)


@app.get(
    "/imports/<name>", summary="Show one import", responses=_answers(200, "The import", Import)
)
def show_import(name: Name) -> dict[str, Any]:
    """The import as it stands."""
    return told(wiring(), import_for(wiring(), _person().tenant, name))


@app.post(
    "/imports/<name>/approve",
    summary="Let an import go on that waits for an Admin",
    status_code=202,
    responses=_answers(202, "The import", Import),
)
def approve(name: Name) -> dict[str, Any]:
    """The import, which goes on."""
    person, patience = _person(), invocation(app.lambda_context).patience
    return told(wiring(), decisions.approve(wiring(), person, name, patience))


@app.post(
    "/imports/<name>/cancel",
    summary="Cancel an import that has not ended",
    status_code=202,
    responses=_answers(202, "The import", Import),
)
def cancel(name: Name) -> dict[str, Any]:
    """The import, which ends as soon as what is being written is written."""
    person, patience = _person(), invocation(app.lambda_context).patience
    return told(wiring(), decisions.cancel(wiring(), person, name, patience))


@app.get(
    "/imports/<name>/report",
    summary="Download the lines with errors",
    status_code=302,
    responses=DOWNLOAD,
)
def download_report(name: Name) -> Response[str]:
    """A redirection to errors.csv."""
    return _redirection(listings.file_link(wiring(), _person(), name, "errors"))


@app.get(
    "/imports/<name>/results",
    summary="Download every line with its outcome",
    status_code=302,
    responses=DOWNLOAD,
)
def download_results(name: Name) -> Response[str]:
    """A redirection to results.csv."""
    return _redirection(listings.file_link(wiring(), _person(), name, "results"))


@app.get(
    "/profiles", summary="List profiles", responses=_answers(200, "All profiles", list[ProfileBody])
)
def list_profiles() -> list[dict[str, Any]]:
    """The tenant's own profiles and the presets, by name."""
    return listings.profiles_of(wiring(), _person())


@app.get(
    "/profiles/<profile>",
    summary="Show one profile",
    responses=_answers(200, "The profile", ProfileBody),
)
def show_profile(profile: str) -> dict[str, Any]:
    """The profile."""
    return listings.profile_told(listings.profile_of(wiring(), _person(), profile))


@app.get(
    "/profiles/<profile>/template",
    summary="Download an empty file of a profile",
    responses=TEMPLATE,
)
def download_template(profile: str) -> Response[str]:
    """The header of the profile's columns."""
    found = listings.profile_of(wiring(), _person(), profile)
    return Response(
        status_code=HTTPStatus.OK,
        content_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{found.name}.csv"'},
        body=template_csv(found).decode(),
    )


@app.get(
    "/accounts/<account_id>",
    summary="Show an account and who is assigned to it",
    responses=_answers(200, "The account", AccountBody),
)
def show_account(account_id: str) -> dict[str, Any]:
    """The account as it is now."""
    patience = invocation(app.lambda_context).patience
    return listings.account_of(wiring(), _person(), unquote(account_id), patience)


@app.get(
    "/accounts/<account_id>/history",
    summary="Show what has become of an account",
    responses=_answers(200, "A page", History),
)
def show_history(account_id: str, limit: Limit = 25, cursor: Cursor = None) -> dict[str, Any]:
    """The account's changes, oldest first."""
    page = listings.history_of(
        wiring(),
        _person(),
        unquote(account_id),
        limit=limit,
        cursor=cursor,
        patience=invocation(app.lambda_context).patience,
    )
    return _page("history", page)


@app.get(
    "/portfolios/<email>",
    summary="List the accounts that a user holds",
    responses=_answers(200, "A page", Portfolio),
)
def show_portfolio(email: str, limit: Limit = 25, cursor: Cursor = None) -> dict[str, Any]:
    """The user's accounts, by role."""
    page = listings.portfolio_of(wiring(), _person(), unquote(email), limit=limit, cursor=cursor)
    return _page("accounts", page)


@app.get("/openapi.json", include_in_schema=False)
def describe() -> dict[str, Any]:
    """This API as OpenAPI describes it, for anybody."""
    described: dict[str, Any] = json.loads(
        app.get_openapi_json_schema(
            title="Handover",
            version="1",
            description="Bulk assignment of account managers to customer accounts by CSV.",
            security_schemes={"token": HTTPBearer(bearerFormat="JWT")},
            security=[{"token": []}],
        )
    )
    # Powertools describes errors of its own, in whose place this API answers with problems.
    operations = (one for methods in described["paths"].values() for one in methods.values())
    for operation in operations:
        for status in ("422", "500"):
            operation["responses"].pop(status, None)
    schemas = described["components"]["schemas"]
    for name in [name for name in schemas if name.endswith("ValidationError")]:
        del schemas[name]
    return described


def refused(error: HandoverError) -> Response[str]:
    """What the stages raise on purpose, as a problem."""
    if isinstance(error, RetryLaterError):
        return _problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "A service is busy. Nothing is lost; try again."
        )
    field = {"field": error.field} if isinstance(error, InvalidRequestError) else {}
    return _problem(
        STATUS_OF.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR), str(error), **field
    )


def malformed(error: RequestValidationError) -> Response[str]:
    """A request that does not have the form of its route."""
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
    """A body in another encoding than JSON has."""
    return _problem(HTTPStatus.BAD_REQUEST, "The body is not UTF-8.", field="body")


def unknown_route(error: NoRouteError) -> Response[str]:  # noqa: ARG001 - the same for all
    """A path or method that the API does not have."""
    return _problem(HTTPStatus.NOT_FOUND, "There is nothing at this address with this method.")


def failed(error: Exception) -> Response[str]:
    """Anything else: the caller learns nothing but the id under which the log tells of it."""
    if not _is_json_request():
        return _foreign_body()
    # Messages of exceptions may hold what the request held, addresses among it: the log gets the
    # kind and the place only.
    logger.error(
        "request failed",
        extra={"error": type(error).__name__, "at": traceback.format_tb(error.__traceback__)},
    )
    metrics.add_metric("RequestsFailed", "Count", 1)
    return _problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        f"Something is wrong on our side. Ask for request {app.lambda_context.aws_request_id}.",
    )


def _person() -> Person:
    return signed_in(wiring(), app.current_event.request_context.authorizer.jwt_claim)


def _page(name: str, page: Page[dict[str, object]]) -> dict[str, Any]:
    return {name: page.rows, "cursor": page.cursor}


def _redirection(url: str) -> Response[str]:
    return Response(status_code=HTTPStatus.FOUND, headers={"location": url}, body="")


def _is_json_request() -> bool:
    return app.current_event.headers.get("content-type", JSON).strip().startswith(JSON)


def _foreign_body() -> Response[str]:
    return _problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send the body as {JSON}.", field="content-type"
    )


def _field(place: tuple[str | int, ...]) -> str:
    """`mapping.Their label` for a value in the body, `limit` for one in the query."""
    return ".".join(str(step) for step in place[1:]) or str(place[0])


def _problem(status: HTTPStatus, detail: str, **more: object) -> Response[str]:
    retry = {"retry-after": str(RETRY_AFTER_SECONDS)}
    return Response(
        status_code=status,
        content_type=PROBLEM,
        headers=retry if status is HTTPStatus.SERVICE_UNAVAILABLE else {},
        body=json.dumps(
            {
                "type": "about:blank",
                "title": status.phrase,
                "status": int(status),
                "detail": detail,
                "instance": quote(app.current_event.raw_path),
                **more,
            }
        ),
    )


app.exception_handler(HandoverError)(refused)
app.exception_handler(RequestValidationError)(malformed)
app.exception_handler(UnicodeDecodeError)(undecodable)
app.exception_handler(NoRouteError)(unknown_route)
app.exception_handler(Exception)(failed)
