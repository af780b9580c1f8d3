"""Directory files: accounts and users arrive as files, in the same way as assignments."""

from __future__ import annotations

import json

import pytest
from handover.model import Account, Mode, User
from handover.profiles.settings import Settings
from handover.rules.addresses import normalized_name
from handover.store.name_places import MAX_NAME_BYTES
from msgspec.structs import replace

from tests.kit.memory_aws import ObjectCreated
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import (
    ADMIN,
    AMINA,
    BARAKA,
    HOUR,
    PRINCIPAL,
    ROLE,
    TENANT,
    Pipeline,
    file_of,
    import_id,
)

ACCOUNTS = "account_id,name,customer_id,opco,status,portals,account_manager"
USERS = "email,name,roles,opco,status,employee_id,phone,mobile,login_name"


def file(header: str, *lines: str) -> bytes:
    """A directory file of these lines."""
    return "\r\n".join((header, *lines, "")).encode()


def dropped(
    pipeline: Pipeline, name: str, body: bytes, *, principal: str = f"AWS:{PRINCIPAL}:job"
) -> ObjectCreated:
    """The file as the source `erp` drops it under `directory/`."""
    return pipeline.put(f"directory/{TENANT}/erp/{name}", body, principal=principal)


def accounts(pipeline: Pipeline, *lines: str, header: str = ACCOUNTS) -> ObjectCreated:
    """A file of accounts that was dropped and processed to its end."""
    pipeline.source(writes_directory=True)
    created = dropped(pipeline, "accounts.csv", file(header, *lines))
    pipeline.run(created)
    return created


def users(pipeline: Pipeline, *lines: str, header: str = USERS) -> ObjectCreated:
    """A file of users that was dropped and processed to its end."""
    pipeline.source(writes_directory=True)
    created = dropped(pipeline, "users.csv", file(header, *lines))
    pipeline.run(created)
    return created


def user(pipeline: Pipeline, address: str) -> User:
    """The user as stored in the directory."""
    found = pipeline.resources.tables.directory.user(TENANT, address)
    assert found is not None
    return found


def default_manager(pipeline: Pipeline, address: str) -> None:
    """Sets the user who gets new accounts without a manager."""
    settings = Settings(default_account_manager=address)
    pipeline.resources.tables.directory.put_settings(TENANT, settings)


def codes(pipeline: Pipeline, created: ObjectCreated) -> list[str]:
    """The code of each line, "" for a good one."""
    return [row["code"] for row in pipeline.table(created, "results.csv")]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("accounts.csv", file("account_id,name", "K000,Acme")),
        ("users.csv", file("email,name", f"{AMINA},Amina A. Otieno")),
    ],
)
def test_a_cancelled_file_whose_worker_ran_out_of_time_writes_nothing(
    pipeline: Pipeline, name: str, body: bytes
) -> None:
    pipeline.source(writes_directory=True)
    pipeline.kenyan(1)
    created = dropped(pipeline, name, body)
    assert pipeline.validate(created) == []
    pipeline.forget()
    assert len(pipeline.assign(import_id(created), seconds=2)) == 1
    at = pipeline.item_time(created)
    assert pipeline.resources.tables.imports.cancel(import_id(created), ADMIN, at=at)

    assert pipeline.assign(import_id(created)) == []
    pipeline.run()

    assert pipeline.counts(created) == {"lines": 1, "not_processed": 1}
    assert (pipeline.account("K000").name, user(pipeline, AMINA).name) == ("", "Amina Otieno")


# Accounts


def test_new_accounts_are_created_with_all_their_fields(pipeline: Pipeline) -> None:
    created = accounts(
        pipeline, f'N1,"Acme, Ltd",C-1,Kenya,inactive,shop; desk;shop,{AMINA.upper()}', "N2,,,,,,"
    )

    assert pipeline.counts(created) == {"lines": 2, "updated": 2}
    made = pipeline.account("N1")
    assert replace(made, receipts=()) == Account(
        TENANT,
        "N1",
        1,
        name="Acme, Ltd",
        customer_id="C-1",
        opco="Kenya",
        is_active=False,
        portals=("shop", "desk"),
        assigned={ROLE: (AMINA,)},
        precedences={ROLE: pipeline.item(created).precedence},
    )
    assert replace(pipeline.account("N2"), receipts=()) == Account(TENANT, "N2", 1)


def test_only_fields_that_differ_are_written_to_existing_accounts(pipeline: Pipeline) -> None:
    pipeline.kenyan(2, held_by=AMINA)
    before = pipeline.account("K001")

    created = accounts(pipeline, f"K000,Acme,,Kenya,,,{BARAKA}", f"K001,,,Kenya,active,,{BARAKA}")

    assert pipeline.counts(created) == {"lines": 2, "updated": 1, "unchanged": 1}
    assert pipeline.account("K000").name == "Acme"
    assert pipeline.holders("K000", "K001") == [AMINA, AMINA]
    assert pipeline.account("K001") == before


def test_a_missing_column_leaves_the_field_unchanged_and_an_empty_cell_clears_it(
    pipeline: Pipeline,
) -> None:
    pipeline.accounts(Account(TENANT, "K1", 1, name="Acme", opco="Kenya", portals=("shop",)))

    created = accounts(pipeline, "K1,,", header="account_id,name,portals")

    assert pipeline.counts(created) == {"lines": 1, "updated": 1}
    assert (pipeline.account("K1").name, pipeline.account("K1").portals) == ("", ())
    assert pipeline.account("K1").opco == "Kenya"


def test_r27_a_new_account_without_a_manager_gets_the_default_one(pipeline: Pipeline) -> None:
    default_manager(pipeline, AMINA)

    accounts(pipeline, "N1,,,,,,", f"N2,,,,,,{BARAKA}")

    assert pipeline.holders("N1", "N2") == [AMINA, BARAKA]


def test_r27_an_existing_account_never_gets_the_default_manager(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(1)
    default_manager(pipeline, AMINA)

    accounts(pipeline, "K000,Acme,,Kenya,,,")

    assert pipeline.holders("K000") == [""]


@pytest.mark.parametrize("status", ["inactive", "deleted"])
def test_an_inactive_default_manager_gets_no_accounts(pipeline: Pipeline, status: str) -> None:
    default_manager(pipeline, AMINA)
    users(pipeline, f"{AMINA},{status}", header="email,status")

    accounts(pipeline, "N1,,,,,,")

    assert pipeline.holders("N1") == [""]


def test_the_default_manager_does_not_replace_an_assignment(pipeline: Pipeline) -> None:
    default_manager(pipeline, AMINA)
    pipeline.source(writes_directory=True)
    older = pipeline.upload(file_of([("N1", BARAKA)]))
    newer = dropped(pipeline, "accounts.csv", file(ACCOUNTS, "N1,,,Kenya,,,"))

    pipeline.run(newer)
    pipeline.run(older)

    assert pipeline.holders("N1") == [BARAKA]


def test_every_bad_line_of_accounts_is_reported(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)

    created = accounts(
        pipeline,
        ",Acme,,,,,",
        "N1,,,,asleep,,",
        "N2,,,,,,nobody@lumina.example",
        "N3,,,,,,a@x.example;b@x.example",
        "1.2E+11,,,,,,",
        "N\u200b4,,,,,,",
        "N5,Ac\x07me,,,,,",
        f"N6,{'x' * 2049},,,,,",
        f"{'N' * 513},,,,,,",
        "N8,Acme,,,,,",
        "N8,Other,,,,,",
        "N9,Acme,,,,,",
        "N9,Acme,,,,,",
        "K000,,,Kenya,,,nobody@lumina.example",
    )

    assert codes(pipeline, created) == [
        "ACCOUNT_BLANK",
        "STATUS_UNKNOWN",
        "USER_NOT_FOUND",
        "TOO_MANY_USERS",
        "ACCOUNT_DAMAGED",
        "INVALID_CHARACTER",
        "INVALID_CHARACTER",
        "FIELD_TOO_LONG",
        "FIELD_TOO_LONG",
        "DUPLICATE_CONFLICT",
        "DUPLICATE_CONFLICT",
        "",
        "",
        "",
    ]
    assert pipeline.counts(created) == {
        "lines": 14,
        "updated": 1,
        "duplicate": 1,
        "unchanged": 1,
        "rejected": 11,
    }
    assert (
        pipeline.resources.tables.accounts.read(
            TENANT, ["N1", "N2", "N3", "N5", "N6", "N7", "N8", "1.2E+11"], pipeline.deadline
        )
        == {}
    )
    assert len(pipeline.table(created, "errors.csv")) == 11


# Users


def test_new_users_are_created_with_all_their_fields(pipeline: Pipeline) -> None:
    created = users(
        pipeline, "Zoe@X.example,Zoe Zed,Sales; Admin,Kenya,inactive,E-1,+254 1,+254 2,zoe.z"
    )

    assert pipeline.counts(created) == {"lines": 1, "updated": 1}
    assert user(pipeline, "zoe@x.example") == User(
        "zoe@x.example",
        "Zoe Zed",
        frozenset({"Sales", "Admin"}),
        "Kenya",
        is_active=False,
        employee_id="E-1",
        phone="+254 1",
        mobile="+254 2",
        login_name="zoe.z",
    )


def test_a_user_of_a_file_is_found_by_name_and_by_login_name(pipeline: Pipeline) -> None:
    users(pipeline, "zoe@x.example,Zoe Zed,Sales,,,,,,Zoe.Z")
    directory = pipeline.resources.tables.directory

    by_name = directory.users_by_name(TENANT, ["zoe zed"], pipeline.deadline)
    by_login = directory.users_by_login(TENANT, ["zoe.z"], pipeline.deadline)

    assert [one.email for one in by_name["zoe zed"]] == ["zoe@x.example"]
    assert by_login["zoe.z"].email == "zoe@x.example"


def test_a_name_that_is_too_long_for_a_key_does_no_harm(pipeline: Pipeline) -> None:
    """One character can become 18 in the compared form, and a key has at most 1,024 bytes."""
    long = "\ufdfa" * 200

    created = users(pipeline, f"zoe@x.example,{long},Sales,,,,,,", "yan@x.example,Yan,,,,,,,")

    assert pipeline.counts(created) == {"lines": 2, "updated": 2}
    assert user(pipeline, "zoe@x.example").name == long
    assert user(pipeline, "yan@x.example").name == "Yan"
    directory = pipeline.resources.tables.directory
    assert directory.users_by_name(TENANT, [normalized_name(long)], pipeline.deadline) == {}
    pipeline.users(user(pipeline, "zoe@x.example"))
    shorter = users(pipeline, "zoe@x.example,Zoe,Sales,,,,,,")
    assert pipeline.counts(shorter) == {"lines": 1, "updated": 1}
    found = directory.users_by_name(TENANT, ["zoe"], pipeline.deadline)
    assert [one.email for one in found["zoe"]] == ["zoe@x.example"]


def test_the_longest_name_that_can_be_looked_up_is_found(pipeline: Pipeline) -> None:
    address = "z@x.example"
    longest = MAX_NAME_BYTES - len(address)
    name = "\ufdfa" * (longest // 33)
    name += "z" * (longest - len(normalized_name(name).encode()))
    assert len(normalized_name(name).encode()) == longest

    users(pipeline, f"{address},{name},Sales,,,,,,", f"zz@x.example,{name},Sales,,,,,,")

    found = pipeline.resources.tables.directory.users_by_name(
        TENANT, [normalized_name(name)], pipeline.deadline
    )
    assert [one.email for one in found[normalized_name(name)]] == [address]


def test_a_file_does_not_delete_users_whom_it_leaves_out(pipeline: Pipeline) -> None:
    users(pipeline, f"{AMINA},Amina Otieno,Sales,Kenya,,,,,")

    assert user(pipeline, BARAKA).is_active


def test_only_the_explicit_status_deletes_a_user(pipeline: Pipeline) -> None:
    created = users(pipeline, f"{AMINA},Amina Otieno,Sales,Kenya,Deleted,,,,")

    assert pipeline.counts(created) == {"lines": 1, "updated": 1}
    assert user(pipeline, AMINA).is_deleted


def test_only_the_explicit_status_restores_a_deleted_user(
    pipeline: Pipeline,
) -> None:
    users(pipeline, f"{AMINA},deleted", header="email,status")

    without = users(pipeline, f"{AMINA},Amina", header="email,name")
    blank = users(pipeline, f"{AMINA},", header="email,status")

    assert codes(pipeline, without) == codes(pipeline, blank) == ["USER_DELETED"]
    assert user(pipeline, AMINA).is_deleted

    users(pipeline, f"{AMINA},active", header="email,status")

    assert user(pipeline, AMINA).is_active


def test_lines_of_one_user_that_differ_in_case_are_repeats(pipeline: Pipeline) -> None:
    created = users(
        pipeline,
        "zoe@x.example,Zoe,,,,,,,",
        " ZOE@x.example ,Zoe,,,,,,,",
        '"Yan@x.example",Yan,,,,,,,',
        "yaN@X.EXAMPLE,Other,,,,,,,",
        "b\u00d6b@x.example,Bob,,,,,,,",
        "B\u00f6B@x.example,Bob,,,,,,,",
        "\uff41na@x.example,Ana,,,,,,,",
        "ANA@x.example,Ana,,,,,,,",
    )

    assert [row["outcome"] for row in pipeline.table(created, "results.csv")] == [
        "updated",
        "duplicate",
        "rejected",
        "rejected",
        "updated",
        "duplicate",
        "updated",
        "duplicate",
    ]
    assert "the same user has other values" in pipeline.table(created, "errors.csv")[0]["error"]


def test_every_bad_line_of_users_is_reported(pipeline: Pipeline) -> None:
    created = users(
        pipeline,
        ",Zoe,,,,,,,",
        "zoe,Zoe,,,,,,,",
        "z\u200boe@x.example,Zoe,,,,,,,",
        "pending:zoe@x.example,Zoe,,,,,,,",
        '"ana,zoe@x.example",Zoe,,,,,,,',
        "ana;zoe@x.example,Zoe,,,,,,,",
        "zoe@x.example,Zoe,,,gone,,,,",
        "zoe1@x.example,Zo\x07e,,,,,,,",
    )

    assert codes(pipeline, created) == [
        "ADDRESS_INVALID",
        "ADDRESS_INVALID",
        "ADDRESS_INVALID",
        "ADDRESS_INVALID",
        "ADDRESS_INVALID",
        "ADDRESS_INVALID",
        "STATUS_UNKNOWN",
        "INVALID_CHARACTER",
    ]


def test_r91_two_users_cannot_have_one_login_name(pipeline: Pipeline) -> None:
    users(pipeline, "zoe@x.example,Zed", header="email,login_name")

    taken = users(pipeline, "yan@x.example,zed", header="email,login_name")

    assert codes(pipeline, taken) == ["LOGIN_TAKEN"]
    again = users(pipeline, "zoe@x.example,z2", header="email,login_name")
    assert codes(pipeline, again) == [""]
    pipeline.clock.now += 2 * HOUR
    freed = users(pipeline, "yan@x.example,zed", header="email,login_name")
    assert codes(pipeline, freed) == [""]
    assert user(pipeline, "yan@x.example").login_name == "zed"


def test_a_dry_run_claims_no_login_name(pipeline: Pipeline) -> None:
    body = file("email,login_name", "zoe@x.example,zed")
    created = pipeline.upload(body, pipeline.ticket(profile="directory-users", mode=Mode.DRY_RUN))
    pipeline.run(created)

    assert pipeline.counts(created) == {"lines": 1, "updated": 1}
    assert codes(pipeline, users(pipeline, "yan@x.example,zed", header="email,login_name")) == [""]


# Both


def test_an_admin_may_upload_a_directory_file_by_ticket(pipeline: Pipeline) -> None:
    ticket = pipeline.ticket(profile="directory-accounts", uploader=ADMIN)
    created = pipeline.upload(file("account_id,name", "N1,Acme"), ticket)

    pipeline.run(created)

    assert pipeline.account("N1").name == "Acme"
    assert pipeline.account("N1").receipts[0].actor == ADMIN


def test_a_tenants_own_profile_of_that_name_applies_first(pipeline: Pipeline) -> None:
    directory = pipeline.resources.tables.directory
    preset = directory.profile(TENANT, "directory-accounts")
    assert preset is not None
    label, *rest = preset.columns
    own = replace(preset, columns=(replace(label, label="Kundennummer"), *rest))
    directory.put_profile(TENANT, own)

    accounts(pipeline, "N1,Acme", header="Kundennummer,name")

    assert pipeline.account("N1").name == "Acme"


@pytest.mark.parametrize(
    ("name", "principal", "code"),
    [
        ("accounts.csv", "AWS:SOMEBODY", "WRONG_PRINCIPAL"),
        ("people.csv", f"AWS:{PRINCIPAL}:job", "UNKNOWN_PROFILE"),
        ("accounts.csv", f"AWS:{PRINCIPAL}:job", "MISSING_COLUMN"),
    ],
)
def test_a_file_that_is_not_a_directory_file_is_refused(
    pipeline: Pipeline, name: str, principal: str, code: str
) -> None:
    pipeline.source(writes_directory=True)

    created = dropped(pipeline, name, file("who,what", "a,b"), principal=principal)
    pipeline.run(created)

    assert pipeline.summary(created)["refusal"]["code"] == code


def test_an_unknown_source_cannot_drop_directory_files(pipeline: Pipeline) -> None:
    created = dropped(pipeline, "users.csv", file(USERS, f"{ADMIN},,,,deleted,,,,"))

    pipeline.run(created)

    assert pipeline.summary(created)["refusal"]["code"] == "UNKNOWN_SOURCE"
    assert user(pipeline, ADMIN).is_active


def test_the_newer_of_two_files_counts_whichever_is_processed_first(pipeline: Pipeline) -> None:
    pipeline.source(writes_directory=True)
    older = dropped(pipeline, "users-1.csv", file("email,name,opco", "zoe@x.example,Zoe,Kenya"))
    pipeline.clock.now += 60
    newer = dropped(pipeline, "users-2.csv", file("email,name,status", "zoe@x.example,Zed,deleted"))

    pipeline.run(newer)
    pipeline.run(older)

    zoe = user(pipeline, "zoe@x.example")
    assert (zoe.name, zoe.opco, zoe.is_deleted) == ("Zed", "Kenya", True)


def test_the_older_file_decides_who_gets_a_new_account_whichever_is_processed_first(
    pipeline: Pipeline,
) -> None:
    pipeline.source(writes_directory=True)
    default_manager(pipeline, BARAKA)
    older = dropped(
        pipeline, "accounts-1.csv", file("account_id,name,account_manager", f"N1,One,{AMINA}")
    )
    pipeline.clock.now += 60
    newer = dropped(pipeline, "accounts-2.csv", file("account_id,name", "N1,One Again"))

    pipeline.run(newer)
    assert pipeline.account("N1").assigned == {ROLE: (BARAKA,)}
    pipeline.run(older)

    assert pipeline.account("N1").assigned == {ROLE: (AMINA,)}
    assert pipeline.account("N1").name == "One Again"
    assert pipeline.counts(older) == {"lines": 1, "updated": 1}


def test_an_older_file_takes_no_new_account_from_a_user_who_was_assigned_since(
    pipeline: Pipeline,
) -> None:
    pipeline.source(writes_directory=True)
    older = dropped(
        pipeline, "accounts-1.csv", file("account_id,name,account_manager", f"N1,One,{AMINA}")
    )
    pipeline.clock.now += 60
    newer = dropped(pipeline, "accounts-2.csv", file("account_id,opco", "N1,Kenya"))
    pipeline.run(newer)
    pipeline.run(pipeline.upload(file_of([("N1", BARAKA)])))

    pipeline.run(older)

    assert pipeline.account("N1").assigned == {ROLE: (BARAKA,)}


def test_a_chunk_that_is_processed_again_reports_the_same(pipeline: Pipeline) -> None:
    pipeline.source(writes_directory=True)
    default_manager(pipeline, AMINA)
    pipeline.kenyan(1)
    lines = ("N1,Acme,,,,,", "K000,Acme,,Kenya,,,", f"N2,,,,,,{BARAKA}")
    created = dropped(pipeline, "accounts.csv", file(ACCOUNTS, *lines))
    pipeline.validate(created)
    pipeline.forget()
    plan = pipeline.resources.tables.imports

    assert pipeline.assign(import_id(created), seconds=30.0) == []
    once = pipeline.resources.tables.accounts.read(TENANT, ["N1", "N2", "K000"], pipeline.deadline)
    first = plan.find(import_id(created))
    pipeline.run()

    assert first is not None
    assert pipeline.counts(created) == {"lines": 3, "updated": 3}
    again = pipeline.resources.tables.accounts.read(TENANT, ["N1", "N2", "K000"], pipeline.deadline)
    assert once == again


def test_a_directory_file_does_not_touch_the_order_of_assignments(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    pipeline.source(writes_directory=True)
    assignment = pipeline.upload(file_of([("K000", AMINA)]))
    pipeline.clock.now += 60
    directory = dropped(pipeline, "accounts.csv", file("account_id,opco", "K000,Kenya"))

    pipeline.run(directory)
    pipeline.run(assignment)

    assert pipeline.counts(directory) == {"lines": 1, "unchanged": 1}
    assert pipeline.holders("K000") == [AMINA]


def test_the_history_names_the_file_and_no_assignment_is_announced(
    pipeline: Pipeline,
) -> None:
    pipeline.kenyan(1)
    pipeline.publish()
    events = len(pipeline.memory.events.put)

    accounts(pipeline, "K000,Acme,,Kenya,,,")
    pipeline.publish()

    (entry,) = pipeline.resources.tables.history.of(TENANT, "K000")
    assert [(one.role, one.before, one.after) for one in entry.receipt.changes] == [
        ("#name", (), ("Acme",))
    ]
    assert len(pipeline.memory.events.put) == events


def test_a_new_accounts_first_manager_is_announced(pipeline: Pipeline) -> None:
    accounts(pipeline, f"N1,Acme,,,,,{AMINA}")
    pipeline.publish()

    (event,) = [json.loads(call.entry["Detail"]) for call in pipeline.memory.events.put]
    assert event["changes"] == [{"role": ROLE, "before": [], "after": [AMINA]}]
    assert list(pipeline.resources.tables.portfolios.of(TENANT, AMINA)) == [(ROLE, "N1")]


@pytest.mark.parametrize("label", ["Email", "Name"])
def test_the_mapping_of_a_source_does_not_apply_to_its_directory_files(
    pipeline: Pipeline, label: str
) -> None:
    pipeline.source(mapping={label: "account Manager"}, writes_directory=True)
    people = dropped(pipeline, "users.csv", file("Email,Name", "new@lumina.example,New"))
    places = dropped(pipeline, "accounts.csv", file("account_id,Name", "N1,new@lumina.example"))

    pipeline.run(people, places)

    assert pipeline.item(people).state == "done"
    assert user(pipeline, "new@lumina.example").name == "New"
    assert pipeline.item(places).state == "done"
    assert pipeline.holders("N1") == [""]


NEW_ADMIN = "email,name,roles", "eve@x.example,Eve,Admin"


def test_a_source_without_the_right_changes_nothing_in_the_directory(pipeline: Pipeline) -> None:
    pipeline.source()
    people = dropped(pipeline, "users.csv", file(*NEW_ADMIN))
    places = dropped(pipeline, "accounts.csv", file("account_id,name", "N1,New"))

    pipeline.run(people, places)

    for created in (people, places):
        refusal = pipeline.summary(created)["refusal"]
        assert refusal["code"] == "UPLOADER_NOT_ALLOWED"
        assert "writes_directory" in refusal["message"]
        assert "PUT /sources/erp" in refusal["message"]
    assert pipeline.resources.tables.directory.user(TENANT, "eve@x.example") is None


def test_a_right_that_is_removed_before_a_retried_file_is_read_no_longer_counts(
    pipeline: Pipeline,
) -> None:
    pipeline.source(writes_directory=True)
    created = dropped(pipeline, "users.csv", file(*NEW_ADMIN))
    with incident(pipeline.memory, Mishap("ListObjectVersions", kill_before=1)):
        pipeline.validate(created)
    pipeline.source()
    pipeline.clock.now += HOUR

    pipeline.sweep("imports")
    pipeline.run()

    assert pipeline.summary(created)["refusal"]["code"] == "UPLOADER_NOT_ALLOWED"
