"""Which stack a command speaks to, and how it gets there."""

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

DEFAULT_STACK = "handover"
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
        """True for an AWS on this machine, where nobody but its owner signs in."""
        return is_loopback(self.endpoint_url or "")

    @property
    def api_url(self) -> str:
        """Where its API answers, without a slash at the end."""
        self.output("ApiUrl")
        return local.api_url(self.outputs, self.endpoint_url)

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
    """The stack that the environment names, else the one of `handover local up`.

    In the second case this process's environment is pointed at it, for every AWS client it makes.
    Raises CommandError when there is no such stack.
    """
    use_local_stack()
    reach_this_machine_directly()
    name = os.environ.get("HANDOVER_STACK") or DEFAULT_STACK
    endpoint_url = os.environ.get("AWS_ENDPOINT_URL") or None
    try:
        found = boto3.client("cloudformation", config=_CONFIG).describe_stacks(StackName=name)
    except (NoRegionError, NoCredentialsError) as error:
        raise CommandError(
            f"no stack is up on this machine and AWS is not configured ({error}) "
            "`handover local up` starts one; AWS_PROFILE and HANDOVER_STACK name one on AWS."
        ) from error
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise CommandError(
            f"there is no stack {name!r} at {endpoint_url or 'AWS in the region chosen'}. "
            "`handover local up` starts one on this machine; HANDOVER_STACK names another."
        ) from error
    outputs = {
        output["OutputKey"]: output["OutputValue"] for output in found["Stacks"][0]["Outputs"]
    }
    return Stack(name, endpoint_url, outputs)


def use_local_stack() -> None:
    """Points this process at the local stack, unless the environment says where to go."""
    if os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("HANDOVER_STACK"):
        return
    running = local.status()
    if running is None:
        return
    # A profile, a session or a region of the real AWS has no meaning there.
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
        os.environ.pop(name, None)
    os.environ.update(local.environment(running))


def reach_this_machine_directly() -> None:
    """Keeps a proxy that the environment names out of the way to this machine itself."""
    for name in ("NO_PROXY", "no_proxy"):
        listed = [host for host in os.environ.get(name, "").split(",") if host]
        os.environ[name] = ",".join(dict.fromkeys([*listed, *_LOOPBACK]))


def user_pools() -> CognitoIdentityProviderClient:
    """The client for sign-ins."""
    return boto3.client("cognito-idp", config=_CONFIG)
