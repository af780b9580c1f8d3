"""What the matcher says of every label that is known here, as recorded: a change of it shows here.

Whether it is right, is judged by `test_matching.py` with header rows that people have read.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

import pytest
from handover.profiles.matching.assignment import How, Match, match_columns
from handover.profiles.matching.meaning import words_of
from handover.profiles.matching.words import VOCABULARY, Concept
from handover.profiles.presets import presets
from handover.profiles.profile import Role

from tests.kit.recorded import assert_as_recorded
from tests.unit.profiles.header_rows import HEADERS, ROLES, header_rows

SIGNS = {How.EXACT: "=", How.ALIAS: "~", How.NEAR: "?", How.REMEMBERED: "*"}
PROFILES = {
    name: profile.with_roles(Role(role, 1) for role in ROLES) if name == "role-team" else profile
    for name, profile in sorted(presets().items())
}
SAMPLES = (
    "",
    "K-1001",
    "amina.otieno@lumina.example",
    "Amina Otieno",
    "Otieno, Amina",
    "amina@lumina.example;ben@lumina.example",
    "None",
    "active",
    "Kenya",
    "2026-11-30",
    "1,024.50",
    "+254 700 000 001",
)


def labels() -> list[str]:
    """Every label of the header rows, sorted."""
    rows = header_rows("development.txt") + header_rows("held_out.txt")
    return sorted({label for row in rows for label in row.labels})


def said(matches: Sequence[Match]) -> str:
    """The columns found, in the order of the file, each with how certain it is."""
    found = (f"{SIGNS[one.how]}{one.column}" if one.column else "-" for one in matches)
    return " | ".join(found)


def alone() -> Iterator[str]:
    """Each label by itself, in each profile; labels that no profile knows are left out."""
    own = {
        name
        for profile in PROFILES.values()
        for column in profile.columns
        for name in (column.label, *column.aliases)
    }
    yield "label: " + ", ".join(PROFILES)
    for label in sorted(own.union(labels())):
        matches = [match_columns([label], [], one, remembered={})[0] for one in PROFILES.values()]
        if any(one.column for one in matches):
            yield f"{label}: {said(matches)}"


def together() -> Iterator[str]:
    """Rows drawn from all labels, with samples that fit or do not."""
    drawn, known = random.Random(2026), labels()
    for number in range(210):
        name, profile = list(PROFILES.items())[number % len(PROFILES)]
        header = drawn.sample(known, drawn.randrange(2, 8))
        first = tuple(drawn.choice(SAMPLES) for _ in header)
        yield f"{name}: {' | '.join(map(str, zip(header, first, strict=True)))}"
        yield f"  {said(match_columns(header, [first], profile, remembered={}))}"


def in_their_rows() -> Iterator[str]:
    """Each header row in its profile."""
    for row in header_rows("development.txt") + header_rows("held_out.txt"):
        yield f"{row.profile.name}: {' | '.join(row.labels)}"
        yield f"  {said(match_columns(row.labels, [row.samples], row.profile, remembered={}))}"


def composed() -> Iterator[str]:
    """Rows of labels made of words of the profile and others; those without a match are left out.

    Of the words with one meaning, the first stands for all.
    """
    drawn = random.Random(2026)
    of_meanings: dict[Concept, str] = {}
    for phrase, concept in VOCABULARY.items():
        of_meanings.setdefault(concept, " ".join(phrase))
    others = [*sorted(of_meanings.values()), "acme", "acount"]
    looks = ("", "", "K-1001", "amina@lumina.example", "Amina Otieno", "active", "Kenya")
    for number in range(700):
        name, profile = list(PROFILES.items())[number % len(PROFILES)]
        names = [one for column in profile.columns for one in (column.label, *column.aliases)]
        own = sorted({word for one in names for word in words_of(one)})
        header = []
        for _ in range(drawn.randrange(2, 6)):
            words = drawn.sample(own, drawn.choice((0, 1, 1, 2)))
            words += drawn.sample(others, drawn.choice((0, 1, 1, 2)))
            drawn.shuffle(words)
            header.append(" ".join(words) or "-")
        first = tuple(drawn.choice(looks) for _ in header)
        matches = match_columns(header, [first], profile, remembered={})
        if any(one.column for one in matches):
            yield f"{name}: {' | '.join(map(str, zip(header, first, strict=True)))}"
            yield f"  {said(matches)}"


@pytest.mark.parametrize("made", [alone, together, composed, in_their_rows])
def test_the_matcher_says_what_is_recorded(made: Callable[[], Iterator[str]]) -> None:
    assert_as_recorded(HEADERS / f"{made.__name__}.txt", "\n".join(made()) + "\n")
