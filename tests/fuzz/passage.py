"""A file's passage through reading, rules and reports, as in the functions but without AWS.

The same functions in the same order as pipeline.validate and pipeline.assign call them; only the
accounts and users come from a dictionary.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from handover.errors import RefusedError
from handover.model import (
    Dialect,
    Header,
    Line,
    LineResult,
    Outcome,
    Refusal,
    Repeat,
    User,
)
from handover.pipeline.lookups import MAX_UNKNOWN_IDS
from handover.profiles.binding import bind, known_labels
from handover.profiles.columns import Binding
from handover.profiles.profile import Profile
from handover.reading.clearing import Clearing
from handover.reading.csv_lines import lines
from handover.reading.keys import KeyColumn
from handover.reading.limits import MAX_HEADER_BYTES
from handover.reading.repeats import repeats
from handover.reading.scan import Scan, scan
from handover.reading.scan import Sizes as ScanSizes
from handover.reading.signatures import is_workbook
from handover.reading.sniff import read_head
from handover.reading.transcode import utf8_blocks
from handover.reports.counts import Counts, tally
from handover.reports.parts import errors_head, errors_part, results_head, results_part
from handover.rules.addresses import normalized_name
from handover.rules.damage import likely_ids
from handover.rules.decision import LookupContext, WriteContext
from handover.rules.instructions import Instruction, instruction_of
from handover.rules.nearness import nearest
from handover.rules.planner import plan
from handover.rules.repeats import repeated_line
from handover.rules.understanding import canonical
from handover.workbooks.conversion import open_workbook
from msgspec.structs import replace

from tests.fuzz.world import ACCOUNTS, PROFILES, USERS

_KNOWN = {profile.name: known_labels(profile, {}) for profile in PROFILES}
ADDRESSES = tuple(sorted(USERS))
CONTEXT = WriteContext(
    "0" * 32, "order", "ines.okello@lumina.example", "2026-07-01T08:00:00Z", frozenset()
)


_NO_DIALECT, _NO_HEADER, _NO_BINDING = Dialect("", ""), Header((), 0, 0), Binding(0, "", ())
_NO_COUNTS = Counts()


@dataclass(frozen=True, slots=True)
class Sizes:
    """How a file is cut: blocks as S3 gives them, windows, chunks."""

    block: int = 1 << 20
    window: int = 1 << 19
    chunk_bytes: int = 1 << 17
    chunk_lines: int = 1000


@dataclass(frozen=True, slots=True)
class Passage:
    """The result of a file: a refusal, or everything up to its two reports.

    `data` is what was read: the upload, or its copy in UTF-8.
    """

    upload: bytes
    profile: Profile
    refusal: Refusal | None
    data: bytes = b""
    dialect: Dialect = _NO_DIALECT
    header: Header = _NO_HEADER
    binding: Binding = _NO_BINDING
    scanned: Scan | None = None
    repeats: tuple[tuple[int, Repeat], ...] = ()
    results: tuple[LineResult, ...] = ()
    counts: Counts = _NO_COUNTS
    errors: bytes = b""
    all_lines: bytes = b""


def cut(data: bytes, size: int) -> Iterable[bytes]:
    """The bytes in blocks of a size."""
    if size >= len(data):
        return [data] if data else []
    return [data[start : start + size] for start in range(0, len(data), size)]


def pass_through(
    upload: bytes, profile: Profile, *, sizes: Sizes = Sizes(), seed: int = 42
) -> Passage:
    """The result of the file under the profile."""
    try:
        return _passed(upload, profile, sizes, seed)
    except RefusedError as refused:
        return Passage(upload, profile, refused.refusal)


def _passed(upload: bytes, profile: Profile, sizes: Sizes, seed: int) -> Passage:
    data = upload
    if is_workbook(data[:MAX_HEADER_BYTES]):
        data = b"".join(open_workbook(io.BytesIO(data)).blocks())
    dialect, header = _head(data, profile)
    if dialect.encoding.startswith("utf-16"):
        source = cut(data[dialect.bom_bytes :], sizes.block)
        data = b"".join(utf8_blocks(source, encoding=dialect.encoding))
        dialect, header = _head(data, profile)
    binding = bind(header.labels, profile, mapping={}, line=header.data_line - 1)
    body = data[header.data_start :]
    scanned = scan(
        cut(body, sizes.block),
        dialect=dialect,
        header=header,
        key=KeyColumn(binding.key, seed),
        sizes=ScanSizes(sizes.chunk_bytes, sizes.chunk_lines, window_bytes=sizes.window),
        clearing=Clearing(
            [one.index for assignee in binding.roles for one in (assignee, *assignee.others)],
            profile.is_clearing,
            profile.list_separator,
            profile.clear_words,
            [column.index for column in binding.conditions],
            profile.is_blank,
        ),
        fallback_encoding=profile.fallback_encoding,
    )
    dialect = scanned.dialect
    repeated = tuple(
        repeats(
            replace(scanned, hashes=scanned.hashes.copy()),
            read=lambda: cut(body, sizes.block),
            header=header,
            canonical=lambda line: canonical(line, binding, profile),
            duplicates=profile.duplicates,
            window_bytes=sizes.window,
        )
    )
    by_chunk = {
        number: {repeat.line: repeat for _, repeat in group}
        for number, group in groupby(repeated, key=itemgetter(0))
    }
    named: dict[str, list[User]] = {}
    for user in USERS.values():
        if not user.is_deleted:
            named.setdefault(normalized_name(user.name), []).append(user)
    lookup = LookupContext(USERS, nearest(ADDRESSES), named=named)
    results: list[LineResult] = []
    errors = [errors_head(header, dialect)]
    all_lines = [results_head(header, dialect)]
    for chunk in scanned.chunks:
        found = lines(data[chunk.start : chunk.end], chunk=chunk, dialect=dialect, header=header)
        of_chunk = _decided(list(found), binding, profile, lookup, by_chunk.get(chunk.number, {}))
        errors.append(errors_part(of_chunk, header=header, dialect=dialect))
        all_lines.append(results_part(of_chunk, header=header, dialect=dialect))
        results += of_chunk
    return Passage(
        upload,
        profile,
        None,
        data,
        dialect,
        header,
        binding,
        scanned,
        repeated,
        tuple(results),
        tally(results),
        b"".join(errors),
        b"".join(all_lines),
    )


def _decided(
    found: list[Line],
    binding: Binding,
    profile: Profile,
    lookup: LookupContext,
    repeated: Mapping[int, Repeat],
) -> list[LineResult]:
    """The results of the lines of a chunk, as a worker decides them."""
    understood = {
        line.number: instruction_of(line, binding, profile)
        for line in found
        if line.number not in repeated
    }
    instructions = [one for one in understood.values() if isinstance(one, Instruction)]
    unknown = [
        key for key in dict.fromkeys(one.record_id for one in instructions) if key not in ACCOUNTS
    ]
    likely: dict[str, str] = {}
    for key in unknown[:MAX_UNKNOWN_IDS]:
        there = [other for other in likely_ids(key) if other in ACCOUNTS]
        if there:
            likely[key] = there[0]
    lookup = replace(lookup, likely=likely)
    results = []
    for line in found:
        one = understood.get(line.number)
        if one is None:
            results.append(repeated_line(line, repeated[line.number], binding.key_label))
        elif isinstance(one, Instruction):
            planned = plan(one, ACCOUNTS.get(one.record_id), lookup, profile, CONTEXT)
            results.append(
                LineResult(
                    line, planned.outcome, planned.changes, planned.rejection, planned.message
                )
            )
        else:
            results.append(LineResult(line, Outcome.REJECTED, rejection=one))
    return results


def _head(data: bytes, profile: Profile) -> tuple[Dialect, Header]:
    return read_head(
        data[:MAX_HEADER_BYTES],
        total_bytes=len(data),
        known_labels=_KNOWN[profile.name],
        fallback_encoding=profile.fallback_encoding,
    )
