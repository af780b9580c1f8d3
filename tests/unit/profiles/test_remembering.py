"""Remembered mappings: found by header and profile, limited in number and size."""

from __future__ import annotations

from handover.profiles.presets import presets
from handover.profiles.remembering import (
    RememberedMapping,
    fingerprint_of,
    mapping_to_remember,
    mappings_from,
    mappings_json,
    remembered_for,
    with_remembered,
)
from hypothesis import given
from hypothesis import strategies as st

# Written out, so that a changed limit is seen.
MAX_MAPPING_BYTES = 16 * 1024
MAX_MAPPINGS = 100
MAX_MAPPINGS_BYTES = 128 * 1024

STRICT = presets()["single-strict"]
LABELS = ("Kunde", "Betreuer", "Ort")
MAPPING = {"Kunde": "account ID", "Betreuer": "account Manager"}


def one(number: int, *, chars: int = 1) -> RememberedMapping:
    return RememberedMapping(f"{number:032x}", "single-strict", {"x" * chars: "account ID"})


def test_headers_of_the_same_labels_have_one_fingerprint() -> None:
    assert fingerprint_of(LABELS) == fingerprint_of(("ORT", " kunde ", "Betreuer", "", "ort"))
    assert fingerprint_of(LABELS) == fingerprint_of((*LABELS, "line", "code", "error", "hint"))
    assert fingerprint_of(LABELS) != fingerprint_of(("Kunde", "Betreuer"))
    assert fingerprint_of(("a", "b")) != fingerprint_of(("a b",))


def test_a_mapping_is_found_for_its_header_and_its_profile() -> None:
    remembered = mapping_to_remember(LABELS, STRICT, MAPPING)
    assert remembered is not None

    assert remembered_for([remembered], fingerprint_of(LABELS), STRICT) == MAPPING
    assert remembered_for([remembered], fingerprint_of(("Kunde",)), STRICT) == {}
    other = presets()["directory-single"]
    assert remembered_for([remembered], fingerprint_of(LABELS), other) == {}


def test_mappings_are_stored_without_spaces_and_with_their_letters_as_they_are() -> None:
    stored = mappings_json([RememberedMapping("ab", "single-strict", {"Größe": "account ID"})])

    assert stored == '[["ab","single-strict",{"Größe":"account ID"}]]'


def test_labels_that_are_not_in_the_file_are_not_remembered() -> None:
    remembered = mapping_to_remember(("KUNDE", "Ort"), STRICT, MAPPING)

    assert remembered is not None
    assert remembered.mapping == {"Kunde": "account ID"}
    assert mapping_to_remember(("Ort",), STRICT, MAPPING) is None
    assert mapping_to_remember(LABELS, STRICT, {}) is None


def test_a_mapping_that_is_too_large_is_not_remembered() -> None:
    most = "x" * (MAX_MAPPING_BYTES - len('{"": "account ID"}'))
    beyond = f"{most}x"

    assert mapping_to_remember((most,), STRICT, {most: "account ID"}) is not None
    assert mapping_to_remember((beyond,), STRICT, {beyond: "account ID"}) is None


def test_columns_that_the_profile_no_longer_has_are_left_out() -> None:
    remembered = RememberedMapping(
        fingerprint_of(LABELS), "single-strict", MAPPING | {"Ort": "region"}
    )

    assert remembered_for([remembered], fingerprint_of(LABELS), STRICT) == MAPPING


def test_the_last_mapping_of_a_header_counts() -> None:
    first, other = one(1), one(2)
    again = RememberedMapping(first.fingerprint, first.profile, {"y": "account ID"})

    assert with_remembered([first, other], again) == [other, again]
    assert with_remembered([other, again], again) == [other, again]


def test_the_oldest_are_dropped_when_there_are_too_many() -> None:
    known = [one(number) for number in range(MAX_MAPPINGS)]

    kept = with_remembered(known, one(MAX_MAPPINGS))

    assert kept == [one(number) for number in range(1, MAX_MAPPINGS + 1)]


@given(st.lists(st.integers(1, MAX_MAPPING_BYTES - 100), max_size=40))
def test_the_stored_mappings_are_bounded_and_read_back(sizes: list[int]) -> None:
    kept: list[RememberedMapping] = []
    for number, chars in enumerate(sizes):
        kept = with_remembered(kept, one(number, chars=chars))

        assert kept[-1] == one(number, chars=chars)

    text = mappings_json(kept)
    assert len(text.encode()) <= MAX_MAPPINGS_BYTES
    assert mappings_from(text) == kept


def test_a_mapping_is_stored_in_few_bytes() -> None:
    kept = [RememberedMapping("f1", "single-strict", {"Größe": "account ID"})]

    assert mappings_json(kept) == '[["f1","single-strict",{"Größe":"account ID"}]]'


def test_the_oldest_is_dropped_when_all_together_take_too_much_room() -> None:
    known = [one(number, chars=10_000) for number in range(12)]
    room = MAX_MAPPINGS_BYTES - len(mappings_json([*known, one(12, chars=0)]).encode())
    fitting, larger = one(12, chars=room), one(12, chars=room + 1)

    assert with_remembered(known, fitting) == [*known, fitting]
    assert with_remembered(known, larger) == [*known[1:], larger]
