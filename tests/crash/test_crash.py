"""Real worker processes on the embedded AWS are killed while they work: no promise breaks.

`python -m tests.soak crashes` does the same for a thousand kills.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.soak.checks import violations
from tests.soak.runs import Figures, Run, carry_out, prepared
from tests.soak.scenes import SHOWER
from tests.soak.stand import Stand

KILLS, IMPORTS = 20, 10
# Half a minute on an idle machine; on a busy one it mostly waits.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with prepared(SHOWER, seed=7) as made:
        yield made


@pytest.fixture(scope="module")
def figures(run: Run) -> Figures:
    return carry_out(
        run,
        lambda stand, report, _: report.kills_at_work < KILLS or len(stand.uploads) < IMPORTS,
    )


def test_killed_workers_break_no_promise(figures: Figures) -> None:
    assert figures.violations == ()
    assert figures.report.kills_at_work >= KILLS
    assert figures.imports >= IMPORTS
    assert figures.outcomes["not_processed"] == 0
    assert figures.outcomes["updated"] > 0
    assert figures.report.counted["doubled"] > 0


@contextmanager
def _another_manager(stand: Stand) -> Iterator[None]:
    """Each write has a version of its own, as the reader of the stream expects it."""
    pk = next(stand.scan("HistoryTable"))["pk"]
    table, client = stand.resource("AccountsTable"), stand.client("dynamodb")
    item = client.get_item(TableName=table, Key={"pk": pk})["Item"]
    version = int(item["version"]["N"])
    somebody = {"M": {"account_manager": {"L": [{"S": "somebody@lumina.example"}]}}}
    spoiled = item | {"assigned": somebody, "version": {"N": str(version + 1)}}
    client.put_item(TableName=table, Item=spoiled)
    yield
    client.put_item(TableName=table, Item=item | {"version": {"N": str(version + 2)}})


@contextmanager
def _no_entry(stand: Stand) -> Iterator[None]:
    table, item = stand.resource("HistoryTable"), next(stand.scan("HistoryTable"))
    key = {name: item[name] for name in ("pk", "sk")}
    stand.client("dynamodb").delete_item(TableName=table, Key=key)
    yield
    stand.client("dynamodb").put_item(TableName=table, Item=item)


@contextmanager
def _entry_twice(stand: Stand) -> Iterator[None]:
    table, item = stand.resource("HistoryTable"), next(stand.scan("HistoryTable"))
    again = item | {"sk": {"N": "999"}}
    stand.client("dynamodb").put_item(TableName=table, Item=again)
    yield
    key = {name: again[name] for name in ("pk", "sk")}
    stand.client("dynamodb").delete_item(TableName=table, Key=key)


@contextmanager
def _other_counts(stand: Stand) -> Iterator[None]:
    table = stand.resource("ImportsTable")
    item = next(one for one in stand.scan("ImportsTable") if one["sk"]["S"] == "import")
    more = str(int(item["updated"]["N"]) + 1)
    stand.client("dynamodb").put_item(TableName=table, Item=item | {"updated": {"N": more}})
    yield
    stand.client("dynamodb").put_item(TableName=table, Item=item)


@contextmanager
def _other_results(stand: Stand) -> Iterator[None]:
    upload, s3 = stand.uploads[0], stand.client("s3")
    body = stand.report(upload, "results.csv") or b""
    where = {
        "Bucket": stand.stack.outputs["ReportsBucket"],
        "Key": f"{upload.tenant}/{upload.import_id}/results.csv",
    }
    s3.put_object(**where, Body=body[: body.rindex(b"\r\n", 0, -2) + 2])
    yield
    s3.put_object(**where, Body=body)


@contextmanager
def _message_left(stand: Stand) -> Iterator[None]:
    sqs, url = stand.client("sqs"), stand.queue_url("ChunksDeadLetters")
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    yield
    sqs.purge_queue(QueueUrl=url)


@contextmanager
def _notice_lost(stand: Stand) -> Iterator[None]:
    notices = list(stand.notices)
    first = stand.uploads[0].import_id
    stand.notices[:] = [one for one in notices if json.loads(one["Message"])["import_id"] != first]
    yield
    stand.notices[:] = notices


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (_another_manager, {"I7", "I9"}),
        (_no_entry, {"I8"}),
        (_entry_twice, {"I8", "I9"}),
        (_other_counts, {"I5"}),
        (_other_results, {"I3"}),
        (_message_left, {"I2"}),
        (_notice_lost, {"I13"}),
    ],
)
def test_the_checks_find_every_broken_promise(
    run: Run, figures: Figures, spoil: Callable[[Stand], Any], found: set[str]
) -> None:
    with spoil(run.stand):
        spoiled = list(violations(run.stand))

    assert found <= {one.partition(" ")[0] for one in spoiled}
