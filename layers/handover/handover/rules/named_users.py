"""The users whom a cell names, or why one of them may not hold the role."""

from __future__ import annotations

from handover.model import Account, Rejection, User
from handover.profiles.profile import NamedBy, Profile, UnknownUser
from handover.rules.addresses import (
    invisible_characters,
    is_address,
    is_same_text,
    normal_address,
    normalized_name,
)
from handover.rules.decision import LookupContext
from handover.rules.instructions import AssignmentRequest, Instruction
from handover.rules.opco_wall import crosses_wall, other_opco
from handover.rules.pending import address_in, pending_assignee


def resolve(
    asked: Instruction,
    request: AssignmentRequest,
    account: Account,
    lookup: LookupContext,
    profile: Profile,
) -> tuple[str, ...] | Rejection:
    """Who gets the role, or why one of the named users may not hold it."""
    found: list[str] = []
    for name in request.names:
        address = normal_address(address_in(name))
        user = user_named(asked, request, name, address, lookup)
        if isinstance(user, Rejection):
            return user
        if user is None and profile.unknown_user is UnknownUser.PENDING and is_address(address):
            found.append(pending_assignee(address))
            continue
        if user is None or user.is_deleted:
            return user_not_found(asked, request, name, lookup, profile)
        problem = _not_admitted(asked, request, user, account, lookup, profile)
        if problem is not None:
            return problem
        found.append(user.email)
    # The holders of a role have no order: the same users in another order are no change.
    return tuple(sorted(set(found))) if len(found) > 1 else tuple(found)


def user_named(
    asked: Instruction, request: AssignmentRequest, name: str, address: str, lookup: LookupContext
) -> User | Rejection | None:
    """The user of an address, or of a name if the column admits names; None if there is none.

    `address` is the name in the normal form of addresses.
    """
    user = lookup.users.get(address)
    if user is None and NamedBy.NAME in request.by and "@" not in name:
        return _by_name(asked, request, name, lookup)
    return user


def _by_name(
    asked: Instruction, request: AssignmentRequest, name: str, lookup: LookupContext
) -> User | Rejection | None:
    known = lookup.named.get(normalized_name(name), ())
    if len(known) <= 1:
        return next(iter(known), None)
    return Rejection(
        asked.line,
        request.label,
        "USER_AMBIGUOUS",
        f"line {asked.line}, {request.label}: {len(known)} users are named {name!r}, expected one",
        "Name the user by address.",
    )


def _not_admitted(
    asked: Instruction,
    request: AssignmentRequest,
    user: User,
    account: Account,
    lookup: LookupContext,
    profile: Profile,
) -> Rejection | None:
    if not user.is_active:
        return Rejection(
            asked.line,
            request.label,
            "USER_INACTIVE",
            f"line {asked.line}, {request.label}: {user.email} is inactive, "
            "expected an active user",
            "Choose another user, or have an Admin activate this one.",
        )
    if profile.required_user_roles and not profile.required_user_roles & user.roles:
        required = " or ".join(sorted(profile.required_user_roles))
        have = ", ".join(sorted(user.roles)) or "none"
        return Rejection(
            asked.line,
            request.label,
            "USER_ROLE",
            f"line {asked.line}, {request.label}: {user.email} has the user roles: {have}, "
            f"expected {required}",
            f"Choose a user with the role {required}.",
        )
    is_barred = profile.has_opco_wall and not is_same_text(user.opco, account.opco)
    if is_barred or crosses_wall(user, account, lookup):
        return other_opco(asked, request, user, account)
    return None


def user_not_found(
    asked: Instruction,
    request: AssignmentRequest,
    name: str,
    lookup: LookupContext,
    profile: Profile,
) -> Rejection:
    """The rejection of a name that is no user's, or a deleted user's, with what was meant."""
    place = f"line {asked.line}, {request.label}: {name!r} is no user"
    hidden = invisible_characters(name)
    known = lookup.users.get(normal_address(address_in(name)))
    suggestion = ""
    if known is not None and known.is_deleted:
        hint = (
            f"line {asked.line}, {request.label}: {name!r} was deleted. Choose another user, or "
            "have this one created again."
        )
    elif hidden:
        hint = f"{place}; it holds characters that cannot be seen ({', '.join(hidden)}). Retype it."
    elif (near := lookup.near(normal_address(name))) is not None:
        hint = f"{place}; did you mean {near}?"
        suggestion = _cell_with(near, name, request, profile)
    elif any(sign in name.strip() for sign in (",", ";", " ")):
        definition = profile.roles.get(request.role)
        takes_one = profile.list_separator is None or (
            definition is not None and definition.max_users == 1
        )
        hint = (
            f"{place}, expected the {_ways_spoken(request)} of one user in this cell."
            if takes_one
            else f"{place}, expected addresses separated by {profile.list_separator!r}."
        )
    else:
        hint = f"{place}. Correct the {_ways_spoken(request)}, or have the user created first."
    return Rejection(
        asked.line,
        request.label,
        "USER_NOT_FOUND",
        "User not found, check the email",
        hint,
        suggestion,
    )


def _cell_with(near: str, name: str, request: AssignmentRequest, profile: Profile) -> str:
    """The names of the cell with `near` in place of `name`."""
    names = [near if one == name else one for one in request.names]
    return f"{profile.list_separator or ''} ".join(names)


def _ways_spoken(request: AssignmentRequest) -> str:
    """How a cell may name a user, in words."""
    words = {NamedBy.EMAIL: "address", NamedBy.LOGIN: "login name", NamedBy.NAME: "name"}
    return " or ".join(word for way, word in words.items() if way in request.by) or "address"
