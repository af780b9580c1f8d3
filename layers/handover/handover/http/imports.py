"""Routes of imports: announce, list, show, approve or cancel, download."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import BaseModel

from handover.http.context import (
    Cursor,
    Limit,
    new_router,
    page_to_dict,
    person_of,
    redirection,
    run_of,
)
from handover.http.formats import REQUEST_BODY, IsoDay
from handover.http.problems import DOWNLOAD, answers
from handover.model import Mode, State
from handover.runtime import resources
from handover.use_cases import approvals, imports
from handover.use_cases.imports import Listed, import_for, to_dict
from handover.use_cases.tickets import Announcement, issue_ticket

router = new_router()


Format = Annotated[
    Literal["csv", "xlsx"],
    Query(description="The kind of file; xlsx exists for up to 100,000 lines in error"),
]


class NewImport(BaseModel):
    """A file to upload; `mapping` maps its own labels to the profile's.

    A preview needs no profile: it says which profiles the file fits. `on_error` says what happens
    to good lines when other lines are in error: apply_good, all_or_nothing, or "stop_above: 5 %";
    "" leaves it to the profile.
    """

    model_config = REQUEST_BODY

    profile: str = ""
    filename: str
    mode: Mode = Mode.RUN
    mapping: dict[str, str] = {}
    on_error: str = ""


class Decision(BaseModel):
    """Why an import is approved or cancelled: at most 200 characters, for whoever asks later."""

    model_config = REQUEST_BODY

    reason: str = ""


def part_asked(words: str) -> Any:
    """A part of a text in a query, in any letter case."""
    return Query(max_length=1024, description=f"A part of {words}, in any letter case")


Name = Annotated[str, Path(description="The id of an import, or of its ticket")]


@router.post(
    "/imports",
    summary="Announce a file and get the form to upload it with",
    status_code=201,
    responses=answers(201, "The ticket and the form", "Ticket"),
)
def announce(body: Annotated[NewImport, Body()]) -> dict[str, Any]:
    """A ticket for one upload, valid for five minutes; for users who may use the profile."""
    announced = Announcement(body.profile, body.filename, body.mode, body.mapping, body.on_error)
    form = issue_ticket(resources(), person_of(router), announced, run_of(router).now)
    return {
        "import_ticket": form.ticket,
        "upload": {"url": form.url, "fields": form.fields},
        "expires_at": form.expires_at,
    }


@router.get("/imports", summary="List imports", responses=answers(200, "A page", "Imports"))
def list_imports(  # noqa: PLR0913 - a route names each of its query parameters
    state: State | None = None,
    mode: Mode | None = None,
    uploader: Annotated[str, part_asked("the uploader")] = "",
    profile: Annotated[str, part_asked("the profile's name")] = "",
    source: Annotated[str, part_asked("the source's name")] = "",
    follows: Annotated[
        str, Query(max_length=32, description="The import that they apply, correct or undo")
    ] = "",
    since: Annotated[IsoDay | None, Query(description="The first day (UTC)")] = None,
    until: Annotated[IsoDay | None, Query(description="The last day (UTC)")] = None,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The tenant's imports that match, newest first.

    A page may hold fewer than `limit`, even none, when few match: follow the cursor.
    """
    asked = Listed(state or "", mode or "", uploader, profile, source, follows, since, until)
    page = imports.imports_page(
        resources(), person_of(router), asked, limit=limit, cursor=cursor, now=run_of(router).now
    )
    return page_to_dict("imports", page)


@router.get(
    "/imports/days",
    summary="Count the imports of the last days",
    responses=answers(200, "The days", "Days"),
)
def list_days(
    days: Annotated[int, Query(ge=1, le=31, description="How many days, today included")] = 14,
) -> dict[str, Any]:
    """The last days (UTC), oldest first."""
    now = run_of(router).now
    return {"days": imports.imports_by_day(resources(), person_of(router), days, now)}


@router.get(
    "/imports/<name>", summary="Show one import", responses=answers(200, "The import", "Import")
)
def show_import(name: Name) -> dict[str, Any]:
    """The import as it stands."""
    found = import_for(resources(), person_of(router).tenant, name)
    return to_dict(resources(), found, run_of(router).now)


@router.post(
    "/imports/<name>/approve",
    summary="Approve an import that waits for an Admin",
    status_code=202,
    responses=answers(202, "The import", "Import"),
)
def approve(
    name: Name,
    body: Annotated[Decision | None, Body()] = None,
) -> dict[str, Any]:
    """The import, which continues.

    Its uploader may not approve it while another Admin could, unless uploader_may_approve is set.
    """
    run, person = run_of(router), person_of(router)
    found = approvals.approve(resources(), person, name, _reason(body), run)
    return to_dict(resources(), found, run.now)


@router.post(
    "/imports/<name>/cancel",
    summary="Cancel an import that has not ended",
    status_code=202,
    responses=answers(202, "The import", "Import"),
)
def cancel(
    name: Name,
    body: Annotated[Decision | None, Body()] = None,
) -> dict[str, Any]:
    """The import, which ends once the writes in progress are done."""
    run, person = run_of(router), person_of(router)
    found = approvals.cancel(resources(), person, name, _reason(body), run)
    return to_dict(resources(), found, run.now)


def _reason(decision: Decision | None) -> str:
    return decision.reason if decision is not None else ""


@router.get(
    "/imports/<name>/report",
    summary="Download the lines with errors",
    responses=DOWNLOAD,
)
def download_report(name: Name, format: Format = "csv") -> Response[str]:  # noqa: A002 - the query
    """Redirects to errors.csv; for the uploader, Admins, and those who may upload such files.

    With `format=xlsx` it redirects to the same lines as a workbook that marks the wrong cells.
    """
    if format == "xlsx":
        return redirection(imports.workbook_link(resources(), person_of(router), name))
    return redirection(imports.file_link(resources(), person_of(router), name, "errors"))


@router.get(
    "/imports/<name>/results",
    summary="Download every line with its outcome",
    responses=DOWNLOAD,
)
def download_results(name: Name) -> Response[str]:
    """Redirects to results.csv; for the uploader, Admins, and those who may upload such files."""
    return redirection(imports.file_link(resources(), person_of(router), name, "results"))
