"""Times as people ask for them: a day begins in UTC, and an instant keeps its own zone."""

from __future__ import annotations

import pytest
from handover.errors import InvalidRequestError
from handover.use_cases.times import moment_at


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-30", "2026-11-30T00:00:00.000Z"),
        ("2026-11-30T10:00:00", "2026-11-30T10:00:00.000Z"),
        ("2026-11-30T10:00:00Z", "2026-11-30T10:00:00.000Z"),
        ("2026-11-30T10:00:00+03:00", "2026-11-30T07:00:00.000Z"),
    ],
)
def test_a_time_without_a_zone_is_in_utc(text: str, moment: str) -> None:
    assert moment_at("since", text) == moment


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "9999-12-31T23:59:59-14:00"])
def test_a_text_that_is_no_time_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="since: found") as refused:
        moment_at("since", text)

    assert refused.value.field == "since"
