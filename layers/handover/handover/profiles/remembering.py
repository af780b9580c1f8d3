"""Mappings that people have given, reused for the next file with the same header."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from msgspec import Struct

from handover.profiles.profile import Profile
from handover.reading.labels import normal_label
from handover.reading.own_columns import own_columns_at

# A tenant has some dozens of kinds of files. One item, which is read whole and may have 400 KB,
# holds all of its mappings; these limits leave most of the item free.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_MAPPINGS = 100
MAX_MAPPING_BYTES = 16 * 1024
MAX_MAPPINGS_BYTES = 128 * 1024
FINGERPRINT_CHARACTERS = 32


class RememberedMapping(Struct, frozen=True):
    """The mapping of files with a given header to a profile's columns."""

    fingerprint: str
    profile: str
    mapping: Mapping[str, str]

    def is_about(self, fingerprint: str, profile: str) -> bool:
        """True for files of that header and profile."""
        return (self.fingerprint, self.profile) == (fingerprint, profile)


def fingerprint_of(labels: Sequence[str]) -> str:
    """A text that is equal for headers with the same labels, in any order, case and spacing.

    The report's own columns of an uploaded errors.csv and blank labels do not count.
    """
    own = {normal_label(label) for label in labels[: own_columns_at(labels)]} - {""}
    text = json.dumps(sorted(own)).encode()
    return hashlib.sha256(text).hexdigest()[:FINGERPRINT_CHARACTERS]


def mapping_to_remember(
    labels: Sequence[str], profile: Profile, mapping: Mapping[str, str]
) -> RememberedMapping | None:
    """The part of a person's mapping to remember for a file with these labels.

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
    """`known` with `new` at the end, instead of the mapping that it replaces.

    The oldest are dropped until at most MAX_MAPPINGS, and MAX_MAPPINGS_BYTES as JSON, are left.
    """
    others = [one for one in known if not one.is_about(new.fingerprint, new.profile)]
    kept = [*others, new][-MAX_MAPPINGS:]
    while len(mappings_json(kept).encode()) > MAX_MAPPINGS_BYTES:
        kept = kept[1:]
    return kept


def remembered_for(
    known: Sequence[RememberedMapping], fingerprint: str, profile: Profile
) -> dict[str, str]:
    """The mapping for files of that header, without columns that the profile no longer has."""
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
