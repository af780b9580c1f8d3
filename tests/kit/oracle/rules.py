"""The rules: who may hold an account, which of repeated lines applies, what a change is called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, combinations_with_replacement

from tests.kit.oracle.directory import PENDING, SALES, Directory, Holders, Person
from tests.kit.oracle.line_requests import Kind, LineRequest
from tests.kit.oracle.own_files import NOBODY


@dataclass(frozen=True, slots=True)
class Rules:
    """What a profile requires of the users that a line names.

    With `has_wall` user and account must be of the same operating company; without it, those that
    have none fit all. `awaits` is for files that may name users who do not exist yet.
    """

    user_roles: frozenset[str] = SALES
    has_wall: bool = True
    awaits: bool = False


STRICT = Rules()
# A user who held a role before may hold it again.
GIVEN_BACK = Rules(user_roles=frozenset())
OPEN = Rules(user_roles=frozenset(), has_wall=False)
AWAITING = Rules(user_roles=frozenset(), has_wall=False, awaits=True)


def refusal(person: Person | None, opco: str, rules: Rules) -> str | None:
    """The code that rejects a user for an account of the `opco`, None for an admitted user."""
    if person is None or person.is_deleted:
        return "USER_NOT_FOUND"
    if not person.is_active:
        return "USER_INACTIVE"
    if rules.user_roles and not person.roles & rules.user_roles:
        return "USER_ROLE"
    if is_apart(person, opco) or (rules.has_wall and person.opco != opco):
        return "OTHER_OPCO"
    return None


def is_apart(person: Person, opco: str) -> bool:
    """True when the tenant's wall separates the two, whatever the profile."""
    return bool(person.opco and opco) and person.opco != opco


def judge(
    request: LineRequest, tenant: str, directory: Directory, *, rules: Rules = STRICT
) -> str | None:
    """The code a line is rejected with in this directory; None when it is accepted.

    A line that is not the one to apply of several has the code DUPLICATE.
    """
    if request.code is not None:
        return request.code
    place = directory.accounts.get((tenant, request.account))
    if place is None:
        return "ACCOUNT_NOT_FOUND"
    if request.kind is Kind.REMOVE:
        return None
    if request.kind is Kind.RESOLVE:
        come = [
            person
            for address in chain.from_iterable(request.targets.values())
            if (person := directory.users.get((tenant, address))) is not None and person.is_active
        ]
        # The wall rejects a line if it admits none of the users.
        is_barred = bool(come) and all(is_apart(person, place.opco) for person in come)
        return "OTHER_OPCO" if is_barred else None
    if request.kind is Kind.RESTORE and not rules.awaits:
        rules = GIVEN_BACK
    for address in request.named or chain.from_iterable(request.targets.values()):
        if address == NOBODY:
            continue
        person = directory.users.get((tenant, address))
        if person is None and rules.awaits:
            continue
        if code := refusal(person, place.opco, rules):
            return code
    return _condition(request, tenant, directory)


def _condition(request: LineRequest, tenant: str, directory: Directory) -> str | None:
    """The code for an unknown user in a condition; such users need not be admitted."""
    required = chain.from_iterable(request.required.values())
    is_known = all((tenant, address) in directory.users for address in required)
    return None if is_known else "USER_NOT_FOUND"


def codes_between(
    request: LineRequest, tenant: str, states: Sequence[Directory], *, rules: Rules = STRICT
) -> set[str | None]:
    """The codes that a line may get while the directory goes through `states`.

    Its users are looked up before its account, so their data may be older.
    """
    return {
        judge(request, tenant, Directory(before.users, after.accounts), rules=rules)
        for before, after in combinations_with_replacement(states, 2)
    }


def repeated(
    requests: Sequence[tuple[str, object] | None], keeps: str = "reject"
) -> dict[int, str]:
    """The codes of lines that do not apply because of another about the same account, by place.

    `requests` has the account and the target of each line, None for lines that are wrong by
    themselves. The first of equal lines applies; of different ones `keeps` chooses: "first",
    "last", or with "reject" none.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(requests):
        if one is not None:
            places[one[0]].append(place)
    found: dict[int, str] = {}
    for group in places.values():
        if keeps == "reject" and any(requests[place] != requests[group[0]] for place in group):
            found |= dict.fromkeys(group, "DUPLICATE_CONFLICT")
        else:
            rest = group[:-1] if keeps == "last" else group[1:]
            found |= dict.fromkeys(rest, "DUPLICATE")
    return found


def outcome_of(after: Iterable[Holders]) -> str:
    """The outcome of a line whose changed roles get these holders."""
    changed = list(after)
    if any(name.startswith(PENDING) for holders in changed for name in holders):
        return "pending"
    if not changed:
        return "unchanged"
    return "updated" if any(changed) else "cleared"
