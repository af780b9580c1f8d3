"""The main job, step by step, as people and systems do it."""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from handover.model import FINAL_STATES

from infra.cli.api import Api
from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import user_pools
from infra.cli.screen import Screen
from infra.cli.uploading import Upload, send
from infra.listening import notifications
from infra.smoke.signing_in import token_of
from infra.smoke.tenant import ACCOUNTS, PROFILE, SOURCE, SmokeTenant, furnish
from infra.smoke.waiting import until

ROLE = "account_manager"
NIGHTLY = "nightly.csv"
HEADER = "account ID,account Manager\n"


@dataclass(slots=True)
class Job:
    """One run of the main job; later steps use what earlier steps have found."""

    tenant: SmokeTenant
    queue_url: str = ""
    password: str = field(default_factory=lambda: f"Aa1-{secrets.token_urlsafe(24)}")
    known_api: Api | None = None
    ticket: str = ""
    import_: Mapping[str, Any] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[tuple[str, Callable[[], None]], ...]:
        """The steps in their order, each with its name."""
        return (
            ("create the tenant", self.create),
            ("sign in", self.sign_in),
            ("upload a file by ticket", self.upload),
            ("apply the good lines", self.apply),
            ("report the bad line", self.report),
            ("notify of the import", self.notify),
            ("take in a file that a system drops", self.drop),
            ("undo the first file", self.undo),
            ("show the history of an account", self.history),
        )

    @property
    def api(self) -> Api:
        """The API, for the tenant's Admin. Raises CommandError before anybody is signed in."""
        if self.known_api is None:
            raise CommandError("nobody is signed in", ExitCode.REFUSED)
        return self.known_api

    def create(self) -> None:
        """Creates the tenant, and a queue that gets its notifications."""
        self.queue_url = furnish(self.tenant, self.password)

    def sign_in(self) -> None:
        """Signs an Admin in with a password, and with a code if the user pool asks for one."""
        tenant = self.tenant
        token = token_of(
            user_pools(), tenant.stack.output("UserPoolClientId"), tenant.admin, self.password
        )
        self.known_api = Api(tenant.stack, lambda _renew: token)

    def upload(self) -> None:
        """Uploads two good lines, and one whose manager does not exist."""
        first, second, third = ACCOUNTS
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "smoke.csv"
            path.write_text(
                f"{HEADER}{first},{self.tenant.manager}\n{second},{self.tenant.manager}\n"
                f"{third},nobody@{self.tenant.name}.example\n"
            )
            self.ticket = send(self.api, Upload(path, PROFILE), Screen(is_quiet=True))

    def apply(self) -> None:
        """The import ends with two accounts assigned and one line rejected."""
        self.import_ = self._ended(self.ticket)
        _expect("its state", self.import_["state"], "error")
        counts = self.import_["counts"]
        _expect("its lines", counts["lines"], 3)
        _expect("its updated lines", counts["updated"], 2)
        _expect("its rejected lines", counts["rejected"], 1)
        _expect(f"the manager of {ACCOUNTS[0]}", self._managers(ACCOUNTS[0]), [self.tenant.manager])

    def report(self) -> None:
        """The bad line is in the report, with its reason."""
        with self.api.download("imports", self.import_["import_id"], "report") as answer:
            text = answer.read().decode("utf-8-sig")
        _expect("its lines in errors.csv", len(text.splitlines()), 2)
        if "USER_NOT_FOUND" not in text:
            raise CommandError(f"found {text!r}, expected the code USER_NOT_FOUND in it")

    def notify(self) -> None:
        """Subscribers are notified of the import."""
        sqs: Any = boto3.client("sqs")
        dedupe_id = f"import-finished/{self.import_['import_id']}"

        def look() -> str | None:
            messages = [one["Message"] for one in notifications(sqs, self.queue_url)]
            return next(
                (one for one in messages if json.loads(one)["dedupe_id"] == dedupe_id), None
            )

        _expect(
            "the announced state", json.loads(until(look, "the notification"))["state"], "error"
        )

    def drop(self) -> None:
        """Another system writes a file into the bucket."""
        boto3.client("s3").put_object(
            Bucket=self.tenant.stack.output("UploadsBucket"),
            Key=f"drop/{self.tenant.name}/{SOURCE}/{NIGHTLY}",
            Body=f"{HEADER}{ACCOUNTS[2]},{self.tenant.manager}\n".encode(),
        )

        def look() -> str | None:
            listed = self.api.get("imports", limit=100)["imports"]
            return next((one["import_id"] for one in listed if one["filename"] == NIGHTLY), None)

        ended = self._ended(until(look, "the import of the drop"))
        if ended["refusal"]:
            raise CommandError(f"the file was refused: {ended['refusal']['message']}")
        _expect("its state", ended["state"], "done")
        _expect(f"the manager of {ACCOUNTS[2]}", self._managers(ACCOUNTS[2]), [self.tenant.manager])

    def undo(self) -> None:
        """What the first file has changed is taken back, and nothing else."""
        asked = self.api.post("imports", self.import_["import_id"], "undo", body={"mode": "run"})
        ended = self._ended(asked["import_ticket"])
        _expect("its state", ended["state"], "done")
        _expect("its cleared lines", ended["counts"]["cleared"], 2)
        _expect(f"the managers of {ACCOUNTS[0]}", self._managers(ACCOUNTS[0]), [])
        _expect(f"the manager of {ACCOUNTS[2]}", self._managers(ACCOUNTS[2]), [self.tenant.manager])

    def history(self) -> None:
        """The history follows the accounts: one entry for the file, one for its undo."""

        def look() -> list[Any] | None:
            found: list[Any] = self.api.get("accounts", ACCOUNTS[0], "history")["history"]
            return found if len(found) >= 2 else None

        entries = until(look, f"two entries in the history of {ACCOUNTS[0]}")
        _expect("the entries", len(entries), 2)

    def _ended(self, ticket: str) -> Mapping[str, Any]:
        def look() -> Mapping[str, Any] | None:
            found: Mapping[str, Any] = self.api.get("imports", ticket)
            return found if found["state"] in FINAL_STATES else None

        return until(look, "the end of the import")

    def _managers(self, account: str) -> list[str]:
        found = self.api.get("accounts", account)
        return list(found["assigned"].get(ROLE, ()))


def _expect(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise CommandError(f"{what}: found {found!r}, expected {expected!r}", ExitCode.REFUSED)
