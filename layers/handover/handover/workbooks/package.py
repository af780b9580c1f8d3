"""The zip container of a workbook: which parts it has, and their bytes within limits.

The sizes that a zip file states are not trusted: bytes are counted as they are unpacked.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from handover.workbooks.limits import LIMITS, MAX_DIRECTORY_BYTES, MAX_PARTS, Limits
from handover.workbooks.refusals import damaged, encrypted, too_large, unsafe

CHUNK_BYTES = 64 * 1024

_END = b"PK\x05\x06"
_END_BYTES = 22
_MAX_COMMENT_BYTES = 65_535
_LOCATOR = b"PK\x06\x07"
_LOCATOR_BYTES = 20
_END_64 = b"PK\x06\x06"
_END_64_BYTES = 56
_IS_ENCRYPTED = 0x1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
# What zipfile raises for bytes that are not a zip file, or are truncated or altered.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    IndexError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    UnicodeError,
    ValueError,
)


class Package:
    """The parts of a workbook by their names, which are compared case-insensitively.

    `check` is called for each chunk that is unpacked; it may raise to stop the work.
    """

    def __init__(
        self, file: BinaryIO, limits: Limits = LIMITS, check: Callable[[], None] = lambda: None
    ) -> None:
        """Reads the directory. Raises RefusedError."""
        if _directory_bytes(file) > MAX_DIRECTORY_BYTES:
            raise too_large(f"the workbook lists more than {MAX_PARTS:,} parts")
        try:
            self._zip = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise damaged("it is truncated, or no workbook") from error
        self._limits = limits
        self._check = check
        self._left = limits.expanded_bytes
        self._parts: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            name = info.filename.lstrip("/").casefold()
            if name in self._parts:
                raise unsafe(f"the part {name[:60]!r} twice")
            self._parts[name] = info
        if len(self._parts) > MAX_PARTS:
            raise too_large(f"the workbook lists more than {MAX_PARTS:,} parts")

    def __contains__(self, name: str) -> bool:
        return name.casefold() in self._parts

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a part, at most CHUNK_BYTES in memory. Raises RefusedError."""
        info = self._parts.get(name.casefold())
        if info is None:
            raise damaged(f"its part {name[:60]!r} is missing")
        if info.flag_bits & _IS_ENCRYPTED:
            raise encrypted()
        if info.compress_type not in _METHODS:
            raise damaged("it is packed by a method that is not used for workbooks")
        try:
            with self._zip.open(info) as part:
                while chunk := part.read(CHUNK_BYTES):
                    self._check()
                    self._left -= len(chunk)
                    if self._left < 0:
                        raise too_large(
                            "the workbook unpacks to more than "
                            f"{self._limits.expanded_bytes:,} bytes"
                        )
                    yield chunk
        except _BROKEN as error:
            raise damaged("it is truncated or altered") from error

    def small(self, name: str) -> Iterator[bytes]:
        """The bytes of a part that is kept in memory as a whole. Raises RefusedError."""
        left = self._limits.part_bytes
        for chunk in self.chunks(name):
            left -= len(chunk)
            if left < 0:
                raise too_large(
                    f"the part {name!r} of the workbook has more than "
                    f"{self._limits.part_bytes:,} bytes"
                )
            yield chunk


def _directory_bytes(file: BinaryIO) -> int:
    """The size of the zip file's directory, which zipfile reads into memory at once.

    Raises RefusedError when there is none: the end of the file is missing.
    """
    size = file.seek(0, 2)
    start = max(0, size - _END_BYTES - _MAX_COMMENT_BYTES - _LOCATOR_BYTES - _END_64_BYTES)
    file.seek(start)
    tail = file.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < _END_BYTES:
        raise damaged("its end is missing, so it is truncated or no workbook")
    directory = int.from_bytes(tail[place + 12 : place + 16], "little")
    locator = tail[max(0, place - _LOCATOR_BYTES) : place]
    if locator.startswith(_LOCATOR):
        file.seek(int.from_bytes(locator[8:16], "little") & 0x7FFF_FFFF_FFFF_FFFF)
        record = file.read(_END_64_BYTES)
        if not record.startswith(_END_64):
            raise damaged("its end is altered")
        directory = max(directory % 0xFFFF_FFFF, int.from_bytes(record[40:48], "little"))
    return directory
