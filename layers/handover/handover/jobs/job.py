"""Errands: what is done to many accounts by a file that Handover writes itself.

Who asks gets a ticket, as for a file of their own, and finds the import under it. The errand is
stored, and whoever follows the directory's stream writes its file (`jobs.follow`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from handover.access.people import Person
from handover.model import ErrandKind, Mode
from handover.pipeline.tickets import MAX_FILENAME_CHARS, TICKET_SECONDS, new_ticket
from handover.profiles import Profile, profile_json
from handover.runtime import Wiring, metrics, rfc3339
from handover.store.imports import TicketItem

# The source of files that nobody has asked for: something else made them necessary.
OWN_SOURCE = "handover"
MOST_USERS = 100
# So many are named in the name of an import, which a list of imports has room for.
MOST_NAMED = 2


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to do; which values it needs depends on its kind.

    `users` are normal addresses: who is deleted, who has come, or the one who holds the accounts.
    UNDO needs `undo_of`, the id of a final import. OWNER needs `role` and `cell`, what the file
    says for it. UNDO and OWNER need the `profile` that their file follows. `filename` is how the
    import is listed.
    """

    kind: ErrandKind
    users: tuple[str, ...] = ()
    undo_of: str = ""
    role: str = ""
    cell: str = ""
    mode: Mode = Mode.RUN
    profile: Profile | None = None
    filename: str = ""


def ask_errand(wiring: Wiring, person: Person, errand: Errand, now: float) -> str:
    """The ticket of the errand, under which its import will be found.

    The caller has checked that the person may ask for it. When this raises, nothing is asked for.
    """
    ticket = new_ticket(now)
    wiring.tables.imports.issue(ticket, errand_ticket(person.tenant, person.email, errand, now))
    wiring.tables.errands.put(person.tenant, ticket, errand_json(errand))
    metrics.add_metric("ErrandsAsked", "Count", 1)
    return ticket


def errand_ticket(tenant: str, actor: str, errand: Errand, now: float) -> TicketItem:
    """The ticket of an errand; `actor` is who asks, "" when nobody does."""
    profile = errand.profile
    return TicketItem(
        tenant=tenant,
        uploader=actor,
        profile=profile.name if profile is not None else errand.kind.value,
        filename=(errand.filename or _name_of(errand, actor))[:MAX_FILENAME_CHARS],
        mode=errand.mode.value,
        source=None if actor else OWN_SOURCE,
        errand=errand.kind.value,
        undo_of=errand.undo_of or None,
        users=list(errand.users) or None,
        profile_body=json.dumps(profile_json(profile)) if profile is not None else None,
        issued_at=rfc3339(now),
        expires_at=rfc3339(now + TICKET_SECONDS),
        expires=int(now) + TICKET_SECONDS,
    )


def named(addresses: Sequence[str]) -> str:
    """The first addresses of a list, and how many more there are."""
    first, more = addresses[:MOST_NAMED], len(addresses) - MOST_NAMED
    if more > 0:
        return f"{', '.join(first)} and {more} more"
    return " and ".join(first)


def _name_of(errand: Errand, actor: str) -> str:
    """How the import of an errand is listed that has no name: whom it is about, and why."""
    who = named(errand.users)
    if errand.kind is ErrandKind.REMOVAL:
        return f"removal of {who}, deleted by {actor or 'a directory file'}.csv"
    if errand.kind is ErrandKind.RESOLUTION:
        return f"resolution of {who}, new in the directory.csv"
    return f"{errand.kind.value}.csv"


def errand_json(errand: Errand) -> str:
    """The errand as it is stored; its mode, profile and name are the ticket's."""
    return json.dumps(
        {
            "kind": errand.kind.value,
            "users": list(errand.users),
            "undo_of": errand.undo_of,
            "role": errand.role,
            "cell": errand.cell,
        }
    )


def errand_from(text: str) -> Errand:
    """The errand that was stored, without what is the ticket's."""
    data = json.loads(text)
    return Errand(
        ErrandKind(data["kind"]),
        tuple(data["users"]),
        data["undo_of"],
        data["role"],
        data["cell"],
    )
