"""The five systems' own files, byte for byte as their users write them, through the functions.

The name of each test has the numbers of the requirements that it proves.
"""

from __future__ import annotations

import json

import pytest
from handover.model import Account, User
from handover.profiles.profile import Role
from handover.profiles.settings import Settings

from infra.seeding.directory import DirectoryFiles
from infra.seeding.loading import load
from tests.kit.memory_aws import ObjectCreated
from tests.kit.pipeline import ADMIN, AMINA, BARAKA, SALES, TENANT, Pipeline
from tests.workbooks.builders import by_openpyxl

MANAGER, VIEWER, WORKFLOW = "account_manager", "viewer", "workflow"


def customers(pipeline: Pipeline, *ids: str, **assigned: tuple[str, ...]) -> None:
    pipeline.accounts(
        *(Account(TENANT, one, 1, opco="Kenya", assigned=dict(assigned)) for one in ids)
    )


def imported(
    pipeline: Pipeline,
    profile: str,
    body: str,
    mapping: dict[str, str] | None = None,
    *,
    encoding: str = "utf-8",
) -> ObjectCreated:
    ticket = pipeline.ticket(profile=profile, mapping=mapping)
    created = pipeline.upload(body.encode(encoding), ticket)
    pipeline.run(created)
    return created


def assigned(pipeline: Pipeline, account_id: str) -> dict[str, tuple[str, ...]]:
    return dict(pipeline.account(account_id).assigned)


# BBOXX Pulse


def test_r5_r6_r13_r14_r18_a_customer_with_five_accounts_has_five_managers(
    pipeline: Pipeline,
) -> None:
    names = [f"manager{place}@lumina.example" for place in range(1, 6)]
    pipeline.users(*(User(name, name, frozenset({"Sales"}), "Kenya") for name in names))
    pipeline.accounts(
        *(
            Account(TENANT, f"CD30021{place}", 1, customer_id="CUST-7", opco="Kenya")
            for place in range(1, 6)
        )
    )
    lines = "".join(f"CD30021{place},{name}\n" for place, name in enumerate(names, start=1))

    created = imported(pipeline, "single-strict", f"account ID,account Manager\n{lines}")

    assert pipeline.summary(created)["state"] == "done"
    assert pipeline.holders(*(f"CD30021{place}" for place in range(1, 6))) == names


def test_r10_r11_r12_an_empty_cell_and_none_both_remove_the_manager(pipeline: Pipeline) -> None:
    customers(pipeline, "A-1", "A-2", account_manager=(AMINA,))
    customers(pipeline, "A-3")

    created = imported(
        pipeline, "single-strict", "account ID,account Manager\nA-1,\nA-2,None\nA-3,None\n"
    )

    assert pipeline.counts(created) == {"lines": 3, "cleared": 2, "unchanged": 1}
    assert pipeline.holders("A-1", "A-2", "A-3") == ["", "", ""]


# Peakflo


def test_r32_r33_r34_r38_r41_managers_and_viewers_of_many_customers_in_one_go(
    pipeline: Pipeline,
) -> None:
    ids = [f"QB-{number}" for number in range(400)]
    customers(pipeline, *ids)
    lines = "".join(f'{one},{AMINA},"{SALES}, {BARAKA}"\r\n' for one in ids)

    created = imported(
        pipeline, "manager-and-viewers", f"customer ID,email,defaultViewers\r\n{lines}"
    )

    assert pipeline.counts(created) == {"lines": 400, "updated": 400}
    assert assigned(pipeline, "QB-399") == {MANAGER: (AMINA,), VIEWER: (BARAKA, SALES)}


def test_r21_r27_r28_a_new_customer_gets_the_default_manager_unless_it_has_one(
    pipeline: Pipeline,
) -> None:
    tables = pipeline.resources.tables
    customers(pipeline, "cleared")

    load(
        tables,
        TENANT,
        DirectoryFiles(
            settings=Settings(default_account_manager=AMINA),
            accounts=(
                Account(TENANT, "new", 1),
                Account(TENANT, "chosen", 1, assigned={MANAGER: (BARAKA,)}),
                Account(TENANT, "cleared", 1, name="Now named"),
            ),
        ),
        lambda _done, _total, _what: None,
    )

    assert pipeline.holders("new", "chosen", "cleared") == [AMINA, BARAKA, ""]


def test_r40_a_misspelled_id_is_answered_with_the_likely_one(pipeline: Pipeline) -> None:
    customers(pipeline, "00042")

    created = imported(
        pipeline, "manager-and-viewers", f"customer ID,email\n42,{AMINA}\n1.2E+11,{AMINA}\n"
    )

    first, second = pipeline.table(created, "errors.csv")
    assert "Did you mean 00042?" in first["hint"]
    assert "1.2E+11: a spreadsheet has changed this id" in second["hint"]


def test_r22_r53_other_systems_receive_who_may_view_a_customer(pipeline: Pipeline) -> None:
    customers(pipeline, "QB-1")

    imported(
        pipeline,
        "manager-and-viewers",
        f'customer ID,email,defaultViewers\nQB-1,,"{AMINA},{BARAKA}"\n',
    )
    pipeline.publish()

    (event,) = pipeline.memory.events.put
    detail = json.loads(event.entry["Detail"])
    assert detail["changes"] == [{"role": VIEWER, "before": [], "after": [AMINA, BARAKA]}]


def test_r43_a_workbook_is_accepted_as_a_file_is(pipeline: Pipeline) -> None:
    customers(pipeline, "00017")
    header = ("customer ID", "email", "defaultViewers")
    workbook = by_openpyxl([header, (17, AMINA, f"{AMINA},{BARAKA}")], "00000")

    created = pipeline.upload(workbook, pipeline.ticket(profile="manager-and-viewers"))
    pipeline.run(created)

    assert pipeline.counts(created) == {"lines": 1, "updated": 1}
    assert pipeline.account("00017").assigned[VIEWER] == (AMINA, BARAKA)


def test_r43_a_file_that_is_not_an_xlsx_is_refused_with_what_to_do(pipeline: Pipeline) -> None:
    ticket = pipeline.ticket(profile="manager-and-viewers")
    created = pipeline.upload(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), ticket)
    pipeline.run(created)

    refusal = pipeline.summary(created)["refusal"]

    assert refusal["code"] == "NOT_CSV"
    assert "save it as an Excel workbook (.xlsx) or as CSV" in refusal["message"]


def test_c7_a_line_with_unquoted_viewers_has_too_many_fields_and_nothing_is_guessed(
    pipeline: Pipeline,
) -> None:
    customers(pipeline, "QB-1")

    created = imported(
        pipeline,
        "manager-and-viewers",
        f"customer ID,email,defaultViewers\nQB-1,{AMINA},{SALES},{BARAKA}\n",
    )

    errors = pipeline.file(created, "errors.csv")
    assert errors is not None
    assert b",FIELD_COUNT," in errors
    assert b"put such a value in double quotes" in errors
    assert assigned(pipeline, "QB-1") == {}


# Totango


def test_r44_r46_r48_r57_r61_a_team_from_the_crm_with_addresses_beside_names(
    pipeline: Pipeline,
) -> None:
    pipeline.resources.tables.directory.put_roles(
        TENANT, [Role("CSM", 1), Role("Sales Manager", 1)], pipeline.deadline
    )
    customers(pipeline, "ACME", "Initech", "Hooli")

    created = imported(
        pipeline,
        "role-team",
        "account ID,CSM___tid,CSM,Sales Manager,Region\n"
        f"ACME,{AMINA},Somebody Else,Baraka Mwangi,EMEA\n"
        f"Initech,,{BARAKA},,\n"
        "Hooli,new.hire@lumina.example,,Sam Nobody,\n",
    )

    assert pipeline.counts(created) == {"lines": 3, "updated": 2, "rejected": 1}
    assert assigned(pipeline, "ACME") == {"CSM": (AMINA,), "Sales Manager": (BARAKA,)}
    assert assigned(pipeline, "Initech") == {"CSM": (BARAKA,)}
    assert assigned(pipeline, "Hooli") == {}


def test_r58_an_unknown_address_is_stored_as_pending_and_counted(pipeline: Pipeline) -> None:
    pipeline.resources.tables.directory.put_roles(TENANT, [Role("CSM", 1)], pipeline.deadline)
    customers(pipeline, "ACME")

    created = imported(
        pipeline, "role-team", "account ID,CSM___tid\nACME,New.Hire@lumina.example\n"
    )

    summary = pipeline.summary(created)
    assert (summary["state"], summary["accounts_updated"]) == ("done", 1)
    assert pipeline.counts(created) == {"lines": 1, "pending": 1}
    assert assigned(pipeline, "ACME") == {"CSM": ("pending:new.hire@lumina.example",)}
    assert pipeline.table(created, "results.csv")[0]["outcome"] == "pending"


def test_r59_r60_a_name_is_stored_only_if_exactly_one_user_has_it(pipeline: Pipeline) -> None:
    pipeline.resources.tables.directory.put_roles(TENANT, [Role("CSM", 1)], pipeline.deadline)
    pipeline.users(
        User("amina.2@lumina.example", "amina  OTIENO", frozenset(), "Kenya"),
        User("renamed@lumina.example", "Old Name", frozenset()),
    )
    pipeline.users(User("renamed@lumina.example", "New Name", frozenset()))
    customers(pipeline, "A-1", "A-2", "A-3", "A-4")

    created = imported(
        pipeline,
        "role-team",
        "account ID,CSM\nA-1,Amina Otieno\nA-2,baraka mwangi\nA-3,Old Name\nA-4,New Name\n",
    )

    codes = {row["account ID"]: row["code"] for row in pipeline.table(created, "errors.csv")}
    assert codes == {"A-1": "USER_AMBIGUOUS", "A-3": "USER_NOT_FOUND"}
    assert pipeline.account("A-2").assigned == {"CSM": (BARAKA,)}
    assert pipeline.account("A-4").assigned == {"CSM": ("renamed@lumina.example",)}


# Upflow


def upflow(pipeline: Pipeline) -> None:
    pipeline.resources.tables.directory.put_workflows(
        TENANT, ["Standard", "Key accounts"], pipeline.deadline
    )
    customers(pipeline, "cus_1", "cus_2", "cus_3")


def test_r64_r65_r69_r70_customers_get_workflows_and_several_managers(pipeline: Pipeline) -> None:
    upflow(pipeline)

    created = imported(
        pipeline,
        "multi-with-workflow",
        "External Id,Account manager email,Workflow name\n"
        f'cus_1,"{AMINA}, {BARAKA}",Standard\n'
        f"cus_2,{AMINA},Key accounts\n",
    )

    assert pipeline.summary(created)["state"] == "done"
    assert assigned(pipeline, "cus_1") == {MANAGER: (AMINA, BARAKA), WORKFLOW: ("Standard",)}
    assert assigned(pipeline, "cus_2") == {MANAGER: (AMINA,), WORKFLOW: ("Key accounts",)}


def test_c7_in_a_file_with_semicolons_the_list_needs_no_quotes(pipeline: Pipeline) -> None:
    upflow(pipeline)

    imported(
        pipeline,
        "multi-with-workflow",
        f"External Id;Account manager email;Workflow name\r\ncus_1;{AMINA}, {BARAKA};Standard\r\n",
        encoding="windows-1252",
    )

    assert assigned(pipeline, "cus_1")[MANAGER] == (AMINA, BARAKA)


def test_r71_r72_columns_are_mapped_and_additional_ones_discarded(pipeline: Pipeline) -> None:
    upflow(pipeline)
    mapping = {
        "Customer": "External Id",
        "Owners": "Account manager email",
        "Dunning": "Workflow name",
    }

    created = imported(
        pipeline,
        "multi-with-workflow",
        f"Country,Dunning,Customer,Owners\nKE,Standard,cus_3,{AMINA}\n",
        mapping,
    )

    assert pipeline.counts(created) == {"lines": 1, "updated": 1}
    assert assigned(pipeline, "cus_3") == {MANAGER: (AMINA,), WORKFLOW: ("Standard",)}


def test_r80_r81_r82_one_bad_line_marks_the_import_and_the_good_ones_are_applied_and_counted(
    pipeline: Pipeline,
) -> None:
    upflow(pipeline)

    created = imported(
        pipeline,
        "multi-with-workflow",
        "External Id,Account manager email,Workflow name\n"
        f"cus_1,{AMINA},Standard\n"
        f'cus_2,"{AMINA}, barka.mwangi@lumina.example",Standard\n'
        f"cus_9,{AMINA},Standard\n",
    )

    summary = pipeline.summary(created)
    assert (summary["state"], summary["accounts_updated"]) == ("error", 1)
    assert assigned(pipeline, "cus_2") == {}


def test_r75_r77_r78_r83_r84_r85_the_lines_with_errors_say_what_is_wrong(
    pipeline: Pipeline,
) -> None:
    upflow(pipeline)

    created = imported(
        pipeline,
        "multi-with-workflow",
        "External Id,Account manager email,Workflow name\n"
        f'cus_2,"{AMINA}, barka.mwangi@lumina.example",Standard\n'
        f"CUS_3,{AMINA},Standard\n"
        f"cus_1,{AMINA},Standard \n",
    )

    first, second = pipeline.table(created, "errors.csv")
    assert first["error"] == "User not found, check the email"
    assert "'barka.mwangi@lumina.example'" in first["hint"]
    assert f"did you mean {BARAKA}?" in first["hint"]
    assert second["error"] == "The customer was not found"
    assert second["hint"].startswith("Check and update your customer external ID in your file.")
    assert "Did you mean cus_3?" in second["hint"]


def test_r79_the_lines_with_errors_are_corrected_and_imported_again(pipeline: Pipeline) -> None:
    upflow(pipeline)
    created = imported(
        pipeline,
        "multi-with-workflow",
        f"External Id,Account manager email,Workflow name\ncus_1,{AMINA},Standard\n"
        f"cus_2,{AMINA},standard\n",
    )
    errors = pipeline.file(created, "errors.csv")
    assert errors is not None
    corrected = errors.replace(b",standard,", b",Standard,")

    again = pipeline.upload(corrected, pipeline.ticket(profile="multi-with-workflow"))
    pipeline.run(again)

    assert pipeline.counts(again) == {"lines": 1, "updated": 1}
    assert assigned(pipeline, "cus_2")[WORKFLOW] == ("Standard",)


def test_r73_r74_a_notification_announces_the_end_of_the_import(pipeline: Pipeline) -> None:
    upflow(pipeline)

    imported(
        pipeline,
        "multi-with-workflow",
        f"External Id,Account manager email,Workflow name\ncus_1,{AMINA},Standard\n",
    )

    (news,) = pipeline.memory.sns.published
    message = json.loads(json.loads(news.message)["sqs"])
    assert message["schema"] == "handover.import/1"
    assert message["state"] == "done"


def test_r67_a_manager_without_a_user_is_an_error(pipeline: Pipeline) -> None:
    upflow(pipeline)

    created = imported(
        pipeline,
        "multi-with-workflow",
        "External Id,Account manager email,Workflow name\ncus_1,not.invited@lumina.example,\n",
    )

    assert pipeline.table(created, "errors.csv")[0]["code"] == "USER_NOT_FOUND"


# SupportCenter Plus


@pytest.mark.parametrize("name", ["amina.otieno@lumina.example", "AMINA.WEI\u1e9e", "amina.weiss"])
def test_r87_r91_r99_r101_one_manager_by_address_or_login_name(
    pipeline: Pipeline, name: str
) -> None:
    pipeline.users(User(AMINA, "Amina Otieno", frozenset(), login_name="amina.wei\u00df"))
    customers(pipeline, "Globex", "Umbrella", account_manager=(BARAKA,))

    created = imported(
        pipeline,
        "directory-single",
        f'account ID,account manager\nGlobex,{name}\nUmbrella,"{AMINA},{BARAKA}"\n',
    )

    assert pipeline.holders("Globex", "Umbrella") == [AMINA, BARAKA]
    assert [row["account ID"] for row in pipeline.table(created, "errors.csv")] == ["Umbrella"]


def test_r103_an_inactive_account_gets_no_manager(pipeline: Pipeline) -> None:
    pipeline.accounts(Account(TENANT, "Globex", 1, is_active=False))

    created = imported(
        pipeline, "directory-single", f"account ID,account manager\nGlobex,{AMINA}\n"
    )

    assert pipeline.table(created, "errors.csv")[0]["code"] == "ACCOUNT_INACTIVE"


def test_r104_an_account_is_named_only_by_its_id_and_not_by_its_name(
    pipeline: Pipeline,
) -> None:
    # With names as keys, two lines of a file could name one account unnoticed.
    pipeline.accounts(Account(TENANT, "4711", 1, name="Globex"))

    created = imported(
        pipeline, "directory-single", f"account ID,account manager\nGlobex,{AMINA}\n"
    )

    assert pipeline.table(created, "errors.csv")[0]["code"] == "ACCOUNT_NOT_FOUND"


# All


def test_r3_the_uploader_of_every_import_is_known(pipeline: Pipeline) -> None:
    created = imported(pipeline, "single-strict", "account ID,account Manager\n")

    assert pipeline.summary(created)["uploader"] == ADMIN
