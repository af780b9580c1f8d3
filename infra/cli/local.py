"""The embedded AWS from the command line: `handover local`."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

from typer import Context, Option, Typer

from infra import local
from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import reach_this_machine_directly
from infra.cli.options import examples
from infra.cli.screen import Screen
from infra.cli.session import session_of
from infra.cli.sign_in import PASSWORD_VARIABLE

ROOT = Path(__file__).resolve().parents[2]
SAMPLE_DIRECTORY = ROOT / "events" / "directory"
SAMPLE_FILE = ROOT / "events" / "uploads" / "pulse-sample.csv"
SAMPLE_TENANT, SAMPLE_ADMIN = "lumina", "ines.okello@lumina.example"
SAMPLE_PROFILE = "single-strict"

app = Typer(help="The embedded AWS on this machine.")


@app.command(epilog=examples("local up", "local up --persist .local/data --port 4599"))
def up(
    ctx: Context,
    port: Annotated[
        int | None,
        Option(
            "--port",
            metavar="N",
            min=0,
            max=65535,
            help="4566 or, if taken, any free one; 0 = any free one",
        ),
    ] = None,
    persist: Annotated[
        str | None, Option("--persist", metavar="DIR", help="keep the data in this folder")
    ] = None,
) -> ExitCode:
    """Start the embedded AWS on this machine (127.0.0.1 only), with the template deployed."""
    screen = session_of(ctx).screen
    reach_this_machine_directly()
    screen.note("starting the embedded AWS; the first time takes longer")
    kept_at = Path(persist).resolve() if persist else None
    try:
        stack = local.up(port, kept_at)
    except (local.EmulatorError, local.DeployError) as error:
        raise CommandError(str(error)) from error
    screen.say(f"The embedded AWS is up at {stack.endpoint_url}", style="bold green")
    _show_places(screen, stack)
    screen.note('Other programs find it with: eval "$(handover local env)"')
    _show_next(screen)
    return ExitCode.ALL_GOOD


@app.command(epilog=examples("local down"))
def down(ctx: Context) -> ExitCode:
    """Stop the embedded AWS."""
    screen = session_of(ctx).screen
    was_up = local.down()
    screen.say("The embedded AWS is down" if was_up else "The embedded AWS was not up")
    return ExitCode.ALL_GOOD


@app.command(epilog=examples("local status"))
def status(ctx: Context) -> ExitCode:
    """Say whether the embedded AWS is up; the exit code is 3 when it is not."""
    screen = session_of(ctx).screen
    stack = local.status()
    if stack is None:
        screen.say("The embedded AWS is not up")
        return ExitCode.USAGE
    screen.say(f"The embedded AWS is up at {stack.endpoint_url}", style="bold green")
    _show_places(screen, stack)
    return ExitCode.ALL_GOOD


@app.command(epilog=examples("local env"))
def env(ctx: Context) -> ExitCode:
    """Print export lines for a shell, so that any AWS tool finds the embedded AWS."""
    screen = session_of(ctx).screen
    stack = local.status()
    if stack is None:
        raise CommandError("the embedded AWS is not up: run `handover local up`")
    for name, value in local.environment(stack).items():
        screen.say(f"export {name}={shlex.quote(value)}")
    return ExitCode.ALL_GOOD


def _show_next(screen: Screen) -> None:
    """Shows a newcomer the next steps with the sample; seeding again changes nothing."""
    from infra.seeding.sign_ins import DEFAULT_PASSWORD  # the tables come with it

    password = os.environ.get(PASSWORD_VARIABLE) or DEFAULT_PASSWORD
    screen.note("To continue with the sample:")
    screen.note(f"  handover seed {_from_here(SAMPLE_DIRECTORY)} --tenant {SAMPLE_TENANT}")
    screen.note(f"  handover login {SAMPLE_ADMIN}   (the password is {password})")
    screen.note(f"  handover upload {_from_here(SAMPLE_FILE)} --profile {SAMPLE_PROFILE}")
    screen.note("Or in a browser, at the console's address, with the same address and password.")


def _from_here(path: Path) -> str:
    return shlex.quote(os.path.relpath(path))


def _show_places(screen: Screen, stack: local.LocalStack) -> None:
    screen.say(f"  console  {stack.console_url}")
    screen.say(f"  API      {stack.api_url}")
    screen.say(f"  log      {stack.emulator.log}")
    if stack.persist:
        screen.say(f"  data     {stack.persist}")
