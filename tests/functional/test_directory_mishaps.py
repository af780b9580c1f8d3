"""Directory files under every single mishap: the directory ends the same whichever call is lost."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from handover.model import Account, User
from handover.profiles.settings import Settings
from handover.runtime import LEASE_MARGIN_SECONDS

from tests.kit.memory_aws import ObjectCreated, Twist
from tests.kit.mishaps import KilledError, Mishap, Writes, incident
from tests.kit.pipeline import (
    AMINA,
    BARAKA,
    HOUR,
    PRINCIPAL,
    TENANT,
    Pipeline,
    import_id,
)

ACCOUNTS = (
    "account_id,name,opco,status,portals,account_manager\r\n"
    f"N1,Acme,Kenya,,shop;desk,{BARAKA}\r\n"
    "N2,Bolt,Kenya,inactive,,\r\n"
    "K000,Cord,Kenya,,,\r\n"
    "K001,,Kenya,active,,\r\n"
    "N3,Dent,Kenya,,,nobody@lumina.example\r\n"
    ",Ends,,,,\r\n"
    "N1,Acme,Kenya,,shop;desk,baraka.mwangi@LUMINA.example\r\n"
).encode()
# Users in different chunks ask for one login name.
CONTESTED = (
    "email,name,roles,status,login_name\r\n"
    f"{BARAKA},Baraka Mwangi,Sales,deleted,\r\n"
    "zoe@lumina.example,Zoe,Sales;Admin,,zed\r\n"
    "yan@lumina.example,Yan,Sales,,zed\r\n"
    "Zoe@lumina.example,Zoe,Admin;Sales,,zed\r\n"
    f"{AMINA},Amina Otieno,Sales,,amina\r\n"
    "nobody,,,,\r\n"
).encode()
# A login name that a user of one chunk gives up, and a user of another asks for.
HANDED_ON = (
    b"email,name,roles,status,login_name\r\n"
    b"yan@lumina.example,Yan,Sales,,gus\r\n"
    b"zoe@lumina.example,Zoe,Sales;Admin;Finance,,hal\r\n"
    b"gus@lumina.example,Gus,Sales;Finance,deleted,gus\r\n"
    b"hal@lumina.example,Hal Incandenza,Sales,,hal2\r\n"
)
SEVERAL_CHUNKS_BYTES = 90
LONGEST = 40


@dataclass
class Ending:
    """The result of an import, and the tables after it."""

    counts: dict[str, int]
    outcomes: list[tuple[str, ...]]
    items: dict[Any, Any]


@pytest.fixture
def several_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cuts even small files into chunks."""
    monkeypatch.setattr("handover.pipeline.validate.MIN_CHUNK_BYTES", SEVERAL_CHUNKS_BYTES)


def scene(pipeline: Pipeline) -> None:
    """Two accounts, two users with login names, a source, and a default for new accounts."""
    pipeline.source(writes_directory=True)
    pipeline.accounts(*(Account(TENANT, one, 1, opco="Kenya") for one in ("K000", "K001")))
    pipeline.users(
        *(
            User(f"{login}@lumina.example", login, frozenset({"Sales"}), login_name=login)
            for login in ("gus", "hal")
        )
    )
    settings = Settings(default_account_manager=AMINA)
    pipeline.resources.tables.directory.put_settings(TENANT, settings)


def dropped(pipeline: Pipeline, name: str, body: bytes) -> ObjectCreated:
    """The file as the source drops it under `directory/`."""
    key = f"directory/{TENANT}/erp/{name}"
    return pipeline.put(key, body, principal=f"AWS:{PRINCIPAL}:job")


def work(pipeline: Pipeline, created: ObjectCreated) -> None:
    """Delivers all messages; one that fails or is killed is delivered again later."""
    waiting: list[dict[str, Any]] = []
    for _ in range(LONGEST):
        if _state(pipeline, created) in ("", "validating"):
            _shielded(lambda: pipeline.validate(created))
        waiting += pipeline.waiting()
        pipeline.forget()
        left: list[dict[str, Any]] = []
        for body in waiting:
            if "chunk" in body:
                failed = _shielded(lambda one=body: pipeline.assign(one["import_id"], one["chunk"]))
            else:
                failed = _shielded(lambda one=body: pipeline.finalize(one["import_id"]))
            if failed:
                left.append(body)
        waiting = left
        if not waiting and _state(pipeline, created) in ("done", "error"):
            return
        pipeline.clock.now += 60 + LEASE_MARGIN_SECONDS
        _shielded(lambda: pipeline.sweep("imports"))
    raise AssertionError("the import does not end")


def _state(pipeline: Pipeline, created: ObjectCreated) -> str:
    """The state of the import, "" while there is none; reading it runs no mishap."""
    hook, pipeline.memory.hook = pipeline.memory.hook, None
    found = pipeline.resources.tables.imports.find(import_id(created))
    pipeline.memory.hook = hook
    return found.state if found is not None else ""


def _shielded(step: Any) -> bool:
    """True when the step must be repeated."""
    try:
        return bool(step())
    except KilledError:
        return True


def ending(pipeline: Pipeline, created: ObjectCreated) -> Ending:
    """The result without times and attempts, which differ between runs."""
    results = pipeline.file(created, "results.csv") or b""
    rows = list(csv.reader(io.StringIO(results.decode("utf-8-sig"), newline="")))
    tables = pipeline.memory.dynamodb.tables
    return Ending(
        pipeline.counts(created),
        [tuple(row) for row in rows],
        {
            (name, key): _timeless(item)
            for name in ("AccountsTable", "DirectoryTable")
            for key, item in tables[name].items.items()
        },
    )


def _timeless(item: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in item.items() if name not in ("marks", "body")}
    marks = item.get("marks", {"L": []})["L"]
    receipts = [{**mark["M"], "at": None} for mark in marks]
    return {**fields, "marks": receipts}


def quiet(pipeline: Pipeline, name: str, body: bytes) -> tuple[Ending, Writes, Any]:
    """The result without a mishap, the calls of that run, and the scene."""
    scene(pipeline)
    created = dropped(pipeline, name, body)
    beginning = pipeline.memory.snapshot()
    counting = Writes()
    with incident(pipeline.memory, counting):
        work(pipeline, created)
    return ending(pipeline, created), counting, (created, beginning)


@dataclass
class Repeating(Mishap):
    """Makes one call twice, as after a lost answer; the second answer counts."""

    repeated: int = 0

    def before(
        self, number: int, service: str, operation: str, params: dict[str, Any]
    ) -> Twist | None:
        """Counts the call; makes the chosen one twice."""
        super().before(number, service, operation, params)
        return Twist(repeat=True) if self.seen == self.repeated else None


# Only after writes: a process killed before a call, or after a read, leaves the same state.
MISHAPS: dict[str, Callable[[int], Mishap]] = {
    "killed after": lambda number: Mishap(kill_after=number),
    "made twice": lambda number: Repeating(repeated=number),
}


@pytest.mark.parametrize("kind", MISHAPS)
@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("accounts.csv", ACCOUNTS),
        ("users.csv", CONTESTED),
        ("users.csv", HANDED_ON),
    ],
    ids=["accounts", "contested", "handed on"],
)
def test_no_single_mishap_changes_the_result_of_a_directory_file(
    pipeline: Pipeline, several_chunks: None, name: str, body: bytes, kind: str
) -> None:
    expected, calls, (created, beginning) = quiet(pipeline, name, body)
    assert calls.seen > 30
    began = pipeline.clock.now

    for number in calls.numbers:
        pipeline.memory.restore(beginning)
        pipeline.clock.now = began + HOUR
        pipeline.memory.hook = MISHAPS[kind](number)
        work(pipeline, created)
        pipeline.memory.hook = None
        found = ending(pipeline, created)
        assert found == expected, f"call {number} was {kind}"


PAIRS = [
    (
        "accounts",
        "account_id,name,opco\r\nN1,Old,Kenya\r\nK000,Old,Togo\r\n",
        "account_id,name,status\r\nN1,New,inactive\r\nK000,New,inactive\r\n",
        "AccountsTable",
        {("New", "Kenya", "inactive"), ("New", "Togo", "inactive")},
    ),
    (
        "users",
        f"email,name,opco,status\r\nzoe@lumina.example,Old,Kenya,active\r\n{AMINA},Old,Togo,\r\n",
        f"email,name,status\r\nzoe@lumina.example,New,deleted\r\n{AMINA},New,inactive\r\n",
        "DirectoryTable",
        {("New", "Kenya", "deleted"), ("New", "Togo", "inactive")},
    ),
]


@pytest.mark.parametrize("is_older_inside", [True, False])
@pytest.mark.parametrize(("kind", "older", "newer", "table", "expected"), PAIRS)
def test_the_newer_of_two_interleaved_files_counts(
    pipeline: Pipeline,
    kind: str,
    older: str,
    newer: str,
    table: str,
    expected: set[tuple[str, ...]],
    is_older_inside: bool,
) -> None:
    scene(pipeline)
    first = dropped(pipeline, f"{kind}-1.csv", older.encode())
    pipeline.clock.now += 60
    second = dropped(pipeline, f"{kind}-2.csv", newer.encode())
    for created in (first, second):
        assert pipeline.validate(created) == []
    pipeline.forget()
    outer, inner = (second, first) if is_older_inside else (first, second)
    beginning = pipeline.memory.snapshot()
    counting = Mishap()
    with incident(pipeline.memory, counting):
        pipeline.assign(import_id(outer))

    for number in range(1, counting.seen + 1):
        pipeline.memory.restore(beginning)
        meeting = Mishap()
        meeting.before_call = _once(pipeline, meeting, number, inner)
        with incident(pipeline.memory, meeting):
            assert pipeline.assign(import_id(outer)) == []
        stored = pipeline.memory.dynamodb.tables[table].items.values()
        found = {
            (item["name"]["S"], item["opco"]["S"], item["status"]["S"])
            for item in stored
            if item.get("name", {}).get("S") in ("Old", "New")
        }
        assert found == expected, f"the other came at call {number}"


def _once(
    pipeline: Pipeline, meeting: Mishap, number: int, inner: ObjectCreated
) -> Callable[[], None]:
    """Processes the chunk of the inner file to its end at that call."""

    def come() -> None:
        if meeting.seen == number:
            pipeline.memory.hook = None
            assert pipeline.assign(import_id(inner)) == []
            pipeline.memory.hook = meeting

    return come
