"""Columns of directory fields of an account or a user, and of workflows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from handover.profiles.fields import LOGIN_NAME, OPCO, STATUS
from handover.profiles.matching.evidence import (
    IDS,
    PARTIES,
    PEOPLE,
    Evidence,
    Given,
    Strength,
    Surroundings,
)
from handover.profiles.matching.samples import Look
from handover.profiles.matching.words import Concept
from handover.profiles.profile import Column


def as_workflow(given: Given) -> Evidence | None:
    """The label's evidence that the column names the account's workflow, None for none."""
    found = given.meaning.concepts - {Concept.NAME} - PARTIES
    if given.meaning.unknown or not found <= {Concept.WORKFLOW, Concept.DUNNING, Concept.PLAN}:
        return None
    if Concept.WORKFLOW in found:
        return Evidence(Strength.CLEAR if found == {Concept.WORKFLOW} else Strength.LIKELY)
    return Evidence(Strength.GUESS) if found == {Concept.DUNNING, Concept.PLAN} else None


def as_field(column: Column, given: Given, around: Surroundings) -> Evidence | None:
    """The label's evidence that the column holds the field of `column`, None for none."""
    understood = _FACTS.get(column.role)
    if understood is None or given.meaning.unknown:
        return None
    return understood(given, PEOPLE if around.is_about_users else PARTIES)


Understood = Callable[[Given, frozenset[Concept]], Evidence | None]


def _plain(needed: Concept, *beside: Concept) -> Understood:
    """CLEAR for the needed concept, alone or with those of `beside` and of what lines are about."""

    def understood(given: Given, subject: frozenset[Concept]) -> Evidence | None:
        found = given.meaning.concepts
        rest = found - subject
        is_clear = needed in rest and rest <= {needed, *beside}
        is_own = Concept.ACCOUNT in found or rest == found
        return Evidence(Strength.CLEAR, is_own) if is_clear else None

    return understood


def _as_name(given: Given, subject: frozenset[Concept]) -> Evidence | None:
    found = given.meaning.concepts
    if found == {Concept.USER_NAME} and Concept.USER in subject and given.look is Look.NAMES:
        return Evidence(Strength.LIKELY)
    if Concept.NAME not in found or not found <= {Concept.NAME} | subject:
        return None
    is_own = Concept.ACCOUNT in found or not found & PARTIES
    return Evidence(Strength.CLEAR) if is_own else Evidence(Strength.LIKELY)


def _as_login(given: Given, subject: frozenset[Concept]) -> Evidence | None:
    if given.meaning.concepts != {Concept.USER_NAME}:
        return _plain(Concept.LOGIN)(given, subject)
    is_likely = given.look not in (Look.EMPTY, Look.NAMES)
    return Evidence(Strength.LIKELY if is_likely else Strength.GUESS)


def _as_customer_id(given: Given, _: frozenset[Concept]) -> Evidence | None:
    found = given.meaning.concepts
    is_clear = Concept.CUSTOMER in found and found <= {Concept.CUSTOMER} | IDS and bool(found & IDS)
    return Evidence(Strength.CLEAR) if is_clear else None


def _as_opco(given: Given, _: frozenset[Concept]) -> Evidence | None:
    found = given.meaning.concepts
    if Concept.OPCO in found and found <= {Concept.OPCO, Concept.NAME} | IDS:
        return Evidence(Strength.CLEAR)
    if Concept.UNIT in found and found <= {Concept.UNIT, Concept.NAME} | IDS:
        return Evidence(Strength.LIKELY)
    return Evidence(Strength.GUESS) if found == {Concept.COMPANY} else None


def _as_status(given: Given, subject: frozenset[Concept]) -> Evidence | None:
    found = given.meaning.concepts
    rest = found - subject
    if Concept.STATUS in rest and rest <= {Concept.STATUS, Concept.ACTIVE}:
        return Evidence(Strength.CLEAR, Concept.ACCOUNT in found or rest == found)
    if rest != {Concept.ACTIVE}:
        return None
    return Evidence(Strength.LIKELY if given.look is Look.STATUSES else Strength.GUESS)


def _as_employee_id(given: Given, _: frozenset[Concept]) -> Evidence | None:
    found = given.meaning.concepts
    is_clear = Concept.EMPLOYEE in found and found <= PEOPLE | IDS and bool(found & IDS)
    return Evidence(Strength.CLEAR) if is_clear else None


_FACTS: Mapping[str, Understood] = {
    "#name": _as_name,
    "#customer_id": _as_customer_id,
    OPCO: _as_opco,
    STATUS: _as_status,
    "#portals": _plain(Concept.PORTAL, Concept.NAME),
    "#roles": _plain(Concept.ROLES),
    "#employee_id": _as_employee_id,
    "#phone": _plain(Concept.PHONE, Concept.WORK),
    "#mobile": _plain(Concept.MOBILE, Concept.PHONE, Concept.WORK),
    LOGIN_NAME: _as_login,
}
