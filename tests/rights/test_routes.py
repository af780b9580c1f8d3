"""Every route of the deployed API, requested by everybody in the table."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest

from functions.api import app
from tests.kit.caller import Answer
from tests.kit.cast import Actor, World
from tests.rights.reading import Row, named, rows, who
from tests.rights.table import OPEN_ROUTES, OUTSIDERS, ROUTES
from tests.rights.world import (
    BODIES,
    IMPORTS,
    PEOPLE,
    STRANGERS,
    THINGS,
    Worlds,
    body_of,
    spelled,
    tells_of_others,
    thing,
)

ROWS = rows(ROUTES)
OUTSIDE = [row["person"] for row in rows(OUTSIDERS)]
NOBODY_ACTIVE = "you are signed in, but you are not an active user of any tenant"


@cache
def deployed_routes() -> dict[str, re.Pattern[str]]:
    """The routes of the function, as `METHOD /path`, and the paths that each matches."""
    # Routes without a parameter take precedence, as in the function.
    resolver = app.app
    found = (*resolver._static_routes, *resolver._dynamic_routes)
    return {f"{route.method} {route.path}": route.rule for route in found}


def route_of(row: Row) -> str:
    """The route that answers the row's request, "" for none."""
    path = re.sub(r"{[\w-]+}", "x", row["path"].partition("?")[0])
    for name, rule in deployed_routes().items():
        if name.startswith(f"{row['method']} ") and rule.match(path):
            return name
    return ""


def marked(table: list[Row]) -> list[Any]:
    return [pytest.param(row, id=named(row, "method", "path", "body")) for row in table]


def send_request(world: World, actor: Actor, row: Row, place: int = 0) -> Answer:
    path = spelled(world, row["path"], place)
    return world.ask(actor, row["method"], path, body_of(world, row["body"], place))


@pytest.mark.parametrize("row", marked(ROWS))
def test_a_route_of_the_table_is_deployed(row: Row) -> None:
    assert route_of(row)


@pytest.mark.parametrize("row", marked(ROWS))
def test_a_route_answers_each_person_as_the_table_says(worlds: Worlds, row: Row) -> None:
    differences = []
    for name, may in who(row, tuple(PEOPLE)).items():
        world = worlds.back_to("on")
        before = world.state()
        answer = send_request(world, PEOPLE[name], row)
        expected = int(row["answer"]) if may else 403
        if answer.status != expected:
            differences.append(f"{name}: found {answer.status} {answer.text}, expected {expected}")
        if leaks := tells_of_others(f"{answer.text} {answer.headers}"):
            differences.append(f"{name}: names another tenant: {leaks}")
        is_asking = row["method"] == "GET" or row["body"].endswith("check")
        changes_nothing = answer.status >= 400 or (is_asking and answer.status == 200)
        if changes_nothing and world.state() != before:
            differences.append(f"{name}: answered {answer.status}, and something was changed")
        if not is_asking and answer.status < 400 and world.state() == before:
            differences.append(f"{name}: answered {answer.status}, and nothing was changed")

    assert differences == []


@pytest.mark.parametrize("row", marked(ROWS))
def test_a_route_refuses_everybody_who_is_not_an_active_user_of_the_tenant(
    worlds: Worlds, row: Row
) -> None:
    world = worlds.back_to("on")
    before = world.state()
    is_open = f"{row['method']} {row['path']}" in OPEN_ROUTES
    differences = []
    for name in OUTSIDE:
        answer = send_request(world, STRANGERS[name], row)
        is_refused = answer.status == 403 and answer.body["detail"] == NOBODY_ACTIVE
        if answer.status != 200 if is_open else not is_refused:
            differences.append(f"{name}: found {answer.status} {answer.text}")

    assert differences == []
    assert world.state() == before


def is_about_a_thing(row: Row) -> bool:
    """True when the request names something that another tenant may have."""
    text = row["path"] + json.dumps(BODIES.get(row["body"]))
    return any(f"{{{word}}}" in text for word in (*THINGS, *IMPORTS))


@pytest.mark.parametrize("row", marked([row for row in ROWS if is_about_a_thing(row)]))
def test_a_thing_of_another_tenant_is_answered_like_an_unknown_one(
    worlds: Worlds, row: Row
) -> None:
    differences = []
    for name, actor in PEOPLE.items():
        answers = []
        for place in (1, 2):
            world = worlds.back_to("on")
            before = world.state()
            answer = send_request(world, actor, row, place)
            answers.append(unnamed(world, answer, place))
            if leaks := tells_of_others(answers[-1]):
                differences.append(f"{name}: names another tenant: {leaks}")
            if answer.status >= 400 and world.state() != before:
                differences.append(f"{name}: answered {answer.status}, and something was changed")
        if answers[0] != answers[1]:
            differences.append(f"{name}: theirs {answers[0]}, nobody's {answers[1]}")

    assert differences == []


def unnamed(world: World, answer: Answer, place: int) -> str:
    """The answer without the requested names, and without names that are new each time."""
    text = f"{answer.status} {answer.headers} {answer.text}"
    names = {thing(world, word, place) for word in (*THINGS, *IMPORTS)}
    for name in sorted(names, key=len, reverse=True):
        for spelling in (name, quote(name)):
            text = text.replace(spelling, "{thing}")
    return re.sub(r"\d{8}T\d{9}Z-[0-9a-f]{16}|edit-[0-9a-f-]+", "{new}", text)
