"""The guards of clearings and of changes: what they count, and how long they may count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from handover.aws.objects import ObjectGoneError, Upload
from handover.deadline import RESERVE_SECONDS, Deadline
from handover.model import Account, Mode
from handover.pipeline.change_guard import MAX_REASON_CHARS, would_change
from handover.pipeline.clear_guard import would_clear
from handover.pipeline.import_plan import ImportPlan
from handover.profiles.binding import bind, known_labels
from handover.profiles.opco_wall import OpcoWall
from handover.profiles.presets import presets
from handover.profiles.settings import Settings
from handover.reading.clearing import Clearing
from handover.reading.keys import KeyColumn
from handover.reading.scan import Scan, Sizes, scan
from handover.reading.sniff import read_head
from handover.reports.summary import NOT_COUNTED
from handover.store.import_items import ImportItem

from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import AMINA, BARAKA, ROLE, TENANT, Pipeline, file_of, import_id

Guard = Callable[[Deadline], dict[str, Any] | None]
# No line may clear or change anything.
STRICT = Settings(
    clear_guard_percent=0, clear_guard_lines=0, change_guard_percent=0, change_guard_lines=0
)


def scanned(pipeline: Pipeline, body: bytes) -> tuple[ImportPlan, Scan]:
    """The plan of an uploaded file, and what one pass over its bytes has found."""
    profile = presets()["single-strict"]
    dialect, header = read_head(
        body,
        total_bytes=len(body),
        known_labels=known_labels(profile, {}),
        fallback_encoding=None,
        is_converted=False,
    )
    binding = bind(header.labels, profile, mapping={}, line=1)
    found = scan(
        iter([body[header.data_start :]]),
        dialect=dialect,
        header=header,
        key=KeyColumn(binding.key, 0, None),
        sizes=Sizes(64 * 1024, 1000),
        clearing=Clearing(
            binding.clearing,
            profile.is_clearing,
            profile.list_separator,
            profile.clear_words,
            [],
            profile.is_blank,
        ),
        fallback_encoding=None,
    )
    created = pipeline.put(f"in/{TENANT}/1.csv", body)
    upload = Upload(created.bucket, created.version.key, created.version.version_id)
    return ImportPlan(profile, {}, upload, dialect, header, frozenset(), OpcoWall.ALWAYS), found


def clearings(pipeline: Pipeline, settings: Settings = STRICT) -> Guard:
    """The guard of a file that says None for five accounts, of which two have a manager."""
    pipeline.accounts(
        Account(TENANT, "K000", 1, assigned={ROLE: (AMINA,)}),
        Account(TENANT, "K001", 1, assigned={ROLE: (AMINA,)}),
        Account(TENANT, "K002", 1, assigned={ROLE: ()}),
        Account(TENANT, "K003", 1, assigned={"viewer": (AMINA,)}),
        Account(TENANT, "K005", 1, assigned={ROLE: (AMINA,)}),
    )
    lines = [*((f"K{place:03d}", "None") for place in range(5)), ("K005", BARAKA)]
    plan, found = scanned(pipeline, file_of(lines))
    item = ImportItem("1" * 32, tenant=TENANT)
    return lambda deadline: would_clear(pipeline.resources, item, plan, found, settings, deadline)


def changes(pipeline: Pipeline, settings: Settings = STRICT, user: str = AMINA) -> Guard:
    """The guard of a dry run that takes both accounts from a user."""
    pipeline.kenyan(2, held_by=user)
    pipeline.publish()
    created = pipeline.upload(file_of((one, BARAKA) for one in ("K000", "K001")), mode=Mode.DRY_RUN)
    pipeline.run(created)
    name = import_id(created)
    return lambda deadline: would_change(pipeline.resources, TENANT, name, 2, settings, deadline)


CLEARED = {"reason": "would clear more than the tenant's limit", "would_clear": 2, "lines": 6}
CHANGED = {"reason": "would change more than 0 % of its lines", "would_change": 2} | {
    "would_clear": 0,
    "lines": 2,
}


@pytest.mark.parametrize(
    ("guard", "settings", "expected"),
    [
        (clearings, STRICT, CLEARED),
        (clearings, Settings(clear_guard_percent=0, clear_guard_lines=1), CLEARED),
        (clearings, Settings(clear_guard_percent=0, clear_guard_lines=2), None),
        (clearings, Settings(clear_guard_percent=33, clear_guard_lines=0), CLEARED),
        (clearings, Settings(clear_guard_percent=34, clear_guard_lines=0), None),
        (changes, STRICT, CHANGED),
        (changes, Settings(change_guard_percent=0, change_guard_lines=1), CHANGED),
        (changes, Settings(change_guard_percent=0, change_guard_lines=2), None),
    ],
)
def test_an_admin_must_approve_what_is_above_the_limits(
    pipeline: Pipeline,
    guard: Callable[[Pipeline, Settings], Guard],
    settings: Settings,
    expected: dict[str, Any] | None,
) -> None:
    assert guard(pipeline, settings)(pipeline.deadline) == expected


@pytest.mark.parametrize(
    ("guard", "operation", "counted", "not_counted"),
    [
        (
            clearings,
            "GetObject",
            CLEARED,
            {"reason": NOT_COUNTED, "would_clear": 5, "lines": 6},
        ),
        (
            changes,
            "Query",
            CHANGED,
            {"reason": NOT_COUNTED, "would_clear": 0, "would_change": 0, "lines": 2},
        ),
    ],
)
@pytest.mark.parametrize(
    ("seconds", "passed"),
    [
        # A quarter of a short time is kept, and 120 seconds of a longer one.
        (100.0, 75.0 - RESERVE_SECONDS),
        (480.0, 360.0 - RESERVE_SECONDS),
        (800.0, 680.0 - RESERVE_SECONDS),
    ],
)
def test_a_file_that_is_not_counted_in_time_to_store_the_plan_waits_for_an_admin(
    pipeline: Pipeline,
    guard: Callable[[Pipeline], Guard],
    operation: str,
    counted: dict[str, Any],
    not_counted: dict[str, Any],
    seconds: float,
    passed: float,
) -> None:
    ask = guard(pipeline)

    def asked_while(waited: float) -> dict[str, Any] | None:
        deadline = Deadline(pipeline.clock.now + seconds)

        def wait() -> None:
            pipeline.clock.now += waited
            mishap.before_call = None

        mishap = Mishap(operation, before_call=wait)
        with incident(pipeline.memory, mishap):
            return ask(deadline)
        raise AssertionError("the guard did not answer")

    assert asked_while(passed) == counted
    assert asked_while(passed + 0.5) == not_counted


@pytest.mark.parametrize(
    ("lines", "expected"),
    [(4, {"reason": NOT_COUNTED, "would_clear": 5, "lines": 6}), (5, None)],
)
def test_a_file_that_asks_for_no_more_than_the_limit_needs_no_time_to_be_counted(
    pipeline: Pipeline, lines: int, expected: dict[str, Any] | None
) -> None:
    limits = Settings(clear_guard_percent=0, clear_guard_lines=lines)

    ask = clearings(pipeline, limits)
    # Without time the file is not read either.
    pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].objects.clear()

    assert ask(Deadline(pipeline.clock.now)) == expected


def test_a_reason_that_names_a_long_address_is_cut(pipeline: Pipeline) -> None:
    user = f"{'a' * 400}@x.example"
    limits = Settings(portfolio_guard_percent=50, change_guard_lines=0)

    found = changes(pipeline, limits, user)(pipeline.deadline)

    reason = f"would take more than 50 % of the accounts that {user} holds as {ROLE}"
    assert found == CHANGED | {"reason": reason[:MAX_REASON_CHARS]}


def test_a_file_that_is_deleted_while_it_is_counted_is_gone(pipeline: Pipeline) -> None:
    ask = clearings(pipeline)
    pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].objects.clear()

    with pytest.raises(ObjectGoneError, match=r"in/lumina/1\.csv"):
        ask(pipeline.deadline)
