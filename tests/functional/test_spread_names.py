"""Names and login names under several keys: each is found, and no login name has two users."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from handover.model import User
from handover.rules.addresses import normalized_name
from handover.runtime import rfc3339
from handover.store import user_places
from handover.store.moving import NameMover
from handover.store.name_places import NAMES_MARK, name_places, read_logins, write_logins
from handover.store.user_places import SHARDS, Spreading, put_mark, tenant_of
from handover.store.users import Stored

from infra.cli import migrating
from infra.cli.location import Stack
from infra.cli.main import main
from tests.functional.test_directory_files import dropped, file
from tests.kit.mishaps import between_all_calls, killed_at_every_call
from tests.kit.pipeline import AMINA, BARAKA, MINUTE, TENANT, Pipeline

TABLE = "DirectoryTable"
# Two of one name; a name with the separator of the index's keys.
NAMED = (
    User(AMINA, "Sam Sale", frozenset({"Sales"}), login_name="amina"),
    User(BARAKA, "Sam Sale", frozenset({"Sales"}), login_name="baraka"),
    User("c#1@x.example", "Sam#Sale", frozenset(), login_name="cleo"),
)
LOGINS = ("amina", "baraka", "cleo", "nobody")
BOTH_WAYS = pytest.mark.parametrize("state", [Spreading.SPREAD, Spreading.BACK])


@pytest.fixture
def named(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """A tenant whose users have names and login names, with few shards to read."""
    monkeypatch.setattr(user_places, "SHARDS", 3)
    pipeline.users(*NAMED)
    return pipeline


def mark(pipeline: Pipeline, state: Spreading) -> None:
    put_mark(TABLE, TENANT, state, pipeline.clock.now, mark=NAMES_MARK)


def move(pipeline: Pipeline, state: Spreading) -> None:
    """Moves the names to the shards, or back."""
    mover = NameMover(TABLE)
    steps = mover.spread if state is Spreading.SPREAD else mover.gather
    list(steps(TENANT, pipeline.deadline))


def before_a_move(pipeline: Pipeline, state: Spreading) -> None:
    """Puts every name where a move in that direction begins, and marks the tenant."""
    mark(pipeline, Spreading.SPREAD)
    if state is Spreading.BACK:
        move(pipeline, Spreading.SPREAD)
        mark(pipeline, Spreading.BACK)


def places(pipeline: Pipeline) -> dict[str, list[str]]:
    """The partition keys at which each name and login name lies."""
    found: dict[str, list[str]] = {}
    for pk, sk in pipeline.memory.dynamodb.tables[TABLE].items:
        if sk.startswith(("name#", "login#")) and tenant_of(pk) == TENANT:
            found.setdefault(sk, []).append(pk)
    return found


def is_moved(pipeline: Pipeline, state: Spreading) -> bool:
    keys = [pk for of_name in places(pipeline).values() for pk in of_name]
    return all((pk != TENANT) == (state is Spreading.SPREAD) for pk in keys)


def are_single(pipeline: Pipeline) -> bool:
    """True when no login name lies under two keys."""
    return all(len(keys) == 1 for sk, keys in places(pipeline).items() if sk.startswith("login#"))


def listed(pipeline: Pipeline) -> dict[str, Any]:
    """The answers to all look-ups by name and by login name."""
    directory, people = pipeline.resources.tables.directory, pipeline.resources.tables.people
    deadline = pipeline.deadline
    looks = [normalized_name(name) for name in ("Sam Sale", "Sam#Sale", "No Body")]
    called = list(people.called(TENANT, "s", None, deadline))
    return {
        "by login": directory.users_by_login(TENANT, LOGINS, deadline),
        "by name": directory.users_by_name(TENANT, looks, deadline),
        "called": called,
        "from a place": list(people.called(TENANT, "s", called[1][0], deadline)),
        "holders": pipeline.resources.tables.user_records.holders_of_logins(
            TENANT, dict.fromkeys(LOGINS, "asks@x.example"), "9", pipeline.clock.now, deadline
        ),
    }


def test_names_are_the_same_before_and_after_a_move_and_back_again(named: Pipeline) -> None:
    before = listed(named)
    assert len(before["called"]) > 3

    for state in (Spreading.SPREAD, Spreading.BACK, Spreading.SPREAD):
        mark(named, state)
        assert listed(named) == before
        move(named, state)
        assert is_moved(named, state)
        assert listed(named) == before
    for state in (Spreading.SETTLED, Spreading.LEAVING):
        mark(named, state)
        assert listed(named) == before


@BOTH_WAYS
def test_names_are_the_same_between_any_two_calls_of_a_move_and_of_a_listing(
    named: Pipeline, state: Spreading
) -> None:
    before = listed(named)
    before_a_move(named, state)

    for _ in between_all_calls(named.memory, lambda: move(named, state), lambda: listed(named)):
        assert listed(named) == before
    before_a_move(named, state)
    found: list[dict[str, Any]] = []
    for _ in between_all_calls(
        named.memory, lambda: found.append(listed(named)), lambda: move(named, state)
    ):
        assert found.pop() == before


@BOTH_WAYS
def test_the_next_move_finishes_one_that_is_killed_anywhere(
    named: Pipeline, state: Spreading
) -> None:
    before = listed(named)
    before_a_move(named, state)

    for _ in killed_at_every_call(named.memory, lambda: move(named, state)):
        assert listed(named) == before
        assert are_single(named)
        move(named, state)
        assert is_moved(named, state)


def edit(pipeline: Pipeline) -> None:
    """Amina gives up her name and login name, and Baraka takes them, as through the API."""
    people, directory = pipeline.resources.tables.people, pipeline.resources.tables.directory
    for after in (
        User(AMINA, "Amina O", frozenset({"Sales"}), login_name="amina.o"),
        User(BARAKA, "Sam Sale", frozenset({"Sales"}), login_name="amina"),
    ):
        for _ in range(9):
            known = directory.user(TENANT, after.email)
            if known == after:
                break
            now, precedence = pipeline.clock.now, rfc3339(pipeline.clock.now)
            assert people.store(TENANT, known, after, now=now, precedence=precedence) in (
                Stored.DONE,
                Stored.OVERTAKEN,
            )


def seed(pipeline: Pipeline) -> None:
    """Seeds a user with another name and login name."""
    pipeline.users(User(AMINA, "Amina O", frozenset({"Sales"}), login_name="amina.o"))


def claim(pipeline: Pipeline) -> None:
    """Claims a new login name and one that a user has, as lines of a file do."""
    expected = {"new": "new@x.example", "amina": "new@x.example"}
    records = pipeline.resources.tables.user_records
    refused = records.claim_logins(TENANT, expected, "9", pipeline.clock.now, pipeline.deadline)
    assert refused == {"new": "new@x.example", "amina": AMINA}


@pytest.mark.parametrize("change", [edit, seed, claim])
@BOTH_WAYS
def test_a_change_between_any_two_calls_of_a_move_counts_and_vice_versa(
    named: Pipeline, state: Spreading, change: Callable[[Pipeline], None]
) -> None:
    start = named.memory.snapshot()
    change(named)
    changed = listed(named)
    named.memory.restore(start)
    before_a_move(named, state)

    for first, second in ((move, change), (change, move)):
        does = {move: lambda: move(named, state), change: lambda: change(named)}
        for _ in between_all_calls(named.memory, does[first], does[second]):
            assert listed(named) == changed
            assert are_single(named)
            move(named, state)
            assert listed(named) == changed
            assert is_moved(named, state)


def test_a_login_name_is_claimed_once_by_runs_in_both_directions(named: Pipeline) -> None:
    """A run keeps the mark that it has read, while the next run reads another."""
    records = named.resources.tables.user_records
    answers: list[str] = []

    def claim_for(email: str, state: Spreading) -> None:
        mark(named, state)
        claims = {"new": email}
        found = records.claim_logins(TENANT, claims, "9", named.clock.now, named.deadline)
        answers.append(found["new"])

    mark(named, Spreading.PREPARED)
    for _ in between_all_calls(
        named.memory,
        lambda: claim_for("one@x.example", Spreading.BACK),
        lambda: claim_for("two@x.example", Spreading.SPREAD),
    ):
        assert answers[-1] == answers[-2]
        assert are_single(named)


def test_a_login_name_that_another_run_stored_first_stops_no_other(named: Pipeline) -> None:
    """They are stored together, and one by one if that is refused."""
    mark(named, Spreading.SPREAD)
    found = name_places(TABLE, TENANT)

    def write(**bodies: str) -> set[str]:
        return write_logins(TABLE, found, bodies, {}, named.deadline)

    assert write(new="first") == {"new"}
    assert write(late="second", new="second") == {"late"}

    logins = read_logins(TABLE, found, ["new", "late"], named.deadline)
    assert {login: one.body for login, one in logins.items()} == {"new": "first", "late": "second"}


def test_a_file_of_users_ends_the_same_while_names_are_moved(named: Pipeline) -> None:
    before_a_move(named, Spreading.SPREAD)
    named.source(writes_directory=True)
    lines = (f"{AMINA},Amina O,amina.o,active", "new@x.example,Sam Sale,new,active")
    created = dropped(named, "users.csv", file("email,name,login_name,status", *lines))
    assert named.validate(created) == []
    (body,) = named.waiting("ChunksQueue")

    for _ in between_all_calls(
        named.memory,
        lambda: named.assign(body["import_id"], body["chunk"]),
        lambda: move(named, Spreading.SPREAD),
    ):
        named.run()
        assert named.counts(created) == {"lines": 2, "updated": 2}
        found = listed(named)
        assert set(found["by login"]) == {"baraka", "cleo"}
        assert [user.email for user in found["by name"]["sam sale"]] == [BARAKA, "new@x.example"]
        assert are_single(named)


def test_login_names_of_a_large_tenant_are_read_evenly_from_all_keys(pipeline: Pipeline) -> None:
    many = [f"u{number:04d}" for number in range(1600)]
    mark(pipeline, Spreading.SPREAD)
    pipeline.users(*(User(f"{one}@x.example", "", frozenset(), login_name=one) for one in many))
    mark(pipeline, Spreading.SETTLED)

    keys = Counter(
        pk for sk, (pk,) in places(pipeline).items() if sk.removeprefix("login#") in many
    )

    assert len(keys) == SHARDS
    assert max(keys.values()) < 1.5 * len(many) / SHARDS
    assert len(
        pipeline.resources.tables.directory.users_by_login(TENANT, many, pipeline.deadline)
    ) == len(many)


# The command


@pytest.fixture
def _stack(named: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = Stack("handover", None, {"DirectoryTable": TABLE})
    monkeypatch.setattr("infra.cli.session.find_stack", lambda: stack)
    monkeypatch.setattr(migrating, "time", named.clock)
    monkeypatch.setattr(named.clock, "monotonic", named.clock.time, raising=False)


@pytest.mark.usefixtures("_stack")
def test_names_are_moved_only_after_every_run_can_know(
    named: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["migrate", "names", "--tenant", TENANT]
    back = [*words, "--back"]

    def says(command: list[str], text: str, state: Spreading | None) -> None:
        main(command)
        output = capsys.readouterr()
        assert text in output.out + output.err
        assert name_places(TABLE, TENANT).state is state

    says(back, "have never been spread", None)
    says(words, "Run this again in 15 minutes", Spreading.PREPARED)
    named.clock.now += 14 * MINUTE
    says(words, "expected 900 s", Spreading.PREPARED)
    assert is_moved(named, Spreading.BACK)
    named.clock.now += MINUTE
    says(words, f"Moved {len(places(named))} names.", Spreading.SPREAD)
    assert is_moved(named, Spreading.SPREAD)
    says(words, "Moved 0 names.", Spreading.SPREAD)
    named.clock.now += 15 * MINUTE
    says(words, f"All names of {TENANT} are spread.", Spreading.SETTLED)
    says(words, f"All names of {TENANT} are spread.", Spreading.SETTLED)

    says(back, "Prepared for the way back", Spreading.LEAVING)
    says(back, "expected 900 s", Spreading.LEAVING)
    named.clock.now += 15 * MINUTE
    says(back, f"Moved {len(places(named))} names.", Spreading.BACK)
    assert is_moved(named, Spreading.BACK)
