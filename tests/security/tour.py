"""A tour of everything that functions do: each kind of file, request, mishap and dead letter.

The tests that use the tour check its calls to AWS and its log lines.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from handover import runtime
from handover.model import Account, User
from handover.store import portfolios
from handover.store.user_places import Spreading, put_mark
from msgspec.structs import replace

from functions.abandon import app as abandon
from functions.assign import app as assign
from functions.convert import app as convert
from functions.finalize import app as finalize
from functions.follow import app as follow
from functions.publish import app as publish
from functions.validate import app as validate
from tests.kit.cast import (
    INSIDERS,
    MANY,
    OUTSIDERS,
    OWN,
    OWN_PRINCIPAL,
    SALES,
    SUPPORT,
    TOGO_SALES,
    World,
)
from tests.kit.memory_aws import ServiceError
from tests.kit.mishaps import Mishap, incident
from tests.kit.payloads import load_event
from tests.kit.pipeline import HOUR, file_of, s3_event, with_body
from tests.security import jobs, questions
from tests.workbooks.builders import by_openpyxl
from tests.workbooks.raw import packed

# All personal or raw data of the tour; none of it may appear in a log.
ACCOUNT = "ACCT-4711-MBEKI"
CELL = "raw cell of Nomvula Mbeki"
FILENAME = "salaries of Nomvula Mbeki.csv"
SET_UP = (
    "/users", "/profiles", "/settings", "/roles", "/workflows", "/sources", "/subscriptions",
)  # fmt: skip


def take(world: World) -> None:
    """Runs the whole tour; nothing is checked here."""
    pipeline = world.pipeline
    held = {"account_manager": (SALES.email,)}
    pipeline.accounts(
        *(
            Account(OWN, f"{ACCOUNT}-{number}", 1, opco="Kenya", assigned=held)
            for number in range(MANY)
        )
    )
    for body in _files():
        pipeline.run(world.uploaded(INSIDERS[0], OWN, body))
    for key in (f"drop/{OWN}/erp/{FILENAME}", f"drop/{OWN}/crm/{FILENAME}", f"in/{FILENAME}"):
        pipeline.run(pipeline.put(key, _good(0), principal=OWN_PRINCIPAL))
    _tell(world)
    _ask(world)
    _decide(world)
    _check_first(world)
    _guard(world)
    _be_late(world)
    _give_up(world)
    _fail(world)
    _be_busy(world)
    _park(world)
    _set_up(world)
    jobs.run(world)
    _bar(world)
    _leave_open(world)
    pipeline.publish()
    _spread(world)


def _good(number: int) -> bytes:
    return file_of([(f"{ACCOUNT}-{number}", TOGO_SALES.email), (f"{ACCOUNT}-1", "None")])


def _files() -> list[bytes]:
    header = "account ID,account Manager,note\r\n"
    line = f"{ACCOUNT}-0,{SALES.email},{CELL}\r\n"
    twice = f"{header}{line}{ACCOUNT}-0,None,{CELL}\r\n{line}"
    return [
        f"{header}{line}{ACCOUNT}-1,sm.sales@lumina.example,{CELL}\r\n".encode(),
        twice.encode(),
        file_of((f"{ACCOUNT}-{number}", "None") for number in range(MANY)),
        f"{header}{ACCOUNT}-2,None,{CELL}\r\n".encode("utf-16"),
        f'{header}{line}{ACCOUNT}-3,"{CELL}\r\n'.encode(),
        f"{CELL},{SALES.email}\r\n{line}".encode(),
        f"{header}{line}".encode() + b"\xff\x81",
        b"",
        by_openpyxl([("account ID", "account Manager", "note"), (f"{ACCOUNT}-2", CELL, CELL)]),
        by_openpyxl([(CELL,), ("=1+1", CELL), (f"{ACCOUNT}-3", CELL, CELL)], "formula"),
        packed({"xl/workbook.xml": f"<{CELL}".encode()}),
    ]


def _tell(world: World) -> None:
    """Directory files: new records, changes, and errors."""
    pipeline = world.pipeline
    for name, lines in (
        ("accounts", f"account_id,name\r\n{ACCOUNT}-0,{CELL}\r\n{ACCOUNT}-new,{CELL}\r\n,{CELL}"),
        ("users", f"email,name,login_name\r\nnew.mbeki@lumina.example,{CELL},{CELL}\r\n{CELL},,"),
        ("users", f"email,status,login_name\r\nnew.mbeki@lumina.example,deleted,{CELL}-2"),
    ):
        key = f"directory/{OWN}/erp/{name} {FILENAME}"
        pipeline.run(pipeline.put(key, lines.encode(), principal=OWN_PRINCIPAL))
    # A login name that its user has given up can go to another user, after a while.
    pipeline.clock.now += 2 * HOUR
    lines = f"email,login_name\r\nnewer.mbeki@lumina.example,{CELL}"
    key = f"directory/{OWN}/erp/users {FILENAME}"
    pipeline.run(pipeline.put(key, lines.encode(), principal=OWN_PRINCIPAL))


def _ask(world: World) -> None:
    """Every request, by a user with and by one without the right."""
    ended = world.names[OWN]["ended"]
    for actor in (INSIDERS[0], OUTSIDERS[1], OUTSIDERS[-1]):
        for path in (
            "/imports",
            f"/imports/{ended}",
            f"/imports/{world.names[OWN]['ticket']}",
            f"/imports/{ended}/report",
            f"/imports/{ended}/results",
            "/profiles",
            "/profiles/single-strict/template",
            f"/accounts/{ACCOUNT}-0",
            f"/accounts/{ACCOUNT}-0/history",
            f"/accounts?id={ACCOUNT}-0&at=2026-11-22",
            f"/accounts?holder={SALES.email}",
            "/accounts?status=active",
            f"/history?account_id={ACCOUNT}-0",
            f"/portfolios/{SALES.email}",
            f"/nowhere/{SALES.email}",
        ):
            world.ask(actor, "GET", path)
        for names in (SALES.email, TOGO_SALES.email, CELL):
            edit = {"profile": "single-strict", "assign": {"account_manager": names}}
            world.ask(actor, "PATCH", f"/accounts/{ACCOUNT}-0", edit)
        expected = {"account_id": f"{ACCOUNT}-0", "subject": CELL, "description": CELL}
        request = world.ask(actor, "POST", "/requests", expected).body.get("request_id", "x")
        world.ask(actor, "POST", f"/requests/{request}/notes", {"text": CELL})
        for path in (f"/requests/{request}", f"/requests?account_id={ACCOUNT}-0", "/requests"):
            world.ask(actor, "GET", path)
        world.ask(actor, "POST", "/imports", {"profile": CELL, "filename": FILENAME})
        world.ask(actor, "POST", "/imports", {"profile": "single-strict", SALES.email: CELL})
    world.ask(INSIDERS[2], "GET", "/requests")


def _set_up(world: World) -> None:
    """Every route of people and settings, by an Admin and by a user without the right."""
    questions.ask(world, *SET_UP)
    _edit_a_user(world)


def _edit_a_user(world: World) -> None:
    """A sign-in that is blocked and unblocked, other roles, and names that others had."""
    admin, path = INSIDERS[0], f"/users/{TOGO_SALES.email}"
    known = {"name": TOGO_SALES.name, "login_name": "didier"}
    directory, deadline = world.pipeline.resources.tables.directory, world.pipeline.deadline
    # A file that removes a login name leaves its entry in the index.
    for login in ("didier", ""):
        directory.put_users(OWN, [replace(SUPPORT, login_name=login)], deadline)
    for more in (
        {"roles": ["Sales"]},
        {"roles": [], "status": "inactive"},
        {"roles": ["Sales"], "name": "Didier K", "login_name": "dk"},
    ):
        world.ask(admin, "PUT", path, known | more)


def _bar(world: World) -> None:
    """Files that block a sign-in, and unblock it with another role."""
    pipeline = world.pipeline
    for cells in ("inactive,Sales", "active,Support"):
        pipeline.clock.now += 1
        body = f"email,status,roles\r\n{TOGO_SALES.email},{cells}\r\n".encode()
        pipeline.run(world.uploaded(INSIDERS[0], OWN, body, "directory-users"))
        pipeline.follow()


def _leave_open(world: World) -> None:
    """Acts that are cut off, their closing by the sweep, and an Admin's reading of them."""
    pipeline, admin = world.pipeline, INSIDERS[0]
    barred = {"name": TOGO_SALES.name, "roles": ["Sales"], "status": "inactive"}
    with incident(pipeline.memory, Mishap("AdminDisableUser", kill_before=1)):
        world.ask(admin, "PUT", f"/users/{TOGO_SALES.email}", barred)
    body = {"profile": "single-strict", "to": SALES.email, "account_ids": [f"{ACCOUNT}-0"]}
    with incident(pipeline.memory, Mishap("PutObject", kill_before=1)):
        world.ask(admin, "POST", "/assignments", body)
    pipeline.clock.now += HOUR
    pipeline.sweep("audit")
    world.ask(admin, "GET", "/audit")


def _spread(world: World) -> None:
    """A large portfolio and a large tenant, both partly moved."""
    pipeline = world.pipeline
    held = {"account_manager": (SALES.email,)}
    pipeline.accounts(Account(OWN, f"{ACCOUNT}-large", 1, opco="Kenya", assigned=held))
    pipeline.publish()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KEY_LAYOUT", "spread")
        patch.setattr(portfolios, "SPREAD_FROM_CHANGES", 1)
        patch.setattr(portfolios, "LARGE_FROM", 1)
        runtime.resources.cache_clear()
        body = file_of([(f"{ACCOUNT}-large", "None")])
        pipeline.run(world.uploaded(INSIDERS[0], OWN, body))
        pipeline.publish()
    runtime.resources.cache_clear()
    world.ask(INSIDERS[0], "GET", f"/portfolios/{SALES.email}")
    put_mark(pipeline.resources.tables.directory.table, OWN, Spreading.SPREAD, pipeline.clock.now)
    body = f"email,name\r\nspread.mbeki@lumina.example,{CELL}\r\n".encode()
    pipeline.run(world.uploaded(INSIDERS[0], OWN, body, "directory-users"))
    pipeline.follow()
    world.ask(INSIDERS[0], "GET", "/users")


def _decide(world: World) -> None:
    names = world.names[OWN]
    world.ask(INSIDERS[0], "POST", f"/imports/{names['waiting']}/approve")
    world.ask(INSIDERS[0], "POST", f"/imports/{names['running']}/cancel")
    world.ask(INSIDERS[1], "POST", f"/imports/{names['ticket']}/cancel")
    world.pipeline.run()


def _check_first(world: World) -> None:
    """Files that are checked and then applied, one of them after a dead letter."""
    pipeline = world.pipeline
    for number in (5, 6):
        body = file_of([(f"{ACCOUNT}-{number}", "None")])
        checked = world.uploaded(INSIDERS[0], OWN, body, on_error="all_or_nothing")
        pipeline.validate(checked)
        pipeline.assign(pipeline.item(checked).pk)
        pipeline.forget()
        letter = {"v": 1, "import_id": pipeline.item(checked).pk}
        if number == 5:
            pipeline.abandon(with_body("abandon-finalize", letter))
        else:
            pipeline.finalize(pipeline.item(checked).pk)


def _guard(world: World) -> None:
    """A file that exceeds the limits of changes."""
    limits = {
        "tenant_guard_percent": 99,
        "portfolio_guard_percent": 50,
        "change_guard_lines": 0,
    }
    world.ask(INSIDERS[0], "PATCH", "/settings", limits)
    body = file_of([(f"{ACCOUNT}-{MANY - 1}", "None")])
    world.pipeline.run(world.uploaded(INSIDERS[0], OWN, body))
    world.pipeline.settle()
    usual = {"tenant_guard_percent": 100, "portfolio_guard_percent": 100}
    world.ask(INSIDERS[0], "PATCH", "/settings", usual)


def _be_late(world: World) -> None:
    """Lost messages and events, so that the sweeper checks everything."""
    pipeline = world.pipeline
    lost = world.uploaded(INSIDERS[0], OWN, _good(4))
    unworked = world.uploaded(INSIDERS[0], OWN, _good(5))
    pipeline.validate(unworked)
    unended = world.uploaded(INSIDERS[0], OWN, _good(6))
    pipeline.validate(unended)
    pipeline.assign(pipeline.item(unended).pk)
    pipeline.forget()
    pipeline.clock.now += HOUR
    pipeline.sweep("imports")
    pipeline.sweep("uploads")
    pipeline.run()
    assert pipeline.item(lost).state


def _give_up(world: World) -> None:
    """Dead letters of every queue."""
    pipeline = world.pipeline
    pipeline.abandon(s3_event(world.uploaded(INSIDERS[0], OWN, _good(7)), "abandon-intake"))
    dropped = pipeline.put(f"drop/{OWN}/erp/{FILENAME}", _good(7), principal=OWN_PRINCIPAL)
    pipeline.abandon(s3_event(dropped, "abandon-intake"))
    worked = world.uploaded(INSIDERS[0], OWN, _good(8))
    pipeline.validate(worked)
    name = pipeline.item(worked).pk
    with incident(pipeline.memory, Mishap("GetObject", kill_after=1)):
        _shielded(pipeline.assign, name)
    pipeline.clock.now += HOUR
    created = pipeline.put(
        f"directory/{OWN}/erp/users {FILENAME}",
        f"email,name\r\n{SALES.email},{CELL}".encode(),
        principal=OWN_PRINCIPAL,
    )
    pipeline.validate(created)
    with incident(pipeline.memory, Mishap("GetObject", kill_after=1)):
        _shielded(pipeline.assign, pipeline.item(created).pk)
    pipeline.clock.now += HOUR
    letter = {"v": 1, "import_id": pipeline.item(created).pk, "chunk": 1}
    pipeline.abandon(with_body("abandon-chunk", letter))
    letter = {"v": 1, "import_id": name}
    pipeline.abandon(with_body("abandon-chunk", {**letter, "chunk": 1}))
    pipeline.abandon(with_body("abandon-finalize", letter))
    stray = pipeline.put(f"stray/{FILENAME}", _good(9))
    pipeline.validate(stray)
    letter = {"v": 1, "import_id": pipeline.item(stray).pk}
    pipeline.abandon(with_body("abandon-finalize", letter))
    pipeline.run()


def _shielded(step: Any, *given: Any) -> None:
    try:
        step(*given)
    except BaseException as stopped:
        if type(stopped).__name__ != "KilledError":
            raise


def _be_busy(world: World) -> None:
    """Services that stay busy: messages are first hidden, and finally put off."""
    pipeline = world.pipeline
    created = world.uploaded(INSIDERS[0], OWN, _good(7))
    name = pipeline.item(created).pk if pipeline.validate(created) == [] else ""
    other = world.uploaded(INSIDERS[0], OWN, _good(8))
    _convert_while_busy(world)
    chunk = {"v": 1, "import_id": name, "chunk": 1}
    for handler, event in (
        (validate.lambda_handler, s3_event(other)),
        (assign.lambda_handler, with_body("assign-chunk", chunk)),
        (finalize.lambda_handler, with_body("finalize-import", {"v": 1, "import_id": name})),
    ):
        for deliveries in ("1", "4"):
            event["Records"][0]["attributes"]["ApproximateReceiveCount"] = deliveries
            with incident(pipeline.memory, Mishap("GetItem", before_call=_throttle)):
                pipeline.invoke(handler, event, 30.0)
            pipeline.clock.now += HOUR
    pipeline.run(created, other)


def _convert_while_busy(world: World) -> None:
    """The conversion of a workbook while S3 stays busy, because it uses no table."""
    pipeline = world.pipeline
    created = world.uploaded(INSIDERS[0], OWN, by_openpyxl([("account ID", "account Manager")]))
    pipeline.validate(created)
    (body,) = pipeline.waiting("ConvertQueue")
    event = with_body("convert-workbook", body)
    for deliveries in ("1", "4"):
        event["Records"][0]["attributes"]["ApproximateReceiveCount"] = deliveries
        with incident(pipeline.memory, Mishap("GetObject", before_call=_slow_down)):
            pipeline.invoke(convert.lambda_handler, event, 30.0)
    pipeline.run()


def _slow_down() -> None:
    raise ServiceError("SlowDown", f"busy with {CELL}", 503)


def _throttle() -> None:
    raise ServiceError("ThrottlingException", f"busy with {CELL}")


def _park(world: World) -> None:
    """Records that cannot be processed, and their later replay."""
    pipeline = world.pipeline
    pipeline.publish()
    pipeline.follow()
    held = {"account_manager": (SALES.email,)}
    pipeline.accounts(Account(OWN, f"{ACCOUNT}-parked", 1, assigned=held))
    pipeline.users(User(SALES.email, CELL, frozenset({"Sales"}), is_active=False), tenant=OWN)
    for handler, run, operation in (
        (publish.lambda_handler, pipeline.publish, "BatchExecuteStatement"),
        (follow.lambda_handler, pipeline.follow, "BatchGetItem"),
    ):
        with incident(pipeline.memory, Mishap(operation, before_call=_refuse)):
            run()
        pipeline.invoke(handler, {"replay": True})
    pipeline.users(User(SALES.email, CELL, frozenset({"Sales"})), tenant=OWN)


def _refuse() -> None:
    raise ServiceError("ValidationException", f"bad item {CELL} {SALES.email}", 400)


def _fail(world: World) -> None:
    """Outages whose error texts quote the request, and invalid messages."""
    pipeline = world.pipeline

    created = world.uploaded(INSIDERS[0], OWN, _good(9))
    for operation in ("GetObject", "ListObjectVersions", "UpdateItem", "BatchWriteItem"):
        with incident(pipeline.memory, Mishap(operation, before_call=_refuse)):
            pipeline.validate(created)
    pipeline.clock.now += HOUR
    pipeline.validate(created)
    name = pipeline.item(created).pk
    for operation in ("BatchGetItem", "BatchExecuteStatement", "PutObject"):
        with incident(pipeline.memory, Mishap(operation, before_call=_refuse)):
            pipeline.assign(name)
        pipeline.clock.now += HOUR
    pipeline.assign(name)
    for operation in ("PutObject", "Publish"):
        with incident(pipeline.memory, Mishap(operation, before_call=_refuse)):
            pipeline.finalize(name)
    pipeline.finalize(name)
    with incident(pipeline.memory, Mishap(before_call=_refuse)):
        world.ask(INSIDERS[0], "GET", f"/accounts/{ACCOUNT}-0")
    for body in (f'{{"{CELL}": "{SALES.email}"}}', f"{CELL}{{", json.dumps([SALES.email])):
        event = load_event("validate-ticket")
        event["Records"][0]["body"] = body
        pipeline.invoke(abandon.lambda_handler, event)
        pipeline.invoke(validate.lambda_handler, event)
    pipeline.forget()
