"""One call of a step, disturbed: the process stops, a service fails, or something else happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.kit.memory_aws import ServiceError


class StoppedError(BaseException):
    """The process of a step was stopped."""


def _nothing() -> None:
    """Does nothing: the default for what happens meanwhile."""


@dataclass
class Disturbance:
    """A hook that disturbs the call `at_call` of a step, as `kind` says."""

    at_call: int = 0
    kind: str = ""
    meanwhile: Callable[[], None] = _nothing
    seen: int = 0

    def before(self, *_operation: Any, **_more: Any) -> None:
        self.seen += 1
        if self.seen != self.at_call:
            return
        if self.kind == "stop":
            raise StoppedError
        if self.kind == "error":
            raise ServiceError("InternalServerError", "a service fails", 500)
        if self.kind == "world":
            self.meanwhile()

    def after(self, *_operation: Any, **_more: Any) -> None:
        if self.seen != self.at_call:
            return
        if self.kind == "stop_after":
            raise StoppedError
        if self.kind == "world_after":
            self.meanwhile()
