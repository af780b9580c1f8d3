"""What must agree at the end: files, results, counts, histories, events.

Items are as DynamoDB has them, with keys. Each sentence begins with the number of the invariant.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tests.kit.oracle.directory import PENDING, Holders
from tests.kit.oracle.histories import Entry
from tests.kit.oracle.line_requests import LineRequest
from tests.kit.oracle.reports import (
    OUTCOMES,
    WITH_ERRORS,
    WORKED,
    Changes,
    Row,
    errors,
    fitted,
    results,
    runs_as_formula,
    width,
)

FINAL = frozenset({"done", "error", "refused", "cancelled"})

Item = Mapping[str, Any]
Lines = tuple[tuple[LineRequest, Row], ...]


def lines_of(requests: Sequence[LineRequest], body: bytes | None) -> tuple[Lines, str]:
    """Each line with its result, and what is wrong with results.csv, "" for nothing."""
    if body is None:
        return (), "I3 there is no results.csv"
    found = results(body)
    rows = {row.line: row for row in found}
    if len(found) != len(rows):
        return (), "I3 a line has two outcomes"
    if rows.keys() != {one.line for one in requests}:
        return (), f"I3 outcomes of lines {sorted(rows)} of {[one.line for one in requests]}"
    columns = width(body)
    for one in requests:
        if rows[one.line].fields != fitted(one.fields, columns):
            return (), f"I6 line {one.line} reads {rows[one.line].fields} in results.csv"
    return tuple((one, rows[one.line]) for one in requests), ""


def verdict(request: LineRequest, row: Row, codes: Collection[str | None]) -> Iterator[str]:
    """A line is rejected if and only if the rules say so; None in `codes` means accepted."""
    if row.outcome == "duplicate":
        if set(codes) != {"DUPLICATE"}:
            yield f"I4 line {request.line} is no duplicate"
    elif row.outcome == "rejected":
        if row.code not in codes:
            yield f"I4 line {request.line} was rejected with {row.code}, expected {codes}"
    elif row.outcome not in WORKED or None not in codes:
        yield f"I4 line {request.line} is {row.outcome}, expected {codes}"


def counts(
    item: Item, lines: Lines, summary: bytes | None, notices: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """The import's counts, its summary and the `notices` of its end equal the recount."""
    counted, state = Counter(row.outcome for _, row in lines), item["state"]["S"]
    stored = stored_counts(item)
    if stored != {outcome: counted[outcome] for outcome in OUTCOMES}:
        yield f"I5 stored {stored}, counted {dict(counted)}"
    if lines and int(item["lines"]["N"]) != len(lines):
        yield "I5 the number of lines is wrong"
    if item.get("pending"):
        yield "I5 a chunk is pending in an import that has ended"
    if summary is None:
        yield "I14 there is no summary.json"
        return
    for one in (json.loads(summary), *notices):
        if one["state"] not in FINAL:
            continue
        if one["state"] != state:
            yield f"I13 {one['state']} is announced of an import that is {state}"
        if any(one["counts"][outcome] != counted[outcome] for outcome in OUTCOMES):
            yield f"I13 counts {one['counts']} are announced, counted {dict(counted)}"
    with_errors = sum(counted[outcome] for outcome in WITH_ERRORS)
    if state not in {"error" if with_errors else "done", "cancelled", "refused"}:
        yield f"I5 the import is {state} with {with_errors} lines with errors"


def stored_counts(item: Item) -> dict[str, int]:
    """The number of lines that an import counts under each outcome."""
    names = {outcome: outcome for outcome in OUTCOMES} | {"pending": "pending_users"}
    return {outcome: int(item[name]["N"]) for outcome, name in names.items()}


def errors_file(lines: Lines, body: bytes | None) -> Iterator[str]:
    """errors.csv has exactly the lines with errors, in order, and no cell that runs."""
    intended = [
        (request.line, request.fields, row.code)
        for request, row in lines
        if row.outcome in WITH_ERRORS
    ]
    if body is None:
        if intended:
            yield "I6 there is no errors.csv"
        return
    found = [(row.line, row.fields, row.code) for row in errors(body)]
    if sorted(found) != sorted(intended):
        yield f"I6 errors.csv has the lines {[line for line, _, _ in found]}"
    elif found != sorted(found):
        yield "I6 errors.csv is out of order"
    if runs_as_formula(body):
        yield "I16 a cell of errors.csv would run in a spreadsheet"


def deciders(
    done: Sequence[tuple[str, Lines]],
) -> dict[tuple[str, str, str], int]:
    """The place of the last import that decided each role of an account of a tenant."""
    return {
        (tenant, request.account, role): place
        for place, (tenant, lines) in enumerate(done)
        for request, row in lines
        if row.outcome in WORKED
        for role in request.targets
    }


def entries_of(history: Iterable[Item]) -> dict[str, list[Entry]]:
    """The histories of accounts by their keys, oldest entry first."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for item in history:
        changes = {
            role: (tuple(one["before"]), tuple(one["after"]))
            for role, one in json.loads(item["changes"]["S"]).items()
        }
        version, line = int(item["sk"]["N"]), int(item["line"]["N"])
        found[item["pk"]["S"]].append(Entry(version, item["import_id"]["S"], changes, line))
    for entries in found.values():
        entries.sort(key=lambda entry: entry.version)
    return found


def effects(
    intended: Mapping[tuple[str, int], tuple[str, Changes]], entries: Mapping[str, Sequence[Entry]]
) -> Iterator[str]:
    """Each effective line has one entry in its account's history, with the same change.

    `intended` has account and changes by import and line.
    """
    found = [
        ((entry.by, entry.line), (key, entry.changes))
        for key, some in entries.items()
        for entry in some
    ]
    if Counter(by for by, _ in found) != Counter(intended.keys()):
        differing = {by for by, _ in found} ^ intended.keys()
        yield f"I8 history and results differ in {sorted(differing)[:9]}"
        return
    for by, change in found:
        if intended[by] != change:
            yield f"I8 line {by[1]} differs between history and results"


def assigned(item: Item) -> dict[str, Holders]:
    """The holders of each role of an account."""
    return {
        role: tuple(one["S"] for one in users["L"]) for role, users in item["assigned"]["M"].items()
    }


def portfolios(
    accounts: Iterable[Item], rows: Iterable[Item], *, seen: Collection[str] | None = None
) -> Iterator[str]:
    """Portfolios and accounts agree; portfolios lack accounts that are not in `seen`."""
    newest: dict[tuple[str, str], Item] = {}
    for row in rows:
        key = _home(row["pk"]["S"]), row["sk"]["S"]
        if key not in newest or int(newest[key]["version"]["N"]) < int(row["version"]["N"]):
            newest[key] = row
    held = {key for key, row in newest.items() if row["held"]["BOOL"]}
    due: set[tuple[str, str]] = set()
    for item in accounts:
        pk = item["pk"]["S"]
        if seen is not None and pk not in seen:
            continue
        tenant, _, account = pk.partition("#")
        portals = [f"portal: {one['S']}" for one in item.get("portals", {"L": []})["L"]]
        for role, names in assigned(item).items():
            for holder in [*names, *portals] if names else []:
                due.add((f"{tenant}#{holder}", f"{role}#{account}"))
            due |= {
                (f"{tenant}#{PENDING}", f"{name.removeprefix(PENDING)} {role}#{account}")
                for name in names
                if name.startswith(PENDING)
            }
    if held != due:
        yield f"I9 portfolios and accounts differ in {sorted(held ^ due)[:3]}"


def _home(pk: str) -> str:
    """The key without the shard: `tenant#...` for `tenant~0#...` to `tenant~f#...`."""
    first, _, rest = pk.partition("#")
    return f"{first.partition('~')[0]}#{rest}"


def events(details: Iterable[str], history: Iterable[Item]) -> Iterator[str]:
    """Each change of holders is announced, and always in the same words."""
    details_by_id: dict[str, str] = {}
    for detail in details:
        dedupe_id = json.loads(detail)["dedupe_id"]
        if details_by_id.setdefault(dedupe_id, detail) != detail:
            yield f"I13 {dedupe_id} was announced in two ways"
    intended = {
        f"assignment-changed/{item['pk']['S'].replace('#', '/', 1)}/{item['sk']['N']}"
        for item in history
        # Directory fields of an account are no assignment.
        if any(not role.startswith("#") for role in json.loads(item["changes"]["S"]))
    }
    if details_by_id.keys() != intended:
        yield f"I8 events and history differ in {len(details_by_id.keys() ^ intended)}"
