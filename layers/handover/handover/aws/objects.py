"""S3: reads pinned versions in ranges, writes parts, lists uploads, signs forms and links."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError
from msgspec import Struct

from handover.aws.clients import s3
from handover.deadline import Deadline
from handover.errors import RetryLaterError
from handover.sdk import patiently

# Large enough that the time of a request is negligible, small enough for a function's memory.
BLOCK_BYTES = 8 * 1024 * 1024
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: at least 5 MiB, except the
# last.
PART_BYTES = 16 * 1024 * 1024

_GONE = frozenset({"NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed"})
_STORED_BEFORE = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


class Upload(Struct, frozen=True):
    """One version of one object in the upload bucket; its bytes never change."""

    bucket: str
    key: str
    version_id: str

    def where(self) -> dict[str, Any]:
        where = {"Bucket": self.bucket, "Key": self.key}
        return where | {"VersionId": self.version_id} if self.version_id else where


class Version(Struct, frozen=True):
    """A version as a listing shows it; `modified` has whole seconds on AWS."""

    upload: Upload
    size_bytes: int
    modified: datetime


def size_of(upload: Upload) -> int | None:
    """The size in bytes, None when the version is gone."""
    try:
        return s3().head_object(**upload.where())["ContentLength"]
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return None
        raise


def read_beginning(upload: Upload, most: int) -> tuple[bytes, int] | None:
    """The first bytes, at most `most`, and the size of the version; None when it is gone.

    One request returns both. Raises RetryLaterError when fewer bytes came than there are.
    """
    try:
        answer = _fetched(**upload.where(), Range=f"bytes=0-{most - 1}")
    except ClientError as error:
        # An empty object has no first byte: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.17
        if error.response["Error"]["Code"] == "InvalidRange":
            return b"", 0
        raise
    if answer is None:
        return None
    body: bytes = answer["Body"]
    # A server may ignore the range and answer with the whole object.
    size = int(answer["ContentRange"].rpartition("/")[2]) if "ContentRange" in answer else len(body)
    beginning = body[:most]
    if len(beginning) != min(size, most):
        raise RetryLaterError("an object was read in part")
    return beginning, size


def read_range(upload: Upload, start: int, end: int) -> bytes | None:
    """The bytes from `start` to `end` (exclusive), None when the version is gone.

    Raises RetryLaterError when fewer bytes came: the length of a version is fixed.
    """
    if start >= end:
        return b""
    answer = _fetched(**upload.where(), Range=f"bytes={start}-{end - 1}")
    if answer is None:
        return None
    body: bytes = answer["Body"]
    # A server may answer with the whole object: https://www.rfc-editor.org/rfc/rfc9110#section-14.2
    part = body if "ContentRange" in answer else body[start:end]
    if len(part) != end - start:
        raise RetryLaterError("an object was read in part")
    return part


def blocks(upload: Upload, start: int, end: int, deadline: Deadline) -> Iterator[bytes]:
    """The bytes from `start` to `end` in blocks of BLOCK_BYTES; lazily, one in memory at a time.

    Raises ObjectGoneError when the version is gone.
    """
    for begin in range(start, end, BLOCK_BYTES):
        deadline.check()
        block = read_range(upload, begin, min(begin + BLOCK_BYTES, end))
        if block is None:
            raise ObjectGoneError(upload.key)
        yield block


class ObjectGoneError(Exception):
    """A version that was to be read has been deleted."""


def write(bucket: str, key: str, body: bytes, content_type: str = "text/csv") -> str:
    """Stores an object whole and returns its version id, "" in a bucket without versions."""
    answer = s3().put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)
    return answer.get("VersionId", "")


def write_once(bucket: str, key: str, body: bytes, content_type: str) -> bytes:
    """The object under the key: `body`, or what another run has stored there before.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    """
    try:
        s3().put_object(
            Bucket=bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*"
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in _STORED_BEFORE:
            raise
        stored = read(bucket, key)
        if stored is None:
            # Another write is in progress, or the object was deleted at once.
            raise RetryLaterError("an object is being written by another run") from error
        return stored
    return body


def read(bucket: str, key: str) -> bytes | None:
    """The newest version of an object whole, None when there is none."""
    answer = _fetched(Bucket=bucket, Key=key)
    return None if answer is None else answer["Body"]


def _fetched(**request: Any) -> dict[str, Any] | None:
    """The answer to GetObject with its body read, None when the object is gone.

    An interrupted body is fetched again, as long as there is time.
    """

    def fetch() -> dict[str, Any]:
        answer = s3().get_object(**request)
        return {**answer, "Body": answer["Body"].read()}

    try:
        return patiently(fetch)
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return None
        raise


def delete(bucket: str, key: str) -> None:
    """Deletes an object of a bucket without versions; repeating it changes nothing."""
    s3().delete_object(Bucket=bucket, Key=key)


def keys(bucket: str, prefix: str) -> Iterator[str]:
    """The keys under a prefix, in byte order, lazily."""
    request: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix}
    while True:
        page = s3().list_objects_v2(**request)
        yield from (found["Key"] for found in page.get("Contents", []))
        if not page.get("IsTruncated"):
            return
        request["ContinuationToken"] = page["NextContinuationToken"]


def folders(bucket: str, prefix: str) -> tuple[set[str], bool]:
    """The names of folders under a prefix, and whether these are all: one call, at most 1,000."""
    page = s3().list_objects_v2(Bucket=bucket, Prefix=prefix, Delimiter="/")
    found = {one["Prefix"][len(prefix) : -1] for one in page.get("CommonPrefixes", [])}
    return found, not page.get("IsTruncated")


def write_stream(
    bucket: str,
    key: str,
    pieces: Iterator[bytes],
    deadline: Deadline,
    content_type: str = "text/csv",
) -> Upload:
    """Stores the pieces one after another as one object, with at most PART_BYTES in memory.

    Nobody can see the object before it is complete.
    """
    parts = _parts(pieces)
    first = next(parts, b"")
    second = next(parts, None)
    if second is None:
        answer = s3().put_object(Bucket=bucket, Key=key, Body=first, ContentType=content_type)
        return Upload(bucket, key, answer.get("VersionId", ""))
    begun = s3().create_multipart_upload(Bucket=bucket, Key=key, ContentType=content_type)
    upload: dict[str, Any] = {"Bucket": bucket, "Key": key, "UploadId": begun["UploadId"]}
    done: list[Any] = []
    # The bucket's lifecycle rule removes an upload that is left unfinished.
    for number, part in enumerate(_chain(first, second, parts), start=1):
        deadline.check()
        tag = s3().upload_part(**upload, PartNumber=number, Body=part)["ETag"]
        done.append({"PartNumber": number, "ETag": tag})
    whole = s3().complete_multipart_upload(**upload, MultipartUpload={"Parts": done})
    return Upload(bucket, key, whole.get("VersionId", ""))


def _chain(first: bytes, second: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield second
    yield from rest


def _parts(pieces: Iterator[bytes]) -> Iterator[bytes]:
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        while len(buffer) >= PART_BYTES:
            yield bytes(buffer[:PART_BYTES])
            del buffer[:PART_BYTES]
    if buffer:
        yield bytes(buffer)


def versions(bucket: str, prefix: str, *, after_key: str = "") -> Iterator[Version]:
    """The versions under a prefix by key, newest first within a key; no delete markers."""
    request: dict[str, Any] = {"Bucket": bucket, "Prefix": prefix}
    if after_key:
        request["KeyMarker"] = after_key
    while True:
        page = s3().list_object_versions(**request)
        for version in page.get("Versions", []):
            upload = Upload(bucket, version["Key"], version["VersionId"])
            yield Version(upload, version["Size"], version["LastModified"])
        if not page.get("IsTruncated"):
            return
        request["KeyMarker"] = page["NextKeyMarker"]
        if "NextVersionIdMarker" in page:
            request["VersionIdMarker"] = page["NextVersionIdMarker"]


def post_form(bucket: str, key: str, max_bytes: int, seconds: int) -> tuple[str, dict[str, str]]:
    """URL and fields to POST one file with: this key, 1 to `max_bytes`, for that many seconds."""
    form = s3().generate_presigned_post(
        bucket,
        key,
        Fields={"Content-Type": "text/csv", "success_action_status": "201"},
        Conditions=[
            {"Content-Type": "text/csv"},
            {"success_action_status": "201"},
            ["content-length-range", 1, max_bytes],
        ],
        ExpiresIn=seconds,
    )
    return form["url"], form["fields"]


def download_link(
    bucket: str,
    key: str,
    filename: str,
    seconds: int,
    content_type: str = "text/csv; charset=utf-8",
) -> str:
    """A link with which anybody may download the object for that time, under that filename."""
    return s3().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": bucket,
            "Key": key,
            "ResponseContentType": content_type,
            "ResponseContentDisposition": f'attachment; filename="{filename}"',
        },
        ExpiresIn=seconds,
    )
