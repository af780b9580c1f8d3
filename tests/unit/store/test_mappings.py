"""The remembered mappings of a tenant: one item, replaced only over the version that was read."""

from __future__ import annotations

from handover.profiles.remembering import RememberedMapping

from tests.kit.pipeline import TENANT, Pipeline

ONE = RememberedMapping("1" * 32, "single-strict", {"Kunde": "account ID"})
OTHER = RememberedMapping("2" * 32, "single-strict", {"Client": "account ID"})


def test_nothing_is_remembered_at_first(pipeline: Pipeline) -> None:
    assert pipeline.resources.tables.mappings.of(TENANT) == ([], 0)


def test_replaced_mappings_are_read_back_in_their_order(pipeline: Pipeline) -> None:
    mappings = pipeline.resources.tables.mappings

    assert mappings.replace(TENANT, [ONE], 0)
    assert mappings.replace(TENANT, [OTHER, ONE], 1)

    assert mappings.of(TENANT) == ([OTHER, ONE], 2)


def test_a_writer_that_read_an_older_version_replaces_nothing(pipeline: Pipeline) -> None:
    mappings = pipeline.resources.tables.mappings
    mappings.replace(TENANT, [ONE], 0)

    assert not mappings.replace(TENANT, [OTHER], 0)
    assert not mappings.replace(TENANT, [OTHER], 2)

    assert mappings.of(TENANT) == ([ONE], 1)


def test_each_tenant_has_its_own_mappings(pipeline: Pipeline) -> None:
    mappings = pipeline.resources.tables.mappings
    mappings.replace(TENANT, [ONE], 0)

    assert mappings.of("another") == ([], 0)
    assert mappings.replace("another", [OTHER], 0)
    assert mappings.of(TENANT) == ([ONE], 1)
