"""Random S3 operations over a few keys, for the fidelity tests.

Version ids and upload ids differ between the memory AWS and an emulator; they are named by a
`VERSION` or `UPLOAD` with a number, and each side puts in its own.
"""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

Operation = tuple[str, dict[str, Any]]


class Nth(NamedTuple):
    """The n-th version or upload a sequence made, whatever its id is."""

    kind: str
    number: int


class Objects:
    """One sequence's operations on a bucket of its own, with or without deletions."""

    def __init__(self, chance: Random, bucket: str, *, deletes: bool) -> None:
        self._deletes = ("DeleteObject",) if deletes else ()
        self._chance = chance
        self._bucket = bucket
        self.versions = 0

    def _key(self) -> str:
        return self._chance.choice(("a", "a b+c.csv", "in/ü.csv", "in/x"))

    def _version(self, params: dict[str, Any]) -> dict[str, Any]:
        if self.versions and self._chance.random() < 0.4:
            params["VersionId"] = Nth("version", self._chance.randrange(self.versions))
        return params

    def next(self) -> Operation:
        """Any operation."""
        name = self._chance.choice(
            ("PutObject",) * 4
            + ("GetObject",) * 5
            + ("HeadObject", "CopyObject", "ListObjectsV2")
            + self._deletes
            + ("ListObjectVersions",) * 3
        )
        params: dict[str, Any] = {"Bucket": self._bucket}
        if name == "ListObjectsV2":
            params["Prefix"] = self._chance.choice(("", "in/", "none"))
            if self._chance.random() < 0.3:
                params["Delimiter"] = "/"
            return name, params
        if name == "ListObjectVersions":
            params["Prefix"] = self._chance.choice(("", "in/", "a"))
            return name, params
        params["Key"] = self._key()
        if name == "PutObject":
            return name, self._put(params)
        if name == "GetObject":
            return name, self._get(params)
        if name == "CopyObject":
            params["CopySource"] = {"Bucket": self._bucket, "Key": params["Key"] + ".copied"}
            if self._chance.random() < 0.7:
                params["Key"] += ".copied"
                params["CopySource"]["Key"] = self._key()
            return name, params
        if name == "HeadObject":
            return name, self._version(params)
        return name, params

    def _put(self, params: dict[str, Any]) -> dict[str, Any]:
        params["Body"] = self._chance.choice((b"one", b"0123456789"))
        params["ContentType"] = self._chance.choice(("text/csv", "application/json"))
        if self._chance.random() < 0.3:
            params["Metadata"] = {"line": "1"}
        if self._chance.random() < 0.2:
            params["IfNoneMatch"] = "*"
        return params

    def _get(self, params: dict[str, Any]) -> dict[str, Any]:
        if self._chance.random() < 0.4:
            params["Range"] = self._chance.choice(
                ("bytes=0-1", "bytes=2-", "bytes=-2", "bytes=5-100", "bytes=50-60")
            )
            # ministack ignores the range where a version is named:
            # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
            return params
        if self._chance.random() < 0.2:
            params["IfMatch"] = self._chance.choice(('"f97c5d29941bfb1b2fdab0874906ab82"', '"0"'))
        return self._version(params)
