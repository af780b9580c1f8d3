"""A preview shows as many profiles as an answer can hold, the chosen one first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from handover.model import Dialect, Header
from handover.profiles.presets import presets
from handover.reports.file_preview import ReadFile, preview_to_dict
from msgspec.structs import replace

READ = ReadFile(Dialect("utf-8", ","), Header(("account ID", "r\u00e9gion"), 0, 2), (), 0)


def shown() -> list[Mapping[str, Any]]:
    """The profiles p0 to p4 in the preview of a file for which p3 was chosen."""
    strict = presets()["single-strict"]
    preview: Mapping[str, Any] = preview_to_dict(
        "0" * 32,
        "march.csv",
        READ,
        [replace(strict, name=f"p{number}") for number in range(5)],
        switched_on=(),
        chosen="p3",
        remembered={},
    )
    return list(preview["profiles"])


@pytest.mark.parametrize(
    ("fitting", "less", "names"),
    [
        pytest.param(5, 0, ["p3", "p0", "p1", "p2", "p4"], id="room for all"),
        pytest.param(3, 0, ["p3", "p0", "p1"], id="room for three"),
        pytest.param(3, 1, ["p3", "p0"], id="a byte too little for three"),
        pytest.param(1, 1, ["p3"], id="too little even for the chosen one"),
    ],
)
def test_as_many_profiles_are_shown_as_the_answer_can_hold_and_always_the_first(
    fitting: int, less: int, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The function returns this JSON as a text within JSON.
    sizes = [len(json.dumps(json.dumps(one))) for one in shown()]
    room = sum(sizes[:fitting]) - less
    monkeypatch.setattr("handover.reports.file_preview.MAX_PROFILES_BYTES", room)

    assert [one["profile"] for one in shown()] == names
