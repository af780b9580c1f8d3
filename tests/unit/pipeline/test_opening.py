"""Opening a file: its size is checked before its content."""

from __future__ import annotations

import pytest
from handover.aws.objects import Upload
from handover.errors import RefusedError
from handover.model import Mode
from handover.pipeline.opening import Beginning, OpenedFile, WorkbookError, opened
from handover.pipeline.uploads import Sender
from handover.profiles.presets import presets
from handover.reading.limits import MAX_FILE_BYTES

from tests.kit.pipeline import TENANT, Pipeline, import_id

SENDER = Sender(TENANT, "user", "", "a.csv", "single-strict", Mode.RUN, {})
CSV = b"account ID,account Manager\r\nK000,None\r\n"
WORKBOOK = b"PK\x03\x04[Content_Types].xml"


def opened_with(pipeline: Pipeline, size: int, head: bytes) -> OpenedFile:
    """A file of that size and beginning, opened."""
    created = pipeline.put(f"in/{TENANT}/1.csv", head)
    upload = Upload(created.bucket, created.version.key, created.version.version_id)
    beginning, profile = Beginning(upload, size, head), presets()["single-strict"]
    return opened(
        pipeline.resources, beginning, profile, SENDER, import_id(created), pipeline.deadline
    )


def test_a_file_of_the_maximum_size_is_opened(pipeline: Pipeline) -> None:
    file = opened_with(pipeline, MAX_FILE_BYTES, CSV)

    assert (file.size, file.head) == (MAX_FILE_BYTES, CSV)
    assert file.header.labels == ("account ID", "account Manager")


def test_a_workbook_of_the_maximum_size_is_converted(pipeline: Pipeline) -> None:
    with pytest.raises(WorkbookError) as found:
        opened_with(pipeline, MAX_FILE_BYTES, WORKBOOK)

    assert found.value.size == MAX_FILE_BYTES


@pytest.mark.parametrize("head", [CSV, WORKBOOK])
def test_a_larger_file_is_refused_whatever_it_is(pipeline: Pipeline, head: bytes) -> None:
    with pytest.raises(RefusedError) as found:
        opened_with(pipeline, MAX_FILE_BYTES + 1, head)

    assert found.value.refusal.code == "TOO_LARGE"
