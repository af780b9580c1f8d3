"""One tenant cannot use up the API for the others."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from handover.access import allowances
from handover.access.allowances import forget, seconds_to_wait
from handover.http.problems import PROBLEM
from handover.runtime import metrics
from handover.store.connection import client

from tests.functional.api.test_imports import assert_problem
from tests.kit.caller import SALES, Api

# Written out, so that a changed limit is seen.
MAX_PERMITS = 10
WINDOW_SECONDS = 10

# The beginning of a window.
NOW = 1_795_341_600.0
LIMIT = 4  # a second: 40 in a window


@pytest.fixture(autouse=True)
def unknown() -> Iterator[None]:
    forget()
    yield
    forget()


def answered(api: Api, requests: int, now: float = NOW, *, every: int = 0) -> int:
    """How many of the requests are answered; each `every` of them come to another function."""
    count = 0
    for number in range(requests):
        if every and number % every == 0:
            forget()
        count += not seconds_to_wait(api.stack, api.tenant, LIMIT, now)
    return count


def test_a_tenant_gets_a_limited_number_of_answers_in_each_window(api: Api) -> None:
    most = LIMIT * WINDOW_SECONDS

    assert answered(api, most + 20) == most
    assert seconds_to_wait(api.stack, api.tenant, LIMIT, NOW + 3.5) == 7
    assert answered(api, most + 20, NOW + WINDOW_SECONDS) == most


def test_all_functions_together_keep_to_the_limit_of_a_tenant(api: Api) -> None:
    """Each request comes to another function, which takes permits and uses one of them."""
    assert 0 < answered(api, 200, every=1) <= LIMIT * WINDOW_SECONDS


def test_a_tenant_at_its_limit_does_not_affect_another_tenant(api: Api, stranger: Api) -> None:
    answered(api, 100)

    assert answered(stranger, LIMIT * WINDOW_SECONDS) == LIMIT * WINDOW_SECONDS


def test_counting_writes_once_for_several_requests_and_never_beyond_the_limit(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = []
    take = type(api.stack.tables.allowances).take

    def counted(self: object, *given: object) -> int | None:
        writes.append(given)
        return take(self, *given)  # type: ignore[arg-type] # passed on as it came

    monkeypatch.setattr(type(api.stack.tables.allowances), "take", counted)
    a_second = 10 * MAX_PERMITS
    for _ in range(100):
        seconds_to_wait(api.stack, api.tenant, a_second, NOW)
    assert len(writes) == 100 / MAX_PERMITS

    answered(api, 100, NOW + WINDOW_SECONDS)
    assert len(writes) == 10 + 10, "at the limit, no further write"
    answered(api, 100, NOW + WINDOW_SECONDS)
    assert len(writes) == 10 + 10


def test_a_function_forgets_all_windows_once_it_knows_too_many_tenants(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowances, "MAX_TENANTS", 2)
    known = []

    for tenant in ("a", "b", "c"):
        seconds_to_wait(api.stack, tenant, LIMIT, NOW)
        known.append(list(allowances._shares))

    assert known == [["a"], ["a", "b"], ["c"]]


def test_the_counter_expires(api: Api) -> None:
    answered(api, 1)

    key = {"pk": {"S": f"requests#{api.tenant}#{int(NOW)}"}, "sk": {"S": "requests"}}
    item = client().get_item(TableName=api.stack.tables.allowances.table, Key=key)["Item"]
    assert int(item["expires"]["N"]) > NOW


def test_requests_are_answered_when_they_cannot_be_counted(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def busy(**_given: object) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem")

    monkeypatch.setattr(client(), "update_item", busy)

    assert answered(api, 50) == 50
    metrics.flush_metrics()
    assert sum(json.loads(capsys.readouterr().out)["RequestsNotCounted"]) == 50


def test_without_a_limit_nothing_is_counted(api: Api) -> None:
    assert not seconds_to_wait(api.stack, api.tenant, 0, NOW)
    assert allowances._shares == {}


def test_an_answer_beyond_the_limit_says_when_to_ask_again(
    api: Api,
    stranger: Api,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TENANT_REQUESTS_A_SECOND", "1")
    monkeypatch.setattr("functions.api.app.time.time", lambda: NOW)
    assert [api.get("/settings").status for _ in range(10)] == [200] * 10

    for one in (api, api.by(SALES)):
        answer = one.request("PATCH", "/settings", {"clear_guard_percent": 1})
        assert_problem(answer, 429)
        assert answer.headers["retry-after"] == str(WINDOW_SECONDS)
        assert answer.headers["content-type"] == PROBLEM
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert capsys.readouterr().out.count('"RequestsOverLimit":') == 2
    assert stranger.get("/settings").status == 200
    monkeypatch.setattr("functions.api.app.time.time", lambda: NOW + WINDOW_SECONDS)
    assert api.get("/settings").body["clear_guard_percent"] != 1


def test_every_route_describes_the_answer_beyond_the_limit(api: Api) -> None:
    described = api.get("/openapi.json").body

    for methods in described["paths"].values():
        for operation in methods.values():
            response = operation["responses"]["429"]
            assert PROBLEM in response["content"], "API Gateway answers so too, in words of its own"
            assert "Retry-After" in response["headers"]


def test_the_description_is_not_counted(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANT_REQUESTS_A_SECOND", "1")
    api.claims["custom:tenant"] = ""

    assert all(api.get("/openapi.json").status == 200 for _ in range(12))
