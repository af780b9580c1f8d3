"""How people are named at the command line."""

from __future__ import annotations

from infra.cli.failures import CommandError


def addresses_in(text: str, option: str) -> list[str]:
    """The comma-separated addresses in an option's text, in their order; none = nobody.

    Raises CommandError for a text without an address that is not empty: only commas are left when a
    script has found no addresses.
    """
    found = [part.strip() for part in text.split(",") if part.strip()]
    if text.strip() and not found:
        raise CommandError(f"{option}: found {text!r}, expected addresses, or '' for nobody")
    return found
