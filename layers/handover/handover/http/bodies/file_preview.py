"""The bodies of answers about file preview."""

from __future__ import annotations

from pydantic import BaseModel

from handover.profiles.matching.assignment import How


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
