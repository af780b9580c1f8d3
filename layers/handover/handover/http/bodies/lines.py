"""The bodies of answers about lines."""

from __future__ import annotations

from pydantic import BaseModel

from handover.http.bodies.imports import Counts
from handover.model import Outcome
from handover.reports.progress import Stage


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
