"""Limits of changes: a file is checked first, and waits for an Admin if it changes too much."""

from __future__ import annotations

import pytest
from handover.model import Mode

from tests.kit.jobs import api
from tests.kit.memory_aws import ObjectCreated
from tests.kit.pipeline import AMINA, BARAKA, Pipeline, file_of, import_id

MANY = 12


def limit(pipeline: Pipeline, **limits: int) -> None:
    """Sets limits of the tenant."""
    changes = {"change_guard_lines": 2, **limits}
    assert api(pipeline).request("PATCH", "/settings", changes).status == 200


def held_file(pipeline: Pipeline, lines: int = MANY) -> ObjectCreated:
    """The import that applies a file which moves accounts from Amina to Baraka."""
    body = file_of((f"K{number:03d}", BARAKA) for number in range(lines))
    pipeline.run(pipeline.upload(body))
    (written,) = pipeline.settle()
    return written


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"change_guard_percent": 50}, "would change more than 50 % of its lines"),
        ({"tenant_guard_percent": 50}, "would change more than 50 % of the tenant's accounts"),
        (
            {"portfolio_guard_percent": 50},
            f"would take more than 50 % of the accounts that {AMINA} holds as account_manager",
        ),
    ],
)
def test_a_file_above_a_limit_waits_and_is_applied_as_checked_after_approval(
    pipeline: Pipeline, limits: dict[str, int], reason: str
) -> None:
    pipeline.kenyan(MANY, held_by=AMINA)
    pipeline.publish()
    limit(pipeline, **limits)

    written = held_file(pipeline)

    item = pipeline.item(written)
    assert item.state == "awaiting_approval"
    assert set(pipeline.holders("K000", "K011")) == {AMINA}
    shown = api(pipeline).get(f"/imports/{item.pk}").body
    expected = {"reason": reason, "would_clear": 0, "would_change": MANY, "lines": MANY}
    assert shown["approval"] == expected
    assert api(pipeline).get(f"/imports/{shown['follows']}/lines").body["lines"]
    assert f"It {reason}: 12 of its 12 lines" in str(pipeline.memory.sns.published[-1].message)

    assert api(pipeline).post(f"/imports/{item.pk}/approve", {"reason": "Yes"}).status == 202
    pipeline.run()

    assert set(pipeline.holders("K000", "K011")) == {BARAKA}
    assert "Yes" in str(pipeline.memory.sns.published[-1].message)


def test_a_file_within_the_limits_is_applied_without_approval(pipeline: Pipeline) -> None:
    pipeline.kenyan(MANY, held_by=AMINA)
    pipeline.publish()
    limit(pipeline, tenant_guard_percent=50, portfolio_guard_percent=50)

    written = held_file(pipeline, lines=6)

    assert pipeline.item(written).state == "done"
    assert pipeline.holders("K000", "K011") == [BARAKA, AMINA]


def test_an_applied_dry_run_is_held_like_a_file(pipeline: Pipeline) -> None:
    pipeline.kenyan(MANY, held_by=AMINA)
    limit(pipeline, change_guard_percent=50)
    body = file_of((f"K{number:03d}", BARAKA) for number in range(MANY))
    shown = pipeline.upload(body, pipeline.ticket(mode=Mode.DRY_RUN))
    pipeline.run(shown)
    assert pipeline.settle() == []

    answer = api(pipeline).post(f"/imports/{import_id(shown)}/apply", {"mode": "run"})
    pipeline.settle()

    found = api(pipeline).get(f"/imports/{answer.body['import_id']}").body
    assert found["state"] == "awaiting_approval"


def test_without_a_limit_no_file_is_checked_first(pipeline: Pipeline) -> None:
    pipeline.kenyan(MANY, held_by=AMINA)
    body = file_of((f"K{number:03d}", BARAKA) for number in range(MANY))
    created = pipeline.upload(body)

    pipeline.run(created)

    assert pipeline.settle() == []
    assert pipeline.item(created).mode == "run"
    assert pipeline.item(created).state == "done"


def test_a_reassignment_by_an_admin_is_not_held(pipeline: Pipeline) -> None:
    pipeline.kenyan(MANY, held_by=AMINA)
    pipeline.publish()
    limit(pipeline, change_guard_percent=50)
    ids = [f"K{number:03d}" for number in range(MANY)]
    body = {"profile": "single-strict", "to": BARAKA, "account_ids": ids}

    ticket = api(pipeline).post("/assignments", body).body["import_ticket"]
    pipeline.settle()

    found = api(pipeline).get(f"/imports/{ticket}").body
    assert (found["state"], found["mode"]) == ("done", "run")


def test_a_file_whose_changes_cannot_be_counted_waits_for_an_admin(pipeline: Pipeline) -> None:
    """One change is within every limit, but what the check has shown is not there."""
    pipeline.kenyan(MANY, held_by=AMINA)
    limit(pipeline, change_guard_percent=50)
    pipeline.run(pipeline.upload(file_of([("K000", BARAKA)])))
    work = pipeline.memory.s3.buckets[pipeline.resources.work_bucket].objects
    previews = [key for key in work if "/previews/" in key]
    for key in previews:
        del work[key]

    (written,) = pipeline.settle()

    assert len(previews) == 1
    shown = api(pipeline).get(f"/imports/{import_id(written)}").body
    assert shown["state"] == "awaiting_approval"
    assert shown["approval"] == {
        "reason": "could not be counted in time",
        "would_clear": 0,
        "would_change": 0,
        "lines": 1,
    }
    assert pipeline.holders("K000") == [AMINA]
