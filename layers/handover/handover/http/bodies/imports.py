"""The bodies of answers about imports."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel

from handover.model import JobKind, Mode, State
from handover.reports.progress import Stage


class UploadForm(BaseModel):
    """Where to POST the file as multipart/form-data: these fields first, then `file`."""

    url: str
    fields: dict[str, str]


class Ticket(BaseModel):
    """The right to upload one file until `expires_at`."""

    import_ticket: str
    upload: UploadForm
    expires_at: str


class Counts(BaseModel):
    """How many data lines an import has, and how many had each outcome."""

    lines: int = 0
    updated: int = 0
    cleared: int = 0
    unchanged: int = 0
    pending: int = 0
    rejected: int = 0
    duplicate: int = 0
    superseded: int = 0
    not_processed: int = 0


class Refusal(BaseModel):
    """Why a whole file was refused; nothing of it was written."""

    code: str
    message: str
    line: int | None = None


class ReportObject(BaseModel):
    """The place of a file in the report bucket."""

    bucket: str
    key: str


class Approval(BaseModel):
    """Why an import waits for an Admin: `would_clear` of its `lines` would remove someone.

    `would_change` of them would change an account; 0 if that was not counted.
    """

    reason: str
    would_clear: int
    lines: int
    would_change: int = 0


class FileWarning(BaseModel):
    """Something a person should know although the file was accepted, such as COLUMN_IGNORED."""

    code: str
    message: str


class Progress(BaseModel):
    """How far an import has come.

    `lines_total` is null until the file has been read, `lines_a_second` until a line is settled.
    `seconds_left` is an estimate while lines are processed, 0 at the end, and null otherwise.
    """

    stage: Stage
    lines_settled: int
    lines_total: int | None
    lines_a_second: float | None
    seconds_left: int | None


class Import(BaseModel):
    """One import; the fields after `warnings` are present only when they have a value.

    `expires_at` is when an unused ticket expires; `follows` is the import that this one applies or
    corrects; `job` says why Handover wrote the file, if it did. A run with an `on_error` other than
    apply_good is checked first: it becomes a dry run. Then either `stopped` says why it is not
    applied, or `applied_by` is the ticket of the import that applies exactly what it has shown.
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
    warnings: list[FileWarning] = []
    progress: Progress
    encoding: str = ""
    delimiter: str = ""
    approval: Approval | None = None
    import_ticket: str = ""
    expires_at: str = ""
    approved_by: str = ""
    approve_reason: str = ""
    cancelled_by: str = ""
    cancel_reason: str = ""
    undo_of: str = ""
    follows: str = ""
    on_error: str = ""
    stopped: str = ""
    applied_by: str = ""
    job: JobKind | Literal[""] = ""


class Imports(BaseModel):
    """A page of imports, newest first; `cursor` null on the last page."""

    imports: list[Import]
    cursor: str | None


class Day(BaseModel):
    """A day (UTC) with how many imports were received, at most 10,000."""

    day: date
    imports: int


class Days(BaseModel):
    """Days, oldest first."""

    days: list[Day]
