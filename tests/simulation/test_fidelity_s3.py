"""The fidelity of the memory AWS for S3, held against ministack and moto."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.kit.memory_aws import MemoryAws, ServiceError
from tests.kit.memory_aws.emulator import client, ministack, moto
from tests.kit.memory_aws.random_objects import Nth, Objects

SEQUENCES = 30
SEQUENCE_OPERATIONS = 25

_COMPARED = (
    "ContentLength",
    "ContentRange",
    "ContentType",
    "ETag",
    "Metadata",
    "DeleteMarker",
    "KeyCount",
    "IsTruncated",
)


class Side:
    """One of the two sides, with the ids of the versions it made, in order."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self.versions: list[str] = []

    def do(self, operation: str, params: dict[str, Any]) -> Any:
        """The answer of this side, with ids replaced by their numbers."""
        own = {
            name: self.versions[value.number] if isinstance(value, Nth) else value
            for name, value in params.items()
        }
        try:
            answer = self._call(operation, own)
        except ServiceError as error:
            return error.code
        except ClientError as error:
            return error.response["Error"]["Code"]
        writes = operation in ("PutObject", "CopyObject", "DeleteObject")
        if writes and "VersionId" in answer:
            self.versions.append(answer["VersionId"])
        return self._plain(answer)

    def _plain(self, answer: dict[str, Any]) -> Any:
        shown: dict[str, Any] = {
            name: answer[name] for name in _COMPARED if answer.get(name) not in (None, False, {})
        }
        if "Body" in answer:
            shown["Body"] = answer["Body"].read()
        if "VersionId" in answer:
            shown["VersionId"] = self.versions.index(answer["VersionId"])
        for name in ("Contents", "Versions", "DeleteMarkers"):
            if answer.get(name):
                shown[name] = [self._entry(entry) for entry in answer[name]]
        if answer.get("CommonPrefixes"):
            shown["CommonPrefixes"] = answer["CommonPrefixes"]
        return shown

    def _entry(self, entry: dict[str, Any]) -> Any:
        kept = {name: entry.get(name) for name in ("Key", "Size", "ETag", "IsLatest")}
        if "VersionId" in entry:
            kept["VersionId"] = self.versions.index(entry["VersionId"])
        return kept


def compare(real: Any, *, seed: int, deletes: bool) -> Counter[str]:
    """Counts of the operations; fails at the first difference."""
    seen: Counter[str] = Counter()
    for sequence in range(SEQUENCES):
        bucket = f"bucket-{sequence}"
        memory = MemoryAws(lambda: 0.0)
        memory.s3.create_bucket(bucket, versioned=True)
        real.create_bucket(Bucket=bucket)
        real.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        mine = Side(lambda op, params, memory=memory: memory.execute("s3", op, params))
        other = Side(real._make_api_call)
        objects = Objects(Random(f"{seed}/{sequence}"), bucket, deletes=deletes)
        for _ in range(SEQUENCE_OPERATIONS):
            operation, params = objects.next()
            ours, theirs = mine.do(operation, params), other.do(operation, params)
            assert ours == theirs, (operation, params)
            objects.versions = len(mine.versions)
            seen["operations"] += 1
            seen["errors agreed on"] += isinstance(ours, str)
    return seen


def test_random_object_operations_get_the_answers_of_ministack() -> None:
    with ministack() as endpoint:
        seen = compare(client("s3", endpoint), seed=4, deletes=True)

    print("ministack, S3:", dict(seen))
    assert seen["operations"] == SEQUENCES * SEQUENCE_OPERATIONS


def test_random_object_operations_get_the_answers_of_moto() -> None:
    # moto gives no marker for the deletion of a key that is not there; AWS does:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html
    with moto():
        seen = compare(client("s3", None), seed=5, deletes=False)

    print("moto, S3:", dict(seen))
    assert seen["operations"] == SEQUENCES * SEQUENCE_OPERATIONS


@pytest.mark.parametrize("size", [0, 1, 5])
def test_a_range_beyond_the_end_is_refused(size: int) -> None:
    memory = MemoryAws(lambda: 0.0)
    memory.s3.create_bucket("bucket")
    memory.execute("s3", "PutObject", {"Bucket": "bucket", "Key": "a", "Body": b"x" * size})

    with pytest.raises(ServiceError, match="InvalidRange"):
        memory.execute(
            "s3", "GetObject", {"Bucket": "bucket", "Key": "a", "Range": f"bytes={size}-"}
        )
