"""follow: the sign-ins of users whom files change follow them, as after an Admin's edit."""

from __future__ import annotations

from typing import Any

import pytest
from handover.access.sign_ins import sync_sign_in
from handover.audit import Act, Outcome
from handover.aws.sign_ins import group_of
from handover.errors import RetryLaterError
from handover.runtime import logger, rfc3339
from msgspec.structs import replace

from functions.follow import app
from tests.functional.test_directory_files import user, users
from tests.kit.jobs import api
from tests.kit.memory_aws import ServiceError, Twist
from tests.kit.memory_aws.cognito import SignIn
from tests.kit.mishaps import Mishap, incident, killed_at_every_call
from tests.kit.pipeline import AMINA, BARAKA, TENANT, Pipeline

HEADER = "email,status,roles"


@pytest.fixture
def signed_up(pipeline: Pipeline) -> Pipeline:
    """A user whom an Admin has invited, after follow has processed everything."""
    pipeline.memory.pools.groups |= {"Sales", "Finance"}
    body = {"name": "Amina Otieno", "roles": ["Sales"]}
    assert api(pipeline).request("PUT", f"/users/{AMINA}", body).status == 200
    pipeline.settle()
    return pipeline


def sign_in(pipeline: Pipeline) -> SignIn:
    """The sign-in of the user."""
    return pipeline.memory.pools.sign_ins[AMINA]


def acts_of_sign_ins(pipeline: Pipeline) -> list[Act]:
    """The acts of the audit trail that allow or bar a sign-in, the newest first."""
    entries = pipeline.resources.tables.audit.newest(
        TENANT, before="", since="", now=rfc3339(pipeline.clock.now), rows=9
    )
    return [one.act for one in entries if one.act in (Act.SIGN_IN_ALLOWED, Act.SIGN_IN_BARRED)]


def write_user(pipeline: Pipeline, line: str) -> None:
    """Imports a file with this row of the user, with everything that follows."""
    pipeline.clock.now += 1
    users(pipeline, line, header=HEADER)
    pipeline.settle()


def test_a_file_blocks_and_unblocks_the_sign_in_of_a_user(
    signed_up: Pipeline,
) -> None:
    write_user(signed_up, f"{AMINA},inactive,Sales")
    assert not sign_in(signed_up).enabled

    write_user(signed_up, f"{AMINA},active,Sales")
    assert sign_in(signed_up).enabled
    assert signed_up.memory.pools.invited == [AMINA]


def test_the_groups_of_a_sign_in_follow_the_roles_in_a_file(signed_up: Pipeline) -> None:
    before = acts_of_sign_ins(signed_up)

    write_user(signed_up, f"{AMINA},,Finance;{group_of('Nobody Knows')}")

    assert sign_in(signed_up).groups == {"Finance"}
    assert acts_of_sign_ins(signed_up) == before, "nobody is allowed or barred by other roles"


def test_a_change_of_another_field_asks_the_user_pool_nothing(signed_up: Pipeline) -> None:
    signed_up.clock.now += 1
    users(signed_up, f"{AMINA},Togo", header="email,opco")
    event = signed_up.drained("DirectoryTable")

    with incident(signed_up.memory, Mishap("AdminGetUser")) as asked:
        signed_up.invoke(app.lambda_handler, event)

    assert user(signed_up, AMINA).opco == "Togo"
    assert asked.seen == 0


def test_a_file_invites_nobody(signed_up: Pipeline) -> None:
    write_user(signed_up, f"{BARAKA},inactive,Sales")
    write_user(signed_up, "new@lumina.example,,Sales")
    write_user(signed_up, f"{BARAKA},active,Sales")
    write_user(signed_up, f"{BARAKA},active,Finance")

    assert set(signed_up.memory.pools.sign_ins) == {AMINA}
    assert signed_up.memory.pools.invited == [AMINA]


def test_a_restored_user_must_be_invited_again(signed_up: Pipeline) -> None:
    write_user(signed_up, f"{AMINA},deleted,Sales")
    assert signed_up.memory.pools.sign_ins == {}

    write_user(signed_up, f"{AMINA},active,Sales")
    assert signed_up.memory.pools.sign_ins == {}

    assert api(signed_up).post(f"/users/{AMINA}/invitation").status == 200
    assert sign_in(signed_up).enabled


def test_a_sign_in_of_another_tenant_is_not_touched(
    signed_up: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_in(signed_up).attributes["custom:tenant"] = "umbra"

    for status in ("inactive", "active"):
        write_user(signed_up, f"{AMINA},{status},Finance")

    assert (sign_in(signed_up).enabled, sign_in(signed_up).groups) == (True, {"Sales"})
    assert "InvitationsNotMade" not in capsys.readouterr().out, "a file invites nobody"


def test_a_change_that_comes_twice_is_noted_once(signed_up: Pipeline) -> None:
    signed_up.clock.now += 1
    users(signed_up, f"{AMINA},inactive,Sales", header=HEADER)
    stream = signed_up.memory.dynamodb.tables["DirectoryTable"].stream
    change = {"Records": [one.record() for one in stream]}

    for _ in ("first", "again"):
        signed_up.invoke(app.lambda_handler, change)
        signed_up.clock.now += 1

    noted = api(signed_up).get("/audit", act="sign_in_barred").body["entries"]
    assert [one["about"] for one in noted] == [f"user {AMINA}"]


def test_an_outdated_record_leaves_the_sign_in_as_the_user_is(
    signed_up: Pipeline,
) -> None:
    signed_up.clock.now += 1
    users(signed_up, f"{AMINA},inactive,Sales", header=HEADER)
    stream = signed_up.memory.dynamodb.tables["DirectoryTable"].stream
    late = {"Records": [change.record() for change in stream]}
    stream.clear()
    write_user(signed_up, f"{AMINA},active,Sales")

    signed_up.invoke(app.lambda_handler, late)

    assert sign_in(signed_up).enabled


def test_a_sign_in_follows_its_user_whichever_call_is_lost(signed_up: Pipeline) -> None:
    signed_up.clock.now += 1
    users(signed_up, f"{AMINA},inactive,Finance", header=HEADER)
    event = signed_up.drained("DirectoryTable")
    calls = []

    for call in killed_at_every_call(
        signed_up.memory, lambda: signed_up.invoke(app.lambda_handler, event)
    ):
        signed_up.invoke(app.lambda_handler, event)

        assert not sign_in(signed_up).enabled
        assert sign_in(signed_up).groups == {"Finance"}
        calls.append(call)

    assert max(calls) > 4


def test_an_overtaken_edit_leaves_the_sign_in_as_the_later_change_says(
    signed_up: Pipeline,
) -> None:
    """The change comes after the edit is stored and before it reaches the sign-in."""
    active = signed_up.resources.tables.directory.user(TENANT, AMINA)
    assert active is not None

    def they_come() -> None:
        signed_up.memory.hook = None
        signed_up.users(active)
        sync_sign_in(signed_up.resources, TENANT, active, invites=False)

    body = {"name": "Amina Otieno", "roles": ["Sales"], "status": "inactive"}
    with incident(signed_up.memory, Mishap("AdminDisableUser", before_call=they_come)):
        assert api(signed_up).request("PUT", f"/users/{AMINA}", body).status == 200

    assert sign_in(signed_up).enabled


def test_an_edit_that_a_deletion_overtakes_leaves_no_usable_sign_in(
    signed_up: Pipeline,
) -> None:
    """Only a deletion removes a sign-in; a late edit blocks it."""
    user = signed_up.resources.tables.directory.user(TENANT, AMINA)
    assert user is not None
    deleted = replace(user, is_active=False, is_deleted=True)

    def they_come() -> None:
        signed_up.memory.hook = None
        signed_up.users(deleted)
        sync_sign_in(signed_up.resources, TENANT, deleted, invites=False)

    body = {"name": "Amina Otieno", "roles": ["Finance"]}
    with incident(signed_up.memory, Mishap("AdminGetUser", before_call=they_come)):
        assert api(signed_up).request("PUT", f"/users/{AMINA}", body).status == 200

    assert not sign_in(signed_up).enabled


def test_a_user_who_changes_at_every_try_must_be_tried_later(signed_up: Pipeline) -> None:
    def they_change() -> None:
        now = user(signed_up, AMINA)
        signed_up.users(replace(now, is_active=not now.is_active))

    with (
        incident(signed_up.memory, Mishap("AdminGetUser", before_call=they_change)) as tries,
        pytest.raises(RetryLaterError, match="the user is being changed by others"),
    ):
        sync_sign_in(signed_up.resources, TENANT, user(signed_up, AMINA), invites=False)

    assert tries.seen == 4


def test_an_address_that_the_user_pool_does_not_accept_stops_no_other(
    signed_up: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages: list[str] = []
    monkeypatch.setattr(logger, "info", lambda text, **_more: messages.append(text))
    get = signed_up.memory.pools.admin_get_user

    def picky(params: dict[str, Any], twist: Twist) -> dict[str, Any]:
        if params["Username"] == BARAKA:
            raise ServiceError("InvalidParameterException", "Username should be an email.")
        return get(params, twist)

    signed_up.memory.register("cognito-idp", "AdminGetUser", picky)
    signed_up.clock.now += 1
    lines = [f"{one},inactive,Sales" for one in (AMINA, BARAKA)]
    users(signed_up, *lines, header=HEADER)

    signed_up.settle()

    assert not sign_in(signed_up).enabled
    assert messages.count("no sign-in can have this address") == 1
    entries = signed_up.resources.tables.audit.newest(
        TENANT, before="", since="", now=rfc3339(signed_up.clock.now), rows=9
    )
    outcomes = {one.about: one.outcome for one in entries if one.act is Act.SIGN_IN_BARRED}
    assert outcomes == {f"user {AMINA}": Outcome.DONE, f"user {BARAKA}": Outcome.NOT_DONE}
