"""Plans: which fault disturbs which AWS call, and in which order messages arrive."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

ORDERS = ("fifo", "lifo", "1", "2")


def drawn_place(order: str, *what: object) -> int:
    """The place of a thing in a drawn order: it follows from the thing alone.

    So everything that a fault does not touch keeps its order.
    """
    text = repr((order, what)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())


class Call(NamedTuple):
    """One AWS call of a run; `is_stale` when the read may be stale, `members` of a batch."""

    number: int
    function: str
    service: str
    operation: str
    may_be_stale: bool
    members: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. `order` is fifo, lifo or the seed of a random one; `sweeps` false = no schedule."""

    scene: str = "plain"
    order: str = "fifo"
    faults: Mapping[int, str] = field(default_factory=dict)
    sweeps: bool = True

    def with_fault(self, number: int, kind: str) -> Plan:
        """The plan with one more fault."""
        return Plan(self.scene, self.order, {**self.faults, number: kind}, self.sweeps)

    def json(self) -> str:
        """The plan as text, for `python -m tests.simulation replay`."""
        fields = {
            "scene": self.scene,
            "order": self.order,
            "faults": {str(number): kind for number, kind in sorted(self.faults.items())},
        }
        return json.dumps(fields if self.sweeps else {**fields, "sweeps": False})


def plan_from(text: str) -> Plan:
    """The plan that `json` describes."""
    fields = json.loads(text)
    faults = {int(number): kind for number, kind in fields["faults"].items()}
    return Plan(fields["scene"], fields["order"], faults, fields.get("sweeps", True))


# Faults of any call before its effect.
BEFORE = (
    "throttle",
    "error_before",
    "timeout_before",
    "kill_before",
    "unavailable",
    "unconnected",
    # Faults that repeat for the rest of the invocation.
    "busy_run",
    "broken_run",
    "silent_run",
)
# Faults of a call after its effect.
AFTER = ("error_after", "timeout_after", "kill_after", "repeat")
# Actions of the rest of the world at any moment.
MEANWHILE = (
    "duplicate",
    "duplicate_inside",
    "duplicate_ahead",
    "others_first",
    "world_first",
    "event_again",
    "second_import",
    "second_import_inside",
    "overwritten",
    "drops_reversed",
    "cancel",
    "edit",
    "user_inactive",
    "user_removed",
    "uploader_demoted",
    "facts_changed",
    "opco_changed",
    "outage",
    "poison",
    "clock_jump",
    "sweep_inside",
    "stream_again",
)
LATE_OLDER = ("late_older", "late_older_inside")
_SENDS = ("messages_delayed", "messages_lost")
_PARTIAL = ("first_left_out", "last_left_out", "all_left_out")
OF_OPERATION: Mapping[str, tuple[str, ...]] = {
    "BatchExecuteStatement": (
        "statement_throttled",
        "statement_throttled_at_last",
        "statement_conflict",
        "statement_failed",
        "statement_failed_after",
        "statements_all_busy",
    ),
    "BatchGetItem": _PARTIAL,
    "BatchWriteItem": _PARTIAL,
    "SendMessageBatch": (*_PARTIAL, *_SENDS),
    "SendMessage": _SENDS,
    "PutEvents": _PARTIAL,
    "PutItem": ("conflict",),
    "UpdateItem": ("conflict",),
    "TransactWriteItems": (
        "transaction_conflict",
        "transaction_throttled",
        "transaction_in_progress",
    ),
    "GetObject": ("body_broken",),
}
# Further answers of a busy service to a whole call.
OF_SERVICE: Mapping[str, tuple[str, ...]] = {
    "dynamodb": ("throughput_exceeded", "limit_exceeded"),
}
# A busy service, for however long: it makes no message a dead letter.
BUSY = frozenset(
    {
        "throttle",
        "error_before",
        "timeout_before",
        "unavailable",
        "unconnected",
        "busy_run",
        "broken_run",
        "silent_run",
        "outage",
        "conflict",
        "transaction_in_progress",
        *OF_SERVICE["dynamodb"],
    }
)
READS = frozenset(
    {"GetItem", "BatchGetItem", "Query", "GetObject", "HeadObject", "ListObjectVersions"}
)
# Redelivery alone must absorb a single fault of these kinds.
ORDINARY = frozenset(
    {*BEFORE, *AFTER, *_PARTIAL, "conflict", "stale", "body_broken", "clock_jump"}
    | set(OF_OPERATION["BatchExecuteStatement"])
    | set(OF_SERVICE["dynamodb"])
    | {"duplicate", "duplicate_inside", "duplicate_ahead", "others_first", "world_first"}
    | {"event_again", "messages_delayed", "stream_again"}
)


def kinds_for(call: Call, scene: str) -> tuple[str, ...]:
    """The kinds of fault that a call can have."""
    kinds = BEFORE + OF_SERVICE.get(call.service, ()) + OF_OPERATION.get(call.operation, ())
    if call.operation not in READS:
        kinds += AFTER
    if call.may_be_stale:
        kinds += ("stale",)
    if scene == "older":
        kinds += LATE_OLDER
    if call.members < 2:
        kinds = tuple(kind for kind in kinds if kind not in ("last_left_out", "all_left_out"))
    return kinds + MEANWHILE


ALL_KINDS = frozenset(
    {*BEFORE, *AFTER, *MEANWHILE, *LATE_OLDER, "stale"}.union(
        *OF_OPERATION.values(), *OF_SERVICE.values()
    )
)
