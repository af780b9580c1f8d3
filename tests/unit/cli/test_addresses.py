"""Operators verify mail domains and release addresses, which decides who signs in where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from handover.aws import clients, sign_ins
from handover.deadline import Deadline
from handover.model import User
from handover.runtime import now_text
from handover.store import connection
from handover.store.audit import AuditItem
from handover.store.directory import DirectoryItem, UserItem
from handover.store.tables import Tables
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from infra.cli.acting import connected
from infra.cli.addresses import domain_of
from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import Stack
from infra.cli.main import main
from infra.cli.seed import check_domains
from infra.seeding.tables import DirectoryFileError
from infra.template import load, resources, table_shape

EMAIL = "ana@b.example"
ANA = User(EMAIL, "Ana", frozenset({"Sales"}))


REGION = "us-east-1"


@pytest.fixture(scope="module")
def directory() -> Iterator[None]:
    """An AWS in this process with the tables that operators write, for all tests of this file."""
    with mock_aws():
        tables = dict(resources(load(), "AWS::DynamoDB::Table"))
        for name, logical_id in (("directory", "DirectoryTable"), ("audit", "AuditTable")):
            boto3.client("dynamodb", region_name=REGION).create_table(
                TableName=name, **table_shape(tables[logical_id])
            )
        yield


@pytest.fixture
def stack(directory: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A stack with an empty directory and without sign-ins."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", REGION),
    ):
        monkeypatch.setenv(name, value)
    _forget()
    for table in dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables.values():
        table.items.clear()
    pools = boto3.client("cognito-idp")
    tenant: Any = {"Name": "tenant", "AttributeDataType": "String", "Mutable": True}
    pool = pools.create_user_pool(PoolName="people", UsernameAttributes=["email"], Schema=[tenant])
    outputs = {"UserPoolId": pool["UserPool"]["Id"], "DirectoryTable": "directory"}
    outputs |= {"AuditTable": "audit", "AuditDays": "400"}
    found = Stack("handover", None, outputs)
    monkeypatch.setattr("infra.cli.session.find_stack", lambda: found)
    yield found
    _forget()


def _forget() -> None:
    for one in (clients.made_within, connection.client_within):
        one.cache_clear()
    for model in (DirectoryItem, UserItem, AuditItem):
        model._connection = None


@pytest.fixture
def tables(stack: Stack) -> Tables:
    return connected(stack)


def tenant_of(stack: Stack, email: str = EMAIL) -> str | None:
    return sign_ins.tenant_of(stack.output("UserPoolId"), email)


def signs_in_for(stack: Stack, tenant: str) -> None:
    sign_ins.settle(stack.output("UserPoolId"), tenant, ANA, invites=True)


def test_a_released_address_signs_in_for_its_new_tenant(stack: Stack, tables: Tables) -> None:
    signs_in_for(stack, "a")
    tables.directory.put_users("b", [ANA], Deadline(9e9))

    assert main(["release-address", EMAIL.upper(), "--for", "b", "--yes"]) == ExitCode.ALL_GOOD

    assert tenant_of(stack) == "b"
    assert main(["release-address", EMAIL, "--for", "b", "--yes"]) == ExitCode.ALL_GOOD
    assert tenant_of(stack) == "b"


def test_an_address_can_be_released_for_the_next_tenant_that_invites_it(stack: Stack) -> None:
    signs_in_for(stack, "a")

    assert main(["release-address", EMAIL, "--yes"]) == ExitCode.ALL_GOOD

    assert tenant_of(stack) is None
    assert main(["release-address", EMAIL, "--yes"]) == ExitCode.ALL_GOOD


@pytest.mark.parametrize("is_active", [None, False])
def test_an_address_is_released_only_for_a_tenant_with_that_active_user(
    stack: Stack, tables: Tables, is_active: bool | None
) -> None:
    signs_in_for(stack, "a")
    if is_active is not None:
        gone = User(EMAIL, "Ana", frozenset(), is_active=is_active)
        tables.directory.put_users("b", [gone], Deadline(9e9))

    assert main(["release-address", EMAIL, "--for", "b", "--yes"]) == ExitCode.REFUSED

    assert tenant_of(stack) == "a"


def test_an_address_of_a_verified_domain_is_released_only_for_its_tenant(
    stack: Stack, tables: Tables
) -> None:
    signs_in_for(stack, "a")
    tables.directory.put_users("b", [ANA], Deadline(9e9))
    tables.domains.verify("c", "b.example")

    assert main(["release-address", EMAIL, "--for", "b", "--yes"]) == ExitCode.REFUSED

    assert tenant_of(stack) == "a"


def test_without_a_terminal_a_release_needs_the_option_yes(stack: Stack) -> None:
    signs_in_for(stack, "a")

    assert main(["release-address", EMAIL]) == ExitCode.USAGE

    assert tenant_of(stack) == "a"


def test_a_domain_belongs_to_one_tenant_until_it_is_forgotten(
    stack: Stack, tables: Tables, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["domains", "verify", " B.example", "--tenant", "b"]) == ExitCode.ALL_GOOD
    assert main(["domains", "verify", "b.example", "--tenant", "b"]) == ExitCode.ALL_GOOD
    assert main(["domains", "verify", "b.example", "--tenant", "a"]) == ExitCode.REFUSED
    assert "verified for b" in capsys.readouterr().err
    assert main(["domains"]) == ExitCode.ALL_GOOD
    assert "b.example" in capsys.readouterr().out

    assert main(["domains", "forget", "b.example"]) == ExitCode.ALL_GOOD
    assert main(["domains", "verify", "b.example", "--tenant", "a"]) == ExitCode.ALL_GOOD
    assert tables.domains.tenant_of(EMAIL) == "a"


@pytest.mark.parametrize(
    ("verified", "other"),
    [("faß.example", "xn--fa-hia.example"), ("xn--fa-hia.example", "faß.example")],
)
def test_a_domain_is_verified_in_both_of_its_spellings(
    tables: Tables, verified: str, other: str
) -> None:
    assert main(["domains", "verify", verified, "--tenant", "b"]) == ExitCode.ALL_GOOD

    assert tables.domains.tenant_of(f"ana@{other}") == "b"
    assert main(["domains", "verify", other, "--tenant", "a"]) == ExitCode.REFUSED
    assert main(["domains", "forget", other]) == ExitCode.ALL_GOOD
    assert tables.domains.tenant_of(f"ana@{verified}") is None


def test_the_most_specific_verified_domain_counts(stack: Stack, tables: Tables) -> None:
    assert stack
    tables.domains.verify("b", "b.example")
    tables.domains.verify("c", "c.b.example")

    found = {
        address: tables.domains.tenant_of(address)
        for address in (
            "x@b.example",
            "x@mail.b.example",
            "x@c.b.example",
            f"x@{'a.' * 60}b.example",
            "x@ab.example",
            "x@example",
            "x@b.example.org",
        )
    }

    assert list(found.values()) == ["b", "b", "c", "b", None, None, None]


@pytest.mark.parametrize(
    "text", ["", "example", "a b.example", "a@b.example", ".example", "x." * 10 + "example"]
)
def test_an_invalid_domain_is_not_verified(text: str) -> None:
    with pytest.raises(CommandError, match="expected a domain"):
        domain_of(text)


def test_seeding_makes_no_sign_ins_in_the_domain_of_another_tenant(
    stack: Stack, tables: Tables
) -> None:
    assert stack
    tables.domains.verify("b", "b.example")

    check_domains(tables, "b", [ANA])
    check_domains(tables, "a", [User(EMAIL, "Ana", frozenset(), is_active=False)])
    with pytest.raises(DirectoryFileError, match=r"ana@b.example.*verified"):
        check_domains(tables, "a", [ANA])


def test_the_audit_trail_of_the_tenant_has_what_operators_do(stack: Stack, tables: Tables) -> None:
    assert main(["domains", "verify", "b.example", "--tenant", "lumina"]) == ExitCode.ALL_GOOD
    assert main(["domains", "forget", "b.example"]) == ExitCode.ALL_GOOD
    sign_ins.settle(stack.output("UserPoolId"), "lumina", ANA, invites=True)
    assert main(["release-address", EMAIL, "--yes"]) == ExitCode.ALL_GOOD

    found = list(tables.audit.newest("lumina", before="", since="", now=now_text(), rows=10))

    assert {(one.act.value, one.about, one.outcome.value) for one in found} == {
        ("domain_verified", "domain b.example", "done"),
        ("domain_forgotten", "domain b.example", "done"),
        ("address_released", f"user {EMAIL}", "done"),
    }
    assert {one.door.value for one in found} == {"operator"}
    assert all(one.actor.startswith("arn:aws:") for one in found)
