"""How large a workbook and its parts may be. Each limit ends in a refusal that names it."""

from __future__ import annotations

from msgspec import Struct

# Bytes of the uploaded workbook: a full sheet of ten columns has 30 to 60 MB. The converting
# function keeps the file in its temporary folder, which holds 512 MB.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html
MAX_WORKBOOK_BYTES = 256 * 1024**2

# Bytes of all parts that are read, after unpacking: a zip bomb grows a thousandfold. A full sheet
# of 30 columns has some 1.5 GB of XML, which takes a few minutes to read as a stream.
MAX_EXPANDED_BYTES = 2 * 1024**3

# Bytes of one part that is kept in memory: the list of sheets, the relations, the styles.
MAX_PART_BYTES = 16 * 1024**2

# Bytes of the strings that cells share, as text; they are kept in memory.
MAX_STRINGS_BYTES = 256 * 1024**2

# How many strings cells may share. Each takes 8 bytes besides its text.
MAX_STRINGS = 20_000_000

# Bytes of the zip file's directory and the parts that it may list. A workbook has some twenty.
MAX_DIRECTORY_BYTES = 4 * 1024**2
MAX_PARTS = 10_000

# Rows and columns of a sheet:
# https://support.microsoft.com/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3
MAX_ROWS = 1_048_576
MAX_SHEET_COLUMNS = 16_384
MAX_SHEETS = 1_000

# Characters of one cell; from the same page. A CSV field has a lower limit of its own.
MAX_CELL_CHARS = 32_767

# Number formats and cell styles: Excel allows 64,000 styles.
MAX_STYLES = 65_536
MAX_FORMAT_CHARS = 255

# The nesting of elements, and the bytes of one tag or comment, which expat keeps in memory.
MAX_DEPTH = 64
MAX_TOKEN_BYTES = 1024**2

# Up to so many lines and bytes, an errors.csv is also written as a workbook: more than people
# correct by hand, few enough to write in seconds and to keep in the temporary folder.
MAX_REPORT_LINES = 100_000
MAX_REPORT_BYTES = 64 * 1024**2

WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Limits(Struct, frozen=True):
    """The limits of one conversion; smaller ones make a test short."""

    expanded_bytes: int = MAX_EXPANDED_BYTES
    part_bytes: int = MAX_PART_BYTES
    strings_bytes: int = MAX_STRINGS_BYTES
    strings: int = MAX_STRINGS


LIMITS = Limits()
