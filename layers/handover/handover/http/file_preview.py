"""The route of previews."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from handover.http.context import new_router, person_of, run_of
from handover.http.imports import Name
from handover.http.problems import answers
from handover.profiles.matching.assignment import How
from handover.runtime import resources
from handover.use_cases.file_preview import preview_of

router = new_router()


class FirstLine(BaseModel):
    """One of the first lines; long cells are cut."""

    line: int
    fields: list[str]


class ColumnMatch(BaseModel):
    """A column of the file, the certain or probable column of the profile, and sample values."""

    header: str
    column: str | None
    how: How
    samples: list[str]


class ProfileMatch(BaseModel):
    """How a file fits a profile: it `fits` when every required column was certainly found."""

    profile: str
    title: str
    does: str
    fits: bool
    missing: list[str]
    columns: list[ColumnMatch]
    blanks: str


class Preview(BaseModel):
    """How a file is read, its first lines, and the profiles that it fits, the best first."""

    import_id: str
    filename: str
    encoding: str
    delimiter: str
    lines: int
    header: list[str]
    rows: list[FirstLine]
    profiles: list[ProfileMatch]


@router.get(
    "/imports/<name>/preview",
    summary="Show how a file is read and which profiles it fits",
    responses=answers(200, "The preview", Preview),
)
def show_preview(name: Name) -> dict[str, Any]:
    """The preview of a file uploaded with the mode preview; for its uploader and Admins.

    It does not exist until the import is done.
    """
    return preview_of(resources(), person_of(router), name, run_of(router).now)
