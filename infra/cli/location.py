"""Which stack a command uses, and how to reach it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError

from infra import local
from infra.cli.failures import CommandError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

# The stack names in samconfig.toml, of production and of development.
DEFAULT_STACKS = ("handover", "handover-dev")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CONFIG = Config(
    connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3}
)


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployed stack; `endpoint_url` is None on AWS itself."""

    name: str
    endpoint_url: str | None
    outputs: Mapping[str, str]

    @property
    def is_embedded(self) -> bool:
        """True for an AWS on this machine, where only its owner signs in."""
        return is_loopback(self.endpoint_url or "")

    @property
    def api_url(self) -> str:
        """The address of its API, without a slash at the end."""
        self.output("ApiUrl")
        return local.api_url(self.outputs, self.endpoint_url)

    def console_link(self, import_id: str) -> str:
        """Where the console shows an import; "" for a stack without a console."""
        url = self.outputs.get("ConsoleUrl", "")
        return f"{url}console/imports/{import_id}" if url else ""

    def output(self, key: str) -> str:
        """The stack's output of that name. Raises CommandError when it has none."""
        try:
            return self.outputs[key]
        except KeyError:
            raise CommandError(
                f"the stack {self.name!r} has no output {key!r}: is it a Handover stack, and up "
                "to date? HANDOVER_STACK says which stack is meant."
            ) from None


def is_loopback(url: str) -> bool:
    """True when the address is on this machine."""
    return urlsplit(url).hostname in _LOOPBACK


def find_stack() -> Stack:
    """The stack that the environment names, else that of `handover local up`, else the only one.

    In the second case this process's environment is pointed at it, for all AWS clients. In the
    third it is the only existing one of DEFAULT_STACKS. Raises CommandError when none exists, or
    both.
    """
    use_local_stack()
    reach_this_machine_directly()
    endpoint_url = os.environ.get("AWS_ENDPOINT_URL") or None
    named = os.environ.get("HANDOVER_STACK")
    names = (named,) if named else DEFAULT_STACKS
    try:
        found = {name: values for name in names if (values := _described(name)) is not None}
    except (NoRegionError, NoCredentialsError) as error:
        raise CommandError(
            f"no stack is up on this machine and AWS is not configured ({error}) "
            "`handover local up` starts one; AWS_PROFILE and HANDOVER_STACK name one on AWS."
        ) from error
    place = endpoint_url or "AWS in the region chosen"
    if not found:
        raise CommandError(
            f"there is no stack {' or '.join(map(repr, names))} at {place}. "
            "`handover local up` starts one on this machine; HANDOVER_STACK names another."
        )
    if len(found) > 1:
        raise CommandError(
            f"found the stacks {' and '.join(map(repr, found))} at {place}, expected one: set "
            f"HANDOVER_STACK to the one that is meant, as in HANDOVER_STACK={names[-1]}"
        )
    ((name, outputs),) = found.items()
    return Stack(name, endpoint_url, outputs)


def _described(name: str) -> dict[str, str] | None:
    """The outputs of the stack of that name, None when there is none."""
    try:
        answer = boto3.client("cloudformation", config=_CONFIG).describe_stacks(StackName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return None
    return {one["OutputKey"]: one["OutputValue"] for one in answer["Stacks"][0].get("Outputs", ())}


def is_local_by_default() -> bool:
    """True when commands use this machine although the environment names an AWS account.

    Valid only before the environment is pointed at the local stack.
    """
    names = ("AWS_PROFILE", "AWS_ACCESS_KEY_ID")
    return _local_stack() is not None and any(os.environ.get(name) for name in names)


def use_local_stack() -> None:
    """Points this process at the local stack, unless the environment chooses a stack."""
    running = _local_stack()
    if running is None:
        return
    # A profile, a session or a region of the real AWS means nothing there.
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
        os.environ.pop(name, None)
    os.environ.update(local.environment(running))


def _local_stack() -> local.LocalStack | None:
    """The stack that is up on this machine, unless the environment chooses a stack."""
    if os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("HANDOVER_STACK"):
        return None
    return local.status()


def reach_this_machine_directly() -> None:
    """Bypasses a proxy in the environment for connections to this machine."""
    for name in ("NO_PROXY", "no_proxy"):
        listed = [host for host in os.environ.get(name, "").split(",") if host]
        os.environ[name] = ",".join(dict.fromkeys([*listed, *_LOOPBACK]))


def user_pools() -> CognitoIdentityProviderClient:
    """The client for sign-ins."""
    return boto3.client("cognito-idp", config=_CONFIG)
