"""Who may sign in under which addresses: for operators only, with AWS credentials."""

from __future__ import annotations

import re

from handover.audit import Act
from handover.aws import sign_ins
from handover.aws.sign_ins import Settled
from handover.profiles.names import TENANT_PATTERN
from handover.rules.addresses import normal_address
from handover.store.domains import MAX_LABELS

from infra.cli.acting import connected, noted, noting
from infra.cli.confirming import confirm
from infra.cli.failures import CommandError, ExitCode
from infra.cli.location import user_pools
from infra.cli.session import Session
from infra.cli.showing import listed

# A name in DNS has at most 253 characters: https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4
DOMAIN_PATTERN = re.compile(r"(?=.{1,253}$)[^@\s.]+(\.[^@\s.]+)+")


def release(session: Session, address: str, heir: str, *, is_sure: bool) -> ExitCode:
    """Ends a sign-in, so that another tenant can invite the person; asks unless `is_sure`.

    The active user of `heir` is invited in the same step, unless `heir` is "". The directories of
    both tenants stay as they are.
    """
    stack, screen = session.stack, session.screen
    tables, pool = connected(stack), stack.output("UserPoolId")
    email = normal_address(address)
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
        if not is_sure:
            confirm(f"End the sign-in of {email} for {tenant}?", "nothing was changed")
        with noting(tables, tenant, Act.ADDRESS_RELEASED, f"user {email}"):
            user_pools().admin_delete_user(UserPoolId=pool, Username=email)
        screen.say(f"{email} no longer signs in for {tenant}")
    if user is not None:
        with noting(tables, heir, Act.SIGN_IN_ALLOWED, f"user {email}"):
            settled = sign_ins.settle(pool, heir, user, invites=True)
        if settled is not Settled.DONE:
            raise CommandError(f"{email} was not invited: {settled.value}", ExitCode.REFUSED)
        screen.say(f"{email} is invited to sign in for {heir}")
    elif tenant is not None:
        screen.say("Any tenant whose Admin edits or invites this user next takes the address.")
    return ExitCode.ALL_GOOD


def list_domains(session: Session) -> ExitCode:
    """Shows which domain is verified for which tenant."""
    rows = list(connected(session.stack).domains.listed())
    return listed(session.screen, rows, ("domain", "tenant"), rows, as_json=False)


def verify_domain(session: Session, name: str, tenant: str) -> ExitCode:
    """Verifies a domain for a tenant. Raises CommandError while it is verified for another."""
    tables, domain = connected(session.stack), domain_of(name)
    verified = tables.domains
    also = noted(tables, check_tenant(tenant), Act.DOMAIN_VERIFIED, f"domain {domain}")
    if not verified.verify(tenant, domain, also):
        holder = verified.tenant_of(f"@{domain}")
        raise CommandError(
            f"{domain} is verified for {holder}: run `handover domains forget {domain}` first",
            ExitCode.REFUSED,
        )
    session.screen.say(f"From now on only {tenant} can invite addresses of {domain}.")
    session.screen.say("Existing sign-ins stay: `handover release-address EMAIL` ends one.")
    return ExitCode.ALL_GOOD


def forget_domain(session: Session, name: str) -> ExitCode:
    """Removes a domain's verification, whichever tenant has it."""
    domain = domain_of(name)
    tables = connected(session.stack)
    if holder := tables.domains.holder(domain):
        also = noted(tables, holder, Act.DOMAIN_FORGOTTEN, f"domain {domain}")
        tables.domains.forget(domain, also)
    session.screen.say(f"{domain} is no longer verified for any tenant")
    return ExitCode.ALL_GOOD


def domain_of(text: str) -> str:
    """The domain in the form in which addresses are compared; raises CommandError."""
    domain = normal_address(f"@{text.strip()}").removeprefix("@")
    if not DOMAIN_PATTERN.fullmatch(domain) or domain.count(".") >= MAX_LABELS:
        raise CommandError(
            f"found {text!r}, expected a domain of 2 to {MAX_LABELS} parts, like b.example"
        )
    return domain


def check_tenant(tenant: str) -> str:
    """The tenant itself; raises CommandError for an invalid name."""
    if not TENANT_PATTERN.fullmatch(tenant):
        raise CommandError(
            f"--tenant: found {tenant!r}, expected small letters, digits and hyphens, at most 63"
        )
    return tenant
