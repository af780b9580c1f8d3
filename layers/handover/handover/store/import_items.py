"""The items of imports as DynamoDB stores them: the import itself, and the plan of its work."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    MapAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
)
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from handover.model import Mode, State
from handover.store.connection import Model
from handover.store.progress import CountingModel

IMPORT, PLAN = "import", "plan"


class ByTenant(GlobalSecondaryIndex["ImportItem"]):
    """The imports of a tenant, by the time S3 received them."""

    class Meta:
        """Keys only: a listing reads the items themselves."""

        index_name = "by-tenant"
        projection = KeysOnlyProjection()

    tenant = UnicodeAttribute(hash_key=True)
    listed_at = UnicodeAttribute(range_key=True)


class Open(GlobalSecondaryIndex["ImportItem"]):
    """Imports that have not ended, or were not announced: the sweep's list."""

    class Meta:
        """Keys only: the sweep reads the items themselves."""

        index_name = "open"
        projection = KeysOnlyProjection()

    open = UnicodeAttribute(hash_key=True)
    opened_at = UnicodeAttribute(range_key=True)


class ImportItem(CountingModel):
    """One import. Times are RFC 3339 in UTC, leases seconds since the epoch."""

    class Meta:
        """Where these items lie."""

        table = "imports"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=IMPORT)
    tenant = UnicodeAttribute()
    profile = UnicodeAttribute(default="")
    source = UnicodeAttribute()
    uploader = UnicodeAttribute(default="")
    filename = UnicodeAttribute()
    mode = UnicodeAttribute(default=Mode.RUN.value)
    state = UnicodeAttribute(default=State.VALIDATING.value)
    received_at = UnicodeAttribute()
    finished_at = UnicodeAttribute(null=True)
    bucket = UnicodeAttribute()
    key = UnicodeAttribute()
    version_id = UnicodeAttribute()
    # The precedence of the import among all of the tenant: S3's time, then S3's sequencer.
    precedence = UnicodeAttribute(attr_name="order")
    ticket = UnicodeAttribute(null=True)
    # How many files were posted with its form after its own, and when the last one was; and for
    # such a file, the import that reports it.
    replays = NumberAttribute(default=0)
    replayed_at = UnicodeAttribute(null=True)
    # When validation ended, when the lines could first be processed (for an import that waits for
    # an Admin: once that was decided), and when the import got its final state. None for imports
    # that passed these steps before the times were kept.
    validated_at = UnicodeAttribute(null=True)
    working_at = UnicodeAttribute(null=True)
    ended_at = UnicodeAttribute(null=True)
    # Set when there is an index of its lines beside results.csv.
    is_indexed = BooleanAttribute(default=False)
    # The number when the import ended; the announcement does not change after that.
    replays_notified = NumberAttribute(null=True, attr_name="replays_told")
    replay_of = UnicodeAttribute(null=True)
    # Whether the report is there as a workbook too.
    has_workbook = BooleanAttribute(null=True)
    # The kind of job, when Handover wrote the file itself, and which import it undoes.
    job = UnicodeAttribute(null=True, attr_name="errand")
    undo_of = UnicodeAttribute(null=True)
    # The import that it came from, when it applies or corrects one, and the import whose object it
    # reads, when its own is a pointer.
    follows = UnicodeAttribute(null=True)
    object_of = UnicodeAttribute(null=True)
    # What lines that fail do to the others, and whether this is the dry run that therefore comes
    # first.
    on_error = UnicodeAttribute(null=True)
    is_check = BooleanAttribute(default=False)
    # Who wrote the object, as S3 reported; none when S3 did not report it.
    principal = UnicodeAttribute(null=True)
    # The principal of the registered source that was proven to be the object's writer.
    proven_by = UnicodeAttribute(null=True)
    encoding = UnicodeAttribute(null=True)
    delimiter = UnicodeAttribute(null=True)
    refusal: MapAttribute[str, Any] = MapAttribute(null=True)
    approval: MapAttribute[str, Any] = MapAttribute(null=True)
    # Warnings about a file that was admitted, as JSON.
    warnings = UnicodeAttribute(null=True)
    approved_by = UnicodeAttribute(null=True)
    approve_reason = UnicodeAttribute(null=True)
    cancelled_by = UnicodeAttribute(null=True)
    cancel_reason = UnicodeAttribute(null=True)
    lines = NumberAttribute(default=0)
    # How many chunks it was cut into; their state is on the progress item and on their own items.
    # None before that, and for imports begun when both were kept here: those have the chunks that
    # are not settled in `pending`, and in `settled`, for each other chunk, the attempt whose parts
    # count.
    chunks = NumberAttribute(null=True)
    pending = NumberSetAttribute(null=True)
    settled: MapAttribute[str, str] = MapAttribute(default=dict)
    lease_by = UnicodeAttribute(null=True)
    lease_until = NumberAttribute(null=True)
    # When a sweep last sent messages of the import again, how often it has for that need, which
    # chunk it was if it was a single probe, and whether a worker has taken that message.
    resent_at = NumberAttribute(default=0)
    resent_for = UnicodeAttribute(default="")
    resends = NumberAttribute(default=0)
    probe = NumberAttribute(null=True)
    probe_taken = BooleanAttribute(default=False)
    # Set once the import had to wait for older ones to end before it could be decided.
    waits = BooleanAttribute(default=False)
    approval_notified = BooleanAttribute(default=False, attr_name="told_approval")
    # None for a replay, which is in no list.
    listed_at = UnicodeAttribute(null=True)
    open = UnicodeAttribute(null=True)
    opened_at = UnicodeAttribute(null=True)
    by_tenant = ByTenant()
    open_index = Open()


class PlanItem(Model):
    """The decision of validation about an import, which never changes; `body` is JSON."""

    class Meta:
        """Where these items lie."""

        table = "imports"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=PLAN)
    body = UnicodeAttribute()
