"""The emulators to compare the memory AWS with: ministack as a process, moto in this one."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from moto import mock_aws

_ROOT: Final = Path(__file__).parents[3]
_EMULATOR: Final = _ROOT / ".emulator"
_PACKAGES: Final = _EMULATOR / "packages"
_LAUNCH: Final = """
import sys
sys.path.insert(0, sys.argv.pop())
from ministack.app import main
main()
"""
_START_SECONDS: Final = 20.0
_CREDENTIALS: Final = {
    "aws_access_key_id": "test",
    "aws_secret_access_key": "test",
    "region_name": "us-east-1",
}


def _command() -> list[str]:
    """ministack as it is, where `make setup` puts it or as HANDOVER_MINISTACK names it."""
    if _PACKAGES.is_dir():
        return [str(_EMULATOR / "bin" / "python"), "-I", "-c", _LAUNCH, str(_PACKAGES)]
    return [os.environ["HANDOVER_MINISTACK"]]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("ministack did not start")


@contextmanager
def ministack() -> Iterator[str]:
    """The endpoint URL of a ministack of its own, ended afterwards."""
    port = _free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "ERROR",
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            _command(),
            env={**environment, "HOME": folder, "TMPDIR": folder},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process,
    ):
        try:
            _wait(process, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=10)


@contextmanager
def moto() -> Iterator[None]:
    """moto answers the clients made in the block; none reaches AWS."""
    with mock_aws():
        yield None


def client(service: str, endpoint: str | None) -> Any:
    """A client that does not send anything twice."""
    config = Config(
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path"},
        parameter_validation=False,
    )
    # The name is chosen at run time, so no stub knows the client's type.
    make: Any = boto3.client
    return make(service, endpoint_url=endpoint, config=config, **_CREDENTIALS)
