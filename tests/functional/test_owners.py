"""Handing accounts over without a file: by their ids, or all that somebody holds."""

from __future__ import annotations

from typing import Any

import pytest
from handover.model import Account, User
from handover.profiles.on_error import on_error_from
from handover.profiles.presets import presets
from handover.profiles.profile import Role, UnknownUser
from handover.reports.parts import JOB_HINT
from handover.store.jobs import RECHECK
from msgspec.structs import replace

from tests.kit.jobs import NEWCOMER, PATIENT, allow_pending, api, await_newcomer, awaited
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

FROM_AMINA: dict[str, Any] = {"profile": "multi-with-workflow", "to": BARAKA, "held_by": AMINA}
EXPECTED: dict[str, Any] = {"profile": "single-strict", "to": BARAKA, "account_ids": ["K000"]}


def test_r30_chosen_accounts_get_one_owner_by_an_import(pipeline: Pipeline) -> None:
    pipeline.kenyan(3, held_by=AMINA)

    answer = api(pipeline).post("/assignments", EXPECTED | {"account_ids": ["K000", "K002", "X"]})
    (written,) = pipeline.settle()

    assert answer.status == 202
    assert pipeline.holders("K000", "K001", "K002") == [BARAKA, AMINA, BARAKA]
    assert pipeline.counts(written) == {"lines": 3, "updated": 2, "rejected": 1}
    shown = api(pipeline).get(f"/imports/{answer.body['import_ticket']}").body
    assert (shown["profile"], shown["uploader"], shown["state"]) == (
        "single-strict",
        ADMIN,
        "error",
    )


def test_r30_all_accounts_of_somebody_get_another_owner(pipeline: Pipeline) -> None:
    pipeline.kenyan(3, held_by=AMINA)
    pipeline.accounts(Account(TENANT, "K9", 1, opco="Kenya", assigned={"viewer": (AMINA,)}))
    pipeline.settle()

    expected = {"profile": "single-strict", "to": BARAKA, "held_by": AMINA}
    answer = api(pipeline).post("/assignments", expected)
    pipeline.settle()

    assert answer.status == 202
    assert pipeline.holders("K000", "K001", "K002") == [BARAKA] * 3
    assert pipeline.account("K9").assigned == {"viewer": (AMINA,)}, "another role"


@pytest.mark.parametrize(
    ("to", "after"),
    [
        (BARAKA, (BARAKA, SALES)),
        ([BARAKA, ADMIN], (BARAKA, ADMIN, SALES)),
        (SALES, (SALES,)),
        (None, (SALES,)),
    ],
)
def test_other_holders_of_a_reassigned_account_keep_it(
    pipeline: Pipeline, to: object, after: tuple[str, ...]
) -> None:
    pipeline.accounts(Account(TENANT, "K1", 1, assigned={ROLE: (AMINA, SALES)}))
    pipeline.settle()

    answer = api(pipeline).post("/assignments", FROM_AMINA | {"to": to})
    (written,) = pipeline.settle()

    assert answer.status == 202, answer.text
    assert pipeline.account("K1").assigned == {ROLE: tuple(sorted(after))}
    assert pipeline.counts(written) == {"lines": 1, "updated": 1}


def test_the_other_holders_need_not_satisfy_the_profile(pipeline: Pipeline) -> None:
    """Neither the wall nor the profile's limit of one manager concerns them."""
    pipeline.accounts(
        Account(
            TENANT, "K1", 1, opco="Kenya", assigned={ROLE: (AMINA, TOGO, "pending:x@y.example")}
        )
    )
    pipeline.settle()

    api(pipeline).post("/assignments", FROM_AMINA | {"profile": "single-strict"})
    pipeline.settle()

    assert pipeline.account("K1").assigned == {ROLE: (BARAKA, TOGO, "pending:x@y.example")}


def test_accounts_that_got_another_holder_meanwhile_are_not_reassigned(pipeline: Pipeline) -> None:
    pipeline.kenyan(3, held_by=AMINA)
    pipeline.settle()
    api(pipeline).post("/assignments", FROM_AMINA)
    pipeline.follow()
    for account, holders in (("K000", [SALES]), ("K001", [AMINA, SALES])):
        edit = {"profile": "multi-with-workflow", "assign": {ROLE: holders}}
        pipeline.clock.now -= MINUTE
        assert api(pipeline).request("PATCH", f"/accounts/{account}", edit).status == 200
        pipeline.clock.now += MINUTE

    (written,) = pipeline.settle()

    assert pipeline.holders("K000", "K001", "K002") == [SALES, f"{BARAKA}, {SALES}", BARAKA]
    assert pipeline.counts(written) == {"lines": 3, "updated": 2, "superseded": 1}
    messages = [row["message"] for row in pipeline.table(written, "results.csv")]
    since = "since 2026-11-22T09:59:00.000Z by an edit"
    why = f"account_manager is {SALES} {since}, expected {AMINA} in it"
    assert messages == [f"the account has changed since: {why}", "", ""]
    keys = pipeline.memory.dynamodb.tables["DirectoryTable"].items
    assert [name for _, name in keys if name.startswith(RECHECK)] == [], "nobody was deleted"


def test_a_reassignment_does_not_wait_for_a_correction_whatever_the_profile_says(
    pipeline: Pipeline,
) -> None:
    whole = replace(
        presets()["multi-with-workflow"], name="whole", on_error=on_error_from("all_or_nothing")
    )
    pipeline.resources.tables.directory.put_profile(TENANT, whole)
    pipeline.switch_on("whole")
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.settle()

    api(pipeline).post("/assignments", FROM_AMINA | {"profile": "whole"})
    (written,) = pipeline.settle()

    assert pipeline.holders("K000", "K001") == [BARAKA, BARAKA]
    item = pipeline.item(written)
    assert (item.mode, bool(item.is_check), item.on_error or "") == ("run", False, "")


def test_a_reassignment_from_a_holder_waits_for_older_imports(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.settle()
    older = pipeline.upload(file_of([("K000", SALES)]))
    pipeline.clock.now += MINUTE
    api(pipeline).post("/assignments", FROM_AMINA)
    (written,) = pipeline.settle()
    assert pipeline.item(written).state == "validating"

    pipeline.run(older)
    pipeline.clock.now += MINUTE
    pipeline.sweep("imports")
    pipeline.run()

    assert pipeline.holders("K000", "K001") == [SALES, BARAKA]


def test_a_reassignment_can_be_undone(pipeline: Pipeline) -> None:
    pipeline.accounts(Account(TENANT, "K1", 1, assigned={ROLE: (AMINA, SALES)}))
    pipeline.settle()
    api(pipeline).post("/assignments", FROM_AMINA)
    (written,) = pipeline.settle()
    pipeline.clock.now += MINUTE

    api(pipeline).post(f"/imports/{import_id(written)}/undo")
    pipeline.settle()

    assert pipeline.account("K1").assigned == {ROLE: (AMINA, SALES)}


def test_a_reassignment_to_nobody_waits_for_an_admin(pipeline: Pipeline) -> None:
    """An account that keeps another holder is not cleared."""
    open_to_all = replace(presets()["multi-with-workflow"], name="open", uploader_roles=frozenset())
    pipeline.resources.tables.directory.put_profile(TENANT, open_to_all)
    pipeline.switch_on("open")
    for place in range(30):
        holders = (AMINA, BARAKA) if place % 2 else (AMINA,)
        pipeline.accounts(Account(TENANT, f"K{place:03d}", 1, assigned={ROLE: holders}))
    pipeline.settle()

    expected = FROM_AMINA | {"profile": "open", "to": None}
    api(pipeline, SALES).post("/assignments", expected)
    (written,) = pipeline.settle()

    assert pipeline.item(written).state == "awaiting_approval"
    assert pipeline.item(written).approval["would_clear"] == 15


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({}, f"change of {ROLE} to {BARAKA}.csv"),
        ({"to": None}, f"change of {ROLE} to nobody.csv"),
        (
            {"account_ids": None, "held_by": AMINA},
            f"change of {ROLE} from {AMINA} to {BARAKA}.csv",
        ),
    ],
    ids=["to-one", "to-nobody", "from-one"],
)
def test_a_reassignment_is_named_after_what_it_does(
    pipeline: Pipeline, change: dict[str, Any], name: str
) -> None:
    ticket = api(pipeline).post("/assignments", EXPECTED | change).body["import_ticket"]

    assert api(pipeline).get(f"/imports/{ticket}").body["filename"] == name


def test_a_reassignment_from_a_user_who_holds_nothing_changes_nothing(pipeline: Pipeline) -> None:
    expected = {"profile": "single-strict", "to": BARAKA, "held_by": AMINA}
    api(pipeline).post("/assignments", expected)
    (written,) = pipeline.settle()

    assert pipeline.summary(written)["state"] == "done"
    assert pipeline.counts(written) == {}


def test_accounts_can_be_reassigned_to_nobody(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)

    api(pipeline).post("/assignments", EXPECTED | {"to": None})
    pipeline.settle()

    assert pipeline.holders("K000") == [""]


def test_accounts_are_reassigned_to_an_address_without_a_user_if_the_profile_allows_it(
    pipeline: Pipeline,
) -> None:
    allow_pending(pipeline)
    pipeline.kenyan(1, held_by=AMINA)

    refused = api(pipeline).post("/assignments", EXPECTED | {"to": NEWCOMER})
    answer = api(pipeline).post("/assignments", EXPECTED | {"to": NEWCOMER, "profile": PATIENT})
    pipeline.settle()

    assert (refused.status, refused.body["field"]) == (400, "to")
    assert answer.status == 202, answer.text
    assert awaited(pipeline) == [(NEWCOMER, "K000")]
    assert pipeline.holders("K000") == [f"pending:{NEWCOMER}"]


def test_an_unprocessed_reassignment_to_nobody_must_be_requested_again(pipeline: Pipeline) -> None:
    """The report of such a file contains `(nobody)`, which its profile may not accept."""
    pipeline.kenyan(1, held_by=AMINA)
    answer = api(pipeline).post("/assignments", EXPECTED | {"to": None})
    (created,) = pipeline.memory.s3.buckets[pipeline.resources.uploads_bucket].events
    assert pipeline.validate(created) == []
    api(pipeline).post(f"/imports/{answer.body['import_ticket']}/cancel")
    pipeline.run()

    assert pipeline.counts(created) == {"lines": 1, "not_processed": 1}
    (row,) = pipeline.table(created, "errors.csv")
    assert row["hint"] == JOB_HINT
    message = pipeline.memory.sns.published[-1].message
    assert "What to do: ask for the reassignment again" in message
    assert "Upload" not in message.replace("Uploaded by", "")

    api(pipeline).post("/assignments", EXPECTED | {"to": None})
    pipeline.settle()
    assert pipeline.holders("K000") == [""]


def test_a_role_that_allows_several_users_can_be_reassigned_to_several(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    expected = EXPECTED | {"profile": "multi-with-workflow", "to": [BARAKA, SALES]}

    answer = api(pipeline).post("/assignments", expected)
    pipeline.settle()

    assert answer.status == 202, answer.text
    assert pipeline.account("K000").assigned[ROLE] == tuple(sorted((BARAKA, SALES)))


def test_a_dry_run_reassigns_nothing(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)

    api(pipeline).post("/assignments", EXPECTED | {"mode": "dry_run"})
    (written,) = pipeline.settle()

    assert pipeline.counts(written) == {"lines": 1, "updated": 1}
    assert pipeline.holders("K000") == [AMINA]


def test_accounts_with_any_kind_of_id_can_be_reassigned(pipeline: Pipeline) -> None:
    ids = ['a"b', "a,b", "=1+2", "a;b", "ü / #?", "account ID"]
    pipeline.accounts(*(Account(TENANT, one, 1, opco="Kenya") for one in ids))

    api(pipeline).post("/assignments", EXPECTED | {"account_ids": [*ids, *ids]})
    pipeline.settle()

    assert pipeline.holders(*ids) == [BARAKA] * len(ids)


def test_the_opco_wall_applies_to_reassigned_accounts(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)

    api(pipeline).post("/assignments", EXPECTED | {"to": TOGO})
    (written,) = pipeline.settle()

    (row,) = pipeline.table(written, "errors.csv")
    assert row["code"] == "OTHER_OPCO"


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("profile", {"profile": "nobodys"}),
        ("role", {"role": "viewer"}),
        ("to", {"to": "ana@x.con"}),
        ("to", {"to": [BARAKA, AMINA]}),
        ("to", {"to": ""}),
        ("to", {"to": "None"}),
        ("to", {"to": NEWCOMER}),
        ("to", {"to": ","}),
        ("to", {"to": [", ,"], "profile": "multi-with-workflow"}),
        ("to", {"to": 7}),
        ("account_ids", {"account_ids": []}),
        ("account_ids", {"account_ids": [" "]}),
        ("account_ids", {"account_ids": ["a\nb"]}),
        ("account_ids", {"account_ids": ["a" * 2049]}),
        ("account_ids", {"account_ids": [str(number) for number in range(10_001)]}),
        ("account_ids", {"account_ids": None}),
        ("account_ids", {"held_by": AMINA}),
        ("held_by", {"account_ids": None, "held_by": "nobody@lumina.example"}),
        ("mode", {"mode": "wet"}),
        ("more", {"more": 1}),
    ],
)
def test_an_invalid_value_is_refused_with_its_field_and_nothing_is_written(
    pipeline: Pipeline, field: str, change: dict[str, Any]
) -> None:
    before = pipeline.memory.snapshot()

    answer = api(pipeline).post("/assignments", EXPECTED | change)

    assert answer.status == 400, answer.text
    assert answer.body["field"].split(".")[0] == field
    assert pipeline.memory.snapshot() == before


@pytest.mark.parametrize(
    "account_ids",
    [["a" * 2048], [str(number) for number in range(10_000)]],
    ids=["longest", "most"],
)
def test_the_largest_reassignment_is_accepted(pipeline: Pipeline, account_ids: list[str]) -> None:
    answer = api(pipeline).post("/assignments", EXPECTED | {"account_ids": account_ids})

    assert answer.status == 202, answer.text


MULTI: dict[str, Any] = EXPECTED | {"profile": "multi-with-workflow"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"role": "viewer"},
            "'viewer' is no role of the profile, expected account_manager, workflow",
        ),
        (
            {"profile": "directory-users"},
            "'' is no role of the profile, expected a profile with a role",
        ),
        ({"role": "workflow", "to": ["Gentle", "Firm"]}, "found 2 users, expected at most 1"),
        ({"role": "workflow", "to": [""]}, "to: found '', expected a user's address"),
        ({"role": "workflow", "to": ["a\nb"]}, "to: found 'a\\nb', expected a user's address"),
        ({"to": ["(nobody)"]}, "'(nobody)' is not the address of one user"),
        ({"to": ["x" * 2048]}, "is not the address of an active user"),
        ({"to": ["x" * 2049]}, "expected a user's address"),
        ({"to": ["x" * 2000] * 4 + ["y" * 1996]}, "is not the address of an active user"),
        ({"to": ["x" * 2000] * 4 + ["y" * 1997]}, "to: found 10,001 characters, expected at most"),
    ],
)
def test_a_reassignment_that_no_line_could_carry_out_is_refused_with_what_was_expected(
    pipeline: Pipeline, change: dict[str, Any], says: str
) -> None:
    answer = api(pipeline).post("/assignments", MULTI | change)

    assert answer.status == 400, answer.text
    assert says in answer.body["detail"]


@pytest.mark.parametrize("workflow", ["G", "x" * 2048])
def test_a_workflow_of_any_usual_length_can_be_assigned(pipeline: Pipeline, workflow: str) -> None:
    answer = api(pipeline).post("/assignments", MULTI | {"role": "workflow", "to": workflow})

    assert answer.status == 202, answer.text


def test_each_of_several_users_must_be_active_or_awaited(pipeline: Pipeline) -> None:
    gone = User("gone@lumina.example", "Gone", frozenset({"Sales"}), "Kenya", is_active=False)
    pipeline.users(gone)
    several = replace(
        presets()["multi-with-workflow"], name="own", unknown_user=UnknownUser.PENDING
    )
    pipeline.resources.tables.directory.put_profile(TENANT, several)
    body = EXPECTED | {"profile": "own"}

    refused = api(pipeline).post("/assignments", body | {"to": [NEWCOMER, gone.email]})
    answer = api(pipeline).post("/assignments", body | {"to": [NEWCOMER, BARAKA]})

    assert (refused.status, answer.status) == (400, 202)
    assert refused.body["detail"] == f"'{gone.email}' is not the address of an active user"


def test_a_workflow_may_have_the_separator_of_users_in_its_name(pipeline: Pipeline) -> None:
    workflow = "Gentle, then firm"
    pipeline.resources.tables.directory.put_workflows(TENANT, [workflow], pipeline.deadline)
    pipeline.kenyan(1, held_by=AMINA)
    expected = EXPECTED | {"profile": "multi-with-workflow", "role": "workflow", "to": workflow}

    answer = api(pipeline).post("/assignments", expected)
    pipeline.settle()

    assert answer.status == 202, answer.text
    assert pipeline.account("K000").assigned["workflow"] == (workflow,)


def test_names_that_no_cell_can_hold_are_refused_before_they_are_looked_up(
    pipeline: Pipeline,
) -> None:
    names = [f"{number}@x.example" for number in range(900)]

    answer = api(pipeline).post(
        "/assignments", EXPECTED | {"profile": "multi-with-workflow", "to": names}
    )

    assert (answer.status, answer.body["field"]) == (400, "to")
    assert "expected at most 10,000" in answer.body["detail"]


@pytest.mark.parametrize("account", ["K\u00a01", "K1\u2007", "\u3000K1"])
def test_an_id_that_contains_an_unusual_space_is_one_id(pipeline: Pipeline, account: str) -> None:
    pipeline.accounts(Account(TENANT, account.strip(), 1, opco="Kenya"))

    answer = api(pipeline).post("/assignments", EXPECTED | {"account_ids": [account]})
    pipeline.settle()

    assert answer.status == 202, answer.text
    assert pipeline.holders(account.strip()) == [EXPECTED["to"]]


def test_only_users_who_may_upload_such_files_reassign_accounts(pipeline: Pipeline) -> None:
    assert api(pipeline, AMINA).post("/assignments", EXPECTED).status == 403


def test_r54_only_users_who_may_assign_the_role_reassign_it(pipeline: Pipeline) -> None:
    assignee = Role(ROLE, 1, frozenset({"Director"}))
    pipeline.resources.tables.directory.put_roles(TENANT, [assignee], pipeline.deadline)

    answer = api(pipeline).post("/assignments", EXPECTED)

    assert answer.status == 403
    assert "Director" in answer.body["detail"]


MISTYPED: dict[str, Any] = {"profile": PATIENT, "to": AMINA, "held_by": NEWCOMER}


def test_accounts_that_wait_for_a_mistyped_address_can_be_reassigned(pipeline: Pipeline) -> None:
    pipeline.kenyan(3, held_by=BARAKA)
    await_newcomer(pipeline, "K000", "K002")
    pipeline.settle()
    pipeline.clock.now += MINUTE

    answer = api(pipeline).post("/assignments", MISTYPED)

    assert answer.status == 202, answer.text
    pipeline.settle()
    assert pipeline.holders("K000", "K001", "K002") == [AMINA, BARAKA, AMINA]
    assert awaited(pipeline) == []


def test_a_reassignment_from_an_unknown_address_is_refused(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    await_newcomer(pipeline, "K000")
    pipeline.settle()

    answer = api(pipeline).post("/assignments", MISTYPED | {"held_by": "nobody@lumina.example"})

    assert (answer.status, answer.body["field"]) == (400, "held_by")


def test_accounts_that_wait_for_the_address_of_an_inactive_user_can_be_reassigned(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(2)
    await_newcomer(pipeline, "K000")
    pipeline.settle()
    gone = User(NEWCOMER, "Neema Juma", frozenset({"Sales"}), "Kenya", is_active=False)
    pipeline.users(gone)
    pipeline.settle()
    pipeline.clock.now += MINUTE

    body = MISTYPED | {"held_by": f"pending:{NEWCOMER}"}
    assert api(pipeline).post("/assignments", body).status == 202
    pipeline.settle()

    assert pipeline.holders("K000") == [AMINA]


@pytest.mark.parametrize("route", ["one", "several"])
def test_a_pending_address_is_deleted_like_a_user(pipeline: Pipeline, route: str) -> None:
    pipeline.kenyan(2, held_by=BARAKA)
    await_newcomer(pipeline, "K000")
    pipeline.settle()
    pipeline.clock.now += MINUTE

    answer = (
        api(pipeline).request("DELETE", f"/users/{NEWCOMER}")
        if route == "one"
        else api(pipeline).post("/users/delete", {"emails": [NEWCOMER]})
    )

    assert answer.status == 202, answer.text
    pipeline.settle()
    assert pipeline.holders("K000", "K001") == ["", BARAKA]
    assert awaited(pipeline) == []
    assert pipeline.resources.tables.directory.user(TENANT, NEWCOMER) is None
