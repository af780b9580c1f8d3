"""The mapping that a person gives for a file is remembered once the file is accepted."""

from __future__ import annotations

import pytest
from handover.model import Mode
from handover.pipeline.mappings import TRIES
from handover.profiles.presets import presets
from handover.profiles.remembering import fingerprint_of, remembered_for

from tests.kit.pipeline import AMINA, TENANT, Pipeline

LABELS = ("Kunde", "Betreuer", "Ort")
FILE = f"Kunde,Betreuer,Ort\r\nK000,{AMINA},Kisumu\r\n".encode()
MAPPING = {"Kunde": "account ID", "Betreuer": "account Manager"}


def remembered(pipeline: Pipeline, profile: str = "single-strict") -> dict[str, str]:
    known, _ = pipeline.resources.tables.mappings.of(TENANT)
    return remembered_for(known, fingerprint_of(LABELS), presets()[profile])


@pytest.mark.parametrize("mode", [Mode.RUN, Mode.DRY_RUN])
def test_the_mapping_of_an_accepted_file_is_remembered(pipeline: Pipeline, mode: Mode) -> None:
    pipeline.kenyan(1)

    pipeline.run(pipeline.upload(FILE, pipeline.ticket(mapping=MAPPING, mode=mode)))

    assert remembered(pipeline) == MAPPING
    assert remembered(pipeline, "directory-single") == {}
    assert pipeline.resources.tables.mappings.of("another") == ([], 0)


def test_the_mapping_of_a_refused_file_is_not_remembered(pipeline: Pipeline) -> None:
    ticket = pipeline.ticket(mapping={"Kunde": "account ID"})

    pipeline.run(pipeline.upload(FILE, ticket))

    assert remembered(pipeline) == {}


def test_the_mapping_of_a_source_is_not_remembered(pipeline: Pipeline) -> None:
    pipeline.source(mapping=MAPPING)
    pipeline.kenyan(1)

    pipeline.run(pipeline.drop(FILE))

    assert pipeline.holders("K000") == [AMINA]
    assert remembered(pipeline) == {}


def test_a_file_without_a_mapping_changes_and_uses_no_remembered_one(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    pipeline.run(pipeline.upload(FILE, pipeline.ticket(mapping=MAPPING)))

    second = pipeline.upload(FILE)
    pipeline.run(second)

    assert pipeline.summary(second)["refusal"]["code"] == "MISSING_COLUMN"
    assert remembered(pipeline) == MAPPING


def test_the_same_mapping_again_writes_nothing(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)

    for _ in range(2):
        pipeline.clock.now += 10
        pipeline.run(pipeline.upload(FILE, pipeline.ticket(mapping=MAPPING)))

    assert pipeline.resources.tables.mappings.of(TENANT)[1] == 1


def test_a_file_is_accepted_even_if_others_keep_changing_the_list(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.kenyan(1)
    tries: list[int] = []
    mappings = type(pipeline.resources.tables.mappings)

    def beaten(*_arguments: object) -> bool:
        tries.append(1)
        return False

    monkeypatch.setattr(mappings, "replace", beaten)
    pipeline.run(pipeline.upload(FILE, pipeline.ticket(mapping=MAPPING)))

    assert len(tries) == TRIES
    assert pipeline.holders("K000") == [AMINA]
    assert remembered(pipeline) == {}
