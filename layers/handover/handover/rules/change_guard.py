"""The change guard: does a file change so much that an Admin must approve it? Pure.

To check a share, the accounts of a portfolio or a tenant need not all be counted: counting stops at
the number at which the share is small enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from msgspec import Struct, field

from handover.profiles.fields import is_field
from handover.profiles.profile import WORKFLOW_ROLE
from handover.profiles.settings import NO_LIMIT, Settings
from handover.rules.applying import Preview
from handover.rules.pending import is_pending


class Effects(Struct):
    """How many lines change an account in a dry run, and how many leave a role without a holder.

    `taken` counts the accounts that a user loses, by role and user.
    """

    changed: int = 0
    cleared: int = 0
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, previews: Iterable[Preview]) -> None:
        """Counts these lines too."""
        for preview in previews:
            self.changed += bool(preview.changes)
            roles = [one for one in preview.changes if not is_field(one.role)]
            self.cleared += any(one.before and not one.after for one in roles)
            self.taken.update(
                (one.role, user)
                for one in roles
                if one.role != WORKFLOW_ROLE
                for user in one.before
                if user not in one.after and not is_pending(user)
            )


class Standing(Struct, frozen=True):
    """Functions that count what exists; each stops at the number it is given and returns the count.

    `portfolio` counts the accounts that a user holds in a role, `accounts` those of the tenant.
    """

    portfolio: Callable[[str, str, int], int]
    accounts: Callable[[int], int]


def why_held(effects: Effects, lines: int, limits: Settings, standing: Standing) -> str:
    """Why an Admin must approve a file of so many lines with these effects; "" if nobody must."""
    most = max(limits.clear_guard_lines, lines * limits.clear_guard_percent // 100)
    if effects.cleared > most:
        return "would clear more than the tenant's limit"
    if effects.changed <= limits.change_guard_lines:
        return ""
    if effects.changed * 100 > lines * limits.change_guard_percent:
        return f"would change more than {limits.change_guard_percent} % of its lines"
    share = limits.tenant_guard_percent
    if share < NO_LIMIT and _is_above(effects.changed, share, standing.accounts):
        return f"would change more than {share} % of the tenant's accounts"
    share = limits.portfolio_guard_percent
    for (role, user), number in effects.taken.most_common() if share < NO_LIMIT else ():
        if number <= limits.change_guard_lines:
            break
        if _is_above(number, share, partial(standing.portfolio, user, role)):
            return f"would take more than {share} % of the accounts that {user} holds as {role}"
    return ""


def _is_above(number: int, percent: int, count: Callable[[int], int]) -> bool:
    """True when the number is more than the percentage of what `count` counts."""
    if not percent:
        return number > 0
    enough = -(-number * 100 // percent)
    return count(enough) < enough
