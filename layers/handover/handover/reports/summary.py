"""One import in its published form: the API, `--json`, summary.json, the notification."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from msgspec import Struct, field
from msgspec.structs import asdict

from handover.model import FileWarning, Mode, Refusal, State
from handover.reports.counts import Counts


class ReportObject(Struct, frozen=True):
    """The place of a file in the report bucket."""

    bucket: str
    key: str


# Why an import waits that was not looked at to the end; its numbers then say little.
NOT_COUNTED = "could not be counted in time"


class Approval(Struct, frozen=True):
    """Why an import waits for an Admin: `would_clear` of its `lines` would remove someone.

    `would_change` of them would change an account; 0 if that was not counted.
    """

    reason: str
    would_clear: int
    lines: int
    would_change: int = 0


class ImportSummary(Struct, frozen=True):
    """Everything that is published about one import.

    `source` is "user" or the name of a registered source. `uploader` is the address of a person,
    the principal of a verified source, or "". Times have a zone. `encoding` and `delimiter` are ""
    until the file has been read. `undo_of` is the import that this one undoes, `job` the kind of
    job if Handover wrote the file itself. `on_error` is "" if failing lines do not affect the
    others. `stopped` says why `on_error` keeps a checked file from being applied; `applied_by` is
    the ticket of the import that applies it. `approved_by` and `cancelled_by` are addresses of
    people; these and their reasons are "" if there are none.
    """

    import_id: str
    tenant: str
    profile: str
    source: str
    uploader: str
    filename: str
    mode: Mode
    state: State
    received_at: datetime
    finished_at: datetime | None = None
    counts: Counts = field(default_factory=Counts)
    accounts_updated: int = 0
    refusal: Refusal | None = None
    report: ReportObject | None = None
    results: ReportObject | None = None
    encoding: str = ""
    delimiter: str = ""
    approval: Approval | None = None
    undo_of: str = ""
    job: str = ""
    on_error: str = ""
    stopped: str = ""
    applied_by: str = ""
    approved_by: str = ""
    approve_reason: str = ""
    cancelled_by: str = ""
    cancel_reason: str = ""
    warnings: tuple[FileWarning, ...] = ()


def summary(import_: ImportSummary) -> dict[str, object]:
    """The published form of an import: the same keys in the same order for every reader.

    The keys after `warnings` are present only when they have a value. Raises ValueError for a time
    without a zone.
    """
    fields: dict[str, object] = {
        "import_id": import_.import_id,
        "tenant": import_.tenant,
        "profile": import_.profile,
        "source": import_.source,
        "uploader": import_.uploader,
        "filename": import_.filename,
        "mode": import_.mode.value,
        "state": import_.state.value,
        "received_at": _rfc3339(import_.received_at),
        "finished_at": _rfc3339(import_.finished_at) if import_.finished_at else None,
        "counts": asdict(import_.counts),
        "accounts_updated": import_.accounts_updated,
        "refusal": _refusal(import_.refusal) if import_.refusal else None,
        "report": asdict(import_.report) if import_.report else None,
        "results": asdict(import_.results) if import_.results else None,
        "warnings": [asdict(one) for one in import_.warnings],
    }
    if import_.encoding:
        fields["encoding"] = import_.encoding
    if import_.delimiter:
        fields["delimiter"] = import_.delimiter
    if import_.approval and import_.state is State.AWAITING_APPROVAL:
        fields["approval"] = asdict(import_.approval)
    if import_.undo_of:
        fields["undo_of"] = import_.undo_of
    for name in _TEXTS:
        if text := getattr(import_, name):
            fields[name] = text
    return fields


# The texts that come last, each only if it has a value.
_TEXTS = (
    "on_error",
    "stopped",
    "applied_by",
    "approved_by",
    "approve_reason",
    "cancelled_by",
    "cancel_reason",
)


def summary_json(import_: ImportSummary) -> bytes:
    """The content of summary.json: the same bytes whenever the import is the same."""
    # Escaped to ASCII: a file name may contain a lone surrogate, which has no UTF-8 form.
    return json.dumps(summary(import_), indent=2).encode("ascii") + b"\n"


def check_counts(import_: ImportSummary) -> None:
    """Raises ValueError when an import has ended and a line has no outcome, or more than one."""
    counts = import_.counts
    if import_.state.is_final and counts.lines != counts.settled:
        raise ValueError(
            f"import {import_.import_id} is {import_.state}: it has {counts.lines} lines,"
            f" but {counts.settled} outcomes"
        )


def _rfc3339(moment: datetime) -> str:
    """UTC with milliseconds and Z."""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment.isoformat()}")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _refusal(refusal: Refusal) -> dict[str, object]:
    """The refusal as JSON, with `line` only if it has a place in the file."""
    fields: dict[str, object] = {"code": refusal.code, "message": refusal.message}
    if refusal.line is not None:
        fields["line"] = refusal.line
    return fields
