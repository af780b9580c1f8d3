"""Finding the address that was probably meant."""

from __future__ import annotations

from collections.abc import Callable, Collection

# Up to two edits (a letter missing, doubled, wrong or swapped) are a typo; more is another address.
MAX_SLIPS = 2
# The cost of a search is the number of addresses times this; the remaining unknown addresses of
# a chunk get no suggestion.
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
            # Most chunks name only addresses that there are.
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
