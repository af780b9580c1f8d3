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
    """Imports that have not ended or whose end was not announced: the sweep's list."""

    class Meta:
        """Keys only: the sweep reads the items themselves."""

        index_name = "open"
        projection = KeysOnlyProjection()

    open = UnicodeAttribute(hash_key=True)
    opened_at = UnicodeAttribute(range_key=True)


class ImportItem(CountingModel):
    """One import. Times are RFC 3339 in UTC, leases seconds since the epoch."""

    class Meta:
        """The table of these items."""

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
    # How many more files were posted with its upload form, and when the last one was. Such a file
    # is a replay: its import has `replay_of`, the import that reports it.
    replays = NumberAttribute(default=0)
    replayed_at = UnicodeAttribute(null=True)
    # When validation ended, when the lines could first be processed (for an import that waits for
    # an Admin: when the Admin has decided), and when the import got its final state. None for
    # imports that passed these steps before the times were stored.
    validated_at = UnicodeAttribute(null=True)
    working_at = UnicodeAttribute(null=True)
    ended_at = UnicodeAttribute(null=True)
    # Set when there is an index of its lines beside results.csv.
    is_indexed = BooleanAttribute(default=False)
    # `replays` when the import ended: the announcement does not change after that.
    replays_notified = NumberAttribute(null=True, attr_name="replays_told")
    replay_of = UnicodeAttribute(null=True)
    # Whether there is also a report as a workbook.
    has_workbook = BooleanAttribute(null=True)
    # The kind of job, when Handover wrote the file itself, and which import it undoes.
    job = UnicodeAttribute(null=True, attr_name="errand")
    undo_of = UnicodeAttribute(null=True)
    # `follows`: the import that this one applies or corrects. `object_of`: the import whose object
    # this one reads, if its own object is only a pointer.
    follows = UnicodeAttribute(null=True)
    object_of = UnicodeAttribute(null=True)
    # What failing lines do to the others, and whether this import is the dry run that checks the
    # file for that.
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
    # How many chunks the file was cut into, None before that. The state of chunks is on the
    # progress item and on their own items. Imports of older code have None and keep that state
    # here: `pending` has the chunks that are not settled, `settled` the attempt whose parts count
    # for each other chunk.
    chunks = NumberAttribute(null=True)
    pending = NumberSetAttribute(null=True)
    settled: MapAttribute[str, str] = MapAttribute(default=dict)
    lease_by = UnicodeAttribute(null=True)
    lease_until = NumberAttribute(null=True)
    # When a sweep last sent messages of the import again, for which need, how often for that need,
    # the chunk of a single probe, and whether a worker has taken that probe.
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
        """The table of these items."""

        table = "imports"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True, default=PLAN)
    body = UnicodeAttribute()
