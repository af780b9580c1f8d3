"""Set-up, with the real API: what an Admin changes, and how mistakes are answered."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from handover_console.pages.set_up import mapping_of

from tests.console.browser import Browser
from tests.console.stand import Stand
from tests.kit.cast import INSIDERS, OWN_PROFILE, SALES, World

ADMIN, SUPPORT = INSIDERS[0], INSIDERS[3]
RULES = {
    "clear_guard_percent": "30",
    "clear_guard_lines": "15",
    "change_guard_percent": "40",
    "portfolio_guard_percent": "50",
    "tenant_guard_percent": "100",
    "change_guard_lines": "25",
    "default_account_manager": SALES.email,
    "opco_wall": "by_profile",
    "requests": "1",
}


@pytest.fixture
def at_work(browser: Browser, stand: Stand, worlds: World) -> Browser:
    """A browser of a signed-in Admin, with the real API."""
    stand.world = worlds
    browser.sign_in(ADMIN, groups=("Admin",))
    return browser


def test_an_admin_changes_the_rules(at_work: Browser, worlds: World) -> None:
    done = at_work.post("/set-up/rules", RULES)
    page = at_work.get("/set-up", **done.query)
    settings = worlds.ask(ADMIN, "GET", "/settings").body

    assert done.headers["location"].endswith("#rules")
    assert "Stored." in page.text
    assert {"30", "15", SALES.email} <= set(page.read.values("value"))
    assert settings["allow_account_manager_to_create_requests"] is True
    assert settings["opco_wall"] == "by_profile"


@pytest.mark.parametrize(
    ("field", "value"),
    [("clear_guard_percent", "many"), ("default_account_manager", "nobody@lumina.example")],
)
def test_an_invalid_rule_is_refused_in_the_words_of_the_api(
    at_work: Browser, worlds: World, field: str, value: str
) -> None:
    before = worlds.state()

    page = at_work.post("/set-up/rules", {**RULES, field: value})

    assert page.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
    assert field in page.text
    assert value in page.read.values("value")
    assert "Nothing was stored." in page.text
    assert worlds.state() == before


def test_only_the_ticked_profiles_are_switched_on(at_work: Browser, worlds: World) -> None:
    at_work.post("/set-up/profiles", {f"on.{OWN_PROFILE}": "1"})
    only = worlds.ask(ADMIN, "GET", "/settings").body["profiles"]
    at_work.post("/set-up/profiles", {f"on.{OWN_PROFILE}": "1", "on.single-strict": "1"})
    both = worlds.ask(ADMIN, "GET", "/settings").body["profiles"]

    assert only == [OWN_PROFILE]
    assert sorted(both) == sorted([OWN_PROFILE, "single-strict"])


def test_roles_workflows_and_sources_are_created_and_removed(
    at_work: Browser, worlds: World
) -> None:
    role = {"name": "Deputy of Sales & Co", "max_users": "2", "assigned_by": "Admin; Sales"}
    source = {
        "name": "crm",
        "profile": "single-strict",
        "principal": "AROACRM",
        "mapping": "Customer no. = account ID\nOwner = account Manager\n",
        "on_error": "stop_above",
        "percent": "7",
    }

    made = [
        at_work.post("/set-up/roles", role),
        at_work.post("/set-up/workflows", {"name": "Renewal"}),
        at_work.post("/set-up/sources", source),
    ]
    page = at_work.get("/set-up")
    choice = worlds.ask(ADMIN, "GET", "/sources/crm").body["on_error"]
    for kind, name in (("roles", role["name"]), ("workflows", "Renewal"), ("sources", "crm")):
        at_work.post(f"/set-up/{kind}/remove", {"name": name})
    after = at_work.get("/set-up")

    assert [one.status for one in made] == [HTTPStatus.SEE_OTHER] * 3
    assert "Deputy of Sales & Co at most 2 people, assigned by Admin, Sales" in page.text
    assert "Renewal" in page.text
    assert "Customer no. = account ID Owner = account Manager" in page.text
    assert choice == "stop_above: 7 %"
    assert "7" in page.read.values("value")
    for word in (role["name"], "Renewal", "AROACRM"):
        assert word not in after.text


def test_refused_values_stay_in_their_form(at_work: Browser, worlds: World) -> None:
    before = worlds.state()
    typed = {"name": "crm", "profile": "none such", "principal": "AROACRM", "mapping": "A = b"}

    source = at_work.post("/set-up/sources", typed)
    role = at_work.post("/set-up/roles", {"name": "Deputy", "max_users": "no", "assigned_by": "A"})

    assert source.status == HTTPStatus.BAD_REQUEST
    assert {"crm", "AROACRM"} <= set(source.read.values("value"))
    assert "A = b" in source.text
    assert {"Deputy", "no", "A"} <= set(role.read.values("value"))
    assert worlds.state() == before


def test_a_form_without_a_name_creates_nothing(at_work: Browser, worlds: World) -> None:
    before = worlds.state()

    page = at_work.post("/set-up/workflows", {"name": " "})

    assert page.status == HTTPStatus.BAD_REQUEST
    assert "expected a name" in page.text
    assert worlds.state() == before


@pytest.mark.parametrize("part", ["rules", "profiles", "roles", "workflows", "sources/remove"])
def test_a_user_who_is_not_an_admin_changes_nothing(
    at_work: Browser, worlds: World, part: str
) -> None:
    at_work.sign_in(SUPPORT)
    before = worlds.state()

    page = at_work.post(f"/set-up/{part}", {**RULES, "name": "erp", "on.single-strict": "1"})

    assert page.status == HTTPStatus.FORBIDDEN
    assert worlds.state() == before


@pytest.mark.parametrize(
    ("text", "mapping"),
    [
        ("A = b\r\n\r\n C=D  = account ID \n", {"A": "b", "C=D": "account ID"}),
        ("no sign", {"no sign": ""}),
        ("", {}),
    ],
)
def test_a_mapping_is_written_line_by_line(text: str, mapping: dict[str, str]) -> None:
    assert mapping_of(text) == mapping


def test_a_profile_is_copied_edited_tried_on_a_sample_and_removed(
    at_work: Browser, worlds: World
) -> None:
    copied = at_work.post("/set-up/profiles/single-strict/copy", {"name": "nightly"})
    here = "/set-up/profiles/nightly"
    page = at_work.get(here, **copied.query)
    form = {
        "version": "1",
        "title": "Each night",
        "uploader_roles": "Admin; Sales",
        "aliases.1": "Kundennummer",
        "required.1": "1",
        "aliases.2": "Zuständig; Betreuer",
        "required.2": "1",
    }
    text = "Kundennummer;Betreuer\nK1;sam.sales@lumina.example\n"

    tried = at_work.post(f"{here}/sample", {**form, "sample": text})
    before = worlds.ask(ADMIN, "GET", "/profiles/nightly").body
    stored = at_work.post(here, form)
    late = at_work.post(here, form)
    after = worlds.ask(ADMIN, "GET", "/profiles/nightly").body
    removed = at_work.post(f"{here}/remove")

    assert "The copy is stored" in page.text
    assert "K1account manager sam.sales@lumina.example" in tried.text
    assert before["title"] != "Each night"
    assert stored.headers["location"].endswith("/nightly?done=stored")
    assert after["definition"]["columns"][1]["aliases"] == ["Zuständig", "Betreuer"]
    assert after["uploader_roles"] == ["Admin", "Sales"]
    assert late.status == HTTPStatus.CONFLICT
    assert "version 2 is stored, and you began with 1" in late.text
    assert removed.headers["location"].endswith("#profiles")
    assert worlds.ask(ADMIN, "GET", "/profiles/nightly").status == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("written", ["{", "[]", '{"blank": "perhaps"}'])
def test_an_invalid_definition_is_refused_and_kept_on_the_page(
    at_work: Browser, worlds: World, written: str
) -> None:
    before = worlds.state()

    page = at_work.post(f"/set-up/profiles/{OWN_PROFILE}", {"definition": written})

    assert page.status == HTTPStatus.BAD_REQUEST
    assert "Nothing was stored." in page.text
    assert written in page.text
    assert worlds.state() == before


def test_an_address_is_subscribed_and_must_confirm(at_work: Browser) -> None:
    done = at_work.post("/set-up/notifications", {"endpoint": "finance@lumina.example"})
    page = at_work.get("/set-up", **done.query)
    wrong = at_work.post("/set-up/notifications", {"endpoint": "http://lumina.example"})

    assert done.headers["location"].endswith("#notifications")
    assert "finance@lumina.example has not confirmed yet" in page.text
    assert wrong.status == HTTPStatus.BAD_REQUEST
    assert "expected an e-mail address or an https:// address" in wrong.text
    assert "http://lumina.example" in wrong.read.values("value")
