"""Validation of a file: who sent it, whether it can be read, and how it is cut.

Everything about the whole file is decided here, before anything is written: encoding, columns,
record boundaries, contradicting lines, and whether the file would clear so many managers that an
Admin must approve it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from handover.aws import objects
from handover.aws.objects import ObjectGoneError, Upload
from handover.deadline import Deadline
from handover.errors import RefusedError, RetryLaterError
from handover.model import ADMIN, Dialect, FileWarning, Header, Mode, State, User
from handover.pipeline.admission import check_assigners, check_directory_right, uploader_of
from handover.pipeline.change_guard import would_change
from handover.pipeline.clear_guard import would_clear
from handover.pipeline.convert import ask_for_conversion, converted
from handover.pipeline.duplicates import store_repeats
from handover.pipeline.import_plan import ImportPlan, plan_json
from handover.pipeline.mappings import remember_mapping
from handover.pipeline.messages import send_chunks, send_finalize
from handover.pipeline.older_imports import older_open_imports_of, with_older_imports
from handover.pipeline.preview import choice_of, store_preview
from handover.pipeline.previews import bind_to_preview
from handover.pipeline.registration import registered
from handover.pipeline.seen_files import Fingerprint, seen_again
from handover.pipeline.uploads import (
    Arrival,
    ReplayedError,
    Sender,
    check_ticket,
    is_passed_over,
    sender_of,
)
from handover.profiles import (
    APPLY_GOOD,
    About,
    Binding,
    OnError,
    Profile,
    Settings,
    bind,
    known_labels,
    parse_profile,
)
from handover.reading import MAX_FILE_BYTES, MAX_HEADER_BYTES, is_workbook, read_head
from handover.reading.clearing import Clearing
from handover.reading.keys import KeyColumn
from handover.reading.limits import Limits
from handover.reading.scan import Scan, Sizes, scan
from handover.reading.transcode import utf8_blocks
from handover.reports import column_warnings, warnings_from
from handover.rules import normal_address
from handover.rules.pacing import MAX_CHUNK_LINES, chunk_lines
from handover.runtime import Invocation, Resources, logger, metrics, rfc3339
from handover.store.chunks import PlannedChunk
from handover.store.imports import ImportItem, ValidatedFile, pending_chunks

# About so many chunks by bytes: they are sent, leased and settled one by one.
MAX_CHUNKS = 1000
# A smaller chunk costs more to send than to process.
MIN_CHUNK_BYTES = 64 * 1024


def take_in(resources: Resources, arrival: Arrival, run: Invocation, worker_seconds: int) -> None:
    """Registers the arrival as an import and validates it, unless it is no upload or is validated.

    Sends the messages that the import's state needs, so that the next delivery replaces a message
    that was lost after the state was stored. An import that must wait for older ones is left to the
    sweeper, which tries it again. Raises RetryLaterError while another run
    validates the same import.
    """
    imports = resources.tables.imports
    item = imports.find(arrival.import_id)
    sender: Sender | None = None
    if item is None:
        if is_passed_over(resources, arrival):
            return
        sender = sender_of(resources, arrival)
        item = registered(resources, arrival, sender, run)
    if item.state == State.VALIDATING:
        if not imports.lease(item.pk, run.attempt, now=run.now, until=run.lease_until):
            raise RetryLaterError("another run validates this import")
        try:
            _decide(
                resources,
                arrival,
                sender or sender_of(resources, arrival),
                item,
                run,
                worker_seconds,
            )
        except RetryLaterError as late:
            # As with a chunk: the next run need not wait unless a request may still arrive.
            if not late.is_under_way:
                imports.free(item.pk, run.attempt)
            raise
        item = imports.find(item.pk) or item
    _send_on(resources, item, run.deadline)


class _WorkbookError(Exception):
    """The upload is a workbook, which must be converted before it can be read."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size


class _MustWaitError(Exception):
    """Older imports must end before this one can be decided."""


def _decide(
    resources: Resources,
    arrival: Arrival,
    sender: Sender,
    item: ImportItem,
    run: Invocation,
    worker_seconds: int,
) -> None:
    """Lets the import continue, refuses it, or lets it wait."""
    imports = resources.tables.imports
    try:
        _validate(resources, arrival, sender, item, run, worker_seconds)
    except RefusedError as refused:
        replay_of = ""
        if isinstance(refused, ReplayedError) and item.ticket is not None:
            resources.tables.tickets.record_replays(item.ticket, refused.replays)
            replay_of = refused.replays.first_import
        imports.refuse(
            item.pk, run.attempt, refused.refusal, at=rfc3339(run.now), replay_of=replay_of
        )
        metrics.add_metric("ImportsRefused", "Count", 1)
        logger.info("import refused", extra={"import_id": item.pk, "code": refused.refusal.code})
    except _WorkbookError as workbook:
        # Released first: the arrival may come back before this run ends.
        imports.free(item.pk, run.attempt)
        ask_for_conversion(resources, arrival, item.tenant, workbook.size)
        logger.info("workbook to be converted", extra={"import_id": item.pk})
    except _MustWaitError:
        imports.let_wait(item.pk, run.attempt, run.now)
        logger.info("import waits for older ones", extra={"import_id": item.pk})


def _send_on(resources: Resources, item: ImportItem, deadline: Deadline) -> None:
    if item.state == State.PROCESSING:
        send_chunks(resources, item, sorted(pending_chunks(item)), deadline, are_first=True)
        if not pending_chunks(item):
            send_finalize(resources, item)
    if item.state in (State.FINALIZING, State.AWAITING_APPROVAL):
        send_finalize(resources, item)


def _validate(
    resources: Resources,
    arrival: Arrival,
    sender: Sender,
    item: ImportItem,
    run: Invocation,
    worker_seconds: int,
) -> None:
    """Admits the file, reads its head, scans it, plans the work and stores the plan."""
    if sender.refusal is not None:
        raise RefusedError(sender.refusal.code, sender.refusal.message, sender.refusal.line)
    if sender.ticket is not None:
        check_ticket(resources, arrival, sender.ticket)
    if sender.mode is Mode.PREVIEW:
        _preview(resources, arrival, sender, item, run)
        return
    admitted = _admit(resources, sender)
    try:
        head = _head_of(resources, arrival, admitted, item, run)
        # What a line does may depend on what older imports leave behind. Whether some line has a
        # condition is known after the scan; of an import that waits already it is known before.
        must_wait = head.binding.is_relative or (bool(head.binding.conditions) and item.waits)
        older = _let_older_end(resources, arrival, item, run) if must_wait else None
        scanned = _scan(resources, item, admitted, head, run, worker_seconds)
        if older is None and scanned.scan.has_conditions:
            older = _let_older_end(resources, arrival, item, run)
        planned = _plan(resources, item, admitted, head, scanned, run)
    except ObjectGoneError as gone:
        raise _gone() from gone
    if older is None:
        older = older_open_imports_of(resources, sender.tenant, arrival, run.deadline)
    _store(resources, item, admitted, head, scanned, replace(planned, older=older), run)


@dataclass(frozen=True, slots=True)
class _Admitted:
    """Who sends the file, and by which profile; `uploader` None when no person answers for it."""

    sender: Sender
    profile: Profile
    uploader: User | None
    settings: Settings

    @property
    def is_decided(self) -> bool:
        """True for what an Admin has asked for in so many words: they need not be asked again."""
        return self.sender.job is not None and (
            self.uploader is None or ADMIN in self.uploader.roles
        )

    @property
    def guards_changes(self) -> bool:
        """True when a limit of the tenant holds for the changes of this file."""
        is_about = self.profile.about is About.ASSIGNMENTS
        return is_about and not self.is_decided and self.settings.guards_changes

    @property
    def on_error(self) -> OnError:
        """What lines that fail do to the others; a file of ours has nobody who would correct it."""
        if self.sender.job is not None:
            return APPLY_GOOD
        return self.sender.on_error or self.profile.on_error

    @property
    def is_check(self) -> bool:
        """True when the import only checks the file, which another one applies."""
        is_new_run = self.sender.mode is Mode.RUN and self.sender.preview_of is None
        return is_new_run and (self.on_error.is_limited or self.guards_changes)


def _admit(resources: Resources, sender: Sender) -> _Admitted:
    """The first step: who may send such files. Raises RefusedError."""
    profile = _profile(resources, sender)
    check_directory_right(sender, profile)
    uploader = uploader_of(resources, sender, profile)
    settings = resources.tables.directory.settings(sender.tenant)
    return _Admitted(sender, profile, uploader, settings)


@dataclass(frozen=True, slots=True)
class _Head:
    """How the file is read, and which of its columns the profile needs."""

    source: _Source
    binding: Binding


def _head_of(
    resources: Resources, arrival: Arrival, admitted: _Admitted, item: ImportItem, run: Invocation
) -> _Head:
    """The second step: encoding, delimiter and columns. Raises RefusedError and _WorkbookError."""
    sender, profile = admitted.sender, admitted.profile
    upload = _object(resources, arrival, sender)
    size = objects.size_of(upload)
    if size is None:
        raise _gone()
    source = _source(resources, upload, profile, sender, size, item.pk, run.deadline)
    binding = _binding(resources, sender, profile, source.header)
    check_assigners(resources, sender, profile, binding, source.header, admitted.uploader)
    return _Head(source, binding)


@dataclass(frozen=True, slots=True)
class _Scanned:
    """The result of one pass over all bytes; only files that a source drops have a fingerprint."""

    scan: Scan
    seed: int
    fingerprint: str


def _scan(
    resources: Resources,
    item: ImportItem,
    admitted: _Admitted,
    head: _Head,
    run: Invocation,
    worker_seconds: int,
) -> _Scanned:
    """The third step: the lines are counted and cut into chunks. Raises RefusedError."""
    source, binding, profile = head.source, head.binding, admitted.profile
    seed = int(item.pk[:16], 16)
    fingerprint = Fingerprint(source.header)
    blocks = objects.blocks(source.upload, source.header.data_start, source.size, run.deadline)
    found = scan(
        fingerprint.through(blocks) if admitted.sender.principal else blocks,
        dialect=source.dialect,
        header=source.header,
        key=KeyColumn(
            binding.account, seed, normal_address if profile.about is About.USERS else None
        ),
        sizes=Sizes(
            max(MIN_CHUNK_BYTES, -(-source.size // MAX_CHUNKS)),
            chunk_lines(resources.tables.watermarks.pace(item.tenant, item.source), worker_seconds),
            # A job may have nothing to do by the time its file is written.
            Limits(min_lines=1 if admitted.sender.job is None else 0),
        ),
        clearing=Clearing(
            binding.clearing,
            profile.is_clearing,
            profile.list_separator,
            profile.clear_words,
            [column.index for column in binding.conditions],
            profile.is_blank,
        ),
        fallback_encoding=profile.fallback_encoding,
    )
    return _Scanned(found, seed, str(fingerprint))


@dataclass(frozen=True, slots=True)
class _Planned:
    """The plan of the import, its chunks, and why it waits for an Admin, if it does."""

    plan: ImportPlan
    chunks: Sequence[PlannedChunk]
    approval: dict[str, Any] | None
    older: frozenset[str] = frozenset()


def _plan(
    resources: Resources,
    item: ImportItem,
    admitted: _Admitted,
    head: _Head,
    scanned: _Scanned,
    run: Invocation,
) -> _Planned:
    """The fourth step: repeats are stored, and the clearing guard looks at the file."""
    sender = admitted.sender
    plan = ImportPlan(
        profile=admitted.profile,
        mapping=dict(sender.mapping),
        upload=head.source.upload,
        dialect=scanned.scan.dialect,
        header=head.source.header,
        older_open_imports=frozenset(),
        wall=admitted.settings.opco_wall,
    )
    if sender.preview_of is not None:
        plan = bind_to_preview(resources, item.pk, plan, sender.preview_of)
    chunks = store_repeats(resources, item.pk, plan, scanned.scan, scanned.seed, run.deadline)
    # A dry run changes nothing; it is how one finds out what a file would change.
    if sender.mode is not Mode.RUN or admitted.is_check or admitted.is_decided:
        return _Planned(plan, chunks, None)
    if admitted.guards_changes and sender.preview_of is not None:
        lines, limits = scanned.scan.lines, admitted.settings
        found = would_change(resources, item.tenant, sender.preview_of, lines, limits, run.deadline)
        return _Planned(plan, chunks, found)
    return _Planned(plan, chunks, would_clear(resources, item, plan, scanned.scan, run.deadline))


def _store(
    resources: Resources,
    item: ImportItem,
    admitted: _Admitted,
    head: _Head,
    scanned: _Scanned,
    planned: _Planned,
    run: Invocation,
) -> None:
    """The last step: the plan and the chunks are stored, then the import continues."""
    sender, profile, found = admitted.sender, admitted.profile, scanned.scan
    source = head.source
    warnings = source.warnings + column_warnings(
        source.header, source.dialect, profile, sender.mapping
    )
    if sender.principal:
        warnings += seen_again(resources, item, scanned.fingerprint, run.deadline)
    if sender.preview_of is not None:
        warnings += _warned(resources, sender.preview_of, warnings)
    plan = with_older_imports(resources, planned.plan, planned.older, item.pk, run.attempt)
    resources.tables.imports.store_plan(item.pk, plan_json(plan))
    resources.tables.chunks.store(item.pk, planned.chunks, run.deadline)
    remember_mapping(resources, sender, profile, source.header)
    resources.tables.imports.begin(
        item.pk,
        run.attempt,
        ValidatedFile(
            chunks=len(found.chunks),
            lines=found.lines,
            encoding=found.dialect.encoding,
            delimiter=found.dialect.delimiter,
            warnings=warnings,
            on_error=str(admitted.on_error) if admitted.on_error.is_limited else "",
            is_check=admitted.is_check,
        ),
        approval=planned.approval,
        at=rfc3339(run.now),
    )
    metrics.add_metric("LinesRead", "Count", found.lines)
    logger.info(
        "import validated",
        extra={"import_id": item.pk, "lines": found.lines, "chunks": len(found.chunks)},
    )


def _warned(
    resources: Resources, check: str, known: tuple[FileWarning, ...]
) -> tuple[FileWarning, ...]:
    """The other warnings of a check, which is not announced, for the import that applies it."""
    item = resources.tables.imports.find(check)
    if item is None or not item.is_check or not item.warnings:
        return ()
    return tuple(one for one in warnings_from(item.warnings) if one not in known)


def _preview(
    resources: Resources, arrival: Arrival, sender: Sender, item: ImportItem, run: Invocation
) -> None:
    """Stores how the file is read and which profiles it fits; nothing of it is decided."""
    choice = choice_of(resources, sender)
    known = choice.for_reading
    size = objects.size_of(arrival.upload)
    if size is None:
        raise _gone()
    try:
        source = _source(resources, arrival.upload, known, sender, size, item.pk, run.deadline)
        upload, header, size = source.upload, source.header, source.size
        scanned = scan(
            objects.blocks(upload, header.data_start, size, run.deadline),
            dialect=source.dialect,
            header=header,
            key=KeyColumn(0, seed=0),
            sizes=Sizes(max(MIN_CHUNK_BYTES, -(-size // MAX_CHUNKS)), MAX_CHUNK_LINES),
            fallback_encoding=known.fallback_encoding,
        )
        store_preview(resources, item, sender, choice, upload, header, scanned)
    except ObjectGoneError as gone:
        raise _gone() from gone
    # No chunk and no line, so that nothing is processed and the import ends at once.
    resources.tables.imports.begin(
        item.pk,
        run.attempt,
        ValidatedFile(0, 0, scanned.dialect.encoding, scanned.dialect.delimiter, source.warnings),
        approval=None,
        at=rfc3339(run.now),
    )
    metrics.add_metric("LinesRead", "Count", scanned.lines)
    logger.info("file previewed", extra={"import_id": item.pk, "lines": scanned.lines})


def _object(resources: Resources, arrival: Arrival, sender: Sender) -> Upload:
    """The version that holds the lines: the arrival's own, or what it only points to."""
    if sender.object_of is None:
        return arrival.upload
    item = resources.tables.imports.find(sender.object_of)
    if item is None:
        raise RetryLaterError("the import whose file is to be read is not there")
    return Upload(item.bucket, item.key, item.version_id)


def _profile(resources: Resources, sender: Sender) -> Profile:
    """The profile that the file follows: the one of that name, or the job's own."""
    if sender.profile_body is not None:
        return parse_profile(sender.profile_body)
    profile = resources.tables.directory.profile(sender.tenant, sender.profile)
    if profile is None:
        raise RefusedError("UNKNOWN_PROFILE", f"there is no profile {sender.profile!r}")
    return profile


def _binding(resources: Resources, sender: Sender, profile: Profile, header: Header) -> Binding:
    """The columns of the profile in the header; a refusal names a profile that would fit it."""
    try:
        return bind(header.labels, profile, mapping=sender.mapping, line=header.last_line)
    except RefusedError as refused:
        if refused.refusal.code != "MISSING_COLUMN" or sender.job is not None:
            raise
        fitting = _fitting(resources, sender.tenant, header, profile.about)
        if fitting is None:
            raise
        message = f"{refused.refusal.message} The header fits the profile {fitting!r}."
        raise RefusedError("MISSING_COLUMN", message, refused.refusal.line) from refused


def _fitting(resources: Resources, tenant: str, header: Header, about: About) -> str | None:
    """The name of the first of the tenant's profiles about it that the header fits, if any."""
    for name, profile in sorted(resources.tables.directory.profiles(tenant).items()):
        if profile.about is not about:
            continue
        try:
            bind(header.labels, profile, mapping={}, line=1)
        except RefusedError:
            continue
        return name
    return None


def _let_older_end(
    resources: Resources, arrival: Arrival, item: ImportItem, run: Invocation
) -> frozenset[str]:
    """The older open imports beside which this one may continue.

    Raises _MustWaitError while others must end first.

    Of imports that wait for each other the oldest goes first. A cancelled one waits for nothing.
    """
    older_open_imports = older_open_imports_of(resources, item.tenant, arrival, run.deadline)
    waiting = resources.tables.imports.orders_of_waiting(older_open_imports, run.deadline)
    behind = {older_import for older_import, order in waiting.items() if order > item.order}
    if older_open_imports - behind and not item.cancelled_by:
        raise _MustWaitError
    return older_open_imports


@dataclass(frozen=True, slots=True)
class _Source:
    """What is read from now on, and how: the upload, or its copy in UTF-8."""

    upload: Upload
    size: int
    dialect: Dialect
    header: Header
    warnings: tuple[FileWarning, ...] = ()


def _source(
    resources: Resources,
    upload: Upload,
    profile: Profile,
    sender: Sender,
    size: int,
    import_id: str,
    deadline: Deadline,
) -> _Source:
    """The source of an upload. Raises RefusedError; _WorkbookError before it is converted."""
    known = known_labels(profile, sender.mapping)
    head = _head(upload, size)
    if is_workbook(head):
        return _converted_source(resources, sender, profile, known, size, import_id)
    dialect, header = _read_head(head, size, known, profile)
    if dialect.encoding.startswith("utf-16"):
        encoding = dialect.encoding
        source = objects.blocks(upload, dialect.bom_bytes, size, deadline)
        upload = objects.write_stream(
            resources.work_bucket,
            f"{import_id}/utf-8.csv",
            utf8_blocks(source, encoding=encoding),
            deadline,
        )
        size = objects.size_of(upload) or 0
        dialect, header = _read_head(_head(upload, size), size, known, profile)
    return _Source(upload, size, dialect, header)


def _converted_source(
    resources: Resources,
    sender: Sender,
    profile: Profile,
    known: frozenset[str],
    size: int,
    import_id: str,
) -> _Source:
    """The CSV that was made of a workbook, for the import that it was uploaded for."""
    found = converted(resources, sender.object_of or import_id)
    if found is None and sender.object_of is not None:
        # It is kept as long as the upload, so it was there when that import was read.
        raise _gone()
    if found is None:
        raise _WorkbookError(size)
    size = objects.size_of(found.csv) or 0
    dialect, header = _read_head(_head(found.csv, size), size, known, profile, is_converted=True)
    return _Source(found.csv, size, dialect, header, found.warnings)


def _head(upload: Upload, size: int) -> bytes:
    """The beginning of a file that is not too large to be read at all."""
    if size > MAX_FILE_BYTES:
        return b""
    head = objects.read_range(upload, 0, min(size, MAX_HEADER_BYTES))
    if head is None:
        raise _gone()
    return head


def _read_head(
    head: bytes, size: int, known: frozenset[str], profile: Profile, *, is_converted: bool = False
) -> tuple[Dialect, Header]:
    return read_head(
        head,
        total_bytes=size,
        known_labels=known,
        fallback_encoding=profile.fallback_encoding,
        is_converted=is_converted,
    )


def _gone() -> RefusedError:
    return RefusedError("OBJECT_GONE", "the file was deleted before it was read. Upload it again.")
