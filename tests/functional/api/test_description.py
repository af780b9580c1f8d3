"""The routes are those of the description that ships, and each room of them answers."""

from __future__ import annotations

from typing import Any

import pytest
from handover.http.describing import made_description
from handover.http.description import description

from functions.api import app
from tests.kit.fixtures import clients_of_memory, pipeline
from tests.kit.jobs import api
from tests.kit.pipeline import Pipeline

__all__ = ["clients_of_memory", "pipeline"]
# A request for each module of routes, with its answer, and where the paths of the module begin.
ASKED: dict[str, tuple[str, str, object, int]] = {
    "accounts": ("GET", "/accounts", None, 200),
    "applying": ("POST", "/imports/none/apply", {"mode": "run"}, 404),
    "assignments": ("GET", "/pending", None, 200),
    "audit": ("GET", "/audit", None, 200),
    "edits": ("PATCH", "/accounts/none", {"profile": "none", "assign": {"a": None}}, 400),
    "file previews": ("GET", "/imports/none/preview", None, 404),
    "imports": ("GET", "/imports", None, 200),
    "lines": ("GET", "/imports/none/lines", None, 404),
    "profiles": ("GET", "/profiles", None, 200),
    "requests": ("GET", "/requests", None, 200),
    "settings": ("PATCH", "/settings", {"clear_guard_lines": 3.0}, 200),
    "roles": ("PUT", "/roles/AE", {"max_users": 2}, 200),
    "subscriptions": ("POST", "/subscriptions", {"endpoint": "nobody"}, 400),
    "users": ("GET", "/users", None, 200),
}


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """The description of the routes as they are."""
    return made_description(app.app)


def test_every_route_is_described(made: dict[str, Any]) -> None:
    assert made["paths"].keys() == description()["paths"].keys()


@pytest.mark.parametrize("name", ASKED)
def test_the_routes_are_as_the_description_that_ships_says(
    pipeline: Pipeline, made: dict[str, Any], name: str
) -> None:
    method, path, body, status = ASKED[name]

    answer = api(pipeline).request(method, path, body)

    assert answer.status == status, answer.text
    assert made == description()


def test_each_route_that_answers_with_a_body_has_the_status_that_it_describes() -> None:
    described = {
        (one.method, one.path): ([status for status in one.responses if status < 400], one)
        for one in (*app.app._static_routes, *app.app._dynamic_routes)
        if one.responses
    }

    # The functions of the others, which redirect or have no body, make the whole answer themselves.
    with_body = {
        place: (statuses, [one.status_code])
        for place, (statuses, one) in described.items()
        if statuses not in ([204], [302])
    }
    assert len(with_body) > 50
    assert {place: pair for place, pair in with_body.items() if pair[0] != pair[1]} == {}
