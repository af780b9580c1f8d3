"""The head of a file: its encoding, its delimiter, its header. Never guessed from the data."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct

from handover.errors import RefusedError
from handover.model import Dialect, Header
from handover.reading.blanks import has_only_blanks
from handover.reading.guards import unguard
from handover.reading.labels import normal_label
from handover.reading.limits import MAX_COLUMNS, MAX_FILE_BYTES, MAX_HEADER_BYTES
from handover.reading.own_columns import REPORT_LABELS, are_results, own_columns_at
from handover.reading.parsing import count_line_ends, is_well_formed, rows, text_lines
from handover.reading.signatures import binary_kind, foreign_kind

DELIMITERS = (",", ";", "\t", "|")

_UTF8_BOM = codecs.BOM_UTF8
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)


def read_head(
    head: bytes,
    *,
    total_bytes: int,
    known_labels: Collection[str],
    fallback_encoding: str | None,
    is_converted: bool = False,
) -> tuple[Dialect, Header]:
    """How to read the file, and its header.

    `head` is the whole file or at least its first MAX_HEADER_BYTES. The delimiter is the one that
    gives the most `known_labels`, then a report's own columns, then the most columns.
    `fallback_encoding` is used only for bytes that are not UTF-8. For UTF-16 the offsets are those
    in the original file: rewrite it with `utf8_blocks`, then call this again for the result.
    With `is_converted` the file comes from `handover.workbooks`, in UTF-8 with commas: its encoding
    and delimiter are known, and a first cell that looks like another format is only a value.

    Raises RefusedError EMPTY_FILE, NOT_CSV, ENCODING, UNCLOSED_QUOTE, TOO_LARGE, RESULTS_FILE or
    TOO_MANY_COLUMNS. Missing or repeated columns are checked with the profile.
    """
    if total_bytes > MAX_FILE_BYTES:
        raise RefusedError(
            "TOO_LARGE",
            f"the file has {total_bytes:,} bytes, at most {MAX_FILE_BYTES:,} are read: split it",
        )
    is_whole = len(head) >= total_bytes and len(head) <= MAX_HEADER_BYTES
    head = head[:MAX_HEADER_BYTES]
    encoding, bom_bytes = ("utf-8", 0)
    if not is_converted:
        encoding, bom_bytes = _encoding(
            head, is_whole=is_whole, fallback_encoding=fallback_encoding
        )
    head = head[bom_bytes:]
    text = codecs.getincrementaldecoder(encoding)().decode(head, is_whole)
    if not text.strip():
        if not is_whole:
            raise _no_header()
        raise RefusedError("EMPTY_FILE", "the file is empty: it needs a header and a line")
    known = frozenset(normal_label(label) for label in known_labels)
    best = max(
        _candidates(text, is_whole=is_whole, is_converted=is_converted),
        key=lambda found: (found.count(known), found.is_report, found.width),
    )
    if not best.count(known):
        _check_quotes(text, best, known)
    _check_header(best)
    before = text[: best.end]
    # A header that ends the file without a line end is still a whole line.
    is_ended = before.endswith(("\n", "\r"))
    header = Header(
        best.labels,
        data_start=bom_bytes + len(before.encode(encoding)),
        data_line=1 + count_line_ends(before) + (not is_ended),
    )
    return Dialect(encoding, best.delimiter, bom_bytes, best.is_report), header


def _check_header(best: _Candidate) -> None:
    if are_results(best.labels):
        raise RefusedError(
            "RESULTS_FILE",
            f"line {best.line}: this is results.csv, which says what became of each line; "
            "expected your own file, or the report (errors.csv)",
            best.line,
        )
    # The report of a file with MAX_COLUMNS columns has its own columns too.
    if best.width > MAX_COLUMNS + best.is_report * len(REPORT_LABELS):
        raise RefusedError(
            "TOO_MANY_COLUMNS",
            f"line {best.line}: the header has {best.width} columns, "
            f"at most {MAX_COLUMNS} are read",
            best.line,
        )


class _Candidate(Struct, frozen=True):
    """The header read with one delimiter, from `start` to `end` in the head's text.

    The labels of a report have their guards removed.
    """

    delimiter: str
    labels: tuple[str, ...]
    line: int
    start: int
    end: int

    @property
    def width(self) -> int:
        return len(self.labels)

    @property
    def is_report(self) -> bool:
        """Whether the labels are those of one of our reports."""
        return own_columns_at(self.labels) is not None

    def count(self, known: frozenset[str]) -> int:
        """How many of the known labels there are."""
        return len(known.intersection(map(normal_label, self.labels)))


def _encoding(head: bytes, *, is_whole: bool, fallback_encoding: str | None) -> tuple[str, int]:
    """The codec name and the length of the byte order mark."""
    kind = foreign_kind(head)
    if kind is not None:
        raise RefusedError("NOT_CSV", f"the file is no CSV, it looks like {kind}")
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise RefusedError("ENCODING", "the file is UTF-32 text: save it as CSV UTF-8")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16-le" if head.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
        _check_decodes(head[2:], encoding, skipped=2, is_whole=is_whole)
        return encoding, len(codecs.BOM_UTF16_LE)
    kind = binary_kind(head)
    if kind is not None:
        raise RefusedError("NOT_CSV", f"the file is no CSV, it looks like {kind}")
    bom_bytes = len(_UTF8_BOM) if head.startswith(_UTF8_BOM) else 0
    body = head[bom_bytes:]
    error = _decode_error(body, "utf-8", is_whole=is_whole)
    if bom_bytes or fallback_encoding is None or error is None:
        _check_decodes(body, "utf-8", skipped=bom_bytes, is_whole=is_whole)
        return "utf-8", bom_bytes
    _check_decodes(body, fallback_encoding, skipped=0, is_whole=is_whole)
    return fallback_encoding, 0


def _decode_error(body: bytes, encoding: str, *, is_whole: bool) -> UnicodeDecodeError | None:
    try:
        codecs.getincrementaldecoder(encoding)().decode(body, is_whole)
    except UnicodeDecodeError as error:
        return error
    return None


def _check_decodes(body: bytes, encoding: str, *, skipped: int, is_whole: bool) -> None:
    error = _decode_error(body, encoding, is_whole=is_whole)
    if error is not None:
        line = 1 + count_line_ends(body[: error.start].decode(encoding))
        raise encoding_refusal(
            encoding, offset=skipped + error.start, line=line, value=body[error.start]
        ) from error


def encoding_refusal(encoding: str, *, offset: int, line: int, value: int) -> RefusedError:
    """The refusal of a byte that is invalid in the file's encoding."""
    names = {"utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
    message = f"line {line}: the byte 0x{value:02X} at offset {offset} is no "
    message += f"{names.get(encoding, 'Windows-1252')} text: save the file as CSV UTF-8"
    if encoding == "utf-8":
        message += ", or ask an Admin to allow Windows-1252 for this kind of file"
    return RefusedError("ENCODING", message, line)


def _candidates(text: str, *, is_whole: bool, is_converted: bool) -> Iterator[_Candidate]:
    """The header read with each possible delimiter, the usual ones first; at least one."""
    delimiters: Iterable[str] = DELIMITERS[:1] if is_converted else DELIMITERS
    lines = iter(text_lines(text))
    start, number = 0, 1
    for line in lines:
        may_declare = number == 1 and not is_converted
        declared = _SEPARATOR_LINE.fullmatch(line.rstrip("\r\n")) if may_declare else None
        if declared is not None:
            delimiters = _declared(declared[1])
        elif not _is_blank(line):
            break
        start += len(line)
        number += 1
    if not text[start:].strip():
        if not is_whole:
            raise _no_header()
        raise RefusedError("EMPTY_FILE", "the file has no header and no lines")
    found = [
        candidate
        for delimiter in delimiters
        if (candidate := _candidate(text, start, number, delimiter, is_whole=is_whole)) is not None
    ]
    if not found:
        if not is_well_formed(text_lines(text[start:]), delimiter=next(iter(delimiters))):
            raise _open_header(number)
        raise _no_header(number)
    yield from found


def _is_blank(line: str) -> bool:
    """True for a line without any label, whichever delimiter it is written in."""
    return any(
        is_well_formed([line], delimiter=delimiter)
        and has_only_blanks(next(rows([line], delimiter=delimiter)))
        for delimiter in DELIMITERS
    )


def _candidate(
    text: str, start: int, number: int, delimiter: str, *, is_whole: bool
) -> _Candidate | None:
    """The header read with this delimiter; None when it does not end within the head."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        for line in text_lines(text[start:]):
            taken.append(line)
            yield line

    labels = next(rows(lines(), delimiter=delimiter))
    end = start + sum(map(len, taken))
    # A record that ends with the head itself may continue after it, and so may a CRLF.
    is_cut = end == len(text) and not is_whole and not taken[-1].endswith("\n")
    if is_cut or not _closes(taken, delimiter):
        return None
    if own_columns_at(labels) is not None:
        labels = list(map(unguard, labels))
    return _Candidate(delimiter, tuple(labels), number, start, end)


def _check_quotes(text: str, best: _Candidate, known: frozenset[str]) -> None:
    """Refuses a header that would name known columns if a quote were closed."""
    line = next(text_lines(text[best.start :]))
    for delimiter in DELIMITERS:
        labels = next(rows([line], delimiter=delimiter))
        if not _closes([line], delimiter) and known.intersection(map(normal_label, labels)):
            raise _open_header(best.line)


def _open_header(line: int) -> RefusedError:
    return RefusedError(
        "UNCLOSED_QUOTE", f"line {line}: a quote in the header is never closed", line
    )


def _closes(taken: list[str], delimiter: str) -> bool:
    """True when the lines end outside quotes: an appended line begins a second record."""
    return len(list(rows([*taken, "\n", "x"], delimiter=delimiter))) > 1


def _declared(delimiter: str) -> tuple[str]:
    """The delimiter that Excel's `sep=` line names."""
    if delimiter not in DELIMITERS:
        raise RefusedError(
            "NOT_CSV", f"line 1: {f'sep={delimiter}'!r}: use a comma, semicolon, tab or bar", 1
        )
    return (delimiter,)


def _no_header(line: int = 1) -> RefusedError:
    return RefusedError(
        "NOT_CSV",
        f"line {line}: no header within the first {MAX_HEADER_BYTES:,} bytes: "
        "the first line must name the columns",
        line,
    )
