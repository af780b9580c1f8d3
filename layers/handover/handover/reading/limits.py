"""How large a file and its parts may be. Exceeding a limit is reported with its place."""

from __future__ import annotations

from msgspec import Struct

# Bytes of one file. Twenty million lines of a hundred bytes; a Lambda function reads 60 MB/s from
# S3, so this takes half a minute of its fifteen.
MAX_FILE_BYTES = 2 * 1024**3

# Data lines of one file. Validation keeps at most 24 bytes for each: 480 MB.
MAX_LINES = 20_000_000

# Bytes of one record with its line end. A quote that is never closed would include the rest of the
# file; this limit detects such a quote while its place is still known.
MAX_RECORD_BYTES = 1024**2

# A line in one of our reports may be this many times longer: quotes are doubled, an 8-bit character
# takes up to three bytes in UTF-8 and a guarded one four, and our own cells are added.
REPORT_GROWTH = 5

# Characters of one value. The longest real values are lists of a few hundred addresses.
MAX_FIELD_CHARS = 10_000

# Columns of one file. The widest CRM exports have some 150.
MAX_COLUMNS = 200

# Bytes of the header record and everything before it: 200 labels of 300 bytes.
# The caller passes at least this much of a file to `read_head`.
MAX_HEADER_BYTES = 64 * 1024


class Limits(Struct, frozen=True):
    """The limits of one scan; smaller ones make a test short.

    `min_lines` is how many data lines a file must have.
    """

    file_bytes: int = MAX_FILE_BYTES
    lines: int = MAX_LINES
    min_lines: int = 1
    record_bytes: int = MAX_RECORD_BYTES


LIMITS = Limits()
