"""Login names that several lines of one file ask for: the order of chunks does not matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from handover.model import Mode, User
from handover.runtime import rfc3339
from handover.store.users import Stored
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.functional.test_directory_files import codes, dropped, file, users
from tests.kit.memory_aws import ObjectCreated, Snapshot
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import BEGINNING, HOUR, TENANT, Pipeline, import_id

LOGINS = "email,login_name"
ZOE, YAN, XIA = "zoe@x.example", "yan@x.example", "xia@x.example"


@pytest.fixture(autouse=True)
def a_chunk_for_each_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are cut after every line."""
    monkeypatch.setattr("handover.pipeline.validate.MIN_CHUNK_BYTES", 1)


def forwards(pipeline: Pipeline, *lines: str, header: str = LOGINS) -> ObjectCreated:
    """A file of users whose chunks are processed in their order."""
    return users(pipeline, *lines, header=header)


def backwards(pipeline: Pipeline, *lines: str, header: str = LOGINS) -> ObjectCreated:
    """A file of users whose last chunk is processed first."""
    pipeline.source(writes_directory=True)
    created = dropped(pipeline, "users.csv", file(header, *lines))
    assert pipeline.validate(created) == []
    pipeline.memory.sqs.outbox.reverse()
    pipeline.run()
    return created


def logins(pipeline: Pipeline) -> dict[str, str]:
    """The login names of all who have one, by address."""
    items = pipeline.memory.dynamodb.tables["DirectoryTable"].items.values()
    return {
        item["sk"]["S"].removeprefix("user#"): item["login_name"]["S"]
        for item in items
        if item["pk"]["S"] == TENANT and item.get("login_name", {}).get("S")
    }


def test_login_names_that_differ_only_by_a_sharp_s_are_the_same(pipeline: Pipeline) -> None:
    users(pipeline, f"{ZOE},wei\u00df", header=LOGINS)
    created = users(pipeline, f"{YAN},WEISS", header=LOGINS)

    assert codes(pipeline, created) == ["LOGIN_TAKEN"]
    assert logins(pipeline) == {ZOE: "wei\u00df"}


@pytest.mark.parametrize("work", [forwards, backwards])
def test_r91_a_login_name_that_lines_of_two_users_ask_for_goes_to_nobody(
    pipeline: Pipeline, work: Callable[..., ObjectCreated]
) -> None:
    created = work(pipeline, f"{ZOE},Zed", f"{XIA},xia", f"{YAN}, zed ")

    assert codes(pipeline, created) == ["LOGIN_REPEATED", "", "LOGIN_REPEATED"]
    assert logins(pipeline) == {XIA: "xia"}
    first, second = pipeline.table(created, "errors.csv")
    assert first["error"] == (
        "line 2, login_name: different users ask for the login name 'Zed', also on line 4, "
        "expected a different one for each user"
    )
    assert second["error"].startswith("line 4, login_name: different users ask for")
    assert "'zed', also on line 2, expected" in second["error"]


def test_at_most_five_of_the_other_lines_are_named(pipeline: Pipeline) -> None:
    created = forwards(pipeline, *(f"u{one}@x.example,zed" for one in range(8)))

    last = pipeline.table(created, "errors.csv")[-1]
    assert "also on line 2, 3, 4, 5, 6 and 2 more, expected" in last["error"]


def test_identical_lines_of_one_user_still_count_once(pipeline: Pipeline) -> None:
    created = forwards(pipeline, f"{ZOE},zed", f"{ZOE.upper()},zed")

    assert pipeline.counts(created) == {"lines": 2, "updated": 1, "duplicate": 1}
    assert logins(pipeline) == {ZOE: "zed"}


def test_all_lines_with_a_contested_login_name_are_rejected(pipeline: Pipeline) -> None:
    created = forwards(pipeline, f"{ZOE},zed", f"{ZOE},zed", f"{YAN},zed")

    assert codes(pipeline, created) == ["LOGIN_REPEATED"] * 3


def test_contradicting_lines_keep_their_code_beside_contested_names(
    pipeline: Pipeline,
) -> None:
    created = forwards(
        pipeline, f"{ZOE},zed", f"{ZOE},z2", f"{YAN},zed", f"{XIA},xia", header=LOGINS
    )

    assert codes(pipeline, created) == [
        "LOGIN_REPEATED",
        "DUPLICATE_CONFLICT",
        "LOGIN_REPEATED",
        "",
    ]


def test_a_line_that_deletes_its_user_asks_for_no_login_name(pipeline: Pipeline) -> None:
    created = forwards(
        pipeline,
        f"{ZOE},zed,deleted",
        f"{YAN},zed,active",
        f"{XIA},,",
        "wes@x.example,,",
        header="email,login_name,status",
    )

    assert codes(pipeline, created) == ["", "", "", ""]


def test_an_unreadable_line_does_not_contest_a_login_name(pipeline: Pipeline) -> None:
    created = forwards(pipeline, "zoe,zed", f"{YAN},zed", ",zed")

    assert codes(pipeline, created) == ["ADDRESS_INVALID", "", "ADDRESS_INVALID"]
    assert logins(pipeline) == {YAN: "zed"}


def test_all_spellings_of_a_login_name_are_the_same_name(pipeline: Pipeline) -> None:
    created = forwards(
        pipeline,
        f"{ZOE},b\u00d6b",
        f'{YAN},"  B\u00f6B "',
        f"{XIA},\uff42\u00f6b",
    )

    assert codes(pipeline, created) == ["LOGIN_REPEATED"] * 3


def test_a_dry_run_reports_contested_login_names_as_the_run_does(pipeline: Pipeline) -> None:
    ticket = pipeline.ticket(profile="directory-users", mode=Mode.DRY_RUN)
    created = pipeline.upload(file(LOGINS, f"{ZOE},zed", f"{YAN},zed"), ticket)
    pipeline.run(created)

    assert codes(pipeline, created) == ["LOGIN_REPEATED"] * 2


def test_a_chunk_waits_for_the_login_names_that_are_stored_for_it(
    pipeline: Pipeline,
) -> None:
    pipeline.source(writes_directory=True)
    created = dropped(pipeline, "users.csv", file(LOGINS, f"{ZOE},zed", f"{YAN},zed"))
    pipeline.validate(created)
    stored = pipeline.memory.s3.buckets[pipeline.resources.work_bucket].objects
    lost = {key: stored.pop(key) for key in list(stored) if "/logins/" in key}
    assert len(lost) == 2

    assert pipeline.assign(import_id(created), 1) != []
    stored.update(lost)
    pipeline.clock.now += 60
    pipeline.run()

    assert codes(pipeline, created) == ["LOGIN_REPEATED"] * 2


# Names that a line of the file gives up


def known(pipeline: Pipeline, *lines: str, header: str = LOGINS) -> None:
    """Creates users earlier than a claim lasts."""
    users(pipeline, *lines, header=header)
    pipeline.clock.now += 2 * HOUR


@pytest.mark.parametrize("work", [forwards, backwards])
@pytest.mark.parametrize("given_up", ["z2,active", ",active", "zed,deleted", ",deleted"])
def test_a_login_name_that_a_line_gives_up_is_free_for_the_next_import_only(
    pipeline: Pipeline, work: Callable[..., ObjectCreated], given_up: str
) -> None:
    known(pipeline, f"{ZOE},zed")
    header = "email,login_name,status"

    created = work(pipeline, f"{YAN},zed,", f"{ZOE},{given_up}", header=header)

    assert codes(pipeline, created) == ["LOGIN_TAKEN", ""]
    assert YAN not in logins(pipeline)
    (error,) = pipeline.table(created, "errors.csv")
    assert (
        "another user has the login name 'zed', or had it when this import began"
        in (error["error"])
    )
    pipeline.clock.now += 1
    assert codes(pipeline, forwards(pipeline, f"{YAN},zed,", header=header)) == [""]
    assert logins(pipeline)[YAN] == "zed"


@pytest.mark.parametrize("work", [forwards, backwards])
def test_users_cannot_exchange_their_login_names_in_one_file(
    pipeline: Pipeline, work: Callable[..., ObjectCreated]
) -> None:
    known(pipeline, f"{ZOE},zed", f"{YAN},yan")

    created = work(pipeline, f"{ZOE},yan", f"{YAN},zed", f"{XIA},xia")

    assert codes(pipeline, created) == ["LOGIN_TAKEN", "LOGIN_TAKEN", ""]
    assert logins(pipeline) == {ZOE: "zed", YAN: "yan", XIA: "xia"}


@pytest.mark.parametrize("work", [forwards, backwards])
def test_a_restored_user_has_no_login_name_unless_the_line_gives_one(
    pipeline: Pipeline, work: Callable[..., ObjectCreated]
) -> None:
    known(pipeline, f"{ZOE},zed")
    users(pipeline, f"{ZOE},deleted", header="email,status")
    known(pipeline, f"{YAN},zed")
    users(pipeline, f"{YAN},deleted", header="email,status")
    pipeline.clock.now += 1

    created = work(pipeline, f"{ZOE},active", f"{YAN},inactive", header="email,status")

    assert codes(pipeline, created) == ["", ""]
    assert logins(pipeline) == {}
    assert codes(pipeline, forwards(pipeline, f"{ZOE},Zed")) == [""]


def test_a_line_about_a_deleted_user_asks_for_no_login_name(pipeline: Pipeline) -> None:
    known(pipeline, f"{ZOE},zed")
    users(pipeline, f"{ZOE},deleted", header="email,status")
    known(pipeline, f"{YAN},zed")

    created = forwards(
        pipeline, f"{ZOE},zed,deleted", f"{YAN},zed,", header="email,login_name,status"
    )

    assert pipeline.counts(created) == {"lines": 2, "unchanged": 2}


def test_an_older_file_does_not_get_a_login_name_that_a_newer_one_frees(pipeline: Pipeline) -> None:
    known(pipeline, f"{ZOE},zed")
    older = dropped(pipeline, "users-1.csv", file(LOGINS, f"{YAN},zed"))
    pipeline.clock.now += 60
    newer = dropped(pipeline, "users-2.csv", file(LOGINS, f"{ZOE},z2"))

    pipeline.run(newer)
    pipeline.run(older)

    assert codes(pipeline, older) == ["LOGIN_TAKEN"]


def test_a_login_name_that_is_lost_while_its_line_is_decided_is_claimed_again(
    pipeline: Pipeline,
) -> None:
    """An older file takes it from the user, and another user gets it, before the write."""
    known(pipeline, f"{ZOE},zed")
    older = dropped(pipeline, "users-1.csv", file(LOGINS, f"{ZOE},z2"))
    pipeline.clock.now += 60
    newer = dropped(pipeline, "users-2.csv", file("email,name,login_name", f"{ZOE},Zoe,zed"))
    assert pipeline.validate(newer) == []
    pipeline.forget()

    def overtaken() -> None:
        pipeline.memory.hook = None
        pipeline.run(older)
        yan = User(YAN, "Yan", frozenset(), login_name="zed")
        store = pipeline.resources.tables.people.store
        precedence = rfc3339(pipeline.clock.now)
        stored = store(TENANT, None, yan, now=pipeline.clock.now, precedence=precedence)
        assert stored is Stored.DONE

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", before_call=overtaken)):
        assert pipeline.assign(import_id(newer)) == []
    pipeline.run()

    assert codes(pipeline, newer) == ["LOGIN_TAKEN"]
    assert logins(pipeline) == {ZOE: "z2", YAN: "zed"}


# Any file


ADDRESSES = [ZOE, YAN, XIA, "wes@x.example"]
STATUSES = st.sampled_from(["", "", "", "inactive", "deleted"])
HEADER = "email,login_name,status"


@pytest.fixture
def empty(pipeline: Pipeline) -> Snapshot:
    """The state at the beginning of a test."""
    return pipeline.memory.snapshot()


@st.composite
def tellings(draw: st.DrawFn, names: Iterable[str]) -> list[str]:
    """One line for each of the users, in any order."""
    lines = [
        f"{address},{draw(st.sampled_from(list(names)))},{draw(STATUSES)}" for address in ADDRESSES
    ]
    return draw(st.permutations(lines))


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    before=tellings(["", "a", "b", "c"]), rows=tellings(["", "a", "b", "c", "d"]), data=st.data()
)
def test_users_end_the_same_however_the_file_is_cut_and_in_any_order(
    pipeline: Pipeline, empty: Snapshot, before: list[str], rows: list[str], data: st.DataObject
) -> None:
    """Compares a file in one piece with pieces in any order, some of them killed and retried."""
    pipeline.memory.restore(empty)
    pipeline.clock.now = BEGINNING
    known(pipeline, *before, header=HEADER)
    created = dropped(pipeline, "users.csv", file(HEADER, *rows))
    beginning = pipeline.memory.snapshot()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("handover.pipeline.validate.MIN_CHUNK_BYTES", 1 << 20)
        pipeline.run(created)
    whole = ending_of(pipeline, created)
    pipeline.memory.restore(beginning)

    assert pipeline.validate(created) == []
    pipeline.forget()
    chunks = data.draw(st.permutations(range(1, len(rows) + 1)))
    for number in chunks:
        with incident(pipeline.memory, Mishap(kill_after=data.draw(st.integers(0, 20)))):
            pipeline.assign(import_id(created), number)
    pipeline.clock.now += 120
    for number in data.draw(st.permutations(chunks)):
        assert pipeline.assign(import_id(created), number) == []
    pipeline.run()

    assert ending_of(pipeline, created) == whole


def ending_of(pipeline: Pipeline, created: ObjectCreated) -> tuple[object, object]:
    """The result of a file, and the users after it."""
    directory = pipeline.resources.tables.directory
    found = directory.users(TENANT, ADDRESSES, pipeline.deadline)
    return pipeline.table(created, "results.csv"), found
