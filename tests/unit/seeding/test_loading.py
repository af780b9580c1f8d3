"""Seeding writes what is new or different, nothing else, and removes nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from handover.deadline import Deadline
from handover.model import Account, User
from handover.profiles.presets import presets
from handover.profiles.profile import Role
from handover.profiles.settings import Settings
from handover.store import connection
from handover.store.accounts import item_from
from handover.store.directory import Source
from handover.store.tables import TableNames, Tables, connect
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from msgspec.structs import replace

from infra import template
from infra.seeding import loading
from infra.seeding.directory import DirectoryFiles
from infra.seeding.loading import Loaded, load
from infra.seeding.tables import DirectoryFileError

TENANT = "lumina"
USERS = (
    User("ana@x.example", "Ana", frozenset({"Sales"}), opco="Kenya"),
    User("bo@x.example", "Bo", frozenset(), is_active=False),
)
ACCOUNTS = (
    Account(TENANT, "1", 1, name="One", assigned={"account_manager": ("ana@x.example",)}),
    Account(TENANT, "2", 1, portals=("A", "B")),
)


REGION = "us-east-1"


@pytest.fixture(scope="module")
def made() -> Iterator[Tables]:
    """The two tables of the template, for all tests of this file."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        for name, value in (
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_DEFAULT_REGION", REGION),
        ):
            patch.setenv(name, value)
        connection.client_within.cache_clear()
        dynamodb: Any = boto3.client("dynamodb")
        found = dict(template.resources(template.load(), "AWS::DynamoDB::Table"))
        for logical_id in ("AccountsTable", "DirectoryTable"):
            dynamodb.create_table(TableName=logical_id, **template.table_shape(found[logical_id]))
        yield connect(TableNames(accounts="AccountsTable", directory="DirectoryTable"))
    connection.client_within.cache_clear()


@pytest.fixture
def tables(made: Tables) -> Tables:
    """The two tables, empty."""
    for table in dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables.values():
        table.items.clear()
    return made


def _nothing(_done: int, _total: int, _what: str) -> None:
    pass


def _deadline() -> Deadline:
    return Deadline(time.time() + 60)


def _items(table: str) -> dict[str, Any]:
    found = boto3.client("dynamodb").scan(TableName=table)["Items"]
    return {item.get("sk", item["pk"])["S"]: item for item in found}


def _stand(account: Account) -> None:
    """Puts an account into the table, because moto cannot insert as the store does."""
    boto3.client("dynamodb").put_item(TableName="AccountsTable", Item=item_from(account))


def test_users_are_loaded_and_can_be_loaded_again(tables: Tables) -> None:
    first = load(tables, TENANT, DirectoryFiles(users=USERS), _nothing)
    before = _items("DirectoryTable")
    second = load(tables, TENANT, DirectoryFiles(users=USERS), _nothing)

    assert first == [Loaded("users", 2, 2, 0)]
    assert [one.unchanged for one in second] == [2]
    assert _items("DirectoryTable") == before
    assert set(tables.directory.users(TENANT, [USERS[0].email], _deadline()).values()) == {USERS[0]}


def test_accounts_that_equal_the_file_are_not_written(tables: Tables) -> None:
    for account in ACCOUNTS:
        _stand(replace(account, version=7, precedences={"account_manager": "2026"}))
    before = _items("AccountsTable")

    loaded = load(tables, TENANT, DirectoryFiles(accounts=ACCOUNTS), _nothing)

    assert loaded == [Loaded("accounts", 2, 0, 0)]
    assert _items("AccountsTable") == before


def test_only_the_users_that_differ_are_written(tables: Tables) -> None:
    load(tables, TENANT, DirectoryFiles(users=USERS), _nothing)

    changed = (replace(USERS[0], opco="Togo"), USERS[1])
    loaded = load(tables, TENANT, DirectoryFiles(users=changed), _nothing)

    assert loaded == [Loaded("users", 2, 0, 1)]
    assert _items("DirectoryTable")["user#ana@x.example"]["opco"] == {"S": "Togo"}


def test_a_manager_in_the_file_does_not_replace_the_present_one(tables: Tables) -> None:
    _stand(ACCOUNTS[0])

    other = replace(ACCOUNTS[0], assigned={"account_manager": ("bo@x.example",)})
    loaded = load(tables, TENANT, DirectoryFiles(accounts=(other,)), _nothing)

    assert loaded == [Loaded("accounts", 1, 0, 0)]


def test_many_accounts_are_loaded_in_parts_and_progress_is_reported(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "AT_A_TIME", 5)
    users = tuple(User(f"u{number}@x.example", "", frozenset()) for number in range(11))
    reported: list[tuple[int, int, str]] = []

    load(tables, TENANT, DirectoryFiles(users=users), lambda *step: reported.append(step))

    assert reported == [(5, 11, "users"), (10, 11, "users"), (11, 11, "users")]
    assert len(_items("DirectoryTable")) == 11


def test_workflows_roles_sources_and_profiles_are_stored_in_the_directory(tables: Tables) -> None:
    own = replace(presets()["single-strict"], name="own")
    files = DirectoryFiles(
        workflows=("New customer",),
        roles=(Role("watcher", None), Role("account_manager", 1)),
        sources=(Source("crm", "own", "AROAEXAMPLE"),),
        profiles=(own,),
    )

    loaded = load(tables, TENANT, files, _nothing)

    assert [(one.what, one.total) for one in loaded] == [
        ("profiles", 1),
        ("workflows", 1),
        ("roles", 2),
        ("sources", 1),
    ]
    bodies = {sk: json.loads(item["body"]["S"]) for sk, item in _items("DirectoryTable").items()}
    assert bodies["workflow#New customer"] == {"name": "New customer"}
    assert bodies["role#watcher"] == {"role": "watcher", "max_users": None}
    assert bodies["role#account_manager"] == {"role": "account_manager", "max_users": 1}
    assert tables.directory.profile(TENANT, "own") == own
    assert tables.directory.source(TENANT, "crm") == Source("crm", "own", "AROAEXAMPLE")


def test_a_source_without_a_profile_is_refused_before_anything_is_written(tables: Tables) -> None:
    files = DirectoryFiles(users=USERS, sources=(Source("crm", "none", "AROAEXAMPLE"),))

    with pytest.raises(DirectoryFileError, match="there is no profile 'none', expected one of"):
        load(tables, TENANT, files, _nothing)

    assert _items("DirectoryTable") == {}


def test_a_source_maps_columns_of_roles_that_come_with_it(tables: Tables) -> None:
    source = Source("crm", "role-team", "AROAEXAMPLE", {"Owner": "CSM___tid"})
    files = DirectoryFiles(roles=(Role("CSM", 1),), sources=(source,))

    load(tables, TENANT, files, _nothing)

    assert tables.directory.source(TENANT, "crm") == source


def test_a_source_that_maps_to_no_column_is_refused_before_anything_is_written(
    tables: Tables,
) -> None:
    source = Source("crm", "single-strict", "AROAEXAMPLE", {"Owner": "owner"})
    files = DirectoryFiles(users=USERS, sources=(source,))

    with pytest.raises(DirectoryFileError, match="mapping of 'crm': 'Owner' is mapped to 'owner'"):
        load(tables, TENANT, files, _nothing)

    assert _items("DirectoryTable") == {}


def test_r91_a_login_name_of_another_user_is_refused(tables: Tables) -> None:
    ana, bo = (replace(user, login_name="The Boss") for user in USERS)
    load(tables, TENANT, DirectoryFiles(users=(ana,)), _nothing)

    with pytest.raises(DirectoryFileError, match="'the boss' is the login name of ana"):
        load(tables, TENANT, DirectoryFiles(users=(bo,)), _nothing)

    load(tables, TENANT, DirectoryFiles(users=(USERS[0], bo)), _nothing)
    held = tables.directory.users_by_login(TENANT, ["the boss"], _deadline())
    assert held["the boss"].email == bo.email


def test_a_default_account_manager_must_be_an_active_user(tables: Tables) -> None:
    for address in ("bo@x.example", "nobody@x.example"):
        files = DirectoryFiles(users=USERS, settings=Settings(default_account_manager=address))
        with pytest.raises(DirectoryFileError, match="default_account_manager"):
            load(tables, TENANT, files, _nothing)
    assert _items("DirectoryTable") == {}

    usual = Settings(default_account_manager="ANA@x.example")
    load(tables, TENANT, DirectoryFiles(users=USERS, settings=usual), _nothing)

    assert tables.directory.settings(TENANT).default_account_manager == "ana@x.example"


def test_a_profile_that_is_switched_on_must_exist(tables: Tables) -> None:
    own = replace(presets()["single-strict"], name="nightly")
    settings = Settings(profiles=("role-team", "nightly"))
    with pytest.raises(DirectoryFileError, match=r"settings\.json, profiles: .*'nightly'"):
        load(tables, TENANT, DirectoryFiles(settings=settings), _nothing)

    load(tables, TENANT, DirectoryFiles(profiles=(own,), settings=settings), _nothing)

    assert tables.directory.settings(TENANT).profiles == ("role-team", "nightly")


def test_a_source_of_directory_files_needs_the_right_to_write_the_directory(tables: Tables) -> None:
    source = Source("hr", "directory-users", "AROAEXAMPLE")
    with pytest.raises(DirectoryFileError, match=r"sources\.csv, writes_directory of 'hr'"):
        load(tables, TENANT, DirectoryFiles(sources=(source,)), _nothing)

    given = replace(source, writes_directory=True)
    load(tables, TENANT, DirectoryFiles(sources=(given,)), _nothing)

    assert tables.directory.source(TENANT, "hr") == given
