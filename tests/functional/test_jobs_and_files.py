"""Jobs beside directory files: users whom one of them deletes, and undo of fields."""

from __future__ import annotations

from tests.functional.test_directory_files import USERS, dropped, file, user
from tests.kit.jobs import api, ask_removal
from tests.kit.pipeline import AMINA, Pipeline

STILL_THERE = f"{AMINA},Amina Otieno,Sales,Kenya,active,,,,"
GONE = f"{AMINA},Amina Otieno,Sales,Kenya,deleted,,,,"


def test_an_older_file_does_not_restore_a_deleted_user(pipeline: Pipeline) -> None:
    pipeline.source(writes_directory=True)
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.settle()
    older = dropped(pipeline, "users.csv", file(USERS, STILL_THERE))
    pipeline.clock.now += 60
    ask_removal(pipeline, AMINA)
    pipeline.settle()

    pipeline.run(older)
    pipeline.settle()

    assert user(pipeline, AMINA).is_deleted
    assert pipeline.holders("K000", "K001") == ["", ""]


def test_a_later_file_restores_the_user_without_accounts(pipeline: Pipeline) -> None:
    pipeline.source(writes_directory=True)
    pipeline.kenyan(1, held_by=AMINA)
    pipeline.settle()
    ask_removal(pipeline, AMINA)
    pipeline.settle()
    pipeline.clock.now += 60

    pipeline.run(dropped(pipeline, "users.csv", file(USERS, STILL_THERE)))
    pipeline.settle()

    assert user(pipeline, AMINA).is_active
    assert pipeline.holders("K000") == [""]


def test_a_user_deleted_by_a_dropped_file_is_removed_from_every_account(
    pipeline: Pipeline,
) -> None:
    pipeline.source(writes_directory=True)
    pipeline.kenyan(2, held_by=AMINA)
    pipeline.settle()

    pipeline.run(dropped(pipeline, "users.csv", file(USERS, GONE)))
    (written,) = pipeline.settle()

    assert pipeline.holders("K000", "K001") == ["", ""]
    assert pipeline.item(written).source == "handover"


def test_a_file_of_the_directory_cannot_be_undone(pipeline: Pipeline) -> None:
    pipeline.source(writes_directory=True)
    created = dropped(pipeline, "users.csv", file(USERS, GONE))
    pipeline.run(created)

    answer = api(pipeline).post(f"/imports/{pipeline.item(created).pk}/undo")

    assert answer.status == 409
    assert "directory fields" in answer.body["detail"]
