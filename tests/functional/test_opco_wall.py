"""The wall between opcos: a rule of the tenant's data, whatever the profile.

`tests/rights` tests every action that can put a user on an account.
"""

from __future__ import annotations

from typing import Any

import pytest
from handover.model import Account
from handover.profiles.opco_wall import OpcoWall
from handover.profiles.settings import Settings
from msgspec.structs import replace

from tests.kit.jobs import (
    NEWCOMER,
    api,
    ask_removal,
    await_newcomer,
    awaited,
    newcomer,
)
from tests.kit.memory_aws import ObjectCreated
from tests.kit.pipeline import (
    AMINA,
    BARAKA,
    MINUTE,
    ROLE,
    TENANT,
    TOGO,
    Pipeline,
    import_id,
)

MULTI = "multi-with-workflow"
WALLS = [(OpcoWall.ALWAYS, False), (OpcoWall.BY_PROFILE, True)]


def put_wall(pipeline: Pipeline, wall: OpcoWall, **more: Any) -> None:
    """Sets the tenant's wall."""
    settings = Settings(opco_wall=wall, **more)
    pipeline.resources.tables.directory.put_settings(TENANT, settings)


def given(pipeline: Pipeline, *lines: str) -> ObjectCreated:
    """A file of customers with managers, which has been imported."""
    rows = "".join(f"{line},\n" for line in lines)
    body = f"External Id,Account manager email,Workflow name\n{rows}".encode()
    created = pipeline.upload(body, pipeline.ticket(profile=MULTI))
    pipeline.run(created)
    pipeline.settle()
    pipeline.clock.now += MINUTE
    return created


def codes(pipeline: Pipeline, created: ObjectCreated) -> list[str]:
    """The code of each line, "" for a good one."""
    return [row["code"] for row in pipeline.table(created, "results.csv")]


@pytest.mark.parametrize(("wall", "is_taken"), WALLS)
def test_finding_1_the_wall_of_the_tenant_applies_under_a_profile_without_a_wall(
    pipeline: Pipeline, wall: OpcoWall, *, is_taken: bool
) -> None:
    put_wall(pipeline, wall)
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.accounts(Account(TENANT, "K9", 1))

    created = given(pipeline, f'K000,"{BARAKA},{TOGO}"', f"K001,{BARAKA}", f"K9,{TOGO}")

    assert codes(pipeline, created) == ["" if is_taken else "OTHER_OPCO", "", ""]
    together = f"{BARAKA}, {TOGO}" if is_taken else AMINA
    assert pipeline.holders("K000", "K001", "K9") == [together, BARAKA, TOGO]


@pytest.mark.parametrize(("wall", "is_taken"), WALLS)
def test_finding_1_the_wall_applies_to_viewers_as_to_managers(
    pipeline: Pipeline, wall: OpcoWall, *, is_taken: bool
) -> None:
    put_wall(pipeline, wall)
    pipeline.kenyan(1, held_by=AMINA)
    body = f"customer ID,email,defaultViewers\nK000,,{TOGO}\n".encode()
    created = pipeline.upload(body, pipeline.ticket(profile="manager-and-viewers"))

    pipeline.run(created)

    assert codes(pipeline, created) == ["" if is_taken else "OTHER_OPCO"]
    held = pipeline.account("K000").assigned.get("viewer", ())
    assert held == ((TOGO,) if is_taken else ())


@pytest.mark.parametrize(("wall", "is_taken"), WALLS)
def test_finding_1_the_wall_applies_when_all_accounts_of_a_holder_are_reassigned(
    pipeline: Pipeline, wall: OpcoWall, *, is_taken: bool
) -> None:
    put_wall(pipeline, wall)
    pipeline.kenyan(1, held_by=AMINA)
    pipeline.settle()

    api(pipeline).post("/assignments", {"profile": MULTI, "to": TOGO, "held_by": AMINA})
    (written,) = pipeline.settle()

    assert codes(pipeline, written) == ["" if is_taken else "OTHER_OPCO"]
    assert pipeline.holders("K000") == [TOGO if is_taken else AMINA]


@pytest.mark.parametrize(("wall", "is_taken"), WALLS)
def test_finding_1_an_undo_restores_nobody_across_the_wall_and_names_the_line(
    pipeline: Pipeline, wall: OpcoWall, *, is_taken: bool
) -> None:
    put_wall(pipeline, wall)
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.accounts(Account(TENANT, "K9", 1, opco="Kenya", assigned={ROLE: (TOGO,)}))
    created = given(pipeline, f"K000,{BARAKA}", f"K9,{BARAKA}")

    answer = api(pipeline).post(f"/imports/{import_id(created)}/undo")
    (undo,) = pipeline.settle()

    assert answer.status == 202
    assert pipeline.holders("K000", "K9") == [AMINA, TOGO if is_taken else BARAKA]
    assert codes(pipeline, undo) == ["", "" if is_taken else "OTHER_OPCO"]
    assert is_taken or TOGO in pipeline.table(undo, "errors.csv")[0]["error"]


def test_finding_1_the_wall_never_stops_a_removal(pipeline: Pipeline) -> None:
    pipeline.accounts(
        Account(TENANT, "K1", 1, opco="Kenya", assigned={ROLE: (TOGO,)}),
        Account(TENANT, "K2", 1, opco="Kenya", assigned={ROLE: (TOGO, AMINA)}),
    )
    pipeline.settle()

    listed = given(pipeline, f"K2,{AMINA}")
    ask_removal(pipeline, TOGO)
    pipeline.settle()

    assert codes(pipeline, listed) == [""]
    assert pipeline.holders("K1", "K2") == ["", AMINA]


def test_finding_1_a_new_user_gets_the_accounts_of_their_own_opco_and_the_others_wait(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(1)
    pipeline.accounts(Account(TENANT, "T1", 1, opco="Togo"))
    await_newcomer(pipeline, "K000", "T1")
    pipeline.settle()

    newcomer(pipeline)
    (resolution,) = pipeline.settle()

    assert codes(pipeline, resolution) == [""], "no line that could change nothing"
    assert pipeline.holders("K000") == [NEWCOMER]
    assert awaited(pipeline) == [(NEWCOMER, "T1")]


@pytest.mark.parametrize("whose", ["account", "user"])
def test_finding_1_accounts_that_wait_behind_the_wall_are_rechecked_when_an_opco_is_corrected(
    pipeline: Pipeline, whose: str
) -> None:
    pipeline.accounts(Account(TENANT, "T1", 1, opco="Togo"))
    await_newcomer(pipeline, "T1")
    pipeline.settle()
    newcomer(pipeline)
    assert pipeline.settle() == [], "no file that could change nothing"
    assert awaited(pipeline) == [(NEWCOMER, "T1")]

    if whose == "account":
        body = b"account_id,opco\nT1,Kenya\n"
        pipeline.run(pipeline.upload(body, pipeline.ticket(profile="directory-accounts")))
    else:
        user = pipeline.resources.tables.directory.user(TENANT, NEWCOMER)
        assert user is not None
        pipeline.users(replace(user, opco="Togo"))
    pipeline.settle()

    assert pipeline.holders("T1") == [NEWCOMER]
    assert awaited(pipeline) == []


def test_with_the_wall_by_profile_a_new_user_gets_every_pending_account(pipeline: Pipeline) -> None:
    put_wall(pipeline, OpcoWall.BY_PROFILE)
    pipeline.accounts(Account(TENANT, "T1", 1, opco="Togo"))
    await_newcomer(pipeline, "T1")
    pipeline.settle()

    newcomer(pipeline)
    pipeline.settle()

    assert pipeline.holders("T1") == [NEWCOMER]


@pytest.mark.parametrize(("wall", "is_asked"), WALLS)
def test_a_user_created_before_their_account_is_published_is_rechecked_unless_the_wall_is_between(
    pipeline: Pipeline, wall: OpcoWall, *, is_asked: bool
) -> None:
    put_wall(pipeline, wall)
    pipeline.accounts(Account(TENANT, "T1", 1, opco="Togo"))
    await_newcomer(pipeline, "T1")
    newcomer(pipeline)
    pipeline.follow()
    rechecks = pipeline.memory.dynamodb.tables["DirectoryTable"].stream
    assert not rechecks, "nothing waits for the user yet"

    pipeline.publish()

    assert bool(rechecks) is is_asked
    pipeline.settle()
    assert pipeline.holders("T1") == [NEWCOMER if is_asked else f"pending:{NEWCOMER}"]


@pytest.mark.parametrize(("wall", "is_taken"), WALLS)
def test_finding_1_a_new_account_gets_no_manager_of_another_opco(
    pipeline: Pipeline, wall: OpcoWall, *, is_taken: bool
) -> None:
    put_wall(pipeline, wall, default_account_manager=AMINA)
    body = f"account_id,opco,account_manager\nN1,Kenya,{TOGO}\nN2,Togo,\nN3,Kenya,\n".encode()
    created = pipeline.upload(body, pipeline.ticket(profile="directory-accounts"))

    pipeline.run(created)

    assert codes(pipeline, created) == ["" if is_taken else "OTHER_OPCO", "", ""]
    assert pipeline.holders("N2", "N3") == [AMINA if is_taken else "", AMINA]
    found = pipeline.resources.tables.accounts.read(TENANT, ["N1"], pipeline.deadline)
    assert [one.assigned[ROLE] for one in found.values()] == ([(TOGO,)] if is_taken else [])


@pytest.mark.parametrize(("first", "then"), [WALLS, WALLS[::-1]])
def test_finding_1_an_import_is_decided_by_the_setting_at_its_validation(
    pipeline: Pipeline, first: tuple[OpcoWall, bool], then: tuple[OpcoWall, bool]
) -> None:
    wall, is_taken = first
    put_wall(pipeline, wall)
    pipeline.kenyan(1, held_by=AMINA)
    body = f"External Id,Account manager email,Workflow name\nK000,{TOGO},\n".encode()
    created = pipeline.upload(body, pipeline.ticket(profile=MULTI))
    assert pipeline.validate(created) == []

    put_wall(pipeline, then[0])
    pipeline.run()

    assert pipeline.holders("K000") == [TOGO if is_taken else AMINA]


def test_an_admin_sets_the_wall_by_profile_and_no_unknown_value(pipeline: Pipeline) -> None:
    office = api(pipeline)

    refused = office.request("PATCH", "/settings", {"opco_wall": "never"})
    changed = office.request("PATCH", "/settings", {"opco_wall": "by_profile"})

    assert (refused.status, refused.body["field"]) == (400, "opco_wall")
    assert (changed.status, changed.body["opco_wall"]) == (200, "by_profile")
    assert office.get("/settings").body == changed.body
