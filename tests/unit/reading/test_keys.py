"""Keys in a normal form: equal keys have one hash in every spelling."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from handover.model import Dialect, Header
from handover.reading.guards import unguard
from handover.reading.keys import BLANK, Hashes, KeyColumn, KeyHasher, refill
from handover.reading.scan import Sizes, scan
from handover.reading.windows import windows
from handover.rules.addresses import normal_address
from hypothesis import given
from hypothesis import strategies as st

WRITINGS = (
    "ana@x.example",
    "ANA@x.example",
    " Ana@X.Example ",
    '"ana@x.example"',
    '"ANA@X.EXAMPLE "',
    "\uff41na@x.example",
    "\u00a0ana@x.example",
)
texts = st.text("aAbBöÖßẞ@. \u00a0\uff21", max_size=6)


def hashes(keys: list[str], encoding: str = "utf-8") -> Hashes:
    """The hashes of keys in the first of two columns."""
    data = "".join(f"{key},x\n" for key in keys).encode(encoding)
    found = scan(
        [data],
        dialect=Dialect(encoding, ","),
        header=Header(("email", "x"), 0, 2),
        key=KeyColumn(0, 7, normal_address),
        sizes=Sizes(1 << 20, 1 << 20),
    )
    return found.hashes


def test_all_spellings_of_one_address_have_one_hash() -> None:
    found = hashes(list(WRITINGS))

    assert len(set(found.tolist())) == 1
    assert found[0] != BLANK


def test_letters_of_an_8_bit_file_are_compared_in_one_case_too() -> None:
    first, second = hashes(["b\u00f6b@x.example", "B\u00d6B@X.example"], "windows-1252").tolist()

    assert first == second


def test_every_character_of_an_8_bit_file_may_be_at_the_edge_of_a_key() -> None:
    codes = (bytes([code]) for code in range(0x21, 0x100) if chr(code) not in '",')
    characters = [found for code in codes if (found := code.decode("windows-1252", "ignore"))]

    edges = hashes([f"{character}a{character}" for character in characters], "windows-1252")

    assert len(characters) == 216
    assert len(set(edges.tolist())) == len({normal_address(f"{one}a") for one in characters})


@given(st.lists(texts, min_size=2, max_size=8))
def test_two_keys_have_one_hash_exactly_if_they_are_equal(keys: list[str]) -> None:
    found = hashes(keys)

    for (one, first), (other, second) in pairwise(
        zip(keys, np.asarray(found).tolist(), strict=True)
    ):
        assert (first == second) == (normal_address(one) == normal_address(other))


def test_the_hashes_of_a_scan_are_refilled_with_those_of_another_column() -> None:
    dialect, header = Dialect("utf-8", ","), Header(("a", "b"), 0, 2)
    data = "".join(f"{row},{key}\n\n" for row, key in enumerate(WRITINGS)).encode()
    hasher = KeyHasher(KeyColumn(1, 7, normal_address), dialect)
    found = np.zeros(len(WRITINGS), np.uint64)

    again = windows([data[:9], data[9:]], dialect=dialect, header=header, window_bytes=20)
    refill(found, again, hasher, header)

    assert found.tolist() == hashes(list(WRITINGS)).tolist()


def plain_hash(key: bytes, seed: int) -> int:
    """The hash of one key, word by word."""
    if len(key) > 256:
        key = hashlib.blake2b(key, digest_size=16).digest()
    found = seed % 2**64
    for offset in range(0, len(key), 8):
        found ^= int.from_bytes(key[offset : offset + 8], "little")
        found = found * 0xBF58476D1CE4E5B9 % 2**64
        found ^= found >> 29
    found = (found ^ len(key)) * 0x9E3779B97F4A7C15 % 2**64
    found ^= found >> 32
    return (found or 1) if key else 0


def test_only_a_blank_key_has_the_hash_of_one_whatever_the_seed() -> None:
    # With this seed the words of the key give 0.
    seed = ord("K") ^ pow(0xBF58476D1CE4E5B9, -1, 2**64)
    found = scan(
        [b"K,x\n,x\n"],
        dialect=Dialect("utf-8", ","),
        header=Header(("key", "x"), 0, 2),
        key=KeyColumn(0, seed),
        sizes=Sizes(1 << 20, 1 << 20),
    )

    assert found.hashes.tolist() == [1, BLANK]


LETTERS = 'Zaq1x,2wsxcde"3vfrbgt5nhy6mju7ki8lo9p0' * 9


@pytest.mark.parametrize("seed", [0, 7, 2**64 + 3, -5])
@pytest.mark.parametrize(
    "sizes",
    [
        [*range(300)],
        [8] * 5,
        [7, 8, 9] * 3,
        [16, 24, 17],
        [0, 0],
        [1],
        [255, 256, 257],
        [40, 3, 256, 0, 12],
    ],
)
def test_the_hash_of_every_key_is_that_of_its_words_one_by_one(
    sizes: Sequence[int], seed: int
) -> None:
    keys = [LETTERS[place % 30 :][:size] for place, size in enumerate(sizes)]
    quoted = ['"' + key.replace('"', '""') + '"' for key in keys]
    found = scan(
        ["".join(f"{key},x\n" for key in quoted).encode()],
        dialect=Dialect("utf-8", ","),
        header=Header(("key", "x"), 0, 2),
        key=KeyColumn(0, seed),
        sizes=Sizes(1 << 20, 1 << 20),
    )

    assert found.hashes.tolist() == [plain_hash(key.encode(), seed) for key in keys]


@pytest.mark.parametrize(
    ("first", "key"),
    [
        ("K", "A\u2400B"),
        ("\u2400", "A\u2400B"),
        ("A\u2400", "A\u2400B"),
        ("K", "K;'=1"),
        ("'=", "K;'=1"),
        ("K", "'=1"),
    ],
)
@pytest.mark.parametrize("is_report", [False, True])
def test_a_key_is_hashed_without_spaces_and_quotes_and_in_a_report_without_guards(
    first: str, key: str, *, is_report: bool
) -> None:
    cells = [first, key, f" {key}", key, f" {key}"]
    data = '{},x\n{},x\n{},x\n"{}",x\n"{}",x\n'.format(*cells)
    found = scan(
        [data.encode()],
        dialect=Dialect("utf-8", ",", is_report=is_report),
        header=Header(("key", "x"), 0, 2),
        key=KeyColumn(0, 7),
        sizes=Sizes(1 << 20, 1 << 20),
    )

    values = map(unguard, cells) if is_report else cells
    assert found.hashes.tolist() == [plain_hash(one.strip().encode(), 7) for one in values]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_nothing_beside_a_key_is_part_of_its_hash(delimiter: str) -> None:
    keys = ["K" * size for size in (*range(1, 20), 255, 256, 257, 300)]
    found = scan(
        ["".join(f"{key}{delimiter}\u00ff\u00ffx\n" for key in keys).encode()],
        dialect=Dialect("utf-8", delimiter),
        header=Header(("key", "x"), 0, 2),
        key=KeyColumn(0, 7),
        sizes=Sizes(1 << 20, 1 << 20),
    )

    assert found.hashes.tolist() == [plain_hash(key.encode(), 7) for key in keys]
