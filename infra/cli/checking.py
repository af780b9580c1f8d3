"""Checking a file without AWS: everything that can be checked without a directory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from handover.errors import InvalidRequestError, RefusedError
from handover.model import Chunk, Dialect, FileWarning, Header, Rejection, Repeat
from handover.profiles.binding import bind, check_mapping, known_labels
from handover.profiles.columns import Binding
from handover.profiles.parsing import parse_profile
from handover.profiles.presets import presets
from handover.profiles.profile import EACH_ROLE, Profile, Role
from handover.profiles.unasked import mapping_without_asking
from handover.reading.csv_lines import lines
from handover.reading.keys import KeyColumn
from handover.reading.limits import MAX_HEADER_BYTES
from handover.reading.repeats import repeats
from handover.reading.scan import Scan, Sizes, scan
from handover.reading.signatures import is_workbook
from handover.reading.sniff import read_head
from handover.reading.transcode import utf8_blocks
from handover.reports.warnings import column_warnings
from handover.rules.instructions import instruction_of
from handover.rules.repeats import repeated_line
from handover.rules.understanding import canonical
from handover.workbooks.conversion import open_workbook

from infra.cli.columns import beginning_of, remembered_mapping, show_mapping
from infra.cli.failures import CommandError, ExitCode
from infra.cli.files import check_readable
from infra.cli.multipart import size_of
from infra.cli.screen import Screen, Unit
from infra.cli.session import Session
from infra.cli.showing import show_error_rows, show_warnings, word_for

BLOCK_BYTES = 1024**2
CHUNK_BYTES = 4 * 1024**2
CHUNK_LINES = 50_000
LINES_SHOWN = 20
# Any value will do: it only prevents choosing file contents with colliding hashes.
SEED = 1


@dataclass(slots=True)
class Findings:
    """The result of checking a file: the first bad lines, and how many there are in all."""

    dialect: Dialect
    lines: int
    duplicates: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    first: list[Rejection] = field(default_factory=list)
    warnings: tuple[FileWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file in an encoding that can be cut into chunks, and how to read its lines."""

    file: BinaryIO
    dialect: Dialect
    header: Header
    binding: Binding
    profile: Profile


def run(path: Path, profile_name: str, mapping: Mapping[str, str], session: Session) -> ExitCode:
    """Checks a file and shows what is wrong with it."""
    screen = session.screen
    check_readable(path)
    profile = profile_named(profile_name)
    check_mapping(profile.with_roles(_roles_in(tuple(mapping.values()), profile)), mapping)
    try:
        taken = mapping or _found_mapping(path, profile, session)
        found = check(path, profile, taken, screen)
    except RefusedError as refused:
        refusal = refused.refusal
        screen.say(f"{path.name} would be refused", style="bold red")
        screen.say(f"  {refusal.code}: {refusal.message}")
        return ExitCode.REFUSED
    _show(screen, path, found)
    return ExitCode.WITH_ERRORS if found.codes else ExitCode.ALL_GOOD


def _found_mapping(path: Path, profile: Profile, session: Session) -> dict[str, str]:
    """The mapping that `upload` would send, also shown; empty if none is needed."""
    beginning = beginning_of(path)
    if beginning is None:
        return {}
    labels, rows = beginning.labels, beginning.rows
    written_out = profile.with_roles(_roles_in(labels, profile))
    if _is_bound(labels, written_out):
        return {}
    remembered = remembered_mapping(session.api, path, profile.name) if session.is_signed_in else {}
    found = mapping_without_asking(labels, rows, written_out, remembered=remembered)
    show_mapping(session.screen, found, remembered)
    return found


def _is_bound(labels: Sequence[str], profile: Profile) -> bool:
    try:
        bind(labels, profile, mapping={}, line=1)
    except RefusedError:
        return False
    return True


def profile_named(name: str) -> Profile:
    """The preset of that name, or the profile in that JSON file. Raises CommandError."""
    if not name.endswith(".json"):
        try:
            return presets()[name]
        except KeyError:
            raise CommandError(
                f"there is no preset {name!r}, expected one of {', '.join(sorted(presets()))}, or "
                "the JSON file of a profile of your own"
            ) from None
    path = Path(name)
    check_readable(path)
    try:
        return parse_profile(path.read_text(encoding="utf-8-sig"))
    except (InvalidRequestError, UnicodeDecodeError) as wrong:
        raise CommandError(f"{path}: {wrong}") from wrong


def check(path: Path, profile: Profile, mapping: Mapping[str, str], screen: Screen) -> Findings:
    """What is wrong with the lines of a file. Raises RefusedError when all of it is refused."""
    with path.open("rb") as raw, _opened(raw, profile, mapping) as opened:
        profile = opened.profile
        scanned = _scan(opened, profile, screen, path.name)
        warnings = column_warnings(opened.header, opened.dialect, profile, mapping)
        found = Findings(scanned.dialect, scanned.lines, warnings=warnings)
        repeated = groupby(_repeats(opened, scanned, profile), key=itemgetter(0))
        following = next(repeated, None)
        for chunk in scanned.chunks:
            of_chunk: dict[int, Repeat] = {}
            if following is not None and following[0] == chunk.number:
                of_chunk = {repeat.line: repeat for _, repeat in following[1]}
                following = next(repeated, None)
            _check_chunk(opened, scanned.dialect, chunk, profile, of_chunk, found)
    return found


def _check_chunk(
    opened: _Opened,
    dialect: Dialect,
    chunk: Chunk,
    profile: Profile,
    repeated: Mapping[int, Repeat],
    found: Findings,
) -> None:
    opened.file.seek(chunk.start)
    data = opened.file.read(chunk.end - chunk.start)
    for line in lines(data, chunk=chunk, dialect=dialect, header=opened.header):
        repeat = repeated.get(line.number)
        if repeat is not None and not repeat.is_conflict:
            found.duplicates += 1
            continue
        problem = (
            instruction_of(line, opened.binding, profile)
            if repeat is None
            else repeated_line(line, repeat, opened.binding.key_label).rejection
        )
        if isinstance(problem, Rejection):
            found.codes[problem.code] += 1
            if len(found.first) < LINES_SHOWN:
                found.first.append(problem)


@contextmanager
def _opened(raw: BinaryIO, profile: Profile, mapping: Mapping[str, str]) -> Iterator[_Opened]:
    """The file with its head read; UTF-16 and workbooks are rewritten beside it first."""
    known = known_labels(profile, mapping)
    is_book = is_workbook(raw.read(MAX_HEADER_BYTES))
    with TemporaryFile() as rewritten:
        file: BinaryIO = raw
        if is_book:
            rewritten.writelines(open_workbook(raw).blocks())
            rewritten.flush()
            file = rewritten
        dialect, header = _head(file, known, profile, is_converted=is_book)
        if dialect.encoding.startswith("utf-16"):
            raw.seek(dialect.bom_bytes)
            for block in utf8_blocks(_blocks(raw), encoding=dialect.encoding):
                rewritten.write(block)
            rewritten.flush()
            file = rewritten
            dialect, header = _head(file, known, profile)
        spoken_of = (*header.labels, *mapping.values())
        written_out = profile.with_roles(_roles_in(spoken_of, profile))
        binding = bind(header.labels, written_out, mapping=mapping, line=header.last_line)
        yield _Opened(file, dialect, header, binding, written_out)


def _roles_in(labels: Sequence[str], profile: Profile) -> list[Role]:
    """The roles in the labels: offline the tenant's roles are unknown."""
    found: dict[str, Role] = {}
    for column in profile.columns:
        before, each, after = column.label.partition(EACH_ROLE)
        if not each or not before + after:
            continue
        for label in labels:
            role = label.strip().removeprefix(before).removesuffix(after)
            if role and label.strip() == before + role + after:
                found[role] = Role(role, None)
    return list(found.values())


def _head(
    file: BinaryIO, known: frozenset[str], profile: Profile, *, is_converted: bool = False
) -> tuple[Dialect, Header]:
    file.seek(0)
    return read_head(
        file.read(MAX_HEADER_BYTES),
        total_bytes=size_of(file),
        known_labels=known,
        fallback_encoding=profile.fallback_encoding,
        is_converted=is_converted,
    )


def _scan(opened: _Opened, profile: Profile, screen: Screen, name: str) -> Scan:
    size = size_of(opened.file)
    what = f"reading {name}"
    with screen.bar(what, size, Unit.BYTES) as bar:

        def blocks() -> Iterator[bytes]:
            opened.file.seek(opened.header.data_start)
            for block in _blocks(opened.file):
                yield block
                bar.to(opened.file.tell(), size, what)

        return scan(
            blocks(),
            dialect=opened.dialect,
            header=opened.header,
            key=KeyColumn(opened.binding.key, SEED),
            sizes=Sizes(CHUNK_BYTES, CHUNK_LINES),
            fallback_encoding=profile.fallback_encoding,
        )


def _repeats(opened: _Opened, scanned: Scan, profile: Profile) -> Iterator[tuple[int, Repeat]]:
    def again() -> Iterator[bytes]:
        # Each block seeks for itself: chunks of the same file are read in between.
        place = opened.header.data_start
        while place < scanned.end:
            opened.file.seek(place)
            block = opened.file.read(min(BLOCK_BYTES, scanned.end - place))
            place += len(block)
            yield block

    return repeats(
        scanned,
        read=again,
        header=opened.header,
        canonical=lambda line: canonical(line, opened.binding, profile),
        duplicates=profile.duplicates,
    )


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(BLOCK_BYTES):
        yield block


def _show(screen: Screen, path: Path, found: Findings) -> None:
    bad = found.codes.total()
    if not bad:
        screen.say(f"{path.name} can be uploaded", style="bold green")
    else:
        screen.say(f"{path.name} has lines that would be rejected", style="bold yellow")
    lines, dialect = word_for(found.lines, "line"), found.dialect
    screen.say(f"  {found.lines:,}  {lines}, {dialect.encoding}, {_delimiter(dialect)}")
    show_warnings(screen, [one.message for one in found.warnings])
    if found.duplicates:
        screen.say(
            f"  {found.duplicates:,}  {word_for(found.duplicates, 'duplicate')} of other lines"
        )
    for code, number in found.codes.most_common():
        screen.say(f"  {number:,}  {code}")
    if bad:
        screen.say()
        rows = [
            (str(one.line), one.code, f"{one.error}\n{one.hint}" if one.hint else one.error)
            for one in found.first
        ]
        show_error_rows(screen, rows)
        if bad > len(rows):
            screen.say(f"... and {bad - len(rows):,} more")
    screen.note("Accounts and users are looked up when the file is uploaded.")


def _delimiter(dialect: Dialect) -> str:
    names = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
    return names.get(dialect.delimiter, repr(dialect.delimiter))
