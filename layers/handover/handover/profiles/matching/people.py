"""Columns that name users: account managers and viewers."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from functools import lru_cache

from handover.profiles.matching.evidence import (
    FORMS,
    IDS,
    PARTIES,
    PEOPLE,
    Evidence,
    Given,
    Strength,
    Surroundings,
)
from handover.profiles.matching.meaning import MAX_REMEMBERED, meaning_of, words_of
from handover.profiles.matching.samples import Look
from handover.profiles.matching.words import VOCABULARY, Concept
from handover.profiles.profile import Column, NamedBy, Profile

# How well a column about a person fits if its label does not say "address" or "name".
_NO_FORM_FIT, OWN_FIT = 2, 3
# A column of future managers takes precedence over one of present managers.
_NEW_FIT = 10
_OF_SUCCESS = frozenset({Concept.SUCCESS_MANAGER, Concept.OWNER, Concept.REP})
_OF_SALES = frozenset({Concept.SALES, Concept.REP, Concept.OWNER})
_FAMILIAR = _OF_SUCCESS | _OF_SALES | {Concept.MANAGER, Concept.ACCOUNT_MANAGER}


class _Family(Enum):
    """A kind of account managers, by the words of the role or its label."""

    ACCOUNT_MANAGER = auto()
    SUCCESS_MANAGER = auto()
    REP = auto()
    ANYBODY = auto()


def _of_role(role: str) -> frozenset[Concept]:
    """The concepts of the role's name, nothing if it contains an unknown word."""
    meant = meaning_of(role)
    return frozenset() if meant.unknown else meant.concepts


def _family(found: frozenset[Concept]) -> _Family | None:
    """The kind of account managers that the concepts name, None for others."""
    rest = found - FORMS - PEOPLE - PARTIES - {Concept.CURRENT, Concept.NEW}
    if rest == {Concept.MANAGER} and (found & PEOPLE or found & PARTIES == {Concept.COMPANY}):
        # An employee's manager is a superior; a company's manager is one of its own people.
        return None
    if rest == {Concept.ACCOUNT_MANAGER}:
        return _Family.ACCOUNT_MANAGER
    if Concept.SUCCESS_MANAGER in rest and rest <= _OF_SUCCESS:
        return _Family.SUCCESS_MANAGER
    if Concept.REP in rest and rest <= _OF_SALES:
        return _Family.REP
    # "Sales" alone means what was sold.
    if rest == {Concept.SALES, Concept.OWNER} or (rest == {Concept.SALES} and found & PEOPLE):
        return _Family.REP
    if rest in ({Concept.MANAGER}, {Concept.OWNER}):
        return _Family.ACCOUNT_MANAGER if found & PARTIES else _Family.ANYBODY
    return None


def as_person(column: Column, given: Given, around: Surroundings) -> Evidence | None:
    """The label's evidence that the column names the users of `column`'s role, None for none."""
    evidence = _as_person(column, given, around)
    if evidence is None:
        return None
    is_present = Concept.CURRENT in given.meaning.concepts and column.role in around.has_condition
    if around.has_before or is_present:
        # The column may mean the present holder of the role as well as the future one.
        return Evidence(Strength.GUESS, evidence.fit)
    return evidence


def _as_person(column: Column, given: Given, around: Surroundings) -> Evidence | None:
    found = given.meaning.concepts
    allowed = _form_fit(column.by, found)
    if allowed is None and given.look is not Look.EMAILS:
        return None
    # The values are addresses even if the label names another form.
    form = allowed or 0
    if _core(given.label) == _core(column.role) != ():
        return Evidence(Strength.CLEAR, form)
    if found & {Concept.VIEWER, Concept.FOLLOWER}:
        return _as_viewer(column, given, form)
    if Concept.OTHER in found or (found & IDS and given.look is not Look.EMAILS):
        return None
    given_family, own_family = _family(found - IDS), _family(_of_role(column.role))
    fit = form + _NEW_FIT * (Concept.NEW in found)
    if given_family is None or own_family is None:
        return None
    if given.meaning.unknown:
        return Evidence(Strength.GUESS, fit)
    if given_family == own_family:
        # In a team, "owner" may mean any of the managers, unless a role has that name.
        is_any = around.managers > 1 and found & _FAMILIAR == {Concept.OWNER}
        is_asked = is_any and Concept.OWNER not in _of_role(column.role)
        return Evidence(Strength.GUESS if is_asked else Strength.CLEAR, fit)
    if around.managers != 1:
        return Evidence(Strength.GUESS, fit) if given_family == _Family.ANYBODY else None
    return Evidence(Strength.LIKELY if given_family == _Family.ANYBODY else Strength.POSSIBLE, fit)


@lru_cache(maxsize=MAX_REMEMBERED)
def _core(label: str) -> tuple[str, ...]:
    """The words of a label, without those like "name" or "e-mail" that say how it names users."""
    formal = FORMS | {Concept.NOISE}
    return tuple(word for word in words_of(label) if VOCABULARY.get((word,)) not in formal)


def _as_viewer(column: Column, given: Given, form: int) -> Evidence | None:
    """The label's evidence for viewers; None if the role is not one of viewers."""
    found = given.meaning.concepts
    if _of_role(column.role) != {Concept.VIEWER}:
        return None
    if not found <= {Concept.VIEWER, Concept.FOLLOWER, Concept.MORE} | FORMS | PEOPLE | PARTIES:
        return None
    if given.meaning.unknown:
        return Evidence(Strength.GUESS, form)
    return Evidence(Strength.CLEAR if Concept.VIEWER in found else Strength.LIKELY, form)


def _form_fit(ways: Sequence[NamedBy], found: frozenset[Concept]) -> int | None:
    """How well a column fits that names users in the found form; None if `ways` do not allow it."""
    named = {
        way
        for way, concept in (
            (NamedBy.EMAIL, Concept.EMAIL),
            (NamedBy.LOGIN, Concept.LOGIN),
            (NamedBy.LOGIN, Concept.USER_NAME),
            (NamedBy.NAME, Concept.NAME),
        )
        if concept in found
    }
    if not named:
        return _NO_FORM_FIT - (len(ways) == 1)
    fitting = [place for place, way in enumerate(ways) if way in named]
    if not fitting:
        return None
    # A column that accepts only this form is meant for it.
    return 5 if len(ways) == 1 else 4 - min(fitting)


def count_managers(profile: Profile) -> int:
    """How many of the profile's roles are roles of account managers."""
    roles = {column.role for column in profile.columns if column.by}
    return sum(_family(_of_role(role)) is not None for role in roles)
