"""The stack on the embedded AWS: brought up, found again, taken down."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local import emulator, package
from infra.local.emulator import Emulator, EmulatorError
from infra.template import load

STACK_NAME = "handover"
REGION = "us-east-1"
SECRET = "test"  # noqa: S105 - the emulator's only key, which opens nothing else
CODE_BUCKET = "handover-code"
DEPLOY_SECONDS = 120.0
# The id of the API, which the emulator takes from a tag. So the console's address is known before
# the deployment: the sign-in pages redirect only to registered addresses.
API_ID = "handover"

__all__ = ["EmulatorError"]


class DeployError(RuntimeError):
    """The template could not be deployed; the message holds the events that failed."""


@dataclass(frozen=True, slots=True)
class LocalStack:
    """A deployed stack: the emulator it runs on, its outputs, and the names of its resources."""

    emulator: Emulator
    outputs: Mapping[str, str]
    resources: Mapping[str, str]  # logical id -> physical id
    auth: bool = False
    persist: Path | None = None
    fingerprint: str = ""  # of the template as it was deployed

    @property
    def endpoint_url(self) -> str:
        """Where every AWS service of it answers."""
        return self.emulator.endpoint_url

    @property
    def name(self) -> str:
        """The stack's name in CloudFormation."""
        return STACK_NAME

    @property
    def api_url(self) -> str:
        """Where its HTTP API answers, without a slash at the end."""
        return api_url(self.outputs, self.endpoint_url)

    @property
    def console_url(self) -> str:
        """Where people open the console in a browser."""
        return f"{self.api_url}/"


def up(
    port: int | None = None,
    persist: Path | None = None,
    *,
    home: Path | None = None,
    auth: bool = False,
    root: Path = emulator.ROOT,
) -> LocalStack:
    """The stack, deployed from `root` and ready, in the background.

    If one already runs in `home`, its code is updated. `port` None takes 4566 or, if taken, any
    free port; 0 takes any free port. `persist` keeps the data across runs. `auth` makes the
    emulator enforce signatures and every function's role. Raises EmulatorError or DeployError.
    """
    home = _home(home)
    persist = persist.resolve() if persist else None
    running = status(home)
    if running is not None:
        if port not in (None, 0, running.emulator.port):
            raise EmulatorError(f"already up on port {running.emulator.port}: take it down first")
        process, persist, auth = running.emulator, running.persist, running.auth
    else:
        process = emulator.start(home, port=emulator.choose_port(port), persist=persist, auth=auth)
    stack = LocalStack(process, {}, {}, auth, persist)
    _remember(stack)
    parameters = {"Stage": "local", "TenantRequestsASecond": "0", **_addresses(process)}
    known = running.fingerprint if running else ""
    try:
        stack = _deploy(stack, parameters=parameters, root=root, known=known) or running or stack
    except DeployError:
        if running is None:
            down(home)  # a failed first deployment leaves nothing worth keeping
        raise
    _remember(stack)
    return stack


def down(home: Path | None = None) -> bool:
    """Ends the stack in `home` and everything it runs; False when there was none."""
    home = _home(home)
    running = status(home)
    if running is not None:
        emulator.stop(running.emulator)
    _state_file(home).unlink(missing_ok=True)
    return running is not None


def status(home: Path | None = None) -> LocalStack | None:
    """The stack that runs in `home`, None when there is none."""
    home = _home(home)
    try:
        state = json.loads(_state_file(home).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    stack = LocalStack(
        Emulator(state["pid"], state["port"], home),
        state["outputs"],
        state["resources"],
        state["auth"],
        Path(state["persist"]) if state["persist"] else None,
        state["fingerprint"],
    )
    return stack if emulator.is_running(stack.emulator) else None


def environment(stack: LocalStack) -> dict[str, str]:
    """What an AWS SDK, the AWS CLI and Handover's own commands need to find the stack."""
    return {
        "AWS_ENDPOINT_URL": stack.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": REGION,
        "HANDOVER_STACK": stack.name,
    }


def client(stack: LocalStack, service: str) -> Any:
    """A boto3 client of `service` on the stack's emulator, whatever the environment says."""
    session: Any = boto3.Session("test", SECRET, region_name=REGION)
    # The emulator accepts presigned addresses of S3 only with this signature.
    settings = Config(signature_version="s3v4") if service == "s3" else Config()
    return session.client(service, endpoint_url=stack.endpoint_url, config=settings)


def api_url(outputs: Mapping[str, str], endpoint_url: str | None) -> str:
    """Where the API of a stack answers, without a slash at the end.

    `endpoint_url` is AWS_ENDPOINT_URL, None on AWS itself. The embedded AWS cannot be reached
    under the host names of AWS, so it takes the API's id from the path.
    """
    url = outputs["ApiUrl"].rstrip("/")
    if not endpoint_url:
        return url
    api_id = (urlsplit(url).hostname or "").split(".")[0]
    return f"{endpoint_url.rstrip('/')}/_aws/execute-api/{api_id}"


def _addresses(process: Emulator) -> dict[str, str]:
    """Where browsers return to after signing in and out, and where they upload from."""
    api = f"{process.endpoint_url}/_aws/execute-api/{API_ID}"
    return {
        "CallbackUrls": f"{api}/console/signed-in",
        "LogoutUrls": f"{api}/",
        "ConsoleOrigins": process.endpoint_url,
    }


def _with_known_api(template: Mapping[str, Any]) -> dict[str, Any]:
    """The template with the tag from which the emulator takes the id of the API."""
    tagged = copy.deepcopy(dict(template))
    for resource in tagged["Resources"].values():
        if resource["Type"] == "AWS::ApiGatewayV2::Api":
            resource["Properties"]["Tags"] = {"ms-custom-id": API_ID}
    return tagged


def _home(home: Path | None) -> Path:
    chosen = home or Path(os.environ.get("HANDOVER_HOME") or emulator.ROOT / ".local")
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen.resolve()


def _state_file(home: Path) -> Path:
    return home / "stack.json"


def _remember(stack: LocalStack) -> None:
    state = {
        "pid": stack.emulator.pid,
        "port": stack.emulator.port,
        "outputs": dict(stack.outputs),
        "resources": dict(stack.resources),
        "auth": stack.auth,
        "persist": str(stack.persist) if stack.persist else None,
        "fingerprint": stack.fingerprint,
    }
    draft = _state_file(stack.emulator.home).with_suffix(".draft")
    draft.write_text(json.dumps(state, indent=2), encoding="utf-8")
    draft.replace(_state_file(stack.emulator.home))


def _deploy(
    stack: LocalStack, *, parameters: Mapping[str, str], root: Path, known: str
) -> LocalStack | None:
    """The stack with its new outputs, None when the deployed stack is already up to date."""
    template = _with_known_api(load(root / "template.yaml"))
    if stack.auth:
        template = _over_plain_http(template)
    archives = package.build(template, root)
    text = json.dumps(_pointing_at(template, archives))
    fingerprint = hashlib.sha256(f"{text}{sorted(parameters.items())}".encode()).hexdigest()
    if fingerprint == known:
        return None
    _upload(stack, archives, text)
    _apply(stack, parameters)
    cloudformation = client(stack, "cloudformation")
    described = cloudformation.describe_stacks(StackName=stack.name)["Stacks"][0]
    outputs = {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.name)
    resources = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
    }
    return LocalStack(stack.emulator, outputs, resources, stack.auth, stack.persist, fingerprint)


def _pointing_at(template: Mapping[str, Any], archives: list[package.Archive]) -> dict[str, Any]:
    """The template with each folder replaced by its archive's place, as `sam package` does."""
    packaged = copy.deepcopy(dict(template))
    for archive in archives:
        properties = packaged["Resources"][archive.logical_id]["Properties"]
        folder = "ContentUri" if "ContentUri" in properties else "CodeUri"
        properties[folder] = f"s3://{CODE_BUCKET}/{archive.name}"
    return packaged


def _over_plain_http(template: Mapping[str, Any]) -> dict[str, Any]:
    """The template without the statements that refuse plain HTTP, because the emulator uses it.

    Needed only when the emulator enforces policies.
    """
    plain = copy.deepcopy(dict(template))
    for logical_id, resource in list(plain["Resources"].items()):
        document = resource["Properties"].get("PolicyDocument")
        if document is None:
            continue
        document["Statement"] = [s for s in document["Statement"] if s["Sid"] != "TlsOnly"]
        if not document["Statement"]:
            del plain["Resources"][logical_id]
    return plain


def _upload(stack: LocalStack, archives: list[package.Archive], text: str) -> None:
    s3 = client(stack, "s3")
    s3.create_bucket(Bucket=CODE_BUCKET)
    listed = s3.list_objects_v2(Bucket=CODE_BUCKET).get("Contents", [])
    present = {entry["Key"] for entry in listed}
    for archive in archives:
        if archive.name not in present:
            s3.put_object(Bucket=CODE_BUCKET, Key=archive.name, Body=archive.path.read_bytes())
    s3.put_object(Bucket=CODE_BUCKET, Key="template.json", Body=text.encode())


def _apply(stack: LocalStack, parameters: Mapping[str, str]) -> None:
    cloudformation = client(stack, "cloudformation")
    request = {
        "StackName": stack.name,
        "TemplateURL": f"{stack.endpoint_url}/{CODE_BUCKET}/template.json",
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
    }
    if _state(cloudformation, stack.name) == "ROLLBACK_COMPLETE":
        cloudformation.delete_stack(StackName=stack.name)  # the only thing it allows
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=stack.name, WaiterConfig={"Delay": 1}
        )
    if _state(cloudformation, stack.name) is not None:
        cloudformation.update_stack(**request)
    else:
        cloudformation.create_stack(**request)
    deadline = time.monotonic() + DEPLOY_SECONDS
    while (state := str(_state(cloudformation, stack.name))).endswith("IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise DeployError(f"the stack is still {state} after {DEPLOY_SECONDS:.0f} seconds")
        time.sleep(0.1)
    if state not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        reasons = _failures(cloudformation, stack.name) or f"see {stack.emulator.log}"
        raise DeployError(f"the stack is {state}\n{reasons}")


def _state(cloudformation: Any, name: str) -> str | None:
    """The stack's status, None when there is no such stack."""
    try:
        described = cloudformation.describe_stacks(StackName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    return str(described["Stacks"][0]["StackStatus"])


def _failures(cloudformation: Any, name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return "\n".join(
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("FAILED")
    )
