"""Routes of an import's results: its lines, and a summary of them."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel

from handover.http.context import Cursor, LongLimit, new_router, person_of, run_of
from handover.http.imports import Counts, Name
from handover.http.problems import answers
from handover.model import Outcome
from handover.reports.line_index import Asked
from handover.reports.progress import Stage
from handover.runtime import resources
from handover.use_cases.result_lines import lines_page
from handover.use_cases.result_summary import result_summary

router = new_router()


class Holder(BaseModel):
    """Who holds a role. For a workflow or a directory field, `name` is its text."""

    user: str
    name: str
    is_pending: bool


class RoleChange(BaseModel):
    """Who held a role of the account before and after the line."""

    before: list[Holder]
    after: list[Holder]


class ResultLine(BaseModel):
    """A line of the file and its outcome.

    `message` says why the line has its outcome, for good lines too. `fields` are its cells by
    column name: a blank label is named by its position, and a repeated one gets a number. `column`
    names the cell that is wrong, "" for the whole line; `suggestion` is a value for that cell that
    would probably correct it. With `is_cut` the line was too long for an answer, and its cells are
    shortened.
    """

    line: int
    outcome: Outcome
    fields: dict[str, str]
    account: str
    roles: dict[str, RoleChange]
    code: str
    message: str
    hint: str
    column: str
    suggestion: str
    is_cut: bool


class ResultLines(BaseModel):
    """A page of lines in their order; `cursor` null on the last page.

    A page may have fewer lines than asked for, even none, and still a cursor. `matching` is how
    many lines match in all; null with `q`, `manager` or `opco`.
    """

    lines: list[ResultLine]
    cursor: str | None
    matching: int | None


class CodeCount(BaseModel):
    """How many lines have a code, what it means, and what to do."""

    code: str
    count: int
    message: str
    hint: str


class Manager(BaseModel):
    """How many roles of accounts a user gains and loses.

    `held` is how many they hold now, at most 1,000, if it was asked for; null after the first 50
    managers.
    """

    user: str
    name: str
    is_pending: bool
    gains: int
    loses: int
    held: int | None = None


class OpcoCount(BaseModel):
    """How many lines are about accounts of an opco."""

    opco: str
    lines: int


class StageTime(BaseModel):
    """How long a stage of the import took."""

    stage: Stage
    seconds: float


class ResultSummary(BaseModel):
    """The totals of an import.

    `managers` has the 200 with the most gains and losses, `opcos` the 200 with the most lines.
    """

    counts: Counts
    codes: list[CodeCount]
    managers: list[Manager]
    opcos: list[OpcoCount]
    stages: list[StageTime]


@router.get(
    "/imports/<name>/lines",
    summary="List the lines of an import with their outcomes",
    responses=answers(200, "A page", ResultLines),
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
    responses=answers(200, "The summary", ResultSummary),
)
def summarize(
    name: Name,
    counts: Annotated[bool, Query(description="Count what each manager holds now")] = False,
) -> dict[str, Any]:
    """Counts, errors by code, and who gains and loses; for those who may download its results."""
    return result_summary(resources(), person_of(router), name, run_of(router), counts=counts)
