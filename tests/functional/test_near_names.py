"""The addresses that unknown ones are compared with are read once for each import."""

from __future__ import annotations

import pytest
from handover.model import User
from handover.pipeline import validate
from handover.pipeline.import_plan import addresses_key

from tests.kit.memory_aws import ObjectCreated
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import AMINA, Pipeline, file_of, import_id

TYPED = "amnia.otieno@lumina.example"


def misspelt(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, chunks: int) -> ObjectCreated:
    """A validated file of that many chunks of one line, all with the same misspelling."""
    monkeypatch.setattr(validate, "MIN_CHUNK_BYTES", 1)
    ids = pipeline.kenyan(chunks)
    created = pipeline.upload(file_of((one, TYPED) for one in ids))
    assert pipeline.validate(created) == []
    pipeline.forget()
    return created


def hints(pipeline: Pipeline, created: ObjectCreated) -> list[str]:
    pipeline.run()
    return [row["hint"].rpartition(": ")[2] for row in pipeline.table(created, "errors.csv")]


def test_the_directory_is_read_once_for_all_chunks_of_an_import(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = misspelt(pipeline, monkeypatch, 6)

    with incident(pipeline.memory, Mishap("Query")) as queries:
        for chunk in range(1, 7):
            assert pipeline.assign(import_id(created), chunk) == []

    assert queries.seen == 1
    found = hints(pipeline, created)
    assert len(found) == 6
    assert all(hint.endswith(f"did you mean {AMINA}?") for hint in found)


def test_a_later_chunk_gives_the_same_hint_even_if_a_likelier_user_was_created(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = misspelt(pipeline, monkeypatch, 2)
    pipeline.assign(import_id(created), 1)
    # Equally similar, and earlier in the order of addresses.
    likelier = "amia.otieno@lumina.example"
    pipeline.users(User(likelier, "Amina Otieno", frozenset({"Sales"}), "Kenya"))

    pipeline.assign(import_id(created), 2)

    first, second = hints(pipeline, created)
    assert first == second


def test_chunks_that_start_together_use_the_list_that_the_first_has_stored(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = misspelt(pipeline, monkeypatch, 2)
    key = addresses_key(import_id(created))
    bucket = pipeline.memory.s3.buckets[pipeline.resources.work_bucket]
    together = Mishap("Query")

    def another_first() -> None:
        together.before_call = None
        pipeline.assign(import_id(created), 2)

    together.before_call = another_first
    with incident(pipeline.memory, together):
        assert pipeline.assign(import_id(created), 1) == []

    assert len(bucket.objects[key]) == 1
    first, second = hints(pipeline, created)
    assert first == second


def test_a_file_whose_addresses_are_all_known_stores_no_list(pipeline: Pipeline) -> None:
    ids = pipeline.kenyan(3)
    created = pipeline.upload(file_of((one, AMINA) for one in ids))

    pipeline.run(created)

    stored = pipeline.memory.s3.buckets[pipeline.resources.work_bucket].objects
    assert addresses_key(import_id(created)) not in stored


def test_addresses_of_another_tenant_are_not_in_the_list(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validate, "MIN_CHUNK_BYTES", 1)
    foreign = User("zoe@other.example", "Zoe", frozenset({"Sales"}), "Kenya")
    pipeline.users(foreign, tenant="other")
    pipeline.kenyan(1)
    created = pipeline.upload(file_of([("K000", "zoo@other.example")]))

    pipeline.run(created)

    (row,) = pipeline.table(created, "errors.csv")
    assert "did you mean" not in row["hint"]
