"""Routes of imports made from another: apply a preview or dry run, correct lines."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import BaseModel

from handover.http.context import new_router, person_of, run_of
from handover.http.formats import REQUEST_BODY
from handover.http.imports import Name
from handover.http.problems import answers
from handover.model import Mode
from handover.runtime import resources
from handover.use_cases.applying import Applying, apply_import
from handover.use_cases.corrections import correct_lines
from handover.use_cases.imports import import_for, to_dict

router = new_router()


class Apply(BaseModel):
    """How to process the file; `profile` and `mapping` default to those of the import.

    `mapping` maps the file's own labels to the profile's. `on_error` replaces that of the import.
    """

    model_config = REQUEST_BODY

    mode: Literal["run", "dry_run"]
    profile: str | None = None
    mapping: dict[str, str] | None = None
    on_error: str = ""


@router.post(
    "/imports/<name>/apply",
    summary="Process the file of a preview or dry run again, without another upload",
    status_code=202,
    responses=answers(202, "The import that processes the file", "Import"),
)
def apply(name: Name, body: Annotated[Apply, Body()]) -> dict[str, Any]:
    """An import like any other, for users who may upload such files; within 24 hours of the upload.

    A dry run that is applied with its own profile and mapping applies exactly what it has shown: a
    line whose account has changed since is superseded, and says what changed. With another profile
    or mapping the lines are decided again. A dry run that its `on_error` has stopped is applied
    only with another `on_error`.
    """
    person, run = person_of(router), run_of(router)
    asked = Applying(Mode(body.mode), body.profile, body.mapping, body.on_error)
    ticket = apply_import(resources(), person, name, asked, run.now, run.deadline)
    return to_dict(resources(), import_for(resources(), person.tenant, ticket), run.now)


class Corrections(BaseModel):
    """The new cells of lines in error, by line number and column label.

    At most 1,000 lines and 1 MB; `mode` defaults to the import's own.
    """

    model_config = REQUEST_BODY

    lines: dict[str, dict[str, str]]
    mode: Literal["run", "dry_run"] | None = None


@router.post(
    "/imports/<name>/corrections",
    summary="Correct lines in error, and process only these again",
    status_code=202,
    responses=answers(202, "The import of these lines", "Import"),
)
def correct(name: Name, body: Annotated[Corrections, Body()]) -> dict[str, Any]:
    """An import of the corrected lines, for users who may upload such files.

    Cells that are not named stay as they were uploaded. A line whose cells do not match the
    columns, such as one with a missing cell, must be given with all of its cells.
    """
    person, run = person_of(router), run_of(router)
    mode = Mode(body.mode) if body.mode is not None else None
    ticket = correct_lines(resources(), person, name, body.lines, mode, run.now, run.deadline)
    return to_dict(resources(), import_for(resources(), person.tenant, ticket), run.now)
