"""The tenant in which the main job runs: its name, how it is found, and how it is created."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from handover.aws.sign_ins import TENANT
from handover.model import ADMIN, Account, User
from handover.profiles.settings import Settings
from handover.store.directory import Source
from handover.store.tables import TableNames, connect

from infra.cli.location import Stack, user_pools
from infra.cli.topics import tenant_topic
from infra.listening import listen
from infra.seeding.directory import DirectoryFiles
from infra.seeding.loading import load

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient
    from mypy_boto3_sqs.client import SQSClient

# Nobody chooses such a name. Nothing of a tenant with any other name is ever removed.
NAME = re.compile(r"smoke-[0-9a-f]{16}")
PROFILE = "single-strict"
SOURCE = "smoke"
OPCO = "Smoke"
ACCOUNTS = ("SMOKE-1", "SMOKE-2", "SMOKE-3")
# The embedded AWS gives every principal this id.
EMBEDDED_PRINCIPAL = "EXAMPLE"


@dataclass(frozen=True, slots=True)
class SmokeTenant:
    """A tenant of a stack that exists for one run."""

    stack: Stack
    name: str

    @property
    def admin(self) -> str:
        """Who signs in. No mail is ever sent to this address: the domain belongs to nobody."""
        return f"admin@{self.name}.example"

    @property
    def manager(self) -> str:
        """Who is assigned to the accounts."""
        return f"manager@{self.name}.example"

    @property
    def users(self) -> tuple[str, str]:
        """The addresses of all its users."""
        return self.admin, self.manager

    @property
    def queue(self) -> str:
        """The name of the queue that gets its notifications."""
        return f"handover-{self.name}"


def new_tenant(stack: Stack) -> SmokeTenant:
    """A tenant with a new, random name."""
    return SmokeTenant(stack, f"smoke-{secrets.token_hex(8)}")


def tenants_left(stack: Stack) -> Iterator[SmokeTenant]:
    """The tenants of runs that were killed, or run now."""
    sns: SNSClient = boto3.client("sns")
    begin = f"{stack.name}-notifications-"
    for page in sns.get_paginator("list_topics").paginate():
        for topic in page["Topics"]:
            name = topic["TopicArn"].rpartition(":")[2]
            if name.startswith(begin) and NAME.fullmatch(name.removeprefix(begin)):
                yield SmokeTenant(stack, name.removeprefix(begin))


def furnish(tenant: SmokeTenant, password: str) -> str:
    """Creates the tenant, its sign-in and a queue for its notifications; returns the queue's URL.

    The topic is created first, so that the tenant can be found by its topic, whatever fails later.
    """
    sns: SNSClient = boto3.client("sns")
    sqs: SQSClient = boto3.client("sqs")
    queue_url = listen(sns, sqs, tenant_topic(sns, tenant.stack, tenant.name), tenant.queue)
    stack = tenant.stack
    tables = connect(
        TableNames(accounts=stack.output("AccountsTable"), directory=stack.output("DirectoryTable"))
    )
    load(tables, tenant.name, _directory(tenant), _no_progress)
    _let_in(tenant, password)
    return queue_url


def _directory(tenant: SmokeTenant) -> DirectoryFiles:
    return DirectoryFiles(
        accounts=tuple(Account(tenant.name, account, 1, opco=OPCO) for account in ACCOUNTS),
        users=(
            User(tenant.admin, "Smoke Admin", frozenset({ADMIN}), opco=OPCO),
            User(tenant.manager, "Smoke Manager", frozenset({"Sales"}), opco=OPCO),
        ),
        sources=(Source(SOURCE, PROFILE, _own_principal(tenant.stack)),),
        settings=Settings(profiles=(PROFILE,)),
    )


def _own_principal(stack: Stack) -> str:
    """The unique id of whoever runs this, without the session, as S3 reports a writer.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    """
    if stack.is_embedded:
        return EMBEDDED_PRINCIPAL
    user_id: str = boto3.client("sts").get_caller_identity()["UserId"]
    return user_id.partition(":")[0]


def _let_in(tenant: SmokeTenant, password: str) -> None:
    """Creates the Admin's sign-in without an invitation."""
    pools, pool = user_pools(), tenant.stack.output("UserPoolId")
    attributes: Any = [
        {"Name": "email", "Value": tenant.admin},
        {"Name": "email_verified", "Value": "true"},
        {"Name": TENANT, "Value": tenant.name},
    ]
    pools.admin_create_user(
        UserPoolId=pool,
        Username=tenant.admin,
        UserAttributes=attributes,
        MessageAction="SUPPRESS",
    )
    pools.admin_set_user_password(
        UserPoolId=pool, Username=tenant.admin, Password=password, Permanent=True
    )


def _no_progress(_done: int, _total: int, _what: str) -> None:
    """Shows nothing, because five items take no time."""
