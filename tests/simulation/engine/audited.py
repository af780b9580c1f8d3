"""The audit trail at rest: no act without its entry, and no entry without its act."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulation.engine import scene as the_scene
from tests.simulation.engine.world import World

# Acts that request an import under a ticket.
REQUESTED = frozenset(
    {
        "import_applied",
        "import_undone",
        "lines_corrected",
        "accounts_reassigned",
        "users_deleted",
        "removal_begun",
        "resolution_begun",
    }
)
# Decisions about an import, and the field of the import for each; others cancel by refusing.
DECISIONS = {
    "import_approved": "import_approved",
    "import_cancelled": "import_cancelled",
    "import_refused": "import_cancelled",
}
SIGN_INS = frozenset({"sign_in_allowed", "sign_in_barred"})


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it is stored; `outcome` "" while it is open."""

    act: str
    actor: str
    about: str
    after: Mapping[str, Any]
    outcome: str


def entries_of(world: World) -> list[Entry]:
    """All entries of the tenant, with their outcomes."""
    items = world.memory.dynamodb.tables["AuditTable"].items
    found = []
    for (pk, sk), item in items.items():
        if "act" not in item or not pk.startswith(f"{the_scene.HOME}#"):
            continue
        closed = items.get((pk, f"{sk}~"), {}).get("outcome", {"S": ""})["S"]
        found.append(
            Entry(
                item["act"]["S"],
                item.get("actor", {"S": ""})["S"],
                item["about"]["S"],
                json.loads(item["after"]["S"]) if "after" in item else {},
                closed if "open" in item else "done",
            )
        )
    return found


def check(world: World) -> Iterator[str]:
    """What must hold of the audit trail."""
    entries = entries_of(world)
    if world.plan.sweeps:
        for entry in entries:
            if not entry.outcome:
                yield f"I23 {entry.act} of {entry.about} is left open"
    yield from _decisions(world, entries)
    yield from _tickets(world, entries)
    yield from _drops(world, entries)
    yield from _people(world, entries)


def _decisions(world: World, entries: list[Entry]) -> Iterator[str]:
    noted = Counter(
        (DECISIONS[entry.act], entry.about, entry.actor)
        for entry in entries
        if entry.act in DECISIONS
    )
    made: Counter[tuple[str, str, str]] = Counter()
    for (pk, sk), item in world.memory.dynamodb.tables["ImportsTable"].items.items():
        if sk not in ("import", "ticket") or item["tenant"]["S"] != the_scene.HOME:
            continue
        about = f"import {pk.removeprefix('ticket#')}"
        for attribute, act in (
            ("approved_by", "import_approved"),
            ("cancelled_by", "import_cancelled"),
        ):
            who = item.get(attribute, {"S": ""})["S"]
            if who:
                made[act, about, who if "@" in who else ""] += 1
    for decision in noted - made:
        yield f"I23 an entry without its act: {decision}"
    for decision in made - noted:
        yield f"I23 an act without its entry: {decision}"


def _tickets(world: World, entries: list[Entry]) -> Iterator[str]:
    noted = {entry.after["ticket"]: entry for entry in entries if entry.act in REQUESTED}
    items = world.memory.dynamodb.tables["ImportsTable"].items
    issued = {
        pk.removeprefix("ticket#"): item for (pk, sk), item in items.items() if sk == "ticket"
    }
    keys = {one.key for one in world.uploads.values()}
    for ticket, item in issued.items():
        is_requested = "errand" in item or "follows" in item
        if is_requested and item["tenant"]["S"] == the_scene.HOME and ticket not in noted:
            yield f"I23 an act without its entry: the ticket {ticket}"
    for ticket, entry in noted.items():
        is_there = f"in/{the_scene.HOME}/{ticket}.csv" in keys
        if entry.outcome == "not_done" and is_there:
            yield f"I23 {entry.act} is noted as not done, and its file is there"
        if entry.outcome == "done" and ticket not in issued:
            yield f"I23 an entry without its act: {entry.act} under {ticket}"


def _drops(world: World, entries: list[Entry]) -> Iterator[str]:
    noted = Counter(entry.about for entry in entries if entry.act == "file_dropped")
    dropped = Counter(
        f"import {one.import_id}"
        for one in world.uploads.values()
        if one.tenant == the_scene.HOME and not one.key.startswith("in/")
    )
    if noted != dropped:
        yield f"I23 {dict(dropped)} were dropped, {dict(noted)} are noted"


def _people(world: World, entries: list[Entry]) -> Iterator[str]:
    """Users whom Admins create and invite, and users whom files block."""
    created = Counter(entry.about for entry in entries if entry.act == "user_created")
    stored = Counter(
        f"user {write.address}"
        for write in world.user_writes
        if write.import_id is None and write.tenant == the_scene.HOME and write.old is None
    )
    if created != stored:
        yield f"I23 {dict(stored)} were created, {dict(created)} are noted"
    noted = {entry.about for entry in entries if entry.act in SIGN_INS}
    for address in world.memory.pools.invited:
        if f"user {address}" not in noted:
            yield f"I23 an act without its entry: the invitation of {address}"
    for address in sorted(barred_by_files(world)):
        if f"user {address}" not in noted:
            yield f"I23 an act without its entry: {address} was barred"


def barred_by_files(world: World) -> set[str]:
    """Users who could sign in at the start and no longer can."""
    pools = world.memory.pools.sign_ins
    return {
        address
        for (tenant, address), person in world.scene.directory.users.items()
        if tenant == the_scene.HOME
        and person.signs_in
        and person.is_active
        and (address not in pools or not pools[address].enabled)
    }
