"""Options with several words leave the arguments of a command alone."""

from __future__ import annotations

import json

import pytest

from infra.cli.api import Api
from tests.unit.cli.commands import run
from tests.unit.cli.test_people import ANA
from tests.unit.cli.test_uploading import Server, api, server

__all__ = ["api", "server"]


@pytest.mark.parametrize(
    ("words", "roles"),
    [
        (["--roles", "Sales", "ana@x.example"], ["Sales"]),
        (["--roles", "Sales", "Back Office", "ana@x.example"], ["Sales", "Back Office"]),
        (["ana@x.example", "--roles", "Sales", "Back Office"], ["Sales", "Back Office"]),
        (["--roles", "Sales", "--roles", "Admin", "--", "ana@x.example"], ["Sales", "Admin"]),
        (["--roles=Sales", "ana@x.example"], ["Sales"]),
        (["--roles", "ana@x.example"], []),
        (["ana@x.example", "--roles"], []),
        (["ana@x.example", "--roles", "Sales", "--status", "active"], ["Sales"]),
    ],
)
def test_u8_a_list_of_roles_does_not_swallow_the_address(
    server: Server, api: Api, words: list[str], roles: list[str]
) -> None:
    server.says("/users", ANA, status=201)

    run(api, "users", "add", "--name", "Ana", *words)

    body = json.loads(server.requests[0].body)
    assert (body["email"], body["roles"]) == ("ana@x.example", roles)


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (["--assigned-by", "Admin", "csm"], ["Admin"]),
        (["csm", "--assigned-by", "Admin", "Sales"], ["Admin", "Sales"]),
        (["csm", "--assigned-by"], []),
        (["csm"], []),
    ],
)
def test_u8_a_list_of_user_roles_does_not_swallow_the_role(
    server: Server, api: Api, words: list[str], allowed: list[str]
) -> None:
    server.says("/roles/csm", {"role": "csm"})

    run(api, "roles", "set", *words)

    assert json.loads(server.requests[0].body) == {"max_users": None, "assigned_by": allowed}
