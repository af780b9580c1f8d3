"""Exit codes, and the error that ends a command."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes, for scripts."""

    ALL_GOOD = 0
    WITH_ERRORS = 1
    REFUSED = 2
    USAGE = 3
    # What a shell reports for a command that was ended by Ctrl-C: 128 + SIGINT.
    INTERRUPTED = 130


class CommandError(Exception):
    """The command cannot be done; the message tells a person why and what to do."""

    def __init__(self, message: str, code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(message)
        self.code = code
