"""The embedded AWS: the real template, deployed to an emulator on this machine.

`up` returns once it is ready and leaves it running in the background; `status` finds it again
from any other process; `down` ends it.
"""

from infra.local.stack import (
    DeployError,
    EmulatorError,
    LocalStack,
    api_url,
    client,
    down,
    environment,
    status,
    up,
)

__all__ = [
    "DeployError",
    "EmulatorError",
    "LocalStack",
    "api_url",
    "client",
    "down",
    "environment",
    "status",
    "up",
]
