"""Commands for operators, with AWS credentials instead of a sign-in.

Their dependencies take half a second to import, so each command imports its own.
"""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Context, Option, Typer

from infra.cli.failures import ExitCode
from infra.cli.options import Email, ImportId, Panel, Tenant, Yes, examples
from infra.cli.session import session_of

DEFAULT_RATE = 1000

app = Typer()
domains_app = Typer(invoke_without_command=True)
migrate_app = Typer(
    help="Move stored items to other keys, while the stack is in use; see infra/OPERATIONS.md."
)

Back = Annotated[bool, Option("--back", help="move everything back under one key")]
Rate = Annotated[int, Option("--rate", metavar="N", min=1, help="maximum items a second")]
Domain = Annotated[str, Argument(metavar="DOMAIN", help="the part of addresses after the @")]


@app.command(
    rich_help_panel=Panel.OPERATORS,
    epilog=examples(
        "subscribe managers@lumina.example --tenant lumina", "subscribe --tenant lumina"
    ),
)
def subscribe(
    ctx: Context,
    tenant: Tenant,
    endpoint: Annotated[
        str | None,
        Argument(metavar="ENDPOINT", help="an address, https:// or ARN; without one: list all"),
    ] = None,
) -> ExitCode:
    """Subscribe an endpoint to a tenant's imports, or list the subscriptions."""
    from infra.cli import topics

    session = session_of(ctx)
    if endpoint is None:
        return topics.list_subscriptions(session, tenant)
    return topics.subscribe(session, endpoint, tenant)


@app.command(rich_help_panel=Panel.OPERATORS, epilog=examples("smoke", "smoke --clean"))
def smoke(
    ctx: Context,
    clean: Annotated[
        bool,
        Option(
            "--clean", help="only remove what killed runs left; do not use it during another run"
        ),
    ] = False,
) -> ExitCode:
    """Run the main job on the stack, in a new tenant, and leave only audit entries behind.

    The steps are ticket, upload, drop, error line, report, notification, undo and history. If a
    step fails, it is named and the exit code is 2.
    """
    from infra.smoke import running

    session = session_of(ctx)
    return running.clean(session) if clean else running.run(session)


@app.command(rich_help_panel=Panel.OPERATORS, epilog=examples("why 4f0c…"))
def why(ctx: Context, import_id: ImportId) -> ExitCode:
    """Say what an import waits for: worker, chunks, older imports, an Admin."""
    from infra.cli import why as waiting

    return waiting.run(session_of(ctx), import_id)


@app.command(rich_help_panel=Panel.OPERATORS, epilog=examples("replay"))
def replay(ctx: Context) -> ExitCode:
    """Publish parked records (alarm RecordsParked) after removing the cause.

    Can be stopped and run again at any time; the exit code is 2 while records are left.
    """
    from infra.cli import replaying

    return replaying.run(session_of(ctx))


@app.command(
    "release-address",
    rich_help_panel=Panel.OPERATORS,
    epilog=examples("release-address ana@lumina.example --for lumina"),
)
def release_address(
    ctx: Context,
    email: Email,
    heir: Annotated[
        str, Option("--for", metavar="T", help="invite the user of this tenant at once")
    ] = "",
    yes: Yes = False,
) -> ExitCode:
    """End a sign-in, so that another tenant can invite the person."""
    from infra.cli import addresses

    return addresses.release(session_of(ctx), email, heir, is_sure=yes)


@domains_app.callback(epilog=examples("domains"))
def domains(ctx: Context) -> ExitCode:
    """List the mail domains that only one tenant can invite."""
    from infra.cli import addresses

    if ctx.invoked_subcommand:
        return ExitCode.ALL_GOOD
    return addresses.list_domains(session_of(ctx))


@domains_app.command(epilog=examples("domains verify lumina.example --tenant lumina"))
def verify(ctx: Context, domain: Domain, tenant: Tenant) -> ExitCode:
    """Verify a domain for a tenant, once the tenant has proven that it owns it."""
    from infra.cli import addresses

    return addresses.verify_domain(session_of(ctx), domain, tenant)


@domains_app.command(epilog=examples("domains forget lumina.example"))
def forget(ctx: Context, domain: Domain) -> ExitCode:
    """Let every tenant invite the addresses of a domain again."""
    from infra.cli import addresses

    return addresses.forget_domain(session_of(ctx), domain)


@migrate_app.command(epilog=examples("migrate keys", "migrate keys --back --rate 500"))
def keys(ctx: Context, back: Back = False, rate: Rate = DEFAULT_RATE) -> ExitCode:
    """Spread large portfolios over several keys."""
    from infra.cli import migrating

    return migrating.migrate_keys(session_of(ctx), is_back=back, rate=rate)


@migrate_app.command("users", epilog=examples("migrate users --tenant lumina"))
def migrate_users(
    ctx: Context, tenant: Tenant, back: Back = False, rate: Rate = DEFAULT_RATE
) -> ExitCode:
    """Spread the users of a tenant over several keys; the first call prepares this."""
    from infra.cli import migrating

    return migrating.migrate_users(session_of(ctx), tenant, is_back=back, rate=rate)


@migrate_app.command("names", epilog=examples("migrate names --tenant lumina"))
def migrate_names(
    ctx: Context, tenant: Tenant, back: Back = False, rate: Rate = DEFAULT_RATE
) -> ExitCode:
    """Spread the names and login names of a tenant's users, as `migrate users` spreads users."""
    from infra.cli import migrating

    return migrating.migrate_names(session_of(ctx), tenant, is_back=back, rate=rate)
