"""The change guard: which effects of a file a tenant's limits hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from handover.model import Outcome, RoleChange
from handover.profiles.settings import Settings
from handover.rules.applying import Preview
from handover.rules.change_guard import Effects, Standing, why_held

ANA, BEN = "ana@lumina.example", "ben@lumina.example"
HELD = {(ANA, "account_manager"): 100, (BEN, "account_manager"): 30}
ACCOUNTS = 1_000


def moves(number: int, of: str = ANA, to: tuple[str, ...] = (BEN,)) -> list[Preview]:
    """Lines that give accounts of one user to others."""
    change = RoleChange("account_manager", (of,), to)
    return [Preview(1, Outcome.UPDATED, (change,))] * number


def held(previews: list[Preview], lines: int, limits: Mapping[str, Any]) -> str:
    effects = Effects()
    effects.add(previews)
    standing = Standing(
        lambda user, role, most: min(most, HELD.get((user, role), 0)),
        lambda most: min(most, ACCOUNTS),
    )
    return why_held(effects, lines, Settings(**limits), standing)


@pytest.mark.parametrize(
    ("limits", "number", "lines", "reason"),
    [
        ({}, 100, 100, ""),
        ({"change_guard_percent": 50}, 50, 100, ""),
        ({"change_guard_percent": 50}, 51, 100, "would change more than 50 % of its lines"),
        ({"change_guard_percent": 50}, 10, 10, ""),
        ({"change_guard_percent": 50, "change_guard_lines": 9}, 10, 10, "50 % of its lines"),
        ({"change_guard_percent": 0, "change_guard_lines": 0}, 0, 10, ""),
        ({"tenant_guard_percent": 5}, 50, 50, ""),
        ({"tenant_guard_percent": 5}, 51, 51, "more than 5 % of the tenant's accounts"),
        ({"tenant_guard_percent": 99}, 1001, 1001, "more than 99 % of the tenant's accounts"),
        ({"tenant_guard_percent": 100}, 1001, 1001, ""),
        ({"tenant_guard_percent": 0}, 11, 11, "more than 0 % of the tenant's accounts"),
        ({"portfolio_guard_percent": 20}, 20, 20, ""),
        ({"portfolio_guard_percent": 20}, 21, 21, f"20 % of the accounts that {ANA} holds"),
    ],
)
def test_a_file_is_held_above_each_limit_and_not_at_it(
    limits: Mapping[str, Any], number: int, lines: int, reason: str
) -> None:
    found = held(moves(number), lines, limits)

    assert reason in found
    assert bool(found) is bool(reason)


def test_the_share_of_each_portfolio_counts_by_itself() -> None:
    limits = {"portfolio_guard_percent": 50}
    few_of_many = moves(40)

    assert held(few_of_many + moves(15, BEN, to=(ANA,)), 60, limits) == ""
    assert BEN in held(few_of_many + moves(16, BEN, to=(ANA,)), 60, limits)


def test_a_user_who_loses_no_more_than_the_limit_is_no_reason_whatever_the_share() -> None:
    limits = {"portfolio_guard_percent": 50, "change_guard_lines": 16}
    few_of_many = moves(40)

    assert held(few_of_many + moves(16, BEN, to=(ANA,)), 60, limits) == ""
    assert BEN in held(few_of_many + moves(17, BEN, to=(ANA,)), 60, limits)


def test_a_line_that_changes_no_holder_takes_no_account_from_a_portfolio() -> None:
    limits = {"portfolio_guard_percent": 0, "change_guard_lines": 0}
    added = RoleChange("viewer", (ANA,), (ANA, BEN))
    workflow = RoleChange("workflow", ("Standard",), ("Premium",))
    waiting = RoleChange("viewer", ("pending:new@lumina.example",), (BEN,))
    field = RoleChange("#name", ("Acme",), ())
    changes = [Preview(1, Outcome.UPDATED, (one,)) for one in (added, workflow, waiting, field)]
    none = [Preview(1, Outcome.UNCHANGED), Preview(0, Outcome.REJECTED, code="ACCOUNT_NOT_FOUND")]

    assert held(changes + none, 6, limits) == ""
    assert ANA in held(changes + moves(1), 7, limits)


def test_the_limit_of_clearings_applies_beside_the_others() -> None:
    limits = {"change_guard_percent": 99}

    assert held(moves(20, to=()), 100, limits) == ""
    assert held(moves(21, to=()), 100, limits) == "would clear more than the tenant's limit"


@pytest.mark.parametrize(
    ("percent", "lines", "most"),
    [(20, 1_000, 200), (20, 999, 199), (33, 1_000, 330), (100, 500, 500), (1, 5_000, 50)],
)
def test_so_many_lines_may_clear_as_the_share_says_and_not_one_more(
    percent: int, lines: int, most: int
) -> None:
    limits = {"clear_guard_percent": percent}

    assert held(moves(most, to=()), lines, limits) == ""
    assert "would clear more" in held(moves(most + 1, to=()), lines, limits)


@pytest.mark.parametrize(
    ("percent", "lines", "most"), [(7, 1_000, 70), (33, 1_000, 330), (50, 999, 499)]
)
def test_so_many_lines_may_change_as_the_share_says_and_not_one_more(
    percent: int, lines: int, most: int
) -> None:
    limits = {"change_guard_percent": percent}

    assert held(moves(most), lines, limits) == ""
    assert (
        held(moves(most + 1), lines, limits) == f"would change more than {percent} % of its lines"
    )
