"""The embedded AWS from the command line: `handover local`."""

from __future__ import annotations

import shlex
from argparse import Namespace
from pathlib import Path

from infra import local
from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import reach_this_machine_directly
from infra.cli.screen import Screen


def up(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover local up`."""
    reach_this_machine_directly()
    screen.note("starting the embedded AWS; the first time takes longer")
    persist = Path(arguments.persist).resolve() if arguments.persist else None
    try:
        stack = local.up(arguments.port, persist)
    except (local.EmulatorError, local.DeployError) as error:
        raise CommandError(str(error)) from error
    screen.say(f"The embedded AWS is up at {stack.endpoint_url}", style="bold green")
    _show_places(screen, stack)
    screen.note('Other programs find it with: eval "$(handover local env)"')
    return ExitCode.ALL_GOOD


def down(_arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover local down`."""
    was_up = local.down()
    screen.say("The embedded AWS is down" if was_up else "The embedded AWS was not up")
    return ExitCode.ALL_GOOD


def status(_arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover local status`; USAGE tells a script that it is not up."""
    stack = local.status()
    if stack is None:
        screen.say("The embedded AWS is not up")
        return ExitCode.USAGE
    screen.say(f"The embedded AWS is up at {stack.endpoint_url}", style="bold green")
    _show_places(screen, stack)
    return ExitCode.ALL_GOOD


def env(_arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover local env`: lines for a shell's eval."""
    stack = local.status()
    if stack is None:
        raise CommandError("the embedded AWS is not up: run `handover local up`")
    for name, value in local.environment(stack).items():
        screen.say(f"export {name}={shlex.quote(value)}")
    return ExitCode.ALL_GOOD


def _show_places(screen: Screen, stack: local.LocalStack) -> None:
    screen.say(f"  API   {stack.api_url}")
    screen.say(f"  log   {stack.emulator.log}")
    if stack.persist:
        screen.say(f"  data  {stack.persist}")
