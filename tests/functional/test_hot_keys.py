"""Large files with limited keys: every partition key accepts only so many units a second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from handover import runtime
from handover.store import portfolios
from handover.store.name_places import NAMES_MARK
from handover.store.user_places import MARK, Spreading, put_mark

from tests.functional.test_directory_files import dropped, file
from tests.kit.hot_keys import HotKeys
from tests.kit.memory_aws import Twist
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import AMINA, TENANT, Pipeline, file_of, import_id

# A tenth of what AWS allows, for a tenth of the lines that would need it.
WRITE_UNITS, READ_UNITS = 100.0, 300.0
LINES = 400
PEOPLE = 60
PORTFOLIOS, DIRECTORY = "PortfolioTable", "DirectoryTable"


@contextmanager
def limited(pipeline: Pipeline) -> Iterator[HotKeys]:
    """Limits every key while the context lasts."""
    keys = HotKeys(pipeline.memory, pipeline.clock, WRITE_UNITS, READ_UNITS)
    pipeline.memory.hook = keys
    try:
        yield keys
    finally:
        pipeline.memory.hook = None


@pytest.mark.parametrize("spreads", [False, True])
def test_a_holder_of_very_many_accounts_is_a_hot_key_unless_the_portfolio_is_spread(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, *, spreads: bool
) -> None:
    monkeypatch.setattr(portfolios, "LARGE_FROM", 1)
    monkeypatch.setattr(portfolios, "SPREAD_FROM_CHANGES", 1)
    monkeypatch.setenv("KEY_LAYOUT", "spread" if spreads else "together")
    runtime.resources.cache_clear()
    first, *ids = pipeline.kenyan(LINES + 1)
    pipeline.run(pipeline.upload(file_of([(first, AMINA)])))
    pipeline.publish()
    created = pipeline.upload(file_of([(account, AMINA) for account in ids]))

    with limited(pipeline) as keys:
        pipeline.run(created)
        began = pipeline.clock.now
        pipeline.publish()
        seconds = pipeline.clock.now - began

    assert pipeline.counts(created) == {"lines": LINES, "updated": LINES}
    home = f"{TENANT}#{AMINA}"
    assert ((PORTFOLIOS, home, False) in keys.throttled) == (not spreads)
    # The units of the first second at once, the rest at the key's pace.
    least = LINES / WRITE_UNITS - 1
    assert (seconds >= least) == (not spreads), seconds
    held = list(pipeline.resources.tables.portfolios.of(TENANT, AMINA))
    assert len(held) == LINES + 1


@pytest.mark.parametrize("is_spread", [False, True])
def test_the_users_and_names_of_a_large_tenant_are_hot_keys_unless_they_are_spread(
    pipeline: Pipeline, *, is_spread: bool
) -> None:
    pipeline.source(writes_directory=True)
    if is_spread:
        for mark in (MARK, NAMES_MARK):
            put_mark(DIRECTORY, TENANT, Spreading.SETTLED, pipeline.clock.now, mark=mark)
    lines = [f"new{n:03d}@x.example,Name {n},login{n:03d},active" for n in range(PEOPLE)]
    created = dropped(pipeline, "users.csv", file("email,name,login_name,status", *lines))

    with limited(pipeline) as keys:
        pipeline.run(created)

    assert pipeline.counts(created) == {"lines": PEOPLE, "updated": PEOPLE}
    slow = {key for table, key, _ in keys.throttled if table == DIRECTORY}
    assert slow == (set() if is_spread else {TENANT})


class Marks(Mishap):
    """Counts reads by sort key."""

    def __init__(self) -> None:
        super().__init__("GetItem")
        self.reads: Counter[str] = Counter()

    def before(self, number: int, service: str, operation: str, params: Any) -> Twist | None:
        """Counts the call."""
        if operation == self.operation:
            self.reads[params["Key"].get("sk", {}).get("S", "")] += 1
        return super().before(number, service, operation, params)


def test_a_chunk_reads_once_where_users_and_names_are_stored(pipeline: Pipeline) -> None:
    pipeline.source(writes_directory=True)
    lines = [f"new{n:03d}@x.example,Name {n},login{n:03d},active" for n in range(PEOPLE)]
    created = dropped(pipeline, "users.csv", file("email,name,login_name,status", *lines))
    pipeline.validate(created)

    with incident(pipeline.memory, Marks()) as marks:
        pipeline.assign(import_id(created))

    assert isinstance(marks, Marks)
    assert (marks.reads[MARK], marks.reads[NAMES_MARK]) == (1, 1)
