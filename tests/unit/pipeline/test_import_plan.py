"""Plans: what validation stores is what the later stages read."""

from __future__ import annotations

import json
import zlib

from handover.aws.objects import Upload
from handover.model import Dialect, Header, Repeat
from handover.pipeline.import_plan import (
    ImportPlan,
    addresses_bytes,
    addresses_key,
    parts_key,
    plan_from,
    plan_json,
    repeats_from,
    repeats_json,
    repeats_key,
)
from handover.profiles.opco_wall import OpcoWall
from handover.profiles.presets import presets
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

texts = st.text(st.characters(codec="utf-8"), max_size=8)
numbers = st.integers(0, 2**40)
plans = st.builds(
    ImportPlan,
    profile=st.sampled_from(list(presets().values())),
    mapping=st.dictionaries(texts, texts, max_size=3),
    upload=st.builds(Upload, texts, texts, texts),
    dialect=st.builds(Dialect, texts, texts, numbers, st.booleans(), st.booleans()),
    header=st.builds(Header, st.lists(texts, max_size=5).map(tuple), numbers, numbers),
    older_open_imports=st.frozensets(texts, max_size=3),
    older_imports_key=texts,
    preview_of=texts,
)
repeats = st.builds(
    Repeat,
    numbers,
    st.booleans(),
    st.lists(numbers, max_size=3).map(tuple),
    numbers,
    st.booleans(),
)


@given(plans)
def test_a_stored_plan_is_read_back_unchanged(plan: ImportPlan) -> None:
    assert plan_from(plan_json(plan)) == plan


def test_a_stored_plan_takes_the_bytes_of_its_text() -> None:
    """Otherwise a long header would not fit into the item."""
    plan = ImportPlan(
        presets()["single-strict"],
        {"Straße": "größte Ölmühle"},
        Upload("b", "k", "v"),
        Dialect("utf-8", ","),
        Header(("Straße",), 8, 2),
        frozenset(),
        OpcoWall.ALWAYS,
    )

    stored = plan_json(plan)

    assert '{"Straße": "größte Ölmühle"}' in stored


def test_stored_addresses_take_the_bytes_of_their_text() -> None:
    assert zlib.decompress(addresses_bytes(["ü@x.example"])) == '["ü@x.example"]'.encode()


@given(st.lists(repeats, max_size=5, unique_by=lambda repeat: repeat.line))
def test_stored_repeats_are_read_back_by_line(found: list[Repeat]) -> None:
    assert repeats_from(repeats_json(found)) == {repeat.line: repeat for repeat in found}


def test_a_stored_plan_finds_the_columns() -> None:
    plan = ImportPlan(
        presets()["single-strict"],
        {"Kunde": "account ID"},
        Upload("b", "k", "v"),
        Dialect("utf-8", ","),
        Header(("account Manager", "Kunde"), 30, 2),
        frozenset(),
        OpcoWall.ALWAYS,
    )

    assert (plan.binding.key, plan.binding.roles[0].index) == (1, 0)


def test_a_plan_stores_the_wall_setting_and_an_older_plan_uses_that_of_the_profile() -> None:
    plan = ImportPlan(
        presets()["single-strict"],
        {},
        Upload("b", "k", "v"),
        Dialect("utf-8", ","),
        Header(("account Manager", "account ID"), 30, 2),
        frozenset({"older"}),
        OpcoWall.ALWAYS,
    )
    stored = json.loads(plan_json(plan))
    before = {name: value for name, value in stored.items() if name != "opco_wall"}

    assert plan_from(json.dumps(stored)) == plan
    assert plan_from(json.dumps(before)) == replace(plan, wall=OpcoWall.BY_PROFILE)


def test_the_files_of_an_import_have_keys_of_their_own() -> None:
    keys = {
        repeats_key("i", 1),
        repeats_key("i", 2),
        parts_key("i", 1, "a", "results"),
        parts_key("i", 1, "b", "results"),
        parts_key("i", 1, "a", "errors"),
        parts_key("j", 1, "a", "errors"),
        addresses_key("i"),
        addresses_key("j"),
    }

    assert len(keys) == 8


def test_a_plan_without_the_field_for_blank_rows_counts_them_as_lines() -> None:
    profile = presets()["single-strict"]
    plan = ImportPlan(
        profile,
        {},
        Upload("b", "k", "v"),
        Dialect("utf-8", ";"),
        Header(("account ID", "account Manager"), 27, 2),
        frozenset(),
        OpcoWall.ALWAYS,
    )
    stored = json.loads(plan_json(plan))
    assert stored["dialect"].pop("skips_blank_rows") is True

    assert plan_from(json.dumps(stored)).dialect == Dialect("utf-8", ";", skips_blank_rows=False)
