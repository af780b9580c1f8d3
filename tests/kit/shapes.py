"""What every item and every object looks like that the functions store, written by hand.

Other versions of the code read what this one has stored, so a name changes only with a migration.
What older code has stored is in tests/functional/older.
Each kind of item has a pattern of its partition key, the attributes that it always has and those
that it may have, each with DynamoDB's type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

Item = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of item: patterns of its keys, and its attributes as "name:type name:type"."""

    pk: str
    sk: str
    always: str
    maybe: str = ""


_COUNTS = (
    "updated:N cleared:N unchanged:N pending_users:N rejected:N duplicate:N superseded:N "
    "not_processed:N worked_ms:N"
)
_ID = r"[^#]+"
# A sender outside every tenant's prefixes has the tenant "-".
_TENANT = r"(-|[a-z0-9][a-z0-9-]*)"
_SHARD = rf"{_TENANT}(~[0-9a-f])?"
_FIELDS = "name:S opco:S status:S"
_USER = f"{_FIELDS} roles:L employee_id:S phone:S mobile:S login_name:S"

SHAPES: Mapping[str, tuple[Shape, ...]] = {
    "AccountsTable": (
        Shape(
            rf"{_TENANT}#.+",
            "",
            f"{_FIELDS} shelf:S version:N customer_id:S portals:L assigned:M orders:M marks:L",
            "fact_orders:M",
        ),
    ),
    "DirectoryTable": (
        Shape(
            _SHARD,
            "user#.+",
            "",
            f"{_USER} version:N deleted_by:S fact_orders:M marks:L moved:BOOL",
        ),
        Shape(_SHARD, "login#.+", "body:S"),
        Shape(_SHARD, "name#.+#.+", ""),
        Shape(_TENANT, "(source|profile|workflow|role)#.+", "body:S"),
        Shape(_TENANT, "settings", "body:S"),
        Shape(_TENANT, "(errand|look)#.+", "body:S"),
        Shape(_TENANT, "#spread(-names)?", "body:S"),
        Shape("#domains", r"[a-z0-9.-]+", "body:S"),
    ),
    "ImportsTable": (
        Shape(
            _ID,
            "import",
            "tenant:S profile:S source:S uploader:S filename:S mode:S state:S received_at:S "
            "bucket:S key:S version_id:S order:S replays:N is_indexed:BOOL is_check:BOOL lines:N "
            "settled:M resent_at:N resent_for:S resends:N probe_taken:BOOL waits:BOOL "
            f"told_approval:BOOL {_COUNTS}",
            "finished_at:S ticket:S replayed_at:S validated_at:S working_at:S ended_at:S "
            "replays_told:N replay_of:S has_workbook:BOOL errand:S undo_of:S follows:S "
            "object_of:S on_error:S principal:S proven_by:S encoding:S delimiter:S refusal:M "
            "approval:M warnings:S approved_by:S approve_reason:S cancelled_by:S cancel_reason:S "
            "chunks:N pending:NS lease_by:S lease_until:N probe:N listed_at:S open:S opened_at:S",
        ),
        Shape(_ID, "plan", "body:S"),
        Shape(
            _ID,
            r"chunk#\d{5}",
            "start:N end:N first_line:N lines:N checksum:N repeats:N logins:N attempts:N",
            "lease_by:S lease_until:N decided:N handed_on:N settled_by:S has_errors:BOOL "
            f"taken_at:N {_COUNTS}",
        ),
        Shape(_ID, "progress", "", f"b0:N b1:N b2:N b3:N b4:N b5:N b6:N b7:N {_COUNTS}"),
        Shape(
            "ticket#.+",
            "ticket",
            "tenant:S uploader:S profile:S filename:S mode:S mapping:S issued_at:S expires_at:S "
            "replays:N expires:N",
            "errand:S source:S users:L undo_of:S profile_body:S follows:S object_of:S preview_of:S "
            "on_error:S import_id:S replayed_at:S replayed:S cancelled_by:S cancel_reason:S",
        ),
        Shape(rf"tenant#{_TENANT}", "watermark", "ended_until:S"),
        Shape("sweep#.*", "watermark", "", "looked_until:S"),
        Shape("taken#.+", "watermark", "", "newest_taken:N probed_at:N probes:N"),
        Shape(rf"tenant#{_TENANT}", "seen#.+", "files:S version:N"),
        Shape(rf"tenant#{_TENANT}", "pace#.+", "lines_a_second:N"),
        Shape(rf"tenant#{_TENANT}", "mappings", "body:S version:N"),
        Shape(rf"requests#{_TENANT}#\d+", "requests", "expires:N taken:N"),
    ),
    "HistoryTable": (
        Shape(
            rf"{_TENANT}#.+",
            r"\d+",
            "import_id:S line:N actor:S at:S changes:S",
            "expires:N",
        ),
    ),
    "PortfolioTable": (
        Shape(rf"{_SHARD}#.+", "#spread", "version:N held:BOOL at:S import_id:S"),
        Shape(rf"{_SHARD}#.+", r"[^#].*#.+", "version:N held:BOOL at:S import_id:S expires:N"),
    ),
    "RequestsTable": (
        Shape(rf"{_TENANT}#.+", "sign", "", "actor:S at:S subject:S contact:S text:S"),
        Shape(rf"{_TENANT}#.+", "request#.+", "actor:S at:S subject:S contact:S text:S"),
        Shape(rf"{_TENANT}#.+", "note#.+#.+", "actor:S at:S text:S", "subject:S contact:S"),
    ),
    "AuditTable": (
        Shape(
            rf"{_TENANT}#\d{{4}}-\d\d#[0-3]",
            r"\d{4}-\d\d-\d\dT[^~]+",
            "act:S door:S about:S",
            "actor:S before:S after:S reason:S open:S expires:N",
        ),
        Shape(
            rf"{_TENANT}#\d{{4}}-\d\d#[0-3]",
            r"\d{4}-\d\d-\d\dT.+~",
            "outcome:S at:S",
            "expires:N",
        ),
    ),
}

# The keys of objects in each bucket, with what each contains.
OBJECTS: Mapping[str, Mapping[str, str]] = {
    "workbucket": {
        rf"{_ID}/parts/\d{{5}}/[^/]+/lines": "application/octet-stream",
        rf"{_ID}/parts/\d{{5}}/[^/]+/errors\.csv": "text/csv",
        rf"{_ID}/previews/\d{{5}}/[^/]+\.json": "application/json",
        rf"{_ID}/previews/index\.json": "application/json",
        rf"{_ID}/repeats/\d{{5}}\.json": "application/json",
        rf"{_ID}/logins/\d{{5}}\.json": "application/json",
        rf"{_ID}/older open imports/[^/]+\.json": "application/json",
        rf"{_ID}/preview\.json": "application/json",
        rf"{_ID}/addresses": "application/octet-stream",
        rf"{_ID}/(utf-8|workbook)\.csv": "text/csv",
        rf"{_ID}/workbook\.json": "application/json",
        r"parked/(publish|follow)/[0-9a-f]{32}/\d{40}": "application/json",
        # Lambda itself puts the batches there that it gives up.
        r"aws/lambda/.+": "application/json|text/csv",
    },
    "reportsbucket": {
        rf"[^/]+/{_ID}/(errors|results)\.csv": "text/csv",
        rf"[^/]+/{_ID}/(summary|preview|lines)\.json": "application/json",
        rf"[^/]+/{_ID}/lines\.index": "application/octet-stream",
        rf"[^/]+/{_ID}/report\.xlsx": (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        ),
    },
    "uploadsbucket": {rf"in/{_TENANT}/[^/]+\.csv": "text/csv|application/json"},
}


def wrong_in_item(table: str, item: Item, before: Item | None = None) -> str:
    """What is not as SHAPES says, "" for an item that is.

    A change of an item may leave what older code has stored: attributes that only it knows, or that
    it does not know, as they were `before`.
    """
    pk, sk = (next(iter(item.get(name, {"S": ""}).values())) for name in ("pk", "sk"))
    shape = _shape_of(table, pk, sk)
    if shape is None:
        return f"{table}: no kind of item has the keys {pk!r} and {sk!r}"
    found = _attributes_in(item)
    always, maybe = _attributes(shape.always), _attributes(shape.maybe)
    unknown, missing = found - always - maybe, always - found
    if before is not None:
        old = _attributes_in(before)
        unknown, missing = unknown - old, missing & old
    if not unknown and not missing:
        return ""
    return f"{table}, {sk or pk}: found besides {sorted(unknown)}, missing {sorted(missing)}"


def wrong_in_object(bucket: str, key: str, content_type: str) -> str:
    """What is not as OBJECTS says, "" for an object that is."""
    expected = next(
        (kind for pattern, kind in OBJECTS[bucket].items() if _is_like(pattern, key)), None
    )
    if expected is None:
        return f"{bucket}: no object has the key {key!r}"
    if content_type in expected.split("|"):
        return ""
    return f"{bucket}, {key}: found the type {content_type!r}, expected {expected!r}"


def _attributes_in(item: Item) -> frozenset[str]:
    return frozenset(
        f"{name}:{kind}" for name, (kind, *_) in item.items() if name not in ("pk", "sk")
    )


def _shape_of(table: str, pk: str, sk: str) -> Shape | None:
    return next(
        (one for one in SHAPES[table] if _is_like(one.pk, pk) and _is_like(one.sk, sk)), None
    )


@cache
def _attributes(text: str) -> frozenset[str]:
    return frozenset(text.split())


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


def _is_like(pattern: str, text: str) -> bool:
    return _compiled(pattern).fullmatch(text) is not None
