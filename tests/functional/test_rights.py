"""Who may use a profile, assign a role and write the directory: the same for every way in.

Each way in is tested through the deployed functions, as a person or a system uses it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from handover.model import User
from handover.profiles.fields import About
from handover.profiles.parsing import profile_json
from handover.profiles.presets import presets
from handover.profiles.profile import Profile
from msgspec.structs import replace

from tests.kit.caller import Answer
from tests.kit.jobs import PATIENT, api, await_newcomer, newcomer
from tests.kit.memory_aws import ObjectCreated
from tests.kit.pipeline import (
    ADMIN,
    AMINA,
    BARAKA,
    MINUTE,
    ROLE,
    SALES,
    TENANT,
    Pipeline,
    import_id,
)

OPEN = "multi-with-workflow"
NOBODY = "nora.none@lumina.example"
ZURI = "zuri.achieng@lumina.example"
OFFICE = "joyce.wambui@lumina.example"
EVE = "eve@x.example"


@pytest.fixture
def account(pipeline: Pipeline) -> str:
    """An account that Amina holds, two workflows, and users with other roles or none."""
    directory = pipeline.resources.tables.directory
    pipeline.users(
        User(NOBODY, "Nora None", frozenset(), "Kenya"),
        User(ZURI, "Zuri Achieng", frozenset({"Sales"}), "Kenya"),
        User(OFFICE, "Joyce Wambui", frozenset({"Back Office Management"}), "Kenya"),
    )
    directory.put_workflows(TENANT, ["Gentle", "Firm"], pipeline.deadline)
    (account,) = pipeline.kenyan(1, held_by=AMINA)
    return account


def open_file(account: str, manager: str, workflow: str = "") -> bytes:
    """A file of a preset without uploader roles."""
    header = "External Id,Account manager email,Workflow name"
    return f"{header}\r\n{account},{manager},{workflow}\r\n".encode()


def ended(pipeline: Pipeline, created: ObjectCreated) -> ObjectCreated:
    """The import of the file, with all that follows."""
    pipeline.run(created)
    pipeline.settle()
    pipeline.clock.now += MINUTE
    return created


def of_admin(pipeline: Pipeline, account: str) -> ObjectCreated:
    """An Admin's import of a file of the open preset."""
    file = open_file(account, BARAKA, "Gentle")
    return ended(pipeline, pipeline.upload(file, pipeline.ticket(profile=OPEN)))


Way = Callable[[Pipeline, str, str], Answer]


def ticket(pipeline: Pipeline, account: str, email: str) -> Answer:
    expected = {"profile": OPEN, "filename": "managers.csv"}
    return api(pipeline, email).post("/imports", expected)


def edit(pipeline: Pipeline, account: str, email: str) -> Answer:
    expected = {"profile": OPEN, "assign": {ROLE: ZURI, "workflow": "Gentle"}}
    return api(pipeline, email).request("PATCH", f"/accounts/{account}", expected)


def reassignment(pipeline: Pipeline, account: str, email: str) -> Answer:
    expected = {"profile": OPEN, "to": ZURI, "account_ids": [account]}
    return api(pipeline, email).post("/assignments", expected)


def handing_over(pipeline: Pipeline, account: str, email: str) -> Answer:
    expected = {"profile": OPEN, "to": ZURI, "held_by": AMINA}
    return api(pipeline, email).post("/assignments", expected)


def undo(pipeline: Pipeline, account: str, email: str) -> Answer:
    name = import_id(of_admin(pipeline, account))
    return api(pipeline, email).post(f"/imports/{name}/undo")


def undo_of_an_undo(pipeline: Pipeline, account: str, email: str) -> Answer:
    name = import_id(of_admin(pipeline, account))
    assert api(pipeline).post(f"/imports/{name}/undo").status == 202
    (written,) = pipeline.settle()
    pipeline.clock.now += MINUTE
    return api(pipeline, email).post(f"/imports/{import_id(written)}/undo")


def results(pipeline: Pipeline, account: str, email: str) -> Answer:
    name = import_id(of_admin(pipeline, account))
    return api(pipeline, email).get(f"/imports/{name}/results")


WAYS = (ticket, edit, reassignment, handing_over, undo, undo_of_an_undo, results)
OPENED: dict[Way, int] = {ticket: 201, edit: 200, results: 302}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("email", [NOBODY, SALES, OFFICE])
def test_only_admins_use_a_profile_that_is_not_on(
    pipeline: Pipeline, account: str, way: Way, email: str
) -> None:
    """It has no uploader roles, so it once admitted everybody."""
    pipeline.switch_on("single-strict")

    answer = way(pipeline, account, email)

    assert answer.status == 403, answer.text
    assert "not switched on" in answer.body["detail"]
    assert "an Admin can switch it on" in answer.body["detail"]
    held = pipeline.account(account).assigned
    assert ZURI not in held[ROLE]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("email", [NOBODY, ADMIN])
def test_a_profile_that_is_on_is_open_to_its_uploader_roles(
    pipeline: Pipeline, account: str, way: Way, email: str
) -> None:
    pipeline.switch_on(OPEN)

    assert way(pipeline, account, email).status == OPENED.get(way, 202)


@pytest.mark.parametrize("way", WAYS)
def test_an_admin_may_use_a_profile_that_is_not_on(
    pipeline: Pipeline, account: str, way: Way
) -> None:
    own = replace(presets()[OPEN], uploader_roles=frozenset({"Sales Ops"}))
    pipeline.resources.tables.directory.put_profile(TENANT, own)

    assert way(pipeline, account, ADMIN).status == OPENED.get(way, 202)


def test_a_profile_that_is_switched_off_refuses_files_that_were_announced_before(
    pipeline: Pipeline, account: str
) -> None:
    pipeline.switch_on(OPEN)
    announced = ticket(pipeline, account, NOBODY).body["import_ticket"]
    pipeline.switch_on()

    created = pipeline.upload(open_file(account, BARAKA), announced)
    pipeline.run(created)

    refusal = pipeline.summary(created)["refusal"]
    assert refusal["code"] == "UPLOADER_NOT_ALLOWED"
    assert "not switched on" in refusal["message"]
    assert pipeline.holders(account) == [AMINA]


def test_a_requested_job_is_done_even_if_the_profile_is_switched_off_meanwhile(
    pipeline: Pipeline, account: str
) -> None:
    """The right was checked at the request, and Handover itself writes the file."""
    pipeline.switch_on(OPEN)
    assert reassignment(pipeline, account, NOBODY).status == 202
    pipeline.switch_on()

    pipeline.settle()

    assert pipeline.holders(account) == [ZURI]


def test_uploaders_read_their_own_upload_whichever_profiles_are_on(
    pipeline: Pipeline, account: str
) -> None:
    pipeline.switch_on(OPEN)
    announced = ticket(pipeline, account, NOBODY).body["import_ticket"]
    created = ended(pipeline, pipeline.upload(open_file(account, BARAKA), announced))
    pipeline.switch_on()

    path = f"/imports/{import_id(created)}/results"

    assert api(pipeline, NOBODY).get(path).status == 302
    assert api(pipeline, SALES).get(path).status == 403


def test_a_source_drops_files_of_its_profile_whichever_profiles_are_on(
    pipeline: Pipeline, account: str
) -> None:
    pipeline.source(profile=OPEN)

    ended(pipeline, pipeline.drop(open_file(account, BARAKA)))

    assert pipeline.holders(account) == [BARAKA]


def test_an_undo_needs_the_right_to_the_profile_as_it_is_now(
    pipeline: Pipeline, account: str
) -> None:
    pipeline.switch_on(OPEN)
    name = import_id(of_admin(pipeline, account))
    own = replace(presets()[OPEN], uploader_roles=frozenset({"Sales"}))
    pipeline.resources.tables.directory.put_profile(TENANT, own)

    assert api(pipeline, NOBODY).post(f"/imports/{name}/undo").status == 403
    assert api(pipeline, SALES).post(f"/imports/{name}/undo").status == 202
    (written,) = pipeline.settle()
    assert pipeline.summary(written)["refusal"] is None
    assert pipeline.holders(account) == [AMINA]


def test_f7_only_an_admin_undoes_a_resolution(pipeline: Pipeline, account: str) -> None:
    """A profile that happens to be named like the job gives no right to it."""
    await_newcomer(pipeline, account)
    like = replace(presets()[OPEN], name="resolution")
    pipeline.resources.tables.directory.put_profile(TENANT, like)
    pipeline.switch_on(PATIENT, OPEN, "single-strict", like.name)
    pipeline.settle()
    newcomer(pipeline)
    (resolution,) = pipeline.settle()
    pipeline.clock.now += MINUTE
    path = f"/imports/{import_id(resolution)}/undo"

    refused = [api(pipeline, email).post(path).status for email in (NOBODY, SALES, OFFICE)]
    answer = api(pipeline).post(path)

    assert refused == [403] * 3
    assert answer.status == 202
    (written,) = pipeline.settle()
    assert pipeline.summary(written)["refusal"] is None


# Who may assign a role


def guard(pipeline: Pipeline, role: str, *user_roles: str) -> None:
    """An Admin says who may assign the role."""
    answer = api(pipeline).request("PUT", f"/roles/{role}", {"assigned_by": list(user_roles)})
    assert answer.status == 200, answer.text


@pytest.mark.parametrize("way", [edit, undo, undo_of_an_undo])
def test_users_whom_the_tenant_names_may_assign_workflows(
    pipeline: Pipeline, account: str, way: Way
) -> None:
    pipeline.switch_on(OPEN)
    guard(pipeline, "workflow", "Sales", "Admin")

    assert way(pipeline, account, SALES).status == OPENED.get(way, 202)


@pytest.mark.parametrize("way", [edit, undo, undo_of_an_undo])
def test_other_users_may_not_assign_workflows(pipeline: Pipeline, account: str, way: Way) -> None:
    pipeline.switch_on(OPEN)
    guard(pipeline, "workflow", "Sales", "Admin")

    answer = way(pipeline, account, NOBODY)

    assert answer.status == 403
    assert "only the user role Admin or Sales may assign workflow" in answer.body["detail"]


def test_a_reassignment_of_workflows_needs_the_right_to_assign_them(
    pipeline: Pipeline, account: str
) -> None:
    pipeline.switch_on(OPEN)
    guard(pipeline, "workflow", "Sales")
    expected = {"profile": OPEN, "role": "workflow", "to": "Firm", "account_ids": [account]}

    assert api(pipeline, NOBODY).post("/assignments", expected).status == 403
    assert api(pipeline, SALES).post("/assignments", expected).status == 202
    pipeline.settle()

    assert pipeline.account(account).assigned["workflow"] == ("Firm",)


def test_a_file_with_workflows_is_refused_if_its_uploader_may_not_assign_them(
    pipeline: Pipeline, account: str
) -> None:
    pipeline.switch_on(OPEN)
    guard(pipeline, "workflow", "Sales")
    by_nobody, by_sales = (
        pipeline.upload(
            open_file(account, BARAKA, workflow), pipeline.ticket(profile=OPEN, uploader=uploader)
        )
        for uploader, workflow in ((NOBODY, "Gentle"), (SALES, "Firm"))
    )

    pipeline.run(by_nobody, by_sales)

    refusal = pipeline.summary(by_nobody)["refusal"]
    assert refusal["code"] == "UPLOADER_NOT_ALLOWED"
    assert "Workflow name" in refusal["message"]
    assert pipeline.account(account).assigned["workflow"] == ("Firm",)


def test_the_role_of_workflows_cannot_be_a_column_of_users(pipeline: Pipeline) -> None:
    guard(pipeline, "workflow", "Sales")
    guard(pipeline, "Deputy", "Sales")

    team = api(pipeline).get("/profiles/role-team").body

    roles = {column.get("role") for column in team["columns"]}
    assert roles == {None, "Deputy"}


def test_an_undo_needs_the_right_to_assign_the_role_as_the_profile_defines_it_now(
    pipeline: Pipeline, account: str
) -> None:
    pipeline.switch_on(OPEN)
    name = import_id(of_admin(pipeline, account))
    guarded = profile_json(presets()[OPEN])
    guarded["roles"] = {ROLE: {"max_users": None, "assigned_by": ["Sales"]}}
    assert api(pipeline).request("PUT", f"/profiles/{OPEN}", guarded).status == 200

    assert api(pipeline, NOBODY).post(f"/imports/{name}/undo").status == 403
    assert api(pipeline, SALES).post(f"/imports/{name}/undo").status == 202


# Who may write the directory

NEW_ADMIN = f"email,name,roles\r\n{EVE},Eve,Admin\r\n".encode()
NEW_ACCOUNT = b"account_id,name\r\nN1,New\r\n"


@pytest.mark.parametrize("writes_directory", [False, True])
@pytest.mark.parametrize(
    ("profile", "file"), [("directory-users", NEW_ADMIN), ("directory-accounts", NEW_ACCOUNT)]
)
def test_a_source_needs_the_right_to_drop_directory_files_under_drop_too(
    pipeline: Pipeline, profile: str, file: bytes, writes_directory: bool
) -> None:
    pipeline.source(profile=profile, writes_directory=writes_directory)

    created = pipeline.drop(file)
    pipeline.run(created)

    refusal = pipeline.summary(created)["refusal"]
    assert (refusal is None) is writes_directory
    if not writes_directory:
        assert refusal["code"] == "UPLOADER_NOT_ALLOWED"
        assert "writes_directory" in refusal["message"]
        assert pipeline.resources.tables.directory.user(TENANT, EVE) is None
        accounts = pipeline.resources.tables.accounts.read(TENANT, ["N1"], pipeline.deadline)
        assert accounts == {}


@pytest.mark.parametrize("about", [About.USERS, About.ACCOUNTS])
def test_a_tenants_own_profile_about_the_directory_needs_the_right_like_the_presets(
    pipeline: Pipeline, about: About
) -> None:
    """The name of a profile does not matter."""
    pipeline.resources.tables.directory.put_profile(TENANT, own_directory_profile(about))
    pipeline.source(profile="people")

    created = pipeline.drop(NEW_ADMIN if about is About.USERS else NEW_ACCOUNT)
    pipeline.run(created)

    assert pipeline.summary(created)["refusal"]["code"] == "UPLOADER_NOT_ALLOWED"


@pytest.mark.parametrize("email", [NOBODY, SALES, OFFICE])
def test_only_admins_write_the_directory_by_ticket(
    pipeline: Pipeline, account: str, email: str
) -> None:
    pipeline.resources.tables.directory.put_profile(TENANT, own_directory_profile(About.USERS))
    pipeline.switch_on("people", "directory-users")

    answer = api(pipeline, email).post("/imports", {"profile": "people", "filename": "p.csv"})
    created = pipeline.upload(NEW_ADMIN, pipeline.ticket(profile="people", uploader=email))
    pipeline.run(created)

    assert answer.status == 403
    assert "only the user role Admin" in answer.body["detail"]
    assert pipeline.summary(created)["refusal"]["code"] == "UPLOADER_NOT_ALLOWED"
    assert pipeline.resources.tables.directory.user(TENANT, EVE) is None


def own_directory_profile(about: About) -> Profile:
    """A profile of the tenant's own with a plain name, which names no uploader roles."""
    return replace(presets()[f"directory-{about.value}"], name="people", uploader_roles=frozenset())


def test_a_tenants_own_profile_gives_a_source_no_way_into_the_directory(
    pipeline: Pipeline, account: str
) -> None:
    """It is named like the preset, but is about assignments; the source has no right to it."""
    own = replace(presets()[OPEN], name="directory-accounts")
    pipeline.resources.tables.directory.put_profile(TENANT, own)
    pipeline.source()
    key = f"directory/{TENANT}/erp/accounts.csv"

    created = pipeline.put(key, open_file(account, BARAKA), principal="AWS:AROAERPEXAMPLE:job")
    pipeline.run(created)

    assert pipeline.summary(created)["refusal"]["code"] == "UPLOADER_NOT_ALLOWED"
    assert pipeline.holders(account) == [AMINA]


def test_switching_a_profile_on_is_a_setting_of_one_tenant(
    pipeline: Pipeline, account: str
) -> None:
    """Another tenant's settings give no right."""
    pipeline.switch_on(OPEN, tenant="umbra")

    assert ticket(pipeline, account, NOBODY).status == 403
