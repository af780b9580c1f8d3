"""Who may sign in under which addresses: what only an operator decides, with AWS credentials."""

from __future__ import annotations

import re
import sys
from argparse import Namespace

from handover.aws import sign_ins
from handover.aws.sign_ins import Settled
from handover.rules import normal_address
from handover.stages.uploads import TENANT_PATTERN
from handover.store.domains import MOST_LABELS
from handover.store.tables import TableNames, Tables, connect

from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import Stack, find_stack, user_pools
from infra.cli.screen import Screen

# A name in DNS has 253 characters at most: https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4
DOMAIN_PATTERN = re.compile(r"(?=.{1,253}$)[^@\s.]+(\.[^@\s.]+)+")


def release(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover release-address`: ends a sign-in, so that another tenant can invite the person.

    With `--for` that tenant's active user is invited in the same step. The directories of both
    tenants stay as they are.
    """
    stack = find_stack()
    tables, pool = _tables(stack), stack.output("UserPoolId")
    email = normal_address(arguments.email)
    heir = arguments.tenant
    user = tables.directory.user(check_tenant(heir), email) if heir else None
    if heir and (user is None or not user.is_active):
        raise CommandError(
            f"{heir} has no active user {email}: have its Admin create one first. Nothing was "
            "changed",
            ExitCode.REFUSED,
        )
    if (holder := tables.domains.tenant_of(email)) not in (None, heir) and heir:
        raise CommandError(
            f"the domain of {email} is verified for {holder}: nothing was changed",
            ExitCode.REFUSED,
        )
    tenant = sign_ins.tenant_of(pool, email)
    if tenant is None:
        screen.say(f"{email} signs in for no tenant")
    elif tenant == heir:
        screen.say(f"{email} signs in for {tenant} already")
        return ExitCode.ALL_GOOD
    else:
        if not arguments.yes:
            _confirm(f"End the sign-in of {email} for {tenant}?")
        user_pools().admin_delete_user(UserPoolId=pool, Username=email)
        screen.say(f"{email} no longer signs in for {tenant}")
    if user is not None:
        settled = sign_ins.settle(pool, heir, user, invites=True)
        if settled is not Settled.DONE:
            raise CommandError(f"{email} was not invited: {settled.value}", ExitCode.REFUSED)
        screen.say(f"{email} is invited to sign in for {heir}")
    elif tenant is not None:
        screen.say("Any tenant whose Admin edits or invites this user next takes the address.")
    return ExitCode.ALL_GOOD


def domains(arguments: Namespace, screen: Screen) -> ExitCode:
    """`handover domains`, `domains verify` and `domains forget`."""
    verified = _tables(find_stack()).domains
    if arguments.action == "verify":
        domain = domain_of(arguments.domain)
        if not verified.verify(check_tenant(arguments.tenant), domain):
            holder = verified.tenant_of(f"@{domain}")
            raise CommandError(
                f"{domain} is verified for {holder}: run `handover domains forget {domain}` first",
                ExitCode.REFUSED,
            )
        screen.say(f"From now on only {arguments.tenant} can invite addresses of {domain}.")
        screen.say("Sign-ins that exist stay: `handover release-address EMAIL` ends one.")
    elif arguments.action == "forget":
        domain = domain_of(arguments.domain)
        verified.forget(domain)
        screen.say(f"{domain} is verified for no tenant")
    elif rows := list(verified.listed()):
        screen.table(("domain", "tenant"), rows)
    else:
        screen.say("There are none")
    return ExitCode.ALL_GOOD


def domain_of(text: str) -> str:
    """The domain in the form in which addresses are compared; raises CommandError."""
    domain = normal_address(f"@{text.strip()}").removeprefix("@")
    if not DOMAIN_PATTERN.fullmatch(domain) or domain.count(".") >= MOST_LABELS:
        raise CommandError(
            f"found {text!r}, expected a domain of 2 to {MOST_LABELS} parts, like b.example"
        )
    return domain


def check_tenant(tenant: str) -> str:
    """The tenant itself; raises CommandError for what cannot be one."""
    if not TENANT_PATTERN.fullmatch(tenant):
        raise CommandError(
            f"--tenant: found {tenant!r}, expected small letters, digits and hyphens, at most 63"
        )
    return tenant


def _tables(stack: Stack) -> Tables:
    return connect(TableNames(directory=stack.output("DirectoryTable")))


def _confirm(question: str) -> None:
    """Raises CommandError for any answer but yes."""
    if not sys.stdin.isatty():
        raise CommandError("there is no terminal to ask for a confirmation: say --yes")
    if input(f"{question} [y/N] ").strip().casefold() not in ("y", "yes"):
        raise CommandError("nothing was changed", ExitCode.REFUSED)
