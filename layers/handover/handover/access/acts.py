"""Audit entries of acts, for the transaction of an act or around an act outside of DynamoDB.

Every use case that changes something gets its entry here and passes it to the write.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from msgspec.structs import replace

from handover.audit import Act, Actor, AuditEntry, Json, Outcome
from handover.errors import ConflictError, InvalidRequestError, RetryLaterError
from handover.runtime import Resources, now_text
from handover.store.batches import Item
from handover.store.settings import Also


def entry_of(
    actor: Actor,
    act: Act,
    about: str,
    *,
    before: Json | None = None,
    after: Json | None = None,
    reason: str = "",
    outcome: Outcome = Outcome.DONE,
) -> AuditEntry:
    """The entry of an act at the present time, under a new name."""
    name = secrets.token_hex(8)
    done = actor.entry(
        act, about, name=name, at=now_text(), before=before, after=after, reason=reason
    )
    return replace(done, outcome=outcome)


def noted(
    resources: Resources,
    actor: Actor,
    act: Act,
    about: str,
    *,
    before: Json | None = None,
    after: Json | None = None,
    reason: str = "",
) -> Item:
    """The write of the act's entry, for the act's own transaction."""
    entry = entry_of(actor, act, about, before=before, after=after, reason=reason)
    return resources.tables.audit.addition(entry)


def noted_change(resources: Resources, actor: Actor, act: Act, about: str) -> Also:
    """As `noted`, for a write that finds out itself what was there before."""

    def also(before: Json | None, after: Json | None) -> Item:
        return noted(resources, actor, act, about, before=before, after=after)

    return also


def note(resources: Resources, actor: Actor, act: Act, about: str, after: Json) -> None:
    """Stores the entry of an act that writes nothing, such as opening a report, before the act."""
    resources.tables.audit.add(entry_of(actor, act, about, after=after))


@contextmanager
def done_outside(resources: Resources, entry: AuditEntry) -> Iterator[None]:
    """Closes an open entry with the outcome of the act in the block.

    The outcome is DONE at the end of the block, and NOT_DONE after ConflictError or
    InvalidRequestError. After an outage the entry stays open: nobody knows whether the act was
    done, or it was done and its outcome could not be stored, which must not fail the act. The sweep
    then closes the entry.
    """
    try:
        yield
    except (ConflictError, InvalidRequestError):
        _close(resources, entry, Outcome.NOT_DONE)
        raise
    _close(resources, entry, Outcome.DONE)


def _close(resources: Resources, entry: AuditEntry, outcome: Outcome) -> None:
    with suppress(RetryLaterError):
        resources.tables.audit.close(entry, outcome, now_text())
