"""The command line: the list of commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

from typer import Exit, Option, Typer
from typer.main import get_command

from infra.cli import (
    accounts,
    again,
    assignments,
    audit,
    imports,
    lines,
    local,
    operating,
    people,
    previewing,
    requests,
    sources,
    stack,
    tenant,
    uploading,
    workflows,
)
from infra.cli.ending import PROGRAM, code_of
from infra.cli.options import Panel
from infra.cli.screen import Screen
from infra.cli.session import Session

# A shell starts a command with this to complete it: https://typer.tiangolo.com/features/
COMPLETION_VARIABLE = "_HANDOVER_COMPLETE"
EPILOG = """\b
Exit codes:
  0  done; of an import: every line is good
  1  some lines are in error, or wait for an Admin
  2  refused, cancelled or failed
  3  wrong usage, or no connection
"""

app = Typer(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
app.add_typer(local.app, name="local", rich_help_panel=Panel.STACK)
for group in (
    *(stack, uploading, previewing, again, imports, lines, accounts, assignments),
    *(tenant, audit),
):
    app.add_typer(group.app)
app.add_typer(people.app, name="users", rich_help_panel=Panel.TENANT)
app.add_typer(tenant.roles_app, name="roles", rich_help_panel=Panel.TENANT)
app.add_typer(tenant.profiles_app, name="profiles", rich_help_panel=Panel.TENANT)
app.add_typer(workflows.app, name="workflows", rich_help_panel=Panel.TENANT)
app.add_typer(sources.app, name="sources", rich_help_panel=Panel.TENANT)
app.add_typer(requests.app, name="requests", rich_help_panel=Panel.ACCOUNTS)
app.add_typer(operating.app)
app.add_typer(operating.domains_app, name="domains", rich_help_panel=Panel.OPERATORS)
app.add_typer(operating.migrate_app, name="migrate", rich_help_panel=Panel.OPERATORS)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        print(f"{PROGRAM} {version('handover')}")
        raise Exit


@app.callback()
def handover(
    _version: Annotated[
        bool,
        Option("--version", help="print the version", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Assign account managers to customer accounts in bulk, by CSV."""


COMMANDS = get_command(app)


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code. `words` None takes those of the process."""
    if COMPLETION_VARIABLE in os.environ:
        app(prog_name=PROGRAM)
    session = Session(Screen())
    given = sys.argv[1:] if words is None else words
    return code_of(lambda: invoke(given, session), session.screen)


def invoke(words: Sequence[str], session: Session) -> int:
    """Runs one command in a session; raises its errors, and UsageError for wrong words."""
    try:
        with COMMANDS.make_context(PROGRAM, list(words), obj=session) as context:
            code: int = COMMANDS.invoke(context)
            return code
    except Exit as ended:
        return ended.exit_code
