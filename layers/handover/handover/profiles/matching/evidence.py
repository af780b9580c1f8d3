"""The evidence that a column of a file is one of a profile's."""

from __future__ import annotations

from enum import IntEnum, auto

from msgspec import Struct

from handover.profiles.matching.meaning import Meaning
from handover.profiles.matching.samples import Look
from handover.profiles.matching.words import Concept

PARTIES = frozenset({Concept.ACCOUNT, Concept.CUSTOMER, Concept.COMPANY})
IDS = frozenset({Concept.ID, Concept.CODE, Concept.NUMBER, Concept.REFERENCE})
FORMS = frozenset({Concept.EMAIL, Concept.NAME, Concept.LOGIN, Concept.USER_NAME})
PEOPLE = frozenset({Concept.USER, Concept.EMPLOYEE})


class Strength(IntEnum):
    """The strength of the evidence. Anything above GUESS maps without asking, if uncontested.

    OWN is what `bind` recognises by itself. SAME is an own label in other words. A CLEAR label says
    what the column is; a LIKELY one says so if the file has no better column, a POSSIBLE one if no
    other role is more probable.
    """

    GUESS = auto()
    POSSIBLE = auto()
    LIKELY = auto()
    CLEAR = auto()
    SAME = auto()
    OWN = auto()


class Given(Struct, frozen=True):
    """A column of the file: its label as written, its meaning, and the kind of its values."""

    label: str
    meaning: Meaning
    look: Look


class Surroundings(Struct, frozen=True):
    """What is known of all columns together.

    `named`: whose names have a column of their own in the file, such as the customer's; a column
    "Customer" is then not the name. `has_customer_id`: the profile has a column for the customer's
    id beside the account's. `is_about_users`: lines are about users, not accounts. `has_before`:
    the profile has a column for the present or the replaced holder of a role, under any label.
    `has_condition`: the roles with a column for the present holder whose label says so. `managers`:
    how many roles of the profile are roles of account managers.
    """

    named: frozenset[Concept]
    has_customer_id: bool
    is_about_users: bool
    has_before: bool
    has_condition: frozenset[str]
    managers: int


class Evidence(Struct, frozen=True, order=True):
    """The strength; `fit` decides between evidence of equal strength: more is better."""

    strength: Strength
    fit: int = 0
