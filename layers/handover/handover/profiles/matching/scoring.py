"""The evidence that a column of a file is one of a profile's, by label and values."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from msgspec.structs import replace

from handover.profiles.fields import STATUS
from handover.profiles.matching.evidence import (
    FORMS,
    PARTIES,
    PEOPLE,
    Evidence,
    Given,
    Strength,
    Surroundings,
)
from handover.profiles.matching.fields import as_field, as_workflow
from handover.profiles.matching.keys import as_account, as_address
from handover.profiles.matching.meaning import (
    MAX_REMEMBERED,
    Meaning,
    meaning_of,
    without,
    words_of,
)
from handover.profiles.matching.people import OWN_FIT, as_person, count_managers
from handover.profiles.matching.samples import Look
from handover.profiles.matching.words import Concept
from handover.profiles.profile import (
    BESIDE,
    WORKFLOW_ROLE,
    Column,
    Holds,
    NamedBy,
    Profile,
)
from handover.reading.labels import normal_label

# Labels with this similarity (of 100) are probably the same label, misspelled.
SPELLED_ALIKE = 75
# Many columns share these words: labels with one of them are equal only if all their words are.
_VAGUE = frozenset({Concept.OTHER, Concept.PLAN, Concept.MORE, Concept.CURRENT, Concept.NEW})
# The column that says who is to hold a role is proposed before its condition.
_CONDITION_FIT = 20
_PERSONS = frozenset({Holds.USERS, Holds.INITIAL})
# Kinds of columns about present holders whose labels need not say so.
_BEFORE = BESIDE - {Holds.CURRENT}


_normal = lru_cache(maxsize=MAX_REMEMBERED)(normal_label)


def surroundings_of(columns: Sequence[Given], profile: Profile) -> Surroundings:
    """What the columns of the file and the profile reveal about each other."""
    return Surroundings(
        named=frozenset().union(*(_named_by(one.meaning) for one in columns)),
        has_customer_id=any(column.role == "#customer_id" for column in profile.columns),
        is_about_users=any(column.holds is Holds.USER for column in profile.columns),
        has_before=any(column.holds in _BEFORE for column in profile.columns),
        has_condition=frozenset(
            column.role for column in profile.columns if column.holds is Holds.CURRENT
        ),
        managers=count_managers(profile),
    )


def _named_by(meaning: Meaning) -> frozenset[Concept]:
    """Whose name a column holds: "Customer name" and "Name 1" hold the customer's."""
    rest = meaning.concepts - {Concept.NAME}
    is_name = Concept.NAME in meaning.concepts and rest <= PARTIES and not meaning.unknown
    return (rest or frozenset({Concept.CUSTOMER})) if is_name else frozenset()


def evidence_for(column: Column, given: Given, around: Surroundings) -> Evidence | None:
    """The evidence that `given` is the profile's `column`, None when there is none."""
    label = _normal(given.label)
    if not label:
        return None
    if label in map(_normal, (column.label, *column.aliases)):
        return Evidence(Strength.OWN)
    evidence = _same_words(column, given) or _meant(column, given, around)
    evidence = (
        _weighed(evidence, column, given) if evidence is not None else _by_values(column, given)
    )
    if evidence is not None and given.meaning.is_guessed:
        evidence = Evidence(Strength.GUESS, evidence.fit)
    is_understood = not given.meaning.unknown and not given.meaning.is_guessed
    # The label of a condition is always like that of its role.
    may_be_misspelled = (
        column.holds is not Holds.CURRENT or Concept.CURRENT in given.meaning.concepts
    )
    if (
        evidence is None
        and not is_understood
        and may_be_misspelled
        and _is_spelled_alike(column, label)
    ):
        evidence = Evidence(Strength.GUESS)
    return evidence


def _same_words(column: Column, given: Given) -> Evidence | None:
    """SAME for one of the column's labels with other punctuation or words of the same meaning."""
    is_person = column.holds in _PERSONS
    if is_person and given.meaning.concepts <= FORMS:
        # "E-mail" alone may be anybody's address, most often the customer's.
        return None
    squeezed = "".join(words_of(given.label))
    for name in (column.label, *column.aliases):
        if squeezed and squeezed == "".join(words_of(name)):
            return Evidence(Strength.CLEAR, OWN_FIT) if is_person else Evidence(Strength.SAME, 1)
    # Among several columns about one person the form decides, see `_form_fit`.
    for name in () if is_person else (column.label, *column.aliases):
        meant = meaning_of(name)
        if given.meaning == meant and meant.concepts and not meant.concepts & _VAGUE:
            return Evidence(Strength.SAME)
    return None


def _meant(column: Column, given: Given, around: Surroundings) -> Evidence | None:
    """The evidence from the meaning of the label, for the kind of column."""
    match column.holds:
        case Holds.ACCOUNT:
            return as_account(column, given, around)
        case Holds.USER:
            return as_address(given)
        case Holds.USERS | Holds.INITIAL:
            return as_person(column, given, around)
        case Holds.WORKFLOW:
            return as_workflow(given)
        case Holds.FIELD:
            return as_field(column, given, around)
        case Holds.CURRENT:
            return _as_condition(column, given, around)
        case _:
            return None


def _as_condition(column: Column, given: Given, around: Surroundings) -> Evidence | None:
    """A guess for a label that says "current" of the role.

    Only the column's own names are certain. Many exports say who holds an account now, and lines
    must not depend on that unless a person asks for it.
    """
    if Concept.CURRENT not in given.meaning.concepts:
        return None
    found = (
        as_workflow(replace(given, meaning=without(given.meaning, Concept.CURRENT)))
        if column.role == WORKFLOW_ROLE
        else as_person(column, given, around)
    )
    return Evidence(Strength.GUESS, found.fit - _CONDITION_FIT) if found is not None else None


def _weighed(evidence: Evidence, column: Column, given: Given) -> Evidence | None:
    """The label's evidence, adjusted by the values, which may cancel it."""
    guess = Evidence(Strength.GUESS, evidence.fit)
    match column.holds, given.look:
        case _, Look.EMPTY:
            return evidence
        case (Holds.ACCOUNT, Look.EMAILS):
            return None
        case (Holds.ACCOUNT, Look.NAMES | Look.STATUSES):
            return guess
        case (Holds.USER, look) if look is not Look.EMAILS:
            return guess
        case (Holds.USERS | Holds.INITIAL, look):
            return evidence if _can_name(column.by, look) else guess
        case (Holds.FIELD, look) if column.role == STATUS and look is not Look.STATUSES:
            return guess
        case _:
            return evidence


def _can_name(ways: Sequence[NamedBy], look: Look) -> bool:
    """False when values of this kind cannot name users in any of the ways."""
    if look is Look.EMAILS:
        return True
    return NamedBy.NAME in ways or (NamedBy.LOGIN in ways and look is not Look.NAMES)


def _by_values(column: Column, given: Given) -> Evidence | None:
    """A guess by the values alone, if the label does not contradict it."""
    found, unknown = given.meaning.concepts, given.meaning.unknown
    is_person = column.holds in {*_PERSONS, Holds.USER} and column.is_required
    may_hold_emails = given.look is Look.EMAILS or (
        given.look is Look.EMPTY and found == {Concept.EMAIL} and not unknown
    )
    if is_person and may_hold_emails:
        is_bare = found <= FORMS | PEOPLE | {Concept.OTHER}
        return Evidence(Strength.GUESS, -1 - (Concept.OTHER in found)) if is_bare else None
    if column.holds is Holds.ACCOUNT and given.look is Look.IDS and unknown and not found:
        return Evidence(Strength.GUESS, -1)
    return None


def _is_spelled_alike(column: Column, label: str) -> bool:
    # Imported here, as in `meaning`: most functions never compare labels.
    from rapidfuzz import fuzz

    return any(
        fuzz.ratio(label, _normal(name)) >= SPELLED_ALIKE
        for name in (column.label, *column.aliases)
    )
