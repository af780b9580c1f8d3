"""Finding the address that was probably meant."""

from __future__ import annotations

from collections.abc import Callable, Collection

# Up to two edits (a letter missing, doubled, wrong or swapped) are a typo; more is another address.
MAX_SLIPS = 2
# Each search compares all addresses, so a chunk makes at most this many; its further unknown
# addresses get no suggestion.
MAX_QUESTIONS = 200


def nearest(addresses: Collection[str]) -> Callable[[str], str | None]:
    """A function from an unknown address to the one of `addresses` at most two edits away.

    It returns None where nothing is that near, and for all calls after MAX_QUESTIONS.
    """
    answers: dict[str, str | None] = {}

    def near(address: str) -> str | None:
        if address not in answers:
            if len(answers) >= MAX_QUESTIONS:
                return None
            # Imported here: most chunks name only addresses that exist.
            from rapidfuzz.distance import DamerauLevenshtein
            from rapidfuzz.process import extractOne

            found = extractOne(
                address,
                addresses,
                scorer=DamerauLevenshtein.distance,
                score_cutoff=MAX_SLIPS,
            )
            answers[address] = found[0] if found else None
        return answers[address]

    return near
