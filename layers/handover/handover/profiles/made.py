"""Profiles of the files that Handover writes itself: removal, undo, reassignment.

These files are processed like every other file, so profiles say what they may ask for.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from handover.model import ADMIN, Duplicates
from handover.profiles.profile import (
    NOBODY,
    WORKFLOW_ROLE,
    Blank,
    Column,
    Holds,
    InactiveAccounts,
    NamedBy,
    Profile,
    Role,
    UnknownUser,
)
from handover.reading.labels import normal_label

ACCOUNT_LABEL = "account ID"
SEPARATOR = ","


def narrowed(profile: Profile, role: str) -> Profile:
    """`profile` for files with only the account and `role`, where NOBODY clears the role.

    The role's first column is kept. Raises ValueError when the profile has no such role.
    """
    account = next(column for column in profile.columns if column.holds is Holds.ACCOUNT)
    of_role = [
        column
        for column in profile.columns
        if column.role == role and column.holds in (Holds.USERS, Holds.WORKFLOW)
    ]
    if not of_role:
        raise ValueError(f"the profile {profile.name} has no column for {role}")
    return replace(
        profile,
        columns=(account, replace(of_role[0], is_required=True)),
        clear_words=profile.clear_words | {NOBODY},
    )


def handing_over(profile: Profile, role: str) -> Profile:
    """`profile` for files that replace one user in `role` with others, or with NOBODY.

    No other profile has these labels: read with another one, such a file would set all holders of
    the role. Raises ValueError when the profile has no such role.
    """
    narrow = narrowed(profile, role)
    account, given = narrow.columns
    return replace(
        narrow,
        columns=(
            replace(account, label=ACCOUNT_LABEL, aliases=()),
            Column(Holds.REPLACED, f"hand over {role} from", role=role),
            replace(given, label=f"hand over {role} to", aliases=()),
        ),
    )


def restoring(profile: Profile, roles: Sequence[str]) -> Profile:
    """The profile of files that restore `roles` to earlier holders, if the expected ones hold them.

    Only the opco wall of `profile` applies: an earlier holder may hold the role again, as long as
    the user exists and is active. The caller says who may submit such files.
    """
    columns = [Column(Holds.ACCOUNT, ACCOUNT_LABEL)]
    for role in roles:
        columns += (
            Column(Holds.WORKFLOW, role, role=role)
            if role == WORKFLOW_ROLE
            else Column(Holds.USERS, role, role=role, by=(NamedBy.EMAIL,)),
            Column(Holds.EXPECTED, f"{role} now", role=role),
        )
    made = _made("undo", "Takes back what an import has changed", columns, roles)
    return replace(
        made,
        has_opco_wall=profile.has_opco_wall,
        unknown_user=UnknownUser.ERROR if profile.has_opco_wall else UnknownUser.PENDING,
    )


def removing(roles: Sequence[str]) -> Profile:
    """The profile of files with which an Admin removes users from `roles`."""
    columns = [
        Column(Holds.ACCOUNT, ACCOUNT_LABEL),
        *(Column(Holds.REMOVED, f"remove from {role}", role=role) for role in roles),
    ]
    return _made("removal", "Takes users off what they hold", columns, roles)


def resolving(roles: Sequence[str]) -> Profile:
    """The profile of files that name the users of addresses that were pending in `roles`."""
    columns = [
        Column(Holds.ACCOUNT, ACCOUNT_LABEL),
        *(Column(Holds.RESOLVED, f"resolve in {role}", role=role) for role in roles),
    ]
    return _made("resolution", "Gives pending addresses to their new users", columns, roles)


def _made_distinct(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns; a label that would equal an earlier one gets a number.

    Accounts may have roles that differ only in case.
    """
    seen: set[str] = set()
    found: list[Column] = []
    for column in columns:
        label, number = column.label, 1
        while normal_label(label) in seen:
            number += 1
            label = f"{column.label} ({number})"
        seen.add(normal_label(label))
        found.append(replace(column, label=label))
    return tuple(found)


def _made(name: str, title: str, columns: Sequence[Column], roles: Sequence[str]) -> Profile:
    return Profile(
        name=name,
        version=1,
        title=title,
        columns=_made_distinct(columns),
        roles={role: Role(role, None) for role in roles if role != WORKFLOW_ROLE},
        blank=Blank.KEEP,
        clear_words=frozenset({NOBODY}),
        list_separator=SEPARATOR,
        unknown_user=UnknownUser.PENDING,
        required_user_roles=frozenset(),
        has_opco_wall=False,
        inactive_accounts=InactiveAccounts.ALLOW,
        duplicates=Duplicates.REJECT,
        uploader_roles=frozenset({ADMIN}),
        fallback_encoding=None,
    )
