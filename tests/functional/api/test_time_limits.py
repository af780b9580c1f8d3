"""What can be asked for only so long: it is answered at the last instant, and not after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import pytest
from handover.model import Mode, User

from tests.kit.fixtures import clients_of_memory, pipeline
from tests.kit.jobs import api
from tests.kit.pipeline import ADMIN, AMINA, BARAKA, DAY, Pipeline, file_of

__all__ = ["clients_of_memory", "pipeline"]
REQUEST = {"subject": "a", "description": "b"}
# The mode of the import, the request, its answer in time, and the days since the upload.
LIMITS: dict[str, tuple[Mode, str, str, object, int, float]] = {
    "lines": (Mode.RUN, "GET", "/lines", None, 200, 400),
    "summary": (Mode.RUN, "GET", "/summary", None, 200, 400),
    "preview": (Mode.PREVIEW, "GET", "/preview", None, 200, 400),
    "undo": (Mode.RUN, "POST", "/undo", {}, 202, 390),
    "apply": (Mode.DRY_RUN, "POST", "/apply", {"mode": "run"}, 202, 1),
}


@pytest.mark.parametrize("name", LIMITS)
def test_it_is_answered_at_the_last_instant_and_not_after_it(pipeline: Pipeline, name: str) -> None:
    mode, method, path, body, status, days = LIMITS[name]
    pipeline.kenyan(1, held_by=AMINA)
    created = pipeline.upload(file_of([("K000", BARAKA)]), mode=mode)
    pipeline.run(created)
    received_at = created.version.modified
    target = f"/imports/{pipeline.item(created).pk}{path}"

    pipeline.clock.now = received_at + days * DAY
    last = api(pipeline).request(method, target, body)
    pipeline.clock.now += 1
    late = api(pipeline).request(method, target, body)

    assert last.status == status, last.text
    assert late.status in (404, 409), late.text


# What takes too long: the operation, its table if it has one, and the request, with {name} of an
# import.
SLOW: dict[str, tuple[str, str, str, str]] = {
    "entries of the audit trail": ("Query", "AuditTable", "GET", "/audit?limit=1"),
    "requests of many accounts": ("Query", "RequestsTable", "GET", "/requests"),
    "lines of an import": ("GetObject", "", "GET", "/imports/{name}/lines?q=nowhere"),
    "what users hold": ("Query", "PortfolioTable", "GET", "/imports/{name}/summary?counts=true"),
    "who else could approve": ("Query", "DirectoryTable", "POST", "/imports/{waiting}/approve"),
}


@dataclass(frozen=True)
class Slow:
    """A hook that lets half a minute pass with each call of that kind; "" is no table."""

    pipeline: Pipeline
    operation: str
    table: str

    def before(self, _: int, __: str, operation: str, params: dict[str, Any], /) -> None:
        if operation == self.operation and self.table == params.get("TableName", ""):
            self.pipeline.clock.now += 30

    def after(self, *_: Any) -> None:
        """The time has passed before."""


@pytest.mark.parametrize("name", SLOW)
def test_a_request_is_answered_in_time_when_what_it_reads_takes_too_long(
    pipeline: Pipeline, name: str
) -> None:
    operation, table, method, target = SLOW[name]
    ids = pipeline.kenyan(20, held_by=AMINA)
    pipeline.users(User("another@x.example", "Ada", frozenset({"Sales"})))
    done = pipeline.upload(file_of([("K000", BARAKA)]))
    waiting = pipeline.upload(file_of((one, "None") for one in ids))
    for created in (done, waiting):
        pipeline.run(created)
        pipeline.settle()
    for account in ("K001", "K002"):
        assert api(pipeline).post("/requests", REQUEST | {"account_id": account}).status == 201
    assert api(pipeline).request("PUT", "/workflows/Gentle").status == 200
    path, _, query = target.format(
        name=pipeline.item(done).pk, waiting=pipeline.item(waiting).pk
    ).partition("?")
    asker = api(pipeline, AMINA if path == "/requests" else ADMIN)

    pipeline.memory.hook = Slow(pipeline, operation, table)
    answer = asker.request(method, path, query=dict(parse_qsl(query)))

    assert answer.status == 503, answer.text
    assert pipeline.item(waiting).state == "awaiting_approval"
