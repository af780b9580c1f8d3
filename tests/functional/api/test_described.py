"""Answers have exactly the fields that the description gives them, each of its type."""

from __future__ import annotations

from typing import Any

import pytest
from handover.http.description import description

from tests.functional.api.filled import World, world
from tests.kit.fixtures import clients_of_memory
from tests.kit.jobs import api
from tests.kit.pipeline import AMINA, BARAKA, ROLE

__all__ = ["clients_of_memory", "world"]
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}
# A request for every route that answers with a body: its path, its query or body, and the fields
# that are left out where they do not apply.
READ = {
    "/imports/{name}": "/imports/{first}",
    "/imports/{name}/lines": "/imports/{first}/lines",
    "/imports/{name}/summary": "/imports/{first}/summary?counts=true",
    "/imports/{name}/preview": "/imports/{preview}/preview",
    "/profiles/{profile}": "/profiles/single-strict",
    "/accounts/{account_id}": "/accounts/K000",
    "/accounts/{account_id}/history": "/accounts/K000/history",
    "/portfolios/{email}": f"/portfolios/{AMINA}",
    "/portals/{portal}/managers": "/portals/north/managers",
    "/roles/{role}": "/roles/R0",
    "/workflows/{name}": "/workflows/W0",
    "/sources/{source}": "/sources/s0",
    "/users/{email}": f"/users/{AMINA}",
    "/requests/{request_id}": "/requests/{request}",
    "/imports": "/imports",
    "/imports/days": "/imports/days",
    "/profiles": "/profiles",
    "/accounts": "/accounts",
    "/history": "/history?account_id=K000",
    "/managers": "/managers?portal=north",
    "/pending/addresses": "/pending/addresses",
    "/pending": "/pending",
    "/settings": "/settings",
    "/roles": "/roles",
    "/workflows": "/workflows",
    "/sources": "/sources",
    "/users": "/users?counts=true",
    "/requests": "/requests?account_id=K000",
    "/audit": "/audit",
    "/subscriptions": "/subscriptions",
}
EDIT = {"profile": "single-strict", "assign": {ROLE: BARAKA}, "dry_run": True}
HAND = {"profile": "single-strict", "to": BARAKA, "account_ids": ["K002"], "mode": "dry_run"}
WRITTEN: dict[tuple[str, str], tuple[str, object]] = {
    ("post", "/imports"): ("/imports", {"profile": "single-strict", "filename": "a.csv"}),
    ("post", "/imports/{name}/undo"): ("/imports/{first}/undo", {"mode": "dry_run"}),
    ("post", "/profiles/{profile}/sample"): (
        "/profiles/single-strict/sample",
        {"text": f"account ID,account Manager\nK000,{AMINA}\nK001,nobody@x.example\n"},
    ),
    ("post", "/profiles/{profile}/copies"): (
        "/profiles/single-strict/copies",
        {"name": "own", "title": "Own"},
    ),
    ("patch", "/accounts/{account_id}"): ("/accounts/K000", EDIT),
    ("patch", "/accounts"): ("/accounts?id=K000", EDIT),
    ("post", "/assignments"): ("/assignments", HAND),
    ("patch", "/settings"): ("/settings", {"clear_guard_lines": 11}),
    ("put", "/roles/{role}"): ("/roles/R0", {"max_users": 1}),
    ("put", "/workflows/{name}"): ("/workflows/W0", None),
    ("put", "/sources/{source}"): (
        "/sources/s0",
        {"profile": "single-strict", "principal": "AROAX", "mapping": {"Kunde": "account ID"}},
    ),
    ("post", "/users"): (
        "/users",
        {"email": "new.one@x.example", "name": "New", "roles": ["Sales"], "status": "inactive"},
    ),
    ("put", "/users/{email}"): (
        f"/users/{BARAKA}",
        {"name": "Baraka Mwangi", "roles": ["Sales"], "opco": "Kenya", "status": "inactive"},
    ),
    ("post", "/requests"): (
        "/requests",
        {"account_id": "K000", "subject": "a", "description": "b", "contact": "c"},
    ),
    ("post", "/requests/{request_id}/notes"): ("/requests/{request}/notes", {"text": "t"}),
}


def differences(value: Any, schema: dict[str, Any], place: str) -> list[str]:
    """Where a value is other than its schema says: fields too many or too few, other types."""
    known = description()["components"]["schemas"]
    if "$ref" in schema:
        return differences(value, known[schema["$ref"].rpartition("/")[2]], place)
    if "anyOf" in schema:
        found = [differences(value, one, place) for one in schema["anyOf"]]
        return min(found, key=len)
    if "enum" in schema and value not in schema["enum"]:
        return [f"{place}: {value!r} is none of {schema['enum']}"]
    kind = schema.get("type")
    if kind is not None and (
        not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")
    ):
        return [f"{place}: {value!r} is no {kind}"]
    if kind == "array":
        items = schema.get("items", {})
        return [why for one in value for why in differences(one, items, f"{place}[]")]
    if kind != "object" or "properties" not in schema:
        more = schema.get("additionalProperties") if kind == "object" else None
        values = value.values() if isinstance(more, dict) else ()
        return [why for one in values for why in differences(one, more or {}, f"{place}.*")]
    fields = schema["properties"]
    missing = [f"{place}: no {name}" for name in set(schema.get("required", ())) - set(value)]
    surplus = [f"{place}: unknown {name}" for name in set(value) - set(fields)]
    return (
        missing
        + surplus
        + [
            why
            for name in set(fields) & set(value)
            for why in differences(value[name], fields[name], f"{place}.{name}")
        ]
    )


def asked(world: World, method: str, path: str, target: str, body: object = None) -> list[str]:
    """How the answer differs from the description of the route."""
    address, _, text = target.format(**world.names).partition("?")
    query = dict(part.split("=") for part in text.split("&")) if text else None
    answer = api(world.pipeline).request(method.upper(), address, body, query=query)
    described = description()["paths"][path][method]["responses"]
    assert str(answer.status) in described, answer.text
    assert answer.status < 300, answer.text
    content = described[str(answer.status)]["content"]
    return differences(answer.body, content["application/json"]["schema"], "answer")


@pytest.mark.parametrize("path", READ)
def test_what_is_read_has_the_fields_of_the_description(world: World, path: str) -> None:
    assert asked(world, "get", path, READ[path]) == []


@pytest.mark.parametrize(("method", "path"), WRITTEN)
def test_what_is_written_is_answered_with_the_fields_of_the_description(
    world: World, method: str, path: str
) -> None:
    target, body = WRITTEN[method, path]

    assert asked(world, method, path, target, body) == []


def test_every_route_that_reads_json_is_asked() -> None:
    answering = {
        path
        for path, methods in description()["paths"].items()
        if "application/json"
        in methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
    }

    assert answering - {"/profiles/{profile}/template"} == set(READ)
