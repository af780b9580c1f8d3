"""Where a plan keeps its older open imports: in itself, or in an object where they are many."""

from __future__ import annotations

import pytest
from handover.aws.objects import Upload
from handover.errors import RetryLaterError
from handover.model import Dialect, Header
from handover.pipeline.import_plan import ImportPlan
from handover.pipeline.older_imports_list import older_open_imports_in, with_older_imports
from handover.profiles.opco_wall import OpcoWall
from handover.profiles.presets import presets

from tests.kit.pipeline import Pipeline

ID = "1" * 32
PLAN = ImportPlan(
    presets()["single-strict"],
    {},
    Upload("UploadsBucket", "k", "v"),
    Dialect("utf-8", ","),
    Header(("account ID", "account Manager"), 30, 2),
    frozenset(),
    OpcoWall.ALWAYS,
)


@pytest.mark.parametrize(("number", "objects"), [(0, 0), (1_000, 0), (1_001, 1)])
def test_more_than_a_thousand_older_imports_have_an_object_of_their_own(
    pipeline: Pipeline, number: int, objects: int
) -> None:
    ids = frozenset(f"{one:032x}" for one in range(number))

    plan = with_older_imports(pipeline.resources, PLAN, ids, ID, "a")

    work = pipeline.memory.s3.buckets[pipeline.resources.work_bucket].objects
    assert plan.older_open_imports == (frozenset() if objects else ids)
    assert [plan.older_imports_key] == (list(work) if objects else [""])
    assert older_open_imports_in(pipeline.resources, plan) == ids


def test_older_imports_whose_object_is_not_there_are_waited_for(pipeline: Pipeline) -> None:
    ids = frozenset(f"{one:032x}" for one in range(1_001))
    plan = with_older_imports(pipeline.resources, PLAN, ids, ID, "a")
    pipeline.memory.s3.buckets[pipeline.resources.work_bucket].objects.clear()

    with pytest.raises(RetryLaterError, match="older open imports of this import are not there"):
        older_open_imports_in(pipeline.resources, plan)
