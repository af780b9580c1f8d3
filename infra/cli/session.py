"""What one run of a command uses: the screen, the stack and its API."""

from __future__ import annotations

from dataclasses import dataclass

from typer import Context

from infra.cli.api import Api
from infra.cli.failures import CommandError
from infra.cli.location import Stack, find_stack, is_local_by_default
from infra.cli.screen import Screen
from infra.cli.sign_in import id_token


@dataclass(slots=True)
class Session:
    """One run. `stack` and `api` are found when a command first asks for them."""

    screen: Screen
    known_stack: Stack | None = None
    known_api: Api | None = None

    @property
    def stack(self) -> Stack:
        """The stack that commands use. Raises CommandError when there is none."""
        if self.known_stack is None:
            if is_local_by_default():
                self.screen.note(
                    "on the embedded AWS of this machine; HANDOVER_STACK names a stack on AWS"
                )
            self.known_stack = find_stack()
        return self.known_stack

    @property
    def api(self) -> Api:
        """Its API, for the signed-in user. Raises CommandError as `stack` does."""
        if self.known_api is None:
            self.known_api = Api(self.stack)
        return self.known_api

    @property
    def is_signed_in(self) -> bool:
        """True when there is a stack and somebody is signed in to it."""
        try:
            id_token(self.stack)
        except CommandError:
            return False
        return True


def session_of(context: Context) -> Session:
    """The session that the command was started with."""
    session = context.find_object(Session)
    if session is None:
        raise LookupError("a command was started without a session")
    return session
