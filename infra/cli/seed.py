"""Loading a directory from the command line: `handover seed`."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

from handover.stages.uploads import TENANT_PATTERN
from handover.store.tables import TableNames, connect

from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import Stack, find_stack, user_pools
from infra.cli.screen import Screen, Unit
from infra.cli.sign_in import PASSWORD_VARIABLE
from infra.seeding.directory import DirectoryFiles, read_directory
from infra.seeding.loading import Loaded, load
from infra.seeding.sign_ins import DEFAULT_PASSWORD, SignIns
from infra.seeding.tables import DirectoryFileError


def run(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover seed`. Nothing is written unless every file is sound."""
    tenant = arguments.tenant
    if not TENANT_PATTERN.fullmatch(tenant):
        raise CommandError(
            f"--tenant {tenant!r}: wanted small letters, digits and hyphens, at most 63"
        )
    try:
        files = read_directory(Path(arguments.directory), tenant)
        stack = find_stack()
        loaded = _load(stack, tenant, files, screen, with_invitations=arguments.sign_ins)
    except DirectoryFileError as error:
        raise CommandError(str(error), ExitCode.REFUSED) from error
    screen.say(f"Loaded into the directory of {tenant}:")
    for one in loaded:
        screen.say(f"  {one.total:>6,}  {one.what}{_more(one)}")
    return ExitCode.ALL_GOOD


def _load(
    stack: Stack, tenant: str, files: DirectoryFiles, screen: Screen, *, with_invitations: bool
) -> list[Loaded]:
    tables = connect(
        TableNames(accounts=stack.output("AccountsTable"), directory=stack.output("DirectoryTable"))
    )
    with screen.bar("loading", None, Unit.LINES) as bar:

        def told(done: int, total: int, what: str) -> None:
            bar.to(done, total, f"loading {what}")

        loaded = load(tables, tenant, files, told)
        if files.users is not None and (stack.is_embedded or with_invitations):
            password = os.environ.get(PASSWORD_VARIABLE)
            sign_ins = SignIns(
                user_pools(),
                stack.output("UserPoolId"),
                (password or DEFAULT_PASSWORD) if stack.is_embedded else None,
                is_fixed=bool(password),
            )
            loaded.append(sign_ins.load(tenant, files.users, told))
    return loaded


def _more(one: Loaded) -> str:
    parts = [
        f"{number:,} {word}"
        for number, word in ((one.new, "new"), (one.changed, "changed"))
        if number
    ]
    return f" ({', '.join(parts)})" if parts else ""
