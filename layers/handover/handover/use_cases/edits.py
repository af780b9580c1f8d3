"""Editing one account at once: the same planner and the same writer as for files.

An edit has a precedence among all imports: the moment of the request, after everything that has
decided the account so far. It always takes that precedence on the account, so an older import that
writes later yields to it, and an import that was uploaded later does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from msgspec import Struct

from handover.access.assigners import check_assigner
from handover.access.people import Person
from handover.access.profiles import profile_for
from handover.deadline import Deadline
from handover.errors import ConflictError, NotFoundError
from handover.model import Account, ChangeReceipt, Outcome, Rejection, RoleChange
from handover.pipeline.lookups import lookup_context_for
from handover.profiles.profile import Profile
from handover.rules.decision import Decision, LookupContext, WriteContext
from handover.rules.edits import edit_of, spoken_of
from handover.rules.instructions import Instruction
from handover.rules.planner import plan
from handover.runtime import Invocation, Resources, logger, metrics, rfc3339

# No import id begins like this: those are hexadecimal.
EDIT = "edit-"
# How many changes since the seen version a message names, and how many users of each.
MAX_CHANGES = 5


class Edit(Struct, frozen=True):
    """What somebody asks for on one account: names by role, no names = nobody.

    `version` is the version of the account that they have seen; None accepts any version.
    """

    account_id: str
    profile: str
    assign: Mapping[str, Sequence[str]]
    is_dry_run: bool = False
    version: int | None = None


class Edited(Struct, frozen=True):
    """The result of an edit; `assigned` and `version` are the account's after it.

    After a dry run they are what they would be. `edit_id` appears in the history instead of an
    import id, and identifies the request in the log.
    """

    edit_id: str
    outcome: Outcome
    changes: tuple[RoleChange, ...]
    assigned: Mapping[str, tuple[str, ...]]
    version: int


def edit_account(
    resources: Resources, person: Person, wish: Edit, run: Invocation
) -> Edited | Rejection:
    """The result of the edit, or why the rules reject it; then nothing is written.

    Raises InvalidRequestError for an unknown profile or role, ForbiddenError for somebody who may
    not assign with them, NotFoundError when there is no such account, and ConflictError for an
    account with another version than expected.
    """
    profile = profile_for(resources, person, wish.profile)
    asked = edit_of(wish.account_id, wish.assign, profile)
    if isinstance(asked, Rejection):
        return spoken_of(asked)
    check_assigner(resources, person, profile, wish.assign)
    found = resources.tables.accounts.read(person.tenant, [wish.account_id], run.deadline)
    account = found.get(wish.account_id)
    if account is None:
        raise NotFoundError("there is no such account")
    ways = {way for request in asked.requests for way in request.by}
    wall = resources.tables.directory.settings(person.tenant).opco_wall
    lookup = lookup_context_for(resources, person.tenant, [asked], ways, wall, run.deadline)
    decision = _Decision(
        resources=resources,
        asked=asked,
        lookup=lookup,
        profile=profile,
        edit_id=(edit_id := EDIT + run.attempt),
        precedence=_place_after(account, asked, run.now, edit_id),
        actor=person.email,
        at=rfc3339(run.now),
        version=wish.version,
    )
    account, planned = decision.made(account, run.deadline, may_write=not wish.is_dry_run)
    if planned.rejection is not None:
        return spoken_of(planned.rejection)
    write = planned.write
    if write is None:
        # An edit that decides takes its precedence at least: only a later decision leaves it none.
        raise ConflictError(f"{planned.message}; look at it again")
    if not wish.is_dry_run:
        metrics.add_metric("AccountsEdited", "Count", 1)
        logger.info("account edited", extra={"import_id": edit_id})
    return Edited(
        edit_id,
        planned.outcome,
        planned.changes,
        write.assigned,
        account.version + int(not wish.is_dry_run),
    )


def _place_after(account: Account, asked: Instruction, now: float, edit_id: str) -> str:
    """The edit's precedence: now, and after everything that has decided these roles.

    S3's clock may be ahead of ours.
    """
    own = f"{rfc3339(now)}#{edit_id}"
    last = max([own, *(account.precedences.get(one.role, "") for one in asked.requests)])
    return own if last == own else f"{last}#{edit_id}"


def _happened(receipt: ChangeReceipt) -> str:
    changes = "; ".join(
        f"{change.role} was {_people(change.before)}, is {_people(change.after)}"
        for change in receipt.changes
    )
    return f"{changes} (by {receipt.actor}, {receipt.at})"


def _people(held: Sequence[str]) -> str:
    shown = ", ".join(held[:MAX_CHANGES]) or "nobody"
    return shown if len(held) <= MAX_CHANGES else f"{shown} and {len(held) - MAX_CHANGES:,} more"


class _Decision(Struct, frozen=True, kw_only=True):
    """What an edit's decision needs, except the account."""

    resources: Resources
    asked: Instruction
    lookup: LookupContext
    profile: Profile
    edit_id: str
    precedence: str
    actor: str
    at: str
    version: int | None

    def made(
        self, account: Account, deadline: Deadline, *, may_write: bool
    ) -> tuple[Account, Decision]:
        """The decision that was stored, and the account that it was based on.

        A decision that meets a newer account is made again. Its precedence stays, so a write whose
        answer was lost is never repeated over later decisions.
        """
        tries = 0
        self._check_version(account)
        planned = self._plan(account, deadline)
        while planned.write is not None and may_write:
            unmet = self.resources.tables.accounts.write([planned.write], deadline)
            if not unmet:
                break
            ((_, newer),) = unmet
            if newer is None:
                raise NotFoundError("there is no such account any more")
            if self._is_written(newer):
                break
            self._check_version(newer)
            account, planned = newer, self._plan(newer, deadline)
            deadline.wait(tries)
            tries += 1
        return account, planned

    def _check_version(self, account: Account) -> None:
        """Raises ConflictError, with what has changed, for another version than was seen."""
        if self.version is None or account.version == self.version:
            return
        stored = self.resources.tables.history.of(
            account.tenant, account.account_id, after=self.version
        )
        # History is written from a stream, a little later. The account still has what history
        # lacks.
        since = {entry.receipt.version: entry.receipt for entry in islice(stored, MAX_CHANGES)}
        since |= {one.version: one for one in account.receipts if one.version > self.version}
        newest = [since[version] for version in sorted(since, reverse=True)[:MAX_CHANGES]]
        happened = "; ".join(_happened(receipt) for receipt in newest)
        raise ConflictError(
            f"the account has changed: found version {account.version}, expected {self.version}"
            + (f". {happened}" if happened else "")
        )

    def _is_written(self, account: Account) -> bool:
        """True when the previous write succeeded: it was sent twice, or its answer was lost."""
        return any(receipt.import_id == self.edit_id for receipt in account.receipts) or any(
            account.precedences.get(one.role) == self.precedence for one in self.asked.requests
        )

    def _plan(self, account: Account, deadline: Deadline) -> Decision:
        # The edit counts itself as an open import, so that the roles it asks for always take its
        # precedence: an older import may still write, whatever is known of it here.
        older_open_imports = {self.edit_id, *self._still_worked(account, deadline)}
        context = WriteContext(
            self.edit_id, self.precedence, self.actor, self.at, frozenset(older_open_imports)
        )
        return plan(self.asked, account, self.lookup, self.profile, context)

    def _still_worked(self, account: Account, deadline: Deadline) -> list[str]:
        """The imports with a receipt on the account that may still look for it."""
        marked = dict.fromkeys(
            receipt.import_id
            for receipt in account.receipts
            if not receipt.import_id.startswith(EDIT)
        )
        states = self.resources.tables.imports.states(marked, deadline)
        return [
            import_id
            for import_id in marked
            if import_id not in states or not states[import_id][0].is_final
        ]
