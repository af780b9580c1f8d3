"""The files of a tenant's directory as the values they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from handover.errors import InvalidRequestError
from handover.model import Account, User
from handover.profiles.checks import check_profile
from handover.profiles.names import check_role, workflow_role
from handover.profiles.parsing import parse_profile
from handover.profiles.profile import WORKFLOW_ROLE, Profile, Role
from handover.profiles.settings import Settings, parse_settings
from handover.rules.addresses import is_address, normal_address, normal_login
from handover.store.directory import Source
from handover.use_cases.settings import RESERVED_SOURCES
from handover.use_cases.tickets import checked_on_error

from infra.seeding.tables import DirectoryFileError, Row, rows, unique

Value = TypeVar("Value")

STATUSES = ("active", "inactive")
NO_YES = ("no", "yes")
USER_STATUSES = (*STATUSES, "deleted")
# The role that the column account_manager fills.
ACCOUNT_MANAGER = "account_manager"
# The columns of each file: those that it must have, and those that it may have.
COLUMNS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "accounts.csv": (
        ("account_id",),
        ("name", "customer_id", "opco", "status", "portals", "account_manager"),
    ),
    "users.csv": (
        ("email", "name", "roles"),
        ("opco", "status", "employee_id", "phone", "mobile", "login_name"),
    ),
    "workflows.csv": (("name",), ()),
    "roles.csv": (("role",), ("max_users", "assigned_by")),
    "sources.csv": (
        ("source", "profile", "principal"),
        ("mapping", "writes_directory", "on_error"),
    ),
}


@dataclass(frozen=True, slots=True)
class DirectoryFiles:
    """What a folder says about a tenant; None for a file that is not there."""

    accounts: tuple[Account, ...] | None = None
    users: tuple[User, ...] | None = None
    workflows: tuple[str, ...] | None = None
    roles: tuple[Role, ...] | None = None
    sources: tuple[Source, ...] | None = None
    profiles: tuple[Profile, ...] = ()
    settings: Settings | None = None


def read_directory(folder: Path, tenant: str) -> DirectoryFiles:
    """Everything in the folder, checked. Raises DirectoryFileError at the first thing wrong."""
    if not folder.is_dir():
        raise DirectoryFileError(f"there is no folder {folder}")
    there = {name: folder / name for name in COLUMNS if (folder / name).exists()}
    profiles = _profiles(folder / "profiles")
    settings = _settings(folder / "settings.json")
    if not there and not profiles and settings is None:
        named = ", ".join(COLUMNS)
        raise DirectoryFileError(f"{folder} holds none of {named}, settings.json, profiles/*.json")
    return DirectoryFiles(
        accounts=_accounts(there["accounts.csv"], tenant) if "accounts.csv" in there else None,
        users=_users(there["users.csv"]) if "users.csv" in there else None,
        workflows=_workflows(there["workflows.csv"]) if "workflows.csv" in there else None,
        roles=_roles(there["roles.csv"]) if "roles.csv" in there else None,
        sources=_sources(there["sources.csv"]) if "sources.csv" in there else None,
        profiles=profiles,
        settings=settings,
    )


def _accounts(path: Path, tenant: str) -> tuple[Account, ...]:
    def accounts() -> Iterator[tuple[Row, Account]]:
        for row in rows(path, *COLUMNS["accounts.csv"]):
            manager = _address(row, "account_manager") if row.text("account_manager") else None
            yield (
                row,
                Account(
                    tenant=tenant,
                    account_id=row.required("account_id"),
                    version=1,
                    name=row.text("name"),
                    customer_id=row.text("customer_id"),
                    opco=row.text("opco"),
                    is_active=row.one_of("status", STATUSES) == "active",
                    portals=row.texts("portals"),
                    assigned={ACCOUNT_MANAGER: (manager,)} if manager else {},
                ),
            )

    return unique(accounts(), lambda account: account.account_id, "account_id")


def _users(path: Path) -> tuple[User, ...]:
    def users() -> Iterator[tuple[Row, User]]:
        logins: dict[str, int] = {}
        for row in rows(path, *COLUMNS["users.csv"]):
            status = row.one_of("status", USER_STATUSES)
            login = normal_login(row.text("login_name"))
            first = logins.setdefault(login, row.line) if login else row.line
            if first != row.line:
                raise row.wrong("login_name", f"{login!r} is already on line {first}")
            yield (
                row,
                User(
                    email=_address(row, "email"),
                    name=row.text("name"),
                    roles=frozenset(row.texts("roles")),
                    opco=row.text("opco"),
                    is_active=status == "active",
                    is_deleted=status == "deleted",
                    employee_id=row.text("employee_id"),
                    phone=row.text("phone"),
                    mobile=row.text("mobile"),
                    login_name=row.text("login_name"),
                ),
            )

    return unique(users(), lambda user: user.email, "email")


def _workflows(path: Path) -> tuple[str, ...]:
    found = ((row, row.required("name")) for row in rows(path, *COLUMNS["workflows.csv"]))
    return unique(found, str, "name")


def _roles(path: Path) -> tuple[Role, ...]:
    def roles() -> Iterator[tuple[Row, Role]]:
        for row in rows(path, *COLUMNS["roles.csv"]):
            role, assigned_by = row.required("role"), frozenset(row.texts("assigned_by"))
            try:
                check_role("role", role)
            except InvalidRequestError as wrong:
                raise row.wrong("role", str(wrong).removeprefix("role: ")) from wrong
            assignee = Role(role, _most_users(row), assigned_by)
            yield row, _workflow(row, assignee) if role == WORKFLOW_ROLE else assignee

    return unique(roles(), lambda one: one.role, "role")


def _workflow(row: Row, definition: Role) -> Role:
    try:
        return workflow_role(definition)
    except InvalidRequestError as wrong:
        raise row.wrong("max_users", str(wrong).removeprefix("max_users: ")) from wrong


def _sources(path: Path) -> tuple[Source, ...]:
    def sources() -> Iterator[tuple[Row, Source]]:
        for row in rows(path, *COLUMNS["sources.csv"]):
            name = row.required("source")
            if "/" in name:
                raise row.wrong("source", f"{name!r}: it becomes a folder's name, expected no '/'")
            if name in RESERVED_SOURCES:
                raise row.wrong("source", f"{name!r} is no name for another system")
            profile, principal = row.required("profile"), row.required("principal")
            writes_directory = row.one_of("writes_directory", NO_YES) == "yes"
            source = Source(
                name, profile, principal, _mapping(row), writes_directory, _on_error(row)
            )
            yield row, source

    return unique(sources(), lambda source: source.source, "source")


def _on_error(row: Row) -> str:
    try:
        return checked_on_error(row.text("on_error")) or ""
    except InvalidRequestError as wrong:
        raise row.wrong("on_error", str(wrong).removeprefix("on_error: ")) from wrong


def _mapping(row: Row) -> dict[str, str]:
    """`Their label=our label`, separated by `;`. Their labels may contain a "=", ours never do."""
    mapping: dict[str, str] = {}
    for pair in row.texts("mapping"):
        theirs, separator, ours = (part.strip() for part in pair.rpartition("="))
        if not separator or not theirs or not ours:
            raise row.wrong("mapping", f"found {pair!r}, expected Their label=our label")
        if theirs in mapping:
            raise row.wrong("mapping", f"{theirs!r} is mapped twice")
        mapping[theirs] = ours
    return mapping


def _profiles(folder: Path) -> tuple[Profile, ...]:
    found: dict[str, tuple[Path, Profile]] = {}
    for path in sorted(folder.glob("*.json")):
        profile = _parsed(path, _checked_profile)
        if profile.name in found:
            raise DirectoryFileError(
                f"{path}, name: {profile.name!r} is the name in {found[profile.name][0]} already"
            )
        found[profile.name] = (path, profile)
    return tuple(profile for _, profile in found.values())


def _checked_profile(text: str) -> Profile:
    profile = parse_profile(text)
    check_profile(profile)
    return profile


def _settings(path: Path) -> Settings | None:
    return _parsed(path, parse_settings) if path.exists() else None


def _parsed(path: Path, parse: Callable[[str], Value]) -> Value:
    try:
        return parse(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as broken:
        raise DirectoryFileError(f"{path}: this is no UTF-8 text: {broken}") from broken
    except InvalidRequestError as wrong:
        place = f", {wrong.field}" if wrong.field else ""
        raise DirectoryFileError(f"{path}{place}: {wrong}") from wrong


def _address(row: Row, column: str) -> str:
    found = row.required(column)
    address = normal_address(found)
    if not is_address(address):
        raise row.wrong(column, f"{found!r} is no e-mail address")
    return address


def _most_users(row: Row) -> int | None:
    found = row.text("max_users")
    if not found:
        return None
    if not (found.isascii() and found.isdigit()) or int(found) < 1:
        raise row.wrong("max_users", f"found {found!r}, expected 1 or more, or empty: no limit")
    return int(found)
