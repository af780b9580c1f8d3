"""What can be asked for only so long: it is answered at the last instant, and not after it."""

from __future__ import annotations

import pytest
from handover.model import Mode

from tests.kit.fixtures import clients_of_memory, pipeline
from tests.kit.jobs import api
from tests.kit.pipeline import AMINA, BARAKA, DAY, Pipeline, file_of

__all__ = ["clients_of_memory", "pipeline"]
# The mode of the import, the request, its answer in time, and the days since the upload.
LIMITS: dict[str, tuple[Mode, str, str, object, int, float]] = {
    "lines": (Mode.RUN, "GET", "/lines", None, 200, 400),
    "summary": (Mode.RUN, "GET", "/summary", None, 200, 400),
    "preview": (Mode.PREVIEW, "GET", "/preview", None, 200, 400),
    "undo": (Mode.RUN, "POST", "/undo", {}, 202, 390),
    "apply": (Mode.DRY_RUN, "POST", "/apply", {"mode": "run"}, 202, 1),
}


@pytest.mark.parametrize("name", LIMITS)
def test_it_is_answered_at_the_last_instant_and_not_after_it(pipeline: Pipeline, name: str) -> None:
    mode, method, path, body, status, days = LIMITS[name]
    pipeline.kenyan(1, held_by=AMINA)
    created = pipeline.upload(file_of([("K000", BARAKA)]), mode=mode)
    pipeline.run(created)
    received_at = created.version.modified
    target = f"/imports/{pipeline.item(created).pk}{path}"

    pipeline.clock.now = received_at + days * DAY
    last = api(pipeline).request(method, target, body)
    pipeline.clock.now += 1
    late = api(pipeline).request(method, target, body)

    assert last.status == status, last.text
    assert late.status in (404, 409), late.text
