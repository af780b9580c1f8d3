"""validate: mappings of sources, roles that only some may assign, headers of other profiles."""

from __future__ import annotations

from handover.profiles.presets import presets
from handover.profiles.profile import Role
from msgspec.structs import replace

from tests.kit.pipeline import (
    AMINA,
    PRINCIPAL,
    ROLE,
    TENANT,
    Pipeline,
    file_of,
)


def test_r51_the_labels_of_a_source_are_mapped_to_those_of_the_profile(pipeline: Pipeline) -> None:
    mapping = {"Kundennummer": "account ID", "Betreuer": "account Manager"}
    pipeline.source(mapping=mapping)
    pipeline.kenyan(1)

    created = pipeline.drop(f"Kundennummer;Betreuer\r\nK000;{AMINA}\r\n".encode())
    pipeline.run(created)

    assert pipeline.holders("K000") == [AMINA]


def test_r54_a_file_with_a_role_that_the_uploader_may_not_assign_is_refused(
    pipeline: Pipeline,
) -> None:
    assignee = Role(ROLE, 1, frozenset({"Director", "Boss"}))
    pipeline.resources.tables.directory.put_roles(TENANT, [assignee], pipeline.deadline)
    pipeline.kenyan(1)

    created = pipeline.upload(file_of([("K000", AMINA)]))
    pipeline.run(created)

    refusal = pipeline.summary(created)["refusal"]
    assert refusal["code"] == "UPLOADER_NOT_ALLOWED"
    assert "account Manager" in refusal["message"]
    assert "Boss or Director" in refusal["message"]
    assert pipeline.holders("K000") == [""]


def test_r54_the_refusal_of_a_column_names_the_line_of_the_header(pipeline: Pipeline) -> None:
    assignee = Role(ROLE, 1, frozenset({"Director"}))
    pipeline.resources.tables.directory.put_roles(TENANT, [assignee], pipeline.deadline)

    created = pipeline.upload(b"sep=;\r\naccount ID;account Manager\r\nK000;a@b.c\r\n")
    pipeline.run(created)

    refusal = pipeline.summary(created)["refusal"]
    assert refusal["line"] == 2
    assert refusal["message"].startswith("line 2, account Manager: ")


def test_r54_a_system_may_assign_every_role_of_the_profile_of_its_source(
    pipeline: Pipeline,
) -> None:
    assignee = Role(ROLE, 1, frozenset({"Director"}))
    pipeline.resources.tables.directory.put_roles(TENANT, [assignee], pipeline.deadline)
    pipeline.source()
    pipeline.kenyan(1)

    pipeline.run(pipeline.drop(file_of([("K000", AMINA)])))

    assert pipeline.holders("K000") == [AMINA]


def test_a_header_of_another_profile_is_recognized(pipeline: Pipeline) -> None:
    created = pipeline.upload(b"External Id,Account manager email,Workflow name\r\n1,a@b.c,W\r\n")

    pipeline.run(created)

    refusal = pipeline.summary(created)["refusal"]
    assert refusal["code"] == "MISSING_COLUMN"
    assert "The header fits the profile 'multi-with-workflow'." in refusal["message"]


def test_a_file_that_is_refused_for_another_reason_names_no_profile_that_fits(
    pipeline: Pipeline,
) -> None:
    fitting = "External Id,Account manager email,Workflow name"
    created = pipeline.upload(f"account ID,account Manager,account ID,{fitting}\r\n".encode())

    pipeline.run(created)

    refusal = pipeline.summary(created)["refusal"]
    assert refusal["code"] == "DUPLICATE_COLUMN"
    assert "fits" not in refusal["message"]


def test_a_header_that_fits_no_profile_is_reported_as_it_is(pipeline: Pipeline) -> None:
    created = pipeline.upload(b"Colour,Size\r\nred,7\r\n")

    pipeline.run(created)

    assert "fits" not in pipeline.summary(created)["refusal"]["message"]


def test_a_profile_about_something_else_is_not_named(pipeline: Pipeline) -> None:
    columns = presets()["directory-users"].columns
    labels = ",".join(column.label for column in columns)
    created = pipeline.upload(f"{labels}\r\n".encode())

    pipeline.run(created)

    refusal = pipeline.summary(created)["refusal"]
    assert refusal["code"] == "MISSING_COLUMN"
    assert "fits" not in refusal["message"]


def test_a_careless_profile_does_not_stop_other_refusals(
    pipeline: Pipeline,
) -> None:
    users = presets()["directory-users"]
    email, *others = users.columns
    careless = replace(users, name="careless", columns=(replace(email, is_required=False), *others))
    pipeline.resources.tables.directory.put_profile(TENANT, careless)
    pipeline.source(writes_directory=True)

    created = pipeline.put(
        f"directory/{TENANT}/erp/users.csv", b"mail,name\r\n", principal=f"AWS:{PRINCIPAL}:job"
    )
    pipeline.run(created)

    refusal = pipeline.summary(created)["refusal"]
    assert refusal["code"] == "MISSING_COLUMN"
    assert "has no column 'email'" in refusal["message"]
