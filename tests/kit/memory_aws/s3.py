"""S3 in memory: versions, ranges, conditions, multipart uploads and the events they cause."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import quote_plus

from botocore.response import StreamingBody

from tests.kit.memory_aws.failures import ServiceError
from tests.kit.memory_aws.hooks import Twist

Params = dict[str, Any]
Answer = dict[str, Any]

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
MIN_PART_BYTES: Final = 5 * 1024 * 1024
MAX_KEYS: Final = 1000
_KEPT: Final = ("ContentType", "ContentDisposition", "ContentEncoding", "CacheControl")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object; a delete marker has no body."""

    key: str
    version_id: str
    body: bytes
    etag: str
    modified: float
    headers: dict[str, Any]
    metadata: dict[str, str]
    marker: bool = False

    @property
    def last_modified(self) -> datetime:
        """When it was written, as S3 shows it: whole seconds."""
        return datetime.fromtimestamp(int(self.modified), UTC)


@dataclass(frozen=True, slots=True)
class ObjectCreated:
    """The event of a new object; `record` is what S3 sends."""

    bucket: str
    version: Version
    name: str
    principal: str
    sequencer: str
    versioned: bool

    def record(self) -> dict[str, Any]:
        """One entry of `Records` in an S3 notification.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
        """
        at = datetime.fromtimestamp(self.version.modified, UTC)
        body: dict[str, Any] = {
            "key": quote_plus(self.version.key, safe="/"),
            "size": len(self.version.body),
            "eTag": self.version.etag.strip('"'),
            "sequencer": self.sequencer,
        }
        if self.versioned:
            body["versionId"] = self.version.version_id
        return {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": "us-east-1",
            "eventTime": at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z",
            "eventName": f"ObjectCreated:{self.name}",
            "userIdentity": {"principalId": self.principal},
            "requestParameters": {"sourceIPAddress": "127.0.0.1"},
            "responseElements": {
                "x-amz-request-id": self.sequencer,
                "x-amz-id-2": self.sequencer,
            },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "memory",
                "bucket": {
                    "name": self.bucket,
                    "ownerIdentity": {"principalId": "OWNER"},
                    "arn": f"arn:aws:s3:::{self.bucket}",
                },
                "object": body,
            },
        }


@dataclass(slots=True)
class Bucket:
    """Versions by key, newest first; `events` grows if the bucket notifies."""

    name: str
    versioned: bool
    notifies: bool
    objects: dict[str, tuple[Version, ...]] = field(default_factory=dict)
    events: list[ObjectCreated] = field(default_factory=list)


class _Upload(NamedTuple):
    bucket: str
    key: str
    params: Params
    parts: dict[int, tuple[str, bytes]]


class Snapshot(NamedTuple):
    """All buckets; it shares every version with them."""

    objects: dict[str, dict[str, tuple[Version, ...]]]
    events: dict[str, tuple[ObjectCreated, ...]]
    uploads: dict[str, _Upload]
    written: Counter[str]


class S3:
    """The buckets by name. `principal` is who events say did it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.buckets: dict[str, Bucket] = {}
        self.principal = "AWS:AIDAMEMORY"
        self.watch: Callable[[str, Version], None] | None = None
        self._clock = clock
        self._uploads: dict[str, _Upload] = {}
        # Each bucket has its own counter, so that writes in one do not change ids in another.
        self._written: Counter[str] = Counter()

    # Simulation

    def create_bucket(
        self, name: str, *, versioned: bool = False, notifies: bool = False
    ) -> Bucket:
        """A new, empty bucket."""
        self.buckets[name] = Bucket(name, versioned, notifies)
        return self.buckets[name]

    def snapshot(self) -> Snapshot:
        """All buckets, for `restore`."""
        return Snapshot(
            {name: dict(bucket.objects) for name, bucket in self.buckets.items()},
            {name: tuple(bucket.events) for name, bucket in self.buckets.items()},
            {name: u._replace(parts=dict(u.parts)) for name, u in self._uploads.items()},
            self._written.copy(),
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Back to the snapshot."""
        for name, bucket in self.buckets.items():
            bucket.objects = dict(snapshot.objects[name])
            bucket.events = list(snapshot.events[name])
        self._uploads = {
            name: u._replace(parts=dict(u.parts)) for name, u in snapshot.uploads.items()
        }
        self._written = snapshot.written.copy()

    def upload(
        self,
        bucket: str,
        key: str,
        body: bytes,
        *,
        principal: str | None = None,
        metadata: dict[str, str] | None = None,
        event_name: str = "Post",
    ) -> Version:
        """A form POST or another account's PUT: stores a new version, and adds its event."""
        return self._store(
            self._bucket(bucket),
            key,
            body,
            {"Metadata": metadata or {}},
            event_name,
            principal=principal,
        )

    # Inner

    def _bucket(self, name: str) -> Bucket:
        try:
            return self.buckets[name]
        except KeyError:
            raise ServiceError(
                "NoSuchBucket", "The specified bucket does not exist", 404, BucketName=name
            ) from None

    def _next(self, bucket: str) -> int:
        self._written[bucket] += 1
        return self._written[bucket]

    def _store(
        self,
        bucket: Bucket,
        key: str,
        body: bytes,
        params: Params,
        event_name: str,
        *,
        etag: str | None = None,
        principal: str | None = None,
    ) -> Version:
        number = self._next(bucket.name)
        version = Version(
            key,
            f"{bucket.name}-{number:08d}" if bucket.versioned else "null",
            body,
            etag or _etag(body),
            self._clock(),
            {name: params[name] for name in _KEPT if name in params},
            dict(params.get("Metadata", {})),
        )
        self._keep(bucket, version)
        if bucket.notifies:
            bucket.events.append(
                ObjectCreated(
                    bucket.name,
                    version,
                    event_name,
                    principal or self.principal,
                    f"{number:018X}",
                    bucket.versioned,
                )
            )
        return version

    def _keep(self, bucket: Bucket, version: Version) -> None:
        older = bucket.objects.get(version.key, ()) if bucket.versioned else ()
        bucket.objects[version.key] = (version, *older)
        if self.watch is not None:
            self.watch(bucket.name, version)

    def _find(self, params: Params, *, head: bool) -> tuple[Bucket, Version]:
        bucket = self._bucket(params["Bucket"])
        versions = bucket.objects.get(params["Key"], ())
        expected = params.get("VersionId")
        if expected is not None:
            for version in versions:
                if version.version_id == expected:
                    if version.marker:
                        raise ServiceError("405" if head else "MethodNotAllowed", "", 405)
                    return bucket, version
            if head:
                raise ServiceError("404", "Not Found", 404)
            raise ServiceError("NoSuchVersion", "The specified version does not exist.", 404)
        if not versions or versions[0].marker:
            if head:
                raise ServiceError("404", "Not Found", 404)
            raise ServiceError(
                "NoSuchKey", "The specified key does not exist.", 404, Key=params["Key"]
            )
        return bucket, versions[0]

    def _read(self, params: Params, *, head: bool) -> tuple[Version, Answer, bytes]:
        bucket, version = self._find(params, head=head)
        match, none_match = params.get("IfMatch"), params.get("IfNoneMatch")
        if match is not None and match != "*" and match.strip('"') != version.etag.strip('"'):
            raise _precondition_failed(head=head)
        if none_match is not None and none_match.strip('"') in ("*", version.etag.strip('"')):
            raise ServiceError("304", "Not Modified", 304)
        body = version.body
        answer: Answer = {
            "AcceptRanges": "bytes",
            "LastModified": version.last_modified,
            "ETag": version.etag,
            "ContentType": "binary/octet-stream",
            "Metadata": dict(version.metadata),
            **version.headers,
        }
        if bucket.versioned:
            answer["VersionId"] = version.version_id
        span = params.get("Range")
        if span is not None:
            first, last = _span(span, len(body))
            answer["ContentRange"] = f"bytes {first}-{last}/{len(body)}"
            body = body[first : last + 1]
        answer["ContentLength"] = len(body)
        return version, answer, body

    def _allow_write(self, bucket: Bucket, params: Params) -> None:
        there = bucket.objects.get(params["Key"], ())
        current = there[0] if there and not there[0].marker else None
        if params.get("IfNoneMatch") == "*" and current is not None:
            raise _precondition_failed()
        match = params.get("IfMatch")
        if match is None:
            return
        if current is None:
            raise ServiceError("NoSuchKey", "The specified key does not exist.", 404)
        if match.strip('"') != current.etag.strip('"'):
            raise _precondition_failed()

    # Objects

    def put_object(self, params: Params, _twist: Twist) -> Answer:
        """PutObject."""
        bucket = self._bucket(params["Bucket"])
        self._allow_write(bucket, params)
        version = self._store(bucket, params["Key"], _bytes(params.get("Body", b"")), params, "Put")
        return _stored(bucket, version)

    def get_object(self, params: Params, _twist: Twist) -> Answer:
        """GetObject; the body is botocore's own stream over bytes in memory."""
        _version, answer, body = self._read(params, head=False)
        answer["Body"] = StreamingBody(io.BytesIO(body), len(body))
        return answer

    def head_object(self, params: Params, _twist: Twist) -> Answer:
        """HeadObject."""
        return self._read(params, head=True)[1]

    def head_bucket(self, params: Params, _twist: Twist) -> Answer:
        """HeadBucket."""
        if params["Bucket"] not in self.buckets:
            raise ServiceError("404", "Not Found", 404)
        return {"BucketRegion": "us-east-1"}

    def copy_object(self, params: Params, _twist: Twist) -> Answer:
        """CopyObject."""
        _bucket, source = self._find(_source(params["CopySource"]), head=False)
        bucket = self._bucket(params["Bucket"])
        itself = _source(params["CopySource"]) == {"Bucket": bucket.name, "Key": params["Key"]}
        if itself and params.get("MetadataDirective") != "REPLACE":
            raise ServiceError("InvalidRequest", "This copy request is illegal: nothing changes.")
        if params.get("MetadataDirective") != "REPLACE":
            params = {**params, **source.headers, "Metadata": source.metadata}
        version = self._store(bucket, params["Key"], source.body, params, "Copy")
        result = {"ETag": version.etag, "LastModified": version.last_modified}
        answer: Answer = {"CopyObjectResult": result}
        if bucket.versioned:
            answer["VersionId"] = version.version_id
        return answer

    def delete_object(self, params: Params, _twist: Twist) -> Answer:
        """DeleteObject: a marker in a versioned bucket, unless a version is named."""
        return self._delete(self._bucket(params["Bucket"]), params["Key"], params.get("VersionId"))

    def delete_objects(self, params: Params, _twist: Twist) -> Answer:
        """DeleteObjects."""
        bucket = self._bucket(params["Bucket"])
        deleted = []
        for entry in params["Delete"]["Objects"]:
            self._delete(bucket, entry["Key"], entry.get("VersionId"))
            deleted.append(dict(entry))
        return {} if params["Delete"].get("Quiet") else {"Deleted": deleted}

    def _delete(self, bucket: Bucket, key: str, version_id: str | None) -> Answer:
        versions = bucket.objects.get(key, ())
        if version_id is not None:
            gone = [v for v in versions if v.version_id == version_id]
            left = tuple(v for v in versions if v.version_id != version_id)
            if left:
                bucket.objects[key] = left
            else:
                bucket.objects.pop(key, None)
            answer: Answer = {"VersionId": version_id}
            if gone and gone[0].marker:
                answer["DeleteMarker"] = True
            return answer
        if not bucket.versioned:
            bucket.objects.pop(key, None)
            return {}
        number = self._next(bucket.name)
        marker = Version(
            key, f"{bucket.name}-{number:08d}", b"", "", self._clock(), {}, {}, marker=True
        )
        self._keep(bucket, marker)
        return {"DeleteMarker": True, "VersionId": marker.version_id}

    # Lists

    def list_objects_v2(self, params: Params, _twist: Twist) -> Answer:
        """ListObjectsV2, one page in order of the keys."""
        bucket = self._bucket(params["Bucket"])
        prefix = params.get("Prefix", "")
        after = params.get("ContinuationToken") or params.get("StartAfter") or ""
        limit = min(params.get("MaxKeys", MAX_KEYS), MAX_KEYS)
        delimiter = params.get("Delimiter")
        contents: list[Answer] = []
        common: list[str] = []
        last, truncated = "", False
        for key in sorted(bucket.objects):
            newest = bucket.objects[key][0]
            if not key.startswith(prefix) or key <= after or newest.marker:
                continue
            group = _group(key, prefix, delimiter)
            if group is not None and (group in common or after.startswith(group)):
                last = key
                continue
            if len(contents) + len(common) == limit:
                truncated = True
                break
            last = key
            if group is None:
                contents.append(_listed(newest))
            else:
                common.append(group)
        answer: Answer = {
            "IsTruncated": truncated,
            "Name": bucket.name,
            "Prefix": prefix,
            "MaxKeys": limit,
            "KeyCount": len(contents) + len(common),
        }
        if contents:
            answer["Contents"] = contents
        if common:
            answer["CommonPrefixes"] = [{"Prefix": group} for group in common]
        if truncated:
            answer["NextContinuationToken"] = last
        return answer

    def list_object_versions(self, params: Params, _twist: Twist) -> Answer:
        """ListObjectVersions, one page: keys in order, newest version first."""
        bucket = self._bucket(params["Bucket"])
        prefix = params.get("Prefix", "")
        key_marker = params.get("KeyMarker", "")
        version_marker = params.get("VersionIdMarker")
        limit = min(params.get("MaxKeys", MAX_KEYS), MAX_KEYS)
        listed: list[tuple[Version, bool]] = []
        for key in sorted(bucket.objects):
            if not key.startswith(prefix) or key < key_marker:
                continue
            versions = bucket.objects[key]
            first = 0
            if key == key_marker and key_marker:
                if version_marker is None:
                    continue
                ids = [version.version_id for version in versions]
                first = ids.index(version_marker) + 1 if version_marker in ids else len(ids)
            listed.extend((v, place == 0) for place, v in enumerate(versions) if place >= first)
        page, truncated = listed[:limit], len(listed) > limit
        answer: Answer = {
            "IsTruncated": truncated,
            "Name": bucket.name,
            "Prefix": prefix,
            "KeyMarker": key_marker,
            "MaxKeys": limit,
        }
        versions_shown = [_listed(v, latest=latest) for v, latest in page if not v.marker]
        markers = [_listed(v, latest=latest) for v, latest in page if v.marker]
        if versions_shown:
            answer["Versions"] = versions_shown
        if markers:
            answer["DeleteMarkers"] = markers
        if truncated:
            answer["NextKeyMarker"] = page[-1][0].key
            answer["NextVersionIdMarker"] = page[-1][0].version_id
        return answer

    # Multipart uploads

    def create_multipart_upload(self, params: Params, _twist: Twist) -> Answer:
        """CreateMultipartUpload."""
        bucket = self._bucket(params["Bucket"])
        upload_id = f"upload-{bucket.name}-{self._next(bucket.name):08d}"
        self._uploads[upload_id] = _Upload(bucket.name, params["Key"], dict(params), {})
        return {"Bucket": bucket.name, "Key": params["Key"], "UploadId": upload_id}

    def _upload(self, params: Params) -> _Upload:
        upload = self._uploads.get(params["UploadId"])
        if upload is None or (upload.bucket, upload.key) != (params["Bucket"], params["Key"]):
            raise ServiceError("NoSuchUpload", "The specified upload does not exist.", 404)
        return upload

    def upload_part(self, params: Params, _twist: Twist) -> Answer:
        """UploadPart; a part uploaded again replaces the first."""
        body = _bytes(params.get("Body", b""))
        etag = _etag(body)
        self._upload(params).parts[params["PartNumber"]] = (etag, body)
        return {"ETag": etag}

    def upload_part_copy(self, params: Params, _twist: Twist) -> Answer:
        """UploadPartCopy."""
        _bucket, source = self._find(_source(params["CopySource"]), head=False)
        body = source.body
        if "CopySourceRange" in params:
            first, last = _span(params["CopySourceRange"], len(body))
            body = body[first : last + 1]
        etag = _etag(body)
        self._upload(params).parts[params["PartNumber"]] = (etag, body)
        return {"CopyPartResult": {"ETag": etag, "LastModified": source.last_modified}}

    def complete_multipart_upload(self, params: Params, _twist: Twist) -> Answer:
        """CompleteMultipartUpload; every part but the last has at least 5 MiB."""
        upload = self._upload(params)
        bucket = self._bucket(upload.bucket)
        self._allow_write(bucket, params)
        named = params.get("MultipartUpload", {}).get("Parts", [])
        if not named:
            raise ServiceError("MalformedXML", "The XML you provided was not well-formed")
        numbers = [part["PartNumber"] for part in named]
        if numbers != sorted(set(numbers)):
            raise ServiceError("InvalidPartOrder", "The list of parts was not in ascending order.")
        bodies = []
        for part in named:
            etag, body = upload.parts.get(part["PartNumber"], ("", b""))
            if not etag or etag.strip('"') != part["ETag"].strip('"'):
                raise ServiceError("InvalidPart", "One or more of the parts could not be found.")
            bodies.append(body)
        if any(len(body) < MIN_PART_BYTES for body in bodies[:-1]):
            raise ServiceError("EntityTooSmall", "Your proposed upload is too small")
        digests = b"".join(hashlib.md5(b, usedforsecurity=False).digest() for b in bodies)
        etag = f'"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(bodies)}"'
        version = self._store(
            bucket,
            upload.key,
            b"".join(bodies),
            upload.params,
            "CompleteMultipartUpload",
            etag=etag,
        )
        del self._uploads[params["UploadId"]]
        return {"Bucket": bucket.name, "Key": upload.key, **_stored(bucket, version)}

    def abort_multipart_upload(self, params: Params, _twist: Twist) -> Answer:
        """AbortMultipartUpload."""
        self._upload(params)
        del self._uploads[params["UploadId"]]
        return {}


def _stored(bucket: Bucket, version: Version) -> Answer:
    answer: Answer = {"ETag": version.etag}
    if bucket.versioned:
        answer["VersionId"] = version.version_id
    return answer


@lru_cache(maxsize=4096)
def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def _bytes(body: Any) -> bytes:
    if isinstance(body, str):
        return body.encode()
    return bytes(body.read() if hasattr(body, "read") else body)


def _precondition_failed(*, head: bool = False) -> ServiceError:
    code = "412" if head else "PreconditionFailed"
    return ServiceError(code, "At least one of the pre-conditions you specified did not hold", 412)


def _span(text: str, size: int) -> tuple[int, int]:
    """(first, last) byte of a Range; raises InvalidRange where nothing lies within it."""
    first, _, last = text.removeprefix("bytes=").partition("-")
    if not first:
        start, end = max(0, size - int(last)), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
    if start > end or start >= size:
        raise ServiceError("InvalidRange", "The requested range is not satisfiable", 416)
    return start, end


def _source(source: Any) -> Params:
    if isinstance(source, dict):
        return source
    path, _, version = source.lstrip("/").partition("?versionId=")
    bucket, _, key = path.partition("/")
    return {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}


def _group(key: str, prefix: str, delimiter: str | None) -> str | None:
    if not delimiter or delimiter not in key[len(prefix) :]:
        return None
    return prefix + key[len(prefix) :].split(delimiter)[0] + delimiter


def _listed(version: Version, *, latest: bool | None = None) -> Answer:
    entry: Answer = {"Key": version.key, "LastModified": version.last_modified}
    if not version.marker:
        entry |= {"ETag": version.etag, "Size": len(version.body), "StorageClass": "STANDARD"}
    if latest is not None:
        entry |= {"VersionId": version.version_id, "IsLatest": latest}
    return entry
