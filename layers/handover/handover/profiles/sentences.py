"""What a profile does, and what empty cells do in it, in one sentence each. Pure."""

from __future__ import annotations

from collections.abc import Collection

from handover.profiles.fields import About
from handover.profiles.profile import EACH_ROLE, WORKFLOW_ROLE, Blank, Holds, Profile


def purpose_of(profile: Profile) -> str:
    """What a file of the profile does."""
    if profile.about is About.ACCOUNTS:
        return "Creates accounts and updates their fields in the directory."
    if profile.about is About.USERS:
        return "Creates, updates and deletes users of the directory."
    columns = (column.role for column in profile.columns)
    roles = [role for role in dict.fromkeys(columns) if role not in ("", EACH_ROLE)]
    named = [role for role in roles if role != WORKFLOW_ROLE]
    parts = [f"who holds {_list(named)}"] if named else []
    if WORKFLOW_ROLE in roles:
        parts.append("the workflow")
    return f"Sets {' and '.join(parts) or 'the roles'} of each account in the file."


def conditions_of(profile: Profile, matched: Collection[str]) -> str:
    """What the file's columns of present holders do; "" if the file has none.

    `matched` are the labels of the profile's columns that the file has.
    """
    labels = [
        column.label
        for column in profile.columns
        if column.holds is Holds.CURRENT and column.label in matched
    ]
    if not labels:
        return ""
    named = _list([repr(label) for label in labels])
    return (
        f"A line applies only if the account has the holders in {named}; an empty cell sets no "
        "condition."
    )


def blanks_of(profile: Profile) -> str:
    """What an empty cell does."""
    if profile.blank is Blank.ERROR:
        return "An empty cell is an error, and its line is rejected."
    if profile.blank is Blank.KEEP:
        does = "An empty cell changes nothing"
    elif profile.about is About.ASSIGNMENTS:
        does = "An empty cell removes the holders of the role from the account"
    else:
        does = "An empty cell clears the field"
    if not profile.clear_words:
        return f"{does}."
    words = " or ".join(repr(word) for word in sorted(profile.clear_words))
    more = "so does" if profile.blank is Blank.CLEAR else "to clear a value, write"
    return f"{does}; {more} {words}."


def _list(names: list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
