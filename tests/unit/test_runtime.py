"""A function starts with all variables that it needs, or says which is missing."""

from __future__ import annotations

from typing import Any

import pytest
from handover.runtime import MissingVariableError, Variable, starts_with

NEEDS = (Variable.IMPORTS_TABLE, Variable.WORK_BUCKET, Variable.CHUNKS_QUEUE_URL)


@pytest.fixture
def events() -> list[dict[str, Any]]:
    """The events that the handler has received."""
    return []


def handle(events: list[dict[str, Any]]) -> Any:
    """The result of a handler that needs these variables."""

    @starts_with(NEEDS)
    def handler(event: dict[str, Any], _context: Any) -> str:
        events.append(event)
        return "done"

    return handler({"a": 1}, None)


def test_a_function_with_all_its_variables_does_its_work(
    events: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in NEEDS:
        monkeypatch.setenv(variable, "x")

    assert handle(events) == "done"
    assert events == [{"a": 1}]


def test_a_missing_or_empty_variable_is_named_before_the_event_is_read(
    events: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMPORTS_TABLE", "")
    monkeypatch.setenv("WORK_BUCKET", "x")
    monkeypatch.delenv("CHUNKS_QUEUE_URL", raising=False)

    with pytest.raises(MissingVariableError, match="no value for IMPORTS_TABLE, CHUNKS_QUEUE_URL"):
        handle(events)

    assert events == []
