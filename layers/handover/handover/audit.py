"""The audit trail: what people and systems did, except by lines of files.

Every act has an entry, which never changes: who acted, when, by which door, and what was there
before and after. The transaction of an act also writes its entry. An act outside of DynamoDB (a
sign-in, a file) gets an open entry first; an outcome closes it. The sweep closes entries that were
left open.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

Json = Mapping[str, Any]


class Door(StrEnum):
    """How an act came in.

    The command line and the console are clients of the API like any other: Handover knows them by
    the name that they give themselves, which proves nothing.
    """

    API = "api"
    CLI = "cli"
    CONSOLE = "console"
    DROP = "drop"
    CHECK = "check"  # Handover itself applies a file that it has checked
    DIRECTORY = "directory"  # Handover itself follows a change of the directory
    OPERATOR = "operator"
    SWEEP = "sweep"


class Act(StrEnum):
    """What was done. The values are kept and shown, so they never change."""

    SETTINGS_CHANGED = "settings_changed"
    ROLE_STORED = "role_stored"
    ROLE_REMOVED = "role_removed"
    WORKFLOW_STORED = "workflow_stored"
    WORKFLOW_REMOVED = "workflow_removed"
    SOURCE_STORED = "source_stored"
    SOURCE_REMOVED = "source_removed"
    PROFILE_STORED = "profile_stored"
    PROFILE_REMOVED = "profile_removed"
    USER_CREATED = "user_created"
    USER_EDITED = "user_edited"
    USERS_DELETED = "users_deleted"
    SIGN_IN_ALLOWED = "sign_in_allowed"
    SIGN_IN_BARRED = "sign_in_barred"
    INVITED_AGAIN = "invited_again"
    SUBSCRIBED = "subscribed"
    FILE_ANNOUNCED = "file_announced"
    FILE_DROPPED = "file_dropped"
    IMPORT_APPROVED = "import_approved"
    IMPORT_REFUSED = "import_refused"  # cancelled by somebody who could have approved it
    IMPORT_CANCELLED = "import_cancelled"
    IMPORT_APPLIED = "import_applied"
    IMPORT_UNDONE = "import_undone"
    LINES_CORRECTED = "lines_corrected"
    ACCOUNTS_REASSIGNED = "accounts_reassigned"
    REMOVAL_BEGUN = "removal_begun"
    RESOLUTION_BEGUN = "resolution_begun"
    REPORT_OPENED = "report_opened"
    RESULTS_OPENED = "results_opened"
    ACCOUNTS_EXPORTED = "accounts_exported"
    DOMAIN_VERIFIED = "domain_verified"
    DOMAIN_FORGOTTEN = "domain_forgotten"
    ADDRESS_RELEASED = "address_released"
    DIRECTORY_SEEDED = "directory_seeded"


class Outcome(StrEnum):
    """What became of an act; an act in a transaction is DONE as soon as it has an entry.

    NOT_KNOWN: the run ended before it could record the outcome.
    """

    DONE = "done"
    OPEN = "open"
    NOT_DONE = "not_done"
    NOT_KNOWN = "not_known"


class AuditEntry(Struct, frozen=True):
    """One act: `actor` did `act` to `about` at the time `at`, by `door`.

    `actor` is an address, the principal of a system, or "" for Handover itself. `about` is a kind
    and a name, such as "role owner", or a kind alone. `before` and `after` hold what the act
    changed; None means that there was, or is, no such thing. `reason` is the reason that the actor
    gave. `name` and `at` identify the entry within its tenant.
    """

    tenant: str
    name: str
    at: str
    act: Act
    actor: str
    door: Door
    about: str
    before: Json | None = None
    after: Json | None = None
    reason: str = ""
    outcome: Outcome = Outcome.DONE
    closed_at: str = ""

    @property
    def place(self) -> str:
        """The place of the entry among those of its tenant; places sort by time."""
        return f"{self.at}#{self.name}"


class AuditFilters(Struct, frozen=True):
    """Which entries to return; "" or None admits any.

    `since` and `until` are times in RFC 3339, `until` exclusive.
    """

    actor: str = ""
    act: Act | None = None
    about: str = ""
    since: str = ""
    until: str = ""

    def takes(self, entry: AuditEntry) -> bool:
        """True when the entry passes the filters, apart from those for its time."""
        return (
            self.actor in ("", entry.actor)
            and self.act in (None, entry.act)
            and self.about in ("", entry.about)
        )


class Actor(Struct, frozen=True):
    """Who acts for a tenant, and by which door; `name` is "" for Handover itself."""

    tenant: str
    name: str
    door: Door

    def entry(
        self,
        act: Act,
        about: str,
        *,
        name: str,
        at: str,
        before: Json | None = None,
        after: Json | None = None,
        reason: str = "",
    ) -> AuditEntry:
        """The entry of an act that this actor has done."""
        before, after = changed(before, after)
        return AuditEntry(
            tenant=self.tenant,
            name=name,
            at=at,
            act=act,
            actor=self.name,
            door=self.door,
            about=about,
            before=before,
            after=after,
            reason=reason,
        )


def changed(before: Json | None, after: Json | None) -> tuple[Json | None, Json | None]:
    """The fields that differ; all fields when one of the two is None."""
    if before is None or after is None:
        return before, after
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return (
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )
