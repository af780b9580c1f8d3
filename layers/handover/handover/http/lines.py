"""Routes of an import's results: its lines, and a summary of them."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query

from handover.http.context import Cursor, LongLimit, new_router, person_of, run_of
from handover.http.imports import Name
from handover.http.problems import answers
from handover.model import Outcome
from handover.reports.line_index import Asked
from handover.runtime import resources
from handover.use_cases.result_lines import lines_page
from handover.use_cases.result_summary import result_summary

router = new_router()


@router.get(
    "/imports/<name>/lines",
    summary="List the lines of an import with their outcomes",
    responses=answers(200, "A page", "ResultLines"),
)
def list_lines(  # noqa: PLR0913 - a route names each of its query parameters
    name: Name,
    outcome: Annotated[Outcome | None, Query(description="Only lines with this outcome")] = None,
    code: Annotated[
        str | None, Query(max_length=100, description="Only lines with this code")
    ] = None,
    q: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=512,
            description="Only this line number, or accounts that begin with this text, in any case",
        ),
    ] = None,
    manager: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=512,
            description="Only accounts on which the user of this name or address holds a role that "
            "the line names, before or after it",
        ),
    ] = None,
    opco: Annotated[
        str | None,
        Query(min_length=1, max_length=200, description="Only accounts of this opco, in any case"),
    ] = None,
    limit: LongLimit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """The lines of an import that has ended; for those who may download its results."""
    page = lines_page(
        resources(),
        person_of(router),
        name,
        Asked(
            outcome or "",
            code or "",
            q or "",
            frozenset({manager}) if manager else None,
            opco or "",
        ),
        limit=limit,
        cursor=cursor,
        run=run_of(router),
    )
    return {"lines": page.lines, "cursor": page.cursor, "matching": page.matching}


@router.get(
    "/imports/<name>/summary",
    summary="Summarize the results of an import",
    responses=answers(200, "The summary", "ResultSummary"),
)
def summarize(
    name: Name,
    counts: Annotated[bool, Query(description="Count what each manager holds now")] = False,
) -> dict[str, Any]:
    """Counts, errors by code, and who gains and loses; for those who may download its results."""
    return result_summary(resources(), person_of(router), name, run_of(router), counts=counts)
