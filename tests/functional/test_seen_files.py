"""A source that drops an old file again gets a warning; nothing else is affected."""

from __future__ import annotations

from typing import Any

import pytest
from handover.pipeline.seen_files import FILES_REMEMBERED, TRIES

from tests.kit.memory_aws import ObjectCreated, ServiceError, Twist
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import ADMIN, AMINA, BARAKA, TENANT, Pipeline, file_of, import_id

MONDAY, TUESDAY = file_of([("K000", AMINA)]), file_of([("K000", BARAKA)])


@pytest.fixture(autouse=True)
def _source(pipeline: Pipeline) -> None:
    pipeline.source()
    pipeline.kenyan(1)


def dropped(pipeline: Pipeline, *bodies: bytes) -> ObjectCreated:
    """The last of the files, after all were dropped and processed one after another."""
    for body in bodies:
        pipeline.clock.now += 10
        created = pipeline.drop(body, f"{pipeline.clock.now:.0f}.csv")
        pipeline.run(created)
    return created


def codes(pipeline: Pipeline, created: ObjectCreated) -> list[str]:
    """The codes of the import's warnings."""
    return [one["code"] for one in pipeline.summary(created)["warnings"]]


def test_an_old_file_that_is_moved_is_applied_with_a_warning(pipeline: Pipeline) -> None:
    first = dropped(pipeline, MONDAY)
    dropped(pipeline, TUESDAY)

    moved = dropped(pipeline, MONDAY)

    assert codes(pipeline, moved) == ["OLD_FILE_AGAIN"]
    assert import_id(first) in pipeline.summary(moved)["warnings"][0]["message"]
    assert import_id(first) in pipeline.memory.sns.published[-1].message
    assert pipeline.holders("K000") == [AMINA]


def test_the_warning_names_the_last_of_several_equal_files(pipeline: Pipeline) -> None:
    dropped(pipeline, MONDAY, TUESDAY)
    last = dropped(pipeline, MONDAY)
    dropped(pipeline, TUESDAY)

    (warning,) = pipeline.summary(dropped(pipeline, MONDAY))["warnings"]

    assert f"at {pipeline.item_time(last)} (import {import_id(last)})" in warning["message"]


def test_the_last_file_dropped_again_gives_no_warning(pipeline: Pipeline) -> None:
    assert codes(pipeline, dropped(pipeline, TUESDAY, MONDAY, MONDAY)) == []


def test_a_file_that_differs_in_one_byte_is_a_new_file(pipeline: Pipeline) -> None:
    assert codes(pipeline, dropped(pipeline, MONDAY, TUESDAY, MONDAY + b"\r\n")) == []


def test_a_file_under_another_header_is_a_new_file(pipeline: Pipeline) -> None:
    other = MONDAY.replace(b"account ID", b"ACCOUNT ID")

    assert codes(pipeline, dropped(pipeline, other, TUESDAY, MONDAY)) == []


def test_files_of_persons_are_not_compared(pipeline: Pipeline) -> None:
    for body in (MONDAY, TUESDAY, MONDAY):
        pipeline.clock.now += 10
        created = pipeline.upload(body)
        pipeline.run(created)

    assert codes(pipeline, created) == []
    assert pipeline.resources.tables.watermarks.seen_files(TENANT, "user") == ([], 0)


def test_a_refused_file_is_not_remembered(pipeline: Pipeline) -> None:
    pipeline.clock.now += 10
    pipeline.run(pipeline.drop(MONDAY, principal="AWS:SOMEBODY"))

    assert codes(pipeline, dropped(pipeline, TUESDAY, MONDAY)) == []


def test_a_bounded_number_of_files_is_remembered(pipeline: Pipeline) -> None:
    bodies = [file_of([("K000", AMINA), (f"X{place}", AMINA)]) for place in range(60)]
    dropped(pipeline, *bodies)

    known, _ = pipeline.resources.tables.watermarks.seen_files(TENANT, "erp")

    assert len(known) == FILES_REMEMBERED
    assert codes(pipeline, dropped(pipeline, bodies[0])) == []
    assert codes(pipeline, dropped(pipeline, bodies[-3])) == ["OLD_FILE_AGAIN"]


def test_a_list_that_somebody_else_has_written_meanwhile_is_not_overwritten(
    pipeline: Pipeline,
) -> None:
    watermarks = pipeline.resources.tables.watermarks
    dropped(pipeline, MONDAY)
    known, version = watermarks.seen_files(TENANT, "erp")

    assert not watermarks.remember_files(TENANT, "erp", [], version - 1)
    assert not watermarks.remember_files(TENANT, "erp", [], version + 1)
    assert watermarks.seen_files(TENANT, "erp") == (known, version)


def test_a_file_that_was_cancelled_is_no_old_file(pipeline: Pipeline) -> None:
    pipeline.clock.now += 10
    first = pipeline.drop(MONDAY, "first.csv")
    pipeline.validate(first)
    at = pipeline.item_time(first)
    assert pipeline.resources.tables.imports.cancel(import_id(first), ADMIN, at=at)
    pipeline.run()
    assert pipeline.item(first).state == "cancelled"

    assert codes(pipeline, dropped(pipeline, TUESDAY, MONDAY)) == []


class Overtaken(Mishap):
    """Refuses each write of the list of remembered files, as if somebody else had written it."""

    refused = 0

    def before(
        self, number: int, service: str, operation: str, params: dict[str, Any]
    ) -> Twist | None:
        if operation == "UpdateItem" and "seen#erp" in repr(params):
            self.refused += 1
            raise ServiceError("ConditionalCheckFailedException", "The conditional request failed")
        return super().before(number, service, operation, params)


def test_a_file_that_cannot_be_remembered_is_imported_all_the_same(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    watermarks = pipeline.resources.tables.watermarks
    dropped(pipeline, MONDAY)
    before = watermarks.seen_files(TENANT, "erp")

    overtaken = Overtaken()
    with incident(pipeline.memory, overtaken):
        second = dropped(pipeline, TUESDAY)

    assert overtaken.refused == TRIES
    (logged,) = [one for one in caplog.records if one.message == "file not remembered"]
    assert vars(logged)["import_id"] == import_id(second)
    assert watermarks.seen_files(TENANT, "erp") == before
    assert (pipeline.item(second).state, codes(pipeline, second)) == ("done", [])
    assert pipeline.holders("K000") == [BARAKA]
