"""`handover migrate keys` on the AWS in memory: its direction, its rate, and its repetition."""

from __future__ import annotations

import pytest
from handover.store import portfolios
from handover.store.portfolios import Holding, Portfolios, home_of

from infra.cli import migrating
from infra.cli.location import Stack
from infra.cli.main import main
from tests.kit.pipeline import AMINA, TENANT, Pipeline

TABLE = "PortfolioTable"


@pytest.fixture
def layout(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The outputs of the stack that the command finds."""
    outputs = {"PortfolioTable": TABLE, "DirectoryTable": "DirectoryTable", "KeyLayout": "spread"}
    monkeypatch.setattr("infra.cli.session.find_stack", lambda: Stack("handover", None, outputs))
    return outputs


def holds(pipeline: Pipeline, many: int, user: str = AMINA) -> None:
    held = [Holding(TENANT, user, "csm", f"K{n:05d}", 1, is_held=True) for n in range(many)]
    Portfolios(TABLE).put(held, pipeline.clock.now, pipeline.deadline)


def at_home(pipeline: Pipeline) -> int:
    items = pipeline.memory.dynamodb.tables[TABLE].items
    return sum(item["held"]["BOOL"] and pk == home_of(pk) for (pk, _), item in items.items())


def test_large_portfolios_are_spread_small_ones_stay_and_all_can_be_moved_back(
    pipeline: Pipeline, layout: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    holds(pipeline, portfolios.LARGE_FROM)
    holds(pipeline, 3, "small@x.example")

    assert main(["migrate", "keys", "--rate", "1000000"]) == 0
    assert "Moved 1,000 items." in capsys.readouterr().out
    assert at_home(pipeline) == 3

    assert main(["migrate", "keys", "--rate", "1000000"]) == 0
    assert "Moved 0 items." in capsys.readouterr().out

    layout["KeyLayout"] = "together"
    assert main(["migrate", "keys", "--back", "--rate", "1000000"]) == 0
    assert at_home(pipeline) == portfolios.LARGE_FROM + 3


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize(("found", "words"), [("together", []), ("spread", ["--back"])])
def test_items_are_moved_only_in_the_direction_in_which_functions_write(
    layout: dict[str, str],
    found: str,
    words: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    layout["KeyLayout"] = found

    assert main(["migrate", "keys", *words]) != 0

    assert f"found KeyLayout={found}" in capsys.readouterr().err


def test_at_most_the_allowed_number_of_items_is_moved_in_a_second(
    pipeline: Pipeline, layout: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert layout["KeyLayout"] == "spread"
    holds(pipeline, portfolios.LARGE_FROM)
    monkeypatch.setattr(migrating, "time", pipeline.clock)
    monkeypatch.setattr(pipeline.clock, "monotonic", pipeline.clock.time, raising=False)
    begun = pipeline.clock.now

    assert main(["migrate", "keys", "--rate", "50"]) == 0

    assert pipeline.clock.now - begun == pytest.approx(portfolios.LARGE_FROM / 50)
