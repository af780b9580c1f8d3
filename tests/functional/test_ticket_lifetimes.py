"""Every ticket that Handover makes for a job expires after 90 days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from handover.model import Mode

from tests.kit.jobs import api
from tests.kit.pipeline import AMINA, BARAKA, MINUTE, Pipeline, file_of, import_id

DAYS_90 = 90 * 24 * 3600


def ended(pipeline: Pipeline, manager: str, **ticket: Any) -> str:
    """The name of an import of one line."""
    created = pipeline.upload(file_of([("K000", manager)]), pipeline.ticket(**ticket))
    pipeline.run(created)
    pipeline.clock.now += MINUTE
    return import_id(created)


def of_a_checked_file(pipeline: Pipeline) -> str:
    name = ended(pipeline, BARAKA, on_error="all_or_nothing")
    return str(api(pipeline).get(f"/imports/{name}").body["applied_by"])


def of_a_dry_run_that_is_applied(pipeline: Pipeline) -> str:
    name = ended(pipeline, BARAKA, mode=Mode.DRY_RUN)
    answer = api(pipeline).post(f"/imports/{name}/apply", {"mode": "run"})
    return str(answer.body["import_id"])


def of_corrected_lines(pipeline: Pipeline) -> str:
    name = ended(pipeline, "nobody@lumina.example")
    lines = {"2": {"account Manager": BARAKA}}
    answer = api(pipeline).post(f"/imports/{name}/corrections", {"lines": lines})
    return str(answer.body["import_id"])


def of_accounts_handed_over(pipeline: Pipeline) -> str:
    body = {"profile": "single-strict", "to": BARAKA, "account_ids": ["K000"]}
    return str(api(pipeline).post("/assignments", body).body["import_ticket"])


@pytest.mark.parametrize(
    "issue",
    [
        of_a_checked_file,
        of_a_dry_run_that_is_applied,
        of_corrected_lines,
        of_accounts_handed_over,
    ],
)
def test_a_ticket_made_by_handover_is_kept_for_90_days(
    pipeline: Pipeline, issue: Callable[[Pipeline], str]
) -> None:
    pipeline.kenyan(1, held_by=AMINA)

    item = pipeline.resources.tables.tickets.find(issue(pipeline))

    assert item is not None
    issued = datetime.fromisoformat(item.issued_at).timestamp()
    assert datetime.fromisoformat(item.expires_at).timestamp() - issued == DAYS_90
    assert int(item.expires) - int(issued) == DAYS_90
