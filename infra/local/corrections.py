"""Corrects the emulator, as it starts, where it differs from AWS and Handover depends on that.

Runs inside the emulator's own process, and nowhere else. Each correction names the page that says
how AWS does it. Remove one that the emulator no longer needs.
"""

from __future__ import annotations

import json
import re
import tempfile
import threading
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

_now = threading.local()


def apply() -> None:
    """Applies all corrections; called before the emulator takes requests."""
    from ministack.core import iam_actions, lambda_runtime
    from ministack.services import dynamodb, s3
    from ministack.services.cloudformation import provisioners

    _stream_partiql_writes(dynamodb)
    _serve_ranges_of_versions(s3)
    _permit_batches_by_their_parts(iam_actions)
    _take_alarms_of_several_metrics(provisioners)
    _unpack_layers_once(lambda_runtime)


def _stream_partiql_writes(dynamodb: Any) -> None:
    """PartiQL writes reach the table's stream, as every write does.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
    """
    store = dynamodb._set_item

    def storing(table: Any, pk: Any, sk: Any, item: Any) -> Any:
        changes = getattr(_now, "changes", None)
        if changes is not None:
            changes.append((table["items"].get(pk, {}).get(sk), item))
        return store(table, pk, sk, item)

    def streamed(write: Callable[..., Any]) -> Callable[..., Any]:
        def writing(table: Any, parsed: Any, *rest: Any) -> Any:
            _now.changes = []
            try:
                answer = write(table, parsed, *rest)
                for before, after in _now.changes:
                    kind = "MODIFY" if before else "INSERT"
                    dynamodb._emit_stream_event(parsed["table"], kind, before, after)
            finally:
                _now.changes = None
            return answer

        return writing

    dynamodb._set_item = storing
    dynamodb._partiql_update = streamed(dynamodb._partiql_update)
    dynamodb._partiql_insert = streamed(dynamodb._partiql_insert)


def _serve_ranges_of_versions(s3: Any) -> None:
    """A GET of a version with a Range is answered with that range, not with the whole.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    get_object = s3._get_object

    def getting(bucket_name: str, key: str, headers: Any, query_params: Any = None) -> Any:
        status, answer_headers, body = get_object(bucket_name, key, headers, query_params)
        asked_range = headers.get("range", "")
        if status == 200 and asked_range and "Content-Range" not in answer_headers:
            found = s3._parse_range(asked_range, len(body))
            if found is not None:
                start, end = found
                answer_headers["Content-Range"] = f"bytes {start}-{end}/{len(body)}"
                body = body[start : end + 1]
                answer_headers["Content-Length"] = str(len(body))
                # A checksum of the whole object does not match a part of it.
                for name in [one for one in answer_headers if "x-amz-checksum" in one.lower()]:
                    del answer_headers[name]
                status = 206
        return status, answer_headers, body

    s3._get_object = getting


def _permit_batches_by_their_parts(iam_actions: Any) -> None:
    """A batch needs the permission of the calls in it; batches have no permission of their own.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
    """
    extract_action = iam_actions.extract_iam_action
    transaction_checks = iam_actions.dynamodb_transaction_checks
    statement = re.compile(r'\s*(UPDATE|INSERT|DELETE|SELECT)\b[^"]*"([^"]+)"', re.IGNORECASE)

    def extracted(*request: Any) -> Any:
        action = extract_action(*request)
        of_sqs = isinstance(action, str) and action.startswith("sqs:")
        return action.removesuffix("Batch") if of_sqs else action

    def checks(action: str, body: bytes, region: str, account: str) -> list[tuple[str, str]]:
        if action not in ("dynamodb:ExecuteStatement", "dynamodb:BatchExecuteStatement"):
            return list(transaction_checks(action, body, region, account))
        batch = json.loads(body)
        texts = [part["Statement"] for part in batch.get("Statements", [batch])]
        found = [match for match in map(statement.match, texts) if match]
        return [
            (
                f"dynamodb:PartiQL{match[1].capitalize()}",
                f"arn:aws:dynamodb:{region}:{account}:table/{match[2]}",
            )
            for match in found
        ]

    iam_actions.extract_iam_action = extracted
    iam_actions.dynamodb_transaction_checks = checks


def _take_alarms_of_several_metrics(provisioners: Any) -> None:
    """An alarm on an expression is created, but only on the first of its metrics.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html
    """
    record = provisioners._cw_metric_alarm_record

    def recording(name: Any, props: Any) -> Any:
        for one in props.get("Metrics", []):
            if stat := one.get("MetricStat"):
                metric = {**stat["Metric"], "Period": stat["Period"], "Statistic": stat["Stat"]}
                rest = {key: value for key, value in props.items() if key != "Metrics"}
                return record(name, rest | metric)
        return record(name, props)

    provisioners._cw_metric_alarm_record = recording


def _unpack_layers_once(lambda_runtime: Any) -> None:
    """All workers share the files of a layer, so each file is compiled once.

    The emulator gave every worker 80 MB of its own. On AWS nobody can write to a layer either:
    https://docs.aws.amazon.com/lambda/latest/dg/chapter-layers.html
    """
    unpacked: dict[frozenset[tuple[str, int]], Path] = {}
    unpacking = threading.Lock()

    class Archive(zipfile.ZipFile):
        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
            folder = Path(path)
            if not folder.name.startswith("layer_"):  # the code of the function itself
                return super().extractall(path, members, pwd)
            content = frozenset((entry.filename, entry.CRC) for entry in self.infolist())
            with unpacking:
                if content not in unpacked:
                    shared = tempfile.mkdtemp(prefix="shared-layer-")
                    super().extractall(shared, members, pwd)
                    unpacked[content] = Path(shared)
            folder.rmdir()
            folder.symlink_to(unpacked[content], target_is_directory=True)
            return None

    names = vars(zipfile) | {"ZipFile": Archive}
    lambda_runtime.zipfile = types.SimpleNamespace(**names)
