"""No answer of the API is a page, or may be cached, framed or shown as a page."""

from __future__ import annotations

import re

import pytest

from functions.api import app
from tests.kit.cast import INSIDERS, OUTSIDERS, OWN, OWN_ROLE, Actor, World

EXPECTED = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=63072000",
    "x-content-type-options": "nosniff",
}
KINDS = {"application/json", "application/problem+json", "text/csv; charset=utf-8"}
ROUTES = [
    (method, route.path)
    for route in app.app._static_routes + app.app._dynamic_routes
    for method in ([route.method] if isinstance(route.method, str) else route.method)
]
PAGE = "<script>alert(1)</script>"


def filled(world: World, path: str) -> str:
    for name, value in {
        "<name>": world.names[OWN]["ended"],
        "<profile>": "single-strict",
        "<account_id>": "K000",
        "<email>": "sam.sales@lumina.example",
        "<role>": OWN_ROLE,
        "<source>": "erp",
    }.items():
        path = path.replace(name, value)
    return re.sub(r"<\w+>", "nobodys", path)


def body_for(method: str, path: str) -> dict[str, str] | None:
    wants = method == "POST" and path == "/imports"
    return {"profile": "single-strict", "filename": "a.csv"} if wants else None


@pytest.mark.parametrize("actor", [INSIDERS[0], INSIDERS[3], OUTSIDERS[-1]], ids=str)
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_answer_of_every_route_is_plain_data(
    world: World, method: str, path: str, actor: Actor
) -> None:
    answer = world.ask(actor, method, filled(world, path), body_for(method, path))

    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert headers.items() >= EXPECTED.items()
    if answer.status in (204, 302):
        assert answer.text == ""
        assert "content-type" not in headers
    else:
        assert headers["content-type"] in KINDS
    assert not [name for name in headers if name.startswith(("access-control", "set-cookie"))]
    assert "server" not in headers


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD"])
@pytest.mark.parametrize("path", ["/", f"/{PAGE}", f"/imports/{PAGE}", f"/accounts/{PAGE}"])
def test_markup_in_a_request_is_never_returned_as_a_page(
    world: World, method: str, path: str
) -> None:
    answer = world.ask(INSIDERS[0], method, path)

    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert headers["content-type"] == "application/problem+json"
    assert headers.items() >= EXPECTED.items()
    assert "<" not in answer.text


def test_all_routes_are_tested() -> None:
    assert len(ROUTES) >= 14
