"""Writes a directory's values to the tables: only what is new or different."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from handover.deadline import Deadline
from handover.errors import InvalidRequestError
from handover.model import Account, User
from handover.profiles.binding import check_mapping
from handover.profiles.opco_wall import OpcoWall
from handover.profiles.presets import presets
from handover.profiles.profile import Profile
from handover.rules.addresses import normal_address, normal_login
from handover.rules.opco_wall import are_apart
from handover.store.tables import Tables
from handover.use_cases.settings import check_directory_right
from msgspec.structs import replace

from infra.seeding.directory import ACCOUNT_MANAGER, DirectoryFiles
from infra.seeding.tables import DirectoryFileError

# How many are compared and written before the progress is shown again.
AT_A_TIME = 500
# A service that stays busy for so long is down.
LONGEST_SECONDS = 600.0

Value = TypeVar("Value")
Progress = Callable[[int, int, str], None]  # done, of how many, of what


@dataclass(frozen=True, slots=True)
class Loaded:
    """The result of loading one file."""

    what: str
    total: int
    new: int
    changed: int

    @property
    def unchanged(self) -> int:
        """How many needed no write."""
        return self.total - self.new - self.changed


def load(tables: Tables, tenant: str, files: DirectoryFiles, report: Progress) -> list[Loaded]:
    """Writes all that differs; profiles and users come before what refers to them.

    Existing assignments stay, and nothing is deleted. Before anything is written, raises
    DirectoryFileError for a source whose profile does not exist or needs a right that the source
    lacks, a login name that another user has, a default account manager who is no active user, and
    a profile in the settings that does not exist.
    """
    _check_sources(tables, tenant, files)
    _check_logins(tables, tenant, files.users or ())
    _check_default(tables, tenant, files)
    _check_profiles(tables, tenant, files)
    loaded: list[Loaded] = []
    for profile in files.profiles:
        tables.directory.put_profile(tenant, profile)
    if files.profiles:
        loaded.append(Loaded("profiles", len(files.profiles), 0, 0))
    if files.users is not None:
        loaded.append(_load_users(tables, tenant, files.users, report))
    if files.settings is not None:
        tables.directory.put_settings(tenant, files.settings)
        loaded.append(Loaded("settings", 1, 0, 0))
    if files.accounts is not None:
        loaded.append(_load_accounts(tables, tenant, files.accounts, report))
    if files.workflows is not None:
        tables.directory.put_workflows(tenant, files.workflows, _deadline())
        loaded.append(Loaded("workflows", len(files.workflows), 0, 0))
    if files.roles is not None:
        tables.directory.put_roles(tenant, files.roles, _deadline())
        loaded.append(Loaded("roles", len(files.roles), 0, 0))
    if files.sources is not None:
        for source in files.sources:
            tables.setup.put_source(tenant, source)
        loaded.append(Loaded("sources", len(files.sources), 0, 0))
    return loaded


def _check_sources(tables: Tables, tenant: str, files: DirectoryFiles) -> None:
    if not files.sources:
        return
    known = _profiles(tables, tenant, files)
    roles = {
        assignee.role: assignee
        for assignee in (*tables.directory.roles(tenant), *(files.roles or ()))
    }
    for source in files.sources:
        place = f"of {source.source!r}"
        if source.profile not in known:
            raise DirectoryFileError(
                f"sources.csv, profile {place}: there is no profile "
                f"{source.profile!r}, expected one of {', '.join(sorted(known))}"
            )
        try:
            check_mapping(known[source.profile].with_roles(roles.values()), source.mapping)
            check_directory_right(known[source.profile], source.writes_directory)
        except InvalidRequestError as wrong:
            raise DirectoryFileError(f"sources.csv, {wrong.field} {place}: {wrong}") from wrong


def _profiles(tables: Tables, tenant: str, files: DirectoryFiles) -> dict[str, Profile]:
    """The profiles that will exist once the files are loaded, by name."""
    own = (*tables.setup.own_profiles(tenant), *files.profiles)
    return presets() | {profile.name: profile for profile in own}


def _check_profiles(tables: Tables, tenant: str, files: DirectoryFiles) -> None:
    if files.settings is None or not files.settings.profiles:
        return
    known = _profiles(tables, tenant, files)
    for name in files.settings.profiles:
        if name not in known:
            raise DirectoryFileError(
                f"settings.json, profiles: there is no profile {name!r}, expected names of "
                f"{', '.join(sorted(known))}"
            )


def _check_logins(tables: Tables, tenant: str, users: Sequence[User]) -> None:
    """Raises DirectoryFileError for a login name that belongs to a user who is not in the file."""
    logins = {normal_login(user.login_name): user for user in users if user.login_name}
    listed = {user.email for user in users}
    holders = tables.directory.users_by_login(tenant, logins, _deadline())
    for login, holder in holders.items():
        if not holder.is_deleted and holder.email not in listed:
            raise DirectoryFileError(
                f"users.csv, login_name of {logins[login].email}: {login!r} is the login name of "
                f"{holder.email} already"
            )


def _check_default(tables: Tables, tenant: str, files: DirectoryFiles) -> None:
    if files.settings is None or not files.settings.default_account_manager:
        return
    address = normal_address(files.settings.default_account_manager)
    in_file = {user.email: user for user in files.users or ()}
    user = in_file.get(address) or tables.directory.user(tenant, address)
    if user is None or not user.is_active:
        raise DirectoryFileError(
            f"settings.json, default_account_manager: {address!r} is no active user"
        )


def _load_users(tables: Tables, tenant: str, users: Sequence[User], report: Progress) -> Loaded:
    new = changed = 0
    for done, part in _parts(users):
        known = tables.directory.users(tenant, [user.email for user in part], _deadline())
        differing = [user for user in part if known.get(user.email) != user]
        tables.directory.put_users(tenant, differing, _deadline())
        added = sum(user.email not in known for user in part)
        new += added
        changed += len(differing) - added
        report(done, len(users), "users")
    return Loaded("users", len(users), new, changed)


def _load_accounts(
    tables: Tables, tenant: str, accounts: Sequence[Account], report: Progress
) -> Loaded:
    new = changed = 0
    settings = tables.directory.settings(tenant)
    address = settings.default_account_manager
    default = tables.directory.user(tenant, address) if address else None
    is_walled = settings.opco_wall is OpcoWall.ALWAYS
    for done, part in _parts(accounts):
        known = tables.accounts.read(tenant, [account.account_id for account in part], _deadline())
        differing = [
            account
            if account.account_id in known
            or default is None
            or (is_walled and are_apart(default, account))
            else _with_manager(account, default.email)
            for account in part
            if not _has_fields(known.get(account.account_id), account)
        ]
        tables.accounts.put_fields(differing, _deadline())
        added = sum(account.account_id not in known for account in part)
        new += added
        changed += len(differing) - added
        report(done, len(accounts), "accounts")
    return Loaded("accounts", len(accounts), new, changed)


def _with_manager(account: Account, default: str) -> Account:
    """A new account with the tenant's default manager, unless the file gives it a manager."""
    if account.assigned.get(ACCOUNT_MANAGER):
        return account
    return replace(account, assigned={**account.assigned, ACCOUNT_MANAGER: (default,)})


def _has_fields(known: Account | None, account: Account) -> bool:
    """True when everything that the file says about the account is already stored."""
    if known is None:
        return False
    as_expected = replace(
        known,
        name=account.name,
        customer_id=account.customer_id,
        opco=account.opco,
        is_active=account.is_active,
        portals=account.portals,
    )
    return as_expected == known


def _parts(values: Sequence[Value]) -> list[tuple[int, list[Value]]]:
    """The values in pieces, each with the number that is done after it."""
    pieces = []
    rest = iter(values)
    done = 0
    while piece := list(islice(rest, AT_A_TIME)):
        done += len(piece)
        pieces.append((done, piece))
    return pieces


def _deadline() -> Deadline:
    return Deadline(time.time() + LONGEST_SECONDS)
