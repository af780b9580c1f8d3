"""The checker of histories finds each kind of contradiction."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.kit.oracle.directory import Holders
from tests.kit.oracle.histories import Decision, Entry, Observed, Read, contradictions

ROLE = "account_manager"
A, B, C = ("a",), ("b",), ("c",)


def entry(version: int, by: str, before: Holders, after: Holders) -> Entry:
    return Entry(version, by, {ROLE: (before, after)})


GOOD = Observed(
    "K",
    ROLE,
    first=A,
    last=C,
    entries=(entry(2, "one", A, B), entry(4, "two", B, C)),
    decisions=(
        Decision("one", "1", "K", B, "updated", A, B),
        Decision("two", "2", "K", C, "updated", B, C),
        Decision("old", "0", "K", A, "superseded"),
    ),
    reads=(Read("K", 1, A), Read("K", 2, B, not_before=2), Read("K", 3, B), Read("K", 4, C)),
)


def test_a_sequential_history_has_no_contradiction() -> None:
    assert contradictions(GOOD) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"entries": (entry(2, "one", A, B), entry(4, "two", A, C))},
            "stood there",
        ),
        (
            {"entries": (entry(4, "one", A, B), entry(4, "two", B, C))},
            "comes after",
        ),
        ({"last": B}, "the history ends with"),
        ({"entries": GOOD.entries[:1], "last": B}, "announced but not in the history"),
        ({"decisions": GOOD.decisions[1:]}, "announced by nobody"),
        (
            {"decisions": (*GOOD.decisions, Decision("late", "9", "K", A, "superseded"))},
            "said to be superseded",
        ),
        (
            {"decisions": (*GOOD.decisions, Decision("late", "9", "K", A, "unchanged"))},
            "has the last place and asked for",
        ),
        ({"decisions": (), "entries": ()}, "nobody decided"),
        ({"reads": (Read("K", 3, C),)}, "was read as"),
        ({"reads": (Read("K", 4, C), Read("K", 2, B))}, "was known"),
        ({"reads": (Read("K", 1, A, not_before=2),)}, "was read after"),
    ],
)
def test_a_contradiction_is_found(changes: dict[str, Any], words: str) -> None:
    found = contradictions(replace(GOOD, **changes))

    assert any(words in one for one in found), found
