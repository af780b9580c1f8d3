"""Mappings that people have given, found again for the next file of the same header."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handover.profiles.profile import Profile
from handover.reading.own_columns import own_columns_at
from handover.reading.sniff import normal_label

# A tenant has some dozens of kinds of files. All of its mappings are one item, which is read whole
# and may have 400 KB; the bounds leave most of that.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_MAPPINGS = 100
MAX_MAPPING_BYTES = 16 * 1024
MAX_MAPPINGS_BYTES = 128 * 1024
FINGERPRINT_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class RememberedMapping:
    """What the columns of files with such a header are in files of a profile."""

    fingerprint: str
    profile: str
    mapping: Mapping[str, str]

    def is_about(self, fingerprint: str, profile: str) -> bool:
        """True for files of that header and profile."""
        return (self.fingerprint, self.profile) == (fingerprint, profile)


def fingerprint_of(labels: Sequence[str]) -> str:
    """The same for headers of the same labels, in any order, case and spacing.

    The own columns of an uploaded errors.csv do not count, nor do columns without a label.
    """
    own = {normal_label(label) for label in labels[: own_columns_at(labels)]} - {""}
    text = json.dumps(sorted(own)).encode()
    return hashlib.sha256(text).hexdigest()[:FINGERPRINT_CHARACTERS]


def mapping_to_remember(
    labels: Sequence[str], profile: Profile, mapping: Mapping[str, str]
) -> RememberedMapping | None:
    """What is to be remembered of a mapping that a person gave with a file of these labels.

    Labels that the file lacks are left out. None when nothing is left, or more than
    MAX_MAPPING_BYTES as JSON.
    """
    found = set(map(normal_label, labels))
    kept = {theirs: ours for theirs, ours in mapping.items() if normal_label(theirs) in found}
    if not kept or len(json.dumps(kept)) > MAX_MAPPING_BYTES:
        return None
    return RememberedMapping(fingerprint_of(labels), profile.name, kept)


def with_remembered(
    known: Sequence[RememberedMapping], new: RememberedMapping
) -> list[RememberedMapping]:
    """`known` with `new` as the last, in the place of what it replaces.

    The first are dropped until there are MAX_MAPPINGS, and MAX_MAPPINGS_BYTES as JSON, at the most.
    """
    others = [one for one in known if not one.is_about(new.fingerprint, new.profile)]
    kept = [*others, new][-MAX_MAPPINGS:]
    while len(mappings_json(kept).encode()) > MAX_MAPPINGS_BYTES:
        kept = kept[1:]
    return kept


def remembered_for(
    known: Sequence[RememberedMapping], fingerprint: str, profile: Profile
) -> dict[str, str]:
    """The mapping for files of that header, without columns that the profile has no more."""
    ours = {normal_label(column.label) for column in profile.columns}
    return {
        theirs: label
        for one in known
        if one.is_about(fingerprint, profile.name)
        for theirs, label in one.mapping.items()
        if normal_label(label) in ours
    }


def mappings_json(mappings: Sequence[RememberedMapping]) -> str:
    """The mappings as they are stored."""
    return json.dumps(
        [[one.fingerprint, one.profile, dict(one.mapping)] for one in mappings],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def mappings_from(text: str) -> list[RememberedMapping]:
    """The mappings that were stored."""
    return [RememberedMapping(*one) for one in json.loads(text)]
