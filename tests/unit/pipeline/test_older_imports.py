"""Older open imports: every older import that can still write, and no other."""

from __future__ import annotations

import pytest
from handover.aws.objects import Upload
from handover.model import Mode
from handover.pipeline.older_imports import (
    WATERMARK_LAG_SECONDS,
    older_open_imports_of,
)
from handover.pipeline.upload_keys import ticket_time
from handover.pipeline.uploads import Arrival
from handover.runtime import rfc3339

from tests.kit.memory_aws import ObjectCreated
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import (
    AMINA,
    DAY,
    HOUR,
    TENANT,
    Pipeline,
    file_of,
    import_id,
)

FILE = file_of([("K000", AMINA)])


def older_open_imports(pipeline: Pipeline, created: ObjectCreated) -> set[str]:
    version = created.version
    arrival = Arrival(
        Upload(created.bucket, version.key, version.version_id), version.modified, "", ""
    )
    return set(older_open_imports_of(pipeline.resources, TENANT, arrival, pipeline.deadline))


def upload_later(pipeline: Pipeline, seconds: float = 10) -> ObjectCreated:
    pipeline.clock.now += seconds
    return pipeline.upload(FILE)


def test_older_imports_are_listed_until_they_are_final(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    validated, without_event, ended = (upload_later(pipeline) for _ in range(3))
    pipeline.validate(validated)
    pipeline.forget()
    pipeline.run(ended)
    newest = upload_later(pipeline)

    assert older_open_imports(pipeline, newest) == {import_id(validated), import_id(without_event)}


def test_an_object_that_is_not_an_upload_is_not_listed(pipeline: Pipeline) -> None:
    pipeline.put(f"drop/{TENANT}/erp/", b"")
    pipeline.drop(FILE, "archive/customers.csv")

    assert older_open_imports(pipeline, upload_later(pipeline)) == set()


@pytest.mark.parametrize(("later", "is_listed"), [(1, True), (2, False)])
def test_an_import_that_is_more_than_a_second_newer_is_not_listed(
    pipeline: Pipeline, later: float, is_listed: bool
) -> None:
    oldest = upload_later(pipeline)
    newer = upload_later(pipeline, later)

    found = older_open_imports(pipeline, oldest)

    assert found == ({import_id(newer)} if is_listed else set())


def test_imports_of_the_same_second_list_each_other(pipeline: Pipeline) -> None:
    one, other = upload_later(pipeline), upload_later(pipeline, 0.4)

    assert older_open_imports(pipeline, one) == {import_id(other)}
    assert older_open_imports(pipeline, other) == {import_id(one)}


def test_an_import_does_not_list_itself(pipeline: Pipeline) -> None:
    assert older_open_imports(pipeline, upload_later(pipeline)) == set()


def test_dry_runs_are_not_listed_once_they_are_known_as_such(pipeline: Pipeline) -> None:
    dry = pipeline.upload(FILE, mode=Mode.DRY_RUN)
    newest = upload_later(pipeline)
    assert older_open_imports(pipeline, newest) == {import_id(dry)}

    pipeline.validate(dry)

    assert older_open_imports(pipeline, newest) == set()


def test_drops_and_tickets_of_the_tenant_are_listed_and_those_of_other_tenants_are_not(
    pipeline: Pipeline,
) -> None:
    pipeline.source()
    drop = pipeline.drop(FILE)
    pipeline.put("drop/lumina-two/erp/a.csv", FILE)
    pipeline.put("in/other/1.csv", FILE)

    assert older_open_imports(pipeline, upload_later(pipeline)) == {import_id(drop)}


def test_every_version_of_a_key_is_listed(pipeline: Pipeline) -> None:
    pipeline.source()
    versions = {import_id(pipeline.drop(FILE)) for _ in range(3)}

    assert older_open_imports(pipeline, upload_later(pipeline)) == versions


def test_ended_imports_raise_the_watermark(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    for _ in range(3):
        pipeline.run(upload_later(pipeline))
    newest = upload_later(pipeline)

    older_open_imports(pipeline, newest)

    watermark = pipeline.resources.tables.watermarks.watermark(TENANT)
    assert "2026-11-22T10:00" < watermark < pipeline.item_time(newest)


def test_the_watermark_does_not_pass_an_import_that_is_open(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    stuck = upload_later(pipeline)
    for _ in range(3):
        pipeline.run(upload_later(pipeline, HOUR))

    assert pipeline.resources.tables.watermarks.watermark(TENANT) < pipeline.item_time(stuck)
    assert older_open_imports(pipeline, upload_later(pipeline)) == {import_id(stuck)}


def test_an_open_import_is_listed_however_old_it_is(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    stuck = upload_later(pipeline)
    for _ in range(12):
        pipeline.run(upload_later(pipeline, DAY))

    assert older_open_imports(pipeline, upload_later(pipeline)) == {import_id(stuck)}


def test_a_multipart_upload_listed_before_the_watermark_is_found_once_it_is_complete(
    pipeline: Pipeline,
) -> None:
    """S3 may list it under the time at which it began."""
    pipeline.kenyan(1)
    pipeline.source()
    pipeline.run(upload_later(pipeline))
    began = pipeline.clock.now
    pipeline.run(upload_later(pipeline, DAY))
    now, pipeline.clock.now = pipeline.clock.now, began
    late = pipeline.drop(FILE)
    pipeline.clock.now = now

    assert older_open_imports(pipeline, upload_later(pipeline)) == {import_id(late)}


@pytest.mark.parametrize("days", [1, 30])
def test_imports_that_ended_long_ago_are_not_read_again(pipeline: Pipeline, days: int) -> None:
    pipeline.kenyan(1)
    for _ in range(20):
        pipeline.run(upload_later(pipeline))
    pipeline.clock.now += WATERMARK_LAG_SECONDS
    pipeline.run(upload_later(pipeline, days * DAY))
    newest = upload_later(pipeline)

    with incident(pipeline.memory, Mishap("BatchGetItem")) as reads:
        assert older_open_imports(pipeline, newest) == set()

    assert reads.seen <= 1


def test_tickets_begin_with_their_time_and_sort_by_it() -> None:
    times = [0.0, 1.5, 1_795_341_600.0, 1_795_341_600.25, 4e9]

    texts = [ticket_time(seconds) for seconds in times]

    assert texts == sorted(texts)
    assert texts[3] == "20261122T100000250Z"


@pytest.mark.parametrize(("seconds", "is_listed"), [(0, False), (1, True)])
def test_what_came_three_days_before_the_watermark_was_seen_when_it_was_set(
    pipeline: Pipeline, seconds: float, is_listed: bool
) -> None:
    dropped = pipeline.drop(FILE)
    begun = pipeline.clock.now
    watermarks = pipeline.resources.tables.watermarks
    watermarks.raise_watermark(TENANT, rfc3339(begun + 3 * DAY - seconds))
    pipeline.clock.now = begun + 3 * DAY

    found = older_open_imports(pipeline, upload_later(pipeline))

    assert found == ({import_id(dropped)} if is_listed else set())
