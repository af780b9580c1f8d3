"""What validate knows of workbooks: it asks for their conversion, and reads the outcome.

The conversion itself (`pipeline.convert`) runs in a function of its own.
"""

from __future__ import annotations

import json

from msgspec import Struct
from msgspec.structs import replace

from handover.aws import objects, queues
from handover.aws.objects import Upload
from handover.errors import RefusedError
from handover.model import FileWarning
from handover.pipeline.uploads import Arrival, arrival_message
from handover.runtime import Resources

# The two files that the conversion writes to the work bucket, below the import's id.
CSV, OUTCOME = "workbook.csv", "workbook.json"


class Converted(Struct, frozen=True):
    """The CSV made of a workbook, and what its uploader must know."""

    csv: Upload
    warnings: tuple[FileWarning, ...]


def ask_for_conversion(resources: Resources, arrival: Arrival, tenant: str, size: int) -> None:
    """Sends the message that asks to convert the workbook; its arrival then comes back."""
    message = arrival_message(replace(arrival, size_bytes=size))
    queues.send(resources.convert_queue, message, group=tenant)


def converted(resources: Resources, import_id: str) -> Converted | None:
    """The result of the conversion, None until there is one. Raises RefusedError for a refusal."""
    body = objects.read(resources.work_bucket, f"{import_id}/{OUTCOME}")
    if body is None:
        return None
    found = json.loads(body)
    if "refusal" in found:
        refusal = found["refusal"]
        raise RefusedError(refusal["code"], refusal["message"], refusal["line"])
    warnings = tuple(FileWarning(code, message) for code, message in found["warnings"])
    return Converted(Upload(resources.work_bucket, f"{import_id}/{CSV}", ""), warnings)
