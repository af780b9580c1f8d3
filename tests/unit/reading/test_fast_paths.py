"""Plain data costs no calls of Python for each line: files of twenty million lines depend on it."""

from __future__ import annotations

import cProfile
from collections.abc import Callable
from pathlib import Path

import handover
import pytest
from handover.model import Dialect, Duplicates
from handover.reading.clearing import Clearing
from handover.reading.keys import KeyColumn
from handover.reading.repeats import repeats
from handover.reading.scan import Sizes, scan
from handover.rules.addresses import normal_address

from tests.unit.reading.oracle import lines_of, plain_header, scan_all

HANDOVER = str(Path(handover.__file__).parent)
LINES = 3_000
COMMA = Dialect("utf-8", ",")
# One line of each kind of plain data, with the number of the line in the first cell.
PLAIN = {
    "short cells": "K{0},ana@x.example,note",
    "quoted cells": '"K{0}","ana@x.example","a, b"',
    "short keys": "{0},b,c",
    "signs": "!{0}~,~b!,{{c}}",
    "letters beyond ASCII within": "K\u00e9{0}x,b\u00e9b,c",
    "empty cells": "K{0},,",
    "empty keys": ",b,c",
    "long cells": "K{0}," + "x" * 300 + ",c",
    "words as long as a clearing word": "K{0},nobodies,c",
    "lists that end with a separator": 'K{0},"ana{0}@x.example, bo@x.example,",c',
}


def calls(work: Callable[[], object]) -> int:
    """How often the work calls functions of reading."""
    profile = cProfile.Profile()
    profile.runcall(work)
    return sum(
        one.callcount
        for one in profile.getstats()
        if not isinstance(one.code, str) and one.code.co_filename.startswith(HANDOVER)
    )


def data_of(kind: str) -> bytes:
    return "".join(PLAIN[kind].format(number) + "\r\n" for number in range(LINES)).encode()


@pytest.mark.parametrize("kind", [kind for kind in PLAIN if kind != "empty keys"])
def test_lines_are_read_without_a_call_for_each_but_to_hand_it_over(kind: str) -> None:
    data = data_of(kind)
    found = scan_all(data)

    made = calls(lambda: list(lines_of(data, found.chunks, COMMA, plain_header())))

    assert made < 1.1 * LINES


@pytest.mark.parametrize(
    ("kind", "normal"),
    [(kind, None) for kind in PLAIN]
    + [(kind, normal_address) for kind in PLAIN if data_of(kind).isascii()],
    ids=lambda one: one if isinstance(one, str) else "normal" if one else "trimmed",
)
def test_a_file_is_scanned_without_a_call_for_each_line(
    kind: str, normal: Callable[[str], str] | None
) -> None:
    data = data_of(kind)
    clearing = Clearing((1,), {"", "nobody"}.__contains__, ",", ("nobody",), (2,))

    def scanned() -> int:
        found = scan(
            [data],
            dialect=COMMA,
            header=plain_header(),
            key=KeyColumn(0, 7, normal),
            sizes=Sizes(1 << 20, 1 << 20),
            clearing=clearing,
        )
        return found.lines

    assert calls(scanned) < 100


def test_the_keys_of_repeated_lines_are_compared_without_a_call_for_each() -> None:
    data = data_of("short cells") * 2
    found = scan_all(data)

    def settled() -> int:
        return sum(
            1
            for _ in repeats(
                found,
                read=lambda: [data],
                header=plain_header(),
                canonical=lambda line: (line.fields[0], line.fields[1:]),
                duplicates=Duplicates.FIRST,
            )
        )

    # Seven calls read a line, make its two digests and hand over its repeat.
    assert calls(settled) < 7.5 * 2 * LINES
