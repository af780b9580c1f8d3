"""What must hold at the end, judged from the stores and from bytes, not from counters.

Every upload is parsed again by the rule oracle; final assignments come from applying the uploads
one after another in the order of S3's own times.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.kit.oracle import remains
from tests.kit.oracle.files import read_file
from tests.kit.oracle.histories import chain
from tests.kit.oracle.remains import Item, Lines
from tests.kit.oracle.reports import EFFECTIVE
from tests.kit.oracle.rules import judge
from tests.soak import files
from tests.soak.stand import DEAD_LETTERS, QUEUES, Stand, Upload


@dataclass(frozen=True, slots=True)
class Done:
    """An upload with the result of each of its lines."""

    upload: Upload
    lines: Lines


def violations(stand: Stand) -> Iterator[str]:
    """Every broken promise."""
    yield from _order(stand)
    imports = {
        item["pk"]["S"]: item for item in stand.scan("ImportsTable") if item["sk"]["S"] == "import"
    }
    if set(imports) != {upload.import_id for upload in stand.uploads}:
        yield f"I1 {len(imports)} imports of {len(stand.uploads)} uploads"
        return
    notices: dict[str, list[Any]] = defaultdict(list)
    for notice in stand.notices:
        message = json.loads(notice["Message"])
        notices[message["import_id"]].append(message)
    done: list[Done] = []
    for upload in stand.uploads:
        item = imports[upload.import_id]
        if item["state"]["S"] not in ("done", "error") or "open" in item or "pending" in item:
            yield f"I2 {upload.import_id} is {item['state']['S']}"
            continue
        results = stand.report(upload, "results.csv")
        found, problem = remains.lines_of(read_file(upload.body), results)
        if problem:
            yield f"{problem} of {upload.import_id}"
            continue
        done.append(Done(upload, found))
        for wrong in _import(stand, done[-1], item, notices[upload.import_id]):
            yield f"{wrong} in {upload.import_id}"
    accounts = {item["pk"]["S"]: item for item in stand.scan("AccountsTable")}
    history = list(stand.scan("HistoryTable"))
    yield from _superseded(done)
    yield from _assignees(stand, accounts)
    yield from _chains(stand, done, accounts, history)
    # Portfolios lack changes from before the stream was read.
    seen = None if stand.tells_of_seed else {item["pk"]["S"] for item in history}
    yield from remains.portfolios(accounts.values(), stand.scan("PortfolioTable"), seen=seen)
    if "events" in stand.ears:
        details = (json.dumps(event["detail"], sort_keys=True) for event in stand.events)
        yield from remains.events(details, history)
    left = {
        name: count for name, count in stand.messages((*QUEUES, *DEAD_LETTERS)).items() if count
    }
    if left:
        yield f"I2 messages are left: {left}"


def _order(stand: Stand) -> Iterator[str]:
    if stand.order_by_s3() != [upload.import_id for upload in stand.uploads]:
        yield "the harness's own order of uploads is not that of S3's times"


def _import(stand: Stand, done: Done, item: Item, notices: list[Any]) -> Iterator[str]:
    upload = done.upload
    directory = stand.directory[upload.tenant]
    for request, row in done.lines:
        yield from remains.verdict(request, row, {judge(request, upload.tenant, directory)})
    summary = stand.report(upload, "summary.json")
    yield from remains.counts(item, done.lines, summary, notices)
    if not notices or {one["dedupe_id"] for one in notices} != {
        f"import-finished/{upload.import_id}"
    }:
        yield f"I13 {len(notices)} notices"
    if len({json.dumps(one, sort_keys=True) for one in notices}) > 1:
        yield "I13 the notices differ"
    yield from remains.errors_file(done.lines, stand.report(upload, "errors.csv"))


def _superseded(done: list[Done]) -> Iterator[str]:
    """A line yields only to a later import that decided its account."""
    decided = remains.deciders([(one.upload.tenant, one.lines) for one in done])
    for place, one in enumerate(done):
        for request, row in one.lines:
            last = decided.get((one.upload.tenant, request.account, files.ROLE), 0)
            if row.outcome == "superseded" and last <= place:
                yield f"I7 line {request.line} of {one.upload.import_id} yielded to nothing"


def _assignees(stand: Stand, accounts: Mapping[str, Item]) -> Iterator[str]:
    for tenant, directory in stand.directory.items():
        held = {name: "".join(place.managers) for (_, name), place in directory.accounts.items()}
        for upload in stand.uploads:
            if upload.tenant == tenant:
                files.apply(upload.body, tenant, directory, held)
        for account, manager in held.items():
            found = "".join(remains.assigned(accounts[f"{tenant}#{account}"]).get(files.ROLE, ()))
            if found != manager:
                yield f"I7 {tenant} {account} is held by {found!r}, expected {manager!r}"


def _chains(
    stand: Stand, done: list[Done], accounts: Mapping[str, Item], history: Iterable[Item]
) -> Iterator[str]:
    """One entry for each effective line, each beginning where the one before it ended."""
    effective = {
        (one.upload.import_id, request.line): (
            f"{one.upload.tenant}#{request.account}",
            row.changes,
        )
        for one in done
        for request, row in one.lines
        if row.outcome in EFFECTIVE
    }
    entries = remains.entries_of(history)
    yield from remains.effects(effective, entries)
    for tenant, directory in stand.directory.items():
        for _, account in directory.accounts:
            name = f"{tenant}#{account}"
            first, last = directory.roles(tenant, account), remains.assigned(accounts[name])
            for broken in chain(first, entries.get(name, ()), last):
                yield f"I9 {name}: {broken}"
