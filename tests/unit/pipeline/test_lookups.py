"""What is looked up for the lines of a file: users, names, workflows and likely accounts."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest
from handover.model import Account, Operation, User
from handover.pipeline.lookups import MAX_UNKNOWN_IDS, likely_accounts, lookup_context_for
from handover.profiles.opco_wall import OpcoWall
from handover.profiles.profile import NamedBy
from handover.rules.decision import LookupContext
from handover.rules.instructions import AssignmentRequest, Instruction
from handover.rules.pending import pending_assignee

from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import ADMIN, AMINA, ROLE, TENANT, Pipeline

BOSS = User("boss@lumina.example", "chief@lumina.example", frozenset(), login_name="BOSS7")
EMAIL: Collection[NamedBy] = (NamedBy.EMAIL,)
EVERY: Collection[NamedBy] = tuple(NamedBy)


def looked_up(
    pipeline: Pipeline,
    *names: str,
    ways: Collection[NamedBy] = EVERY,
    wall: OpcoWall = OpcoWall.ALWAYS,
    is_workflow: bool = False,
    operation: Operation = Operation.SET,
) -> LookupContext:
    """What is known for a line that asks for these names."""
    request = AssignmentRequest(ROLE, ROLE, names, is_workflow, operation)
    asked = [Instruction(2, "K000", "account ID", (request,))]
    return lookup_context_for(pipeline.resources, TENANT, asked, ways, wall, pipeline.deadline)


@pytest.mark.parametrize(
    ("name", "ways", "user"),
    [
        (AMINA, EMAIL, AMINA),
        (AMINA.upper(), EMAIL, AMINA),
        (pending_assignee(AMINA), EMAIL, AMINA),
        ("boss7", EVERY, BOSS.email),
        ("boss7", EMAIL, None),
        ("Amina  Otieno", EVERY, None),
    ],
)
def test_users_are_found_by_address_and_by_login_where_the_column_says_so(
    pipeline: Pipeline, name: str, ways: Collection[NamedBy], user: str | None
) -> None:
    pipeline.users(BOSS)

    found = looked_up(pipeline, name, ways=ways)

    assert [one.email for one in found.users.values()] == ([user] if user else [])


@pytest.mark.parametrize(
    ("name", "ways", "user"),
    [
        ("Amina  Otieno", EVERY, AMINA),
        ("Amina Otieno", EMAIL, None),
        # Who is called like an address is not found by it.
        (BOSS.name, EVERY, None),
    ],
)
def test_users_are_found_by_name_where_the_column_says_so_but_not_by_an_address(
    pipeline: Pipeline, name: str, ways: Collection[NamedBy], user: str | None
) -> None:
    pipeline.users(BOSS)

    found = looked_up(pipeline, name, ways=ways)

    users = [one.email for some in found.named.values() for one in some]
    assert users == ([user] if user else [])


def test_workflows_are_listed_only_for_a_column_of_workflows(pipeline: Pipeline) -> None:
    tables = pipeline.resources.tables
    tables.directory.put_workflows(TENANT, ["Gentle"], pipeline.deadline)

    assert looked_up(pipeline, "Gentle", is_workflow=True).workflows == {"Gentle"}
    assert looked_up(pipeline, "Gentle", is_workflow=True).users == {}
    assert looked_up(pipeline, "Gentle").workflows == frozenset()


def test_a_value_of_a_field_is_no_name(pipeline: Pipeline) -> None:
    found = looked_up(pipeline, AMINA, operation=Operation.RECORD)

    assert (found.users, found.near("amina.otieno@lumina.exampel")) == ({}, None)


@pytest.mark.parametrize("wall", list(OpcoWall))
def test_the_wall_of_the_tenant_is_known(pipeline: Pipeline, wall: OpcoWall) -> None:
    assert looked_up(pipeline, AMINA, wall=wall).has_opco_wall is (wall is OpcoWall.ALWAYS)


def test_addresses_are_listed_only_when_somebody_is_unknown(pipeline: Pipeline) -> None:
    near = "amina.otieno@lumina.exampel"

    assert looked_up(pipeline, AMINA, ADMIN).near(near) is None
    assert looked_up(pipeline, AMINA, "Ines Okello").near(near) is None
    assert looked_up(pipeline, AMINA, near).near(near) == AMINA


def test_the_account_that_was_meant_is_looked_up_for_a_limited_number_of_ids(
    pipeline: Pipeline,
) -> None:
    ids = pipeline.kenyan(MAX_UNKNOWN_IDS + 1)
    typed = [one.lower() for one in ids]
    known = {one: Account(TENANT, one, 1) for one in typed}

    def likely(*asked: str, known: Mapping[str, Account]) -> dict[str, str]:
        return likely_accounts(pipeline.resources, TENANT, asked, known, pipeline.deadline)

    assert likely(*typed, known={}) == dict(zip(typed[:-1], ids[:-1], strict=True))
    assert likely("nobodys", typed[0], typed[1], known={typed[1]: known[typed[1]]}) == {
        typed[0]: ids[0]
    }
    with incident(pipeline.memory, Mishap("BatchGetItem")) as reads:
        assert likely(*typed, known=known) == {}
    assert reads.seen == 0
