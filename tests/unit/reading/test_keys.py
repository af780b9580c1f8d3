"""Keys in a normal form: equal keys have one hash in every spelling."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from handover.model import Dialect, Header
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
