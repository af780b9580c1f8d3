"""The mutants: each is a mistake that somebody could make."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError
from handover.audit import Outcome
from handover.aws import objects
from handover.errors import RefusedError, RetryLaterError
from pynamodb.exceptions import PynamoDBException

from tests.simulation.mutants.mutant import Edit, Mutant

PRECEDENCE, STORE = "handover.rules.precedence", "handover.store"
PIPELINE, JOBS = "handover.pipeline", "handover.jobs"
LATE = ("late_older", "late_older_inside")
KILLS = ("kill_before", "kill_after", "timeout_after", "error_after", "world_first")


def _parts_after_settling(settle: Any) -> Any:
    """Settles the chunk before its parts are stored."""

    def mutant(*arguments: Any, **named: Any) -> Any:
        kept: list[tuple[Any, ...]] = []
        module: Any = objects
        write = module.write
        module.write = lambda *what: kept.append(what)
        try:
            item = settle(*arguments, **named)
        finally:
            module.write = write
        for what in kept:
            write(*what)
        return item

    return mutant


def _counted_first(settle: Any) -> Any:
    """Counts the chunk before its item says that it is settled."""

    def mutant(chunks: Any, item: Any, settlement: Any, deadline: Any) -> Any:
        chunks.count(item, settlement, deadline)
        return settle(chunks, item, settlement, deadline)

    return mutant


def _nothing(_function: Any) -> Any:
    def mutant(*_arguments: Any, **_named: Any) -> None:
        """Does nothing."""

    return mutant


def _never_waits(_function: Any) -> Any:
    return lambda *_arguments, **_named: None


def _swallowed(work: Any) -> Any:
    def mutant(*arguments: Any, **named: Any) -> Any:
        work(*arguments, **named)
        return {"batchItemFailures": []}

    return mutant


def _acknowledged(follow: Any) -> Any:
    """Reports failed messages as processed."""

    def mutant(*arguments: Any, **named: Any) -> None:
        with suppress(ClientError, PynamoDBException, RetryLaterError):
            follow(*arguments, **named)

    return mutant


def _no_logins(_function: Any) -> Any:
    return lambda *_arguments, **_named: {}


def _no_older_imports(_function: Any) -> Any:
    return lambda *_arguments, **_named: frozenset()


def _outage_refuses(validate: Any) -> Any:
    def mutant(*arguments: Any, **named: Any) -> None:
        try:
            validate(*arguments, **named)
        except RefusedError:
            raise
        except Exception as error:
            raise RefusedError("OBJECT_GONE", "could not be read") from error

    return mutant


def _not_done(_resources: Any, _entry: Any) -> Any:
    """Closes every act as not done."""
    return Outcome.NOT_DONE


def _random_id(_identity: Any) -> Any:
    return property(lambda _self: uuid.uuid4().hex)


def _remembering(users: Any) -> Any:
    """Treats every user who was ever read as still existing and unchanged."""
    seen: dict[Any, Any] = {}

    def mutant(self: Any, tenant: str, addresses: Any, deadline: Any) -> Any:
        expected = list(addresses)
        missing = [address for address in expected if (tenant, address) not in seen]
        found = users(self, tenant, missing, deadline) if missing else {}
        seen.update({(tenant, address): user for address, user in found.items()})
        return {address: seen[tenant, address] for address in expected if (tenant, address) in seen}

    return mutant


MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "no_order",
        "order of imports",
        (
            Edit(
                PRECEDENCE,
                "decide",
                'account.precedences.get(role, "") > context.precedence',
                "False",
            ),
        ),
        scenes=("older",),
        kinds=LATE,
    ),
    Mutant(
        "unchanged_not_ordered",
        "order of imports",
        (Edit(PRECEDENCE, "_raise_precedences", "if not context.older_open_imports:", "if True:"),),
        scenes=("older",),
        kinds=LATE,
    ),
    Mutant(
        "kept_seats_not_ordered",
        "order of imports",
        (Edit(PRECEDENCE, "_change", "decided if context.older_open_imports else ", ""),),
        scenes=("older",),
        kinds=LATE,
    ),
    Mutant(
        "no_rivals",
        "order of imports",
        wrap=(f"{PIPELINE}.older_imports", "older_open_imports_of", _no_older_imports),
        scenes=("older",),
        kinds=LATE,
    ),
    Mutant(
        "order_of_registration",
        "order of imports",
        (
            Edit(
                f"{PIPELINE}.registration",
                "new_item",
                "precedence=arrival.precedence",
                "precedence=rfc3339(run.now)",
            ),
        ),
        scenes=("older",),
        kinds=LATE,
    ),
    Mutant(
        "always_writes_order",
        "unchanged lines cost nothing",
        (
            Edit(
                PRECEDENCE, "_raise_precedences", "if not context.older_open_imports:", "if False:"
            ),
        ),
    ),
    Mutant(
        "no_lease",
        "lease of a chunk",
        (
            Edit(
                f"{STORE}.chunks",
                "Chunks.take",
                "(ChunkItem.lease_until < now)",
                "ChunkItem.pk.exists()",
            ),
        ),
        pair=("cancel", "duplicate_inside"),
        function="assign",
    ),
    Mutant(
        "lease_without_end",
        "lease of a chunk",
        (
            Edit(
                f"{STORE}.chunks",
                "Chunks.take",
                "(ChunkItem.lease_until < now)",
                "(ChunkItem.lease_until < 0)",
            ),
        ),
        kinds=("kill_before", "kill_after"),
    ),
    Mutant(
        "lease_without_margin",
        "a lease outlives its worker by more than clocks differ",
        (
            Edit(
                "handover.runtime",
                "Invocation.lease_until",
                "self.deadline.deadline + LEASE_MARGIN_SECONDS",
                "self.deadline.deadline",
            ),
        ),
        pair=("cancel", "duplicate_ahead"),
        function="assign",
    ),
    Mutant(
        "no_version_condition",
        "writes on the version that was read",
        (
            Edit(
                f"{STORE}.accounts",
                "Accounts._statement",
                """'WHERE "pk"=? AND "version"=?'""",
                """'WHERE "pk"=?'""",
            ),
            Edit(
                f"{STORE}.accounts",
                "Accounts._statement",
                """            {"N": str(account.version)},\n""",
                "",
            ),
        ),
        kinds=("second_import_inside", "facts_changed", "opco_changed"),
        scenes=("plain", "two"),
    ),
    Mutant(
        "unpinned_version",
        "reads of the pinned version",
        (
            Edit(
                "handover.aws.objects",
                "Upload.where",
                'where | {"VersionId": self.version_id} if self.version_id else where',
                "where",
            ),
        ),
        kinds=("overwritten", "drops_reversed"),
    ),
    Mutant(
        "settled_twice",
        "a chunk is counted once",
        (
            Edit(
                f"{STORE}.progress",
                "_add",
                'f"{name} = :before" if before else f"attribute_not_exists({name})"',
                "'attribute_exists(pk) OR attribute_not_exists(pk)'",
            ),
            Edit(f"{STORE}.progress", "_add", "    if before:\n", "    if False:\n"),
        ),
        kinds=("repeat", "error_after", "timeout_after"),
    ),
    Mutant(
        "counter_of_chunks",
        "a chunk is counted once",
        (
            Edit(
                f"{STORE}.progress",
                "count_chunk",
                "_place_of(settlement.chunk, chunks)",
                "_place_of(min(_progress(_read(table, import_id), chunks, lines).pending,"
                " default=1), chunks)",
            ),
        ),
        kinds=("repeat", "error_after", "duplicate_inside"),
    ),
    Mutant(
        "counted_before_it_is_settled",
        "a chunk is settled before it is counted",
        wrap=(f"{STORE}.chunks", "Chunks.settle", _counted_first),
        kinds=KILLS,
    ),
    Mutant(
        "settled_and_never_counted",
        "who finds a settled chunk counts it",
        (Edit(f"{PIPELINE}.assign", "_count", "if settled is not None:", "if False:"),),
        kinds=KILLS,
    ),
    Mutant(
        "parts_after_settling",
        "parts before settling",
        wrap=(f"{PIPELINE}.assign", "_settle", _parts_after_settling),
        kinds=KILLS,
    ),
    Mutant(
        "errors_swallowed",
        "a failed message comes again",
        wrap=("handover.batch", "process_batch", _swallowed),
        kinds=("busy_run", "broken_run"),
        sweeps=False,
    ),
    Mutant(
        "unprocessed_keys_ignored",
        "draining of batches",
        (
            Edit(
                f"{STORE}.batches",
                "_read_batch",
                'request = answer.get("UnprocessedKeys")',
                "request = None",
            ),
        ),
        kinds=("first_left_out", "all_left_out"),
    ),
    Mutant(
        "unprocessed_items_ignored",
        "draining of batches",
        (Edit(f"{STORE}.batches", "_put_batch", '.get("UnprocessedItems")', ".get('nothing')"),),
        kinds=("first_left_out", "all_left_out"),
    ),
    Mutant(
        "busy_statements_taken_for_written",
        "errors of single statements",
        (Edit(f"{STORE}.batches", "_write_part", "busy.append(place)", "pass"),),
        kinds=("statement_throttled", "statements_all_busy"),
    ),
    Mutant(
        "busy_statements_taken_for_rejections",
        "errors of single statements",
        (
            Edit(
                f"{STORE}.batches",
                "_write_part",
                "busy.append(place)",
                "outcomes[place] = Unmet(None)",
            ),
        ),
        kinds=("statement_throttled", "statement_conflict"),
    ),
    Mutant(
        "unmet_condition_taken_for_written",
        "errors of single statements",
        (
            Edit(
                f"{STORE}.batches",
                "_write_part",
                'outcomes[place] = Unmet(error.get("Item"))',
                "outcomes[place] = None",
            ),
        ),
        kinds=("facts_changed", "second_import_inside", "opco_changed"),
    ),
    Mutant(
        "failed_messages_ignored",
        "draining of batches",
        (
            Edit(
                "handover.aws.queues",
                "_send_batch",
                'waiting = {left["Id"]: waiting[left["Id"]] for left in answer.get("Failed", [])}',
                "waiting = {}",
            ),
        ),
        kinds=("first_left_out", "last_left_out", "all_left_out"),
        sweeps=False,
    ),
    Mutant(
        "failed_events_ignored",
        "draining of batches",
        (Edit("handover.aws.buses", "_put_batch", 'if "ErrorCode" in taken', "if False"),),
        kinds=("first_left_out", "all_left_out"),
    ),
    Mutant(
        "random_import_id",
        "identity is the object's version",
        wrap=(f"{PIPELINE}.uploads", "Arrival.import_id", _random_id),
    ),
    Mutant(
        "notified_before_publishing",
        "the open flag is the outbox",
        (
            Edit(
                f"{PIPELINE}.finalize",
                "end_import",
                "is_final and item.open:\n",
                "is_final and item.open:\n        imports.mark_notified(import_id)\n",
            ),
        ),
        kinds=KILLS,
    ),
    Mutant(
        "notified_before_report",
        "the report before the news",
        (
            Edit(
                f"{PIPELINE}.finalize",
                "end_import",
                "        is_indexed, has_workbook = _write_files(resources, item, final, run)\n",
                """        item.state = final.value
        announce(resources, summary_of_end(resources, item))
        is_indexed, has_workbook = _write_files(resources, item, final, run)\n""",
            ),
        ),
    ),
    Mutant(
        "state_before_report",
        "the report before the news",
        (
            Edit(
                f"{PIPELINE}.finalize",
                "end_import",
                """        is_indexed, has_workbook = _write_files(resources, item, final, run)
        imports.end(
            import_id,
            final,
            at=rfc3339(run.now),
            is_indexed=is_indexed,
            has_workbook=has_workbook,
        )""",
                """        imports.end(
            import_id,
            final,
            at=rfc3339(run.now),
            is_indexed=True,
            has_workbook=True,
        )
        _write_files(resources, item, final, run)""",
            ),
        ),
        kinds=KILLS,
    ),
    Mutant(
        "marks_not_looked_up",
        "a retried chunk finds its receipts",
        (Edit(PRECEDENCE, "already_done", "for receipt in own:", "for receipt in ():"),),
        kinds=KILLS,
    ),
    Mutant(
        "raised_order_forgotten",
        "a retried line that changed nothing finds the order it raised",
        (Edit(PRECEDENCE, "already_done", "if not own and any(", "if False and any("),),
        scenes=("older",),
        pair=("kill_after", "user_inactive"),
        function="assign",
    ),
    Mutant(
        "marks_trimmed",
        "receipts stay while their import may be worked",
        (
            Edit(
                PRECEDENCE,
                "_change",
                "receipt.precedence >= context.precedence\n"
                "        or receipt.import_id in context.older_open_imports",
                "False",
            ),
        ),
        scenes=("two", "older"),
        kinds=("others_first", "kill_after", "second_import_inside", *LATE),
    ),
    Mutant(
        "repeats_ignored",
        "repeats are settled before the fan-out",
        (Edit(f"{PIPELINE}.assign", "_gather", "if taken.repeats:", "if False:"),),
    ),
    Mutant(
        "uploader_not_looked_at",
        "an uploader who may not upload any more is refused",
        (
            Edit(
                f"{PIPELINE}.admission",
                "uploader_of",
                "user is None or not user.is_active",
                "user is None",
            ),
            Edit(f"{PIPELINE}.admission", "uploader_of", "if reason:", "if False:"),
        ),
        # Whoever began before the change may not see it.
        pair=("uploader_demoted", "kill_before"),
        function="validate",
    ),
    Mutant(
        "transactions_in_conflict_taken_for_made",
        "errors of transactions",
        (
            Edit(
                f"{STORE}.batches",
                "transact",
                "return not _why_refused(actions)",
                "return not _why_refused(actions) or True",
            ),
        ),
        scenes=("pending",),
        kinds=("transaction_conflict",),
    ),
    Mutant(
        "approval_skipped",
        "an Admin approves a clearing file",
        wrap=(f"{PIPELINE}.clear_guard", "would_clear", _never_waits),
        scenes=("approval",),
    ),
    Mutant(
        "cancel_not_seen",
        "cancelling stops the chunks",
        (
            Edit(
                f"{PIPELINE}.assign",
                "_gather",
                "turn.may_write and not item.cancelled_by",
                "turn.may_write",
            ),
        ),
        kinds=("cancel",),
    ),
    Mutant(
        "handed_on_and_still_leased",
        "a chunk is free before its fresh message is sent",
        (
            Edit(
                f"{STORE}.chunks",
                "Chunks.free",
                "ChunkItem.lease_until.set(0)",
                "ChunkItem.lease_until.set(10**12)",
            ),
        ),
        kinds=("statement_throttled_at_last",),
    ),
    Mutant(
        "handed_on_without_a_message",
        "a chunk that is handed on has a fresh message",
        (
            Edit(
                f"{PIPELINE}.assign",
                "_give_back",
                "    hand_on(resources, item, number, taken.handed_on + 1)\n",
                "",
            ),
        ),
        kinds=("statement_throttled_at_last",),
        sweeps=False,
    ),
    Mutant(
        "pending_ignored_at_the_end",
        "an import ends when nothing is pending",
        (
            Edit(
                f"{PIPELINE}.finalize",
                "end_import",
                "item.state == State.PROCESSING and not pending_chunks(item)",
                "item.state == State.PROCESSING",
            ),
            Edit(
                f"{STORE}.imports",
                "Imports.start_finalizing",
                "if pending_chunks(item):",
                "if False:",
            ),
            Edit(f"{PIPELINE}.finalize", "_write_files", "    check_counts(import_summary)\n", ""),
            Edit(
                f"{PIPELINE}.assign",
                "_work_taken",
                "item.state == State.PROCESSING and not pending_chunks(item)",
                "item.state == State.PROCESSING",
            ),
        ),
    ),
    Mutant(
        "only_the_last_settler_sends",
        "a redelivered chunk sends the finalize message again",
        (
            Edit(
                f"{PIPELINE}.assign",
                "_work_taken",
                "    if item.state == State.PROCESSING and not pending_chunks(item):",
                "    else:\n        return\n"
                "    if item.state == State.PROCESSING and not pending_chunks(item):",
            ),
        ),
        kinds=KILLS,
        sweeps=False,
    ),
    Mutant(
        "only_the_first_delivery_sends",
        "a redelivered upload sends the chunk messages again",
        (
            Edit(
                f"{PIPELINE}.validate",
                "take_in",
                "    _send_on(resources, item, run.deadline)",
                "    if is_mine:\n        _send_on(resources, item, run.deadline)",
            ),
        ),
        kinds=KILLS,
        sweeps=False,
    ),
    Mutant(
        "history_under_random_keys",
        "history is keyed by account and version",
        (
            Edit(
                f"{STORE}.history",
                "_history_item",
                '{"N": str(receipt.version)}',
                '{"N": str(receipt.version + 1000 * __import__("random").randrange(1, 10**6))}',
            ),
        ),
    ),
    Mutant(
        "portfolio_unversioned",
        "portfolios keep what is newer",
        (
            Edit(
                f"{STORE}.portfolios",
                "Portfolios.put",
                "place in known and known[place] >= holding.version",
                "False",
            ),
        ),
        scenes=("two", "older"),
        kinds=("stream_again", "duplicate_inside", "world_first"),
    ),
    Mutant(
        "sweep_does_nothing",
        "the sweep sends on what stands still",
        wrap=(f"{PIPELINE}.sweep", "_resend", lambda _function: lambda *_arguments: False),
        kinds=("messages_lost",),
    ),
    Mutant(
        "everything_waiting_sent_again",
        "the sweep sends only what can be lost",
        (
            Edit(
                f"{PIPELINE}.sweep",
                "_lost_chunks",
                "return lost_chunks(chunks, run.now, before=run.now)[:1]",
                "return sorted(pending_chunks(item))",
            ),
        ),
        kinds=("outage", "poison"),
        function="assign",
    ),
    Mutant(
        "lost_uploads_not_looked_for",
        "uploads without an import are found",
        wrap=(f"{PIPELINE}.sweep", "_take_in", _nothing),
        scenes=("lost",),
    ),
    Mutant(
        "abandoning_writes",
        "a dead letter writes nothing",
        (Edit(f"{PIPELINE}.abandon", "abandon", "may_write=False", "may_write=True"),),
        kinds=("poison",),
    ),
    Mutant(
        "abandoning_forgets_the_chunk",
        "a dead letter settles its chunk",
        (Edit(f"{PIPELINE}.abandon", "abandon", 'if "chunk" in message:', "if False:"),),
        kinds=("poison",),
        function="assign",
        sweeps=False,
    ),
    Mutant(
        "tenant_not_in_key",
        "the tenant is in every key",
        (
            Edit(
                f"{STORE}.directory",
                "Directory.users",
                "read_users(self.table, tenant, ",
                'read_users(self.table, "norte", ',
            ),
        ),
    ),
    Mutant(
        "dry_run_writes",
        "a dry run writes nothing",
        (
            Edit(
                f"{PIPELINE}.lines",
                "results_of",
                "work.may_write and not work.is_dry_run",
                "work.may_write",
            ),
        ),
        scenes=("dry",),
    ),
    Mutant(
        "ticket_good_twice",
        "a ticket is good for one upload",
        wrap=(f"{PIPELINE}.uploads", "check_ticket", _nothing),
        kinds=("overwritten",),
    ),
    Mutant(
        "outage_refuses_the_file",
        "an outage is no refusal",
        wrap=(f"{PIPELINE}.validate", "_validate", _outage_refuses),
        kinds=("busy_run", "broken_run", "silent_run"),
    ),
    Mutant(
        "users_read_too_early",
        "users are read when the chunk is worked",
        wrap=(f"{STORE}.directory", "Directory.users", _remembering),
        kinds=("user_inactive", "user_removed"),
    ),
    Mutant(
        "undo_ignores_what_came_later",
        "an undo gives back only what is as the import left it",
        (
            Edit(
                PRECEDENCE,
                "decide",
                "not is_as_left(before, request.expected)",
                "False",
            ),
        ),
        scenes=("undo",),
        kinds=("second_import_inside", "edit"),
    ),
    Mutant(
        "undo_does_not_wait_for_older_imports",
        "what depends on older imports waits for them",
        (
            Edit(
                f"{PIPELINE}.validate",
                "_let_older_end",
                "older_open_imports - behind and",
                "False and",
            ),
        ),
        scenes=("undo",),
        kinds=("second_import",),
    ),
    Mutant(
        "conditions_ignored",
        "a line applies only where the right users hold the role",
        (Edit("handover.rules.planner", "plan", "if asked.conditions:", "if False:"),),
        scenes=("conditional",),
    ),
    Mutant(
        "conditions_do_not_wait_for_older_imports",
        "what depends on older imports waits for them",
        (
            Edit(
                f"{PIPELINE}.validate",
                "_validate",
                "scanned.scan.has_conditions",
                "False",
            ),
        ),
        scenes=("conditional",),
        kinds=LATE,
    ),
    Mutant(
        "job_files_good_twice",
        "an job is one file",
        (
            Edit(
                f"{JOBS}.follow",
                "run_job",
                " and not is_uploaded(resources, ticket_id, ticket)",
                "",
            ),
        ),
        wrap=(f"{PIPELINE}.uploads", "check_ticket", _nothing),
        scenes=("undo", "removal"),
        kinds=("kill_after", "error_after", "duplicate_inside", "stream_again"),
        function="follow",
    ),
    Mutant(
        "job_file_under_a_new_key",
        "an job is one file",
        (
            Edit(
                f"{JOBS}.follow",
                "run_job",
                "    if ticket is None:",
                """    if ticket is not None and is_uploaded(resources, ticket_id, ticket):
        ticket_id += "-" + run.attempt
        tickets.issue_once(ticket_id, ticket)
    if ticket is None:""",
            ),
        ),
        scenes=("undo",),
        kinds=("kill_after", "duplicate_inside", "stream_again"),
        function="follow",
    ),
    Mutant(
        "parked_records_forgotten",
        "what cannot be published is parked and replayed",
        wrap=(f"{PIPELINE}.parking", "_park", _nothing),
        kinds=("poison",),
        function="publish",
    ),
    Mutant(
        "busy_deliveries_counted_as_failed",
        "busy is waiting",
        (
            Edit(
                "handover.batch",
                "_put_off",
                "    if before >= MAX_PUT_OFFS:",
                "    if before >= 0:",
            ),
        ),
        kinds=("outage",),
    ),
    Mutant(
        "failed_jobs_acknowledged",
        "an job is followed until its file is there",
        wrap=(f"{JOBS}.follow", "follow", _acknowledged),
        scenes=("undo", "removal"),
        kinds=("busy_run", "broken_run"),
        function="follow",
    ),
    Mutant(
        "removal_misses_a_role",
        "a removal is about every role",
        (Edit(f"{JOBS}.files", "_of_assignees", "sorted(held) or", "sorted(held)[:1] or"),),
        scenes=("removal",),
    ),
    Mutant(
        "nobody_deleted",
        "who is removed is deleted before their accounts are looked for",
        wrap=(f"{STORE}.jobs", "Jobs.mark_deleted", _nothing),
        scenes=("removal",),
    ),
    Mutant(
        "sign_in_stays",
        "who is deleted cannot sign in",
        wrap=(f"{JOBS}.follow", "_settle_sign_ins", _nothing),
        scenes=("removal",),
    ),
    Mutant(
        "no_look_at_what_is_published",
        "what comes to be held by who is gone is looked at again",
        wrap=(f"{PIPELINE}.publish", "_ask_for_rechecks", _nothing),
        scenes=("removal", "pending"),
        kinds=("others_first", "world_first"),
        function="assign",
    ),
    Mutant(
        "fact_orders_ignored",
        "the order of fields",
        (
            Edit(
                f"{STORE}.directory_records",
                "field_orders_in",
                "if FIELD_ORDERS not in item:",
                "if True:",
            ),
        ),
        scenes=("people", "customers"),
        kinds=("second_import_inside",),
    ),
    Mutant(
        "first_manager_forgotten",
        "the oldest file says who gets a new account",
        (
            Edit(
                "handover.rules.directory_planner",
                "is_made_later",
                'record.precedences.get(MADE, "") > context.precedence',
                "False",
            ),
        ),
        scenes=("customers",),
        kinds=("second_import_inside",),
    ),
    Mutant(
        "records_written_over_any_version",
        "records are written on the version that was read",
        (
            Edit(f"{STORE}.batches", "update", " AND {condition}", ""),
            Edit(f"{STORE}.batches", "update", ", *stands", ""),
        ),
        scenes=("people", "customers"),
        kinds=("second_import_inside", "edit", "duplicate_inside"),
        function="assign",
    ),
    Mutant(
        "login_names_not_claimed",
        "a login name leads to one user",
        wrap=(f"{PIPELINE}.planners", "_logins", _no_logins),
        scenes=("people",),
    ),
    Mutant(
        "claims_not_looked_at",
        "a login name leads to one user",
        (
            Edit(
                f"{STORE}.user_records",
                "UserRecords.claim_logins",
                "if login not in stored",
                "if False",
            ),
        ),
        scenes=("people",),
        pair=("second_import", "others_first"),
        function="assign",
    ),
    Mutant(
        "names_not_indexed",
        "who is found by address is found by name",
        (
            Edit(
                f"{STORE}.user_records",
                "UserRecords.write",
                "put_names(self.table, tenant, _new_names(writes), deadline, self.names)",
                "pass",
            ),
        ),
        scenes=("people",),
    ),
    Mutant(
        "deleted_users_come_back",
        "who was deleted comes back only by an explicit word",
        wrap=("handover.rules.directory_planner", "_of_deleted", _nothing),
        scenes=("people",),
    ),
    Mutant(
        "previews_not_compared",
        "what is applied was shown",
        (
            Edit(
                f"{PIPELINE}.applying",
                "PreviewedPlanner.decide",
                "if is_as_previewed(self.previews.get(one.line), found.get(one.record_id))",
                "if True",
            ),
        ),
        scenes=("applied",),
        kinds=("edit", "facts_changed", "second_import"),
        function="assign",
    ),
    Mutant(
        "corrections_keep_their_guards",
        "a corrected line has its other cells as they were uploaded",
        (
            Edit(
                "handover.use_cases.corrections",
                "_report_lines",
                "tuple(map(unguard, cells))",
                "tuple(cells)",
            ),
        ),
        scenes=("corrected",),
    ),
    Mutant(
        "dropped_in_flight",
        "what is in flight at the deadline is taken or comes again",
        (
            Edit(
                "handover.flight",
                "_Flight._land",
                "self._failures.append((landed.place, landed.failure))",
                "if not is_busy(landed.failure):\n"
                "            self._failures.append((landed.place, landed.failure))",
            ),
        ),
        kinds=("busy_run", "broken_run", "outage", "duplicate_ahead"),
        function="assign",
    ),
    Mutant(
        "events_dropped_in_flight",
        "what is in flight at the deadline is taken or comes again",
        wrap=("handover.aws.buses", "_put_batch", _acknowledged),
        kinds=("busy_run", "broken_run", "outage"),
        function="publish",
    ),
    Mutant(
        "approval_without_its_entry",
        "no act without its entry",
        (
            Edit(
                "handover.use_cases.approvals",
                "approve",
                "also=_noted(resources, person, Act.IMPORT_APPROVED, found, reason)",
                "also=None",
            ),
        ),
        scenes=("approval",),
    ),
    Mutant(
        "entries_apart_from_their_acts",
        "an act and its entry are one transaction",
        (
            Edit(
                f"{STORE}.items",
                "updated_if",
                'return write_together([{"Update": update}, also])',
                'return write_together([{"Update": update}]) and write_together([also])',
            ),
        ),
        scenes=("approval",),
        kinds=KILLS,
        function="api",
    ),
    Mutant(
        "entries_before_their_acts",
        "no entry without its act",
        (
            Edit(
                f"{STORE}.items",
                "updated_if",
                'return write_together([{"Update": update}, also])',
                'return write_together([also]) and write_together([{"Update": update}])',
            ),
        ),
        scenes=("approval",),
        kinds=KILLS,
        function="api",
    ),
    Mutant(
        "open_acts_are_closed_unseen",
        "the sweep says what became of an act that was left open",
        wrap=(f"{PIPELINE}.open_acts", "_became", lambda _function: _not_done),
        scenes=("applied", "corrected"),
        kinds=KILLS,
        function="api",
    ),
    Mutant(
        "barred_without_an_entry",
        "no act without its entry",
        wrap=(f"{JOBS}.follow", "_allows_or_bars", lambda _function: lambda _one: False),
        scenes=("people",),
    ),
)
