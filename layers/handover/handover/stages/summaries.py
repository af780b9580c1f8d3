"""An import as it is told to people and machines, from the item that holds it."""

from __future__ import annotations

from datetime import datetime

from handover.model import Mode, Refusal, State
from handover.reports import Approval, ImportSummary, ReportObject, warnings_from
from handover.runtime import Wiring
from handover.store.imports import ImportItem, TicketItem, counts_of

ERRORS, RESULTS, SUMMARY = "errors", "results", "summary.json"


def report_key(item: ImportItem, name: str) -> str:
    """Where a file about the import lies in the report bucket."""
    return f"{item.tenant}/{item.pk}/{name}"


def summary_of(wiring: Wiring, item: ImportItem) -> ImportSummary:
    """The import as it stands."""
    state = State(item.state)
    counts = counts_of(item)
    has_results = state.is_final and not item.refusal
    bucket = wiring.reports_bucket
    return ImportSummary(
        import_id=item.pk,
        tenant=item.tenant,
        profile=item.profile,
        source=item.source,
        uploader=item.uploader,
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
        errand=item.errand or "",
        warnings=warnings_from(item.warnings) if item.warnings else (),
    )


def summary_of_ticket(ticket_id: str, ticket: TicketItem) -> ImportSummary:
    """An import of which nothing has been uploaded yet."""
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
        errand=ticket.errand or "",
    )


def _refusal(item: ImportItem) -> Refusal | None:
    if not item.refusal:
        return None
    told = item.refusal.as_dict()
    line = told.get("line")
    return Refusal(told["code"], told["message"], int(line) if line is not None else None)


def _approval(item: ImportItem) -> Approval | None:
    if not item.approval:
        return None
    told = item.approval.as_dict()
    return Approval(told["reason"], int(told["would_clear"]), int(told["lines"]))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
