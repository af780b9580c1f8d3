"""Profiles, accounts, histories and portfolios; read-only."""

from __future__ import annotations

import pytest
from handover.deadline import Deadline
from handover.http.bodies import accounts, profiles
from handover.model import ChangeReceipt, RoleChange
from handover.profiles.parsing import profile_from, profile_json
from handover.profiles.presets import presets
from handover.profiles.template import template_csv
from handover.store.history import Entry
from handover.store.portfolios import HoldingItem

from tests.functional.api.test_imports import assert_problem
from tests.kit.caller import ADMIN, GONE, SALES, Api


def test_every_tenant_sees_the_presets(api: Api) -> None:
    answer = api.by(SALES).get("/profiles")

    assert answer.status == 200
    for profile in answer.body:
        profiles.ProfileBody.model_validate(profile)
    assert [profile["name"] for profile in answer.body] == sorted(presets())
    strict = next(profile for profile in answer.body if profile["name"] == "single-strict")
    assert strict["is_own"] is False
    assert strict["columns"][1] == {
        "label": "account Manager",
        "aliases": list(presets()["single-strict"].columns[1].aliases),
        "holds": "users",
        "required": True,
        "role": "account_manager",
    }


def test_a_tenants_own_profile_is_visible_to_that_tenant_only(api: Api, stranger: Api) -> None:
    own = profile_json(presets()["single-strict"]) | {"name": "nightly"}
    api.stack.tables.directory.put_profile(api.tenant, profile_from(own))

    assert api.get("/profiles/nightly").body["is_own"] is True
    assert "nightly" in [profile["name"] for profile in api.get("/profiles").body]
    assert_problem(stranger.get("/profiles/nightly"), 404)
    assert_problem(stranger.get("/profiles/nightly/template"), 404)
    assert "nightly" not in [profile["name"] for profile in stranger.get("/profiles").body]


def test_r39_r50_a_template_is_a_csv_file_to_save(api: Api) -> None:
    answer = api.get("/profiles/single-strict/template")

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="single-strict.csv"'
    assert answer.text.encode() == template_csv(presets()["single-strict"])


@pytest.mark.parametrize("name", ["nightly", "..", "Single-Strict", "x" * 2000])
def test_an_unknown_profile_is_not_found(api: Api, name: str) -> None:
    assert_problem(api.get(f"/profiles/{name}"), 404)
    assert_problem(api.get(f"/profiles/{name}/template"), 404)


@pytest.mark.parametrize("path", ["00 17é", "00%2017%C3%A9"])
def test_r20_an_account_is_shown_with_its_assignees(api: Api, path: str) -> None:
    answer = api.get(f"/accounts/{path}")

    assert answer.status == 200
    accounts.AccountBody.model_validate(answer.body)
    assert (answer.body["account_id"], answer.body["opco"]) == ("00 17é", "Kenya")
    assert answer.body["assigned"] == {"account_manager": [SALES]}


def test_a_plus_in_an_account_id_stays_a_plus(api: Api) -> None:
    assert api.get("/accounts/0042+a").body["account_id"] == "0042+a"
    assert api.get("/accounts/0042%2Ba").body["account_id"] == "0042+a"


@pytest.mark.parametrize("account", ["17", "0" * 3000, "00 17é#", "%"])
def test_an_unknown_account_is_not_found(api: Api, account: str) -> None:
    assert_problem(api.get(f"/accounts/{account}"), 404)
    assert_problem(api.get(f"/accounts/{account}/history"), 404)


def test_the_accounts_of_another_tenant_are_not_found(
    api: Api, stranger: Api, deadline: Deadline
) -> None:
    receipt = ChangeReceipt("0" * 32, "", 2, ADMIN, "2026-07-06T12:00:00.000Z", 1, ())
    api.stack.tables.history.put([Entry(api.tenant, "0042+a", receipt)], deadline)

    assert stranger.get("/accounts/0042+a/history").body["history"] == []
    assert_problem(stranger.get(f"/accounts/{api.tenant}%230042+a"), 404)


def test_a_history_is_listed_from_the_beginning_in_pages(api: Api, deadline: Deadline) -> None:
    change = RoleChange("account_manager", (), (SALES,))
    receipts = [
        ChangeReceipt(
            f"{number:032x}", "", 2, ADMIN, f"2026-07-0{number}T12:00:00.000Z", number, (change,)
        )
        for number in (1, 2, 3)
    ]
    api.stack.tables.history.put(
        (Entry(api.tenant, "0042+a", receipt) for receipt in receipts), deadline
    )

    first = api.get("/accounts/0042+a/history", limit="2")
    rest = api.get("/accounts/0042+a/history", limit="2", cursor=first.body["cursor"])

    accounts.History.model_validate(first.body)
    assert [entry["version"] for entry in first.body["history"]] == [1, 2]
    assert [entry["version"] for entry in rest.body["history"]] == [3]
    assert rest.body["cursor"] is None
    assert rest.body["history"][0] == {
        "version": 3,
        "at": "2026-07-03T12:00:00.000Z",
        "actor": ADMIN,
        "import_id": f"{3:032x}",
        "line": 2,
        "changes": [{"role": "account_manager", "before": [], "after": [SALES]}],
    }


def test_r52_r87_a_portfolio_lists_what_a_user_holds_in_pages(api: Api, stranger: Api) -> None:
    for place, held in (("a", True), ("b", False), ("c", True), ("d", True)):
        key = f"{api.tenant}#{SALES}"
        HoldingItem(key, f"account_manager#{place}", version=1, held=held).save()

    first = api.get(f"/portfolios/{SALES.upper()}", limit="2")
    rest = api.get(
        f"/portfolios/{SALES.replace('@', '%40')}", limit="2", cursor=first.body["cursor"]
    )

    accounts.Portfolio.model_validate(first.body)
    assert [held["account_id"] for held in first.body["accounts"]] == ["a", "c"]
    assert rest.body == {
        "accounts": [{"role": "account_manager", "account_id": "d"}],
        "cursor": None,
    }
    assert stranger.get(f"/portfolios/{SALES}").body["accounts"] == []


def test_an_inactive_user_still_has_a_portfolio_and_a_stranger_none(api: Api) -> None:
    assert api.get(f"/portfolios/{GONE}").body == {"accounts": [], "cursor": None}
    assert_problem(api.get("/portfolios/nobody@lumina.example"), 404)


@pytest.mark.parametrize("path", ["/accounts/0042+a/history", f"/portfolios/{SALES}"])
@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"cursor": "nonsense!"}])
def test_page_parameters_are_those_of_every_listing(
    api: Api, path: str, query: dict[str, str]
) -> None:
    answer = api.get(path, **query)

    assert_problem(answer, 400)
    assert answer.body["field"] in query
