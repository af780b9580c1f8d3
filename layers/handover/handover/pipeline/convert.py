"""The conversion of workbooks to CSV.

The function that unpacks workbooks has almost no rights. It only writes two files to the work
bucket: the CSV, and then the outcome, with warnings or a refusal. It sends the arrival back to the
intake, and validate reads both files (`pipeline.conversion`). A repeated conversion writes the same
files.
"""

from __future__ import annotations

import json
from tempfile import TemporaryFile
from typing import BinaryIO

from handover.aws import objects, queues
from handover.aws.objects import ObjectGoneError
from handover.errors import RefusedError
from handover.model import FileWarning, Refusal
from handover.pipeline.conversion import CSV, OUTCOME
from handover.pipeline.uploads import Arrival, arrival_message, is_passed_over
from handover.runtime import Invocation, Resources, logger, metrics
from handover.workbooks.conversion import open_workbook
from handover.workbooks.limits import MAX_WORKBOOK_BYTES


def convert(resources: Resources, arrival: Arrival, run: Invocation) -> None:
    """Writes the CSV and the outcome of a workbook, and sends its arrival back to the intake."""
    if is_passed_over(resources, arrival):
        return
    import_id = arrival.import_id
    try:
        warnings = _write_csv(resources, arrival, run)
    except RefusedError as refused:
        _write_outcome(resources, import_id, refusal=refused.refusal)
        metrics.add_metric("WorkbooksRefused", "Count", 1)
        logger.info(
            "workbook refused", extra={"import_id": import_id, "code": refused.refusal.code}
        )
    except ObjectGoneError:
        # Validate finds the same, and refuses the file for it.
        logger.info("workbook gone", extra={"import_id": import_id})
    else:
        _write_outcome(resources, import_id, warnings=warnings)
        metrics.add_metric("WorkbooksConverted", "Count", 1)
        logger.info("workbook converted", extra={"import_id": import_id})
    queues.send(resources.intake_queue, arrival_message(arrival))


def _write_csv(resources: Resources, arrival: Arrival, run: Invocation) -> tuple[FileWarning, ...]:
    with TemporaryFile() as file:
        _fetch(arrival, file, run)
        conversion = open_workbook(file, check=run.deadline.check)
        objects.write_stream(
            resources.work_bucket, f"{arrival.import_id}/{CSV}", conversion.blocks(), run.deadline
        )
        return conversion.warnings


def _fetch(arrival: Arrival, file: BinaryIO, run: Invocation) -> None:
    """Copies the upload into a file; stops when that shows that the upload is too large."""
    size = arrival.size_bytes or 0
    end = min(size, MAX_WORKBOOK_BYTES + 1)
    file.writelines(objects.blocks(arrival.upload, 0, end, run.deadline))
    file.flush()


def _write_outcome(
    resources: Resources,
    import_id: str,
    *,
    warnings: tuple[FileWarning, ...] = (),
    refusal: Refusal | None = None,
) -> None:
    found: dict[str, object] = {"warnings": [[one.code, one.message] for one in warnings]}
    if refusal is not None:
        found["refusal"] = {
            "code": refusal.code,
            "message": refusal.message,
            "line": refusal.line,
        }
    body = json.dumps(found).encode()
    objects.write(resources.work_bucket, f"{import_id}/{OUTCOME}", body, "application/json")
