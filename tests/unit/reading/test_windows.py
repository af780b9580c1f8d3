"""Where records and their fields are, how long a record may be, and where one is refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from handover.errors import RefusedError
from handover.model import Dialect
from handover.reading.keys import field_values
from handover.reading.limits import Limits
from handover.reading.windows import windows

from tests.unit.reading.oracle import cut, plain_header, records

COMMA = Dialect("utf-8", ",")
LIMITS = Limits(record_bytes=100)
QUOTED = b'"' + b"x" * 60 + b'",'


def refusal(data: bytes, *, is_report: bool = False, window: int = 1 << 20) -> tuple[str, int]:
    """The code and the line of the refusal; ("", 0) for data that is read."""
    dialect = Dialect("utf-8", ",", is_report=is_report)
    found = windows(
        cut(data, 50), dialect=dialect, header=plain_header(), limits=LIMITS, window_bytes=window
    )
    try:
        assert sum(window.size for window in found) == len(data)
    except RefusedError as error:
        return error.refusal.code, error.refusal.line or 0
    return "", 0


@pytest.mark.parametrize("window", [10, 1 << 20])
@pytest.mark.parametrize("before", [b"", b"\n1,2\n\n"])
@pytest.mark.parametrize("after", [b"", b"\n", b"\n5,6\n"])
@pytest.mark.parametrize(("is_report", "most"), [(False, 100), (True, 500)])
def test_a_record_may_take_as_many_bytes_as_the_limit_and_five_times_that_in_a_report(
    before: bytes, after: bytes, window: int, *, is_report: bool, most: int
) -> None:
    # The line end is one of the bytes.
    longest = before + b"x" * (most - len(after[:1])) + after
    longer = before + b"x" * (most + 1 - len(after[:1])) + after

    assert refusal(longest, is_report=is_report, window=window) == ("", 0)
    assert refusal(longer, is_report=is_report, window=window) == (
        "NOT_CSV",
        1 + before.count(b"\n"),
    )


@pytest.mark.parametrize(
    ("record", "code", "line"),
    [
        pytest.param(b'a,"b\n' + b"x" * 99 + b'"', "UNCLOSED_QUOTE", 4, id="a quote of two lines"),
        pytest.param(QUOTED * 2 + b"x", "NOT_CSV", 4, id="quotes that close on their line"),
        pytest.param(b"x" * 120, "NOT_CSV", 4, id="no quotes"),
        pytest.param(
            QUOTED + b'a,"' + b"x\n" * 40 + b'"', "UNCLOSED_QUOTE", 4, id="the longer of two"
        ),
        pytest.param(b'"\n","\n",a,"' + b"x\n" * 50 + b'"', "UNCLOSED_QUOTE", 6, id="its own line"),
        pytest.param(b'"\n","' + b"x" * 99 + b'"', "NOT_CSV", 4, id="the longest has one line"),
    ],
)
def test_the_quote_that_makes_a_record_too_long_is_named_by_its_line(
    record: bytes, code: str, line: int
) -> None:
    before = b'\n1,2\n3,"4"\n'

    assert refusal(before + record + b'\n5,"6\n"\n') == (code, line)
    assert refusal(before + record + b'\n"6\n"\n') == (code, line)


@pytest.mark.parametrize("closed", [b"", b'"x",', b'"\n",'])
def test_a_quote_that_is_still_open_after_as_many_bytes_is_named_by_its_line(
    closed: bytes,
) -> None:
    data = b'\n1,2\n3,"4"\n' + closed + b'a,"'
    expected = "UNCLOSED_QUOTE", 4 + closed.count(b"\n")

    assert refusal(data + b"x" * 200, window=10) == expected
    assert refusal(data + b"the end") == expected


def test_a_record_without_an_end_is_refused_before_more_is_read() -> None:
    def blocks() -> Iterator[bytes]:
        for _ in range(12):
            yield b"x" * 10
        pytest.fail("read on after the limit")

    with pytest.raises(RefusedError) as caught:
        list(
            windows(
                blocks(),
                dialect=COMMA,
                header=plain_header(),
                limits=LIMITS,
                window_bytes=10,
            )
        )

    assert caught.value.refusal.code == "NOT_CSV"


@pytest.mark.parametrize("window_bytes", [1, 2, 1 << 20])
@pytest.mark.parametrize("length", range(1, 6))
def test_records_and_fields_of_every_short_text_are_where_csv_reader_finds_them(
    length: int, window_bytes: int
) -> None:
    for text in map("".join, product('",\n\ra' if length < 5 else '",\r', repeat=length)):
        data = text.encode()
        if records(f"{text}\n\n")[-1].row:
            continue  # A quote stays open.

        found = list(
            windows([data], dialect=COMMA, header=plain_header(), window_bytes=window_bytes)
        )

        raws = [
            [window.data[begin[at] : end[at]] for begin, end in map(window.field, range(3))]
            for window in found
            for at in range(len(window))
        ]
        assert not any(one.endswith((b"\n", b"\r")) for row in raws for one in row), text
        rows = [[field_values([one], COMMA)[0] for one in row] for row in raws]
        expected = records(text)
        starts = [window.base + start for window in found for start in window.starts.tolist()]
        assert starts == [one.offset for one in expected], text
        assert rows == [[*one.row, "", "", ""][:3] for one in expected], text
        widths = [width for window in found for width in window.widths.tolist()]
        assert widths == [len(one.row) or 1 for one in expected], text


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        pytest.param([200], [20] * 10, id="one block"),
        pytest.param([20] * 10, [20] * 10, id="blocks of that size"),
        pytest.param([5] * 40, [20] * 10, id="small blocks"),
        pytest.param([7] * 29, [20, 20, 20, 24] * 2 + [20, 12], id="blocks that do not fit"),
        pytest.param([4, 100, 96], [104, *[20] * 4, 16], id="a large block after a small one"),
        pytest.param([30, 4, 166], [20, 8, 172], id="a small block after a large one"),
    ],
)
def test_a_window_has_the_whole_records_of_as_many_bytes_however_they_come(
    sizes: list[int], expected: list[int]
) -> None:
    rest = b"".join(b"%03d\n" % number for number in range(50))
    blocks = []
    for size in sizes:
        blocks.append(rest[:size])
        rest = rest[size:]

    found = list(windows(blocks, dialect=COMMA, header=plain_header(), window_bytes=20))

    assert b"".join(window.data[: window.size] for window in found) == b"".join(blocks)
    assert [window.size for window in found] == expected
    assert [window.base for window in found] == [sum(expected[:at]) for at in range(len(expected))]
    assert [window.line for window in found] == [
        1 + sum(expected[:at]) // 4 for at in range(len(expected))
    ]
