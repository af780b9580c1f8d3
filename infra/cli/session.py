"""What one run of a command speaks through: the screen, the stack and its API."""

from __future__ import annotations

from dataclasses import dataclass

from typer import Context

from infra.cli.api import Api
from infra.cli.location import Stack, find_stack
from infra.cli.screen import Screen


@dataclass(slots=True)
class Session:
    """One run. `stack` and `api` are found when a command first asks for them."""

    screen: Screen
    known_stack: Stack | None = None
    known_api: Api | None = None

    @property
    def stack(self) -> Stack:
        """The stack that commands are about. Raises CommandError when there is none."""
        if self.known_stack is None:
            self.known_stack = find_stack()
        return self.known_stack

    @property
    def api(self) -> Api:
        """Its API, for whoever is signed in. Raises CommandError as `stack` does."""
        if self.known_api is None:
            self.known_api = Api(self.stack)
        return self.known_api


def session_of(context: Context) -> Session:
    """The session that the command was started with."""
    session = context.find_object(Session)
    if session is None:
        raise LookupError("a command was started without a session")
    return session
