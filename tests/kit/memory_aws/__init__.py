"""An AWS in memory for the fault simulation: real clients, no network, no wall clock, no chance.

    memory = memory_from_template(infra.template.load(path), clock)
    with install(memory):
        lambda_handler(event, context)

tests/simulation/test_fidelity*.py compare it with moto and ministack: random operations, same
answers.
"""

from tests.kit.memory_aws.failures import ServiceError, broken, throttled
from tests.kit.memory_aws.hooks import PLAIN, Hook, Twist
from tests.kit.memory_aws.memory import MemoryAws, Snapshot, install
from tests.kit.memory_aws.messaging import Event, Message, Notification
from tests.kit.memory_aws.s3 import ObjectCreated, Version
from tests.kit.memory_aws.stream_records import Change
from tests.kit.memory_aws.template import memory_from_template

__all__ = [
    "PLAIN",
    "Change",
    "Event",
    "Hook",
    "MemoryAws",
    "Message",
    "Notification",
    "ObjectCreated",
    "ServiceError",
    "Snapshot",
    "Twist",
    "Version",
    "broken",
    "install",
    "memory_from_template",
    "throttled",
]
