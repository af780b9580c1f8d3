"""What speaks for a column of a file being one of a profile's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from handover.profiles.matching.meaning import Meaning
from handover.profiles.matching.samples import Look
from handover.profiles.matching.words import Concept

PARTIES = frozenset({Concept.ACCOUNT, Concept.CUSTOMER, Concept.COMPANY})
IDS = frozenset({Concept.ID, Concept.CODE, Concept.NUMBER, Concept.REFERENCE})
FORMS = frozenset({Concept.EMAIL, Concept.NAME, Concept.LOGIN, Concept.USER_NAME})
PEOPLE = frozenset({Concept.USER, Concept.EMPLOYEE})


class Strength(IntEnum):
    """How much speaks for it. Whatever is over GUESS maps without asking, if nothing contests it.

    OWN is what `bind` recognises by itself. SAME is an own label in other words, CLEAR says what
    the column is, LIKELY does where the file has nothing better, POSSIBLE where there is no other
    role that is meant more probably.
    """

    GUESS = 1
    POSSIBLE = 2
    LIKELY = 3
    CLEAR = 4
    SAME = 5
    OWN = 6


@dataclass(frozen=True, slots=True)
class Given:
    """A column of the file: its label as it stands, its meaning, what its values look like."""

    label: str
    meaning: Meaning
    look: Look


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of all columns together.

    `named` are those whom a column of the file names, so that one called "Customer" does not.
    `has_customer_id`: the profile has a column for the customer's id beside the account's.
    `is_about_users`: lines are about users, not accounts. `has_before`: the profile has a column
    for who holds a role now, or who is replaced. `managers`: how many roles of the profile are of
    those who look after accounts.
    """

    named: frozenset[Concept]
    has_customer_id: bool
    is_about_users: bool
    has_before: bool
    managers: int


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """The strength, and what decides between claims of one strength: more is better."""

    strength: Strength
    fit: int = 0
