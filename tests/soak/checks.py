"""What must be true at the end, told from the stores and from bytes, not from what was counted.

Every upload is parsed again; final assignments come from applying the uploads one after another in
the order of S3's own times.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from handover.store.history import home_of

from tests.soak import files
from tests.soak.files import Asked
from tests.soak.stand import DEAD_LETTERS, QUEUES, Stand, Upload

ROLE = "account_manager"
OUTCOMES = (
    "updated",
    "cleared",
    "unchanged",
    "pending",
    "rejected",
    "duplicate",
    "superseded",
    "not_processed",
)
WORKED = frozenset({"updated", "cleared", "unchanged", "superseded"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row of results.csv."""

    line: int
    fields: tuple[str, ...]
    outcome: str
    before: str
    after: str
    code: str


@dataclass(frozen=True, slots=True)
class Done:
    """An upload with what became of each of its lines."""

    upload: Upload
    rows: tuple[tuple[Asked, Row], ...]


Item = Mapping[str, Any]


def violations(stand: Stand) -> Iterator[str]:
    """Everything that is not as promised."""
    yield from _order(stand)
    imports = {
        item["pk"]["S"]: item for item in stand.scan("ImportsTable") if item["sk"]["S"] == "import"
    }
    if set(imports) != {upload.import_id for upload in stand.uploads}:
        yield f"I1 {len(imports)} imports of {len(stand.uploads)} uploads"
        return
    told: dict[str, list[Any]] = defaultdict(list)
    for notice in stand.notices:
        message = json.loads(notice["Message"])
        told[message["import_id"]].append(message)
    done: list[Done] = []
    for upload in stand.uploads:
        item = imports[upload.import_id]
        if item["state"]["S"] not in ("done", "error") or "open" in item or "pending" in item:
            yield f"I2 {upload.import_id} is {item['state']['S']}"
            continue
        found, problem = _lines(stand, upload)
        if problem:
            yield f"{problem} of {upload.import_id}"
            continue
        done.append(Done(upload, found))
        yield from _import(stand, done[-1], item, told[upload.import_id])
    accounts = {item["pk"]["S"]: item for item in stand.scan("AccountsTable")}
    history = list(stand.scan("HistoryTable"))
    yield from _superseded(done)
    yield from _assignees(stand, accounts)
    yield from _chains(stand, done, accounts, history)
    yield from _portfolios(stand, accounts, {item["pk"]["S"] for item in history})
    yield from _events(stand, history)
    left = {
        name: count for name, count in stand.messages((*QUEUES, *DEAD_LETTERS)).items() if count
    }
    if left:
        yield f"I2 messages are left: {left}"


def _order(stand: Stand) -> Iterator[str]:
    if stand.order_by_s3() != [upload.import_id for upload in stand.uploads]:
        yield "the harness's own order of uploads is not that of S3's times"


def _lines(stand: Stand, upload: Upload) -> tuple[tuple[tuple[Asked, Row], ...], str]:
    body = stand.report(upload, "results.csv")
    if body is None:
        return (), "I3 there is no results.csv"
    asked = files.read_file(upload.body, stand.at_start[upload.tenant])
    listed = list(_rows(body))
    if [row.line for row in listed] != [one.line for one in asked]:
        return (), f"I3 {len(listed)} outcomes of {len(asked)} lines"
    for one, row in zip(asked, listed, strict=True):
        # results.csv has one cell for each label of the file, which has two.
        if row.fields != (one.fields[0], ",".join(one.fields[1:])):
            return (), f"I6 line {one.line} reads {row.fields} in results.csv"
    return tuple(zip(asked, listed, strict=True)), ""


def _rows(body: bytes) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
    next(reader)
    for cells in reader:
        line, outcome, _, before, after, code, _ = cells[-7:]
        yield Row(int(line), tuple(cells[:-7]), outcome, before, after, code)


def _import(stand: Stand, done: Done, item: Item, told: list[Any]) -> Iterator[str]:
    where = f"in {done.upload.import_id}"
    for asked, row in done.rows:
        expected = asked.code
        if expected == "DUPLICATE":
            is_right = row.outcome == "duplicate"
        elif expected:
            is_right = row.outcome == "rejected" and row.code == expected
        else:
            is_right = row.outcome in WORKED
        if not is_right:
            yield f"I4 line {asked.line} is {row.outcome} {row.code}, expected {expected} {where}"
    counted = Counter(row.outcome for _, row in done.rows)
    stored = {
        outcome: int(item["pending_users" if outcome == "pending" else outcome]["N"])
        for outcome in OUTCOMES
    }
    intended = {outcome: counted[outcome] for outcome in OUTCOMES}
    if stored != intended or int(item["lines"]["N"]) != len(done.rows):
        yield f"I5 stored {stored}, counted {intended} {where}"
    summary = stand.report(done.upload, "summary.json")
    if summary is None:
        yield f"I14 there is no summary.json {where}"
        return
    for one in (json.loads(summary), *told):
        if {outcome: one["counts"][outcome] for outcome in OUTCOMES} != intended:
            yield f"I13 other counts are told than were counted {where}"
        if one["state"] != item["state"]["S"]:
            yield f"I13 {one['state']} is told of {item['state']['S']} {where}"
    if not told or {one["dedupe_id"] for one in told} != {
        f"import-finished/{done.upload.import_id}"
    }:
        yield f"I13 {len(told)} notices {where}"
    if len({json.dumps(one, sort_keys=True) for one in told}) > 1:
        yield f"I13 the notices differ {where}"
    yield from _errors(stand, done)


def _errors(stand: Stand, done: Done) -> Iterator[str]:
    intended = [
        # The report keeps a row as it was sent, also where results.csv fills it up or joins it.
        (*one.fields, str(row.line), row.code)
        for one, row in done.rows
        if row.outcome in ("rejected", "not_processed")
    ]
    body = stand.report(done.upload, "errors.csv")
    if body is None:
        if intended:
            yield f"I6 there is no errors.csv in {done.upload.import_id}"
        return
    reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
    next(reader)
    if [tuple(cells[:-2]) for cells in reader] != intended:
        yield f"I6 errors.csv is not what was rejected in {done.upload.import_id}"


def _superseded(done: list[Done]) -> Iterator[str]:
    """A line yields only to a later import that decided its account."""
    decided: dict[tuple[str, str], int] = {}
    for place, one in enumerate(done):
        for asked, row in one.rows:
            if row.outcome in WORKED:
                decided[one.upload.tenant, asked.account] = place
    for place, one in enumerate(done):
        for asked, row in one.rows:
            if row.outcome == "superseded" and decided[one.upload.tenant, asked.account] <= place:
                yield f"I7 line {asked.line} of {one.upload.import_id} yielded to nothing"


def _assignees(stand: Stand, accounts: Mapping[str, Item]) -> Iterator[str]:
    for tenant, managers in stand.at_start.items():
        held = dict(managers)
        for upload in stand.uploads:
            if upload.tenant == tenant:
                files.apply(upload.body, held)
        for account, manager in held.items():
            found = _manager(accounts[f"{tenant}#{account}"])
            if found != manager:
                yield f"I7 {tenant} {account} is held by {found!r}, expected {manager!r}"


def _chains(
    stand: Stand, done: list[Done], accounts: Mapping[str, Item], history: list[Any]
) -> Iterator[str]:
    """One entry for each effective line, each beginning where the one before it ended."""
    effective = {
        (one.upload.import_id, row.line): (
            f"{one.upload.tenant}#{asked.account}",
            row.before,
            row.after,
        )
        for one in done
        for asked, row in one.rows
        if row.outcome in ("updated", "cleared")
    }
    entries: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    counted: Counter[tuple[str, int]] = Counter()
    for item in history:
        key = item["import_id"]["S"], int(item["line"]["N"])
        change = json.loads(item["changes"]["S"])[ROLE]
        before, after = ", ".join(change["before"]), ", ".join(change["after"])
        counted[key] += 1
        entries[item["pk"]["S"]].append((int(item["sk"]["N"]), before, after))
        if effective.get(key) != (item["pk"]["S"], before, after):
            yield f"I8 line {key[1]} of {key[0]} has another history than result"
    if counted != Counter(effective.keys()):
        yield f"I8 {counted.total()} entries of history, {len(effective)} effective lines"
    for tenant, managers in stand.at_start.items():
        for account, held in managers.items():
            name, last = f"{tenant}#{account}", held
            for _, before, after in sorted(entries.get(name, ())):
                if before != last or before == after:
                    yield f"I9 the history of {name} is broken"
                last = after
            if last != _manager(accounts[name]):
                yield f"I9 the history of {name} ends with {last!r}"


def _portfolios(
    stand: Stand, accounts: Mapping[str, Item], changed: Collection[str]
) -> Iterator[str]:
    held = {
        (home_of(item["pk"]["S"]), item["sk"]["S"])
        for item in stand.scan("PortfolioTable")
        if item["held"]["BOOL"]
    }
    for tenant, managers in stand.at_start.items():
        intended = {
            (f"{tenant}#{manager}", f"{ROLE}#{account}")
            for account in managers
            if (stand.tells_of_seed or f"{tenant}#{account}" in changed)
            and (manager := _manager(accounts[f"{tenant}#{account}"]))
        }
        differing = intended ^ {one for one in held if one[0].startswith(f"{tenant}#")}
        if differing:
            yield f"{len(differing)} differences of portfolios and accounts of {tenant}"


def _events(stand: Stand, history: list[Any]) -> Iterator[str]:
    """Each change is told at least once, and always in the same words."""
    if "events" not in stand.ears:
        return
    told: dict[str, str] = {}
    for event in stand.events:
        detail = event["detail"]
        words = json.dumps(detail, sort_keys=True)
        if told.setdefault(detail["dedupe_id"], words) != words:
            yield f"I13 {detail['dedupe_id']} is told in two ways"
    intended = {
        f"assignment-changed/{item['pk']['S'].replace('#', '/', 1)}/{item['sk']['N']}"
        for item in history
    }
    if set(told) != intended:
        yield f"I8 {len(told)} changes were told of {len(intended)}"


def _manager(item: Item) -> str:
    held = item["assigned"]["M"].get(ROLE, {"L": []})["L"]
    return ", ".join(str(one["S"]) for one in held)
