"""Ending an import: report, results and summary first, then the final state, then the notification.

Every step may be repeated: the files have the same bytes each time, the state changes once, and a
receiver recognises a repeated notification by its dedupe id.
"""

from __future__ import annotations

from functools import partial

from handover.aws import objects
from handover.errors import RetryLaterError
from handover.flight import make_all
from handover.model import JobKind, Mode, State
from handover.pipeline.announce import announce
from handover.pipeline.checked import apply_checked, is_to_be_applied, why_stopped
from handover.pipeline.error_report import write_report
from handover.pipeline.import_plan import plan_from
from handover.pipeline.result_files import publish_preview, write_results
from handover.pipeline.summaries import SUMMARY, report_key, summary_of_end
from handover.reports.summary import check_counts, summary_json
from handover.rules.pacing import measured_pace
from handover.runtime import Invocation, Resources, logger, metrics, rfc3339
from handover.store.import_items import ImportItem
from handover.store.imports import pending_chunks
from handover.store.progress import counts_of
from handover.together import together

# Refusals caused by what happened to a file, not by its content: a new file may succeed.
PASSING = frozenset({"NOT_VALIDATED", "OBJECT_GONE", "TICKET_REPLAYED"})


def end_import(resources: Resources, import_id: str, run: Invocation) -> None:
    """Ends an import whose lines are all settled, or that is refused.

    For an import that waits for approval, notifies an Admin. Does nothing while chunks are pending:
    whoever settles the last chunk asks again.
    """
    imports = resources.tables.imports
    item = imports.find(import_id)
    if item is None:
        raise RetryLaterError("there is no such import yet")
    if item.state == State.AWAITING_APPROVAL and not item.approval_notified:
        announce(resources, summary_of_end(resources, item))
        imports.approval_notified(import_id)
        metrics.add_metric("ImportsAwaitingApproval", "Count", 1)
        return
    if item.state == State.PROCESSING and not pending_chunks(item):
        item = _start(resources, item, run)
    if item.state == State.FINALIZING:
        final = _final_state(item)
        is_indexed, has_workbook = _write_files(resources, item, final, run)
        imports.end(
            import_id,
            final,
            at=rfc3339(run.now),
            is_indexed=is_indexed,
            has_workbook=has_workbook,
        )
        item.state = final.value
        metrics.add_metric("ImportsEnded", "Count", 1)
        metrics.add_metric(f"ImportsEnded{final.value.capitalize()}", "Count", 1)
        logger.info("import ended", extra={"import_id": import_id, "state": final.value})
    if State(item.state).is_final and item.open:
        _recheck(resources, item)
        if is_to_be_applied(item):
            # The import that applies the file is announced instead.
            apply_checked(resources, item, run)
        # A replay is reported by the import that used the ticket; people open a preview themselves.
        elif item.replay_of is None and item.mode != Mode.PREVIEW:
            announce(resources, summary_of_end(resources, item))
        imports.mark_notified(import_id)


def _start(resources: Resources, item: ImportItem, run: Invocation) -> ImportItem:
    """The import as its end begins, after its pace is recorded; none of its chunks is pending."""
    started, _ = together(
        lambda: resources.tables.imports.start_finalizing(item, at=rfc3339(run.now)),
        lambda: _note_pace(resources, item),
    )
    return started


def _note_pace(resources: Resources, item: ImportItem) -> None:
    """Records how fast the lines were processed, except for a dry run, which writes none."""
    pace = measured_pace(counts_of(item).settled, float(item.worked_ms) / 1000)
    if pace is not None and item.mode == Mode.RUN:
        resources.tables.watermarks.note_pace(item.tenant, item.source, pace)


def _recheck(resources: Resources, item: ImportItem) -> None:
    """Asks for a recheck of the users of a job that left something undone.

    A job that follows the directory must be carried out, even if one of its files fails. A file
    that is refused for its content is not generated again, as the next one would be refused too.
    The refusal is reported, and deleting the user again asks for another file.
    """
    if item.job is None or not JobKind(item.job).follows_the_directory:
        return
    if item.refusal and item.refusal["code"] not in PASSING:
        logger.error("own file refused", extra={"import_id": item.pk, "job": item.job})
        return
    counts = counts_of(item)
    if not (item.refusal or counts.not_processed or counts.superseded) or item.ticket is None:
        return
    ticket = resources.tables.tickets.find(item.ticket)
    addresses = (ticket.users or ()) if ticket is not None else ()
    make_all(
        partial(resources.tables.jobs.look_at, item.tenant, address, item.pk)
        for address in addresses
    )


def _final_state(item: ImportItem) -> State:
    if item.refusal:
        return State.REFUSED
    if item.cancelled_by:
        return State.CANCELLED
    counts = counts_of(item)
    is_short = counts.with_errors or why_stopped(item.on_error, counts)
    return State.ERROR if is_short else State.DONE


def _write_files(
    resources: Resources, item: ImportItem, final: State, run: Invocation
) -> tuple[bool, bool]:
    """Writes the files about an import; returns whether it has an index, and a report workbook."""
    item.state = final.value
    import_summary = summary_of_end(resources, item)
    check_counts(import_summary)

    def write_summary() -> None:
        objects.write(
            resources.reports_bucket,
            report_key(item, SUMMARY),
            summary_json(import_summary),
            "application/json",
        )

    if import_summary.results is not None:
        body, parts = together(
            lambda: resources.tables.imports.plan(item.pk),
            lambda: resources.tables.chunks.settled_parts(item),
        )
        if body is None:
            raise RetryLaterError("the plan of this import is not there")
        plan = plan_from(body)
        is_indexed, has_workbook, _ = together(
            lambda: write_results(resources, item, plan, parts, run),
            lambda: (
                import_summary.report is not None
                and write_report(resources, item, plan, parts, run)
            ),
            write_summary,
        )
        return is_indexed, has_workbook
    if item.mode == Mode.PREVIEW and final is State.DONE:
        publish_preview(resources, item)
    write_summary()
    return False, False
