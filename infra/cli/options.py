"""Options and arguments that several commands share, and how their values are parsed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeAlias

from typer import Argument, BadParameter, Context, Option

from infra.cli.session import session_of

DEFAULT_ERRORS = 10
DEFAULT_LIMIT = 20


class Panel(StrEnum):
    """The headings of the list of commands."""

    STACK = "The stack"
    FILES = "Files and imports"
    ACCOUNTS = "Accounts"
    TENANT = "The tenant, for Admins"
    OPERATORS = "Operators, with AWS credentials"


class Status(StrEnum):
    """Whether an account or a user is active."""

    ACTIVE = "active"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Pair:
    """The parts before and after the equals sign of an option's value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Watching:
    """How a command waits for an import, and what it shows of it."""

    waits: bool = True
    as_json: bool = False
    errors: int = DEFAULT_ERRORS


def examples(*lines: str) -> str:
    """The last paragraph of a command's help."""
    return "\n".join(["\b", "Examples:", *(f"  handover {line}" for line in lines)])


def mapped(text: str) -> Pair:
    """`Their column=our column`. Their labels may contain a "=", ours never do."""
    theirs, separator, ours = text.rpartition("=")
    if not separator or not theirs.strip() or not ours.strip():
        raise BadParameter(f"found {text!r}, expected 'Their column=our column'")
    return Pair(theirs.strip(), ours.strip())


def named(text: str) -> Pair:
    """`NAME=VALUE`, where the value may be empty."""
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        raise BadParameter(f"found {text!r}, expected NAME=VALUE")
    return Pair(name.strip(), value.strip())


def mapping_of(pairs: Sequence[Pair]) -> dict[str, str]:
    """The pairs by name; of several pairs with one name, the last counts."""
    return {pair.name: pair.value for pair in pairs}


def _json_alone(context: Context, value: bool) -> bool:
    """Suppresses progress output in scripts; on a terminal, stderr is read by a person."""
    if value and not sys.stderr.isatty():
        session_of(context).screen.is_quiet = True
    return value


AsJson: TypeAlias = Annotated[
    bool, Option("--json", help="print the answer as JSON", callback=_json_alone)
]
DryRun: TypeAlias = Annotated[bool, Option("--dry-run", help="decide everything, change nothing")]
NoWait: TypeAlias = Annotated[bool, Option("--no-wait", help="do not wait for the outcome")]
Errors: TypeAlias = Annotated[
    int,
    Option("--errors", metavar="N", min=0, help="how many of the lines with errors to show"),
]
Yes: TypeAlias = Annotated[bool, Option("--yes", help="do not ask for a confirmation")]
Output: TypeAlias = Annotated[
    str | None, Option("-o", "--output", metavar="FILE", help="write to this file, not to stdout")
]
ProfileName: TypeAlias = Annotated[
    str, Option("--profile", metavar="P", help="the profile whose columns and rules apply")
]
Map: TypeAlias = Annotated[
    list[Pair] | None,
    Option(
        "--map",
        parser=mapped,
        metavar="'Theirs=ours'",
        help="maps a column of the file to a column of the profile; may be repeated",
    ),
]
OnError: TypeAlias = Annotated[
    str,
    Option(
        "--on-error",
        metavar="CHOICE",
        help="what becomes of the good lines when others are in error: apply_good, all_or_nothing, "
        "'stop_above: 5 %'",
    ),
]
Reason: TypeAlias = Annotated[
    str, Option("--reason", metavar="TEXT", help="why, for everybody who sees the import later")
]
Tenant: TypeAlias = Annotated[
    str, Option("--tenant", metavar="T", help="small letters, digits and hyphens")
]
File: TypeAlias = Annotated[str, Argument(metavar="FILE", help="a CSV file, or a workbook (.xlsx)")]
ImportId: TypeAlias = Annotated[str, Argument(metavar="ID", help="the import's id, or its ticket")]
AccountId: TypeAlias = Annotated[str, Argument(metavar="ACCOUNT", help="the account's id")]
Email: TypeAlias = Annotated[str, Argument(metavar="EMAIL", help="the user's address")]
