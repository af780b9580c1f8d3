"""Undo: an import takes back what another has changed, where nothing has changed since."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from handover.errors import RetryLaterError
from handover.model import Account
from handover.profiles.presets import presets
from handover.profiles.profile import Holds, Role
from handover.store.connection import client
from handover.store.items import key_of
from msgspec.structs import replace

from functions.follow import app
from tests.functional.test_directory_files import user
from tests.kit.jobs import (
    NEWCOMER,
    api,
    ask_removal,
    await_newcomer,
    delete_by_file,
    newcomer,
)
from tests.kit.memory_aws import ObjectCreated
from tests.kit.mishaps import Mishap, incident, killed_at_every_call
from tests.kit.pipeline import (
    ADMIN,
    AMINA,
    BARAKA,
    DAY,
    MINUTE,
    ROLE,
    SALES,
    TENANT,
    Pipeline,
    file_of,
    import_id,
)


def imported(pipeline: Pipeline, *lines: tuple[str, str]) -> ObjectCreated:
    """A file after its import and everything that follows."""
    created = pipeline.upload(file_of(lines))
    pipeline.run(created)
    pipeline.settle()
    pipeline.clock.now += MINUTE
    return created


def undone(pipeline: Pipeline, created: ObjectCreated, **body: str) -> ObjectCreated:
    """The undo of the import, after its run."""
    answer = api(pipeline).post(f"/imports/{import_id(created)}/undo", body or None)
    assert answer.status == 202, answer.text
    (written,) = pipeline.settle()
    pipeline.clock.now += MINUTE
    shown = api(pipeline).get(f"/imports/{answer.body['import_ticket']}").body
    assert shown["import_id"] == import_id(written)
    return written


def test_an_undo_takes_back_what_an_import_has_changed(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.accounts(Account(TENANT, "K9", 1, opco="Kenya"))
    created = imported(pipeline, ("K000", BARAKA), ("X", BARAKA), ("K001", "None"), ("K9", BARAKA))
    assert pipeline.holders("K000", "K001", "K9") == [BARAKA, "", BARAKA]

    undo = undone(pipeline, created)

    assert pipeline.holders("K000", "K001", "K9") == [AMINA, AMINA, ""]
    assert pipeline.counts(undo) == {"lines": 3, "updated": 2, "cleared": 1}
    assert api(pipeline).get(f"/imports/{import_id(undo)}").body["job"] == "undo"
    summary = pipeline.summary(undo)
    shown = {name: summary[name] for name in ("undo_of", "filename", "uploader", "state")}
    assert shown == {
        "undo_of": import_id(created),
        "filename": "undo of customers.csv",
        "uploader": ADMIN,
        "state": "done",
    }


def since(created: ObjectCreated) -> str:
    """The words for "since when, by which import" of an import a minute after the first."""
    return f" since 2026-11-22T10:01:00.000Z by import {import_id(created)}"


def test_accounts_that_have_changed_since_stay_and_are_reported(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    created = imported(pipeline, ("K000", BARAKA), ("K001", BARAKA))
    later = imported(pipeline, ("K001", SALES))

    undo = undone(pipeline, created)

    assert pipeline.holders("K000", "K001") == [AMINA, SALES]
    assert pipeline.counts(undo) == {"lines": 2, "updated": 1, "superseded": 1}
    messages = {row["account ID"]: row["message"] for row in pipeline.table(undo, "results.csv")}
    why = f"account_manager is {SALES}{since(later)}, expected {BARAKA}"
    assert messages == {"K000": "", "K001": f"the account has changed since: {why}"}


def test_an_undo_can_be_undone(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = imported(pipeline, ("K000", BARAKA))

    undo = undone(pipeline, created)
    assert pipeline.holders("K000") == [AMINA]
    undone(pipeline, undo)

    assert pipeline.holders("K000") == [BARAKA]


def test_a_dry_run_of_an_undo_changes_nothing(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = imported(pipeline, ("K000", BARAKA))

    undo = undone(pipeline, created, mode="dry_run")

    assert pipeline.counts(undo) == {"lines": 1, "updated": 1}
    assert pipeline.holders("K000") == [BARAKA]


def test_a_dry_run_of_an_undo_says_what_is_reversed_and_what_stays_and_why(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(3, held_by=AMINA)
    created = imported(pipeline, ("K000", BARAKA), ("K001", BARAKA), ("K002", BARAKA))
    later = imported(pipeline, ("K001", SALES), ("K002", "None"))
    before = dict(pipeline.memory.dynamodb.tables["AccountsTable"].items)

    undo = undone(pipeline, created, mode="dry_run")

    rows = pipeline.table(undo, "results.csv")
    changed = "the account has changed since: account_manager is"
    assert [(row["outcome"], row["before"], row["after"], row["message"]) for row in rows] == [
        ("updated", BARAKA, AMINA, ""),
        (
            "superseded",
            "",
            "",
            f"{changed} {SALES}{since(later)}, expected {BARAKA}",
        ),
        (
            "superseded",
            "",
            "",
            f"{changed} nobody{since(later)}, expected {BARAKA}",
        ),
    ]
    assert pipeline.memory.dynamodb.tables["AccountsTable"].items == before
    assert pipeline.summary(undo)["mode"] == "dry_run"


def test_a_removal_can_be_undone_once_the_user_exists_again(pipeline: Pipeline) -> None:
    user = pipeline.resources.tables.directory.user(TENANT, AMINA)
    assert user is not None
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.settle()
    ask_removal(pipeline, AMINA)
    (removal,) = pipeline.settle()
    pipeline.clock.now += MINUTE

    early = undone(pipeline, removal)
    assert pipeline.counts(early) == {"lines": 2, "rejected": 2}
    assert {row["code"] for row in pipeline.table(early, "errors.csv")} == {"USER_NOT_FOUND"}
    pipeline.users(user)
    undone(pipeline, removal)

    assert pipeline.holders("K000", "K001") == [AMINA, AMINA]


def test_an_undo_gives_nothing_back_to_a_user_who_was_deleted_meanwhile(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = imported(pipeline, ("K000", BARAKA))
    delete_by_file(pipeline, AMINA)
    pipeline.settle()

    undo = undone(pipeline, created)

    assert pipeline.holders("K000") == [BARAKA]
    (row,) = pipeline.table(undo, "errors.csv")
    assert row["code"] == "USER_NOT_FOUND"
    message = pipeline.memory.sns.published[-1].message
    assert f"POST /imports/{import_id(created)}/undo" in message
    assert "upload it" not in message


def test_pending_assignees_are_undone_while_they_are_pending(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    created = await_newcomer(pipeline, "K000", "K001")
    pipeline.settle()
    pipeline.clock.now += MINUTE

    undo = undone(pipeline, created)
    assert pipeline.holders("K000", "K001") == [AMINA, AMINA]
    undone(pipeline, undo)
    assert pipeline.holders("K000") == [f"pending:{NEWCOMER}"]
    newcomer(pipeline)
    pipeline.settle()

    assert pipeline.holders("K000", "K001") == [NEWCOMER, NEWCOMER]


def test_pending_assignees_are_undone_after_their_users_were_created(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    created = await_newcomer(pipeline, "K000", "K001")
    pipeline.settle()
    newcomer(pipeline)
    (resolution,) = pipeline.settle()
    pipeline.clock.now += MINUTE
    assert pipeline.holders("K000", "K001") == [NEWCOMER, NEWCOMER]

    of_resolution = undone(pipeline, resolution)
    assert pipeline.counts(of_resolution) == {"lines": 2, "unchanged": 2}
    undo = undone(pipeline, created)

    assert pipeline.holders("K000", "K001") == [AMINA, AMINA]
    assert pipeline.counts(undo) == {"lines": 2, "updated": 2}
    undone(pipeline, undo)
    assert pipeline.holders("K000", "K001") == [NEWCOMER, NEWCOMER]


def test_roles_workflows_and_lists_are_undone_together(pipeline: Pipeline) -> None:
    workflow = "Dunning; Sales, East"
    before = {ROLE: (AMINA, BARAKA), "workflow": (workflow,)}
    pipeline.resources.tables.directory.put_workflows(
        TENANT, ["Gentle", workflow], pipeline.deadline
    )
    pipeline.accounts(
        Account(TENANT, 'K"1', 1, assigned=before), Account(TENANT, "=K2", 1, assigned=before)
    )
    profile = next(one for one in presets().values() if "workflow" in str(one.columns))
    labels = [column.label for column in profile.columns if column.holds is not Holds.CURRENT]
    text = ",".join(labels) + f'\r\n"K""1",{SALES},Gentle\r\n=K2,"{SALES},{AMINA}",Gentle\r\n'
    created = pipeline.upload(text.encode(), pipeline.ticket(profile=profile.name))
    pipeline.run(created)
    pipeline.settle()
    assert pipeline.account("=K2").assigned == {
        ROLE: tuple(sorted((AMINA, SALES))),
        "workflow": ("Gentle",),
    }

    pipeline.clock.now += MINUTE
    undone(pipeline, created)

    for account in ('K"1', "=K2"):
        assert pipeline.account(account).assigned == before


def test_roles_that_differ_only_in_case_are_each_undone(pipeline: Pipeline) -> None:
    user = pipeline.resources.tables.directory.user(TENANT, AMINA)
    assert user is not None
    before = {"viewer": (AMINA,), "Viewer": (AMINA, BARAKA)}
    pipeline.accounts(Account(TENANT, "K1", 1, assigned=before))
    pipeline.settle()
    ask_removal(pipeline, AMINA)
    (removal,) = pipeline.settle()
    pipeline.users(user)
    pipeline.clock.now += MINUTE

    undone(pipeline, removal)

    assert pipeline.account("K1").assigned == before


def test_an_undo_waits_until_older_imports_have_ended(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = imported(pipeline, ("K000", BARAKA))
    older = pipeline.upload(file_of([("K000", SALES)]))
    pipeline.clock.now += MINUTE
    api(pipeline).post(f"/imports/{import_id(created)}/undo")
    (undo,) = pipeline.settle()
    assert pipeline.item(undo).state == "validating"

    pipeline.run(older)
    pipeline.settle()
    pipeline.clock.now += MINUTE
    pipeline.sweep("imports")
    pipeline.run()

    assert pipeline.holders("K000") == [SALES], "the older import came after the one undone"
    assert pipeline.counts(undo) == {"lines": 1, "superseded": 1}


def test_a_waiting_undo_is_tried_again_each_minute(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = imported(pipeline, ("K000", BARAKA))
    pipeline.upload(file_of([("K000", SALES)]))
    api(pipeline).post(f"/imports/{import_id(created)}/undo")
    pipeline.settle()

    for _ in range(3):
        pipeline.sweep("imports")
        assert pipeline.waiting("IntakeQueue") == [], "it was tried just now"
        pipeline.clock.now += MINUTE
        pipeline.sweep("imports")
        assert len(pipeline.waiting("IntakeQueue")) == 1
        pipeline.run()


def test_two_undos_of_the_same_second_do_not_wait_for_each_other(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    first = imported(pipeline, ("K000", BARAKA))
    second = imported(pipeline, ("K000", SALES))
    for created in (second, first):
        api(pipeline).post(f"/imports/{import_id(created)}/undo")
    undos = pipeline.settle()
    for _ in range(3):
        pipeline.clock.now += MINUTE
        pipeline.sweep("imports")
        pipeline.run()
        pipeline.settle()

    assert {pipeline.item(undo).state for undo in undos} == {"done"}
    assert pipeline.holders("K000") == [AMINA]


def test_an_undo_waits_for_a_file_of_the_same_second_that_is_being_validated(
    pipeline: Pipeline,
) -> None:
    """It does not wait for undos that wait themselves and would wait for it."""
    pipeline.kenyan(1, held_by=AMINA)
    created = imported(pipeline, ("K000", BARAKA))
    api(pipeline).post(f"/imports/{import_id(created)}/undo")
    pipeline.follow()
    undo = pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events[-1]
    file = pipeline.upload(file_of([("K000", SALES)]))
    with incident(pipeline.memory, Mishap("ListObjectVersions", kill_before=1)):
        pipeline.validate(file)

    pipeline.validate(undo)

    assert pipeline.item(file).precedence > pipeline.item(undo).precedence
    assert pipeline.item_time(file)[:19] == pipeline.item_time(undo)[:19]
    assert pipeline.item(undo).state == "validating"


def test_a_waiting_undo_can_be_cancelled(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = imported(pipeline, ("K000", BARAKA))
    pipeline.upload(file_of([("K000", SALES)]))
    api(pipeline).post(f"/imports/{import_id(created)}/undo")
    (undo,) = pipeline.settle()

    assert api(pipeline).post(f"/imports/{import_id(undo)}/cancel").status == 202
    pipeline.clock.now += MINUTE
    pipeline.sweep("imports")
    pipeline.run()

    assert pipeline.item(undo).state == "cancelled"
    assert pipeline.holders("K000") == [BARAKA]
    (row,) = pipeline.table(undo, "errors.csv")
    assert row["code"] == "NOT_PROCESSED"
    assert "Upload" not in row["hint"]


def test_an_undo_that_is_stopped_at_any_call_is_completed(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    created = imported(pipeline, ("K000", BARAKA), ("K001", "None"))
    api(pipeline).post(f"/imports/{import_id(created)}/undo")
    event = pipeline.drained("DirectoryTable")

    def run() -> None:
        pipeline.invoke(app.lambda_handler, event)

    for call in killed_at_every_call(pipeline.memory, run):
        run()
        events = pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events
        assert len(events) == 2, call
        pipeline.run(events[-1])

        assert pipeline.holders("K000", "K001") == [AMINA, AMINA], call


def test_an_undo_by_an_admin_needs_no_approval(pipeline: Pipeline) -> None:
    """A file that clears so much waits for an Admin; here an Admin asks for it."""
    accounts = pipeline.kenyan(15)
    created = imported(pipeline, *((account, AMINA) for account in accounts))

    undo = undone(pipeline, created)

    assert pipeline.counts(undo) == {"lines": 15, "cleared": 15}


@pytest.mark.parametrize("state", ["unchanged", "refused", "dry run", "running", "old"])
def test_an_import_that_cannot_be_undone_is_answered_with_the_reason(
    pipeline: Pipeline, state: str
) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    match state:
        case "unchanged":
            created = imported(pipeline, ("K000", AMINA))
        case "refused":
            created = pipeline.upload(b"nothing")
            pipeline.run(created)
        case "dry run":
            ticket = api(pipeline).post(
                "/imports", {"profile": "single-strict", "filename": "a.csv", "mode": "dry_run"}
            )
            created = pipeline.upload(file_of([("K000", BARAKA)]), ticket.body["import_ticket"])
            pipeline.run(created)
        case "running":
            created = pipeline.upload(file_of([("K000", BARAKA)]))
            pipeline.validate(created)
        case _:
            created = imported(pipeline, ("K000", BARAKA))
            pipeline.clock.now += 391 * DAY
    pipeline.settle()

    answer = api(pipeline).post(f"/imports/{import_id(created)}/undo")

    assert answer.status == 409
    assert pipeline.settle() == []


def test_an_import_can_be_undone_until_ten_days_before_its_results_are_deleted(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = imported(pipeline, ("K000", BARAKA))
    received_at = datetime.fromisoformat(pipeline.item(created).received_at)

    statuses = []
    for seconds in (0, 1):
        pipeline.clock.now = received_at.timestamp() + 390 * DAY + seconds
        statuses.append(api(pipeline).post(f"/imports/{import_id(created)}/undo").status)

    assert statuses == [202, 409]


def test_a_ticket_without_an_upload_has_nothing_to_undo(pipeline: Pipeline) -> None:
    answer = api(pipeline).post(f"/imports/{pipeline.ticket()}/undo")

    assert (answer.status, answer.body["detail"]) == (409, "nothing has been uploaded yet")


def test_only_users_who_may_upload_such_files_undo_them(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = imported(pipeline, ("K000", BARAKA))

    assert api(pipeline, AMINA).post(f"/imports/{import_id(created)}/undo").status == 403


def test_an_admin_undoes_imports_of_others(pipeline: Pipeline) -> None:
    profile = replace(
        presets()["single-strict"], name="sales", uploader_roles=frozenset({"Sales Ops"})
    )
    pipeline.resources.tables.directory.put_profile(TENANT, profile)
    pipeline.source(profile="sales")
    pipeline.kenyan(1, held_by=AMINA)
    created = pipeline.drop(file_of([("K000", BARAKA)]))
    pipeline.run(created)
    pipeline.settle()
    pipeline.clock.now += MINUTE

    undo = undone(pipeline, created)

    assert pipeline.summary(undo)["refusal"] is None
    assert pipeline.holders("K000") == [AMINA]


def test_r54_the_request_for_an_undo_is_refused_if_the_user_may_not_assign_a_role(
    pipeline: Pipeline,
) -> None:
    roles = {ROLE: Role(ROLE, 1, frozenset({"Director"}))}
    profile = replace(presets()["single-strict"], name="guarded", roles=roles)
    pipeline.resources.tables.directory.put_profile(TENANT, profile)
    pipeline.source(profile="guarded")
    pipeline.kenyan(1, held_by=AMINA)
    created = pipeline.drop(file_of([("K000", BARAKA)]))
    pipeline.run(created)
    pipeline.settle()

    answer = api(pipeline).post(f"/imports/{import_id(created)}/undo")

    assert (answer.status, pipeline.settle()) == (403, [])
    assert "Director" in answer.body["detail"]


@pytest.mark.parametrize(
    ("then", "now", "status"),
    [
        ({}, {ROLE: Role(ROLE, 1, frozenset({"Director"}))}, 403),
        ({ROLE: Role(ROLE, 1, frozenset({"Director"}))}, {ROLE: Role(ROLE, 1)}, 202),
        ({ROLE: Role(ROLE, 1, frozenset({"Director"}))}, {}, 403),
    ],
    ids=["guarded-since", "open-since", "gone-since"],
)
def test_the_present_profile_says_who_undoes_a_role_and_the_old_one_for_a_role_that_is_gone(
    pipeline: Pipeline, then: dict[str, Role], now: dict[str, Role], status: int
) -> None:
    strict = presets()["single-strict"]
    profile = replace(strict, name="own", roles={**strict.roles, **then})
    pipeline.resources.tables.directory.put_profile(TENANT, profile)
    pipeline.source(profile="own")
    pipeline.kenyan(1, held_by=AMINA)
    created = pipeline.drop(file_of([("K000", BARAKA)]))
    pipeline.run(created)
    pipeline.settle()
    columns = tuple(
        replace(column, role="owner") if column.role and not now else column
        for column in strict.columns
    )
    roles = now or {"owner": Role("owner", 1)}
    pipeline.resources.tables.directory.put_profile(
        TENANT, replace(profile, version=2, columns=columns, roles=roles)
    )

    answer = api(pipeline).post(f"/imports/{import_id(created)}/undo")

    assert answer.status == status, answer.text


def test_an_import_whose_lines_are_all_pending_can_be_undone(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    created = await_newcomer(pipeline, "K000", "K001")
    assert pipeline.counts(created) == {"lines": 2, "pending": 2}

    assert api(pipeline).post(f"/imports/{import_id(created)}/undo").status == 202


def test_an_unknown_mode_is_refused_with_its_field(pipeline: Pipeline) -> None:
    answer = api(pipeline).post(f"/imports/{'0' * 32}/undo", {"mode": "wet"})

    assert (answer.status, answer.body["field"]) == (400, "mode")


def test_any_active_user_undoes_imports_of_profiles_without_uploader_roles(
    pipeline: Pipeline,
) -> None:
    profile = replace(presets()["single-strict"], name="open", uploader_roles=frozenset())
    pipeline.resources.tables.directory.put_profile(TENANT, profile)
    pipeline.switch_on("open")
    pipeline.kenyan(1, held_by=AMINA)
    created = pipeline.upload(file_of([("K000", BARAKA)]), pipeline.ticket(profile="open"))
    pipeline.run(created)
    pipeline.settle()

    answer = api(pipeline, AMINA).post(f"/imports/{import_id(created)}/undo")
    pipeline.settle()

    assert answer.status == 202
    assert pipeline.holders("K000") == [AMINA]


def remove_import(pipeline: Pipeline, pk: str, sk: str) -> dict[str, Any]:
    """Removes an item from the table of imports and returns it."""
    item = pipeline.memory.dynamodb.tables["ImportsTable"].items[pk, sk]
    client().delete_item(TableName="ImportsTable", Key=key_of(pk, sk))
    return item


def test_only_admins_undo_an_undo_whose_import_is_gone(pipeline: Pipeline) -> None:
    """Nobody knows any more who may use the profile that it goes back to."""
    profile = replace(presets()["single-strict"], name="open", uploader_roles=frozenset())
    pipeline.resources.tables.directory.put_profile(TENANT, profile)
    pipeline.switch_on("open")
    pipeline.kenyan(1, held_by=AMINA)
    created = pipeline.upload(file_of([("K000", BARAKA)]), pipeline.ticket(profile="open"))
    pipeline.run(created)
    pipeline.settle()
    undo = undone(pipeline, created)
    remove_import(pipeline, import_id(created), "import")
    path = f"/imports/{import_id(undo)}/undo"

    answer = api(pipeline, AMINA).post(path)

    assert answer.status == 403
    assert answer.body["detail"] == "only the user role Admin may do this with the import"
    assert api(pipeline).post(path).status == 202


def test_an_undo_is_refused_if_its_user_has_lost_the_role_since_they_asked(
    pipeline: Pipeline,
) -> None:
    profile = replace(presets()["single-strict"], name="sales", uploader_roles=frozenset({"Sales"}))
    pipeline.resources.tables.directory.put_profile(TENANT, profile)
    pipeline.switch_on("sales")
    pipeline.kenyan(1, held_by=AMINA)
    ticket = pipeline.ticket(profile="sales", uploader=AMINA)
    created = pipeline.upload(file_of([("K000", BARAKA)]), ticket)
    pipeline.run(created)
    pipeline.settle()
    answer = api(pipeline, AMINA).post(f"/imports/{import_id(created)}/undo")
    assert answer.status == 202
    pipeline.users(replace(user(pipeline, AMINA), roles=frozenset({"Finance"})))

    (undo,) = pipeline.settle()

    assert pipeline.item(undo).state == "refused"
    refusal = pipeline.summary(undo)["refusal"]
    assert refusal["code"] == "UPLOADER_NOT_ALLOWED"
    reason = "the profile undo is for the user role Sales"
    assert f"{AMINA} may not upload undo files: {reason}" in refusal["message"]
    assert pipeline.holders("K000") == [BARAKA]


def test_an_undo_rejects_only_the_line_with_a_holder_whom_no_cell_can_name(
    pipeline: Pipeline,
) -> None:
    """The address contains the separator of roles, so the cell seems to have two of them."""
    odd = "odd; one@lumina.example"
    ids = pipeline.kenyan(2, held_by=AMINA)
    pipeline.accounts(Account(TENANT, "K0", 1, opco="Kenya", assigned={ROLE: (odd,)}))
    created = imported(pipeline, *((account, BARAKA) for account in ("K0", *ids)))

    undo = undone(pipeline, created)

    assert pipeline.holders("K0", *ids) == [BARAKA, AMINA, AMINA]
    assert pipeline.counts(undo) == {"lines": 3, "updated": 2, "rejected": 1}
    (row,) = pipeline.table(undo, "errors.csv")
    assert (row["account ID"], row[ROLE], row[f"{ROLE} now"]) == ("K0", odd, BARAKA)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("import", "the import that is to be undone is not there"),
        ("ticket", "the ticket has no profile"),
    ],
)
def test_an_undo_is_tried_again_until_all_that_it_needs_is_there(
    pipeline: Pipeline, missing: str, message: str
) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = imported(pipeline, ("K000", BARAKA))
    ticket = api(pipeline).post(f"/imports/{import_id(created)}/undo").body["import_ticket"]
    event = pipeline.drained("DirectoryTable")
    pk = import_id(created) if missing == "import" else f"ticket#{ticket}"
    item = remove_import(pipeline, pk, missing)

    with pytest.raises(RetryLaterError, match=message):
        pipeline.invoke(app.lambda_handler, event)
    client().put_item(TableName="ImportsTable", Item=item)
    pipeline.invoke(app.lambda_handler, event)
    pipeline.settle()

    assert pipeline.holders("K000") == [AMINA]


def test_an_undo_whose_results_are_deleted_ends_and_blocks_no_other(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    created = imported(pipeline, ("K000", BARAKA))
    ticket = api(pipeline).post(f"/imports/{import_id(created)}/undo").body["import_ticket"]
    reports = pipeline.memory.s3.buckets[pipeline.resources.reports_bucket].objects
    for key in [key for key in reports if key.endswith("results.csv")]:
        del reports[key]
    ask_removal(pipeline, SALES)

    assert pipeline.settle(), "a later job runs"

    shown = api(pipeline).get(f"/imports/{ticket}").body
    assert (shown["state"], shown["cancelled_by"]) == (
        "cancelled",
        "the results of the import are kept no longer",
    )
    assert pipeline.holders("K000") == [BARAKA]


def test_an_undo_is_refused_before_its_results_are_deleted(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How long results are kept is a parameter of the stack."""
    pipeline.kenyan(1, held_by=AMINA)
    created = imported(pipeline, ("K000", BARAKA))
    path = f"/imports/{import_id(created)}/undo"
    received_at = datetime.fromisoformat(pipeline.item(created).received_at).timestamp()
    monkeypatch.setenv("REPORTS_DAYS", "60")

    pipeline.clock.now = received_at + 50 * DAY
    assert api(pipeline).post(path, {"mode": "dry_run"}).status == 202
    pipeline.clock.now += 1
    assert api(pipeline).post(path).status == 409
    monkeypatch.setenv("REPORTS_DAYS", "400")
    assert api(pipeline).post(path).status == 202
