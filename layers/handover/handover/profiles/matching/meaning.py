"""The meaning of a header's label: its words, separated and interpreted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from handover.profiles.matching.words import (
    ENDINGS,
    MAX_PHRASE_WORDS,
    PARTS,
    VOCABULARY,
    Concept,
)

# Exports have no longer labels; of a longer label, only the beginning counts.
MAX_LABEL_CHARS = 200
MAX_COMPOUND_CHARS = 40
# Cache size: enough for the labels of some files and profiles, which are all compared.
MAX_REMEMBERED = 4096
# A word of this many letters may have one typo, one of twice as many may have two.
MIN_TYPO_CHARS = 5

_FOLDED = str.maketrans({"ø": "o", "æ": "ae", "ł": "l", "đ": "d", "œ": "oe"})
_NUMBER_SIGN = re.compile(r"#|№|\bn\s?[°º]\.?", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_EMAIL = re.compile(r"\be[\s._-]?(mails?|post)(?![a-z])", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")


class Meaning(Struct, frozen=True):
    """The concepts of a label without noise, and its unknown words.

    `is_guessed` is true when a word was matched to one that differs by a typo.
    """

    concepts: frozenset[Concept]
    unknown: frozenset[str]
    is_guessed: bool = False


@lru_cache(maxsize=MAX_REMEMBERED)
def meaning_of(label: str) -> Meaning:
    """The meaning of a label of any header or profile."""
    concepts: set[Concept] = set()
    unknown: set[str] = set()
    is_guessed = False
    for word, concept in _understood(words_of(label)):
        found, guessed = (concept, False) if concept is not None else _guessed(word)
        if found is None:
            unknown.add(word)
        else:
            concepts.add(found)
        is_guessed |= guessed
    if Concept.CUSTOMER_ID in concepts:
        concepts |= {Concept.CUSTOMER, Concept.ID}
    silent = {Concept.NOISE, Concept.CUSTOMER_ID}
    return Meaning(frozenset(concepts - silent), frozenset(unknown), is_guessed)


def without(meaning: Meaning, concept: Concept) -> Meaning:
    """The meaning as if the label did not say this."""
    return replace(meaning, concepts=meaning.concepts - {concept})


@lru_cache(maxsize=MAX_REMEMBERED)
def words_of(label: str) -> tuple[str, ...]:
    """The words of a label: camelCase split, without accents and case, "e-mail" as one."""
    text = _NUMBER_SIGN.sub(" number ", label[:MAX_LABEL_CHARS])
    text = unicodedata.normalize("NFKD", text)
    text = "".join(char for char in text if unicodedata.category(char) not in ("Mn", "Cf"))
    text = _EMAIL.sub(r" e\1 ", _CAMEL.sub(" ", text))
    return tuple(_WORD.findall(text.casefold().translate(_FOLDED)))


def _understood(words: Sequence[str]) -> Iterator[tuple[str, Concept | None]]:
    """The first word and the concept of the longest phrases of the vocabulary, in order.

    A word in no phrase has None.
    """
    place = 0
    while place < len(words):
        for length in range(min(MAX_PHRASE_WORDS, len(words) - place), 0, -1):
            concept = VOCABULARY.get(tuple(words[place : place + length]))
            if concept is not None:
                yield words[place], concept
                place += length
                break
        else:
            parts = _parts(words[place])
            yield from iter([(words[place], None)]) if parts is None else _understood(parts)
            place += 1


def _parts(word: str) -> list[str] | None:
    """The known words that make up a longer word, as few as possible; None if none do."""
    if len(word) > MAX_COMPOUND_CHARS:
        return None
    best: list[list[str] | None] = [[], *[None] * len(word)]
    for end in range(1, len(word) + 1):
        for start in range(end):
            part, before = word[start:end], best[start]
            if before is None or part not in PARTS or (part in ENDINGS and end < len(word)):
                continue
            shortest = best[end]
            if shortest is None or len(before) + 1 < len(shortest):
                best[end] = [*before, part]
    return best[-1]


def _guessed(word: str) -> tuple[Concept | None, bool]:
    """The concept of the known word that is a typo away, and whether there is such a word."""
    if len(word) < MIN_TYPO_CHARS or not word.isascii():
        return None, False
    # Imported here: only labels that no column has are compared, so few functions load it.
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extractOne

    slips = 2 if len(word) >= 2 * MIN_TYPO_CHARS else 1
    found = extractOne(word, PARTS.keys(), scorer=OSA.distance, score_cutoff=slips)
    if found is None or len(found[0]) < MIN_TYPO_CHARS:
        return None, False
    return PARTS[found[0]], True
