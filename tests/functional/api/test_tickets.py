"""POST /imports: a ticket and the form of one upload."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from typing import Any

import pytest
from handover.profiles.parsing import profile_from, profile_json
from handover.profiles.presets import presets

from tests.kit.caller import EVENT, GONE, OFFICE, SALES, Api

# Written out, so that a changed limit is seen.
MAX_FILE_BYTES = 2 * 1024**3

EXPECTED = {"profile": "single-strict", "filename": "managers.csv"}


def test_the_captured_request_is_answered_with_a_ticket_and_a_form(api: Api) -> None:
    answer = api.request("POST", "/imports", raw=EVENT["body"])

    assert answer.status == 201
    ticket = answer.body["import_ticket"]
    assert re.fullmatch(r"\d{8}T\d{9}Z-[0-9a-f]{16}", ticket)
    fields = answer.body["upload"]["fields"]
    assert fields["key"] == f"in/{api.tenant}/{ticket}.csv"
    assert answer.body["upload"]["url"].endswith("/uploads")


def test_the_form_takes_one_file_of_limited_size_for_five_minutes(api: Api) -> None:
    answer = api.post("/imports", EXPECTED)

    form = json.loads(base64.b64decode(answer.body["upload"]["fields"]["policy"]))
    item = api.stack.tables.tickets.find(answer.body["import_ticket"])
    assert item is not None
    assert ["content-length-range", 1, MAX_FILE_BYTES] in form["conditions"]
    issued, expires = map(datetime.fromisoformat, (item.issued_at, answer.body["expires_at"]))
    assert (expires - issued).total_seconds() == 300
    assert abs((datetime.fromisoformat(form["expiration"]) - expires).total_seconds()) < 5


def test_the_ticket_remembers_what_was_announced_and_by_whom(api: Api) -> None:
    expected = EXPECTED | {
        "filename": r"C:\Users\joyce\Sommaire été.csv",
        "mode": "dry_run",
        "mapping": {"Kunde": "Account id"},
    }
    api.switch_on("single-strict")

    answer = api.by(OFFICE.upper()).post("/imports", expected)

    assert answer.status == 201
    item = api.stack.tables.tickets.find(answer.body["import_ticket"])
    assert item is not None
    assert (item.tenant, item.uploader) == (api.tenant, OFFICE)
    assert (item.profile, item.mode) == ("single-strict", "dry_run")
    assert item.filename == "Sommaire été.csv"
    assert json.loads(item.mapping) == {"Kunde": "Account id"}
    issued = datetime.fromisoformat(item.issued_at).timestamp()
    assert int(item.expires) - int(issued) == 90 * 24 * 3600


@pytest.mark.parametrize("more", [{}, {"on_error": "all_or_nothing"}], ids=["plain", "on_error"])
def test_an_announced_file_is_counted_and_noted_with_how_it_is_read(
    api: Api, capsys: pytest.CaptureFixture[str], more: dict[str, str]
) -> None:
    ticket = api.post("/imports", EXPECTED | {"mode": "dry_run"} | more).body["import_ticket"]

    assert '"TicketsIssued":[1.0]' in capsys.readouterr().out
    (entry,) = api.get("/audit", about=f"import {ticket}").body["entries"]
    assert entry["act"] == "file_announced"
    assert entry["after"] == EXPECTED | {"mode": "dry_run"} | more


def test_tickets_sort_by_the_time_of_their_issue(api: Api) -> None:
    first = api.post("/imports", EXPECTED).body["import_ticket"]
    second = api.post("/imports", EXPECTED).body["import_ticket"]

    assert first.partition("-")[0] <= second.partition("-")[0]
    assert first != second


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"profile": "pulse"}, "profile"),
        ({"profile": "../x"}, "profile"),
        ({"profile": "x" * 3000}, "profile"),
        ({"profile": None}, "profile"),
        ({"filename": ""}, "filename"),
        ({"filename": "folder/"}, "filename"),
        ({"filename": "x" * 256}, "filename"),
        ({"filename": "a\r\nb.csv"}, "filename"),
        ({"filename": "a\u2028b.csv"}, "filename"),
        ({"filename": 7}, "filename"),
        ({"filename": "\ud800.csv"}, "filename"),
        ({"mode": "drill"}, "mode"),
        ({"mapping": {"Kunde": "customer"}}, "mapping"),
        ({"mapping": {"x" * 70_000: "account ID"}}, "mapping"),
        ({"mapping": {"Kunde": 7}}, "mapping.Kunde"),
        ({"mapping": ["Kunde"]}, "mapping"),
        ({"dryrun": True}, "dryrun"),
    ],
)
def test_an_invalid_value_is_refused_with_its_field(
    api: Api, change: dict[str, Any], field: str
) -> None:
    answer = api.post("/imports", EXPECTED | change)

    assert answer.status == 400, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["field"] == field
    assert answer.body["status"] == 400
    assert answer.body["title"] == "Bad Request"
    assert answer.body["instance"] == "/imports"
    assert answer.body["detail"]


@pytest.mark.parametrize("missing", ["profile", "filename"])
def test_a_missing_value_is_refused_with_its_field(api: Api, missing: str) -> None:
    answer = api.post("/imports", {name: EXPECTED[name] for name in EXPECTED if name != missing})

    assert (answer.status, answer.body["field"]) == (400, missing)


@pytest.mark.parametrize("raw", ["{", "", "null", "[]", '"text"', "9" * 5000, "[" * 100_000])
def test_a_body_that_is_not_a_json_object_is_refused(api: Api, raw: str) -> None:
    answer = api.request("POST", "/imports", raw=raw)

    assert answer.status == 400, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_body_in_another_encoding_is_refused(api: Api) -> None:
    raw = base64.b64encode('{"profile": "é"}'.encode("latin-1")).decode()

    answer = api.request("POST", "/imports", raw=raw, isBase64Encoded=True)

    assert (answer.status, answer.body["field"]) == (400, "body")


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data", "text/csv"]
)
def test_a_body_of_another_content_type_is_refused(api: Api, kind: str) -> None:
    raw = base64.b64encode(b"profile=single-strict&filename=a.csv").decode()

    answer = api.request(
        "POST", "/imports", raw=raw, isBase64Encoded=True, headers={"content-type": kind}
    )

    assert answer.status == 415
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_user_without_an_uploader_role_cannot_announce_a_file(api: Api) -> None:
    api.switch_on("single-strict")

    answer = api.by(SALES).post("/imports", EXPECTED)

    assert answer.status == 403
    assert "Admin or Back Office Management" in answer.body["detail"]


@pytest.mark.parametrize("email", [GONE, "nobody@lumina.example", "", " ", "x" * 2000])
def test_a_person_who_is_not_an_active_user_may_do_nothing(api: Api, email: str) -> None:
    answer = api.by(email).post("/imports", EXPECTED)

    assert answer.status == 403
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_roles_come_from_the_directory_and_not_from_the_token(api: Api) -> None:
    api.claims["cognito:groups"] = "[Admin]"
    api.email = SALES

    assert api.post("/imports", EXPECTED).status == 403


@pytest.mark.parametrize("claimed", ["", "No Such", "lumina#x", "a" * 64])
def test_a_token_without_a_valid_tenant_is_refused(api: Api, claimed: str) -> None:
    api.claims["custom:tenant"] = claimed

    assert api.get("/imports").status == 403


def test_a_request_without_an_authorizer_is_forbidden(api: Api) -> None:
    context = {name: part for name, part in EVENT["requestContext"].items() if name != "authorizer"}
    http = context["http"] | {"method": "GET"}

    answer = api.request("GET", "/imports", requestContext=context | {"http": http})

    assert answer.status == 403


def test_a_tenants_own_profile_comes_before_the_preset(api: Api) -> None:
    own = profile_json(presets()["single-strict"]) | {"uploader_roles": ["Sales"]}
    api.stack.tables.directory.put_profile(api.tenant, profile_from(own))
    api.switch_on("single-strict")

    assert api.by(SALES).post("/imports", EXPECTED).status == 201
    assert api.post("/imports", EXPECTED).status == 403


def test_a_profile_that_does_not_exist_is_answered_with_those_that_do(api: Api) -> None:
    answer = api.post("/imports", EXPECTED | {"profile": "nightly"})

    known = ", ".join(sorted(presets()))
    assert (answer.status, answer.body["detail"]) == (
        400,
        f"there is no profile of that name, expected: {known}",
    )
