"""The main job on a sample, from nothing to the notification: `python -m infra.demo`.

It runs the commands that a person would type, and ends what it started, whatever happens.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from handover.model import FileWarning, Mode, Refusal, State
from handover.reports.counts import Counts
from handover.reports.notice import notice
from handover.reports.summary import ImportSummary, ReportObject

from infra import local
from infra.cli.api import Api
from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import find_stack
from infra.cli.main import main as handover
from infra.cli.screen import Screen
from infra.listening import listen, notifications
from infra.seeding.sign_ins import DEFAULT_PASSWORD

ROOT = Path(__file__).resolve().parents[1]
DIRECTORY = "events/directory"
SAMPLE = "events/uploads/pulse-sample.csv"
PROFILE = "single-strict"
TENANT = "lumina"
ADMIN = "ines.okello@lumina.example"
ACCOUNT = "KE100842"

NEWS_SECONDS = 30.0
# How much of the emulator's log is shown when something went wrong.
LOG_CHARACTERS = 3_000


class DemoError(Exception):
    """A step did not end as it should; `code` is what the demo ends with."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def main() -> int:
    """Runs the demo; 0 when every step ended as expected."""
    screen = Screen()
    begun = time.monotonic()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    os.chdir(ROOT)
    home = Path(tempfile.mkdtemp(prefix="handover-demo-"))
    _forget_other_stacks(home)
    try:
        _steps(screen)
        code = 0
    except (DemoError, CommandError) as error:
        screen.fail(str(error))
        _show_log(screen, home)
        code = int(error.code)
    except KeyboardInterrupt:
        screen.fail("interrupted")
        code = ExitCode.INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # still end what was started
        local.down()
        shutil.rmtree(home, ignore_errors=True)
    if code == 0:
        screen.say()
        screen.say(
            f"That was all, in {time.monotonic() - begun:.0f} seconds. The embedded AWS is down "
            "again and nothing is left of it. To continue by yourself:"
        )
        screen.say("  .venv/bin/handover local up")
        screen.say(f"  .venv/bin/handover seed {DIRECTORY} --tenant {TENANT}")
        screen.say(
            "Then open the console at the address that `local up` shows, and sign in as "
            f"{ADMIN} with the password {DEFAULT_PASSWORD}."
        )
    return code


def _steps(screen: Screen) -> None:
    _head(screen, "An AWS of your own: the template, deployed to an emulator on this machine")
    _type(screen, "local", "up", "--port", "0")

    _head(screen, "A directory: accounts, users, and who may upload")
    _type(screen, "seed", DIRECTORY, "--tenant", TENANT)
    stack = local.status()
    if stack is None:
        raise DemoError("the embedded AWS has ended by itself")
    queue = _subscribe(stack)

    _head(screen, "Signing in as an Admin of that directory")
    _type(screen, "login", ADMIN)

    _head(screen, "A dry run: everything is decided, nothing is changed")
    upload = ("upload", SAMPLE, "--profile", PROFILE)
    _type(screen, *upload, "--dry-run", "--errors", "0", ends=ExitCode.WITH_ERRORS)

    _head(screen, "The upload itself: the good lines apply, the others are reported")
    _type(screen, *upload, "--errors", "20", ends=ExitCode.WITH_ERRORS)

    _head(screen, "The notification, as subscribers to the tenant's topic get it")
    _show_notification(screen, _wait_for_news(stack, queue), stack.console_url)

    _head(screen, f"What became of one account, {ACCOUNT}")
    _wait_for_history()
    _type(screen, "history", ACCOUNT)


def _forget_other_stacks(home: Path) -> None:
    """Makes this process find no stack but its own, whatever the shell has exported."""
    for name in ("AWS_ENDPOINT_URL", "HANDOVER_STACK"):
        os.environ.pop(name, None)
    os.environ["HANDOVER_HOME"] = str(home)
    os.environ["HANDOVER_PASSWORD"] = DEFAULT_PASSWORD


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _head(screen: Screen, text: str) -> None:
    screen.say()
    screen.say(f"== {text}", style="bold cyan")


def _type(screen: Screen, *words: str, ends: ExitCode = ExitCode.ALL_GOOD) -> None:
    """Shows and runs a command. Raises DemoError unless it ends as it should."""
    screen.say(f"$ handover {shlex.join(words)}", style="bold")
    code = handover(words)
    if code == ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if code != ends:
        raise DemoError(f"`handover {words[0]}` ended with {code} instead of {int(ends)}", code)


def _subscribe(stack: local.LocalStack) -> str:
    """The URL of a queue that gets the notifications of real imports, but not of dry runs."""
    sqs, sns = local.client(stack, "sqs"), local.client(stack, "sns")
    topic = stack.outputs["TenantTopics"] + TENANT
    return listen(sns, sqs, topic, "handover-demo-news", only={"mode": ["run"]})


def _wait_for_news(stack: local.LocalStack, queue: str) -> Mapping[str, Any]:
    sqs = local.client(stack, "sqs")
    deadline = time.monotonic() + NEWS_SECONDS
    while time.monotonic() < deadline:
        for envelope in notifications(sqs, queue):
            return envelope
    raise DemoError(f"no notification came within {NEWS_SECONDS:.0f} seconds")


def _show_notification(screen: Screen, envelope: Mapping[str, Any], console_url: str) -> None:
    body = json.loads(envelope["Message"])
    screen.say(f"Subject: {envelope['Subject']}", style="bold")
    screen.say(notice(_import_from(body), console_url).text.rstrip())
    screen.say()
    attributes = {name: one["Value"] for name, one in envelope["MessageAttributes"].items()}
    screen.say(f"To filter by: {json.dumps(attributes)}")
    few = {name: body[name] for name in ("schema", "dedupe_id", "state", "accounts_updated")}
    screen.say(f"For programs: {json.dumps(few)[:-1]}, ...")


def _import_from(body: Mapping[str, Any]) -> ImportSummary:
    """The import in a notification. The text for people is made from it, as it is for e-mail."""
    return ImportSummary(
        import_id=body["import_id"],
        tenant=body["tenant"],
        profile=body["profile"],
        source=body["source"],
        uploader=body["uploader"],
        filename=body["filename"],
        mode=Mode(body["mode"]),
        state=State(body["state"]),
        received_at=datetime.fromisoformat(body["received_at"]),
        finished_at=datetime.fromisoformat(body["finished_at"]),
        counts=Counts(**body["counts"]),
        accounts_updated=body["accounts_updated"],
        refusal=Refusal(**body["refusal"]) if body["refusal"] else None,
        report=ReportObject(**body["report"]) if body["report"] else None,
        results=ReportObject(**body["results"]) if body["results"] else None,
        warnings=tuple(FileWarning(**one) for one in body["warnings"]),
    )


def _wait_for_history() -> None:
    """Waits until the accounts' stream has been processed up to now."""
    api = Api(find_stack())
    deadline = time.monotonic() + NEWS_SECONDS
    while not api.get("accounts", ACCOUNT, "history")["history"]:
        if time.monotonic() > deadline:
            raise DemoError(f"{ACCOUNT} has no history after {NEWS_SECONDS:.0f} seconds")
        time.sleep(0.2)


def _show_log(screen: Screen, home: Path) -> None:
    log = home / "emulator.log"
    if log.exists():
        screen.fail(f"the end of the embedded AWS's log:\n{log.read_text()[-LOG_CHARACTERS:]}")


if __name__ == "__main__":
    sys.exit(main())
