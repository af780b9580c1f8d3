"""Nearly correct files: made from a seed, then damaged as people, programs and attackers do.

The same seed always gives the same file. A file is first built as a table of values, written in
one of the ways that programs write CSV, and then changed in a few places that matter: quotes,
delimiters, line ends, bytes of other encodings, lines put twice or cut off.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from random import Random

from handover.reading.guards import guard

from tests.fuzz.world import (
    ADMIN,
    AMINA,
    BARAKA,
    CLERK,
    DELETED,
    GERMAN,
    GONE,
    IDS,
    QUOTED,
    TOGO,
)
from tests.kit.oracle.reports import ERRORS

_LABELS = ("account ID", "account Manager")
_OTHER_LABELS = (
    "note",
    "viewers",
    "observers",
    "",
    " ",
    "Straße",
    '"x"',
    "=1",
    "a,b",
    "line",
    "hint",
    "Current account manager",
    "current_account_manager",
    "Current viewers",
)
_RENAMED = (
    ("account_id", "ACCOUNT MANAGER"),
    (" account  ID ", "\u200baccount Manager\ufeff"),
    ("accountid", "account\u00a0Manager"),
    ("Account", "Owner"),
    ("account ID", "account ID"),
    ("account\nID", "account Manager"),
)

_USERS = ("viewers", "observers", "current viewers")
_MANAGERS = (
    AMINA,
    AMINA,
    BARAKA,
    QUOTED,
    GERMAN,
    CLERK,
    GONE,
    TOGO,
    ADMIN,
    AMINA.upper(),
    f" {AMINA}\u00a0",
    f"{AMINA};{BARAKA}",
    f"{AMINA}, {BARAKA},{AMINA}",
    f"{AMINA};{BARAKA};{QUOTED};{TOGO}",
    DELETED,
    f"pending:{AMINA}",
    "pending:new.hire@lumina.example",
    "new.hire@lumina.example",
    "Amina Otieno",
    "amina  OTIENO",
    "Baraka Mwangi",
    "Carl\u200b Clerk",
    "Dora Deleted",
    "None",
    "NONE ",
    "none",
    "-",
    "",
    "",
    " ",
    "nobody@lumina.example",
    "amina.otieno@lumina.exampl",
    "\u0430mina.otieno@lumina.example",
    "amina.otieno\u200b@lumina.example",
    "\u202eelpmaxe.animul@oneito.anima",
    '=HYPERLINK("http://x.example","y")',
    "+254700000000",
    "@SUM(A1:A9)",
    "'=1+1",
    "␛",
    "␀",
    "a\x00b",
    "\x1b[31m",
    "\x7f",
    "\ufffd",
    "\U0001f600",
    "two\nlines",
    "cr\ronly",
    "tab\there",
    'quo"te',
    '"',
    "a" * 200,
)
# Who must hold the account now: often the present holder.
_CONDITIONS = (AMINA, AMINA, f"{BARAKA};{AMINA}", "", "", "(nobody)", "(Nobody) ", GONE)
_NOTES = (
    "",
    "x",
    "a,b",
    "a;b",
    "a\tb",
    "a|b",
    'say "x"',
    "l1\r\nl2",
    "=1",
    "é",
    "€",
    "\x85",
    "\u2028",
)
_BLANKS = ("", "", "", " ", "\u00a0", "\u3000", "\n")
_SPECIAL = (
    '"',
    '"',
    '""',
    ",",
    ";",
    "\t",
    "|",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    " ",
    "'",
    "=",
    '","',
    '"\n"',
)
_BYTES = (
    b"\x00",
    b"\xff",
    b"\xc3",
    b"\xe2\x82",
    b"\x81",
    b"\x80",
    b"\xa0",
    b"\xef\xbb\xbf",
    b"\x1a",
    b"\x0b",
    b"\xed\xa0\x80",
)
_ENCODINGS = (
    ("utf-8",) * 12
    + ("utf-8-sig",) * 4
    + ("windows-1252",) * 3
    + ("utf-16", "utf-16-be", "utf-16-le", "utf-32")
)
_LINE_ENDS = ("\r\n", "\n", "\r\n", "\n", "\r")
_DELIMITERS = (",", ",", ",", ";", "\t", "|")
_ROWS = (*(1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4) * 4, 0, 0, 8, 8, 8, 12, 40)
_INTERESTING = frozenset(b'",;\t|\r\n')


def file_of(seed: int) -> bytes:
    """The hostile file of that seed."""
    random = Random(seed)
    data = _written(random, _table(random))
    for _ in range(random.choice((0, 0, 1, 1, 1, 2, 3, 5))):
        data = random.choice(_DAMAGES)(random, data)
    return data


def _table(random: Random) -> list[list[str]]:
    labels = list(_LABELS if random.random() < 0.8 else random.choice(_RENAMED))
    for _ in range(random.choice((0, 0, 1, 1, 2, 4))):
        labels.insert(random.randrange(len(labels) + 1), random.choice(_OTHER_LABELS))
    is_report = random.random() < 0.15
    rows = []
    for _ in range(random.choice(_ROWS)):
        row = [_cell(random, label) for label in labels]
        if random.random() < 0.06:
            row = [random.choice(_BLANKS) for _ in labels[: random.choice((1, 99))]]
        if is_report:
            row = [guard(cell) for cell in row] if random.random() < 0.9 else row
            row += _own_cells(random)
        rows.append(row)
        if random.random() < 0.1:
            rows.append(list(random.choice(rows)))
    if is_report:
        labels += ERRORS
        if random.random() < 0.3:
            pad = [""] * random.randint(1, 3)
            labels, rows = labels + pad, [row + pad for row in rows]
    return [labels, *rows]


def _cell(random: Random, label: str) -> str:
    folded = label.casefold()
    if "current" in folded and random.random() < 0.7:
        cell = random.choice(_CONDITIONS)
    elif "manager" in folded or folded in (*_USERS, "owner"):
        cell = random.choice(_MANAGERS)
    elif "account" in folded:
        cell = random.choice(IDS[:8] if random.random() < 0.6 else IDS[:-1])
        if random.random() < 0.15:
            cell = random.choice(("", " ", cell.lower(), f" {cell} ", f"{cell}\u00a0", "nothing"))
    else:
        cell = random.choice(_NOTES)
    return cell


def _own_cells(random: Random) -> list[str]:
    if random.random() < 0.2:
        return [random.choice(("", "x", "12", "=1", "NOT_PROCESSED", "a,b")) for _ in range(4)]
    return [str(random.randint(2, 99)), "USER_NOT_FOUND", "User not found, check the email", "x"]


def _written(random: Random, table: list[list[str]]) -> bytes:
    delimiter, line_end = random.choice(_DELIMITERS), random.choice(_LINE_ENDS)
    text = io.StringIO(newline="")
    quotes = random.choice(("where needed", "where needed", "everywhere", "nowhere"))
    if random.random() < 0.05:
        text.write(f"sep={delimiter}{line_end}")
    if random.random() < 0.05:
        text.write(line_end * random.randint(1, 2))
    writer = csv.writer(
        text,
        delimiter=delimiter,
        lineterminator=line_end,
        quoting=csv.QUOTE_ALL if quotes == "everywhere" else csv.QUOTE_MINIMAL,
    )
    for whole in table:
        row = whole
        if random.random() < 0.04:
            row = whole[: random.randint(0, len(whole))] + ["more"] * random.randint(0, 2)
        if quotes == "nowhere":
            # As a careless program joins cells: without quotes.
            text.write(delimiter.join(row) + line_end)
        elif row:
            writer.writerow(row)
    written = text.getvalue()
    if random.random() < 0.3:
        written = written.removesuffix(line_end)
    return written.encode(random.choice(_ENCODINGS), "replace")


def _place(random: Random, data: bytes) -> int:
    """Somewhere in the bytes, mostly next to a byte that means something."""
    if not data:
        return 0
    at = random.randrange(len(data))
    if random.random() < 0.7:
        for step in range(64):
            if at + step < len(data) and data[at + step] in _INTERESTING:
                return at + step + random.randint(0, 1)
    return at


def _insert(random: Random, data: bytes) -> bytes:
    at = _place(random, data)
    return data[:at] + random.choice(_SPECIAL).encode() + data[at:]


def _insert_bytes(random: Random, data: bytes) -> bytes:
    at = _place(random, data)
    return data[:at] + random.choice(_BYTES) + data[at:]


def _delete(random: Random, data: bytes) -> bytes:
    at = _place(random, data)
    return data[:at] + data[at + random.choice((1, 1, 1, 2, 5)) :]


def _double(random: Random, data: bytes) -> bytes:
    at = _place(random, data)
    end = at + random.choice((1, 1, 2, 10))
    return data[:end] + data[at:]


def _swap(random: Random, data: bytes) -> bytes:
    at = _place(random, data)
    return data[:at] + random.choice(_SPECIAL).encode() + data[at + 1 :]


def _replace_all(random: Random, data: bytes) -> bytes:
    old = random.choice((b",", b";", b'"', b"\r\n", b"\n", b"\r"))
    new = random.choice((b",", b";", b"\t", b"|", b'"', b"\r\n", b"\n", b"\r", b"", b"\n\n"))
    return data.replace(old, new, random.choice((-1, -1, 1, 3)))


def _cut_off(random: Random, data: bytes) -> bytes:
    at = _place(random, data)
    return data[:at] if random.random() < 0.7 else data[at:]


def _twice(random: Random, data: bytes) -> bytes:
    if random.random() < 0.3:
        return data + data
    lines = data.splitlines(keepends=True)
    if lines:
        lines.insert(random.randrange(len(lines) + 1), random.choice(lines))
    return b"".join(lines)


def _flip(random: Random, data: bytes) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]


_DAMAGES: tuple[Callable[[Random, bytes], bytes], ...] = (
    _insert,
    _insert,
    _insert,
    _insert_bytes,
    _delete,
    _delete,
    _double,
    _swap,
    _replace_all,
    _cut_off,
    _twice,
    _flip,
)
