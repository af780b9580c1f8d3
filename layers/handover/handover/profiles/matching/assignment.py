"""Which column of a profile each column of a file probably is, and how certain that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import groupby, islice
from operator import attrgetter

from msgspec import Struct

from handover.profiles.matching.evidence import Evidence, Given, Strength
from handover.profiles.matching.meaning import meaning_of
from handover.profiles.matching.samples import appearance_of
from handover.profiles.matching.scoring import evidence_for, surroundings_of
from handover.profiles.profile import EACH_ROLE, Column, Profile
from handover.reading.labels import normal_label
from handover.reading.own_columns import own_columns_at

MAX_ROWS = 20
MAX_SAMPLES = 3
MAX_SAMPLE_CHARS = 100


class How(StrEnum):
    """How certain it is that a column of a file is one of the profile.

    EXACT is the column's label, ALIAS another of its names or words with the same meaning,
    REMEMBERED what a person has chosen for such a file before. These map without asking. NEAR is a
    proposal that applies only after a person has confirmed it. NONE: the profile has no such
    column.
    """

    EXACT = "exact"
    ALIAS = "alias"
    REMEMBERED = "remembered"
    NEAR = "near"
    NONE = "none"

    @property
    def is_sure(self) -> bool:
        """True for matches that map without asking."""
        return self in (How.EXACT, How.ALIAS, How.REMEMBERED)


class Match(Struct, frozen=True):
    """A column of a file, and the label of the matching column of the profile; None with NONE.

    `samples` are the first values that are not blank, at most MAX_SAMPLES.
    """

    header: str
    column: str | None
    how: How
    samples: tuple[str, ...] = ()


class _Pair(Struct, frozen=True):
    """The evidence that the file's column number `given` is the profile's number `column`."""

    evidence: Evidence
    given: int
    column: int

    @property
    def place(self) -> tuple[int, int]:
        """The numbers of both columns; of pairs with equal evidence, the lower one is taken."""
        return self.given, self.column


def match_columns(
    labels: Sequence[str],
    rows: Sequence[Sequence[str]],
    profile: Profile,
    *,
    remembered: Mapping[str, str],
) -> tuple[Match, ...]:
    """A match for each label, in their order; no column of the profile comes twice.

    `rows` are the first lines of the file; at most MAX_ROWS count. `remembered` maps labels of the
    file to the profile's, and takes precedence over all evidence. Matches with equal evidence are
    not certain. The report's own columns of an uploaded errors.csv match no column.
    """
    columns = [column for column in profile.columns if column.role != EACH_ROLE]
    values = [[row[at] for row in rows[:MAX_ROWS] if at < len(row)] for at in range(len(labels))]
    given = [
        Given(label, meaning_of(label), appearance_of(values[at]))
        for at, label in enumerate(labels)
    ]
    found = _remembered(labels, columns, remembered)
    around = surroundings_of(given, profile)
    used = {place for place, _ in found.values()}
    pairs = [
        _Pair(evidence, at, place)
        for at, one in enumerate(given[: own_columns_at(labels)])
        if at not in found
        for place, column in enumerate(columns)
        if place not in used and (evidence := evidence_for(column, one, around)) is not None
    ]
    times = Counter(map(normal_label, labels))
    for pair, is_contested in _assigned(pairs):
        # A mapping is keyed by label, so it cannot name a label that occurs twice.
        is_asked = is_contested or times[normal_label(labels[pair.given])] > 1
        how = _how(pair, labels[pair.given], columns[pair.column])
        found[pair.given] = pair.column, How.NEAR if is_asked else how
    return tuple(
        Match(
            label,
            columns[found[at][0]].label if at in found else None,
            found[at][1] if at in found else How.NONE,
            _samples(values[at]),
        )
        for at, label in enumerate(labels)
    )


def mapping_for(matches: Iterable[Match], profile: Profile) -> dict[str, str]:
    """The mapping of the certain matches for `bind`, without the labels that it knows anyway."""
    names = {
        normal_label(name): column.label
        for column in profile.columns
        for name in (column.label, *column.aliases)
    }
    return {
        match.header: match.column
        for match in matches
        if match.column is not None
        and match.how.is_sure
        and names.get(normal_label(match.header)) != match.column
    }


def _remembered(
    labels: Sequence[str], columns: Sequence[Column], remembered: Mapping[str, str]
) -> dict[int, tuple[int, How]]:
    """The remembered choices that `bind` still accepts, by the number of the label.

    The profile may have changed since: if two labels would name one column, the evidence decides.
    """
    places = {normal_label(column.label): place for place, column in enumerate(columns)}
    names = {
        normal_label(name): place
        for place, column in enumerate(columns)
        for name in (column.label, *column.aliases)
    }
    known = {
        normal_label(theirs): places.get(normal_label(ours)) for theirs, ours in remembered.items()
    }
    said = [known.get(normal_label(label)) for label in labels]
    bound = Counter(
        names.get(normal_label(labels[at])) if place is None else place
        for at, place in enumerate(said)
    )
    return {
        at: (place, How.REMEMBERED)
        for at, place in enumerate(said)
        if place is not None and bound[place] == 1
    }


def _assigned(pairs: Sequence[_Pair]) -> Iterator[tuple[_Pair, bool]]:
    """The pairs that are taken, the strongest first, and whether another pair was as strong.

    Of equally strong pairs, the one with the file's first column is taken, then the profile's.
    """
    ranked = sorted(
        pairs, key=lambda pair: (-pair.evidence.strength, -pair.evidence.fit, *pair.place)
    )
    givens: set[int] = set()
    columns: set[int] = set()
    for _, equal in groupby(ranked, key=attrgetter("evidence")):
        left = [one for one in equal if one.given not in givens and one.column not in columns]
        of_given = Counter(pair.given for pair in left)
        of_column = Counter(pair.column for pair in left)
        for pair in left:
            if pair.given not in givens and pair.column not in columns:
                yield pair, of_given[pair.given] > 1 or of_column[pair.column] > 1
                givens.add(pair.given)
                columns.add(pair.column)


def _how(pair: _Pair, label: str, column: Column) -> How:
    if pair.evidence.strength is Strength.GUESS:
        return How.NEAR
    return How.EXACT if normal_label(label) == normal_label(column.label) else How.ALIAS


def _samples(values: Sequence[str]) -> tuple[str, ...]:
    filled = (value.strip()[:MAX_SAMPLE_CHARS] for value in values if value.strip())
    return tuple(islice(filled, MAX_SAMPLES))
