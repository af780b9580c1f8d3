"""Validation of a file: who sent it, whether it can be read, and how it is cut.

Everything about the whole file is decided here, before anything is written: encoding, columns,
record boundaries, contradicting lines, and whether the file would clear so many managers that an
Admin must approve it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from handover.aws.objects import ObjectGoneError
from handover.deadline import Deadline
from handover.errors import RefusedError, RetryLaterError
from handover.model import ADMIN, FileWarning, Header, Mode, State, User
from handover.pipeline.admission import (
    check_assigners,
    check_directory_right,
    has_uploader,
    uploader_of,
)
from handover.pipeline.applying import bind_to_preview
from handover.pipeline.change_guard import would_change
from handover.pipeline.clear_guard import would_clear
from handover.pipeline.conversion import ask_for_conversion
from handover.pipeline.duplicates import store_repeats
from handover.pipeline.file_preview import choice_of, store_preview
from handover.pipeline.import_plan import ImportPlan, plan_json
from handover.pipeline.mappings import remember_mapping
from handover.pipeline.messages import send_chunks, send_finalize
from handover.pipeline.older_imports import older_open_imports_of
from handover.pipeline.older_imports_list import with_older_imports
from handover.pipeline.opening import (
    Beginning,
    OpenedFile,
    WorkbookError,
    beginning_of,
    data_blocks,
    file_gone,
    opened,
)
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
from handover.profiles.binding import bind
from handover.profiles.columns import Binding
from handover.profiles.fields import About
from handover.profiles.on_error import APPLY_GOOD, OnError
from handover.profiles.parsing import parse_profile
from handover.profiles.profile import Profile, Role
from handover.profiles.settings import Settings
from handover.reading.clearing import Clearing
from handover.reading.keys import KeyColumn
from handover.reading.limits import Limits
from handover.reading.scan import Scan, Sizes, scan
from handover.reports.stored_warnings import warnings_from
from handover.reports.warnings import column_warnings
from handover.rules.addresses import normal_address
from handover.rules.pacing import MAX_CHUNK_LINES, chunk_lines
from handover.runtime import Invocation, Resources, logger, metrics, rfc3339
from handover.store.chunks import PlannedChunk
from handover.store.import_items import ImportItem
from handover.store.imports import ValidatedFile, pending_chunks
from handover.together import together

# Large files are cut into about this many chunks, because each is sent, leased and settled alone.
MAX_CHUNKS = 1000
# A smaller chunk costs more to send than to process.
MIN_CHUNK_BYTES = 64 * 1024


def take_in(resources: Resources, arrival: Arrival, run: Invocation, worker_seconds: int) -> None:
    """Registers an upload as an import and validates it, unless that was done before.

    Passes over an arrival that is no upload. Sends the messages that the import's state needs, so
    that the next delivery replaces a message that was lost after the state was stored. Leaves an
    import that must wait for older ones to the sweeper, which tries it again. Raises
    RetryLaterError while another run validates the same import.
    """
    imports = resources.tables.imports
    item, sender = together(
        lambda: imports.find(arrival.import_id), lambda: sender_of(resources, arrival)
    )
    is_mine = False
    if item is None:
        if is_passed_over(resources, arrival):
            return
        item = registered(resources, arrival, sender, run)
        is_mine = item.lease_by == run.attempt
    if item.state == State.VALIDATING:
        if not is_mine and not imports.lease(
            item.pk, run.attempt, now=run.now, until=run.lease_until
        ):
            raise RetryLaterError("another run validates this import")
        try:
            begun = _decide(resources, arrival, sender, item, run, worker_seconds)
        except RetryLaterError as late:
            # As with a chunk: the next run need not wait unless a request may still arrive.
            if not late.is_under_way:
                imports.free(item.pk, run.attempt)
            raise
        item = begun or imports.find(item.pk) or item
    _send_on(resources, item, run.deadline)


class _MustWaitError(Exception):
    """Older imports must end before this one can be decided."""


def _decide(
    resources: Resources,
    arrival: Arrival,
    sender: Sender,
    item: ImportItem,
    run: Invocation,
    worker_seconds: int,
) -> ImportItem | None:
    """Lets the import continue, refuses it, or lets it wait; returns the import if it continues."""
    imports = resources.tables.imports
    try:
        return _validate(resources, arrival, sender, item, run, worker_seconds)
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
    except WorkbookError as workbook:
        # Released first: the arrival may come back before this run ends.
        imports.free(item.pk, run.attempt)
        ask_for_conversion(resources, arrival, item.tenant, workbook.size)
        logger.info("workbook to be converted", extra={"import_id": item.pk})
    except _MustWaitError:
        imports.let_wait(item.pk, run.attempt, run.now)
        logger.info("import waits for older ones", extra={"import_id": item.pk})
    return None


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
) -> ImportItem | None:
    """Admits the file, reads its head, scans it, plans the work and stores the plan."""
    if sender.refusal is not None:
        raise RefusedError(sender.refusal.code, sender.refusal.message, sender.refusal.line)
    if sender.mode is Mode.PREVIEW:
        check_ticket(resources, arrival, sender.ticket)
        return _preview(resources, arrival, sender, item, run)
    known = _gather(resources, arrival, sender, run)
    admitted = _admit(sender, known)
    try:
        head = _head_of(resources, admitted, known, item, run)
        # What a line does may depend on what older imports leave behind. Whether a line has a
        # condition is known only after the scan, but for an import that already waits it is known
        # before.
        must_wait = head.binding.is_relative or (bool(head.binding.conditions) and item.waits)
        if must_wait:
            _let_older_end(resources, known.older, item, run)
        scanned = _scan(item, admitted, head, known, run, worker_seconds)
        if not must_wait and scanned.scan.has_conditions:
            _let_older_end(resources, known.older, item, run)
        planned = _plan(resources, item, admitted, head, scanned, run)
    except ObjectGoneError as gone:
        raise file_gone() from gone
    return _store(resources, item, admitted, head, scanned, planned, run)


class _Known(Struct, frozen=True):
    """What is read before the file itself; none of these reads needs the answer of another.

    `user` is the directory's user with the sender's address, `older` are the older open imports,
    and `pace` is how many lines a second one worker processed of the last file of this source.
    """

    profile: Profile
    user: User | None
    settings: Settings
    roles: Sequence[Role]
    older: frozenset[str]
    pace: float
    beginning: Beginning | None


def _gather(resources: Resources, arrival: Arrival, sender: Sender, run: Invocation) -> _Known:
    """Reads all that admission and planning need, at the same time. Raises RefusedError."""
    directory, tenant = resources.tables.directory, sender.tenant

    _, (profile, roles), beginning, older, user, settings, pace = together(
        lambda: check_ticket(resources, arrival, sender.ticket),
        lambda: _profile(resources, sender),
        lambda: beginning_of(resources, arrival, sender),
        lambda: older_open_imports_of(resources, tenant, arrival, run.deadline),
        lambda: directory.user(tenant, sender.uploader) if has_uploader(sender) else None,
        lambda: directory.settings(tenant),
        lambda: resources.tables.watermarks.pace(tenant, sender.source),
    )
    return _Known(profile, user, settings, roles, older, pace, beginning)


class _Admitted(Struct, frozen=True):
    """Who sends the file, with which profile, and under which settings of the tenant.

    `uploader` is None when no person is responsible for the file.
    """

    sender: Sender
    profile: Profile
    uploader: User | None
    settings: Settings

    @property
    def is_decided(self) -> bool:
        """True when an Admin has asked for exactly this change: no Admin need approve it."""
        return self.sender.job is not None and (
            self.uploader is None or ADMIN in self.uploader.roles
        )

    @property
    def guards_changes(self) -> bool:
        """True when a limit of the tenant applies to the changes of this file."""
        is_about = self.profile.about is About.ASSIGNMENTS
        return is_about and not self.is_decided and self.settings.guards_changes

    @property
    def on_error(self) -> OnError:
        """What happens to good lines when others fail; nobody corrects a file of a job."""
        if self.sender.job is not None:
            return APPLY_GOOD
        return self.sender.on_error or self.profile.on_error

    @property
    def is_check(self) -> bool:
        """True when the import only checks the file, which another one applies."""
        is_new_run = self.sender.mode is Mode.RUN and self.sender.preview_of is None
        return is_new_run and (self.on_error.is_limited or self.guards_changes)


def _admit(sender: Sender, known: _Known) -> _Admitted:
    """The first step: who may send such files. Raises RefusedError."""
    profile, settings = known.profile, known.settings
    check_directory_right(sender, profile)
    uploader = uploader_of(sender, profile, known.user, settings)
    return _Admitted(sender, profile, uploader, settings)


class _Head(Struct, frozen=True):
    """How the file is read, which of its columns the profile needs, and the older open imports."""

    file: OpenedFile
    binding: Binding
    older: frozenset[str]


def _head_of(
    resources: Resources, admitted: _Admitted, known: _Known, item: ImportItem, run: Invocation
) -> _Head:
    """The second step: encoding, delimiter and columns. Raises RefusedError and WorkbookError."""
    sender, profile = admitted.sender, admitted.profile
    if known.beginning is None:
        raise file_gone()
    file = opened(resources, known.beginning, profile, sender, item.pk, run.deadline)
    binding = _binding(resources, sender, profile, file.header)
    check_assigners(known.roles, profile, binding, file.header, admitted.uploader)
    return _Head(file, binding, known.older)


class _Scanned(Struct, frozen=True):
    """The result of one pass over all bytes; only files that a source drops have a fingerprint."""

    scan: Scan
    seed: int
    fingerprint: str


def _scan(
    item: ImportItem,
    admitted: _Admitted,
    head: _Head,
    known: _Known,
    run: Invocation,
    worker_seconds: int,
) -> _Scanned:
    """The third step: counts the lines and cuts them into chunks. Raises RefusedError."""
    file, binding, profile = head.file, head.binding, admitted.profile
    seed = int.from_bytes(bytes.fromhex(item.pk))
    fingerprint = Fingerprint(file.header)
    blocks = data_blocks(file, run.deadline)
    found = scan(
        fingerprint.through(blocks) if admitted.sender.principal else blocks,
        dialect=file.dialect,
        header=file.header,
        key=KeyColumn(binding.key, seed, normal_address if profile.about is About.USERS else None),
        sizes=Sizes(
            max(MIN_CHUNK_BYTES, -(-file.size // MAX_CHUNKS)),
            chunk_lines(known.pace, worker_seconds),
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


class _Planned(Struct, frozen=True):
    """The plan of the import, its chunks, and why it waits for an Admin, if it does."""

    plan: ImportPlan
    chunks: Sequence[PlannedChunk]
    approval: dict[str, Any] | None


def _plan(
    resources: Resources,
    item: ImportItem,
    admitted: _Admitted,
    head: _Head,
    scanned: _Scanned,
    run: Invocation,
) -> _Planned:
    """The fourth step: stores the repeats, and asks the guards whether an Admin must approve."""
    sender = admitted.sender
    plan = ImportPlan(
        profile=admitted.profile,
        mapping=dict(sender.mapping),
        upload=head.file.upload,
        dialect=scanned.scan.dialect,
        header=head.file.header,
        older_open_imports=frozenset(),
        wall=admitted.settings.opco_wall,
    )
    if sender.preview_of is not None:
        plan = bind_to_preview(resources, item.pk, plan, sender.preview_of)
    chunks = store_repeats(resources, item.pk, plan, scanned.scan, scanned.seed, run.deadline)
    # A dry run changes nothing, so it needs no approval.
    if sender.mode is not Mode.RUN or admitted.is_check or admitted.is_decided:
        return _Planned(plan, chunks, None)
    if admitted.guards_changes and sender.preview_of is not None:
        lines, limits = scanned.scan.lines, admitted.settings
        found = would_change(resources, item.tenant, sender.preview_of, lines, limits, run.deadline)
        return _Planned(plan, chunks, found)
    found = would_clear(resources, item, plan, scanned.scan, admitted.settings, run.deadline)
    return _Planned(plan, chunks, found)


def _store(
    resources: Resources,
    item: ImportItem,
    admitted: _Admitted,
    head: _Head,
    scanned: _Scanned,
    planned: _Planned,
    run: Invocation,
) -> ImportItem | None:
    """The last step: stores the plan and the chunks; then the import continues.

    Returns the import as it continues; None when another run has taken it over.
    """
    sender, profile, found = admitted.sender, admitted.profile, scanned.scan
    file = head.file
    warnings = file.warnings + column_warnings(file.header, file.dialect, profile, sender.mapping)
    if sender.principal:
        warnings += seen_again(resources, item, scanned.fingerprint, run.deadline)
    if sender.preview_of is not None:
        warnings += _warned(resources, sender.preview_of, warnings)
    plan = with_older_imports(resources, planned.plan, head.older, item.pk, run.attempt)
    together(
        lambda: remember_mapping(resources, sender, profile, file.header),
        lambda: resources.tables.chunks.store(
            item.pk, plan_json(plan), planned.chunks, run.deadline
        ),
    )
    begun = resources.tables.imports.begin(
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
    return begun


def _warned(
    resources: Resources, check: str, known: tuple[FileWarning, ...]
) -> tuple[FileWarning, ...]:
    """The warnings of a check, except those that are `known`, for the import that applies it."""
    item = resources.tables.imports.find(check)
    if item is None or not item.is_check or not item.warnings:
        return ()
    return tuple(one for one in warnings_from(item.warnings) if one not in known)


def _preview(
    resources: Resources, arrival: Arrival, sender: Sender, item: ImportItem, run: Invocation
) -> ImportItem | None:
    """Stores how the file is read and which profiles it fits; decides no line."""
    choice = choice_of(resources, sender)
    known = choice.for_reading
    beginning = beginning_of(resources, arrival, sender)
    if beginning is None:
        raise file_gone()
    try:
        file = opened(resources, beginning, known, sender, item.pk, run.deadline)
        upload, header, size = file.upload, file.header, file.size
        scanned = scan(
            data_blocks(file, run.deadline),
            dialect=file.dialect,
            header=header,
            key=KeyColumn(0, seed=0),
            sizes=Sizes(max(MIN_CHUNK_BYTES, -(-size // MAX_CHUNKS)), MAX_CHUNK_LINES),
            fallback_encoding=known.fallback_encoding,
        )
        store_preview(resources, item, sender, choice, upload, header, scanned)
    except ObjectGoneError as gone:
        raise file_gone() from gone
    # No chunk and no line, so that nothing is processed and the import ends at once.
    begun = resources.tables.imports.begin(
        item.pk,
        run.attempt,
        ValidatedFile(0, 0, scanned.dialect.encoding, scanned.dialect.delimiter, file.warnings),
        approval=None,
        at=rfc3339(run.now),
    )
    metrics.add_metric("LinesRead", "Count", scanned.lines)
    logger.info("file previewed", extra={"import_id": item.pk, "lines": scanned.lines})
    return begun


def _profile(resources: Resources, sender: Sender) -> tuple[Profile, Sequence[Role]]:
    """The profile that the file follows: the one of that name, or the job's own.

    With it come the roles that the tenant has defined.
    """
    directory = resources.tables.directory
    if sender.profile_body is not None:
        return parse_profile(sender.profile_body), list(directory.roles(sender.tenant))
    profile, roles = directory.profile_and_roles(sender.tenant, sender.profile)
    if profile is None:
        raise RefusedError("UNKNOWN_PROFILE", f"there is no profile {sender.profile!r}")
    return profile, roles


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
    """The name of the first profile of the tenant that the header fits, of those about `about`."""
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
    resources: Resources, older_open_imports: frozenset[str], item: ImportItem, run: Invocation
) -> None:
    """Raises _MustWaitError while older open imports must end before this one may continue.

    If imports wait for each other, the oldest goes first. A cancelled import waits for nothing.
    """
    waiting = resources.tables.imports.orders_of_waiting(older_open_imports, run.deadline)
    behind = {
        older_import for older_import, precedence in waiting.items() if precedence > item.precedence
    }
    if older_open_imports - behind and not item.cancelled_by:
        raise _MustWaitError
