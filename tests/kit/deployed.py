"""Handover from the outside: nothing here uses more than a customer's own code could."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any

from infra import local
from infra.local.stack import LocalStack

TENANT = "lumina"
ADMIN = "ines.okello@lumina.example"
BACK_OFFICE = "joyce.wambui@lumina.example"
PASSWORD = "Handover-1"
FINAL = {"done", "error", "refused", "cancelled"}
LONGEST_SECONDS = 150.0


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def http(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Answer:
    """One HTTP request; no redirect is followed and no status raises."""
    request = urllib.request.Request(url, data=body, method=method, headers=dict(headers or {}))
    try:
        with _opener.open(request, timeout=30) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


def until(found: Callable[[], Any], what: str, seconds: float = LONGEST_SECONDS) -> Any:
    """The first true value of `found`; fails the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.1)
    return value


@dataclass
class DeployedStack:
    """A deployed stack and the keys that its users, systems and operators have."""

    stack: LocalStack
    queue_url: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    notifications: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)  # beside those that every command sees
    made: int = 0
    spare: list[str] = field(default_factory=list)  # accounts that were made and not used yet

    def client(self, service: str) -> Any:
        return local.client(self.stack, service)

    @property
    def environment(self) -> dict[str, str]:
        home = str(self.stack.emulator.home / "person")
        return {
            **os.environ,
            **local.environment(self.stack),
            "HANDOVER_HOME": home,
            "HANDOVER_PASSWORD": PASSWORD,
            "NO_COLOR": "1",
            **self.variables,
        }

    def handover(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """The command line, as a person runs it."""
        command = Path(sys.executable).parent / "handover"
        return subprocess.run(
            [command, *words],
            env=self.environment,
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )

    def new_accounts(self, count: int) -> list[str]:
        """The ids of that many new accounts of the Kenyan opco without a manager."""
        if len(self.spare) >= count:
            taken, self.spare = self.spare[:count], self.spare[count:]
            return taken
        named = [f"KX{place:06d}" for place in range(self.made, self.made + count)]
        self.made += count
        folder = self.stack.emulator.home / f"directory-{self.made}"
        folder.mkdir()
        rows = "".join(f"{account},,,Lumina Kenya\n" for account in named)
        (folder / "accounts.csv").write_text(f"account_id,name,customer_id,opco\n{rows}")
        seeded = self.handover("seed", str(folder), "--tenant", TENANT)
        assert seeded.returncode == 0, seeded.stdout + seeded.stderr
        return named

    # People

    def token(self, email: str) -> str:
        if email not in self.tokens:
            answer = self.client("cognito-idp").initiate_auth(
                ClientId=self.stack.outputs["UserPoolClientId"],
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD},
            )
            self.tokens[email] = answer["AuthenticationResult"]["IdToken"]
        return self.tokens[email]

    def api(
        self, method: str, path: str, *, as_: str = ADMIN, body: object | None = None
    ) -> Answer:
        headers = {"authorization": f"Bearer {self.token(as_)}"}
        data = None
        if body is not None:
            headers["content-type"] = "application/json"
            data = json.dumps(body).encode()
        return http(method, self.stack.api_url + path, headers=headers, body=data)

    def upload(
        self,
        content: bytes,
        *,
        as_: str = ADMIN,
        profile: str = "single-strict",
        filename: str = "managers.csv",
        mode: str = "run",
    ) -> str:
        """The ticket of a file that was uploaded through the API and a plain HTTP POST."""
        body = {"profile": profile, "filename": filename, "mode": mode}
        answer = self.api("POST", "/imports", as_=as_, body=body)
        assert answer.status == 201, answer.body
        door = answer.json["upload"]
        posted = post_form(door["url"], door["fields"], content)
        assert posted.status in (200, 201, 204), posted.body
        return str(answer.json["import_ticket"])

    def import_(self, import_id: str, as_: str = ADMIN) -> dict[str, Any]:
        answer = self.api("GET", f"/imports/{import_id}", as_=as_)
        assert answer.status == 200, answer.body
        found: dict[str, Any] = answer.json
        return found

    def ended(self, import_id: str, as_: str = ADMIN) -> dict[str, Any]:
        """The import once it has ended."""

        def look() -> dict[str, Any] | None:
            found = self.import_(import_id, as_)
            return found if found["state"] in FINAL else None

        found: dict[str, Any] = until(look, f"the end of {import_id}")
        return found

    def in_state(self, import_id: str, state: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = self.import_(import_id)
            return found if found["state"] == state else None

        found: dict[str, Any] = until(look, f"{import_id} to be {state}")
        return found

    def run(self, content: bytes, **how: Any) -> dict[str, Any]:
        return self.ended(self.upload(content, **how), how.get("as_", ADMIN))

    def manager(self, account_id: str) -> list[str]:
        quoted = urllib.parse.quote(account_id, safe="")
        answer = self.api("GET", f"/accounts/{quoted}")
        assert answer.status == 200, answer.body
        return list(answer.json["assigned"].get("account_manager", []))

    def history(self, account_id: str, entries: int) -> list[dict[str, Any]]:
        """The history once it has that many entries: it follows the accounts' stream."""
        path = f"/accounts/{urllib.parse.quote(account_id, safe='')}/history"

        def look() -> list[dict[str, Any]] | None:
            found = self.api("GET", path).json["history"]
            return found if len(found) >= entries else None

        found: list[dict[str, Any]] = until(look, f"{entries} entries for {account_id}")
        return found

    # Admins

    def report(self, import_: Mapping[str, Any], name: str = "errors.csv") -> bytes:
        key = f"{import_['tenant']}/{import_['import_id']}/{name}"
        bucket = self.stack.outputs["ReportsBucket"]
        body: bytes = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def results(self, import_: Mapping[str, Any]) -> list[dict[str, str]]:
        """Handover's own columns of every line, which are always the last seven."""
        text = self.report(import_, "results.csv").decode("utf-8-sig")
        head, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=import_["delimiter"])
        return [dict(zip(head[-7:], row[-7:], strict=True)) for row in rows]

    def notification(self, dedupe_id: str) -> dict[str, Any]:
        """The SNS notification with that dedupe id, as a subscribed queue receives it."""

        def look() -> dict[str, Any] | None:
            answer = self.client("sqs").receive_message(
                QueueUrl=self.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=0
            )
            for message in answer.get("Messages", []):
                self.notifications.append(json.loads(message["Body"]))
                self.client("sqs").delete_message(
                    QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"]
                )
            for envelope in self.notifications:
                if json.loads(envelope["Message"])["dedupe_id"] == dedupe_id:
                    return envelope
            return None

        found: dict[str, Any] = until(look, f"the notification {dedupe_id}")
        return found

    # Systems

    def drop(self, path: Path, key: str) -> None:
        """Copies a file into the upload bucket, with the AWS CLI where there is one."""
        bucket = self.stack.outputs["UploadsBucket"]
        if has_aws_cli():
            subprocess.run(
                ["aws", "s3", "cp", str(path), f"s3://{bucket}/{key}"],
                env=self.environment,
                check=True,
                capture_output=True,
                timeout=60,
            )
        else:
            self.client("s3").upload_file(str(path), bucket, key)

    def imports_of(self, filename: str) -> list[dict[str, Any]]:
        """The imports of that file name in the tenant's import history, newest first."""
        listed = self.api("GET", "/imports?limit=100").json["imports"]
        return [one for one in listed if one["filename"] == filename]


def has_aws_cli() -> bool:
    """True where `aws` is installed and runs."""
    if shutil.which("aws") is None:
        return False
    tried = subprocess.run(["aws", "--version"], capture_output=True, check=False, timeout=60)
    return tried.returncode == 0


def post_form(url: str, fields: Mapping[str, str], content: bytes) -> Answer:
    """A browser's form upload: the fields, then the file."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\n'
        "Content-Type: text/csv\r\n\r\n"
    )
    body = b"".join([*parts, head.encode(), content, f"\r\n--{boundary}--\r\n".encode()])
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return http("POST", url, headers=headers, body=body)


def accounts_csv(*lines: tuple[str, str]) -> bytes:
    """A file of the preset's two columns."""
    rows = "".join(f"{account},{manager}\n" for account, manager in lines)
    return f"account ID,account Manager\n{rows}".encode()
