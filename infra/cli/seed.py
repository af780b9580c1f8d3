"""Loading a directory from the command line: `handover seed`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import boto3
from handover.audit import Act
from handover.model import User
from handover.store.tables import Tables

from infra.cli.acting import connected, noting
from infra.cli.addresses import check_tenant
from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import Stack, user_pools
from infra.cli.screen import Screen, Unit
from infra.cli.session import Session
from infra.cli.sign_in import PASSWORD_VARIABLE
from infra.cli.topics import tenant_topic
from infra.seeding.directory import DirectoryFiles, read_directory
from infra.seeding.loading import Loaded, load
from infra.seeding.sign_ins import DEFAULT_PASSWORD, SignIns
from infra.seeding.tables import DirectoryFileError


def run(session: Session, folder: Path, tenant: str, *, with_invitations: bool) -> ExitCode:
    """Loads the folder. Nothing is written unless every file is valid."""
    screen = session.screen
    check_tenant(tenant)
    try:
        files = read_directory(folder, tenant)
        loaded = _load(session.stack, tenant, files, screen, with_invitations=with_invitations)
    except DirectoryFileError as error:
        raise CommandError(str(error), ExitCode.REFUSED) from error
    screen.say(f"Loaded into the directory of {tenant}:")
    for one in loaded:
        screen.say(f"  {one.total:>6,}  {one.what}{_more(one)}")
    return ExitCode.ALL_GOOD


def _load(
    stack: Stack, tenant: str, files: DirectoryFiles, screen: Screen, *, with_invitations: bool
) -> list[Loaded]:
    tables = connected(stack, accounts=stack.output("AccountsTable"))
    with screen.bar("loading", None, Unit.LINES) as bar:

        def show(done: int, total: int, what: str) -> None:
            bar.to(done, total, f"loading {what}")

        has_sign_ins = files.users is not None and (stack.is_embedded or with_invitations)
        if has_sign_ins:
            check_domains(tables, tenant, files.users or ())
        with noting(tables, tenant, Act.DIRECTORY_SEEDED, "directory"):
            loaded = load(tables, tenant, files, show)
        tenant_topic(boto3.client("sns"), stack, tenant)
        if has_sign_ins and files.users is not None:
            password = os.environ.get(PASSWORD_VARIABLE)
            sign_ins = SignIns(
                user_pools(),
                stack.output("UserPoolId"),
                (password or DEFAULT_PASSWORD) if stack.is_embedded else None,
                is_fixed=bool(password),
            )
            loaded.append(sign_ins.load(tenant, files.users, show))
    return loaded


def check_domains(tables: Tables, tenant: str, users: Sequence[User]) -> None:
    """Raises DirectoryFileError for an active user of a domain that belongs to another tenant."""
    first = {user.email.rpartition("@")[2]: user.email for user in users if user.is_active}
    for email in first.values():
        holder = tables.domains.tenant_of(email)
        if holder not in (None, tenant):
            raise DirectoryFileError(
                f"users.csv, {email}: the domain is verified for the tenant {holder!r}"
            )


def _more(one: Loaded) -> str:
    parts = [
        f"{number:,} {word}"
        for number, word in ((one.new, "new"), (one.changed, "changed"))
        if number
    ]
    return f" ({', '.join(parts)})" if parts else ""
