"""The column that says what a line is about: the id of an account, or the address of a user."""

from __future__ import annotations

from handover.profiles.matching.evidence import (
    IDS,
    PARTIES,
    PEOPLE,
    Evidence,
    Given,
    Strength,
    Surroundings,
)
from handover.profiles.matching.meaning import meaning_of
from handover.profiles.matching.samples import Look
from handover.profiles.matching.words import Concept
from handover.profiles.profile import Column


def as_account(column: Column, given: Given, around: Surroundings) -> Evidence | None:
    """The label's evidence that the column is the id of the account, None for none."""
    found = given.meaning.concepts
    parties, ids = found & PARTIES, found & IDS
    if not found <= PARTIES | IDS | {Concept.EXTERNAL, Concept.RECORD}:
        return None
    if not ids:
        return _as_bare_account(given, around)
    if given.meaning.unknown:
        return Evidence(Strength.GUESS, bool(parties)) if len(given.meaning.unknown) == 1 else None
    own = meaning_of(column.label).concepts
    if around.has_customer_id and parties and not parties & own:
        return None if Concept.CUSTOMER in parties else Evidence(Strength.GUESS, 1)
    if own & found & (PARTIES | {Concept.EXTERNAL}) and ids != {Concept.REFERENCE}:
        return Evidence(Strength.CLEAR, 1 + (Concept.EXTERNAL in found & own))
    if parties - {Concept.COMPANY} and ids != {Concept.REFERENCE}:
        return Evidence(Strength.CLEAR)
    is_likely = parties or Concept.ID in ids or found & {Concept.EXTERNAL, Concept.RECORD}
    return Evidence(Strength.LIKELY, bool(parties)) if is_likely else Evidence(Strength.GUESS)


def _as_bare_account(given: Given, around: Surroundings) -> Evidence | None:
    """For a label like "Customer": the id, if another column is the name or the values are ids."""
    found = given.meaning.concepts
    if not found & PARTIES or given.meaning.unknown or given.look is Look.NAMES:
        return None
    if around.has_customer_id and Concept.CUSTOMER in found:
        return None
    if len(found & PARTIES) > 1:
        return Evidence(Strength.LIKELY)
    is_id = found & PARTIES <= around.named or given.look is Look.IDS
    return Evidence(Strength.POSSIBLE) if is_id else Evidence(Strength.GUESS, 1)


def as_address(given: Given) -> Evidence | None:
    """The label's evidence that the column is the address of the user, None for none."""
    found = given.meaning.concepts
    if Concept.EMAIL not in found or given.meaning.unknown:
        return None
    if found <= {Concept.EMAIL, Concept.WORK} | PEOPLE:
        return Evidence(Strength.CLEAR, Concept.WORK not in found)
    return Evidence(Strength.GUESS) if found <= {Concept.EMAIL, Concept.LOGIN} | PEOPLE else None
