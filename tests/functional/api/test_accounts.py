"""Reading accounts: all of them, those of one holder, and who held one on a day."""

from __future__ import annotations

import time
from itertools import islice
from typing import Any

import pytest
from handover.http.bodies import accounts
from handover.model import Account, User
from handover.store.accounts import SHARDS
from msgspec.structs import replace

from tests.functional.api.test_imports import assert_problem
from tests.kit.caller import Api
from tests.kit.fixtures import clients_of_memory, pipeline
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import (
    ADMIN,
    AMINA,
    BARAKA,
    DAY,
    HOUR,
    MINUTE,
    ROLE,
    SALES,
    TENANT,
    Pipeline,
    file_of,
    import_id,
)

__all__ = ["clients_of_memory", "pipeline"]


@pytest.fixture
def api(pipeline: Pipeline) -> Api:
    """Anybody who is signed in."""
    return Api(TENANT, pipeline.resources, SALES)


def ids(api: Api, limit: int = 100, **query: str) -> list[str]:
    """The ids of all listed accounts, over all pages."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = api.get("/accounts", limit=str(limit), **query, **cursor)
        assert answer.status == 200, answer.text
        accounts.Accounts.model_validate(answer.body)
        assert len(answer.body["accounts"]) <= limit
        found += [account["account_id"] for account in answer.body["accounts"]]
        if answer.body["cursor"] is None:
            return found
        cursor = {"cursor": answer.body["cursor"]}


@pytest.mark.parametrize("limit", [1, 7, 100, 1000])
def test_r36_r66_every_account_is_listed_once_with_its_external_id(
    pipeline: Pipeline, api: Api, limit: int
) -> None:
    expected = pipeline.kenyan(120 if limit > 1 else 2 * SHARDS)
    pipeline.kenyan(5, tenant="umbra")

    assert sorted(ids(api, limit)) == expected


def test_a_page_of_one_account_does_not_read_all_the_others(
    pipeline: Pipeline, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handover.store.accounts.IDS_A_QUERY", 2)
    monkeypatch.setattr("handover.use_cases.accounts.AT_A_TIME", 2)
    pipeline.kenyan(200)
    read: list[int] = []

    def note(answer: dict[str, Any]) -> None:
        read.append(len(answer["Items"]))

    with incident(pipeline.memory, Mishap("Query", on_answer=note)):
        assert len(api.get("/accounts", limit="1").body["accounts"]) == 1
    assert sum(read) <= 6

    assert sorted(ids(api)) == [f"K{place:03d}" for place in range(200)]


def test_accounts_are_listed_by_status_and_portal(pipeline: Pipeline, api: Api) -> None:
    pipeline.accounts(
        *(Account(TENANT, f"A{place}", 1, is_active=place % 2 == 0) for place in range(10)),
        Account(TENANT, "B", 1, portals=("north", "south")),
    )

    assert sorted(ids(api, limit=2, status="active")) == ["A0", "A2", "A4", "A6", "A8", "B"]
    assert ids(api, limit=2, status="active", portal="south") == ["B"]
    assert ids(api, portal="sou") == []


def test_a_page_of_filtered_accounts_stops_at_its_limit_and_has_a_cursor(
    pipeline: Pipeline, api: Api
) -> None:
    """A page takes two readings, and the second has more rows than fit."""
    pipeline.accounts(
        *(Account(TENANT, f"A{place:03d}", 1, is_active=place % 2 == 0) for place in range(250))
    )

    pages = [api.get("/accounts", status="active", limit="60").body]
    while pages[-1]["cursor"] is not None:
        cursor = pages[-1]["cursor"]
        pages.append(api.get("/accounts", status="active", limit="60", cursor=cursor).body)

    assert [len(page["accounts"]) for page in pages] == [60, 60, 5]
    found = [account["account_id"] for page in pages for account in page["accounts"]]
    assert sorted(found) == [f"A{place:03d}" for place in range(0, 250, 2)]


def test_one_account_of_hundreds_is_found_in_one_page(pipeline: Pipeline, api: Api) -> None:
    pipeline.kenyan(350)
    pipeline.accounts(replace(pipeline.account("K349"), is_active=False))

    page = api.get("/accounts", status="inactive").body

    assert [account["account_id"] for account in page["accounts"]] == ["K349"]
    assert page["cursor"] is None


def test_a_filter_that_few_accounts_match_still_gives_a_cursor(
    pipeline: Pipeline, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handover.use_cases.accounts.MAX_LOOKED_AT", 100)
    pipeline.kenyan(250)

    page = api.get("/accounts", status="inactive").body

    assert page["accounts"] == []
    assert page["cursor"] is not None
    assert ids(api, status="inactive") == []


def test_r47_r49_r102_an_account_shows_its_people_with_their_current_directory_fields(
    pipeline: Pipeline, api: Api
) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    renamed = User(
        AMINA, "Amina Njeri", frozenset({"Sales"}), "Kenya", phone="+254 20", mobile="+254 7"
    )
    pipeline.users(renamed)

    answer = api.get("/accounts/K000").body

    accounts.AccountBody.model_validate(answer)
    assert answer["people"] == {
        ROLE: [
            {
                "email": AMINA,
                "name": "Amina Njeri",
                "phone": "+254 20",
                "mobile": "+254 7",
                "is_pending": False,
            }
        ]
    }


def test_r58_a_pending_assignee_is_reported_as_such(pipeline: Pipeline, api: Api) -> None:
    pipeline.accounts(
        Account(TENANT, "P", 1, assigned={"csm": ("pending:new@x.example",), "workflow": ("Hard",)})
    )
    pipeline.publish()

    answer = api.get("/accounts/P").body

    assert answer["assigned"] == {"csm": ["pending:new@x.example"], "workflow": ["Hard"]}
    (csm,) = answer["people"]["csm"]
    assert (csm["email"], csm["name"], csm["is_pending"]) == ("new@x.example", "", True)
    assert "workflow" not in answer["people"]
    assert ids(api, holder="new@x.example") == ["P"]


def test_r62_accounts_are_searched_by_the_name_of_a_holder(pipeline: Pipeline, api: Api) -> None:
    namesake = "amina.2@lumina.example"
    pipeline.users(User(namesake, "AMINA  otieno", frozenset({"Sales"})))
    pipeline.accounts(
        Account(TENANT, "one", 1, assigned={"csm": (AMINA,), "owner": (AMINA, namesake)}),
        Account(TENANT, "two", 1, assigned={"csm": (namesake,)}),
        Account(TENANT, "three", 1, assigned={"csm": (BARAKA,)}),
    )
    pipeline.publish()

    assert sorted(ids(api, limit=1, holder="amina Otieno")) == ["one", "two"]
    assert ids(api, limit=1, holder="amina Otieno", role="owner") == ["one"]
    assert ids(api, holder=AMINA.upper(), role="csm") == ["one"]
    assert [ids(api, holder=nobody) for nobody in ("Nobody", "nobody@x.example", " ")] == [[]] * 3


def test_the_accounts_of_two_people_of_one_name_are_listed_one_after_the_other(
    pipeline: Pipeline, api: Api
) -> None:
    namesake = "amina.2@lumina.example"
    pipeline.users(User(namesake, "Amina Otieno", frozenset({"Sales"})))
    held = {"zero": namesake, "three": AMINA, "two": AMINA}
    pipeline.accounts(
        *(Account(TENANT, one, 1, assigned={"csm": (holder,)}) for one, holder in held.items())
    )
    pipeline.publish()

    first = api.get("/accounts", holder="Amina Otieno", limit="2").body
    rest = api.get("/accounts", holder="Amina Otieno", cursor=first["cursor"]).body

    assert [account["account_id"] for account in first["accounts"]] == ["zero", "three"]
    assert [account["account_id"] for account in rest["accounts"]] == ["two"]
    assert rest["cursor"] is None
    assert ids(api, limit=1, holder="Amina Otieno") == ["zero", "three", "two"]


def test_accounts_are_searched_by_address_and_by_login_name(pipeline: Pipeline, api: Api) -> None:
    holder = User("neema@lumina.example", "Neema", frozenset(), login_name="Neema@Corp.example")
    pipeline.users(holder)
    pipeline.accounts(Account(TENANT, "one", 1, assigned={"csm": (holder.email,)}))
    pipeline.publish()

    assert ids(api, holder="neema@corp.example") == ["one"]
    assert ids(api, holder=holder.email) == ["one"]


def test_a_search_by_a_former_holder_does_not_find_the_account(
    pipeline: Pipeline, api: Api
) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.run(pipeline.upload(file_of([("K000", BARAKA)])))
    pipeline.publish()

    assert ids(api, holder=AMINA) == ["K001"]
    assert ids(api, holder="Baraka Mwangi") == ["K000"]


@pytest.mark.parametrize("account", ['a/b#c?"d" é%2F+', "K 1"])
def test_an_account_whose_id_no_path_can_hold_is_read_by_query(
    pipeline: Pipeline, api: Api, account: str
) -> None:
    pipeline.accounts(Account(TENANT, account, 1))

    assert ids(api, id=account) == [account]
    assert api.get("/history", account_id=account).body == {"history": [], "cursor": None}
    assert_problem(api.get("/accounts", id="nowhere"), 404)
    assert_problem(api.get("/history", account_id="nowhere"), 404)


# Who held an account at a time


def test_the_holders_of_an_account_on_a_day_are_shown(pipeline: Pipeline, api: Api) -> None:
    """The clock begins on 2026-11-22 at ten."""
    pipeline.kenyan(1, held_by=AMINA)
    pipeline.publish()
    for manager in (BARAKA, "None", SALES):
        pipeline.clock.now += DAY
        pipeline.run(pipeline.upload(file_of([("K000", manager)])))
        pipeline.publish()

    def held(at: str) -> list[str]:
        body = api.get("/accounts/K000", at=at).body
        accounts.AccountBody.model_validate(body)
        assert body["people"].get(ROLE, []) == [] or body["people"][ROLE][0]["name"]
        found: list[str] = body["assigned"][ROLE]
        return found

    assert held("2026-11-22") == [AMINA]
    assert held("2026-11-23T09:59:59Z") == [AMINA]
    assert held("2026-11-23T13:00:00+02:00") == [BARAKA]
    assert held("2026-11-23") == [BARAKA]
    assert held("2026-11-24") == []
    assert held("2026-11-25") == held("2030-01-01") == [SALES]
    assert held("0001-01-01") == [AMINA]
    assert api.get("/accounts", id="K000", at="2026-11-24").body["accounts"][0]["version"] == 3


@pytest.mark.parametrize(
    ("at", "instant"),
    [("2026-11-22T10:30:00", "10:30:00"), ("2026-11-22T10:30:00+03:00", "07:30:00")],
)
def test_a_time_without_a_zone_is_in_utc(
    pipeline: Pipeline, api: Api, monkeypatch: pytest.MonkeyPatch, at: str, instant: str
) -> None:
    pipeline.kenyan(1)
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "EAT-3")
        time.tzset()
        answer = api.get("/accounts/K000", at=at)
    time.tzset()

    assert answer.body["at"] == f"2026-11-22T{instant}.000Z"


def test_a_change_counts_from_its_own_instant_on(pipeline: Pipeline, api: Api) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    pipeline.clock.now += HOUR
    pipeline.run(pipeline.upload(file_of([("K000", BARAKA)])))

    def held(at: str) -> list[str]:
        found: list[str] = api.get("/accounts/K000", at=at).body["assigned"][ROLE]
        return found

    for _ in ("before", "after"):
        assert held("2026-11-22T10:59:59.999Z") == [AMINA]
        assert held("2026-11-22T11:00:00.000Z") == [BARAKA]
        pipeline.publish()


def test_changes_that_the_history_lacks_count_in_their_order(pipeline: Pipeline, api: Api) -> None:
    """An import has written the account and is still open when the account is edited."""
    pipeline.kenyan(1, held_by=AMINA)
    created = pipeline.upload(file_of([("K000", BARAKA)]))
    assert pipeline.validate(created) == []
    pipeline.clock.now += MINUTE
    with incident(pipeline.memory, Mishap("BatchExecuteStatement", kill_after=1)):
        pipeline.assign(import_id(created))
    pipeline.clock.now += MINUTE
    edit = {"profile": "single-strict", "assign": {ROLE: SALES}}
    assert api.by(ADMIN).request("PATCH", "/accounts/K000", edit).status == 200
    assert len(pipeline.account("K000").receipts) == 2

    def held(at: str) -> tuple[list[str], int]:
        body = api.get("/accounts/K000", at=f"2026-11-22T{at}Z").body
        return body["assigned"][ROLE], body["version"]

    for _ in ("before", "after"):
        assert held("10:00:59") == ([AMINA], 1)
        assert held("10:01:59") == ([BARAKA], 2)
        assert held("10:02:00") == ([SALES], 3)
        pipeline.publish()
    pipeline.clock.now += MINUTE
    assert api.by(ADMIN).request("PATCH", "/accounts/K000", edit | {"assign": {ROLE: AMINA}}).body
    assert [one.version for one in pipeline.account("K000").receipts] == [2, 4]
    for _ in ("before", "after"):
        assert held("10:01:59") == ([BARAKA], 2)
        assert held("10:03:00") == ([AMINA], 4)
        pipeline.publish()


def test_fields_of_the_directory_are_no_roles_of_an_account_at_a_time(
    pipeline: Pipeline, api: Api
) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    pipeline.clock.now += HOUR
    body = b"account_id,name\r\nK000,Acme\r\nN1,Bolt\r\n"
    pipeline.run(pipeline.upload(body, pipeline.ticket(profile="directory-accounts")))
    pipeline.publish()

    answer = api.get("/accounts/K000", at="2026-11-22T10:30:00Z").body
    made = api.get("/accounts/N1/history").body["history"]

    assert (answer["name"], answer["assigned"], answer["version"]) == ("Acme", {ROLE: [AMINA]}, 1)
    assert [entry["version"] for entry in made] == [1]


class ReadUsers:
    """A hook that notes how many users are read at a time."""

    def __init__(self) -> None:
        self.made: list[int] = []

    def before(self, _: int, __: str, ___: str, params: dict[str, Any], /) -> None:
        if users := params.get("RequestItems", {}).get("DirectoryTable"):
            self.made.append(len(users["Keys"]))

    def after(self, *_: Any) -> None:
        """Nothing is noted of answers."""


def test_people_are_read_for_as_many_accounts_at_a_time_as_have_so_many_holders(
    pipeline: Pipeline, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handover.use_cases.accounts.HOLDERS_AT_A_TIME", 2)
    numbers = (1, 1, 1, 1, 1, 3, 0, 2)
    people = iter(f"u{place}@x.example" for place in range(sum(numbers)))
    pipeline.accounts(
        *(
            Account(TENANT, f"A{place}", 1, assigned={ROLE: tuple(islice(people, many))})
            for place, many in enumerate(numbers)
        )
    )
    pipeline.memory.hook = reads = ReadUsers()

    page = api.get("/accounts", beginning="A").body

    assert len(page["accounts"]) == len(numbers)
    assert reads.made == [2, 2, 1, 3, 2]


def test_a_change_counts_before_the_history_has_it(pipeline: Pipeline, api: Api) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    pipeline.clock.now += HOUR
    pipeline.run(pipeline.upload(file_of([("K000", BARAKA)])))

    assert api.get("/accounts/K000", at="2026-11-22T10:30:00Z").body["assigned"] == {ROLE: [AMINA]}


@pytest.mark.parametrize("at", ["yesterday", "2026-13-01", "2026-11-22T25:00", "9999-12-31", "7"])
def test_an_invalid_time_is_refused_with_its_field(pipeline: Pipeline, api: Api, at: str) -> None:
    pipeline.kenyan(1)

    answer = api.get("/accounts/K000", at=at)

    if at == "9999-12-31":
        assert answer.status == 200
    else:
        assert_problem(answer, 400)
        assert answer.body["field"] == "at"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"at": "2026-11-22"}, "at"),
        ({"role": "csm"}, "role"),
        ({"status": "open"}, "status"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "0"}, "limit"),
        ({"cursor": "non sense"}, "cursor"),
        ({"holder": "x" * 1025}, "holder"),
    ],
)
def test_an_invalid_search_is_refused_with_its_field(
    api: Api, query: dict[str, str], field: str
) -> None:
    answer = api.get("/accounts", **query)

    assert_problem(answer, 400)
    assert answer.body["field"] == field


@pytest.mark.parametrize("query", [{"cursor": "nonsense"}, {"holder": AMINA, "cursor": "SzAwMA"}])
def test_a_search_accepts_only_its_own_cursor(api: Api, query: dict[str, str]) -> None:
    answer = api.get("/accounts", **query)

    assert_problem(answer, 404)
    assert answer.body["field"] == "cursor"


def test_a_page_of_history_begins_where_the_last_one_ended(pipeline: Pipeline, api: Api) -> None:
    pipeline.kenyan(1)
    admin = Api(TENANT, pipeline.resources, ADMIN)
    for manager in (AMINA, BARAKA, SALES):
        body = {"profile": "single-strict", "assign": {ROLE: manager}}
        assert admin.request("PATCH", "/accounts/K000", body).status == 200
        pipeline.publish()

    first = api.get("/accounts/K000/history", limit="2").body
    rest = api.get("/accounts/K000/history", limit="2", cursor=first["cursor"]).body

    assert [entry["version"] for entry in first["history"] + rest["history"]] == [2, 3, 4]
    assert rest["cursor"] is None


# Portals


def managers(api: Api, portal: str, limit: int = 1) -> list[tuple[str, str, list[str]]]:
    """Role, account and addresses of every listed row, over all pages."""
    found: list[tuple[str, str, list[str]]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = api.get(f"/portals/{portal}/managers", limit=str(limit), **cursor)
        assert answer.status == 200, answer.text
        accounts.PortalManagers.model_validate(answer.body)
        found += [
            (one["role"], one["account_id"], [who["email"] for who in one["people"]])
            for one in answer.body["managers"]
        ]
        if answer.body["cursor"] is None:
            return found
        cursor = {"cursor": answer.body["cursor"]}


def test_r100_an_assignment_reaches_all_portals_of_its_account(
    pipeline: Pipeline, api: Api
) -> None:
    pipeline.accounts(
        Account(TENANT, "A", 1, opco="Kenya", portals=("north", "south")),
        Account(TENANT, "B", 1, opco="Kenya", portals=("south",)),
    )
    pipeline.publish()
    assert managers(api, "north") == managers(api, "south") == []

    pipeline.run(pipeline.upload(file_of([("A", AMINA), ("B", BARAKA)])))
    pipeline.publish()

    assert managers(api, "north") == [(ROLE, "A", [AMINA])]
    assert managers(api, "south") == [(ROLE, "A", [AMINA]), (ROLE, "B", [BARAKA])]
    assert api.get("/managers", portal="north").body["managers"][0]["people"][0]["name"]


def test_r100_an_assignment_follows_the_account_to_other_portals(
    pipeline: Pipeline, api: Api
) -> None:
    held = {ROLE: (AMINA,), "deputy": (BARAKA,)}
    pipeline.accounts(Account(TENANT, "A", 1, portals=("north", "south"), assigned=held))
    pipeline.publish()

    pipeline.accounts(Account(TENANT, "A", 1, portals=("south", "east/west")))
    # Also before the stream has delivered the change.
    assert managers(api, "north") == []
    pipeline.publish()

    both = [(ROLE, "A", [AMINA]), ("deputy", "A", [BARAKA])]
    assert managers(api, "north") == []
    assert managers(api, "south") == both
    assert len(api.get("/managers", portal="east/west").body["managers"]) == 2


def test_r100_a_user_removed_from_an_account_is_removed_from_its_portals(
    pipeline: Pipeline, api: Api
) -> None:
    pipeline.accounts(
        Account(TENANT, "A", 1, opco="Kenya", portals=("north",), assigned={ROLE: (AMINA,)})
    )
    pipeline.run(pipeline.upload(file_of([("A", "None")])))
    pipeline.publish()

    assert managers(api, "north") == []


def test_a_portal_whose_name_no_key_can_hold_does_not_stop_the_others(
    pipeline: Pipeline, api: Api
) -> None:
    portals = ("\N{GRINNING FACE}" * 401, "", "north")
    pipeline.accounts(Account(TENANT, "A", 1, portals=portals, assigned={ROLE: (AMINA,)}))
    pipeline.publish()

    assert managers(api, "north") == [(ROLE, "A", [AMINA])]


def test_the_portals_of_another_tenant_are_not_found(pipeline: Pipeline, api: Api) -> None:
    held = {ROLE: (AMINA,)}
    pipeline.accounts(Account("umbra", "A", 1, portals=("north",), assigned=held))
    pipeline.publish()

    assert managers(api, "north") == []


def test_accounts_are_found_by_the_beginning_of_their_id_in_order(
    pipeline: Pipeline, api: Api
) -> None:
    pipeline.kenyan(120)
    pipeline.kenyan(5, tenant="umbra")

    found = ids(api, 4, beginning="K01")

    assert found == [f"K01{digit}" for digit in range(10)]
    assert ids(api, beginning="K017") == ["K017"]
    assert ids(api, beginning="k01") == ids(api, beginning="K01\U0010ffff") == []
    assert ids(api, beginning="K01", status="inactive") == []
    assert ids(api, beginning="é" * 1000) == []


def test_lists_count_what_users_hold_and_how_many_accounts_wait_for_an_address(
    pipeline: Pipeline, api: Api
) -> None:
    awaited = {"new@x.example": 2, "new@x.example.au": 1, "old@x.example": 1}
    pipeline.accounts(
        *(
            Account(TENANT, f"P{address}{number}", 1, assigned={ROLE: (f"pending:{address}",)})
            for address, count in awaited.items()
            for number in range(count)
        )
    )
    pipeline.kenyan(3, held_by=AMINA)
    pipeline.settle()
    admin = Api(TENANT, pipeline.resources, ADMIN)

    users = {row["email"]: row for row in api.get("/users", counts="true").body["users"]}
    first = admin.get("/pending/addresses", limit="2").body
    second = admin.get("/pending/addresses", limit="2", cursor=first["cursor"]).body

    assert {email: row["held"] for email, row in users.items() if row["held"]} == {AMINA: 3}
    assert "held" not in api.get("/users").body["users"][0]
    found = {one["address"]: one["accounts"] for one in first["awaited"] + second["awaited"]}
    assert found == awaited
    assert second["cursor"] is None
