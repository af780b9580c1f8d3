"""A file as a form upload (multipart/form-data), sent as it is read from the disk."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from infra.cli.failures import CommandError

BLOCK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Form:
    """Fields and one open file. The fields come first, because S3 ignores fields after the file."""

    fields: Mapping[str, str]
    file: BinaryIO
    file_bytes: int
    boundary: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header."""
        return f"multipart/form-data; boundary={self.boundary}"

    @property
    def content_length(self) -> int:
        """The total number of bytes in `blocks`."""
        return len(self._head()) + self.file_bytes + len(self._tail())

    def blocks(self, sent: Callable[[int], None]) -> Iterator[bytes]:
        """The body, BLOCK_BYTES of the file at a time; `sent` is called with the bytes sent so far.

        Raises CommandError when the file has become shorter since it was opened; bytes that were
        added since are left out.
        """
        yield self._head()
        left = self.file_bytes
        while left:
            block = self.file.read(min(BLOCK_BYTES, left))
            if not block:
                raise CommandError("the file became shorter while it was sent: upload it again")
            yield block
            left -= len(block)
            sent(self.file_bytes - left)
        yield self._tail()

    def _head(self) -> bytes:
        parts = [
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in self.fields.items()
        ]
        parts.append(
            f"--{self.boundary}\r\n"
            'Content-Disposition: form-data; name="file"; filename="upload.csv"\r\n'
            "Content-Type: text/csv\r\n\r\n"
        )
        return "".join(parts).encode()

    def _tail(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()


def size_of(file: BinaryIO) -> int:
    """How many bytes an open file has now."""
    return os.fstat(file.fileno()).st_size
