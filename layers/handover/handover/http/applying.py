"""Routes of imports that come from another: apply what was previewed, correct lines."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import BaseModel, ConfigDict

from handover.http.context import new_router, person_of, run_of
from handover.http.imports import Import, Name
from handover.http.problems import answers
from handover.model import Mode
from handover.runtime import resources
from handover.use_cases.applying import Applying, apply_import
from handover.use_cases.corrections import correct_lines
from handover.use_cases.imports import import_for, to_dict

router = new_router()


class Apply(BaseModel):
    """How the file is to be worked; `profile` and `mapping` are those of the import unless given.

    `mapping` leads from the file's own labels to the profile's.
    """

    model_config = ConfigDict(extra="forbid")

    mode: Literal["run", "dry_run"]
    profile: str | None = None
    mapping: dict[str, str] | None = None


@router.post(
    "/imports/<name>/apply",
    summary="Work the file of a dry run again, without another upload",
    status_code=202,
    responses=answers(202, "The import that does", Import),
)
def apply(name: Name, expected: Annotated[Apply, Body()]) -> dict[str, Any]:
    """An import like any other, for who may upload such files; within 24 hours of the upload.

    A dry run that is run with its own profile and mapping applies exactly what it has shown: a line
    whose account has changed since is superseded, and says what changed. With another profile or
    mapping the lines come to what they come to now.
    """
    person, run = person_of(router), run_of(router)
    asked = Applying(Mode(expected.mode), expected.profile, expected.mapping)
    ticket = apply_import(resources(), person, name, asked, run.now, run.deadline)
    return to_dict(resources(), import_for(resources(), person.tenant, ticket), run.now)


class Corrections(BaseModel):
    """The new cells of lines in error, by the number of the line and the label of the column.

    At most 1,000 lines and 1 MB; `mode` is the import's own unless given.
    """

    model_config = ConfigDict(extra="forbid")

    lines: dict[str, dict[str, str]]
    mode: Literal["run", "dry_run"] | None = None


@router.post(
    "/imports/<name>/corrections",
    summary="Correct lines in error, and work just these again",
    status_code=202,
    responses=answers(202, "The import of these lines", Import),
)
def correct(name: Name, expected: Annotated[Corrections, Body()]) -> dict[str, Any]:
    """An import of the corrected lines, for who may upload such files.

    Cells that are not named stay as they were uploaded. A line whose columns cannot be told apart,
    such as one with a cell too few, is given with all of its cells.
    """
    person, run = person_of(router), run_of(router)
    mode = Mode(expected.mode) if expected.mode is not None else None
    ticket = correct_lines(resources(), person, name, expected.lines, mode, run.now, run.deadline)
    return to_dict(resources(), import_for(resources(), person.tenant, ticket), run.now)
