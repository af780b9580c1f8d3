"""The users of a tenant: listed, found by name, created, invited, edited, deleted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from handover import deadline as waiting
from handover.aws import clients
from handover.aws.sign_ins import Settled, settle
from handover.deadline import Deadline
from handover.http.bodies import users
from handover.model import User
from handover.store.connection import client
from handover.store.users import Stored

from tests.functional.api.test_imports import assert_problem
from tests.kit.caller import ADMIN, GONE, OFFICE, SALES, Answer, Api
from tests.kit.pipeline import Clock

ANA: dict[str, Any] = {
    "name": "Ana Otieno",
    "roles": ["Sales", "Keeper of Keys"],
    "opco": "Kenya",
    "employee_id": "E-17",
    "phone": "+254 20 1",
    "mobile": "+254 700 1",
    "login_name": "Ana.O",
}

# The time of writes that do not go through the API.
AT: Any = {"now": 0.0, "precedence": "2026-11-22T10:00:00.000Z#edit"}


@pytest.fixture
def ana(tenant: str) -> str:
    """An address that nobody signs in with."""
    return f"ana@{tenant}.example"


def created(api: Api, email: str, **changes: object) -> Answer:
    return api.post("/users", ANA | {"email": email} | changes)


def user_body(email: str, **changes: object) -> dict[str, Any]:
    body = ANA | {"email": email, "roles": sorted(ANA["roles"]), "status": "active", "tags": []}
    return body | changes


def sign_in(api: Api, email: str) -> dict[str, Any] | None:
    """The sign-in of an address with its groups, None when there is none."""
    pool: Any = {"UserPoolId": api.stack.user_pool, "Username": email}
    try:
        found = clients.cognito().admin_get_user(**pool)
    except ClientError:
        return None
    groups = clients.cognito().admin_list_groups_for_user(**pool)["Groups"]
    attributes = {one["Name"]: one["Value"] for one in found["UserAttributes"]}
    return {
        "tenant": attributes["custom:tenant"],
        "enabled": found["Enabled"],
        "status": found["UserStatus"],
        "groups": [group["GroupName"] for group in groups],
    }


def test_r89_users_are_listed_in_pages(api: Api, stranger: Api) -> None:
    first = api.by(SALES).get("/users", limit="3")
    rest = api.by(SALES).get("/users", limit="3", cursor=first.body["cursor"])

    users.Users.model_validate(first.body)
    assert [user["email"] for user in first.body["users"]] == [ADMIN, OFFICE, GONE]
    assert [user["email"] for user in rest.body["users"]] == [SALES]
    assert rest.body["cursor"] is None
    assert first.body["users"][2]["status"] == "inactive"
    assert len(stranger.get("/users").body["users"]) == 4


def test_r90_a_user_is_created_with_all_fields_but_a_password(api: Api, ana: str) -> None:
    answer = created(api, f" {ana.upper()} ")

    users.UserBody.model_validate(answer.body)
    assert (answer.status, answer.body) == (201, user_body(ana))
    assert api.by(SALES).get(f"/users/{ana.replace('@', '%40')}").body == user_body(ana)
    assert_problem(created(api, ana, password="Sesame-1"), 400)


def test_the_texts_of_a_user_are_stored_without_outer_spaces(api: Api, ana: str) -> None:
    texts = {field: f" {text} " for field, text in ANA.items() if isinstance(text, str)}

    answer = created(api, ana, roles=[" Sales", "Keeper of Keys "], **texts)

    assert (answer.status, answer.body) == (201, user_body(ana))


def test_r92_a_new_user_is_invited_to_choose_a_password(api: Api, ana: str) -> None:
    created(api, ana)

    assert sign_in(api, ana) == {
        "tenant": api.tenant,
        "enabled": True,
        "status": "FORCE_CHANGE_PASSWORD",
        "groups": ["Sales"],
    }


def test_r93_users_are_created_one_after_another(api: Api, tenant: str) -> None:
    emails = [f"{name}@{tenant}.example" for name in ("one", "two")]

    assert [created(api, email, login_name=email).status for email in emails] == [201, 201]


def test_an_invitation_is_sent_again_until_it_is_answered(
    api: Api, stranger: Api, ana: str
) -> None:
    created(api, ana)
    path = f"/users/{ana}/invitation"

    assert api.post(path).body == user_body(ana)
    assert_problem(stranger.post(path), 404)
    assert_problem(api.by(SALES).post(path), 403)
    clients.cognito().admin_set_user_password(
        UserPoolId=api.stack.user_pool,
        Username=ana,
        Password="Chosen-By-Ana-1",
        Permanent=True,
    )

    assert_problem(api.post(path), 409)
    api.request("PUT", f"/users/{ana}", ANA | {"status": "inactive"})
    assert_problem(api.post(path), 409)


def test_a_user_who_was_never_invited_can_be_invited(
    api: Api, ana: str, deadline: Deadline
) -> None:
    """Users from files have no sign-in at first."""
    user = User(ana, "Ana", frozenset({"Sales"}))
    api.stack.tables.directory.put_users(api.tenant, [user], deadline)

    assert api.post(f"/users/{ana}/invitation").status == 200

    assert sign_in(api, ana) is not None


def test_an_inactive_user_is_not_invited_until_they_are_active(api: Api, ana: str) -> None:
    created(api, ana, status="inactive")
    assert sign_in(api, ana) is None

    api.request("PUT", f"/users/{ana}", ANA)

    found = sign_in(api, ana)
    assert found is not None
    assert found["enabled"]


def test_r91_a_login_name_is_unique(api: Api, tenant: str, ana: str) -> None:
    created(api, ana)

    answer = created(api, f"bo@{tenant}.example", login_name=" ANA.o ")

    assert_problem(answer, 409)
    assert "login_name" in answer.body["detail"]
    assert_problem(api.get(f"/users/bo@{tenant}.example"), 404)
    assert sign_in(api, f"bo@{tenant}.example") is None
    assert holders(api, "ana.o") == [ana]


def holders(api: Api, login: str) -> list[str]:
    found = api.stack.tables.directory.users_by_login(api.tenant, [login], Deadline(4e9))
    return [user.email for user in found.values()]


def test_r91_a_login_name_is_unique_in_its_tenant_only(api: Api, stranger: Api, ana: str) -> None:
    created(api, ana)

    assert created(stranger, f"other-{ana}").status == 201


def test_r91_two_users_cannot_take_a_login_name_at_once(api: Api, tenant: str) -> None:
    """The first one notices a user who is stored between its check and its write."""
    store = api.stack.tables.people
    one, two = (User(f"{name}@{tenant}.example", name, frozenset()) for name in ("one", "two"))
    expected = [User(user.email, user.name, frozenset(), login_name="L") for user in (one, two)]

    first = interrupted(api, lambda: store.store(tenant, None, expected[0], **AT), expected[1])

    assert first is Stored.OVERTAKEN
    assert store.store(tenant, None, expected[0], **AT) is Stored.LOGIN_TAKEN
    assert holders(api, "l") == [two.email]


def test_r91_a_login_name_is_not_taken_from_a_user_who_has_just_got_it_back(
    api: Api, tenant: str
) -> None:
    """The index still points to a user who has just got the name back."""
    store, directory = api.stack.tables.people, api.stack.tables.directory
    first = User(f"one@{tenant}.example", "One", frozenset(), login_name="L")
    without = User(first.email, "One", frozenset())
    directory.put_users(tenant, [first], Deadline(4e9))
    directory.put_users(tenant, [without], Deadline(4e9))  # a file does not update the index
    second = User(f"two@{tenant}.example", "Two", frozenset(), login_name="L")

    came = interrupted(api, lambda: store.store(tenant, None, second, **AT), first, before=without)

    assert came is Stored.OVERTAKEN
    assert store.store(tenant, None, second, **AT) is Stored.LOGIN_TAKEN
    assert holders(api, "l") == [first.email]


def interrupted(
    api: Api, step: Callable[[], Stored], other: User, before: User | None = None
) -> Stored:
    """The result of `step` when `other` is stored just before it writes."""
    store = api.stack.tables.people
    real = type(store)._name_actions
    waiting = [other]

    def interrupting(self: Any, tenant: str, known: User | None, after: User) -> Any:
        if waiting and after != other:
            assert store.store(tenant, before, waiting.pop(), **AT) is Stored.DONE
        return real(self, tenant, known, after)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(store), "_name_actions", interrupting)
        return step()


def test_a_login_name_that_somebody_gave_up_can_be_taken(api: Api, tenant: str, ana: str) -> None:
    created(api, ana)
    api.request("PUT", f"/users/{ana}", ANA | {"login_name": "ana"})

    assert created(api, f"bo@{tenant}.example", name="Bo").status == 201
    assert holders(api, "ana.o") == [f"bo@{tenant}.example"]
    assert holders(api, "ana") == [ana]


def test_a_login_name_of_a_deleted_user_can_be_taken(
    api: Api, tenant: str, ana: str, deadline: Deadline
) -> None:
    gone = User(ana, "Ana", frozenset(), is_active=False, is_deleted=True, login_name="Ana.O")
    api.stack.tables.directory.put_users(tenant, [gone], deadline)

    assert created(api, f"bo@{tenant}.example").status == 201
    assert_problem(created(api, ana), 409)


def test_an_address_exists_once(api: Api, ana: str) -> None:
    created(api, ana)

    assert_problem(created(api, ana.upper(), name="Somebody else"), 409)
    assert api.get(f"/users/{ana}").body == user_body(ana)


@contextmanager
def inviting_nobody(monkeypatch: pytest.MonkeyPatch, code: str) -> Iterator[None]:
    """For a while the pool refuses every new sign-in with that code; waits take no time."""
    seam: Any = BaseClient
    usual = seam._make_api_call

    def refuse(client: BaseClient, operation: str, params: dict[str, Any]) -> Any:
        if operation == "AdminCreateUser":
            raise ClientError({"Error": {"Code": code}}, operation)
        return usual(client, operation, params)

    with monkeypatch.context() as patch:
        patch.setattr(seam, "_make_api_call", refuse)
        patch.setattr(waiting, "time", Clock(time.time()))
        yield


def test_a_creation_that_was_cut_off_can_be_repeated(
    api: Api, ana: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with inviting_nobody(monkeypatch, "TooManyRequestsException"):
        assert_problem(created(api, ana), 503)
    assert api.get(f"/users/{ana}").status == 200
    assert sign_in(api, ana) is None

    assert created(api, ana).status == 201
    assert created(api, ana).body == user_body(ana)

    assert sign_in(api, ana) is not None


def test_a_user_who_got_no_mail_is_invited_once_mails_are_sent_again(
    api: Api, ana: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with inviting_nobody(monkeypatch, "LimitExceededException"):
        assert created(api, ana).status == 201
    assert sign_in(api, ana) is None

    assert api.post(f"/users/{ana}/invitation").status == 200
    assert sign_in(api, ana) is not None


def test_an_invitation_that_cannot_be_sent_again_is_counted(
    api: Api, ana: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    created(api, ana)
    capsys.readouterr()

    with inviting_nobody(monkeypatch, "LimitExceededException"):
        assert api.post(f"/users/{ana}/invitation").status == 200

    assert "InvitationsNotMade" in capsys.readouterr().out


def answers_about(api: Api, email: str) -> list[tuple[int, str]]:
    """The answers to all requests about an address that involve its sign-in.

    The address itself is taken out of them.
    """
    body = ANA | {"login_name": ""}
    requests: tuple[Callable[[], Answer], ...] = (
        lambda: api.post("/users", body | {"email": email}),
        lambda: api.post("/users", body | {"email": email}),
        lambda: api.get(f"/users/{email}"),
        lambda: api.request("PUT", f"/users/{email}", body | {"roles": ["Finance"]}),
        lambda: api.post(f"/users/{email}/invitation"),
        lambda: api.request("PUT", f"/users/{email}", body | {"status": "inactive"}),
        lambda: api.request("PUT", f"/users/{email}", body),
        lambda: api.post(f"/users/{email}/invitation"),
        lambda: api.get("/users", name="ana"),
    )
    answers = []
    for ask in requests:
        answer = ask()
        answers.append((answer.status, unquote(answer.text).replace(email, "EMAIL")))
    api.stack.tables.directory.put_users(
        api.tenant, [User(email, "Gone", frozenset(), is_active=False)], Deadline(4e9)
    )
    return answers


@pytest.mark.parametrize("code", ["", "LimitExceededException"])
def test_no_answer_reveals_whether_an_address_belongs_to_another_tenant(
    api: Api, stranger: Api, tenant: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compared are a free address, one that signs in elsewhere, and one of a verified domain."""
    free, taken, theirs = (f"ana@{kind}.{tenant}.example" for kind in ("free", "taken", "theirs"))
    assert created(stranger, taken).status == 201
    api.stack.tables.domains.verify(stranger.tenant, f"theirs.{tenant}.example")
    mails: AbstractContextManager[None] = (
        inviting_nobody(monkeypatch, code) if code else nullcontext()
    )
    with mails:
        answers = [answers_about(api, email) for email in (free, taken, theirs)]

    assert answers[0] == answers[1] == answers[2]
    if not code:
        assert [status for status, _ in answers[0]] == [201, 201, 200, 200, 200, 200, 200, 200, 200]
        assert sign_in(api, free) is not None
    assert sign_in(api, theirs) is None


def test_a_sign_in_of_another_tenant_stays_as_it_is(api: Api, stranger: Api, ana: str) -> None:
    created(stranger, ana, opco="Nowhere")

    assert created(api, ana, login_name="").body == user_body(ana, login_name="")

    found = sign_in(api, ana)
    assert found is not None
    assert found["tenant"] == stranger.tenant


def test_the_tenant_of_a_verified_domain_comes_first(
    api: Api, stranger: Api, tenant: str, ana: str
) -> None:
    api.stack.tables.domains.verify(stranger.tenant, f"{tenant}.example")

    assert created(api, ana).status == 201
    assert api.post(f"/users/{ana}/invitation").status == 200
    assert sign_in(api, ana) is None

    assert created(stranger, ana).status == 201
    found = sign_in(api, ana)
    assert found is not None
    assert found["tenant"] == stranger.tenant


def test_an_existing_sign_in_stays_when_its_domain_is_verified_for_another_tenant(
    api: Api, stranger: Api, tenant: str, ana: str
) -> None:
    created(api, ana)
    api.stack.tables.domains.verify(stranger.tenant, f"{tenant}.example")

    api.request("PUT", f"/users/{ana}", ANA | {"roles": ["Admin"]})

    found = sign_in(api, ana)
    assert found is not None
    assert (found["tenant"], found["groups"]) == (api.tenant, ["Admin"])


def test_the_log_says_why_nobody_was_invited(
    api: Api,
    stranger: Api,
    ana: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    created(stranger, ana)
    capsys.readouterr()

    created(api, ana)

    (record,) = [one for one in caplog.records if one.message == "no invitation"]
    assert vars(record)["reason"] == "the address signs in for another tenant"
    assert vars(record)["tenant"] == api.tenant
    assert "InvitationsNotMade" in capsys.readouterr().out


def test_a_sign_in_of_another_tenant_is_never_blocked_or_removed(
    api: Api, stranger: Api, ana: str
) -> None:
    created(stranger, ana)
    pool = api.stack.user_pool

    for user in (
        User(ana, "Ana", frozenset(), is_active=False),
        User(ana, "Ana", frozenset(), is_active=False, is_deleted=True),
    ):
        assert settle(pool, api.tenant, user, invites=True) is Settled.DONE
    active = User(ana, "Ana", frozenset())
    assert settle(pool, api.tenant, active, invites=True) is Settled.ELSEWHERE

    found = sign_in(api, ana)
    assert found is not None
    assert found["enabled"]


def test_the_sign_in_of_a_deleted_user_can_be_removed_twice(api: Api, ana: str) -> None:
    created(api, ana)
    gone = User(ana, "Ana", frozenset(), is_active=False, is_deleted=True)

    for _ in range(2):
        assert settle(api.stack.user_pool, api.tenant, gone, invites=True) is Settled.DONE

    assert sign_in(api, ana) is None


def test_r96_a_user_is_edited(api: Api, ana: str) -> None:
    created(api, ana)
    edited = ANA | {"name": "Ana Wekesa", "roles": ["Admin"], "mobile": "+254 700 2"}

    answer = api.request("PUT", f"/users/{ana}", edited)

    assert (answer.status, answer.body) == (200, user_body(ana, **edited))
    found = sign_in(api, ana)
    assert found is not None
    assert found["groups"] == ["Admin"]


def test_a_renamed_user_is_found_only_by_the_new_name(api: Api, ana: str) -> None:
    created(api, ana)
    api.request("PUT", f"/users/{ana}", ANA | {"name": "Zara Wekesa"})

    assert api.get("/users", name="ana").body["users"] == []
    assert [user["email"] for user in api.get("/users", name=" ZARA  we").body["users"]] == [ana]


def test_users_are_found_by_the_beginning_of_their_name_in_pages(api: Api, tenant: str) -> None:
    for number, name in enumerate(("Eve #2", "Eve", "eve #1", "Evelyn", "Ev")):
        created(api, f"u#{number}@{tenant}.example", name=name, login_name="")

    first = api.get("/users", name="eve", limit="3")
    rest = api.get("/users", name="eve", limit="3", cursor=first.body["cursor"])

    names = [user["name"] for page in (first, rest) for user in page.body["users"]]
    assert names == ["eve #1", "Eve #2", "Eve", "Evelyn"]
    assert len(first.body["users"]) == 3
    assert rest.body["cursor"] is None


def test_an_inactive_user_cannot_sign_in(api: Api, ana: str) -> None:
    created(api, ana)

    answer = api.request("PUT", f"/users/{ana}", ANA | {"status": "inactive"})

    assert answer.body["status"] == "inactive"
    found = sign_in(api, ana)
    assert found is not None
    assert not found["enabled"]


def test_an_unknown_user_cannot_be_edited(api: Api, stranger: Api, ana: str) -> None:
    created(stranger, ana)

    assert_problem(api.request("PUT", f"/users/{ana}", ANA), 404)
    assert stranger.get(f"/users/{ana}").body == user_body(ana)


def test_admins_cannot_lock_themselves_out(api: Api) -> None:
    for body in ({"roles": ["Sales"]}, {"roles": ["Admin"], "status": "inactive"}):
        assert_problem(api.request("PUT", f"/users/{ADMIN}", {"name": "Ines"} | body), 409)
    assert_problem(api.request("DELETE", f"/users/{ADMIN}"), 409)

    assert api.get(f"/users/{ADMIN}").body["roles"] == ["Admin"]


def test_r23_the_default_account_manager_is_tagged_where_users_are_listed(api: Api) -> None:
    api.request("PATCH", "/settings", {"default_account_manager": SALES})

    tags = {user["email"]: user["tags"] for user in api.get("/users").body["users"]}

    assert tags == {ADMIN: [], OFFICE: [], GONE: [], SALES: ["Default Account Manager"]}
    assert api.get(f"/users/{SALES}").body["tags"] == ["Default Account Manager"]
    assert api.get("/users", name="sam").body["users"][0]["tags"] == ["Default Account Manager"]


def test_the_default_account_manager_stays_until_another_is_set(api: Api) -> None:
    api.request("PATCH", "/settings", {"default_account_manager": SALES})
    inactive = {"name": "Sam", "roles": ["Sales"], "status": "inactive"}

    assert_problem(api.request("PUT", f"/users/{SALES}", inactive), 409)
    assert_problem(api.request("DELETE", f"/users/{SALES}"), 409)
    assert_problem(api.post("/users/delete", {"emails": [OFFICE, SALES]}), 409)


def test_r97_one_user_or_several_are_deleted_by_an_import(api: Api) -> None:
    one = api.request("DELETE", f"/users/{SALES}")
    several = api.post("/users/delete", {"emails": [OFFICE, GONE.upper(), GONE]})

    for answer in (one, several):
        assert answer.status == 202
        users.Removal.model_validate(answer.body)
        shown = api.get(f"/imports/{answer.body['import_ticket']}")
        assert (shown.status, shown.body["uploader"]) == (200, ADMIN)
    ticket = api.stack.tables.tickets.find(several.body["import_ticket"])
    assert ticket is not None
    assert ticket.users == [OFFICE, GONE]


def test_nobody_is_deleted_if_one_of_the_users_is_unknown(api: Api, stranger: Api) -> None:
    before = api.get("/imports").body

    answer = api.post("/users/delete", {"emails": [SALES, "nobody@lumina.example"]})

    assert_problem(answer, 400)
    assert answer.body["field"] == "emails"
    assert_problem(api.request("DELETE", "/users/nobody@lumina.example"), 404)
    assert api.get("/imports").body == before


@pytest.mark.parametrize(
    "emails", [[], [f"{number}@lumina.example" for number in range(101)], ["x" * 3000], [None]]
)
def test_an_empty_too_long_or_invalid_list_of_users_to_delete_is_refused(
    api: Api, emails: list[str]
) -> None:
    answer = api.post("/users/delete", {"emails": emails})

    assert_problem(answer, 400)
    assert answer.body["field"].startswith("emails")


def test_a_deleted_user_is_shown_but_not_listed_nor_edited(
    api: Api, ana: str, deadline: Deadline
) -> None:
    gone = User(ana, "Ana", frozenset(), is_active=False, is_deleted=True)
    api.stack.tables.directory.put_users(api.tenant, [gone], deadline)

    assert api.get(f"/users/{ana}").body["status"] == "deleted"
    assert ana not in api.get("/users").text
    assert api.get("/users", name="ana").body["users"] == []
    assert_problem(api.request("PUT", f"/users/{ana}", ANA), 409)
    answer = api.request("PATCH", "/settings", {"default_account_manager": ana})
    assert_problem(answer, 400)


def test_an_admin_creates_a_deleted_user_again(api: Api, ana: str, deadline: Deadline) -> None:
    gone = User(ana, "Ana", frozenset(), is_active=False, is_deleted=True, login_name="Ana.O")
    api.stack.tables.directory.put_users(api.tenant, [gone], deadline)

    assert created(api, ana).body == user_body(ana)
    assert sign_in(api, ana) is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "ana"),
        ("email", "ana@localhost"),
        ("email", "ana o@lumina.example"),
        ("email", f"{'x' * 400}@lumina.example"),
        ("email", "pending:ana@lumina.example\u200b"),
        ("email", "pending:ana@lumina.example"),
        ("email", "bo,ana@lumina.example"),
        ("email", "bo;ana@lumina.example"),
        ("email", '"ana"@lumina.example'),
        ("email", None),
        ("name", ""),
        ("name", "  "),
        ("name", "Ana\nBcc: x"),
        ("name", "A" * 201),
        ("name", "\ud800"),
        ("name", "\ufdfa" * 200),
        ("roles", "Admin"),
        ("roles", [""]),
        ("roles", ["Sales;Admin"]),
        ("roles", ["A" * 201]),
        ("roles", [str(number) for number in range(51)]),
        ("phone", "1" * 201),
        ("mobile", 7),
        ("login_name", "a\tb"),
        ("login_name", "\ufdfa" * 200),
        ("status", "deleted"),
        ("is_admin", True),
    ],
)
def test_an_invalid_user_is_refused_with_the_field_and_nothing_is_written(
    api: Api, ana: str, field: str, value: object
) -> None:
    before = api.get("/users").body

    answer = api.post("/users", ANA | {"email": ana} | {field: value})

    assert_problem(answer, 400)
    assert answer.body["field"].partition(".")[0] == field
    assert api.get("/users").body == before
    assert sign_in(api, ana) is None


def test_an_edit_keeps_the_other_attributes_of_a_user(api: Api, ana: str) -> None:
    created(api, ana)
    table = api.stack.tables.directory.table
    key: Any = {"pk": {"S": api.tenant}, "sk": {"S": f"user#{ana}"}}
    client().update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET deleted_by = :t",
        ExpressionAttributeValues={":t": {"S": "ticket"}},
    )

    api.request("PUT", f"/users/{ana}", ANA | {"name": "Ana W"})

    item = client().get_item(TableName=table, Key=key)["Item"]
    assert item["deleted_by"] == {"S": "ticket"}
    assert item["version"] == {"N": "2"}


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"cursor": "nonsense!"}])
def test_page_parameters_are_those_of_every_listing(api: Api, query: dict[str, str]) -> None:
    answer = api.get("/users", **query)

    assert_problem(answer, 400)
    assert answer.body["field"] in query
