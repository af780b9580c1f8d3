"""The entries of acts, ready for the transaction of the act, and acts outside of DynamoDB.

Every use case that changes something asks here for its entry, and hands it to the write.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

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
    """The entry of an act, now, under a name of its own."""
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
    """Closes an open entry with what became of the act in the block.

    DONE at its end, and NOT_DONE when the answer was that it cannot be done. After an outage the
    entry stays open: nobody knows what became of the act, or the outcome of a done act could not be
    stored, which must not fail it. The sweep closes the entry then.
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
