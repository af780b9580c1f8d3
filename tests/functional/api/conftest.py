"""The API function on an AWS in this process, with the template's tables and one tenant a test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import boto3
import pytest
from handover import runtime
from handover.aws import clients
from handover.deadline import Deadline
from handover.model import Account, User
from handover.store import connection
from handover.store.accounts import item_from
from handover.store.audit import AuditItem
from handover.store.batches import put_items
from handover.store.chunks import ChunkItem
from handover.store.directory import DirectoryItem, UserItem
from handover.store.history import HistoryItem
from handover.store.import_items import ImportItem, PlanItem
from handover.store.portfolios import HoldingItem
from handover.store.requests import RequestItem
from handover.store.tickets import TicketItem
from handover.store.watermarks import WatermarkItem
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from infra.template import load, table_shape
from infra.template import resources as resources_of
from tests.kit.caller import ADMIN, GONE, OFFICE, SALES, Api

REGION = "eu-west-1"
MODELS = (
    ImportItem,
    PlanItem,
    ChunkItem,
    TicketItem,
    WatermarkItem,
    DirectoryItem,
    UserItem,
    HistoryItem,
    HoldingItem,
    RequestItem,
    AuditItem,
)
TABLES = {
    "AccountsTable": "ACCOUNTS_TABLE",
    "DirectoryTable": "DIRECTORY_TABLE",
    "ImportsTable": "IMPORTS_TABLE",
    "HistoryTable": "HISTORY_TABLE",
    "PortfolioTable": "PORTFOLIO_TABLE",
    "RequestsTable": "REQUESTS_TABLE",
    "AuditTable": "AUDIT_TABLE",
}
CACHES = (clients.made_within, connection.client_within)


@pytest.fixture(scope="module")
def resources() -> Iterator[runtime.Resources]:
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        _forget()
        database = boto3.client("dynamodb", region_name=REGION)
        for logical_id, properties in resources_of(load(), "AWS::DynamoDB::Table"):
            if logical_id in TABLES:
                database.create_table(TableName=logical_id, **table_shape(properties))
                patch.setenv(TABLES[logical_id], logical_id)
        queue = boto3.client("sqs", region_name=REGION).create_queue(QueueName="chunks")
        patch.setenv("CHUNKS_QUEUE_URL", queue["QueueUrl"])
        patch.setenv("TENANT_REQUESTS_A_SECOND", "0")
        patch.setenv("REPORTS_DAYS", "400")
        patch.setenv("AUDIT_DAYS", "400")
        topics = f"arn:aws:sns:{REGION}:123456789012:handover-notifications-"
        patch.setenv("TENANT_TOPICS", topics)
        patch.setenv("UPLOADS_BUCKET", "uploads")
        patch.setenv("REPORTS_BUCKET", "reports")
        patch.setenv("USER_POOL_ID", _pool())
        yield runtime.resources()
    _forget()


def _pool() -> str:
    """A user pool with the groups that the template gives it."""
    pools = boto3.client("cognito-idp", region_name=REGION)
    tenant: Any = {"Name": "tenant", "AttributeDataType": "String", "Mutable": True}
    made = pools.create_user_pool(PoolName="people", UsernameAttributes=["email"], Schema=[tenant])
    pool = made["UserPool"]["Id"]
    for _, group in resources_of(load(), "AWS::Cognito::UserPoolGroup"):
        pools.create_group(UserPoolId=pool, GroupName=group["GroupName"])
    return pool


def _forget() -> None:
    """Forgets clients, which are bound to the AWS they were made for."""
    runtime.resources.cache_clear()
    for cached in CACHES:
        cached.cache_clear()
    for model in MODELS:
        model._connection = None


@pytest.fixture
def deadline() -> Deadline:
    return Deadline(4e9)


_tenants = count(1)


@pytest.fixture
def tenant() -> str:
    return f"tenant-{next(_tenants)}"


@pytest.fixture(autouse=True)
def no_tenants_of_earlier_tests() -> None:
    """Moto copies all tables for each transaction: earlier tenants would slow it down."""
    for table in dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables.values():
        table.items.clear()


@pytest.fixture
def api(resources: runtime.Resources, tenant: str, deadline: Deadline) -> Api:
    """The API as an Admin of a tenant with four users and an account uses it."""
    seed(resources, tenant, deadline)
    return Api(tenant, resources)


@pytest.fixture
def stranger(resources: runtime.Resources, tenant: str, deadline: Deadline) -> Api:
    """The API as an Admin of another tenant uses it; its users have the same addresses."""
    seed(resources, f"{tenant}-other", deadline)
    return Api(f"{tenant}-other", resources)


USERS = (
    User(ADMIN, "Ines", frozenset({"Admin"})),
    User(OFFICE, "Joyce", frozenset({"Back Office Management"})),
    User(SALES, "Sam", frozenset({"Sales"})),
    User(GONE, "Kofi", frozenset({"Admin"}), is_active=False),
)
_MODEL = "model"
# What the store has written of the users of the tenant _MODEL.
_written: list[dict[str, Any]] = []


def _items_of_users(resources: runtime.Resources, tenant: str, deadline: Deadline) -> Any:
    """The users as the store writes them, written only once because moto is slow."""
    if not _written:
        resources.tables.directory.put_users(_MODEL, USERS, deadline)
        database = boto3.client("dynamodb", region_name=REGION)
        _written.extend(database.scan(TableName="DirectoryTable")["Items"])
        for item in _written:
            key = {"pk": item["pk"], "sk": item["sk"]}
            database.delete_item(TableName="DirectoryTable", Key=key)
    assert all(item["pk"] == {"S": _MODEL} for item in _written)
    return [item | {"pk": {"S": tenant}} for item in _written]


def seed(resources: runtime.Resources, tenant: str, deadline: Deadline) -> None:
    put_items("DirectoryTable", _items_of_users(resources, tenant, deadline), deadline)
    account = Account(
        tenant,
        "00 17é",
        3,
        name="Acme",
        opco="Kenya",
        assigned={"account_manager": (SALES,)},
    )
    plain = Account(tenant, "0042+a", 1, name="Bolt", assigned={"account_manager": ()})
    items = [item_from(account), item_from(plain)]
    put_items(resources.tables.accounts.table, items, deadline)
