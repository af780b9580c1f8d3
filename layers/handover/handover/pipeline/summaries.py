"""The summary of an import for people and machines, made from its stored item."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from handover.model import FileWarning, Mode, Refusal, State
from handover.pipeline.checked import applying_ticket, is_to_be_applied, why_stopped
from handover.reports.counts import Counts
from handover.reports.stored_warnings import warnings_from
from handover.reports.summary import Approval, ImportSummary, ReportObject
from handover.runtime import Resources
from handover.store.import_items import ImportItem
from handover.store.progress import counts_of
from handover.store.tickets import TicketItem

ERRORS, RESULTS, SUMMARY = "errors", "results", "summary.json"
PREVIEW = "preview.json"
# errors.csv as a workbook, for an import without too many errors.
REPORT_WORKBOOK = "report.xlsx"
# What the lines route reads: a description of the index, and the index itself.
LINES, LINES_INDEX = "lines.json", "lines.index"


def report_key(item: ImportItem, name: str) -> str:
    """Key in the report bucket of a file about the import."""
    return f"{item.tenant}/{item.pk}/{name}"


def summary_of(resources: Resources, item: ImportItem) -> ImportSummary:
    """The import as it is now, including what came after its end."""
    return replace(
        summary_of_end(resources, item),
        warnings=_warnings(item, int(item.replays), item.replayed_at),
    )


def summary_of_end(resources: Resources, item: ImportItem) -> ImportSummary:
    """The import as its end reports it: always the same, however often and late this is called."""
    state = State(item.state)
    counts = counts_of(item)
    has_results = state.is_final and not item.refusal and item.mode != Mode.PREVIEW
    bucket = resources.reports_bucket
    return ImportSummary(
        import_id=item.pk,
        tenant=item.tenant,
        profile=item.profile,
        source=item.source,
        uploader=item.uploader or item.proven_by or "",
        filename=item.filename,
        mode=Mode(item.mode),
        state=state,
        received_at=_moment(item.received_at),
        finished_at=_moment(item.finished_at) if state.is_final and item.finished_at else None,
        counts=counts,
        accounts_updated=counts.updated + counts.cleared + counts.pending,
        refusal=_refusal(item),
        report=(
            ReportObject(bucket, report_key(item, f"{ERRORS}.csv"))
            if has_results and counts.with_errors
            else None
        ),
        results=ReportObject(bucket, report_key(item, f"{RESULTS}.csv")) if has_results else None,
        encoding=item.encoding or "",
        delimiter=item.delimiter or "",
        approval=_approval(item),
        undo_of=item.undo_of or "",
        job=item.job or "",
        on_error=item.on_error or "",
        stopped=_stopped(item, counts),
        applied_by=applying_ticket(item) if is_to_be_applied(item) else "",
        approved_by=item.approved_by or "",
        approve_reason=item.approve_reason or "",
        cancelled_by=item.cancelled_by or "",
        cancel_reason=item.cancel_reason or "",
        warnings=_warnings(item, int(item.replays_notified or 0), None),
    )


def summary_of_ticket(ticket_id: str, ticket: TicketItem) -> ImportSummary:
    """An import whose file has not been uploaded yet."""
    return ImportSummary(
        import_id=ticket_id,
        tenant=ticket.tenant,
        profile=ticket.profile,
        source=ticket.source or "user",
        uploader=ticket.uploader,
        filename=ticket.filename,
        mode=Mode(ticket.mode),
        state=State.CANCELLED if ticket.cancelled_by else State.AWAITING_UPLOAD,
        received_at=_moment(ticket.issued_at),
        undo_of=ticket.undo_of or "",
        job=ticket.job or "",
        on_error=ticket.on_error or "",
    )


def _stopped(item: ImportItem, counts: Counts) -> str:
    """Why the file of an ended dry run is not applied, "" for any other import."""
    if item.mode != Mode.DRY_RUN or item.state not in (State.DONE, State.ERROR):
        return ""
    return why_stopped(item.on_error, counts)


def _warnings(item: ImportItem, replays: int, last_at: str | None) -> tuple[FileWarning, ...]:
    stored = warnings_from(item.warnings) if item.warnings else ()
    # Handover may write a file of its own twice; that is nobody's mistake.
    if not replays or item.job or item.follows:
        return stored
    files = "1 more file was" if replays == 1 else f"{replays:,} more files were"
    last = f", the last one at {last_at}" if last_at else ""
    replayed = FileWarning(
        "TICKET_REPLAYED",
        f"{files} posted with the form of this upload{last}. They were ignored: each file needs "
        "an upload of its own.",
    )
    return (*stored, replayed)


def _refusal(item: ImportItem) -> Refusal | None:
    if not item.refusal:
        return None
    stored = item.refusal.as_dict()
    line = stored.get("line")
    return Refusal(stored["code"], stored["message"], int(line) if line is not None else None)


def _approval(item: ImportItem) -> Approval | None:
    if not item.approval:
        return None
    stored = item.approval.as_dict()
    return Approval(
        stored["reason"],
        int(stored["would_clear"]),
        int(stored["lines"]),
        int(stored.get("would_change", 0)),
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
