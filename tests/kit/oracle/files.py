"""Files parsed again with the csv module: the request of each line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial

from tests.kit.oracle import directory_files, own_files
from tests.kit.oracle.line_requests import Kind, LineRequest
from tests.kit.oracle.rules import repeated

ROLE_OF = {"account Manager": "account_manager", "viewers": "viewer"}
CONDITION_OF = {"current manager": "account_manager"}


# The simulation reads the same few files a thousand times.
@lru_cache(maxsize=64)
def read_file(body: bytes) -> tuple[LineRequest, ...]:
    """Every data line of a file: every row of which some cell holds more than spaces."""
    reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""))
    header = next(reader)
    kind = kind_of(header)
    of_line: Callable[[int, list[str]], LineRequest]
    if kind.is_of_directory:
        of_line = partial(directory_files.request_of, kind, header)
    elif kind is Kind.SET:
        of_line = partial(_request, header)
    else:
        of_line = partial(own_files.request_of, kind, header)
    rows = [of_line(reader.line_num, row) for row in reader if "".join(row).strip()]
    return _without_repeats(rows)


def kind_of(header: Sequence[str]) -> Kind:
    """What a file with this header does."""
    return directory_files.kind_of(header) or own_files.kind_of(header)


@lru_cache(maxsize=64)
def kind_of_file(body: bytes) -> Kind:
    """What a file does."""
    return kind_of(next(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""))))


def _request(header: Sequence[str], line: int, row: Sequence[str]) -> LineRequest:
    fields = tuple(row)
    if len(row) != len(header):
        return LineRequest(line, fields, "", {}, "FIELD_COUNT")
    cells = dict(zip(header, (cell.strip() for cell in row), strict=True))
    has_lists = "viewers" in header
    targets: dict[str, tuple[str, ...]] = {}
    named: list[str] = []
    for label, role in ROLE_OF.items():
        if label not in cells:
            continue
        cell = cells[label]
        if cell.lower() in ("", "none"):
            targets[role] = ()
        else:
            # Several holders of a role have no order.
            names = cell.split(";") if has_lists else [cell]
            targets[role] = tuple(sorted(set(names)))
            named += names
    required = {
        role: () if cells[label].lower() == "none" else tuple(sorted({*cells[label].split(";")}))
        for label, role in CONDITION_OF.items()
        if cells.get(label)
    }
    if len(targets["account_manager"]) > 1:
        return LineRequest(line, fields, cells["account ID"], targets, "TOO_MANY_USERS")
    return LineRequest(
        line, fields, cells["account ID"], targets, None, tuple(named), required=required
    )


def _without_repeats(rows: Sequence[LineRequest]) -> tuple[LineRequest, ...]:
    lines = [
        (row.account, (row.targets, row.required)) if row.code is None else None for row in rows
    ]
    codes = repeated(lines)
    return tuple(
        replace(row, code=codes[place]) if place in codes else row for place, row in enumerate(rows)
    )
