"""Users under several keys: each is under one key, is always found, and a move is no change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
from handover.model import User
from handover.rules.addresses import normalized_name
from handover.rules.decision import RecordWrite
from handover.runtime import rfc3339
from handover.store import user_places
from handover.store.batches import put_items, transact
from handover.store.directory import user_item
from handover.store.moving import UserMover
from handover.store.user_places import (
    SHARDS,
    Spreading,
    UserPlaces,
    create_users,
    put_mark,
    tenant_of,
)
from handover.store.users import Stored
from msgspec.structs import replace

from infra.cli import migrating
from infra.cli.location import Stack
from infra.cli.main import main
from tests.functional.test_directory_files import dropped, file
from tests.kit.memory_aws import queries
from tests.kit.mishaps import Mishap, between_all_calls, incident, killed_at_every_call
from tests.kit.pipeline import AMINA, BARAKA, MINUTE, TENANT, USERS, Pipeline, file_of

TABLE = "DirectoryTable"
EVERYBODY = sorted(user.email for user in USERS)
NEW = User("new@x.example", "New", frozenset(), login_name="new")
BOTH_WAYS = pytest.mark.parametrize("state", [Spreading.SPREAD, Spreading.BACK])


def mark(pipeline: Pipeline, state: Spreading) -> None:
    put_mark(TABLE, TENANT, state, pipeline.clock.now)


def move(pipeline: Pipeline, state: Spreading) -> None:
    """Moves the users to the shards, or back."""
    mover = UserMover(TABLE)
    steps = mover.spread if state is Spreading.SPREAD else mover.gather
    list(steps(TENANT, pipeline.deadline))


def before_a_move(pipeline: Pipeline, state: Spreading) -> None:
    """Puts every user where a move in that direction begins, and marks the tenant."""
    mark(pipeline, Spreading.SPREAD)
    if state is Spreading.BACK:
        move(pipeline, Spreading.SPREAD)
        mark(pipeline, Spreading.BACK)


def places(pipeline: Pipeline) -> dict[str, list[str]]:
    """The partition keys at which each user of the tenant lies."""
    found: dict[str, list[str]] = {}
    for pk, sk in pipeline.memory.dynamodb.tables[TABLE].items:
        if sk.startswith("user#") and tenant_of(pk) == TENANT:
            found.setdefault(sk.removeprefix("user#"), []).append(pk)
    return found


def is_moved(pipeline: Pipeline, state: Spreading) -> bool:
    keys = [pk for of_user in places(pipeline).values() for pk in of_user]
    return all((pk != TENANT) == (state is Spreading.SPREAD) for pk in keys)


def listed(pipeline: Pipeline) -> dict[str, Any]:
    """The answers to all queries of the users."""
    directory, people = pipeline.resources.tables.directory, pipeline.resources.tables.people
    deadline = pipeline.deadline
    return {
        "by address": directory.users(TENANT, [*EVERYBODY, "no@x.example"], deadline),
        "one": [directory.user(TENANT, email) for email in (*EVERYBODY, "no@x.example")],
        "addresses": list(directory.addresses(TENANT)),
        "all": list(people.listed(TENANT, None, 2)),
        "from a place": list(people.listed(TENANT, EVERYBODY[1], 1)),
        "called": list(people.called(TENANT, "a", None, deadline)),
        "by name": directory.users_by_name(TENANT, [normalized_name("Amina Otieno")], deadline),
        "records": pipeline.resources.tables.user_records.read(TENANT, EVERYBODY, deadline),
    }


# Listings


def test_users_are_the_same_before_and_after_a_move_and_back_again(pipeline: Pipeline) -> None:
    before = listed(pipeline)

    for state in (Spreading.SPREAD, Spreading.BACK, Spreading.SPREAD):
        mark(pipeline, state)
        assert listed(pipeline) == before
        move(pipeline, state)
        assert is_moved(pipeline, state)
        assert listed(pipeline) == before
    for state in (Spreading.SETTLED, Spreading.LEAVING):
        mark(pipeline, state)
        assert listed(pipeline) == before


def test_users_of_a_large_tenant_are_read_evenly_from_all_keys(pipeline: Pipeline) -> None:
    many = [User(f"u{n:04d}@x.example", f"U {n}", frozenset()) for n in range(1600)]
    mark(pipeline, Spreading.SPREAD)
    pipeline.users(*many)
    move(pipeline, Spreading.SPREAD)
    read: Counter[str] = Counter()
    execute = pipeline.memory.execute

    def counted(service: str, operation: str, params: dict[str, Any], *rest: Any) -> Any:
        if operation == "BatchGetItem":
            read.update(key["pk"]["S"] for key in params["RequestItems"][TABLE]["Keys"])
        return execute(service, operation, params, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline.memory, "execute", counted)
        found = pipeline.resources.tables.directory.users(
            TENANT, [user.email for user in many], pipeline.deadline
        )

    assert len(found) == len(many)
    assert len(read) == SHARDS
    assert max(read.values()) < 1.5 * len(many) / SHARDS


def test_a_page_of_a_large_tenant_reads_a_small_part_of_it(pipeline: Pipeline) -> None:
    many = [User(f"u{n:04d}@x.example", f"U {n}", frozenset()) for n in range(1600)]
    mark(pipeline, Spreading.SPREAD)
    pipeline.users(*many)
    move(pipeline, Spreading.SPREAD)
    table = pipeline.memory.dynamodb.tables[TABLE]
    pipeline.memory.dynamodb.metered = True
    before = table.read_units

    found = list(
        islice(pipeline.resources.tables.people.listed(TENANT, "u0499@x.example", 101), 101)
    )

    assert [user.email for user in found] == [f"u{n:04d}@x.example" for n in range(500, 601)]
    assert 0 < table.read_units - before <= 2 * (SHARDS + 3)


def test_a_tenant_that_was_never_spread_costs_one_more_small_read(pipeline: Pipeline) -> None:
    with incident(pipeline.memory, Mishap()) as calls:
        pipeline.resources.tables.directory.users(
            TENANT, [AMINA, "no@x.example"], pipeline.deadline
        )

    assert calls.seen == 2


# Moving


@BOTH_WAYS
def test_users_who_take_several_pages_are_moved_completely(
    pipeline: Pipeline, state: Spreading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MAX_PAGE_BYTES", 300)
    monkeypatch.setattr(user_places, "SHARDS", 1)
    before = listed(pipeline)
    before_a_move(pipeline, state)

    with incident(pipeline.memory, Mishap("Query")) as pages:
        move(pipeline, state)

    assert pages.seen > 1
    assert is_moved(pipeline, state)
    assert listed(pipeline) == before


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_user_without_a_version_is_moved_unless_another_write_is_faster(
    pipeline: Pipeline, *, is_changed: bool
) -> None:
    put_items(TABLE, [user_item(TENANT, NEW)], pipeline.deadline)
    item = pipeline.memory.dynamodb.tables[TABLE].items[TENANT, f"user#{NEW.email}"]
    shard = UserPlaces(TENANT, Spreading.SPREAD).of(NEW.email)[0]
    actions = UserMover(TABLE).actions(item, shard)
    expected = replace(NEW, name="Newer") if is_changed else NEW
    if is_changed:
        pipeline.users(expected)

    assert transact(actions) is not is_changed

    assert places(pipeline)[NEW.email] == [TENANT if is_changed else shard]
    mark(pipeline, Spreading.SPREAD)
    assert pipeline.resources.tables.directory.user(TENANT, NEW.email) == expected


@BOTH_WAYS
def test_a_move_that_is_stopped_at_any_call_leaves_every_user_under_one_key(
    pipeline: Pipeline, state: Spreading
) -> None:
    before_a_move(pipeline, state)
    before = listed(pipeline)

    for _ in killed_at_every_call(pipeline.memory, lambda: move(pipeline, state)):
        assert all(len(keys) == 1 for keys in places(pipeline).values())
        assert listed(pipeline) == before
        move(pipeline, state)
        assert is_moved(pipeline, state)
        assert listed(pipeline) == before


@BOTH_WAYS
def test_a_reader_during_a_move_misses_no_user(pipeline: Pipeline, state: Spreading) -> None:
    before_a_move(pipeline, state)
    before = listed(pipeline)
    found: list[dict[str, Any]] = []

    for _ in between_all_calls(
        pipeline.memory, lambda: found.append(listed(pipeline)), lambda: move(pipeline, state)
    ):
        assert found[-1] == before


def edit(pipeline: Pipeline) -> None:
    """Changes Amina's name and login name and creates a user, as through the API."""
    directory, people = pipeline.resources.tables.directory, pipeline.resources.tables.people
    named = User(AMINA, "Amina O", frozenset({"Sales"}), "Kenya", login_name="amina")
    for after in (named, NEW):
        for _ in range(9):
            now, precedence = pipeline.clock.now, rfc3339(pipeline.clock.now)
            known = directory.user(TENANT, after.email)
            if known == after:
                break
            stored = people.store(TENANT, known, after, now=now, precedence=precedence)
            assert stored is not Stored.LOGIN_TAKEN


def seed(pipeline: Pipeline) -> None:
    """Does the same by the operator's command."""
    pipeline.users(
        User(AMINA, "Amina O", frozenset({"Sales"}), "Kenya", login_name="amina"),
        NEW,
    )


def mark_deleted(pipeline: Pipeline) -> None:
    """A job deletes Baraka."""
    pipeline.resources.tables.jobs.mark_deleted(TENANT, BARAKA, "ticket", "9", pipeline.deadline)


CHANGES = pytest.mark.parametrize("change", [edit, seed, mark_deleted])


def fields(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    """The fields of all users, whatever wrote them."""
    found = pipeline.resources.tables.people.listed(TENANT, None, 3)
    return [(one.email, one.name, one.login_name, one.is_active, one.is_deleted) for one in found]


@CHANGES
@BOTH_WAYS
def test_a_change_between_any_two_calls_of_a_move_counts(
    pipeline: Pipeline, state: Spreading, change: Callable[[Pipeline], None]
) -> None:
    start = pipeline.memory.snapshot()
    change(pipeline)
    changed = fields(pipeline)
    pipeline.memory.restore(start)
    before_a_move(pipeline, state)

    for _ in between_all_calls(
        pipeline.memory, lambda: move(pipeline, state), lambda: change(pipeline)
    ):
        assert fields(pipeline) == changed
        assert all(len(keys) == 1 for keys in places(pipeline).values())
        move(pipeline, state)
        assert fields(pipeline) == changed
        assert is_moved(pipeline, state)


@CHANGES
@BOTH_WAYS
def test_a_move_between_any_two_calls_of_a_change_is_harmless(
    pipeline: Pipeline, state: Spreading, change: Callable[[Pipeline], None]
) -> None:
    start = pipeline.memory.snapshot()
    change(pipeline)
    changed = fields(pipeline)
    pipeline.memory.restore(start)
    before_a_move(pipeline, state)

    for _ in between_all_calls(
        pipeline.memory, lambda: change(pipeline), lambda: move(pipeline, state)
    ):
        assert fields(pipeline) == changed
        assert all(len(keys) == 1 for keys in places(pipeline).values())


@BOTH_WAYS
def test_a_file_of_users_ends_the_same_with_a_move_between_any_two_of_its_calls(
    pipeline: Pipeline, state: Spreading
) -> None:
    before_a_move(pipeline, state)
    pipeline.source(writes_directory=True)
    lines = (
        f"{AMINA},Amina O,amina,active",
        f"{BARAKA},,,deleted",
        "new@x.example,New,new,active",
    )
    created = dropped(pipeline, "users.csv", file("email,name,login_name,status", *lines))
    assert pipeline.validate(created) == []
    (body,) = pipeline.waiting("ChunksQueue")

    for _ in between_all_calls(
        pipeline.memory,
        lambda: pipeline.assign(body["import_id"], body["chunk"]),
        lambda: move(pipeline, state),
    ):
        pipeline.run()
        assert pipeline.counts(created) == {"lines": 3, "updated": 3}
        users = {email: rest for email, *rest in fields(pipeline)}
        assert users[AMINA] == ["Amina O", "amina", True, False]
        assert users[BARAKA][3]
        assert users["new@x.example"] == ["New", "new", True, False]
        assert all(len(keys) == 1 for keys in places(pipeline).values())


def test_a_file_of_accounts_ends_the_same_with_a_move_between_any_two_of_its_calls(
    pipeline: Pipeline,
) -> None:
    before_a_move(pipeline, Spreading.SPREAD)
    ids = pipeline.kenyan(3)
    created = pipeline.upload(
        file_of([(ids[0], AMINA), (ids[1], BARAKA), (ids[2], "no@x.example")])
    )
    assert pipeline.validate(created) == []
    (body,) = pipeline.waiting("ChunksQueue")

    for _ in between_all_calls(
        pipeline.memory,
        lambda: pipeline.assign(body["import_id"], body["chunk"]),
        lambda: move(pipeline, Spreading.SPREAD),
    ):
        pipeline.run()
        assert pipeline.holders(*ids) == [AMINA, BARAKA, ""]


@pytest.mark.parametrize("first", [Spreading.SPREAD, Spreading.BACK, Spreading.PREPARED])
def test_a_user_created_by_runs_in_both_directions_at_once_is_created_once(
    pipeline: Pipeline, first: Spreading
) -> None:
    mark(pipeline, Spreading.PREPARED)
    other = Spreading.BACK if first is Spreading.SPREAD else Spreading.SPREAD
    item: Any = {name: value for name, value in user_item("", NEW).items() if name != "pk"}
    stored: list[bool] = []

    def create(state: Spreading) -> None:
        stored.extend(create_users(TABLE, UserPlaces(TENANT, state), [item], pipeline.deadline))

    for _ in between_all_calls(pipeline.memory, lambda: create(first), lambda: create(other)):
        assert len(places(pipeline)["new@x.example"]) == 1
        assert sum(stored[-2:]) == 1


# What follows


def test_a_write_over_an_outdated_version_is_tried_once_and_returns_what_is_stored(
    pipeline: Pipeline,
) -> None:
    before_a_move(pipeline, Spreading.SPREAD)
    move(pipeline, Spreading.SPREAD)
    records = pipeline.resources.tables.user_records.for_run(TENANT)
    stored = records.read(TENANT, [AMINA], pipeline.deadline)[AMINA]
    outdated = RecordWrite(replace(stored, version=stored.version + 7), {}, {}, ())

    with incident(pipeline.memory, Mishap()) as every:
        [(write, found)] = records.write([outdated], pipeline.deadline)

    assert (write, found) == (outdated, stored)
    assert every.seen == 1


@BOTH_WAYS
def test_moving_a_user_is_not_a_change(pipeline: Pipeline, state: Spreading) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.publish()
    before_a_move(pipeline, state)
    mark_deleted(pipeline)
    pipeline.follow()
    pools = pipeline.memory.pools.snapshot()
    move(pipeline, state)

    with incident(pipeline.memory, Mishap("BatchGetItem")) as reads:
        event = pipeline.follow()

    assert len(event["Records"]) == 2 * len(USERS)
    # No user was even read.
    assert reads.seen == 0
    assert pipeline.memory.pools.snapshot() == pools


def test_a_deleted_user_of_a_shard_is_removed_from_everything(pipeline: Pipeline) -> None:
    before_a_move(pipeline, Spreading.BACK)
    ids = pipeline.kenyan(2, held_by=AMINA)
    pipeline.settle()
    gone = User(AMINA, "Amina Otieno", frozenset({"Sales"}), "Kenya", False, True)
    pipeline.users(gone)

    pipeline.settle()

    assert pipeline.holders(*ids) == ["", ""]
    assert list(pipeline.resources.tables.portfolios.of(TENANT, AMINA)) == []


# The command


@pytest.fixture
def _stack(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = Stack("handover", None, {"DirectoryTable": TABLE})
    monkeypatch.setattr("infra.cli.session.find_stack", lambda: stack)
    monkeypatch.setattr(migrating, "time", pipeline.clock)
    monkeypatch.setattr(pipeline.clock, "monotonic", pipeline.clock.time, raising=False)


@pytest.mark.usefixtures("_stack")
def test_users_are_moved_only_after_every_function_reads_shards(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["migrate", "users", "--tenant", TENANT]

    assert main(words) == 0
    assert "Run this again in 15 minutes" in capsys.readouterr().out
    pipeline.clock.now += 14 * MINUTE
    assert main(words) != 0
    assert is_moved(pipeline, Spreading.BACK)
    pipeline.clock.now += MINUTE
    assert main(words) == 0
    assert f"Moved {len(USERS)} users." in capsys.readouterr().out
    assert is_moved(pipeline, Spreading.SPREAD)
    pipeline.clock.now += 15 * MINUTE
    assert main(words) == 0
    assert f"All users of {TENANT} are spread." in capsys.readouterr().out
    assert UserPlaces(TENANT, Spreading.SETTLED).of(AMINA) == tuple(places(pipeline)[AMINA])

    assert main([*words, "--back"]) == 0
    assert "Run this again in 15 minutes" in capsys.readouterr().out
    pipeline.clock.now += 15 * MINUTE
    assert main([*words, "--back"]) == 0
    assert is_moved(pipeline, Spreading.BACK)
    assert main([*words, "--back"]) == 0
    assert "Moved 0 users." in capsys.readouterr().out


@pytest.mark.usefixtures("_stack")
def test_a_tenant_that_was_never_spread_has_nothing_to_move_back(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    before = pipeline.memory.snapshot()

    assert main(["migrate", "users", "--tenant", TENANT, "--back"]) == 0

    assert "have never been spread" in capsys.readouterr().out
    assert pipeline.memory.snapshot() == before
