"""Asking a person for a confirmation."""

from __future__ import annotations

import sys

from infra.cli.failures import CommandError, ExitCode

YES = frozenset({"y", "yes"})


def confirm(question: str, otherwise: str) -> None:
    """Raises CommandError with `otherwise` for any answer but yes, in any case."""
    if not sys.stdin.isatty():
        raise CommandError("there is no terminal to ask for a confirmation: use --yes")
    if input(f"{question} [y/N] ").strip().casefold() not in YES:
        raise CommandError(otherwise, ExitCode.REFUSED)
