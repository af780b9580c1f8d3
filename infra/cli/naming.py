"""How people are named at the command line."""

from __future__ import annotations

from infra.cli.failures import CommandError


def addresses_in(text: str, option: str) -> list[str]:
    """The addresses that commas separate in an option's text, in their order; none = nobody.

    Raises CommandError for a text that names nobody and is not empty: the commas are what is left
    of addresses that a script has not found.
    """
    found = [part.strip() for part in text.split(",") if part.strip()]
    if text.strip() and not found:
        raise CommandError(f"{option}: found {text!r}, expected addresses, or '' for nobody")
    return found
