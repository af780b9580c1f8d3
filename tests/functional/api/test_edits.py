"""Single edits: the API changes one account by the rules and the writer of files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from handover.http.bodies.edits import EditBody
from handover.model import Account, User
from handover.profiles.profile import Role
from handover.runtime import rfc3339
from handover.store.connection import client
from msgspec.structs import replace

from tests.functional.api.test_imports import assert_problem
from tests.kit.caller import Answer, Api
from tests.kit.fixtures import clients_of_memory, pipeline
from tests.kit.memory_aws import Twist
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import (
    ADMIN,
    AMINA,
    BARAKA,
    MINUTE,
    ROLE,
    SALES,
    TENANT,
    TOGO,
    Pipeline,
    file_of,
    import_id,
)

__all__ = ["clients_of_memory", "pipeline"]


@pytest.fixture
def office(pipeline: Pipeline) -> Api:
    """An Admin of a tenant with one Kenyan account that Amina holds."""
    pipeline.kenyan(1, held_by=AMINA)
    return Api(TENANT, pipeline.resources, ADMIN)


def edit(api: Api, assign: dict[str, Any], profile: str = "single-strict", **more: Any) -> Answer:
    body = {"profile": profile, "assign": assign} | more
    return api.request("PATCH", "/accounts/K000", body)


def test_r20_a_single_account_is_edited_beside_the_bulk_path(
    pipeline: Pipeline, office: Api
) -> None:
    answer = edit(office, {ROLE: BARAKA.upper()})

    assert answer.status == 200, answer.text
    EditBody.model_validate(answer.body)
    assert answer.body["outcome"] == "updated"
    assert answer.body["changes"] == [{"role": ROLE, "before": [AMINA], "after": [BARAKA]}]
    assert answer.body["assigned"] == {ROLE: [BARAKA]}
    stored = pipeline.account("K000")
    assert (stored.assigned[ROLE], stored.version) == ((BARAKA,), answer.body["version"])
    moment = rfc3339(pipeline.clock.now)
    assert stored.precedences == {ROLE: f"{moment}#{answer.body['edit_id']}"}


def test_r29_manager_and_workflow_of_a_customer_are_edited_together(
    pipeline: Pipeline, office: Api
) -> None:
    pipeline.resources.tables.directory.put_workflows(TENANT, ["Zügig"], pipeline.deadline)

    answer = edit(
        office, {ROLE: [BARAKA, AMINA], "workflow": "Zügig"}, profile="multi-with-workflow"
    )

    assert answer.body["assigned"] == {ROLE: [AMINA, BARAKA], "workflow": ["Zügig"]}
    assert '"Zügig"' in answer.text


def test_r99_the_history_says_who_edited(pipeline: Pipeline, office: Api) -> None:
    answer = edit(office, {ROLE: None}).body
    pipeline.publish()

    (entry,) = office.get("/accounts/K000/history").body["history"]
    assert answer["outcome"] == "cleared"
    assert (entry["actor"], entry["import_id"]) == (ADMIN, answer["edit_id"])
    assert entry["changes"] == [{"role": ROLE, "before": [AMINA], "after": []}]
    assert office.get(f"/portfolios/{AMINA}").body["accounts"] == []


@pytest.mark.parametrize(
    ("assign", "code", "field"),
    [
        ({ROLE: "amina.otieno@lumina.exampel"}, "USER_NOT_FOUND", f"assign.{ROLE}"),
        ({ROLE: ADMIN}, "USER_ROLE", f"assign.{ROLE}"),
        ({ROLE: TOGO}, "OTHER_OPCO", f"assign.{ROLE}"),
        ({ROLE: [AMINA, BARAKA]}, "TOO_MANY_USERS", f"assign.{ROLE}"),
        ({ROLE: "amina\x00@lumina.example"}, "INVALID_CHARACTER", f"assign.{ROLE}"),
    ],
)
def test_an_edit_is_rejected_by_the_same_rules_as_a_line(
    pipeline: Pipeline, office: Api, assign: dict[str, Any], code: str, field: str
) -> None:
    before = pipeline.memory.snapshot()

    answer = edit(office, assign)

    assert_problem(answer, 422)
    assert (answer.body["code"], answer.body["field"]) == (code, field)
    assert "line 1" not in answer.text
    assert pipeline.memory.snapshot() == before


def test_a_rejected_edit_suggests_the_likely_address(office: Api) -> None:
    answer = edit(office, {ROLE: "amina.otieno@lumina.exampel"})

    assert answer.body["hint"].endswith(f"did you mean {AMINA}?")


def test_r103_an_inactive_account_cannot_be_edited_if_the_profile_forbids_it(
    pipeline: Pipeline, office: Api
) -> None:
    pipeline.accounts(Account(TENANT, "K000", 1, opco="Kenya", is_active=False))

    answer = edit(office, {ROLE: BARAKA}, profile="directory-single")

    assert_problem(answer, 422)
    assert (answer.body["code"], answer.body["field"]) == ("ACCOUNT_INACTIVE", "account_id")


@pytest.mark.parametrize(
    ("assign", "field"),
    [
        ({}, "assign"),
        ({"viewer": AMINA}, "assign.viewer"),
        ({ROLE: ""}, f"assign.{ROLE}"),
        ({ROLE: " "}, f"assign.{ROLE}"),
        ({ROLE: 7}, f"assign.{ROLE}"),
        ({ROLE: ["x"] * 101}, f"assign.{ROLE}"),
        ({ROLE: "x" * 1025}, f"assign.{ROLE}"),
        ({f"role-{number}": None for number in range(51)}, "assign"),
    ],
)
def test_an_invalid_edit_is_refused_with_its_field(
    office: Api, pipeline: Pipeline, assign: dict[str, Any], field: str
) -> None:
    before = pipeline.memory.snapshot()

    answer = edit(office, assign)

    assert_problem(answer, 400)
    assert answer.body["field"].startswith(field)
    assert pipeline.memory.snapshot() == before


def test_an_unknown_profile_or_account_is_not_found(office: Api) -> None:
    assert_problem(edit(office, {ROLE: AMINA}, profile="nightly"), 400)
    body = {"profile": "single-strict", "assign": {ROLE: AMINA}}
    assert_problem(office.request("PATCH", "/accounts/K001", body), 404)


def test_r2_a_user_who_may_not_upload_may_not_edit(pipeline: Pipeline, office: Api) -> None:
    assert_problem(edit(office.by(SALES), {ROLE: BARAKA}), 403)
    assert pipeline.holders("K000") == [AMINA]


def test_r45_only_users_whom_the_tenant_names_may_assign_a_role(
    pipeline: Pipeline, office: Api
) -> None:
    roles = [Role("csm", 1, frozenset({"Back Office Management"})), Role("sponsor", 1)]
    pipeline.resources.tables.directory.put_roles(TENANT, roles, pipeline.deadline)

    refused = edit(office, {"sponsor": AMINA, "csm": AMINA}, profile="role-team")
    taken = edit(office, {"sponsor": AMINA}, profile="role-team")

    assert_problem(refused, 403)
    assert "only the user role Back Office Management may assign csm" in refused.text
    assert taken.body["outcome"] == "updated"
    assert "csm" not in pipeline.account("K000").assigned


def test_r54_a_guarded_role_is_guarded_in_edits_under_every_profile(
    pipeline: Pipeline, office: Api
) -> None:
    guarded = Role(ROLE, None, frozenset({"Back Office Management"}))
    pipeline.resources.tables.directory.put_roles(TENANT, [guarded], pipeline.deadline)

    assert_problem(edit(office, {ROLE: BARAKA}), 403)
    assert pipeline.holders("K000") == [AMINA]


def test_r58_an_edit_can_assign_an_address_that_has_no_user_yet(
    pipeline: Pipeline, office: Api
) -> None:
    pipeline.resources.tables.directory.put_roles(TENANT, [Role("csm", 1)], pipeline.deadline)

    answer = edit(office, {"csm": "new@lumina.example"}, profile="role-team")

    assert answer.body["outcome"] == "pending"
    assert answer.body["assigned"]["csm"] == ["pending:new@lumina.example"]


def test_a_dry_run_shows_what_an_edit_would_do(pipeline: Pipeline, office: Api) -> None:
    before = pipeline.memory.snapshot()

    answer = edit(office, {ROLE: BARAKA}, dry_run=True)

    assert (answer.status, answer.body["dry_run"]) == (200, True)
    assert answer.body["assigned"] == {ROLE: [BARAKA]}
    assert answer.body["version"] == 1
    assert pipeline.memory.snapshot() == before


@pytest.mark.parametrize("dry_run", [False, True])
def test_edits_are_counted_and_logged_and_dry_runs_are_not(
    office: Api,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    dry_run: bool,
) -> None:
    assert edit(office, {ROLE: BARAKA}, dry_run=dry_run).status == 200

    assert ("account edited" in caplog.text) is not dry_run
    assert ("AccountsEdited" in capsys.readouterr().out) is not dry_run


def test_clear_words_remove_the_holders_in_an_edit_too(pipeline: Pipeline, office: Api) -> None:
    assert edit(office, {ROLE: "None"}).body["outcome"] == "cleared"
    assert edit(office, {ROLE: []}).body["outcome"] == "unchanged"
    assert pipeline.holders("K000") == [""]


@pytest.mark.parametrize("profile", ["single-strict", "multi-with-workflow"])
@pytest.mark.parametrize("name", [",", "\x1c"])
def test_f1_an_edit_that_names_nobody_removes_nobody(
    pipeline: Pipeline, office: Api, profile: str, name: str
) -> None:
    answer = edit(office, {ROLE: [name]}, profile)

    assert answer.status == 422, answer.text
    assert pipeline.holders("K000") == [AMINA]


def test_an_account_whose_id_no_path_can_hold_is_edited_by_query(
    pipeline: Pipeline, office: Api
) -> None:
    pipeline.accounts(Account(TENANT, 'a/b#c?"d"', 1, opco="Kenya"))
    body = {"profile": "single-strict", "assign": {ROLE: AMINA}}

    answer = office.request("PATCH", "/accounts", body, query={"id": 'a/b#c?"d"'})

    assert answer.status == 200, answer.text
    assert pipeline.holders('a/b#c?"d"') == [AMINA]


# The order of edits and files


def test_a_file_uploaded_before_an_edit_yields_to_it(pipeline: Pipeline, office: Api) -> None:
    created = pipeline.upload(file_of([("K000", BARAKA)]))
    assert pipeline.validate(created) == []
    pipeline.clock.now += MINUTE
    assert edit(office, {ROLE: SALES}).body["outcome"] == "updated"

    pipeline.run()

    assert pipeline.counts(created) == {"lines": 1, "superseded": 1}
    assert pipeline.holders("K000") == [SALES]


def test_an_older_file_with_a_late_event_yields_even_to_an_edit_that_changed_nothing(
    pipeline: Pipeline, office: Api
) -> None:
    created = pipeline.upload(file_of([("K000", BARAKA)]))
    pipeline.clock.now += MINUTE
    assert edit(office, {ROLE: AMINA}).body["outcome"] == "unchanged"

    pipeline.run(created)

    assert pipeline.counts(created) == {"lines": 1, "superseded": 1}
    assert pipeline.holders("K000") == [AMINA]


def test_a_file_uploaded_after_an_edit_applies(pipeline: Pipeline, office: Api) -> None:
    edit(office, {ROLE: BARAKA})
    pipeline.clock.now += MINUTE

    created = pipeline.upload(file_of([("K000", SALES)]))
    pipeline.run(created)

    assert pipeline.counts(created) == {"lines": 1, "updated": 1}
    stored = pipeline.account("K000")
    assert stored.assigned[ROLE] == (SALES,)
    assert [receipt.import_id for receipt in stored.receipts] == [import_id(created)]


def test_an_edit_wins_over_the_state_it_has_read_even_if_the_clock_of_s3_is_ahead(
    pipeline: Pipeline, office: Api
) -> None:
    pipeline.clock.now += MINUTE
    pipeline.run(pipeline.upload(file_of([("K000", BARAKA)])))
    pipeline.clock.now -= MINUTE

    assert edit(office, {ROLE: SALES}).body["outcome"] == "updated"
    assert pipeline.holders("K000") == [SALES]


def test_an_edit_during_an_import_does_not_change_the_outcome_of_retried_lines(
    pipeline: Pipeline, office: Api
) -> None:
    created = pipeline.upload(file_of([("K000", BARAKA)]))
    assert pipeline.validate(created) == []
    name = pipeline.item(created).pk
    with incident(pipeline.memory, Mishap("BatchExecuteStatement", kill_after=1)):
        pipeline.assign(name)
    pipeline.clock.now += MINUTE

    assert edit(office, {ROLE: SALES}).body["changes"][0]["before"] == [BARAKA]
    pipeline.run()

    assert pipeline.counts(created) == {"lines": 1, "updated": 1}
    assert pipeline.holders("K000") == [SALES]


def meeting(pipeline: Pipeline, happen: Callable[[], None]) -> Mishap:
    """Runs something between the read and the write of an edit."""

    def once() -> None:
        pipeline.memory.hook = None
        happen()

    return Mishap("BatchExecuteStatement", before_call=once)


# Two functions in one process share their metrics.
shared_metrics = pytest.mark.filterwarnings("ignore:No application metrics")


@shared_metrics
def test_an_edit_that_meets_a_later_file_yields_to_it(pipeline: Pipeline, office: Api) -> None:
    def upload() -> None:
        pipeline.clock.now += 1.0
        pipeline.run(pipeline.upload(file_of([("K000", BARAKA)])))

    with incident(pipeline.memory, meeting(pipeline, upload)):
        answer = edit(office, {ROLE: SALES})

    assert_problem(answer, 409)
    assert pipeline.holders("K000") == [BARAKA]


@shared_metrics
def test_an_edit_that_meets_an_earlier_file_is_decided_again_on_its_result(
    pipeline: Pipeline, office: Api
) -> None:
    created = pipeline.upload(file_of([("K000", BARAKA)]))
    pipeline.clock.now += MINUTE

    with incident(pipeline.memory, meeting(pipeline, lambda: pipeline.run(created))):
        answer = edit(office, {ROLE: SALES})

    assert answer.body["changes"] == [{"role": ROLE, "before": [BARAKA], "after": [SALES]}]
    assert pipeline.counts(created) == {"lines": 1, "updated": 1}
    assert pipeline.holders("K000") == [SALES]


@pytest.mark.parametrize(("expected", "outcome"), [(SALES, "updated"), (AMINA, "unchanged")])
def test_an_edit_whose_first_answer_was_lost_counts_once(
    pipeline: Pipeline, office: Api, expected: str, outcome: str
) -> None:
    with incident(pipeline.memory, Mishap("BatchExecuteStatement", twists=[Twist(repeat=True)])):
        answer = edit(office, {ROLE: expected})

    assert answer.body["outcome"] == outcome
    assert pipeline.account("K000").version == answer.body["version"] == 2


@shared_metrics
def test_an_edit_whose_answer_was_lost_counts_after_another_edit_of_the_account(
    pipeline: Pipeline, office: Api
) -> None:
    """The SDK writes again, and meets the account as the other edit has left it."""
    pipeline.resources.tables.directory.put_workflows(TENANT, ["Gentle"], pipeline.deadline)
    table = pipeline.resources.tables.accounts.table

    def edit_workflow(answer: dict[str, Any]) -> None:
        pipeline.memory.hook = None
        pipeline.clock.now += 1.0
        assert edit(office, {"workflow": "Gentle"}, profile="multi-with-workflow").status == 200
        (stored,) = client().scan(TableName=table)["Items"]
        answer["Responses"] = [{"Error": {"Code": "ConditionalCheckFailed", "Item": stored}}]

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", on_answer=edit_workflow)):
        answer = edit(office, {ROLE: SALES})

    assert (answer.body["outcome"], answer.body["version"]) == ("updated", 2)
    assert pipeline.holders("K000") == [SALES]


def test_an_edit_of_an_outdated_version_is_answered_with_what_has_changed(
    pipeline: Pipeline, office: Api
) -> None:
    seen = office.get("/accounts/K000").body["version"]
    assert edit(office, {ROLE: BARAKA}, version=seen).status == 200

    late = edit(office, {ROLE: None}, version=seen)

    assert_problem(late, 409)
    assert f"found version {seen + 1}, expected {seen}" in late.body["detail"]
    assert f"{ROLE} was {AMINA}, is {BARAKA} (by " in late.body["detail"]
    assert edit(office, {ROLE: None}, version=seen, dry_run=True).status == 409
    assert pipeline.account("K000").assigned[ROLE] == (BARAKA,)


def test_an_outdated_edit_names_each_change_since_with_its_holders_newest_first(
    pipeline: Pipeline, office: Api
) -> None:
    five = [f"{name}@x.example" for name in "abcde"]
    sales = frozenset({"Sales"})
    pipeline.users(*(User(one, "Neema", sales, "Kenya") for one in (*five, "f@x.example")))
    pipeline.resources.tables.directory.put_workflows(TENANT, ["Gentle"], pipeline.deadline)
    multi = "multi-with-workflow"
    first, second, third = (rfc3339(pipeline.clock.now + more) for more in (0, 1, 2))
    seen = edit(office, {ROLE: [AMINA, BARAKA]}, multi).body["version"]
    pipeline.publish()
    for assign in ({ROLE: five, "workflow": "Gentle"}, {ROLE: [*five, "f@x.example"]}):
        pipeline.clock.now += 1
        assert edit(office, assign, multi).status == 200
    pipeline.publish()

    late = edit(office, {ROLE: None}, multi, version=seen)

    assert_problem(late, 409)
    listed = ", ".join(five)
    assert late.body["detail"] == (
        f"the account has changed: found version {seen + 2}, expected {seen}. "
        f"{ROLE} was {listed}, is {listed} and 1 more (by {ADMIN}, {third}); "
        f"{ROLE} was {AMINA}, {BARAKA}, is {listed}; workflow was nobody, is Gentle "
        f"(by {ADMIN}, {second})"
    )
    assert first not in late.body["detail"]


def test_an_outdated_edit_does_not_name_the_change_that_its_author_has_seen(
    pipeline: Pipeline, office: Api
) -> None:
    """An import has made that change and is still open, so the account still has it too."""
    created = pipeline.upload(file_of([("K000", BARAKA)]))
    assert pipeline.validate(created) == []
    with incident(pipeline.memory, Mishap("BatchExecuteStatement", kill_after=1)):
        pipeline.assign(import_id(created))
    seen = office.get("/accounts/K000").body["version"]
    pipeline.clock.now += MINUTE
    assert edit(office, {ROLE: SALES}).status == 200

    late = edit(office, {ROLE: AMINA}, version=seen)

    assert_problem(late, 409)
    assert late.body["detail"] == (
        f"the account has changed: found version {seen + 1}, expected {seen}. "
        f"{ROLE} was {BARAKA}, is {SALES} (by {ADMIN}, {rfc3339(pipeline.clock.now)})"
    )


def test_an_edit_waits_longer_each_time_that_it_meets_another_change(
    pipeline: Pipeline, office: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.random", lambda: 1.0)
    names = iter("abc")
    mishap = Mishap("BatchExecuteStatement")

    def rename() -> None:
        if name := next(names, ""):
            pipeline.memory.hook = None
            pipeline.accounts(replace(pipeline.account("K000"), name=name))
            pipeline.memory.hook = mishap

    mishap.before_call = rename
    with incident(pipeline.memory, mishap):
        answer = edit(office, {ROLE: BARAKA})

    assert answer.status == 200, answer.text
    assert pipeline.clock.slept == [0.05, 0.1, 0.2]
    assert pipeline.holders("K000") == [BARAKA]


@pytest.mark.parametrize(("is_there", "kept"), [(True, 0), (False, 1)], ids=["ended", "gone"])
def test_an_edit_keeps_the_receipts_of_imports_that_may_still_look_for_them(
    pipeline: Pipeline, office: Api, is_there: bool, kept: int
) -> None:
    """Of an import that is not there nobody knows that it has ended."""
    created = pipeline.upload(file_of([("K000", BARAKA)]))
    pipeline.run(created)
    pipeline.clock.now += MINUTE
    if not is_there:
        imports = pipeline.memory.dynamodb.tables["ImportsTable"]
        key = next(key for key in imports.items if key[0] == import_id(created))
        imports.write((import_id(created), "import"), imports.items[key], None)

    assert edit(office, {ROLE: SALES}).status == 200

    receipts = [receipt.import_id for receipt in pipeline.account("K000").receipts]
    assert receipts.count(import_id(created)) == kept


def test_an_edit_keeps_no_receipt_of_an_earlier_edit(pipeline: Pipeline, office: Api) -> None:
    """Only an import looks for its receipts again."""
    edit(office, {ROLE: BARAKA})
    last = edit(office, {ROLE: SALES})

    receipts = [receipt.import_id for receipt in pipeline.account("K000").receipts]
    assert receipts == [last.body["edit_id"]]


@shared_metrics
def test_an_edit_of_a_version_is_refused_if_another_edit_is_stored_first(
    pipeline: Pipeline, office: Api
) -> None:
    seen = office.get("/accounts/K000").body["version"]

    def meanwhile() -> None:
        assert edit(office, {ROLE: None}).status == 200

    with incident(pipeline.memory, meeting(pipeline, meanwhile)):
        late = edit(office, {ROLE: BARAKA}, version=seen)

    assert_problem(late, 409)
    assert f"found version {seen + 1}, expected {seen}" in late.body["detail"]
    assert pipeline.account("K000").assigned.get(ROLE, ()) == ()


def test_an_edit_of_an_account_that_is_removed_before_the_write_is_not_found(
    pipeline: Pipeline, office: Api
) -> None:
    accounts = pipeline.memory.dynamodb.tables["AccountsTable"]

    def remove() -> None:
        for key, item in [*accounts.items.items()]:
            accounts.write(key, item, None)

    with incident(pipeline.memory, meeting(pipeline, remove)):
        answer = edit(office, {ROLE: BARAKA})

    assert_problem(answer, 404)
    assert answer.body["detail"] == "there is no such account any more"
    assert accounts.items == {}
