"""The command line's commands and how a run of it ends."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import NoReturn, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError
from handover.errors import HandoverError

from infra.cli import (
    accounts,
    addresses,
    errands,
    local,
    people,
    records,
    replaying,
    sign_in,
    topics,
    uploading,
)
from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import find_stack
from infra.cli.screen import Screen
from infra.cli.showing import show_json

Command: TypeAlias = Callable[[argparse.Namespace, Screen], ExitCode]

EXIT_CODES = """exit codes:
  0  done; of an import: every line is good
  1  some lines are in error, or wait for an Admin
  2  refused, cancelled or failed
  3  wrong usage, or no connection
"""
DEFAULT_LIMIT = 20
DEFAULT_ERRORS = 10


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command; the exit code comes back. `words` None takes those of the process."""
    arguments = parser().parse_args(words)
    run: Command = arguments.run
    screen = Screen(is_quiet=getattr(arguments, "json", False) and not sys.stderr.isatty())
    try:
        return run(arguments, screen)
    except CommandError as error:
        screen.fail(str(error))
        return error.code
    except HandoverError as error:
        screen.fail(str(error))
    except ClientError as error:
        told = error.response["Error"]
        screen.fail(f"AWS refused {error.operation_name}: {told.get('Message') or told['Code']}")
    except BotoCoreError as error:
        screen.fail(f"AWS cannot be reached: {error}")
    except BrokenPipeError:
        # Whoever read our output has seen enough. Python would complain of it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.ALL_GOOD
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        screen.fail(f"{place}{error.strerror or error}")
    except KeyboardInterrupt:
        screen.fail("interrupted. What has been uploaded goes on: see `handover imports`")
        return ExitCode.INTERRUPTED
    return ExitCode.USAGE


class _Parser(argparse.ArgumentParser):
    """A parser that ends a wrong usage as the exit codes say."""

    def error(self, message: str) -> NoReturn:
        """Says what is wrong, and ends."""
        self.print_usage(sys.stderr)
        self.exit(ExitCode.USAGE, f"{self.prog}: {message}\n")


def parser() -> argparse.ArgumentParser:
    """All commands; each sets `run`."""
    top = _Parser(
        prog="handover",
        description="Assigns account managers to customer accounts in bulk, by CSV.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"handover {version('handover')}")
    commands = top.add_subparsers(
        title="commands", dest="command", required=True, metavar="COMMAND"
    )
    _add_stack_commands(commands)
    _add_file_commands(commands)
    _add_record_commands(commands)
    _add_account_commands(commands)
    _add_errand_commands(commands)
    _add_user_commands(commands)
    _add_setup_commands(commands)
    _add_operator_commands(commands)
    return top


Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"  # noqa: SLF001 - it has no other name


def _add_stack_commands(commands: Commands) -> None:
    embedded = commands.add_parser("local", help="the embedded AWS on this machine")
    actions = embedded.add_subparsers(dest="action", required=True, metavar="ACTION")
    up = actions.add_parser("up", help="start it, with the template deployed")
    up.add_argument("--port", type=_port, help="4566 or, if taken, any free one; 0 = any free one")
    up.add_argument("--persist", metavar="DIR", help="keep the data there from run to run")
    up.set_defaults(run=local.up)
    actions.add_parser("down", help="end it").set_defaults(run=local.down)
    actions.add_parser("status", help="say whether it is up").set_defaults(run=local.status)
    actions.add_parser("env", help="export lines for a shell").set_defaults(run=local.env)

    outputs = commands.add_parser("outputs", help="the stack's outputs")
    outputs.add_argument("name", nargs="?", metavar="NAME", help="of this one, the value alone")
    outputs.add_argument("--json", action="store_true")
    outputs.set_defaults(run=_outputs)

    seed = commands.add_parser("seed", help="load a tenant's directory from CSV files")
    seed.add_argument("directory", metavar="DIR", help="with accounts.csv, users.csv and others")
    seed.add_argument("--tenant", required=True)
    seed.add_argument(
        "--sign-ins",
        action="store_true",
        help="on AWS also invite the active users to sign in, by e-mail",
    )
    seed.set_defaults(run=_seed)

    replay = commands.add_parser("replay", help="publish what was parked, once its cause is gone")
    replay.set_defaults(run=replaying.run)

    login = commands.add_parser(
        "login", help="sign in; the password from HANDOVER_PASSWORD or asked"
    )
    login.add_argument("email", metavar="EMAIL")
    login.set_defaults(run=_login)
    token = commands.add_parser("token", help="print the JWT of who is signed in, for curl")
    token.set_defaults(run=_token)


def _add_operator_commands(commands: Commands) -> None:
    """What needs AWS credentials instead of a sign-in."""
    release = commands.add_parser(
        "release-address", help="operators: end a sign-in, so that another tenant can invite"
    )
    release.add_argument("email", metavar="EMAIL")
    release.add_argument(
        "--for", dest="tenant", default="", metavar="TENANT", help="invite its user at once"
    )
    release.add_argument("--yes", action="store_true", help="do not ask")
    release.set_defaults(run=addresses.release)

    why = commands.add_parser("why", help="operators: what an import waits for")
    why.add_argument("id", metavar="ID", help="of the import, or its ticket")
    why.set_defaults(run=_why)

    subscribe = commands.add_parser(
        "subscribe", help="operators: let an endpoint hear of a tenant's imports"
    )
    subscribe.add_argument(
        "endpoint", nargs="?", metavar="ENDPOINT", help="without one: who hears of them"
    )
    subscribe.add_argument("--tenant", required=True)
    subscribe.set_defaults(run=topics.subscribe)

    domains = commands.add_parser(
        "domains", help="operators: the mail domains that one tenant alone can invite"
    )
    domains.set_defaults(run=addresses.domains)
    actions = domains.add_subparsers(dest="action", metavar="ACTION")
    verify = actions.add_parser("verify", help="give a domain to a tenant, once it has proven it")
    verify.add_argument("domain", metavar="DOMAIN")
    verify.add_argument("--tenant", required=True)
    forget = actions.add_parser("forget", help="let every tenant invite its addresses again")
    forget.add_argument("domain", metavar="DOMAIN")


def _add_file_commands(commands: Commands) -> None:
    upload = commands.add_parser("upload", help="upload a CSV file and watch what becomes of it")
    _add_file(upload)
    _add_watching(upload)
    upload.set_defaults(run=uploading.run)
    check = commands.add_parser("check", help="check a CSV file without any AWS")
    _add_file(check)
    check.set_defaults(run=_check)


def _add_file(command: _Parser) -> None:
    command.add_argument("file", metavar="FILE")
    command.add_argument("--profile", required=True, metavar="P")
    _add_mapping(command)


def _add_mapping(command: _Parser) -> None:
    command.add_argument(
        "--map",
        action="append",
        type=_pair,
        default=[],
        metavar="'Their column=our column'",
        help="what a column of the file is called in the profile; may be repeated",
    )


def _add_record_commands(commands: Commands) -> None:
    imports = commands.add_parser("imports", help="the imports so far, or one of them")
    imports.add_argument("id", nargs="?", metavar="ID")
    imports.add_argument("--json", action="store_true")
    imports.add_argument("--limit", type=_count, default=DEFAULT_LIMIT, metavar="N")
    _add_errors(imports)
    imports.set_defaults(run=records.imports)
    for name, text in (
        ("report", "the lines of an import that are in error, as CSV"),
        ("results", "every line of an import with its outcome, as CSV"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("id", metavar="ID")
        _add_output(command)
        command.set_defaults(run=records.report)
    template = commands.add_parser("template", help="an empty CSV file of a profile")
    template.add_argument("profile", metavar="P")
    _add_output(template)
    template.set_defaults(run=records.template)
    for name, text in (
        ("approve", "let an import go on that waits for an Admin"),
        ("cancel", "end an import; what is written stays"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("id", metavar="ID")
        command.set_defaults(run=records.decide)
    portfolio = commands.add_parser("portfolio", help="the accounts that a user holds")
    portfolio.add_argument("email", metavar="EMAIL")
    portfolio.add_argument("--json", action="store_true")
    portfolio.set_defaults(run=records.portfolio)


def _add_account_commands(commands: Commands) -> None:
    account = commands.add_parser("account", help="an account and who is assigned to it")
    account.add_argument("account", metavar="ACCOUNT")
    account.add_argument("--at", metavar="DATE", help="as it was at the end of that day, or then")
    account.add_argument("--json", action="store_true")
    account.set_defaults(run=accounts.account)
    history = commands.add_parser("history", help="who has held an account, and why")
    history.add_argument("account", metavar="ACCOUNT")
    history.add_argument("--json", action="store_true")
    history.set_defaults(run=accounts.history)
    edit = commands.add_parser("edit", help="change who is assigned to one account")
    edit.add_argument("account", metavar="ACCOUNT")
    edit.add_argument("--profile", required=True, metavar="P")
    edit.add_argument(
        "--set",
        action="append",
        type=_wish,
        required=True,
        metavar="ROLE=EMAIL[,EMAIL]",
        help="who is to hold a role, nobody after a bare '='; may be repeated",
    )
    edit.add_argument("--dry-run", action="store_true", help="decide, change nothing")
    edit.add_argument("--json", action="store_true")
    edit.set_defaults(run=accounts.edit)
    export = commands.add_parser("export", help="all accounts with who is assigned, as CSV")
    export.add_argument("--status", choices=("active", "inactive"))
    export.add_argument("--portal", metavar="NAME")
    export.add_argument("--holder", metavar="NAME", help="of whoever has that name or address")
    export.add_argument("--role", metavar="ROLE", help="that they hold in this role")
    _add_output(export)
    export.set_defaults(run=accounts.export)


def _add_user_commands(commands: Commands) -> None:
    users = commands.add_parser("users", help="the users, who are assigned and sign in")
    users.add_argument("--name", metavar="NAME", help="only those whose name begins so")
    users.add_argument("--json", action="store_true")
    users.set_defaults(run=people.run)
    actions = users.add_subparsers(dest="action", metavar="ACTION")
    for action, text in (("add", "create one"), ("edit", "change what is said of one")):
        command = actions.add_parser(action, help=text)
        command.add_argument("email", metavar="EMAIL")
        is_new = action == "add"
        command.add_argument("--name", required=is_new, metavar="NAME")
        command.add_argument(
            "--roles", nargs="*", required=is_new, metavar="ROLE", help="user roles, all of them"
        )
        command.add_argument("--status", choices=("active", "inactive"))
        for option in ("opco", "employee-id", "phone", "mobile", "login-name"):
            command.add_argument(f"--{option}", metavar="TEXT")
    invite = actions.add_parser("invite", help="send one an invitation, or another one")
    invite.add_argument("email", metavar="EMAIL")
    delete = actions.add_parser("delete", help="delete some, and take them off all accounts")
    delete.add_argument("emails", nargs="+", metavar="EMAIL")
    delete.add_argument("--yes", action="store_true", help="do not ask")


def _add_setup_commands(commands: Commands) -> None:
    settings = commands.add_parser("settings", help="the tenant's settings")
    settings.add_argument(
        "--set",
        action="append",
        type=_wish,
        default=[],
        metavar="NAME=VALUE",
        help="change one; may be repeated",
    )
    settings.add_argument("--json", action="store_true")
    settings.set_defaults(run=people.run)

    roles = commands.add_parser("roles", help="the roles that the tenant's accounts have")
    roles.add_argument("--json", action="store_true")
    roles.set_defaults(run=people.run)
    actions = roles.add_subparsers(dest="action", metavar="ACTION")
    define = actions.add_parser("set", help="define one, or define it anew")
    define.add_argument("role", metavar="ROLE")
    define.add_argument("--max-users", type=_count, metavar="N", help="any number unless given")
    define.add_argument(
        "--assigned-by", nargs="*", default=[], metavar="ROLE", help="user roles; any unless given"
    )
    remove = actions.add_parser("remove", help="remove one; who holds it keeps it")
    remove.add_argument("role", metavar="ROLE")

    profiles = commands.add_parser("profiles", help="the profiles that files can follow")
    profiles.add_argument("--json", action="store_true")
    profiles.set_defaults(run=people.run)
    actions = profiles.add_subparsers(dest="action", metavar="ACTION")
    save = actions.add_parser("save", help="save a mapping as a profile of the tenant's own")
    save.add_argument("name", metavar="NAME")
    save.add_argument("--from", dest="source", required=True, metavar="P")
    save.add_argument("--title", default="", metavar="TEXT")
    _add_mapping(save)


def _add_errand_commands(commands: Commands) -> None:
    undo = commands.add_parser("undo", help="take back what an import has changed")
    undo.add_argument("id", metavar="ID")
    _add_watching(undo)
    undo.set_defaults(run=errands.undo)
    assign = commands.add_parser("assign", help="hand accounts over, without a file")
    assign.add_argument("accounts", nargs="*", metavar="ACCOUNT")
    assign.add_argument("--profile", required=True, metavar="P")
    assign.add_argument(
        "--to", required=True, metavar="EMAIL[,EMAIL]", help="who is to hold them; '' = nobody"
    )
    assign.add_argument("--role", default="", metavar="ROLE", help="the profile's first, if not")
    assign.add_argument(
        "--from", dest="held_by", metavar="EMAIL", help="all that this user holds in the role"
    )
    _add_watching(assign)
    assign.set_defaults(run=errands.assign)
    pending = commands.add_parser("pending", help="the accounts that wait for users to come")
    pending.add_argument("--json", action="store_true")
    pending.set_defaults(run=errands.pending)


def _add_watching(command: _Parser) -> None:
    command.add_argument("--dry-run", action="store_true", help="decide everything, change nothing")
    command.add_argument(
        "--no-wait", dest="wait", action="store_false", help="do not wait for the outcome"
    )
    command.add_argument("--json", action="store_true", help="print the import as JSON")
    _add_errors(command)


def _add_errors(command: _Parser) -> None:
    command.add_argument(
        "--errors",
        type=_count,
        default=DEFAULT_ERRORS,
        metavar="N",
        help=f"how many of the lines with errors are shown ({DEFAULT_ERRORS})",
    )


def _add_output(command: _Parser) -> None:
    command.add_argument("-o", "--output", metavar="FILE", help="write there, not to stdout")


def _pair(text: str) -> tuple[str, str]:
    # Labels may hold a "=" of their own; ours never do.
    theirs, separator, ours = text.rpartition("=")
    if not separator or not theirs.strip() or not ours.strip():
        raise argparse.ArgumentTypeError(f"{text!r}: wanted 'Their column=our column'")
    return theirs.strip(), ours.strip()


def _wish(text: str) -> tuple[str, str]:
    role, separator, names = text.partition("=")
    if not separator or not role.strip():
        raise argparse.ArgumentTypeError(f"{text!r}: wanted ROLE=EMAIL")
    return role.strip(), names.strip()


def _port(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r}: wanted a port, 0 to 65535")
    return number


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r}: wanted a number")
    return int(text)


def _outputs(arguments: argparse.Namespace, screen: Screen) -> ExitCode:
    stack = find_stack()
    # Where the API answers is what is asked for; on the embedded AWS that is another address.
    outputs = dict(stack.outputs) | {"ApiUrl": stack.api_url}
    if arguments.name is not None and arguments.name not in outputs:
        wanted = ", ".join(outputs)
        raise CommandError(f"the stack has no output {arguments.name!r}; wanted one of {wanted}")
    if arguments.json:
        show_json(outputs[arguments.name] if arguments.name else outputs)
    elif arguments.name:
        screen.say(outputs[arguments.name])
    else:
        width = max(map(len, outputs))
        for name, value in outputs.items():
            screen.say(f"{name:<{width}}  {value}")
    return ExitCode.ALL_GOOD


def _login(arguments: argparse.Namespace, screen: Screen) -> ExitCode:
    signed_in = sign_in.login(find_stack(), arguments.email.strip())
    screen.say(f"{signed_in.email} is signed in")
    return ExitCode.ALL_GOOD


def _token(_arguments: argparse.Namespace, _screen: Screen) -> ExitCode:
    print(sign_in.id_token(find_stack()))
    return ExitCode.ALL_GOOD


def _seed(arguments: argparse.Namespace, screen: Screen) -> ExitCode:
    from infra.cli import seed  # half a second of imports that no other command needs

    return seed.run(arguments, screen)


def _why(arguments: argparse.Namespace, screen: Screen) -> ExitCode:
    from infra.cli import why  # the tables, likewise

    return why.run(arguments, screen)


def _check(arguments: argparse.Namespace, screen: Screen) -> ExitCode:
    from infra.cli import checking  # numpy, likewise

    return checking.run(arguments, screen)
