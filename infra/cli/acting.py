"""Acts of operators in a tenant's audit trail; AWS says who the actor is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from handover.access.acts import entry_of
from handover.audit import Act, Actor, Door, Json, Outcome
from handover.runtime import now_text
from handover.store.batches import Item
from handover.store.tables import TableNames, Tables, connect

from infra.cli.location import Stack


def connected(stack: Stack, *, accounts: str = "") -> Tables:
    """The tables that operators write, with the audit trail."""
    return connect(
        TableNames(
            accounts=accounts,
            directory=stack.output("DirectoryTable"),
            audit=stack.output("AuditTable"),
            audit_days=int(stack.output("AuditDays")),
        )
    )


def operator(tenant: str) -> Actor:
    """Who runs the command, by the ARN of their credentials."""
    arn: str = boto3.client("sts").get_caller_identity()["Arn"]
    return Actor(tenant, arn, Door.OPERATOR)


def noted(tables: Tables, tenant: str, act: Act, about: str) -> Item:
    """The write of an operator's act, for the act's own transaction."""
    return tables.audit.addition(entry_of(operator(tenant), act, about))


@contextmanager
def noting(
    tables: Tables, tenant: str, act: Act, about: str, after: Json | None = None
) -> Iterator[None]:
    """Notes an operator's act outside of one transaction: open before it, and done after it."""
    entry = entry_of(operator(tenant), act, about, after=after, outcome=Outcome.OPEN)
    tables.audit.add(entry)
    yield
    tables.audit.close(entry, Outcome.DONE, now_text())
