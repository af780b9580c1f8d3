"""Tests that share a stack, or depend on earlier ones, run in one process."""

from __future__ import annotations

import pytest

PARTS = 8
ran: list[int] = []


@pytest.mark.parametrize("part", range(PARTS))
def test_the_tests_of_one_file_run_in_one_process(part: int) -> None:
    """Distributed one by one, they would run in several processes."""
    ran.append(part)

    assert ran == list(range(part + 1))
