"""Opening a file: the version whose bytes are read, their encoding, and the header.

For a file in UTF-16 a copy in UTF-8 is read, and for a workbook the CSV that was made of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from handover.aws import objects
from handover.aws.objects import Upload
from handover.deadline import Deadline
from handover.errors import RefusedError, RetryLaterError
from handover.model import Dialect, FileWarning, Header
from handover.pipeline.conversion import converted
from handover.pipeline.uploads import Arrival, Sender
from handover.profiles.binding import known_labels
from handover.profiles.profile import Profile
from handover.reading.limits import MAX_FILE_BYTES, MAX_HEADER_BYTES
from handover.reading.signatures import is_workbook
from handover.reading.sniff import read_head
from handover.reading.transcode import utf8_blocks
from handover.runtime import Resources


class WorkbookError(Exception):
    """The upload is a workbook, which must be converted before it can be read."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size


def file_gone() -> RefusedError:
    """The refusal of a file whose version is not there any more."""
    return RefusedError("OBJECT_GONE", "the file was deleted before it was read. Upload it again.")


class Beginning(Struct, frozen=True):
    """The version to be read, its size, and the bytes at its beginning."""

    upload: Upload
    size: int
    head: bytes


def beginning_of(resources: Resources, arrival: Arrival, sender: Sender) -> Beginning | None:
    """The first 64 KB of the file that an upload is or points to; None when it is gone."""
    upload = _object(resources, arrival, sender)
    read = objects.read_beginning(upload, MAX_HEADER_BYTES)
    return Beginning(upload, read[1], read[0]) if read is not None else None


class OpenedFile(Struct, frozen=True):
    """What is read from now on, and how: the upload, or its copy in UTF-8.

    `head` is its beginning, which is all of a small file.
    """

    upload: Upload
    size: int
    head: bytes
    dialect: Dialect
    header: Header
    warnings: tuple[FileWarning, ...] = ()


def opened(
    resources: Resources,
    beginning: Beginning,
    profile: Profile,
    sender: Sender,
    import_id: str,
    deadline: Deadline,
) -> OpenedFile:
    """The file as it is read. Raises RefusedError, and WorkbookError for one not converted yet."""
    known = known_labels(profile, sender.mapping)
    upload, size = beginning.upload, beginning.size
    # A file that is too large to be read at all is refused without a look at it.
    head = beginning.head if size <= MAX_FILE_BYTES else b""
    if is_workbook(head):
        return _converted(resources, sender, profile, known, size, import_id)
    dialect, header = _read_head(head, size, known, profile)
    if dialect.encoding.startswith("utf-16"):
        encoding = dialect.encoding
        blocks = objects.blocks(upload, dialect.bom_bytes, size, deadline)
        upload = objects.write_stream(
            resources.work_bucket,
            f"{import_id}/utf-8.csv",
            utf8_blocks(blocks, encoding=encoding),
            deadline,
        )
        head, size = _read(upload)
        dialect, header = _read_head(head, size, known, profile)
    return OpenedFile(upload, size, head, dialect, header)


def _converted(
    resources: Resources,
    sender: Sender,
    profile: Profile,
    known: frozenset[str],
    size: int,
    import_id: str,
) -> OpenedFile:
    """The CSV that was made of a workbook, for the import that it was uploaded for."""
    found = converted(resources, sender.object_of or import_id)
    if found is None and sender.object_of is not None:
        # The CSV existed when that import was read, and is kept as long as the upload: both are
        # gone.
        raise file_gone()
    if found is None:
        raise WorkbookError(size)
    head, size = _read(found.csv)
    dialect, header = _read_head(head, size, known, profile, is_converted=True)
    return OpenedFile(found.csv, size, head, dialect, header, found.warnings)


def _read(upload: Upload) -> tuple[bytes, int]:
    """The beginning of a copy in UTF-8, and its size."""
    read = objects.read_beginning(upload, MAX_HEADER_BYTES)
    if read is None:
        raise file_gone()
    return read


def data_blocks(file: OpenedFile, deadline: Deadline) -> Iterator[bytes]:
    """The bytes after the header; a small file, whose bytes are in `head`, is not read again."""
    start = file.header.data_start
    if len(file.head) < file.size:
        return objects.blocks(file.upload, start, file.size, deadline)
    return iter([file.head[start:]])


def _read_head(
    head: bytes, size: int, known: frozenset[str], profile: Profile, *, is_converted: bool = False
) -> tuple[Dialect, Header]:
    return read_head(
        head,
        total_bytes=size,
        known_labels=known,
        fallback_encoding=profile.fallback_encoding,
        is_converted=is_converted,
    )


def _object(resources: Resources, arrival: Arrival, sender: Sender) -> Upload:
    """The version that holds the lines: the arrival's own, or what it only points to."""
    if sender.object_of is None:
        return arrival.upload
    item = resources.tables.imports.find(sender.object_of)
    if item is None:
        raise RetryLaterError("the import whose file is to be read is not there")
    return Upload(item.bucket, item.key, item.version_id)
