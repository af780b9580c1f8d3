"""What Handover promises, in short: the decisions of one tenant, one after another.

Files and edits follow the preset `single-strict`, or
`manager-and-viewers`; who holds what is a dictionary, and every decision happens at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from tests.kit.oracle import rules
from tests.kit.oracle.directory import Holders, Person
from tests.kit.oracle.rules import Rules, outcome_of, refusal

MANAGER, VIEWER = "account_manager", "viewer"
STRICT, VIEWERS = "single-strict", "manager-and-viewers"
_RULES: Mapping[str, Rules] = {STRICT: rules.STRICT, VIEWERS: rules.OPEN}


@dataclass
class Held:
    """An account, the holders of its roles, and the last decision on each role."""

    opco: str
    roles: dict[str, Holders] = field(default_factory=dict)
    last: dict[str, tuple[float, int]] = field(default_factory=dict)
    history: list[tuple[str, dict[str, tuple[Holders, Holders]]]] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """One line or edit: None keeps a role, () removes its holders."""

    account: str
    targets: Mapping[str, Holders | None]


@dataclass(frozen=True)
class Verdict:
    """The outcome of a line, its code when it is rejected, and what it changed."""

    outcome: str
    code: str = ""
    changes: Mapping[str, tuple[Holders, Holders]] = field(default_factory=dict)


@dataclass
class Ledger:
    """The tenant as it must be."""

    people: dict[str, Person] = field(default_factory=dict)
    accounts: dict[str, Held] = field(default_factory=dict)

    def decide(self, by: str, place: tuple[float, int], profile: str, line: Line) -> Verdict:
        """The verdict on a line of the import or edit `by`; applies its effect."""
        account = self.accounts.get(line.account)
        if account is None:
            return Verdict("rejected", "ACCOUNT_NOT_FOUND")
        for holders in line.targets.values():
            for name in holders or ():
                if code := self._refusal(name, account, profile):
                    return Verdict("rejected", code)
        targets = {
            role: tuple(sorted(set(holders)))
            for role, holders in line.targets.items()
            if holders is not None
        }
        return self._apply(by, place, account, targets)

    def _refusal(self, name: str, account: Held, profile: str) -> str | None:
        return refusal(self.people.get(name), account.opco, _RULES[profile])

    def _apply(
        self, by: str, place: tuple[float, int], account: Held, targets: Mapping[str, Holders]
    ) -> Verdict:
        late = [role for role in targets if account.last.get(role, (0.0, 0)) > place]
        changes: dict[str, tuple[Holders, Holders]] = {}
        for role, holders in targets.items():
            if role in late:
                continue
            account.last[role] = place
            before = account.roles.get(role, ())
            if before != holders:
                changes[role] = (before, holders)
                account.roles[role] = holders
        if changes:
            account.history.append((by, changes))
            outcome = outcome_of(after for _, after in changes.values())
            return Verdict(outcome, changes=changes)
        return Verdict("superseded" if late and len(late) == len(targets) else "unchanged")

    def undo(self, by: str, place: tuple[float, int], of: Mapping[str, Verdict]) -> dict[str, str]:
        """Undoes an import on each account where nothing has changed since; the outcomes."""
        outcomes: dict[str, str] = {}
        for name, verdict in of.items():
            if not verdict.changes:
                continue
            account = self.accounts[name]
            targets = {role: before for role, (before, _) in verdict.changes.items()}
            refused = [
                code
                for holders in targets.values()
                for person in holders
                if (code := self._refusal(person, account, VIEWERS))
            ]
            if refused:
                outcomes[name] = "rejected"
                continue
            standing = {
                role: before
                for role, before in targets.items()
                if account.roles.get(role, ()) in (verdict.changes[role][1], before)
            }
            outcomes[name] = (
                self._apply(by, place, account, standing).outcome if standing else "superseded"
            )
        return outcomes

    def remove(self, by: str, names: Iterable[str]) -> None:
        """Deletes users and removes them from everything that they hold."""
        gone = set(names)
        for name in gone:
            self.people[name] = replace(self.people[name], is_active=False, is_deleted=True)
        for account in self.accounts.values():
            changes = {
                role: (holders, tuple(one for one in holders if one not in gone))
                for role, holders in account.roles.items()
                if gone & set(holders)
            }
            if changes:
                account.history.append((by, changes))
                account.roles |= {role: after for role, (_, after) in changes.items()}

    def reassign(self, by: str, role: str, held_by: str, to: Holders) -> None:
        """Puts `to` in the place of one user on all accounts that the user holds in the role."""
        for account in self.accounts.values():
            before = account.roles.get(role, ())
            if held_by not in before:
                continue
            if any(self._refusal(name, account, VIEWERS) for name in to):
                continue
            after = tuple(sorted({*before} - {held_by} | {*to}))
            if after != before:
                account.history.append((by, {role: (before, after)}))
                account.roles[role] = after

    def portfolio(self, name: str) -> list[tuple[str, str]]:
        """The roles and accounts that a user holds, sorted."""
        return sorted(
            (role, account_id)
            for account_id, account in self.accounts.items()
            for role, holders in account.roles.items()
            if name in holders
        )
