"""Users whom both Admins and files change: the last change counts."""

from __future__ import annotations

from tests.functional.test_directory_files import USERS, dropped, file, user
from tests.kit.cast import INSIDERS, World
from tests.kit.pipeline import AMINA, TENANT, Pipeline

EDITED = {"name": "Amina Edited", "roles": ["Sales"], "opco": "Kenya"}


def edit(pipeline: Pipeline) -> None:
    answer = World(pipeline).ask(INSIDERS[0], "PUT", f"/users/{AMINA}", EDITED)
    assert answer.status == 200, answer.text


def test_a_file_that_came_before_an_edit_does_not_undo_it(pipeline: Pipeline) -> None:
    pipeline.source(writes_directory=True)
    older = dropped(pipeline, "users.csv", file(USERS, f"{AMINA},Amina Filed,Sales,Togo,,,,,"))
    pipeline.clock.now += 1
    edit(pipeline)

    pipeline.run(older)

    assert pipeline.counts(older) == {"lines": 1, "superseded": 1}
    assert (user(pipeline, AMINA).name, user(pipeline, AMINA).opco) == ("Amina Edited", "Kenya")


def test_a_directory_file_uploaded_after_an_edit_applies(pipeline: Pipeline) -> None:
    pipeline.source(writes_directory=True)
    edit(pipeline)
    pipeline.clock.now += 1

    newer = dropped(pipeline, "users.csv", file(USERS, f"{AMINA},Amina Filed,Sales,Togo,,,,,"))
    pipeline.run(newer)

    assert pipeline.counts(newer) == {"lines": 1, "updated": 1}
    assert user(pipeline, AMINA).name == "Amina Filed"
    answer = World(pipeline).ask(INSIDERS[0], "GET", "/users", query={"name": "amina f"})
    assert [one["email"] for one in answer.body["users"]] == [AMINA]


def test_an_edit_keeps_the_receipts_of_a_file(pipeline: Pipeline) -> None:
    pipeline.source(writes_directory=True)
    created = dropped(pipeline, "users.csv", file(USERS, f"{AMINA},Amina Filed,Sales,Togo,,,,,"))
    pipeline.run(created)
    edit(pipeline)

    records = pipeline.resources.tables.user_records.read(TENANT, [AMINA], pipeline.deadline)

    assert [mark.line for mark in records[AMINA].receipts] == [2]


def test_a_name_that_is_too_long_for_the_index_can_be_edited(pipeline: Pipeline) -> None:
    pipeline.source(writes_directory=True)
    long = "\ufdfa" * 200
    pipeline.run(dropped(pipeline, "users.csv", file(USERS, f"{AMINA},{long},Sales,Togo,,,,,")))

    edit(pipeline)

    assert user(pipeline, AMINA).name == "Amina Edited"
