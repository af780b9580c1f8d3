"""Objects in S3: the version or part that is read, the object that is written, and what is gone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from handover.aws import objects
from handover.aws.objects import ObjectGoneError, Upload
from handover.deadline import Deadline
from handover.errors import RetryLaterError

from tests.kit.memory_aws import ServiceError
from tests.kit.mishaps import Mishap
from tests.kit.pipeline import Pipeline

MEBIBYTE = 1024 * 1024


@pytest.fixture(name="deadline")
def _deadline(pipeline: Pipeline) -> Deadline:
    return Deadline(pipeline.clock.now + 60)


@pytest.fixture(autouse=True)
def _own_objects(pipeline: Pipeline) -> Iterator[None]:
    """These objects are the test's; no function stores such."""
    yield
    pipeline.witness.wrong.clear()


@pytest.fixture(name="uploads")
def _uploads(pipeline: Pipeline) -> str:
    return pipeline.resources.uploads_bucket


@pytest.fixture(name="work")
def _work(pipeline: Pipeline) -> str:
    return pipeline.resources.work_bucket


def stored(bucket: str, body: bytes) -> Upload:
    """A version of a.csv."""
    return Upload(bucket, "a.csv", objects.write(bucket, "a.csv", body))


def test_a_version_is_read_by_its_id_though_a_newer_one_exists(uploads: str) -> None:
    first = stored(uploads, b"first")
    stored(uploads, b"second!")

    assert objects.size_of(first) == 5
    assert objects.read_range(first, 1, 3) == b"ir"
    assert objects.read_range(first, 3, 3) == b""
    assert objects.read(uploads, "a.csv") == b"second!"


def test_a_version_that_is_gone_has_no_size_and_no_bytes(uploads: str, deadline: Deadline) -> None:
    gone = Upload(uploads, "a.csv", "no-such-version")

    assert objects.size_of(gone) is None
    assert objects.read_range(gone, 0, 1) is None
    assert objects.read_beginning(gone, 9) is None
    with pytest.raises(ObjectGoneError):
        list(objects.blocks(gone, 0, 9, deadline))


def test_an_answer_other_than_gone_is_raised(pipeline: Pipeline, uploads: str, work: str) -> None:
    def deny() -> None:
        raise ServiceError("AccessDenied", "Access Denied", 403)

    upload = stored(uploads, b"abc")
    pipeline.memory.hook = Mishap(before_call=deny)

    for call in (
        lambda: objects.size_of(upload),
        lambda: objects.read_beginning(upload, 2),
        lambda: objects.write_once(work, "a", b"abc", "text/csv"),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            call()


def test_the_first_of_two_writes_of_an_object_stays(work: str) -> None:
    assert objects.write_once(work, "a.json", b"one", "application/json") == b"one"
    assert objects.write_once(work, "a.json", b"two", "application/json") == b"one"
    assert objects.read(work, "a.json") == b"one"


def test_an_object_that_another_run_is_writing_is_asked_for_again_later(
    work: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects.write_once(work, "a.json", b"one", "application/json")
    monkeypatch.setattr(objects, "read", lambda *_where: None)

    with pytest.raises(RetryLaterError):
        objects.write_once(work, "a.json", b"two", "application/json")


def test_all_keys_under_a_prefix_are_listed_in_order_over_pages(work: str) -> None:
    names = [f"parts/{number:04}" for number in range(1001)]
    for name in ("other", *reversed(names)):
        objects.write(work, name, b"")

    assert list(objects.keys(work, "parts/")) == names


def test_folders_are_named_and_more_than_a_page_of_them_says_so(work: str) -> None:
    for number in range(2):
        objects.write(work, f"few/{number}/a", b"")
    for number in range(1001):
        objects.write(work, f"many/{number:04}/a", b"")

    assert objects.folders(work, "few/") == ({"0", "1"}, True)
    found, are_all = objects.folders(work, "many/")
    assert (len(found), are_all) == (1000, False)


@pytest.mark.parametrize(
    ("sizes", "calls"),
    [([], 1), ([3, 4], 1), ([16], 1), ([16, 1], 4), ([7, 30, 2], 5)],
    ids=["nothing", "small", "one part", "two parts", "three parts"],
)
def test_a_stream_is_stored_whole_in_parts_of_16_mebibytes(
    pipeline: Pipeline, uploads: str, deadline: Deadline, sizes: list[int], calls: int
) -> None:
    pieces = [bytes([number]) * size * MEBIBYTE for number, size in enumerate(sizes)]
    before = pipeline.memory.calls

    upload = objects.write_stream(uploads, "a.csv", iter(pieces), deadline)

    assert pipeline.memory.calls - before == calls
    assert objects.size_of(upload) == sum(sizes) * MEBIBYTE
    assert objects.read(uploads, "a.csv") == b"".join(pieces)


def test_a_stream_that_breaks_off_stores_nothing(uploads: str, deadline: Deadline) -> None:
    def broken() -> Iterator[bytes]:
        yield bytes(33 * MEBIBYTE)
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - its own
        objects.write_stream(uploads, "a.csv", broken(), deadline)

    assert objects.read(uploads, "a.csv") is None
