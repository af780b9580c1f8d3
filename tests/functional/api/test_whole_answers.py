"""Requests one after the other, whole as recorded.

Each has its answer, its metrics, what it asks of AWS, and its audit entry.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from handover.model import Mode
from handover.runtime import rfc3339

from tests.kit.caller import Answer
from tests.kit.fixtures import clients_of_memory, pipeline
from tests.kit.jobs import PATIENT, allow_pending, api
from tests.kit.pipeline import ADMIN, AMINA, BARAKA, MINUTE, ROLE, SALES, Pipeline, file_of
from tests.kit.recorded import assert_as_recorded

__all__ = ["clients_of_memory", "pipeline"]
Asked = tuple[tuple[str, str, str, object], ...]
PROFILE = "single-strict"
NAMES = (
    (re.compile(r"\bedit-[0-9a-f-]{36}"), "EDIT"),
    (re.compile(r"[0-9A-Z]{8,}-[0-9a-f]{16}"), "TICKET"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "IMPORT"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "NAME"),
    # Its phrase differs between versions of Python.
    (re.compile(r"Unprocessable \w+"), "Unprocessable"),
)
CURSOR = re.compile(r'(?<="cursor": ")[\w-]+')
SIGNED = {"AWSAccessKeyId", "Signature", "X-Amz-Signature", "X-Amz-Date", "X-Amz-Credential"}
USER = {"email": "new.one@x.example", "name": "New One", "roles": ["Sales", "Back Office"]}
SOURCE = {
    "profile": PROFILE,
    "principal": "AROAERPEXAMPLE",
    "mapping": {"Kunde": "account ID"},
    "on_error": "all_or_nothing",
}
REQUEST = {"account_id": "K000", "subject": " a ", "description": "b", "contact": " c "}
SAMPLE = "Customer ID,Manager,Remark\nK000,ana@x.example,x\n,b,\nK001,None,\nK002,,\n"
ACCOUNTS = (
    b"account_id,name,customer_id,opco,status,portals,account_manager\r\n"
    b"N1,Acme,C-1,Kenya,inactive,shop;desk,amina.otieno@lumina.example\r\n"
    b"K020,Bolt,,Kenya,active,desk,\r\nN2,,,,wrong,,\r\n"
)
USERS = (
    b"email,name,roles,opco,status,employee_id,phone,mobile,login_name\r\n"
    b"neema.juma@x.example,Neema Juma,Sales,Kenya,active,E-1,1,2,njuma\r\n"
)
# Who asks what; {name} is an import or a request of `begun`.
ACTS: Asked = (
    (ADMIN, "PATCH", "/settings", {"profiles": [PROFILE], "clear_guard_lines": 3}),
    (ADMIN, "PATCH", "/settings", {"default_account_manager": AMINA.upper()}),
    (ADMIN, "PATCH", "/settings", {"default_account_manager": "nobody@x.example"}),
    (ADMIN, "PATCH", "/settings", {"default_account_manager": ""}),
    (SALES, "PATCH", "/settings", {"clear_guard_lines": 4}),
    (ADMIN, "PUT", "/roles/owner", {"max_users": 2, "assigned_by": ["Sales", "Admin"]}),
    (ADMIN, "PUT", "/roles/workflow", {"max_users": 2}),
    (ADMIN, "PUT", "/roles/Owner", {}),
    (ADMIN, "GET", "/roles/owner", None),
    (ADMIN, "DELETE", "/roles/owner", None),
    (ADMIN, "DELETE", "/roles/owner", None),
    (ADMIN, "PUT", "/workflows/Gentle", None),
    (ADMIN, "DELETE", "/workflows/Gentle", None),
    (ADMIN, "PUT", "/sources/erp", SOURCE),
    (ADMIN, "PUT", "/sources/user", SOURCE),
    (ADMIN, "PUT", "/sources/crm", SOURCE | {"profile": "directory-users"}),
    (ADMIN, "GET", "/sources/erp", None),
    (ADMIN, "DELETE", "/sources/erp", None),
    (ADMIN, "POST", f"/profiles/{PROFILE}/copies", {"name": "own", "title": "Own"}),
    (ADMIN, "POST", f"/profiles/{PROFILE}/copies", {"name": "own", "title": "Own"}),
    (ADMIN, "PATCH", "/settings", {"profiles": [PROFILE, "own"]}),
    (ADMIN, "DELETE", "/profiles/own", None),
    (ADMIN, "POST", "/users", USER),
    (ADMIN, "POST", "/users", USER | {"name": "Another"}),
    (ADMIN, "PUT", "/users/new.one@x.example", {"name": "New Two", "roles": [], "phone": " 1 "}),
    (ADMIN, "PUT", f"/users/{ADMIN}", {"name": "Ines", "roles": ["Sales"]}),
    (ADMIN, "POST", "/users/new.one@x.example/invitation", None),
    (ADMIN, "DELETE", "/users/new.one@x.example", None),
    (ADMIN, "DELETE", f"/users/{ADMIN}", None),
    (ADMIN, "POST", "/users/delete", {"emails": ["nobody@x.example"]}),
    (ADMIN, "PATCH", "/accounts/K000", {"profile": PROFILE, "assign": {ROLE: BARAKA}}),
    (ADMIN, "PATCH", "/accounts/K000", {"profile": PROFILE, "assign": {ROLE: "nobody"}}),
    (
        ADMIN,
        "PATCH",
        "/accounts/K001",
        {"profile": PROFILE, "assign": {ROLE: None}, "dry_run": True},
    ),
    (ADMIN, "POST", "/assignments", {"profile": PROFILE, "to": BARAKA, "account_ids": ["K001"]}),
    (
        ADMIN,
        "POST",
        "/assignments",
        {"profile": PROFILE, "to": None, "held_by": AMINA, "mode": "dry_run"},
    ),
    (ADMIN, "POST", "/assignments", {"profile": PROFILE, "to": BARAKA}),
    (ADMIN, "POST", "/imports/{done}/undo", {}),
    (ADMIN, "POST", "/imports/{waiting}/undo", {}),
    (ADMIN, "POST", "/imports/{done}/corrections", {"lines": {"4": {"account Manager": SALES}}}),
    (ADMIN, "POST", "/imports/{dry}/apply", {"mode": "run"}),
    (ADMIN, "POST", "/imports/{done}/apply", {"mode": "run"}),
    (SALES, "POST", "/imports/{waiting}/approve", {"reason": "x"}),
    (ADMIN, "POST", "/imports/{waiting}/approve", {"reason": "looks\ngood"}),
    (ADMIN, "POST", "/imports/{waiting}/approve", {}),
    (ADMIN, "POST", "/imports/{other}/cancel", {"reason": "wrong file"}),
    (ADMIN, "POST", "/imports/{other}/cancel", {}),
    (ADMIN, "POST", "/imports/{ticket}/cancel", {"reason": "too late"}),
    (SALES, "POST", "/imports/{done}/cancel", {}),
    (ADMIN, "POST", "/requests", REQUEST),
    (SALES, "POST", "/requests", REQUEST),
    (ADMIN, "POST", "/subscriptions", {"endpoint": "ana@x.example"}),
    (SALES, "GET", "/subscriptions", None),
)
# Who reads what of them.
READS: Asked = (
    (ADMIN, "GET", "/imports/{done}/report", None),
    (ADMIN, "GET", "/imports/{done}/report?format=xlsx", None),
    (ADMIN, "GET", "/imports/{done}/results", None),
    (ADMIN, "GET", "/imports/{users}/report", None),
    (ADMIN, "GET", "/imports/{users}/results", None),
    (SALES, "GET", "/imports/{done}/results", None),
    (ADMIN, "GET", "/imports/{preview}/results", None),
    (ADMIN, "GET", "/imports/{ticket}/results", None),
    (ADMIN, "GET", "/imports/{preview}/preview", None),
    (ADMIN, "GET", "/imports/{done}/preview", None),
    (ADMIN, "GET", "/imports?mode=dry_run", None),
    (ADMIN, "GET", "/imports?state=error&uploader=INES&source=user", None),
    (ADMIN, "GET", "/imports?since=2026-11-21&until=2026-11-21", None),
    (ADMIN, "GET", "/imports/days?days=3", None),
    (ADMIN, "GET", "/imports/{accounts}/lines", None),
    (ADMIN, "GET", "/imports/{accounts}/lines?opco=kenya", None),
    (ADMIN, "GET", "/imports/{accounts}/summary", None),
    (ADMIN, "GET", "/imports/{users}/lines", None),
    (ADMIN, "GET", "/imports/{awaited}/lines", None),
    (ADMIN, "GET", "/imports/{awaited}/summary?counts=true", None),
    (ADMIN, "GET", "/imports/{done}/lines?outcome=rejected", None),
    (ADMIN, "GET", "/imports/{done}/lines?code=USER_NOT_FOUND", None),
    (ADMIN, "GET", "/imports/{done}/lines?q=k001", None),
    (ADMIN, "GET", f"/imports/{{done}}/lines?manager={BARAKA}", None),
    (ADMIN, "GET", "/accounts?beginning=N&export=true", None),
    (ADMIN, "GET", "/accounts?portal=desk&status=inactive&export=true", None),
    (ADMIN, "GET", f"/accounts?holder={BARAKA}&role={ROLE}&export=true", None),
    (ADMIN, "GET", "/accounts?id=N1&export=true", None),
    (ADMIN, "GET", "/accounts?role=viewer", None),
    (ADMIN, "GET", "/accounts?id=K000&at=2026-11-22T10:00:30Z", None),
    (ADMIN, "GET", "/accounts/K000?at=2026-11-21", None),
    (ADMIN, "GET", "/accounts/K000?at=yesterday", None),
    (ADMIN, "GET", "/accounts/K000/history", None),
    (ADMIN, "GET", f"/portfolios/{BARAKA}", None),
    (ADMIN, "GET", "/portfolios/nobody@x.example", None),
    (ADMIN, "GET", "/portals/desk/managers", None),
    (ADMIN, "GET", "/pending", None),
    (ADMIN, "GET", "/pending/addresses", None),
    (ADMIN, "GET", "/users?name=neema&counts=true", None),
    (ADMIN, "GET", "/users/neema.juma@x.example", None),
    (ADMIN, "GET", "/users/nobody@x.example", None),
    (ADMIN, "GET", "/roles", None),
    (ADMIN, "GET", "/profiles", None),
    (ADMIN, "GET", f"/profiles/{PROFILE}", None),
    (ADMIN, "GET", "/profiles/nobodys", None),
    (ADMIN, "POST", f"/profiles/{PROFILE}/sample", {"text": SAMPLE}),
    (ADMIN, "POST", f"/profiles/{PROFILE}/sample", {"text": "a;b"}),
    (ADMIN, "POST", "/profiles/directory-accounts/sample", {"text": "account_id,name\nN1,Acme\n"}),
    (ADMIN, "GET", "/imports/{done}", None),
    (ADMIN, "GET", "/imports/{ticket}", None),
    (ADMIN, "GET", "/imports/{done}/lines", None),
    (ADMIN, "GET", "/imports/{done}/summary", None),
    (ADMIN, "GET", "/accounts/K002", None),
    (ADMIN, "GET", "/imports?limit=2", None),
    (ADMIN, "GET", "/accounts?limit=3", None),
    (ADMIN, "GET", "/users?limit=2", None),
    (ADMIN, "GET", f"/profiles/{PROFILE}/template", None),
    (ADMIN, "GET", "/history?account_id=K000&limit=1", None),
    (ADMIN, "GET", "/managers?portal=desk", None),
    (ADMIN, "GET", "/settings", None),
    (ADMIN, "GET", "/workflows", None),
    (ADMIN, "GET", "/sources", None),
    (ADMIN, "GET", "/requests", None),
    (SALES, "GET", "/requests", None),
    (ADMIN, "GET", "/audit?limit=2", None),
    (ADMIN, "PATCH", "/accounts?id=K002", {"profile": PROFILE, "assign": {ROLE: BARAKA}}),
)


def begun(pipeline: Pipeline) -> dict[str, str]:
    """Imports of every kind, by a name for each."""
    ids = pipeline.kenyan(30, held_by=AMINA)
    some = [("K000", BARAKA), ("K001", AMINA), ("K002", "nobody@x.example")]
    clearing = file_of((one, "None") for one in ids)
    files = {
        "done": pipeline.upload(file_of(some)),
        "dry": pipeline.upload(file_of([("K003", BARAKA)]), mode=Mode.DRY_RUN),
        "waiting": pipeline.upload(clearing, pipeline.ticket(uploader=ADMIN)),
    }
    allow_pending(pipeline)
    awaited = file_of([("K004", "new@x.example"), ("K005", "pending:x")])
    files |= {
        "preview": pipeline.upload(file_of(some), mode=Mode.PREVIEW),
        "accounts": pipeline.upload(ACCOUNTS, pipeline.ticket(profile="directory-accounts")),
        "users": pipeline.upload(USERS, pipeline.ticket(profile="directory-users")),
        "awaited": pipeline.upload(awaited, pipeline.ticket(profile=PATIENT)),
    }
    found = {}
    for name, created in files.items():
        pipeline.run(created)
        pipeline.settle()
        pipeline.clock.now += MINUTE
        found[name] = pipeline.item(created).pk
    other = pipeline.upload(clearing + b"\r\n")
    pipeline.run(other)
    return found | {"other": pipeline.item(other).pk, "ticket": pipeline.ticket()}


def plain(value: object) -> str:
    """The value as JSON, with names of this run left out."""
    text = CURSOR.sub(_decoded, json.dumps(value, ensure_ascii=False, sort_keys=False))
    for pattern, name in NAMES:
        text = pattern.sub(name, text)
    return text


def _decoded(cursor: re.Match[str]) -> str:
    return base64.urlsafe_b64decode(cursor[0] + "==").decode()


def said(answer: Answer) -> str:
    """The body of the answer, or where it leads."""
    if answer.headers.get("Content-Type", "").startswith("text/"):
        return plain(answer.text)
    return plain(answer.body) if answer.text else led(answer)


def led(answer: Answer) -> str:
    """Where the answer leads, without what signs the link."""
    link = urlsplit(answer.headers.get("location", ""))
    query = {name: one for name, one in parse_qsl(link.query) if name not in SIGNED}
    return plain([link.path, query])


def counted(out: str) -> dict[str, Any]:
    """The metrics that were printed, but for those of every request."""
    found: dict[str, Any] = {}
    for line in out.splitlines():
        if line.startswith("{") and "_aws" in line:
            sent = json.loads(line)
            for one in sent["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                found[one["Name"]] = [sent[one["Name"]], one["Unit"]]
    return {name: one for name, one in sorted(found.items()) if name != "RequestsAnswered"}


class Calls:
    """A hook of the AWS in memory: what was called, and how much of it was asked for."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def before(self, _number: int, _service: str, operation: str, params: dict[str, Any]) -> None:
        keys = sum(
            len(of["Keys"]) for of in params.get("RequestItems", {}).values() if "Keys" in of
        )
        batch = params.get("RequestItems", ())
        words = [operation, params.get("TableName", "") or "+".join(sorted(batch))]
        words += [params["IndexName"]] if "IndexName" in params else []
        words += [f"{keys} keys"] if keys else []
        words += [f"limit {params['Limit']}"] if "Limit" in params else []
        words += ["consistent"] if params.get("ConsistentRead") else []
        words += ["a part"] if "Range" in params else []
        self.made.append(" ".join(filter(None, words)))

    def after(self, *_operation: object) -> None:
        return None


@pytest.mark.parametrize(
    ("name", "asked"), [("acts", ACTS), ("reads", READS)], ids=["acts", "reads"]
)
def test_each_request_is_answered_counted_and_noted_as_recorded(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str], name: str, asked: Asked
) -> None:
    names = begun(pipeline)
    lines: list[str] = []
    for email, method, path, body in asked:
        pipeline.clock.now += 1
        address, _, query = path.format(**names).partition("?")
        capsys.readouterr()
        pipeline.memory.hook = calls = Calls()
        answer = api(pipeline, email).request(
            method, address, body, query=dict(parse_qsl(query)) or None
        )
        pipeline.memory.hook = None
        lines.append(f"{email.partition('@')[0]} {method} {path} {plain(body)}")
        lines.append(f"  {answer.status} {said(answer)}")
        lines.append(f"  counted {counted(capsys.readouterr().out)}")
        lines.append(f"  calls {', '.join(sorted(calls.made))}")
        lines += [f"  noted {one}" for one in noted(pipeline)]

    assert_as_recorded(Path(__file__).with_name(f"{name}.txt"), "\n".join(lines) + "\n")


def noted(pipeline: Pipeline) -> list[str]:
    """The entries of this moment in the audit trail."""
    found = api(pipeline).get("/audit", limit="5").body["entries"]
    return sorted(plain(one) for one in found if one["at"] == rfc3339(pipeline.clock.now))
