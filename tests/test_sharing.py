"""Tests that share a stack, or rest on those before them, run in one process."""

from __future__ import annotations

import pytest

PARTS = 8
ran: list[int] = []


@pytest.mark.parametrize("part", range(PARTS))
def test_the_tests_of_one_file_run_in_one_process(part: int) -> None:
    """Shared out one by one they would be in several, each with fewer."""
    ran.append(part)

    assert ran == list(range(part + 1))
