"""Faults around an import: doubled and late events, killed workers, chunks that always fail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from handover.pipeline.parking import PARKED

from tests.kit.deployed import BACK_OFFICE, DeployedStack, accounts_csv, until
from tests.kit.payloads import load_event

KENYANS = ("wanjiru.mwangi@lumina.example", "brian.kiptoo@lumina.example")


def _visible_after(deployed: DeployedStack, queue: str, seconds: int) -> str:
    """Sets the visibility timeout of a queue; returns the one before."""
    sqs, url = deployed.client("sqs"), deployed.stack.resources[queue]
    name = "VisibilityTimeout"
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: str(seconds)})
    return str(before)


@pytest.fixture
def hasty_chunks(deployed: DeployedStack) -> Iterator[Any]:
    """Lets a test redeliver failed chunk messages sooner than in the template."""
    before: list[str] = []

    def hasten(seconds: int) -> None:
        before.append(_visible_after(deployed, "ChunksQueue", seconds))

    yield hasten
    for seconds in before[:1]:
        _visible_after(deployed, "ChunksQueue", int(seconds))


def _event(deployed: DeployedStack, key: str) -> str:
    """S3's notification of the newest version of a key, as S3 would send it again."""
    bucket = deployed.stack.outputs["UploadsBucket"]
    version = deployed.client("s3").list_object_versions(Bucket=bucket, Prefix=key)["Versions"][0]
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": version["LastModified"].isoformat().replace("+00:00", "Z"),
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "EXAMPLE"},
        "s3": {
            "bucket": {"name": bucket},
            "object": {
                "key": key,
                "size": version["Size"],
                "versionId": version["VersionId"],
                "sequencer": "00",
            },
        },
    }
    return json.dumps({"Records": [record]})


def test_an_event_delivered_twice_makes_no_second_import(deployed: DeployedStack) -> None:
    (account,) = deployed.new_accounts(1)
    ticket = deployed.upload(accounts_csv((account, KENYANS[0])), filename="doubled.csv")
    event = _event(deployed, f"in/lumina/{ticket}.csv")
    intake = deployed.stack.resources["IntakeQueue"]
    for _ in range(3):
        deployed.client("sqs").send_message(QueueUrl=intake, MessageBody=event)

    ended = deployed.ended(ticket)
    deployed.client("sqs").send_message(QueueUrl=intake, MessageBody=event)
    later = deployed.run(accounts_csv((account, KENYANS[1])))
    _idle(deployed, intake)

    assert len(deployed.imports_of("doubled.csv")) == 1
    assert deployed.import_(ticket) == ended
    assert deployed.manager(account) == [KENYANS[1]]
    assert later["counts"]["updated"] == 1
    numbers = [entry["import_id"] for entry in deployed.history(account, 2)[-2:]]
    assert numbers == [ended["import_id"], later["import_id"]]


def _idle(deployed: DeployedStack, queue_url: str) -> None:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def is_idle() -> bool:
        answer = deployed.client("sqs").get_queue_attributes(
            QueueUrl=queue_url, AttributeNames=names
        )
        return all(answer["Attributes"][name] == "0" for name in names)

    until(is_idle, "the queue to be worked off")


def test_an_older_file_whose_event_comes_later_does_not_win(deployed: DeployedStack) -> None:
    s3, sqs = deployed.client("s3"), deployed.client("sqs")
    bucket, intake = (
        deployed.stack.outputs["UploadsBucket"],
        deployed.stack.resources["IntakeQueue"],
    )
    changed, unchanged = deployed.new_accounts(2)
    deployed.run(accounts_csv((unchanged, KENYANS[1])))
    notified = s3.get_bucket_notification_configuration(Bucket=bucket)
    notified.pop("ResponseMetadata", None)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        for place, name in enumerate(("older", "newer")):
            manager = KENYANS[place]
            body = accounts_csv((changed, manager), (unchanged, KENYANS[1 - place]))
            s3.put_object(Bucket=bucket, Key=f"drop/lumina/crm/{name}.csv", Body=body)
    finally:
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=notified)

    ended = {}
    for name in ("newer", "older"):
        sqs.send_message(
            QueueUrl=intake, MessageBody=_event(deployed, f"drop/lumina/crm/{name}.csv")
        )
        found = until(partial(deployed.imports_of, f"{name}.csv"), f"the import of {name}")
        ended[name] = deployed.ended(found[0]["import_id"])

    assert deployed.manager(changed) == [KENYANS[1]]
    assert deployed.manager(unchanged) == [KENYANS[0]]
    assert ended["newer"]["counts"]["superseded"] == 0
    assert ended["older"]["counts"]["superseded"] == 2


def test_two_imports_of_the_same_accounts_end_as_if_one_came_after_the_other(
    deployed: DeployedStack,
) -> None:
    named = deployed.new_accounts(60)
    first = deployed.upload(accounts_csv(*((account, KENYANS[0]) for account in named)))
    second = deployed.upload(accounts_csv(*((account, KENYANS[1]) for account in named)))

    counts = [deployed.ended(ticket)["counts"] for ticket in (first, second)]

    assert {tuple(deployed.manager(account)) for account in named[::7]} == {(KENYANS[1],)}
    for one in counts:
        assert one["lines"] == sum(one.values()) - one["lines"] == 60
        assert one["rejected"] == one["not_processed"] == 0
    for account in named[::20]:
        changes = [entry["changes"][0] for entry in deployed.history(account, 1)]
        assert all(earlier["after"] == later["before"] for earlier, later in pairwise(changes))


def test_the_lines_of_a_chunk_that_always_fails_are_not_processed(
    deployed: DeployedStack, hasty_chunks: Any
) -> None:
    hasty_chunks(1)
    named = deployed.new_accounts(20)
    deployed.run(accounts_csv(*((account, KENYANS[0]) for account in named)))
    body = accounts_csv(*((account, "") for account in named))
    ticket = deployed.upload(body, as_=BACK_OFFICE)
    waiting = deployed.in_state(ticket, "awaiting_approval")
    s3, bucket = deployed.client("s3"), deployed.stack.outputs["UploadsBucket"]
    key = f"in/lumina/{ticket}.csv"
    for version in s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]:
        s3.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])

    deployed.api("POST", f"/imports/{ticket}/approve")
    ended = deployed.ended(ticket)

    assert ended["import_id"] == waiting["import_id"]
    assert ended["state"] == "error"
    assert ended["counts"]["not_processed"] == ended["counts"]["lines"] == 20
    assert deployed.manager(named[0]) == [KENYANS[0]]


def test_a_killed_worker_costs_time_and_nothing_else(
    deployed: DeployedStack, hasty_chunks: Any
) -> None:
    # Longer than the worker's lease, which ends fifteen seconds after its limit of thirty.
    hasty_chunks(50)
    named = deployed.new_accounts(3000)
    ticket = deployed.upload(accounts_csv(*((account, KENYANS[0]) for account in named)))

    killed = until(partial(_kill_workers, deployed, named[0]), "a worker that is at work")
    ended = deployed.ended(ticket)

    assert killed
    assert ended["state"] == "done"
    assert ended["counts"]["updated"] == 3000
    for account in named[::500]:
        assert len(deployed.history(account, 1)) == 1


def _kill_workers(deployed: DeployedStack, account_id: str) -> list[int]:
    """Kills the processes of the assign function once one of its writes is visible."""
    table = deployed.stack.resources["AccountsTable"]
    seen = deployed.client("dynamodb").get_item(
        TableName=table, Key={"pk": {"S": f"lumina#{account_id}"}}
    )
    if not seen["Item"]["marks"]["L"]:
        return []
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=", "-o", "args=", "--ppid", str(deployed.stack.emulator.pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    killed = [
        int(line.split()[0]) for line in listed.stdout.splitlines() if "AssignFunction" in line
    ]
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    return killed


def test_an_operator_replays_parked_records(deployed: DeployedStack) -> None:
    record, _ = load_event("publish-changes")["Records"]
    s3, bucket = deployed.client("s3"), deployed.stack.resources["WorkBucket"]
    key = f"{PARKED}/publish/an-account/{1:040d}"
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(record).encode())

    replayed = deployed.handover("replay")

    assert replayed.returncode == 0, replayed.stderr
    assert "changes of accounts: 1 replayed, 0 left" in replayed.stdout
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix=f"{PARKED}/")
    history = deployed.client("dynamodb").query(
        TableName=deployed.stack.outputs["HistoryTable"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "lumina#KE-002"}},
    )
    assert [entry["sk"] for entry in history["Items"]] == [{"N": "2"}]
