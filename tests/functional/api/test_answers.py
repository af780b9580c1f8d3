"""What every answer has, and what no answer reveals."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest
from botocore.exceptions import EndpointConnectionError
from handover.deadline import Deadline

from tests.functional.api.test_imports import an_import, assert_problem
from tests.kit.caller import ADMIN, Answer, Api

ROUTES = {
    ("/imports", "post"),
    ("/imports", "get"),
    ("/imports/{name}", "get"),
    ("/imports/{name}/approve", "post"),
    ("/imports/{name}/cancel", "post"),
    ("/imports/{name}/report", "get"),
    ("/imports/{name}/results", "get"),
    ("/imports/{name}/lines", "get"),
    ("/imports/{name}/summary", "get"),
    ("/imports/{name}/preview", "get"),
    ("/imports/{name}/undo", "post"),
    ("/imports/{name}/apply", "post"),
    ("/imports/{name}/corrections", "post"),
    ("/assignments", "post"),
    ("/pending", "get"),
    ("/profiles", "get"),
    ("/profiles/{profile}", "get"),
    ("/profiles/{profile}", "put"),
    ("/profiles/{profile}", "delete"),
    ("/profiles/{profile}/copies", "post"),
    ("/profiles/{profile}/template", "get"),
    ("/accounts", "get"),
    ("/accounts", "patch"),
    ("/audit", "get"),
    ("/imports/days", "get"),
    ("/pending/addresses", "get"),
    ("/profiles/{profile}/sample", "post"),
    ("/subscriptions", "get"),
    ("/subscriptions", "post"),
    ("/history", "get"),
    ("/accounts/{account_id}", "get"),
    ("/accounts/{account_id}", "patch"),
    ("/accounts/{account_id}/history", "get"),
    ("/managers", "get"),
    ("/portals/{portal}/managers", "get"),
    ("/portfolios/{email}", "get"),
    ("/requests", "get"),
    ("/requests", "post"),
    ("/requests/{request_id}", "get"),
    ("/requests/{request_id}/notes", "post"),
    ("/users", "get"),
    ("/users", "post"),
    ("/users/delete", "post"),
    ("/users/{email}", "get"),
    ("/users/{email}/invitation", "post"),
    ("/users/{email}", "put"),
    ("/users/{email}", "delete"),
    ("/settings", "get"),
    ("/settings", "patch"),
    *(
        (path, method)
        for many, one in (
            ("/roles", "/roles/{role}"),
            ("/workflows", "/workflows/{name}"),
            ("/sources", "/sources/{source}"),
        )
        for path, method in ((many, "get"), (one, "get"), (one, "put"), (one, "delete"))
    ),
}


def answers(api: Api) -> list[Answer]:
    return [
        api.get("/imports"),
        api.get("/imports/x"),
        api.get("/nowhere"),
        api.get("/openapi.json"),
        api.post("/imports", {}),
        api.by("nobody@lumina.example").get("/imports"),
        api.get("/profiles/single-strict/template"),
    ]


def test_no_cache_keeps_an_answer_and_no_browser_guesses_its_type(api: Api) -> None:
    for answer in answers(api):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/nowhere"), ("POST", "/imports/x/y"), ("POST", "/roles/x/y")],
)
def test_an_unknown_route_is_not_found(api: Api, method: str, path: str) -> None:
    answer = api.request(method, path)

    assert_problem(answer, 404)
    assert answer.body["instance"] == path


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/imports", "GET, POST"),
        ("GET", "/imports/x/cancel", "POST"),
        ("HEAD", "/accounts/x", "GET, PATCH"),
        ("POST", "/openapi.json", "GET"),
        ("PATCH", "/users/delete", "POST"),
        ("PATCH", "/users/a@x.example", "DELETE, GET, PUT"),
    ],
)
def test_a_wrong_method_is_answered_with_the_allowed_ones(
    api: Api, method: str, path: str, allowed: str
) -> None:
    answer = api.request(method, path)

    assert_problem(answer, 405)
    assert answer.headers["allow"] == allowed
    assert answer.body["detail"] == f"method: found {method}, expected {allowed}"


def test_the_description_of_the_api_has_every_route_and_needs_no_token(api: Api) -> None:
    answer = api.by("").get("/openapi.json")

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    described = answer.body
    assert described["openapi"].startswith("3.1")
    assert {
        (path, method) for path, methods in described["paths"].items() for method in methods
    } == ROUTES
    assert described["security"] == [{"token": []}]
    announced = described["paths"]["/imports"]["post"]
    assert "201" in announced["responses"]
    assert "200" not in announced["responses"]
    assert "application/problem+json" in announced["responses"]["400"]["content"]
    assert "422" not in announced["responses"]
    assert "ValidationError" not in answer.text
    assert "302" in described["paths"]["/imports/{name}/report"]["get"]["responses"]


# For every request: invalid, not signed in, not allowed, too many, our defect, busy.
OF_ALL = {"400", "401", "403", "404", "429", "500", "503"}
PROBLEM = "application/problem+json"
OF_API_GATEWAY = {"401": {"application/json"}, "429": {"application/json", PROBLEM}}


def test_the_description_names_the_problems_of_each_route(api: Api) -> None:
    """A body can have another content type, and an edit can be rejected as a line is."""
    described = api.by("").get("/openapi.json").body["paths"]

    for path, method in sorted(ROUTES):
        route = described[path][method]
        problems = {s: one for s, one in route["responses"].items() if int(s) >= 400}
        expected = set(OF_ALL)
        if not path.endswith("/template"):
            expected.add("409")
        if "requestBody" in route:
            expected.add("415")
        if method == "patch" and path.startswith("/accounts"):
            expected.add("422")
        assert problems.keys() == expected, (method, path)
        for status, one in problems.items():
            assert one["content"].keys() == OF_API_GATEWAY.get(status, {PROBLEM})
            assert one["description"] == HTTPStatus(int(status)).phrase


def test_a_failure_reveals_no_data_to_the_caller_or_the_log(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    # An item that no code of ours has written.
    an_import(api, mode=ADMIN)

    answer = api.get("/imports")

    assert_problem(answer, 500)
    assert "ValueError" not in answer.text
    assert ADMIN not in answer.text
    log = logged(caplog)
    assert "ValueError" in log
    assert "summaries.py" in log
    assert ADMIN not in log


def test_an_outage_is_not_blamed_on_the_content_type(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://dynamodb.example")

    monkeypatch.setattr("handover.use_cases.settings.only_admins", fail)

    answer = api.request("DELETE", "/sources/x", headers={"content-type": "text/plain"})

    assert_problem(answer, 500)


HALF = "\ud800"
HALVES = [
    ("POST", "/users/delete", {"emails": [HALF]}, "emails"),
    ("POST", "/assignments", {"profile": "single-strict", "to": HALF}, "to"),
    ("POST", "/assignments", {"profile": "x", "to": None, "account_ids": [HALF]}, "account_ids"),
    ("POST", "/assignments", {"profile": "x", "to": None, "held_by": HALF}, "held_by"),
    ("PATCH", "/settings", {"default_account_manager": HALF}, "default_account_manager"),
    ("PUT", "/sources/crm", {"profile": "x", "principal": "x", "mapping": {HALF: "x"}}, "mapping"),
    ("POST", "/imports", {"profile": "x", "filename": "x", "mapping": {HALF: "x"}}, "mapping"),
    ("POST", "/imports", [HALF], "body"),
]


@pytest.mark.parametrize(("method", "path", "body", "field"), HALVES)
def test_half_a_character_is_refused_with_its_field(
    api: Api, method: str, path: str, body: object, field: str
) -> None:
    answer = api.request(method, path, body)

    assert_problem(answer, 400)
    assert answer.body["field"] == field
    assert answer.body["detail"] == (
        f"{field}: found half a character, '\\ud800', expected whole ones"
    )


def test_two_halves_of_a_character_are_read_as_one(api: Api) -> None:
    body = {"profile": "single-strict", "filename": "\U0001f600.csv"}

    answer = api.post("/imports", body)

    assert "\\ud83d\\ude00" in json.dumps(body)
    assert answer.status == 201


def test_while_a_service_is_busy_the_answer_says_to_ask_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Deadline, "left", property(lambda _: 0.0))

    answer = api.get("/accounts/0042+a")

    assert_problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0


def test_the_log_contains_no_address(
    api: Api, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(api)
    api.post("/imports", {"profile": "single-strict", "filename": "a.csv"})
    api.post(f"/imports/{an_import(api, state='processing').pk}/cancel")
    api.get(f"/portfolios/{ADMIN}")

    metrics = capsys.readouterr().out
    assert "import cancelled" in logged(caplog)
    assert "RequestsAnswered" in metrics
    assert "@" not in logged(caplog) + metrics


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """The whole log, with the fields beside the messages."""
    return "\n".join(str(vars(record)) for record in caplog.records)
