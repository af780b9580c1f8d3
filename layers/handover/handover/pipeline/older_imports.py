"""Older open imports: earlier imports of a tenant that can still write.

S3 itself is the register: a listing shows every upload that is older than a given one, whether its
notification has arrived yet or not. An upload that is older and not final is an older open import;
an import that has ended writes nothing more.
"""

from __future__ import annotations

from datetime import datetime
from itertools import chain

from handover.aws import objects
from handover.aws.objects import Version
from handover.deadline import Deadline
from handover.model import Mode
from handover.pipeline.upload_keys import DIRECTORY, DROP, IN, ticket_time
from handover.pipeline.uploads import Arrival, found_arrival, is_no_upload
from handover.runtime import Resources, rfc3339
from handover.together import together

# S3 lists times in whole seconds. Uploads one second apart by S3's clock count as concurrent.
SAME_TIME_SECONDS = 1.0
# S3 may list a multipart upload with the time it began, but only once it is complete. The upload
# bucket's lifecycle aborts incomplete uploads after a day (and S3 takes up to another day to do
# so), so everything older than the watermark by this much was seen when the watermark was set.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html
WATERMARK_LAG_SECONDS = 3 * 24 * 3600.0
WATERMARK_STEP_SECONDS = 3600.0


def older_open_imports_of(
    resources: Resources, tenant: str, arrival: Arrival, deadline: Deadline
) -> frozenset[str]:
    """The ids of the tenant's older, or simultaneous, imports that are not final."""
    watermarks, bucket = resources.tables.watermarks, resources.uploads_bucket
    watermark = watermarks.watermark(tenant)
    ended_until = datetime.fromisoformat(watermark).timestamp() if watermark else 0.0
    times: dict[str, float] = {}
    no_uploads: set[str] = set()

    def recent(prefix: str, after_key: str = "") -> list[Version]:
        listed = objects.versions(bucket, f"{prefix}/{tenant}/", after_key=after_key)
        since = ended_until - WATERMARK_LAG_SECONDS
        return [version for version in listed if version.modified.timestamp() > since]

    for version in chain.from_iterable(
        together(
            # Keys of tickets begin with the time of issue, so the listing can start there.
            lambda: recent(IN, _first_ticket(tenant, ended_until)),
            lambda: recent(DROP),
            lambda: recent(DIRECTORY),
        )
    ):
        import_id = found_arrival(version).import_id
        times[import_id] = version.modified.timestamp()
        if is_no_upload(version.upload.key, version.size_bytes):
            no_uploads.add(import_id)
    times = {
        import_id: at for import_id, at in times.items() if at <= arrival.at + SAME_TIME_SECONDS
    }
    own_time = min(times.pop(arrival.import_id, arrival.at), arrival.at)
    states = resources.tables.imports.states(times, deadline)
    harmless = {
        import_id
        for import_id, (state, mode) in states.items()
        if state.is_final or mode is not Mode.RUN
    }
    # An object that is not an upload has no import, unless one was made before this rule existed.
    older_open_imports = frozenset(times) - harmless - (no_uploads - states.keys())
    open_since = min((times[older_import] for older_import in older_open_imports), default=own_time)
    until = min(open_since, own_time) - SAME_TIME_SECONDS
    # The import waits for the write that raises the watermark, and listings begin days before the
    # watermark anyway. So small steps are not worth the write.
    if until > ended_until + WATERMARK_STEP_SECONDS:
        watermarks.raise_watermark(tenant, rfc3339(until))
    return older_open_imports


def _first_ticket(tenant: str, ended_until: float) -> str:
    if not ended_until:
        return ""
    return f"{IN}/{tenant}/{ticket_time(ended_until - WATERMARK_LAG_SECONDS)}"
