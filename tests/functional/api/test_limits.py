"""Limits of requests: the maximum is accepted, and one more is refused with its field."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from handover.deadline import Deadline
from handover.errors import InvalidRequestError
from handover.model import Account, User
from handover.profiles.parsing import profile_json
from handover.profiles.presets import presets
from handover.profiles.profile import Role
from handover.runtime import Invocation
from handover.use_cases.samples import sample_of
from handover.use_cases.users import delete_users
from msgspec.structs import replace

from tests.kit.caller import Answer, Api
from tests.kit.jobs import api, person
from tests.kit.pipeline import AMINA, ROLE, TENANT, Pipeline, file_of


@dataclass(frozen=True)
class Limit:
    """A request of a given size, the largest accepted size, and the field that a refusal names."""

    most: int
    field: str
    ask: Callable[[Api, int], Answer]


def text(size: int) -> str:
    return "x" * size


def query(path: str, name: str, **more: str) -> Callable[[Api, int], Answer]:
    """A request for a page with a text of that length."""
    return lambda api, size: api.get(path, **{name: text(size)}, **more)


def rows(path: str, **more: str) -> Callable[[Api, int], Answer]:
    """A request for a page with that many rows."""
    return lambda api, size: api.get(path, limit=str(size), **more)


def body(
    path: str, field: str, more: dict[str, Any], of: Callable[[int], object] = text
) -> Callable[[Api, int], Answer]:
    """A request with a body whose field has a value of that size."""
    return lambda api, size: api.post(path, more | {field: of(size)})


def numbered(many: int) -> list[str]:
    return [str(number) for number in range(many)]


def cancelled(api: Api, size: int) -> Answer:
    ticket = api.post("/imports", TICKET).body["import_ticket"]
    return api.post(f"/imports/{ticket}/cancel", {"reason": text(size)})


def renamed(api: Api, size: int) -> Answer:
    return api.request("PUT", f"/workflows/{text(size)}")


def assigning(api: Api, size: int) -> Answer:
    return api.request("PUT", "/roles/AE", {"assigned_by": numbered(size)})


def defined(api: Api, size: int) -> Answer:
    """A profile whose JSON has that many characters."""
    bare = len(json.dumps(OWN | {"name": "own", "version": 1, "clear_words": [""]}))
    return api.request("PUT", "/profiles/own", OWN | {"clear_words": [text(size - bare)]})


def subscribed(api: Api, size: int) -> Answer:
    """A subscription whose address has that many characters."""
    return api.post("/subscriptions", {"endpoint": f"https://{text(size - len('https://'))}"})


def edited(api: Api, size: int) -> Answer:
    """An edit of that many roles, each for nobody."""
    roles = [f"role {number}" for number in range(size)]
    known = [Role(role, 1) for role in roles]
    api.stack.tables.directory.put_roles(api.tenant, known, Deadline(9e9))
    assign = dict.fromkeys(roles)
    return api.request("PATCH", "/accounts/K000", {"profile": "role-team", "assign": assign})


def named(api: Api, size: int) -> Answer:
    """An edit that names a user that many times."""
    body = {"profile": "multi-with-workflow", "assign": {ROLE: [AMINA] * size}}
    return api.request("PATCH", "/accounts/K000", body)


def noted(api: Api, size: int) -> Answer:
    made = api.post("/requests", REQUEST).body["request_id"]
    return api.post(f"/requests/{made}/notes", {"text": text(size)})


OWN = {
    name: value
    for name, value in profile_json(presets()["single-strict"]).items()
    if name not in ("name", "version")
}
TICKET = {"profile": "single-strict", "filename": "a.csv"}
REQUEST: dict[str, Any] = {"account_id": "K000", "subject": "a", "description": "b"}
USER: dict[str, Any] = {"email": "bo@lumina.example", "name": "Bo", "roles": []}
LIMITS = {
    "file name": Limit(255, "filename", body("/imports", "filename", TICKET)),
    "reason": Limit(200, "reason", cancelled),
    "subject": Limit(200, "subject", body("/requests", "subject", REQUEST)),
    "description": Limit(20_000, "description", body("/requests", "description", REQUEST)),
    "contact": Limit(320, "contact", body("/requests", "contact", REQUEST)),
    "note": Limit(4000, "text", noted),
    "user's name": Limit(200, "name", body("/users", "name", USER)),
    "user's phone": Limit(200, "phone", body("/users", "phone", USER)),
    "user's mobile": Limit(200, "mobile", body("/users", "mobile", USER)),
    "user's roles": Limit(50, "roles", body("/users", "roles", USER, numbered)),
    "profile's title": Limit(
        200, "title", body("/profiles/single-strict/copies", "title", {"name": "own"})
    ),
    "user roles that assign a role": Limit(50, "assigned_by", assigning),
    "name of a workflow": Limit(100, "name", renamed),
    "profile": Limit(100_000, "body", defined),
    "sample": Limit(20_000, "text", body("/profiles/single-strict/sample", "text", {})),
    "holder": Limit(1024, "holder", query("/accounts", "holder")),
    "portal": Limit(1024, "portal", query("/managers", "portal")),
    "account": Limit(1024, "account_id", query("/requests", "account_id")),
    "beginning of a name": Limit(200, "name", query("/users", "name")),
    "part of an uploader": Limit(1024, "uploader", query("/imports", "uploader")),
    "whose acts": Limit(1024, "actor", query("/audit", "actor")),
    "import that others follow": Limit(32, "follows", query("/imports", "follows")),
    "address of a subscription": Limit(1024, "endpoint", subscribed),
    "roles of an edit": Limit(50, "assign", edited),
    "names of a role in an edit": Limit(100, f"assign.{ROLE}.constrained-str", named),
    "days": Limit(31, "days", lambda api, size: api.get("/imports/days", days=str(size))),
    "accounts of a page": Limit(1000, "limit", rows("/accounts")),
    "managers of a page": Limit(100, "limit", rows("/managers", portal="north")),
    "users of a page": Limit(100, "limit", rows("/users")),
    "imports of a page": Limit(100, "limit", rows("/imports")),
    "workflows of a page": Limit(100, "limit", rows("/workflows")),
    "requests of a page": Limit(100, "limit", rows("/requests", account_id="K000")),
    "addresses of a page": Limit(100, "limit", rows("/pending/addresses")),
    "roles of a page": Limit(100, "limit", rows("/roles")),
    "entries of a page": Limit(100, "limit", rows("/audit")),
}
# What is asked for once it is long enough, but not there: an account, a topic of the tenant.
NOT_THERE = {"account": 404, "address of a subscription": 409}


@pytest.mark.parametrize("name", LIMITS)
def test_the_maximum_is_accepted_and_one_more_is_refused_with_its_field(
    pipeline: Pipeline, name: str
) -> None:
    pipeline.kenyan(1)
    limit = LIMITS[name]

    most, beyond = (limit.ask(api(pipeline), size) for size in (limit.most, limit.most + 1))

    assert most.status < 300 or most.status == NOT_THERE.get(name), most.text
    assert (beyond.status, beyond.body["field"]) == (400, limit.field)


def test_a_name_may_take_what_a_key_leaves_beside_the_address(pipeline: Pipeline) -> None:
    """In the form for searches this character takes 33 bytes, the address 17; a key has 1,018."""
    longest = 30 * "\ufdfa" + text(1018 - 30 * 33 - len("bo@lumina.example"))

    most, beyond = (
        api(pipeline).post("/users", USER | {"name": name}) for name in (longest, longest + "x")
    )

    assert most.status == 201
    assert (beyond.status, beyond.body["field"]) == (400, "name")


def test_a_login_name_may_take_what_a_key_has_room_for(pipeline: Pipeline) -> None:
    longest = 30 * "\ufdfa" + text(1018 - 30 * 33)

    most, beyond = (
        api(pipeline).post("/users", USER | {"login_name": name})
        for name in (longest, longest + "x")
    )

    assert most.status == 201, most.text
    assert (beyond.status, beyond.body["field"]) == (400, "login_name")


@pytest.mark.parametrize("path", ["/users", "/accounts"])
def test_a_page_has_at_least_one_row(pipeline: Pipeline, path: str) -> None:
    one, none = (api(pipeline).get(path, limit=limit) for limit in ("1", "0"))

    assert one.status == 200
    assert (none.status, none.body["field"]) == (400, "limit")


@pytest.mark.parametrize("path", ["/roles/", "/workflows/", "/sources/"])
def test_a_name_that_no_key_can_hold_is_not_found(pipeline: Pipeline, path: str) -> None:
    name = "x" * 1025

    answers = [api(pipeline).request(method, path + name) for method in ("GET", "DELETE")]

    assert [answer.status for answer in answers] == [404, 404]


def test_a_profile_whose_name_no_key_can_hold_is_not_found(pipeline: Pipeline) -> None:
    path = f"/profiles/{'x' * 1025}"

    answers = [
        api(pipeline).request("GET", path),
        api(pipeline).request("DELETE", path),
        api(pipeline).post(f"{path}/copies", {"name": "copied"}),
        api(pipeline).request("GET", f"{path}/template"),
    ]

    assert [answer.status for answer in answers] == [404, 404, 404, 404]


def test_a_tenant_has_a_hundred_roles_at_most(pipeline: Pipeline) -> None:
    known = [Role(f"role {number}", 1) for number in range(99)]
    pipeline.resources.tables.directory.put_roles(TENANT, known, pipeline.deadline)

    last, beyond, again = (
        api(pipeline).request("PUT", f"/roles/{role}", {"max_users": 1})
        for role in ("AE", "BE", "AE")
    )

    assert (last.status, beyond.status, again.status) == (200, 409, 200)


def test_a_tenant_has_25_profiles_of_its_own_at_most(pipeline: Pipeline) -> None:
    for number in range(24):
        own = replace(presets()["single-strict"], name=f"own-{number}", version=1)
        pipeline.resources.tables.directory.put_profile(TENANT, own)

    last, beyond, again = (
        api(pipeline).request("PUT", f"/profiles/{name}", OWN)
        for name in ("last", "beyond", "last")
    )

    assert (last.status, beyond.status, again.status) == (200, 409, 200)


def test_of_the_users_of_an_import_the_first_fifty_are_counted(pipeline: Pipeline) -> None:
    pairs = [(f"a{place:02d}@x.example", f"b{place:02d}@x.example") for place in range(26)]
    sales = frozenset({"Sales"})
    pipeline.users(*(User(one, "Neema Juma", sales, "Kenya") for pair in pairs for one in pair))
    pipeline.accounts(
        *(
            Account(TENANT, f"K{place}", 1, opco="Kenya", assigned={ROLE: (before,)})
            for place, (before, _) in enumerate(pairs)
        )
    )
    lines = file_of((f"K{place}", after) for place, (_, after) in enumerate(pairs))
    created = pipeline.upload(lines)
    pipeline.run(created)

    path = f"/imports/{pipeline.item(created).pk}/summary"
    counted = [one["held"] for one in api(pipeline).get(path, counts="true").body["managers"]]

    assert (len(counted), counted.count(None), counted[50:]) == (52, 2, [None, None])


# The use cases keep their limits by themselves, also for callers other than the API.


def test_a_sample_has_20_000_characters_at_most(pipeline: Pipeline) -> None:
    def sampled(size: int) -> dict[str, object]:
        admin = person(pipeline)
        return sample_of(pipeline.resources, admin, "single-strict", text(size), None)

    too_long = "text: found 20,001 characters, expected at most 20,000"

    assert sampled(20_000)["lines"] == []
    with pytest.raises(InvalidRequestError, match=too_long) as refused:
        sampled(20_001)
    assert refused.value.field == "text"


@pytest.mark.parametrize("many", [1, 100])
def test_one_to_a_hundred_users_can_be_deleted_at_once(pipeline: Pipeline, many: int) -> None:
    emails = [f"{number}@x.example" for number in range(many)]
    pipeline.users(*(User(email, "Neema", frozenset()) for email in emails))

    assert api(pipeline).post("/users/delete", {"emails": emails}).status == 202


@pytest.mark.parametrize("many", [0, 101])
def test_neither_none_nor_more_than_a_hundred_users_are_deleted(
    pipeline: Pipeline, many: int
) -> None:
    before = pipeline.memory.snapshot()
    emails = [f"{number}@x.example" for number in range(many)]

    with pytest.raises(InvalidRequestError, match="expected 1 to 100 addresses") as refused:
        delete_users(
            pipeline.resources, person(pipeline), emails, Invocation("1", pipeline.deadline)
        )

    assert refused.value.field == "emails"
    assert pipeline.memory.snapshot() == before
