"""One generated file from its seed to a verdict."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from handover.profiles.profile import Profile

from tests.fuzz.checks import violations
from tests.fuzz.mutations import file_of
from tests.fuzz.passage import Passage, Sizes, pass_through
from tests.fuzz.world import PROFILES

# One report in this number is uploaded again as a whole, which takes as long as the file itself.
DEEP_EVERY = 6


@dataclass(frozen=True, slots=True)
class Trial:
    """A file, how it is cut, and its violations."""

    seed: int
    data: bytes
    profile: Profile
    sizes: Sizes
    passage: Passage | None
    violations: tuple[str, ...]

    def report(self) -> str:
        """The text that shows a violation and how to reproduce it."""
        return self.report_with(self.violations)

    def report_with(self, found: Sequence[str]) -> str:
        """The same, with these violations."""
        listed = "\n  ".join(found)
        return (
            f"seed {self.seed}, profile {self.profile.name}, {self.sizes}\n"
            f"  {listed}\n"
            f"  replay: tests.fuzz.driving.try_file({self.data!r}, seed={self.seed})"
        )


def try_seed(seed: int) -> Trial:
    """Makes the file of the seed, processes it and checks everything."""
    return try_file(file_of(seed), seed=seed)


def try_file(data: bytes, *, seed: int) -> Trial:
    """Processes the file with the sizes of the seed, and checks everything."""
    random = Random(seed)
    profile = random.choice((*PROFILES, PROFILES[0]))
    sizes = sizes_for(random, len(data))
    is_deep = random.randrange(DEEP_EVERY) == 0
    return try_with(data, profile, sizes, seed=seed, is_deep=is_deep)


def sizes_for(random: Random, size: int) -> Sizes:
    """Sizes drawn by the seed: mostly one piece, otherwise blocks, windows and chunks that cut."""
    if random.random() < 0.6:
        return Sizes(chunk_lines=random.choice((1000, 1000, 1, 2)))
    if random.random() < 0.05:
        # Windows of a few bytes take as many times longer.
        return Sizes(block=random.choice((1, 7)), window=max(1, size // 40), chunk_bytes=30)
    return Sizes(
        block=size // random.choice((1, 2, 5)) + 1,
        window=size // random.choice((1, 2, 3, 6)) + 1,
        chunk_bytes=random.choice((1, 64, 100, 1 << 17)),
    )


def try_with(
    data: bytes, profile: Profile, sizes: Sizes, *, seed: int = 42, is_deep: bool = True
) -> Trial:
    """Processes the file with these sizes, and checks everything."""
    passage = None
    try:
        passage = pass_through(data, profile, sizes=sizes, seed=seed)
        found = tuple(violations(passage, sizes=sizes, is_deep=is_deep))
    except (
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
        csv.Error,
        AttributeError,
    ) as error:
        found = (f"{type(error).__name__}: {error}",)
    return Trial(seed, data, profile, sizes, passage, found)
