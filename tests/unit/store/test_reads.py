"""What the store reads, written by hand: the whole answer, after the steps that stored it.

What is not there has rows too: whoever asks for it must get an answer, and not an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from handover.audit import Act, AuditEntry, Door, Outcome
from handover.model import ChangeReceipt, Chunk, Mode, RoleChange, State, User
from handover.profiles.presets import presets
from handover.profiles.profile import Role
from handover.profiles.settings import Settings
from handover.reports.counts import Counts
from handover.rules.resending import Seen
from handover.store.chunks import SettledChunk, Taken
from handover.store.directory import Source
from handover.store.history import Entry
from handover.store.import_items import ImportItem
from handover.store.imports import ValidatedFile
from handover.store.name_places import name_places, put_logins, put_names, read_logins
from handover.store.portfolios import Holding, Waiting
from handover.store.progress import Settlement, counts_of
from handover.store.requests import Note, Request
from handover.store.tables import Tables
from handover.store.watermarks import SeenFile
from msgspec.structs import replace

from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import AMINA, BARAKA, TENANT, Pipeline
from tests.unit.store.test_writes import (
    ID,
    OTHER,
    SETTLEMENT,
    SOON,
    Step,
    begun,
    ended,
    issued,
    leased,
    registered,
    replayed,
    settle,
    settled,
    taken,
    used,
    waiting,
)

NOT_STORED = "9" * 32


@dataclass(frozen=True)
class Row:
    """After the steps `before`, `read` gives `answer`."""

    name: str
    before: tuple[Step, ...]
    read: Step
    answer: Any


def shown(item: ImportItem | None) -> tuple[str, list[int], Counts, int] | None:
    """State, pending chunks, counts and time of work of an import."""
    if item is None:
        return None
    pending = sorted(map(int, item.pending or ()))
    return item.state, pending, counts_of(item), int(item.worked_ms)


def with_plan(tables: Tables) -> tuple[Any, str | None]:
    item, plan = tables.imports.find_with_plan(ID)
    return shown(item), plan


def received(day: int) -> Step:
    """An import that was received on that day."""

    def step(tables: Tables) -> None:
        at = f"2026-12-{day:02d}T10:00:00.000Z"
        tables.imports.register(
            ImportItem(
                f"{day:032d}",
                tenant=TENANT,
                source="user",
                filename="a.csv",
                received_at=at,
                bucket="uploads",
                key="in/lumina/1.csv",
                version_id="v1",
                precedence=f"{at}#0#00000000",
                listed_at=f"{at}#{day}",
                open="1",
                opened_at=at,
            )
        )

    return step


def days(page: tuple[list[ImportItem], str | None]) -> tuple[list[int], str | None]:
    return [int(one.pk) for one in page[0]], page[1]


MONTH = tuple(received(day) for day in (1, 2, 3))
PLACE_2, PLACE_3 = "2026-12-02T10:00:00.000Z#2", "2026-12-03T10:00:00.000Z#3"
WAITS = (leased, lambda tables: tables.imports.let_wait(ID, "a", 70))

IMPORTS = (
    Row("no import", (), lambda tables: tables.imports.find(ID), None),
    Row(
        "no import and no plan", (), lambda tables: tables.imports.find_with_plan(ID), (None, None)
    ),
    Row("no plan", (registered,), lambda tables: tables.imports.plan(ID), None),
    Row("a plan", (begun,), lambda tables: tables.imports.plan(ID), "{}"),
    Row(
        "an import before it is validated, without a plan",
        (registered,),
        with_plan,
        (("validating", [], Counts(), 0), None),
    ),
    Row(
        "an import with its plan",
        (begun,),
        with_plan,
        (("processing", [1, 2], Counts(20), 0), "{}"),
    ),
    Row(
        "an import with a settled chunk",
        (settled,),
        lambda tables: shown(tables.imports.find(ID)),
        ("processing", [2], Counts(20, updated=6, cleared=1, rejected=3), 5),
    ),
    Row(
        "an import that waits for an Admin",
        (waiting,),
        lambda tables: shown(tables.imports.find(ID)),
        ("awaiting_approval", [1, 2], Counts(20), 0),
    ),
    Row(
        "states of imports that exist",
        (begun,),
        lambda tables: tables.imports.states([ID, NOT_STORED], SOON),
        {ID: (State.PROCESSING, Mode.RUN)},
    ),
    Row(
        "the precedence of an import that waits for older ones",
        WAITS,
        lambda tables: tables.imports.orders_of_waiting([ID, NOT_STORED], SOON),
        {ID: "2026-11-22T10:00:00.000Z#0#00000000"},
    ),
    Row(
        "an import that need not wait",
        (leased,),
        lambda tables: tables.imports.orders_of_waiting([ID], SOON),
        {},
    ),
    Row(
        "an import that has waited",
        (
            begun,
            lambda _: ImportItem(ID).update([ImportItem.waits.set(True)]),
        ),
        lambda tables: tables.imports.orders_of_waiting([ID], SOON),
        {},
    ),
    Row(
        "a page that is full and the last",
        MONTH,
        lambda tables: days(tables.imports.newest(TENANT, 3, None)),
        ([3, 2, 1], None),
    ),
    Row(
        "a page before others",
        MONTH,
        lambda tables: days(tables.imports.newest(TENANT, 2, None)),
        ([3, 2], PLACE_2),
    ),
    Row(
        "imports before a place, back to a time",
        MONTH,
        lambda tables: days(tables.imports.newest(TENANT, 2, PLACE_3, PLACE_2)),
        ([2], None),
    ),
    Row(
        "imports before a place that is before their time",
        MONTH,
        lambda tables: tables.imports.newest(TENANT, 2, PLACE_2, PLACE_3),
        ([], None),
    ),
    Row(
        "listed imports with their progress",
        (settled,),
        lambda tables: [shown(one) for one in tables.imports.newest(TENANT, 9, None)[0]],
        [("processing", [2], Counts(20, updated=6, cleared=1, rejected=3), 5)],
    ),
    Row(
        "a listed import without progress so far",
        (begun,),
        lambda tables: [shown(one) for one in tables.imports.newest(TENANT, 9, None)[0]],
        [("processing", [1, 2], Counts(20), 0)],
    ),
    Row(
        "a listed import that has ended",
        (ended,),
        lambda tables: [shown(one) for one in tables.imports.newest(TENANT, 9, None)[0]],
        [("done", [], Counts(), 0)],
    ),
    Row(
        "how many imports a day had",
        MONTH,
        lambda tables: [tables.imports.count_on(TENANT, date(2026, 12, day)) for day in (2, 4)],
        [1, 0],
    ),
    Row(
        "imports opened since a time",
        MONTH,
        lambda tables: [
            int(one.pk) for one in tables.imports.open_imports("2026-12-02T10:00:00.000Z")
        ],
        [2, 3],
    ),
    Row(
        "the import that is registered",
        (),
        lambda tables: registered_again(tables, "b.csv"),
        "b.csv",
    ),
    Row(
        "the import that was registered before",
        (registered,),
        lambda tables: registered_again(tables, "b.csv"),
        "a.csv",
    ),
    Row(
        "an import that goes on to its chunks",
        (leased,),
        lambda tables: shown(begin_of(tables)),
        ("processing", [1, 2], Counts(20), 0),
    ),
    Row(
        "an import that ends",
        (settled, lambda tables: settle(tables, Settlement(2, "v", False, Counts(10, 10), 7))),
        lambda tables: shown(tables.imports.start_finalizing(found(tables), at="10:09")),
        ("finalizing", [], Counts(20, updated=16, cleared=1, rejected=3), 12),
    ),
)


def registered_again(tables: Tables, filename: str) -> str:
    item = ImportItem(
        ID,
        tenant=TENANT,
        source="user",
        filename=filename,
        received_at="2026-11-22T10:00:00.000Z",
        bucket="uploads",
        key="in/lumina/1.csv",
        version_id="v1",
        precedence="2026-11-22T10:00:00.000Z#0#00000000",
    )
    return tables.imports.register(item).filename


def begin_of(tables: Tables) -> ImportItem | None:
    file = ValidatedFile(2, 20, "utf-8", ";")
    return tables.imports.begin(ID, "a", file, approval=None, at="10:01")


def found(tables: Tables) -> ImportItem:
    item = tables.imports.find(ID)
    assert item is not None
    return item


CHUNK = Chunk(1, 20, 40, 3, 10, 77)

CHUNKS = (
    Row(
        "a chunk that is taken first",
        (begun,),
        lambda tables: tables.chunks.take(ID, 1, "w", now=10, until=20),
        Taken(CHUNK, 1, 5, attempts=1, decided=0, handed_on=0, worked_ms=0),
    ),
    Row(
        "a chunk that is taken after it was given back",
        (taken, lambda tables: tables.chunks.free(ID, 1, "w", decided=4, worked_ms=900)),
        lambda tables: tables.chunks.take(ID, 1, "v", now=10, until=20, handed_on=3),
        Taken(CHUNK, 1, 5, attempts=2, decided=4, handed_on=3, worked_ms=900),
    ),
    Row("no settlement of no chunk", (), lambda tables: tables.chunks.settlement(ID, 1), None),
    Row("no settlement so far", (taken,), lambda tables: tables.chunks.settlement(ID, 1), None),
    Row("a settlement", (settled,), lambda tables: tables.chunks.settlement(ID, 1), SETTLEMENT),
    Row("no chunk was handed on", (), lambda tables: tables.chunks.handed_on(ID, 1), 0),
    Row("a chunk was handed on", (taken,), lambda tables: tables.chunks.handed_on(ID, 1), 1),
    Row(
        "parts of the settled chunks",
        (settled,),
        lambda tables: tables.chunks.settled_parts(found(tables)),
        {1: "w!"},
    ),
    Row(
        "parts of a chunk without errors",
        (settled, lambda tables: settle(tables, Settlement(2, "v", False, Counts(10, 10)))),
        lambda tables: tables.chunks.settled_parts(found(tables)),
        {1: "w!", 2: "v"},
    ),
    Row(
        "the settled chunks",
        (settled,),
        lambda tables: tables.chunks.settled_chunks(ID),
        [SettledChunk(1, 3, "w")],
    ),
)


def remembered(tables: Tables) -> None:
    tables.watermarks.remember_files(TENANT, "crm", FILES, 0)


FILES = [SeenFile("f", "2026#0#1", ID), SeenFile("g", "2027#0#1", OTHER)]

WATERMARKS = (
    Row(
        "no files of a source",
        (),
        lambda tables: tables.watermarks.seen_files(TENANT, "crm"),
        ([], 0),
    ),
    Row(
        "the files of a source",
        (remembered,),
        lambda tables: tables.watermarks.seen_files(TENANT, "crm"),
        (FILES, 1),
    ),
    Row(
        "when the files of a source were received",
        (remembered,),
        lambda tables: [one.received_at for one in tables.watermarks.seen_files(TENANT, "crm")[0]],
        ["2026", "2027"],
    ),
    Row("no pace", (), lambda tables: tables.watermarks.pace(TENANT, "crm"), 0.0),
    Row(
        "the pace of a source",
        (lambda tables: tables.watermarks.note_pace(TENANT, "crm", 12.5),),
        lambda tables: tables.watermarks.pace(TENANT, "crm"),
        12.5,
    ),
    Row("no watermark", (), lambda tables: tables.watermarks.watermark(TENANT), ""),
    Row(
        "a watermark",
        (lambda tables: tables.watermarks.raise_watermark(TENANT, "2026-11-22"),),
        lambda tables: tables.watermarks.watermark(TENANT),
        "2026-11-22",
    ),
    Row("no place of a sweep", (), lambda tables: tables.watermarks.looked_until("in/"), ""),
    Row(
        "the place of a sweep",
        (lambda tables: tables.watermarks.look_on_from("in/", "in/1"),),
        lambda tables: tables.watermarks.looked_until("in/"),
        "in/1",
    ),
    Row(
        "the place of a sweep that begins again",
        (
            lambda tables: tables.watermarks.look_on_from("in/", "in/1"),
            lambda tables: tables.watermarks.look_on_from("in/", ""),
        ),
        lambda tables: tables.watermarks.looked_until("in/"),
        "",
    ),
    Row("nothing of a queue", (), lambda tables: tables.watermarks.seen("chunks"), Seen()),
    Row(
        "what was taken of a queue",
        (lambda tables: tables.watermarks.note_taken("chunks", 7000),),
        lambda tables: tables.watermarks.seen("chunks"),
        Seen(7000),
    ),
    Row(
        "what was probed of a queue",
        (lambda tables: tables.watermarks.probed("chunks", Seen(1, 20, 3)),),
        lambda tables: tables.watermarks.seen("chunks"),
        Seen(0, 20, 3),
    ),
)


def ticket_of(tables: Tables) -> tuple[Any, ...] | None:
    item = tables.tickets.find("T")
    return None if item is None else (item.uploader, item.import_id, item.replays, item.replayed)


def use(tables: Tables) -> str | None:
    item = tables.tickets.use("T", ID)
    return None if item is None else item.filename


TICKETS = (
    Row("no ticket", (), ticket_of, None),
    Row("a ticket", (issued,), ticket_of, ("ines", None, 0, None)),
    Row("a ticket that was used", (used,), ticket_of, ("ines", ID, 0, None)),
    Row("a ticket with replays", (replayed,), ticket_of, ("ines", ID, 2, ID)),
    Row(
        "a ticket as it is used",
        (issued,),
        use,
        "a.csv",
    ),
)


def verified(tables: Tables) -> None:
    tables.domains.verify(TENANT, "x.example")
    tables.domains.verify("other", "mail.x.example")
    tables.domains.verify("other", "xn--mnchen-3ya.example")


DOMAINS = (
    Row(
        "the tenant of an address, by the nearest domain",
        (verified,),
        lambda tables: [
            tables.domains.tenant_of(f"ana@{domain}")
            for domain in (
                "x.example",
                "a.b.x.example",
                "a.mail.x.example",
                "y.example",
                "example",
                "münchen.example",
            )
        ],
        [TENANT, TENANT, "other", None, None, "other"],
    ),
    Row(
        "the tenant of an address with ten labels at most",
        (verified, lambda tables: tables.domains.verify("far", "1.2.3.4.5.6.7.8.9.10")),
        lambda tables: [
            tables.domains.tenant_of(f"ana@{domain}")
            for domain in ("0.1.2.3.4.5.6.7.8.9.10", "9.10", "1.2.3.4.5.6.7.8.x.example")
        ],
        ["far", None, TENANT],
    ),
    Row(
        "who has exactly a domain",
        (verified,),
        lambda tables: [tables.domains.holder(domain) for domain in ("x.example", "a.x.example")],
        [TENANT, None],
    ),
    Row(
        "a domain that was forgotten",
        (verified, lambda tables: tables.domains.forget("x.example")),
        lambda tables: (tables.domains.holder("x.example"), list(tables.domains.listed())),
        (None, [("mail.x.example", "other"), ("xn--mnchen-3ya.example", "other")]),
    ),
)

CHANGE = RoleChange("m", ("a",), ("é",))


def receipt(version: int) -> ChangeReceipt:
    """A change as its history shows it: without the precedence, which only decisions need."""
    return ChangeReceipt(ID, "", 3, "ines", "2026-11-22T10:00:00.000Z", version, (CHANGE,))


def changed(tables: Tables) -> None:
    entries = [
        Entry(TENANT, "K1", replace(receipt(version), precedence="o")) for version in (9, 10, 11)
    ]
    tables.history.put(entries, SOON)


HISTORY = (
    Row(
        "a history",
        (changed,),
        lambda tables: [one.receipt.version for one in tables.history.of(TENANT, "K1")],
        [9, 10, 11],
    ),
    Row(
        "a history after a version",
        (changed,),
        lambda tables: list(tables.history.of(TENANT, "K1", after=10)),
        [Entry(TENANT, "K1", receipt(11))],
    ),
    Row(
        "a history, newest first",
        (changed,),
        lambda tables: [
            one.receipt.version for one in tables.history.of(TENANT, "K1", is_newest_first=True)
        ],
        [11, 10, 9],
    ),
)


def request(name: str) -> Request:
    return Request("K1", name, "ines", "10:00", "Invoice", "please", "Joe")


def note(name: str) -> Note:
    return Note(name, "ines", "10:00", "done")


def asked(tables: Tables) -> None:
    for name in ("r1", "r2", "r3"):
        tables.requests.put(TENANT, request(name))
        tables.requests.note(TENANT, "K1", name, note("n1"))
        tables.requests.note(TENANT, "K1", name, note("n2"))


REQUESTS = (
    Row(
        "requests, newest first",
        (asked,),
        lambda tables: list(tables.requests.of(TENANT, "K1")),
        [request("r3"), request("r2"), request("r1")],
    ),
    Row(
        "requests before one",
        (asked,),
        lambda tables: list(tables.requests.of(TENANT, "K1", before="r3")),
        [request("r2"), request("r1")],
    ),
    Row(
        "a request",
        (asked,),
        lambda tables: [tables.requests.find(TENANT, "K1", name) for name in ("r2", "r4")],
        [request("r2"), None],
    ),
    Row(
        "accounts with requests",
        (asked,),
        lambda tables: tables.requests.with_any(TENANT, ["K1", "K2"], SOON),
        {"K1"},
    ),
    Row(
        "notes on a request, oldest first",
        (asked,),
        lambda tables: list(tables.requests.notes(TENANT, "K1", "r2")),
        [note("n1"), note("n2")],
    ),
    Row(
        "notes on a request after one",
        (asked,),
        lambda tables: list(tables.requests.notes(TENANT, "K1", "r2", after="n1")),
        [note("n2")],
    ),
)

ENTRY = AuditEntry(
    TENANT,
    "n",
    "2026-11-22T10:00:00.000Z",
    Act.ROLE_STORED,
    "ines",
    Door.CLI,
    "role owner",
    before={"a": "é"},
    after={"a": "b"},
    reason="why",
    outcome=Outcome.OPEN,
)
BARE = AuditEntry(
    TENANT, "o", "2026-12-01T00:00:00.000Z", Act.SUBSCRIBED, "", Door.API, "", outcome=Outcome.DONE
)
CLOSED_AT = "2026-11-22T10:00:01.000Z"
CLOSED = replace(ENTRY, outcome=Outcome.NOT_DONE, closed_at=CLOSED_AT)


def noted(tables: Tables) -> None:
    tables.audit.add(ENTRY)
    tables.audit.add(BARE)


def closed(tables: Tables) -> None:
    noted(tables)
    tables.audit.close(ENTRY, Outcome.NOT_DONE, CLOSED_AT)


LATER = replace(ENTRY, name="p", at=CLOSED_AT)
# Under several keys of the month.
SECONDS = [replace(ENTRY, at=f"2026-11-22T10:00:0{at}.000Z") for at in range(6)]


def busy(tables: Tables) -> None:
    for one in SECONDS:
        tables.audit.add(one)


def orphaned(tables: Tables) -> None:
    """The outcome of an entry that has expired, under the key of another entry."""
    tables.audit.add(ENTRY)
    key = tables.audit.addition(ENTRY)["Put"]["Item"]["pk"]
    others = (replace(ENTRY, name=f"n{number}", at=CLOSED_AT) for number in range(100))
    gone = next(one for one in others if tables.audit.addition(one)["Put"]["Item"]["pk"] == key)
    tables.audit.close(gone, Outcome.DONE, CLOSED_AT)


def newest(tables: Tables, before: str = "", since: str = "") -> list[AuditEntry]:
    now = "2026-12-01T10:00:00Z"
    return list(tables.audit.newest(TENANT, before=before, since=since, now=now, rows=7))


def close(tables: Tables) -> list[bool]:
    return [tables.audit.close(ENTRY, Outcome.DONE, CLOSED_AT) for _ in range(2)]


AUDIT = (
    Row("entries, newest first", (noted,), newest, [BARE, ENTRY]),
    Row("entries of a month, newest first", (busy,), newest, SECONDS[::-1]),
    Row("entries beside an outcome whose entry is gone", (orphaned,), newest, [ENTRY]),
    Row("entries with their outcomes", (closed,), newest, [BARE, CLOSED]),
    Row("entries before one", (closed,), lambda tables: newest(tables, BARE.place), [CLOSED]),
    Row(
        "entries since the moment of one",
        (closed,),
        lambda tables: newest(tables, since=ENTRY.at),
        [BARE, CLOSED],
    ),
    Row("entries since a month", (closed,), lambda tables: newest(tables, since="2026-12"), [BARE]),
    Row(
        "entries of another tenant",
        (closed,),
        lambda tables: list(
            tables.audit.newest("other", before="", since="", now="2026-12-01T10:00:00Z", rows=7)
        ),
        [],
    ),
    Row(
        "entries that were left open",
        (noted,),
        lambda tables: list(tables.audit.left_open(after="", until="2027")),
        [ENTRY],
    ),
    Row(
        "entries that were left open and closed",
        (closed,),
        lambda tables: list(tables.audit.left_open(after="", until="2027")),
        [CLOSED],
    ),
    Row(
        "entries that were left open after one",
        (noted, lambda tables: tables.audit.add(LATER)),
        lambda tables: list(tables.audit.left_open(after=ENTRY.place, until="2027")),
        [LATER],
    ),
    Row("whether an outcome is stored", (noted,), close, [True, False]),
)


OWNER = Role("owner", 2, frozenset({"Sales"}))
VIEWER = Role("viewer", 1, frozenset())
CRM = Source("crm", "single-strict", "arn:x", {"Kunde": "account ID"}, True, "stop")
ERP = Source("erp", "single-strict", "arn:y")
OWN = replace(presets()["single-strict"], name="own")


def configured(tables: Tables) -> None:
    for role in (VIEWER, OWNER):
        tables.setup.put_role(TENANT, role)
    for source in (ERP, CRM):
        tables.setup.put_source(TENANT, source)
    tables.setup.put_workflow(TENANT, "Dunning")
    tables.setup.put_workflow(TENANT, "Approval")
    tables.setup.replace_profile(TENANT, None, OWN)


SETUP = (
    Row(
        "roles, in the order of their names",
        (configured,),
        lambda tables: list(tables.directory.roles(TENANT)),
        [OWNER, VIEWER],
    ),
    Row(
        "a role",
        (configured,),
        lambda tables: [tables.setup.role(TENANT, name) for name in ("owner", "own")],
        [OWNER, None],
    ),
    Row(
        "roles after one",
        (configured,),
        lambda tables: list(tables.directory.roles(TENANT, "owner", 5)),
        [VIEWER],
    ),
    Row(
        "workflows",
        (configured,),
        lambda tables: (
            list(tables.directory.workflows(TENANT)),
            [tables.setup.has_workflow(TENANT, name) for name in ("Dunning", "Dun")],
        ),
        (["Approval", "Dunning"], [True, False]),
    ),
    Row(
        "sources",
        (configured,),
        lambda tables: list(tables.setup.sources(TENANT, None, 5)),
        [CRM, ERP],
    ),
    Row(
        "a source",
        (configured,),
        lambda tables: [tables.directory.source(TENANT, name) for name in ("crm", "cr")],
        [CRM, None],
    ),
    Row(
        "own profiles",
        (configured,),
        lambda tables: (
            tables.setup.own_profiles(TENANT),
            [tables.setup.own_profile(TENANT, name) for name in ("own", "single-strict")],
        ),
        ([OWN], [OWN, None]),
    ),
    Row(
        "profiles with the tenant's own and its roles",
        (configured,),
        lambda tables: (
            tables.directory.profiles(TENANT)
            == {
                name: one.with_roles([OWNER, VIEWER]).guarded_by([OWNER, VIEWER])
                for name, one in (presets() | {"own": OWN}).items()
            }
        ),
        True,
    ),
    Row(
        "a profile",
        (configured,),
        lambda tables: [tables.directory.profile(TENANT, name) for name in ("own", "none")],
        [OWN.with_roles([OWNER, VIEWER]).guarded_by([OWNER, VIEWER]), None],
    ),
    Row(
        "what was removed",
        (configured,),
        lambda tables: [
            [
                tables.setup.remove_role(TENANT, "owner"),
                tables.setup.remove_workflow(TENANT, "Dunning"),
                tables.setup.remove_source(TENANT, "crm"),
                tables.setup.remove_profile(TENANT, "own"),
            ]
            for _ in range(2)
        ],
        [[True] * 4, [False] * 4],
    ),
    Row(
        "a profile that others have stored meanwhile is not replaced",
        (configured,),
        lambda tables: (
            tables.setup.replace_profile(TENANT, None, replace(OWN, columns=())),
            tables.setup.replace_profile(TENANT, OWN, OWN),
        ),
        (False, True),
    ),
    Row("no settings", (), lambda tables: tables.directory.settings("new"), Settings()),
    Row(
        "settings",
        (
            lambda tables: tables.setup.change_settings(
                TENANT, lambda one: replace(one, default_account_manager="Ana@X.example")
            ),
        ),
        lambda tables: tables.directory.settings(TENANT).default_account_manager,
        "ana@x.example",
    ),
)


def held(tables: Tables) -> None:
    tables.portfolios.put(
        [
            Holding(TENANT, AMINA, "m", "K1", 1, True, "10:00", ID),
            Holding(TENANT, AMINA, "m", "K2", 1, True),
            Holding(TENANT, AMINA, "n", "K1", 1, True),
            Holding(TENANT, AMINA, "o", "K1", 1, False),
            Holding(TENANT, BARAKA, "m", "K1", 1, False),
            Holding(TENANT, "pending:", "b@x.example m", "K3", 1, True, "10:01", ID),
            Holding(TENANT, "pending:", "a@x.example m", "K4", 1, True),
            Holding(TENANT, "pending:", "a@x.example m", "K3", 1, True),
            Holding(TENANT, "pending:a@x.example", "m", "K3", 1, True),
        ],
        0.0,
        SOON,
    )


HELD = (
    Row(
        "a portfolio",
        (held,),
        lambda tables: list(tables.portfolios.of(TENANT, AMINA)),
        [("m", "K1"), ("m", "K2"), ("n", "K1")],
    ),
    Row(
        "a portfolio after a place",
        (held,),
        lambda tables: list(tables.portfolios.of(TENANT, AMINA, after="m#K1")),
        [("m", "K2"), ("n", "K1")],
    ),
    Row(
        "the accounts of a role",
        (held,),
        lambda tables: list(tables.portfolios.in_role(TENANT, AMINA, "m")),
        ["K1", "K2"],
    ),
    Row(
        "how much a user holds",
        (held,),
        lambda tables: [tables.portfolios.count(TENANT, user) for user in (AMINA, BARAKA)],
        [3, 0],
    ),
    Row(
        "the roles of a user",
        (held,),
        lambda tables: list(tables.portfolios.roles(TENANT, AMINA)),
        ["m", "n"],
    ),
    Row(
        "addresses that are awaited",
        (held,),
        lambda tables: [
            list(tables.portfolios.awaited(TENANT, after=after)) for after in ("", "a@x.example")
        ],
        [["a@x.example", "b@x.example"], ["b@x.example"]],
    ),
    Row(
        "whether an address is awaited",
        (held,),
        lambda tables: [
            tables.portfolios.is_awaited(TENANT, one)
            for one in ("a@x.example", "c@x.example", "", "x" * 3000)
        ],
        [True, False, False, False],
    ),
    Row(
        "what waits",
        (held,),
        lambda tables: list(tables.portfolios.waiting(TENANT, after="a@x.example m#K3")),
        [
            Waiting("a@x.example", "m", "K4", "", ""),
            Waiting("b@x.example", "m", "K3", "10:01", ID),
        ],
    ),
    Row(
        "the place of what waits",
        (held,),
        lambda tables: [one.place for one in tables.portfolios.waiting(TENANT)],
        ["a@x.example m#K3", "a@x.example m#K4", "b@x.example m#K3"],
    ),
    Row(
        "who holds anything",
        (held,),
        lambda tables: tables.portfolios.holders_among(
            TENANT, [AMINA, BARAKA, "nobody@x.example", "x" * 3000], SOON
        ),
        {AMINA},
    ),
)

ANA = User(
    "ana@x.example",
    "Ana",
    frozenset({"Sales"}),
    "Kenya",
    employee_id="7",
    phone="1",
    mobile="2",
    login_name="Ana",
)
ANNA = User("anna@x.example", "ana ", frozenset())
GONE = User(
    "gone@x.example", "Ana", frozenset(), is_active=False, is_deleted=True, login_name="gone"
)


def people(tables: Tables) -> None:
    tables.directory.put_users("small", [GONE, ANNA, ANA], SOON)


HASHES = User("c#d@x.example", "A#b", frozenset())
NAMELESS = User("ana#ana@x.example", "", frozenset())
# A key has 1,024 bytes, of which "user#" takes five.
FAR = User("x" * 1009 + "@x.example", "", frozenset())


def unusual(tables: Tables) -> None:
    people(tables)
    tables.directory.put_users("small", [HASHES, NAMELESS, FAR], SOON)


def outdated(tables: Tables) -> None:
    """Names and login names of users who have others by now, or who are gone."""
    people(tables)
    tables.directory.put_users("small", [replace(ANA, name="Zoe", login_name="zoe")], SOON)
    put_names(tables.directory.table, "small", [("ana", "none@x.example")], SOON)
    put_logins(tables.directory.table, "small", {"none": "none@x.example"}, SOON)


USERS = (
    Row(
        "users with the separator in name and address",
        (unusual,),
        lambda tables: [
            list(tables.people.called("small", beginning, None, SOON))
            for beginning in ("a#", "ana#ana@")
        ],
        [[("a#b#c#d@x.example", HASHES)], [("ana#ana@x.example", ANA)]],
    ),
    Row(
        "users with addresses that just fit a key",
        (unusual,),
        lambda tables: (
            tables.directory.users("small", [FAR.email, f"x{FAR.email}"], SOON),
            [tables.directory.user("small", one) for one in (FAR.email, f"x{FAR.email}")],
            list(tables.user_records.read("small", [FAR.email, f"x{FAR.email}"], SOON)),
        ),
        ({FAR.email: FAR}, [FAR, None], [FAR.email]),
    ),
    Row(
        "users of outdated names and login names",
        (outdated,),
        lambda tables: (
            list(tables.people.called("small", "ana", None, SOON)),
            tables.directory.users_by_name("small", ["ana"], SOON),
            tables.directory.users_by_login("small", ["ana", "none"], SOON),
        ),
        (
            [("ana#anna@x.example", ANNA), ("ana#gone@x.example", GONE)],
            {"ana": [ANNA]},
            {},
        ),
    ),
    Row(
        "login names that just fit a key",
        # A key has 1,024 bytes, of which "login#" takes six.
        (
            lambda tables: put_logins(
                tables.directory.table, "small", {"x" * 1018: "ana@x.example"}, SOON
            ),
        ),
        lambda tables: list(
            read_logins(
                tables.directory.table,
                name_places(tables.directory.table, "small"),
                ["x" * 1018, "x" * 1019],
                SOON,
            )
        ),
        ["x" * 1018],
    ),
    Row(
        "users by login name",
        (people,),
        lambda tables: tables.directory.users_by_login("small", ["ana", "gone", "no"], SOON),
        {"ana": ANA, "gone": GONE},
    ),
    Row(
        "users by name, without deleted ones",
        (people,),
        lambda tables: tables.directory.users_by_name("small", ["ana", "bo", "x" * 1100], SOON),
        {"ana": [ANA, ANNA]},
    ),
    Row(
        "users whose name begins so, with their places",
        (people,),
        lambda tables: [
            list(tables.people.called("small", beginning, after, SOON))
            for beginning, after in (
                ("an", None),
                ("an", "ana#ana@x.example"),
                ("x" * 1100, None),
            )
        ],
        [
            [
                ("ana#ana@x.example", ANA),
                ("ana#anna@x.example", ANNA),
                ("ana#gone@x.example", GONE),
            ],
            [("ana#anna@x.example", ANNA), ("ana#gone@x.example", GONE)],
            [],
        ],
    ),
    Row(
        "addresses",
        (people,),
        lambda tables: list(tables.directory.addresses("small")),
        ["ana@x.example", "anna@x.example", "gone@x.example"],
    ),
    Row(
        "users after an address",
        (people,),
        lambda tables: list(tables.people.listed("small", "ana@x.example", 1)),
        [ANNA, GONE],
    ),
)

ROWS = {
    row.name: row
    for row in (
        *IMPORTS,
        *CHUNKS,
        *WATERMARKS,
        *TICKETS,
        *DOMAINS,
        *HISTORY,
        *REQUESTS,
        *AUDIT,
        *SETUP,
        *HELD,
        *USERS,
    )
}


@pytest.mark.parametrize("name", ROWS)
def test_what_is_stored_is_read(name: str, pipeline: Pipeline) -> None:
    row, tables = ROWS[name], pipeline.resources.tables
    for step in row.before:
        step(tables)

    assert row.read(tables) == row.answer


def test_an_entry_that_expires_while_open_ones_are_listed_is_left_out(pipeline: Pipeline) -> None:
    audit = pipeline.resources.tables.audit
    audit.add(ENTRY)
    expire = pipeline.memory.dynamodb.tables["AuditTable"].items.clear

    with incident(pipeline.memory, Mishap("GetItem", before_call=expire)):
        assert list(audit.left_open(after="", until="2027")) == []
