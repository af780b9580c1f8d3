"""A step that is not accepted at once is tried again after a wait, and only so often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from handover.deadline import FIRST_WAIT_SECONDS, Deadline
from handover.errors import RetryLaterError
from handover.model import User
from handover.reports.counts import Counts
from handover.store.batches import put_items
from handover.store.name_places import NAMES_MARK, put_logins
from handover.store.progress import Progress, Settlement, count_chunk
from handover.store.tables import Tables
from handover.store.tickets import TicketItem
from handover.store.user_places import Spreading, put_mark
from msgspec.structs import replace

from tests.kit.memory_aws import Twist
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import AMINA, TENANT, Pipeline

ID = "1" * 32
SOON = Deadline(9e9)
CONFLICT = Twist(member_errors={0: "TransactionConflict"})
LEFT = Twist(member_errors={0: "left"})
Step = Callable[[Tables], Any]


def ticket() -> TicketItem:
    return TicketItem(
        tenant=TENANT,
        uploader="ines",
        profile="single-strict",
        filename="a.csv",
        mode="run",
        issued_at="10:00",
        expires_at="10:05",
        expires=99,
    )


def spread_logins(tables: Tables) -> None:
    put_logins(tables.directory.table, TENANT, {"ana": AMINA}, SOON)


def waits_double(pipeline: Pipeline) -> bool:
    """True if each wait was as long as its try allows, or up to half of that shorter."""
    longest = [FIRST_WAIT_SECONDS * 2**tries for tries in range(len(pipeline.clock.slept))]
    return all(
        most / 2 <= slept <= most for most, slept in zip(longest, pipeline.clock.slept, strict=True)
    )


STEPS: dict[str, tuple[str, Twist, Step]] = {
    "a ticket": (
        "TransactWriteItems",
        CONFLICT,
        lambda tables: tables.tickets.issue("T", ticket()),
    ),
    "an import is read": ("BatchGetItem", LEFT, lambda tables: tables.imports.find(ID)),
    "users are read": (
        "BatchGetItem",
        LEFT,
        lambda tables: tables.directory.users(TENANT, [AMINA], SOON),
    ),
    "items are put": (
        "BatchWriteItem",
        LEFT,
        lambda tables: put_items(
            tables.imports.table,
            [{"pk": {"S": ID}, "sk": {"S": "plan"}, "body": {"S": "{}"}}],
            SOON,
        ),
    ),
    "users are put": (
        "TransactWriteItems",
        CONFLICT,
        lambda tables: tables.directory.put_users(TENANT, [User(AMINA, "", frozenset())], SOON),
    ),
    "login names are put": (
        "BatchWriteItem",
        LEFT,
        lambda tables: put_logins(tables.directory.table, TENANT, {"ana": AMINA}, SOON),
    ),
    "a login name is claimed": (
        "BatchExecuteStatement",
        CONFLICT,
        lambda tables: tables.user_records.claim_logins(TENANT, {"ana": AMINA}, "1", 0.0, SOON),
    ),
    "a user is marked as deleted": (
        "BatchExecuteStatement",
        CONFLICT,
        lambda tables: tables.jobs.mark_deleted(TENANT, AMINA, "T", "1", SOON),
    ),
}


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("name", STEPS)
def test_what_is_not_accepted_waits_before_each_further_try(
    name: str, times: int, pipeline: Pipeline
) -> None:
    operation, twist, step = STEPS[name]

    with incident(pipeline.memory, Mishap(operation, twists=[twist] * times)) as calls:
        step(pipeline.resources.tables)

    assert len(pipeline.clock.slept) == times
    assert calls.seen >= times + 1
    assert waits_double(pipeline)


def test_a_spread_login_name_in_conflict_is_put_after_a_wait(pipeline: Pipeline) -> None:
    """It is tried with others, then alone, then after a wait."""
    put_mark("DirectoryTable", TENANT, Spreading.SPREAD, 0.0, mark=NAMES_MARK)

    with incident(pipeline.memory, Mishap("TransactWriteItems", twists=[CONFLICT] * 4)) as calls:
        spread_logins(pipeline.resources.tables)

    assert (len(pipeline.clock.slept), calls.seen) == (2, 5)
    assert waits_double(pipeline)


def test_a_chunk_is_counted_after_waits_while_others_of_its_number_are_counted(
    pipeline: Pipeline,
) -> None:
    tables = pipeline.resources.tables
    # Of 126 chunks every second is in the same number.
    others = iter((3, 5, 7))

    def count(chunk: int) -> Progress:
        settlement = Settlement(chunk, "a", has_errors=False, counts=Counts(10, updated=1))
        return count_chunk(
            tables.imports.table, ID, settlement, chunks=126, lines=1260, deadline=SOON
        )

    def meanwhile() -> None:
        if (other := next(others, None)) is not None:
            hook, pipeline.memory.hook = pipeline.memory.hook, None
            count(other)
            pipeline.memory.hook = hook

    with incident(pipeline.memory, Mishap("UpdateItem", before_call=meanwhile)) as calls:
        progress = count(1)

    assert calls.seen == 4
    assert len(pipeline.clock.slept) == 3
    assert waits_double(pipeline)
    assert progress == Progress(
        frozenset(range(1, 127)) - {1, 3, 5, 7}, Counts(1260, updated=4), worked_ms=0
    )


def test_a_user_that_changes_meanwhile_is_marked_as_deleted_after_a_wait(
    pipeline: Pipeline,
) -> None:
    tables = pipeline.resources.tables
    phones = iter(("1", "2"))

    def meanwhile() -> None:
        if (phone := next(phones, None)) is not None:
            hook, pipeline.memory.hook = pipeline.memory.hook, None
            pipeline.users(User(AMINA, "Amina", frozenset({"Admin"}), "Kenya", phone=phone))
            pipeline.memory.hook = hook

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", before_call=meanwhile)):
        tables.jobs.mark_deleted(TENANT, AMINA, "T", "2", SOON)

    user = tables.directory.user(TENANT, AMINA)
    assert user is not None
    assert (user.is_deleted, user.roles, user.phone) == (True, frozenset({"Admin"}), "2")
    assert len(pipeline.clock.slept) == 2
    assert waits_double(pipeline)


def test_a_login_name_that_changes_meanwhile_is_claimed_after_waits(pipeline: Pipeline) -> None:
    records = pipeline.resources.tables.user_records
    # Another run claims it for the same user.
    times = iter((1.0, 2.0))

    def meanwhile() -> None:
        if (at := next(times, None)) is not None:
            hook, pipeline.memory.hook = pipeline.memory.hook, None
            records.claim_logins(TENANT, {"ana": AMINA}, "1", at, SOON)
            pipeline.memory.hook = hook

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", before_call=meanwhile)):
        found = records.claim_logins(TENANT, {"ana": AMINA}, "1", 3.0, SOON)

    assert found == {"ana": AMINA}
    assert len(pipeline.clock.slept) == 2
    assert waits_double(pipeline)


@pytest.mark.parametrize(("conflicts", "is_stored"), [(3, True), (4, False)])
def test_a_setting_that_others_change_too_is_tried_four_times(
    pipeline: Pipeline, conflicts: int, is_stored: bool
) -> None:
    setup = pipeline.resources.tables.setup
    left = iter(range(conflicts))

    def meanwhile() -> None:
        if next(left, None) is None:
            return
        hook, pipeline.memory.hook = pipeline.memory.hook, None
        now = pipeline.resources.tables.directory.settings(TENANT)
        pipeline.switch_on(*now.profiles, f"p{len(now.profiles)}")
        pipeline.memory.hook = hook

    mishap = Mishap("PutItem", before_call=meanwhile)
    with incident(pipeline.memory, mishap):
        if is_stored:
            setup.change_settings(TENANT, lambda before: replace(before, clear_guard_lines=77))
        else:
            with pytest.raises(RetryLaterError, match="changed by others"):
                setup.change_settings(TENANT, lambda before: replace(before, clear_guard_lines=77))

    assert mishap.seen == 4
    assert (
        pipeline.resources.tables.directory.settings(TENANT).clear_guard_lines == 77
    ) == is_stored


def test_a_setting_whose_first_answer_is_lost_is_changed_once(pipeline: Pipeline) -> None:
    """The SDK sends the write again, and finds its condition unmet by itself."""
    setup = pipeline.resources.tables.setup
    lines = pipeline.resources.tables.directory.settings(TENANT).clear_guard_lines

    with incident(pipeline.memory, Mishap("PutItem", twists=[Twist(repeat=True)])):
        after = setup.change_settings(
            TENANT, lambda one: replace(one, clear_guard_lines=one.clear_guard_lines + 1)
        )

    assert after.clear_guard_lines == lines + 1
    assert pipeline.resources.tables.directory.settings(TENANT) == after
