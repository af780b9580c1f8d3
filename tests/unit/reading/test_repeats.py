"""Repeated accounts against a plain dict, with their memory and repeated reads."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pytest
from handover.model import Dialect, Duplicates, Header, Line, Repeat
from handover.reading.limits import LIMITS
from handover.reading.repeats import repeats
from handover.reading.scan import Scan

from tests.unit.reading.oracle import cut, lines_of, plain_header, scan_all

# Written out, so that a changed limit is seen.
MAX_OTHERS = 5

COMMA = Dialect("utf-8", ",")


def canonical(line: Line) -> tuple[str, tuple[str, ...]] | None:
    key = line.fields[0].strip()
    return (key, (line.fields[1].strip(),)) if key else None


def settle(
    data: bytes,
    found: Scan,
    duplicates: Duplicates,
    *,
    header: Header | None = None,
    window: int = 1 << 19,
) -> list[tuple[int, Repeat]]:
    return list(
        repeats(
            found,
            read=lambda: cut(data, 64),
            header=header or plain_header(),
            canonical=canonical,
            duplicates=duplicates,
            window_bytes=window,
        )
    )


def naive(lines: Iterable[Line], duplicates: Duplicates) -> list[Repeat]:
    groups: dict[str, list[tuple[int, tuple[str, ...]]]] = defaultdict(list)
    for line in lines:
        meaning = canonical(line) if line.fault is None else None
        if meaning is not None:
            groups[meaning[0]].append((line.number, meaning[1]))
    found = []
    for members in groups.values():
        numbers = [number for number, _values in members]
        if len(members) == 1:
            continue
        differs = len({values for _number, values in members}) > 1
        for number in numbers:
            others = tuple(other for other in numbers if other != number)[:MAX_OTHERS]
            winner = numbers[-1] if duplicates is Duplicates.LAST else numbers[0]
            if duplicates is Duplicates.REJECT and differs:
                found.append(Repeat(number, True, others, len(members)))
            elif number != winner:
                found.append(Repeat(number, False, (winner,), len(members)))
    return sorted(found, key=lambda repeat: repeat.line)


@pytest.mark.parametrize("duplicates", Duplicates)
@pytest.mark.parametrize("seed", range(12))
def test_repeats_equal_those_of_a_plain_dict(duplicates: Duplicates, seed: int) -> None:
    chance = random.Random(seed)
    keys = ["", " ", '""', '" A1 "', "é", '"a""b"', 'a"b', "x" * 300, f" {'x' * 300}", "'=1"]
    keys += [f"K{number}" for number in range(chance.choice((1, 5, 60)))]
    rows = []
    for _ in range(150):
        row = [chance.choice(keys), chance.choice(("p", " p ", "q")), chance.choice("st")]
        if chance.random() < 0.1:
            row = chance.choice(
                (row[:2], [*row, "y"], [row[0], '"a\nb"', "z"], [row[0], '"a"b', "c"])
            )
        rows.append(",".join(row) + chance.choice(("\n", "\r\n", "\n\n", "\r")))
    data = "".join(rows).encode()
    is_report = seed % 3 == 0
    dialect = Dialect("utf-8", ",", is_report=is_report)
    found = scan_all(data, dialect=dialect, chunk_lines=7, block=50, window=chance.choice((9, 999)))
    lines = lines_of(data, found.chunks, dialect, plain_header())
    chunk_of = {
        line.number: chunk.number
        for chunk in found.chunks
        for line in lines_of(data, (chunk,), dialect, plain_header())
    }

    settled = settle(data, found, duplicates, window=40)

    assert [repeat for _chunk, repeat in settled] == naive(lines, duplicates)
    assert [chunk for chunk, _repeat in settled] == [chunk_of[r.line] for _chunk, r in settled]


def test_keys_with_one_hash_are_distinguished() -> None:
    data = "".join(f"K{number % 7},{number % 2},x\n" for number in range(40)).encode()
    found = scan_all(data)
    lines = lines_of(data, found.chunks, COMMA, plain_header())
    found.hashes[:] = 5

    settled = settle(data, found, Duplicates.REJECT)

    assert [repeat for _chunk, repeat in settled] == naive(lines, Duplicates.REJECT)


@pytest.mark.parametrize("other", [9, 11])
def test_a_key_with_a_hash_beside_that_of_a_repeated_one_is_no_repeat(other: int) -> None:
    data = b"K1,a,x\nK2,b,x\nK1,c,x\n"
    found = scan_all(data)
    found.hashes[:] = [10, other, 10]

    settled = settle(data, found, Duplicates.FIRST)

    assert [repeat for _chunk, repeat in settled] == [Repeat(3, False, (1,), 2)]


def test_blank_accounts_do_not_count_as_repeats_and_cause_no_second_read() -> None:
    data = b",a,b\n" * 10 + b'"",c,d\n  ,e,f\nK1,g,h\n'
    found = scan_all(data)

    settled = repeats(
        found,
        read=lambda: pytest.fail("read again"),
        header=plain_header(),
        canonical=canonical,
        duplicates=Duplicates.REJECT,
    )

    assert list(settled) == []


@pytest.mark.parametrize("end", ["", "\n", "\r", "\r\n"])
def test_the_last_line_may_repeat_another_without_a_line_end_of_its_own(end: str) -> None:
    data = f"K1,a,x\r\nK2,b,x\r\nK1,c,x{end}".encode()

    settled = settle(data, scan_all(data), Duplicates.REJECT)

    assert [repeat for _chunk, repeat in settled] == [
        Repeat(1, True, (3,), 2),
        Repeat(3, True, (1,), 2),
    ]


def test_many_hashes_are_searched_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handover.reading.repeats._SLICE", 32)
    chance = random.Random(8)
    for _ in range(20):
        data = "".join(f"K{chance.randrange(90)},{chance.randrange(2)},x\n" for _ in range(200))
        found = scan_all(data.encode())
        lines = lines_of(data.encode(), found.chunks, COMMA, plain_header())

        settled = settle(data.encode(), found, Duplicates.REJECT)

        assert [repeat for _chunk, repeat in settled] == naive(lines, Duplicates.REJECT)


def test_a_digest_of_zeros_is_one_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    class Zeros:
        def __init__(self, *_: object, **__: object) -> None: ...

        def digest(self) -> bytes:
            return bytes(8)

    monkeypatch.setattr("handover.reading.repeats.hashlib.blake2b", Zeros)
    data = b"K1,a,x\nK2,b,x\nK1,a,y\n"

    settled = settle(data, scan_all(data), Duplicates.REJECT)

    assert [repeat for _chunk, repeat in settled] == [Repeat(3, False, (1,), 2)]


def test_digests_are_compared_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    class Last:
        def __init__(self, text: bytes, **_: object) -> None:
            self._text = text

        def digest(self) -> bytes:
            return self._text[-1:] + bytes(7)

    monkeypatch.setattr("handover.reading.repeats.hashlib.blake2b", Last)
    data = b"K1,a,x\nK2,a,x\nK3,a,x\n"
    found = scan_all(data)
    found.hashes[:] = 5

    assert settle(data, found, Duplicates.FIRST) == []


def test_line_numbers_fit_into_their_bits() -> None:
    assert LIMITS.file_bytes < np.iinfo(np.uint32).max
