"""The foreman gives constants of the product smaller values, and refuses unknown names."""

from __future__ import annotations

import pytest
from handover import runtime
from handover.pipeline import assign, lines, validate
from handover.store import batches

from tests.soak.foreman import shorten
from tests.soak.runs import Terms
from tests.soak.scenes import HAIL, LOAD, SHOWER


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restores every constant after a test."""
    for module in (runtime, validate, lines, batches):
        for name, value in list(vars(module).items()):
            if name.isupper():
                monkeypatch.setattr(module, name, value)


@pytest.mark.parametrize("terms", [HAIL, SHOWER, LOAD], ids=["hail", "shower", "load"])
def test_a_run_sets_only_existing_constants(terms: Terms) -> None:
    shorten(terms.constants)

    assert terms.constants["handover.runtime.LEASE_MARGIN_SECONDS"] == runtime.LEASE_MARGIN_SECONDS


def test_a_run_of_many_kills_uses_small_steps() -> None:
    shorten(HAIL.constants)

    assert lines.LINES_AT_A_TIME == 25
    # Each of the two modules uses the same constant under a name of its own.
    assert vars(lines)["STATEMENTS_A_BATCH"] == batches.STATEMENTS_A_BATCH == 8


def test_an_unknown_constant_is_refused_and_none_is_set() -> None:
    before = validate.MIN_CHUNK_BYTES
    constants = {
        "handover.pipeline.validate.MIN_CHUNK_BYTES": before + 1,
        "handover.pipeline.assign.LINES_AT_A_TIME": 25,
    }

    with pytest.raises(ValueError, match=r"^handover\.pipeline\.assign has no LINES_AT_A_TIME$"):
        shorten(constants)

    assert before == validate.MIN_CHUNK_BYTES
    assert not hasattr(assign, "LINES_AT_A_TIME")
