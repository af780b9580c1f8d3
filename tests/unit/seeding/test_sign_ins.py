"""Sign-ins follow the directory's users, and only what differs is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from handover.aws.sign_ins import group_of
from handover.model import User
from moto import mock_aws
from msgspec.structs import replace

from infra.seeding.sign_ins import DEFAULT_PASSWORD, SignIns
from infra.seeding.tables import DirectoryFileError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

ANA = User("ana@x.example", "Ana", frozenset({"Admin", "Back Office Management"}))
BO = User("bo@x.example", "Bo", frozenset({"Sales"}))
GONE = User("gone@x.example", "Gone", frozenset({"Sales"}), is_active=False)


@pytest.fixture(scope="module")
def pools() -> Iterator[CognitoIdentityProviderClient]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        yield boto3.client(
            "cognito-idp",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


@pytest.fixture
def pool(pools: CognitoIdentityProviderClient) -> str:
    made = pools.create_user_pool(
        PoolName="people",
        UsernameAttributes=["email"],
        Schema=[{"Name": "tenant", "AttributeDataType": "String", "Mutable": True}],
    )
    return made["UserPool"]["Id"]


@pytest.fixture
def sign_ins(pools: CognitoIdentityProviderClient, pool: str) -> SignIns:
    return SignIns(pools, pool, DEFAULT_PASSWORD)


def _nothing(_done: int, _total: int, _what: str) -> None:
    pass


def _groups(sign_ins: SignIns, email: str) -> set[str]:
    found = sign_ins.pools.admin_list_groups_for_user(Username=email, UserPoolId=sign_ins.pool)
    return {group["GroupName"] for group in found["Groups"]}


def _user(sign_ins: SignIns, email: str) -> tuple[dict[str, str], bool]:
    found = sign_ins.pools.admin_get_user(UserPoolId=sign_ins.pool, Username=email)
    return {one["Name"]: one["Value"] for one in found["UserAttributes"]}, found["Enabled"]


class _Counting:
    """A client that records its writes."""

    def __init__(self, client: CognitoIdentityProviderClient) -> None:
        self.writes: list[str] = []
        client.meta.events.register("before-call.cognito-idp", self._count)

    def _count(self, model: Any, **_more: object) -> None:
        if not model.name.startswith("List"):
            self.writes.append(model.name)


def test_every_active_user_gets_a_sign_in_with_tenant_and_groups(sign_ins: SignIns) -> None:
    loaded = sign_ins.load("lumina", [ANA, BO, GONE], _nothing)

    assert (loaded.total, loaded.new, loaded.changed) == (2, 2, 0)
    attributes, is_enabled = _user(sign_ins, ANA.email)
    assert is_enabled
    assert (attributes["custom:tenant"], attributes["email_verified"]) == ("lumina", "true")
    assert _groups(sign_ins, ANA.email) == {"Admin", "Back_Office_Management"}
    with pytest.raises(sign_ins.pools.exceptions.UserNotFoundException):
        _user(sign_ins, GONE.email)


def test_the_password_is_valid_at_once(sign_ins: SignIns) -> None:
    sign_ins.load("lumina", [ANA], _nothing)

    found = sign_ins.pools.admin_get_user(UserPoolId=sign_ins.pool, Username=ANA.email)
    assert found["UserStatus"] == "CONFIRMED"


def test_loading_again_writes_nothing(sign_ins: SignIns) -> None:
    sign_ins.load("lumina", [ANA, BO], _nothing)
    counting = _Counting(sign_ins.pools)

    loaded = sign_ins.load("lumina", [ANA, BO], _nothing)

    assert counting.writes == []
    assert (loaded.new, loaded.changed, loaded.unchanged) == (0, 0, 2)


def test_changed_roles_and_tenants_reach_the_sign_in(sign_ins: SignIns) -> None:
    sign_ins.load("lumina", [ANA, BO], _nothing)

    changed = sign_ins.load("other", [replace(ANA, roles=frozenset({"Sales"})), BO], _nothing)

    assert changed.changed == 2
    assert _groups(sign_ins, ANA.email) == {"Sales"}
    assert _user(sign_ins, ANA.email)[0]["custom:tenant"] == "other"


def test_a_user_who_becomes_inactive_cannot_sign_in_until_active_again(sign_ins: SignIns) -> None:
    sign_ins.load("lumina", [ANA], _nothing)

    sign_ins.load("lumina", [replace(ANA, is_active=False)], _nothing)
    assert not _user(sign_ins, ANA.email)[1]

    sign_ins.load("lumina", [ANA], _nothing)
    assert _user(sign_ins, ANA.email)[1]


def test_a_password_that_is_set_applies_to_existing_sign_ins_too(sign_ins: SignIns) -> None:
    sign_ins.load("lumina", [ANA], _nothing)
    counting = _Counting(sign_ins.pools)

    dataclasses.replace(sign_ins, password="Another-one-1", is_fixed=True).load(
        "lumina", [ANA], _nothing
    )

    assert counting.writes == ["AdminSetUserPassword"]


def test_invitations_take_no_sign_in_from_another_tenant(sign_ins: SignIns) -> None:
    sign_ins.load("lumina", [ANA], _nothing)
    counting = _Counting(sign_ins.pools)

    with pytest.raises(DirectoryFileError, match="for the tenant 'lumina' already"):
        dataclasses.replace(sign_ins, password=None).load("other", [BO, ANA], _nothing)

    assert counting.writes == []


def test_people_are_invited_with_a_password_that_they_must_replace(sign_ins: SignIns) -> None:
    dataclasses.replace(sign_ins, password=None).load("lumina", [ANA], _nothing)

    found = sign_ins.pools.admin_get_user(UserPoolId=sign_ins.pool, Username=ANA.email)
    assert found["UserStatus"] == "FORCE_CHANGE_PASSWORD"


def test_all_pages_of_a_large_pool_are_read(sign_ins: SignIns) -> None:
    # ListUsers gives 60 at a time at the most.
    users = [User(f"u{number}@x.example", "", frozenset({"Sales"})) for number in range(61)]
    sign_ins.load("lumina", users, _nothing)

    assert sign_ins.load("lumina", users, _nothing).unchanged == 61


def test_a_group_is_named_after_its_role_without_spaces() -> None:
    assert group_of("Back  Office Management") == "Back_Office_Management"
