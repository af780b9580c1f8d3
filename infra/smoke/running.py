"""Runs the main job, shows its steps, and removes what it leaves, whatever happens."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from handover.errors import HandoverError

from infra.cli.failures import CommandError, ExitCode
from infra.cli.screen import Screen
from infra.cli.session import Session
from infra.cli.topics import tenant_topic
from infra.seeding.tables import DirectoryFileError
from infra.smoke.job import Job
from infra.smoke.tenant import SmokeTenant, new_tenant, tenants_left
from infra.smoke.traces import Traces

FAILURES = (
    CommandError,
    HandoverError,
    DirectoryFileError,
    ClientError,
    BotoCoreError,
    OSError,
    LookupError,
    ValueError,
)


def run(session: Session) -> ExitCode:
    """Runs the main job in a tenant of its own; REFUSED when a step fails or something is left."""
    screen, tenant = session.screen, new_tenant(session.stack)
    screen.say(
        f"Running the main job on the stack {tenant.stack.name}, as the tenant {tenant.name}"
    )
    code = ExitCode.ALL_GOOD
    with _ended_by_signals():
        try:
            code = _steps(Job(tenant), screen)
        except KeyboardInterrupt:
            screen.fail("interrupted")
            code = ExitCode.INTERRUPTED
        finally:
            is_clean = _clean(tenant, screen)
    if code is ExitCode.ALL_GOOD and is_clean:
        screen.say(
            "The main job works on this stack, and nothing is left of it", style="bold green"
        )
    return code if is_clean or code else ExitCode.REFUSED


def clean(session: Session) -> ExitCode:
    """Removes what killed runs have left; REFUSED when something stays."""
    found = list(tenants_left(session.stack))
    if not found:
        session.screen.say("No run has left anything")
    with _ended_by_signals():
        cleaned = [_clean(tenant, session.screen) for tenant in found]
    return ExitCode.ALL_GOOD if all(cleaned) else ExitCode.REFUSED


def _steps(job: Job, screen: Screen) -> ExitCode:
    for what, do in job.steps:
        begun = time.monotonic()
        try:
            do()
        except FAILURES as error:
            screen.say(f"  failed  {what}", style="bold red")
            screen.fail(f"the step that failed is: {what}. {reason_of(error)}")
            return ExitCode.REFUSED
        screen.say(f"  ok      {what} ({time.monotonic() - begun:.1f} s)")
    return ExitCode.ALL_GOOD


def _clean(tenant: SmokeTenant, screen: Screen) -> bool:
    """True when nothing of the tenant is left."""
    # An interrupt now would leave something behind that nobody looks for.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        Traces(tenant).remove(tenant_topic(boto3.client("sns"), tenant.stack, tenant.name))
    except FAILURES as error:
        screen.say(f"  failed  remove {tenant.name}", style="bold red")
        screen.fail(f"something of {tenant.name} is left. {reason_of(error)}")
        screen.fail("`handover smoke --clean` tries again")
        return False
    finally:
        signal.signal(signal.SIGINT, before)
    screen.say(f"  ok      remove {tenant.name}")
    return True


def reason_of(error: Exception) -> str:
    """What went wrong, with the call to AWS that failed."""
    if isinstance(error, ClientError):
        said = error.response["Error"]
        return f"AWS refused {error.operation_name}: {said.get('Message') or said['Code']}"
    return f"{type(error).__name__}: {error}" if not isinstance(error, CommandError) else str(error)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """While the block runs, the signal of a process manager ends it as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
