"""Login names that lines of one file contend for: the result knows no order of chunks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from handover.model import Mode

from tests.faults.memory_aws import ObjectCreated
from tests.functional.pipeline import TENANT, Pipeline, import_id
from tests.functional.test_directory_files import codes, dropped, file, users

LOGINS = "email,login_name"
ZOE, YAN, XIA = "zoe@x.example", "yan@x.example", "xia@x.example"


@pytest.fixture(autouse=True)
def a_chunk_for_each_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are cut after every line."""
    monkeypatch.setattr("handover.stages.intake.LEAST_CHUNK_BYTES", 1)


def forwards(pipeline: Pipeline, *lines: str, header: str = LOGINS) -> ObjectCreated:
    """A file of users whose chunks were worked in their order."""
    return users(pipeline, *lines, header=header)


def backwards(pipeline: Pipeline, *lines: str, header: str = LOGINS) -> ObjectCreated:
    """A file of users of which the last chunk was worked first."""
    pipeline.source()
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


@pytest.mark.parametrize("work", [forwards, backwards])
def test_r91_a_login_name_that_lines_of_two_users_ask_for_is_nobodys(
    pipeline: Pipeline, work: Callable[..., ObjectCreated]
) -> None:
    created = work(pipeline, f"{ZOE},Zed", f"{XIA},xia", f"{YAN}, zed ")

    assert codes(pipeline, created) == ["LOGIN_REPEATED", "", "LOGIN_REPEATED"]
    assert logins(pipeline) == {XIA: "xia"}
    first, second = pipeline.table(created, "errors.csv")
    assert first["error"] == (
        "line 2, login_name: different users ask for the login name 'Zed', also on line 4; wanted "
        "one of each user's own"
    )
    assert second["error"].startswith("line 4, login_name: different users ask for")
    assert "'zed', also on line 2;" in second["error"]


def test_at_most_five_of_the_other_lines_are_named(pipeline: Pipeline) -> None:
    created = forwards(pipeline, *(f"u{one}@x.example,zed" for one in range(8)))

    last = pipeline.table(created, "errors.csv")[-1]
    assert "also on line 2, 3, 4, 5, 6 and 2 more;" in last["error"]


def test_identical_lines_of_one_user_still_count_once(pipeline: Pipeline) -> None:
    created = forwards(pipeline, f"{ZOE},zed", f"{ZOE.upper()},zed")

    assert pipeline.counts(created) == {"lines": 2, "updated": 1, "duplicate": 1}
    assert logins(pipeline) == {ZOE: "zed"}


def test_no_line_stands_for_one_whose_login_name_is_contested(pipeline: Pipeline) -> None:
    created = forwards(pipeline, f"{ZOE},zed", f"{ZOE},zed", f"{YAN},zed")

    assert codes(pipeline, created) == ["LOGIN_REPEATED"] * 3


def test_lines_that_contradict_each_other_are_told_so_beside_contested_names(
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


def test_a_line_that_cannot_be_read_takes_part_in_nothing(pipeline: Pipeline) -> None:
    created = forwards(pipeline, "zoe,zed", f"{YAN},zed", ",zed")

    assert codes(pipeline, created) == ["ADDRESS_INVALID", "", "ADDRESS_INVALID"]
    assert logins(pipeline) == {YAN: "zed"}


def test_every_writing_of_a_login_name_is_the_same_name(pipeline: Pipeline) -> None:
    created = forwards(
        pipeline,
        f"{ZOE},b\u00d6b",
        f'{YAN},"  B\u00f6B "',
        f"{XIA},\uff42\u00f6b",
    )

    assert codes(pipeline, created) == ["LOGIN_REPEATED"] * 3


def test_a_dry_run_tells_of_contested_login_names_as_the_run_does(pipeline: Pipeline) -> None:
    ticket = pipeline.ticket(profile="directory-users", mode=Mode.DRY_RUN)
    created = pipeline.upload(file(LOGINS, f"{ZOE},zed", f"{YAN},zed"), ticket)
    pipeline.run(created)

    assert codes(pipeline, created) == ["LOGIN_REPEATED"] * 2


def test_a_chunk_without_the_login_names_that_were_stored_for_it_waits(
    pipeline: Pipeline,
) -> None:
    pipeline.source()
    created = dropped(pipeline, "users.csv", file(LOGINS, f"{ZOE},zed", f"{YAN},zed"))
    pipeline.validate(created)
    stored = pipeline.memory.s3.buckets[pipeline.wiring.work_bucket].objects
    lost = {key: stored.pop(key) for key in list(stored) if "/logins/" in key}
    assert len(lost) == 2

    assert pipeline.assign(import_id(created), 1) != []
    stored.update(lost)
    pipeline.clock.now += 60
    pipeline.run()

    assert codes(pipeline, created) == ["LOGIN_REPEATED"] * 2
