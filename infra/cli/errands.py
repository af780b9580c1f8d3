"""What is done to many accounts without a file: undo an import, hand accounts over; who waits."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from infra.cli.api import Api
from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import find_stack
from infra.cli.naming import addresses_in
from infra.cli.records import pages
from infra.cli.screen import Screen
from infra.cli.showing import moment, show_json
from infra.cli.uploading import show_outcome


def undo(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover undo`."""
    return undo_import(Api(find_stack()), arguments, screen)


def undo_import(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    """Takes back what an import has changed, as far as it still stands."""
    answer = api.post("imports", arguments.id, "undo", body={"mode": _mode(arguments)})
    return show_outcome(api, answer["import_ticket"], arguments, screen)


def assign(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover assign`."""
    return assign_accounts(Api(find_stack()), arguments, screen)


def assign_accounts(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    """Gives accounts to one holder, or to several; raises CommandError without accounts."""
    if bool(arguments.accounts) == bool(arguments.held_by):
        raise CommandError("name the accounts, or say with --from whose they are")
    wanted: dict[str, object] = {
        "profile": arguments.profile,
        "to": addresses_in(arguments.to, "--to") or None,
        "role": arguments.role,
        "mode": _mode(arguments),
    }
    which = (
        {"account_ids": arguments.accounts}
        if arguments.accounts
        else {"held_by": arguments.held_by}
    )
    answer = api.post("assignments", body=wanted | which)
    return show_outcome(api, answer["import_ticket"], arguments, screen)


def pending(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover pending`."""
    return list_pending(Api(find_stack()), arguments, screen)


def list_pending(api: Api, arguments: Namespace, screen: Screen) -> ExitCode:
    """The accounts that wait for users of addresses that nobody has yet."""
    found: list[dict[str, Any]] = list(pages(api, ("pending",), "pending", None))
    if arguments.json:
        show_json(found)
    elif not found:
        screen.say("No account waits for a user")
    else:
        rows = [
            (
                one["address"],
                one["role"],
                one["account_id"],
                moment(one["since"]),
                one["import_id"] or "",
            )
            for one in found
        ]
        screen.table(("address", "role", "account", "since", "import"), rows)
    return ExitCode.ALL_GOOD


def _mode(arguments: Namespace) -> str:
    return "dry_run" if arguments.dry_run else "run"
