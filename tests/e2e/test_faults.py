"""What goes wrong around an import: doubled and late events, killed workers, poison."""

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

from tests.kit.doors import BACK_OFFICE, Doors, accounts_csv, until
from tests.kit.payloads import load_event

KENYANS = ("wanjiru.mwangi@lumina.example", "brian.kiptoo@lumina.example")


def _visible_after(doors: Doors, queue: str, seconds: int) -> str:
    """Sets how long a queue's message stays hidden, and gives what it was."""
    sqs, url = doors.client("sqs"), doors.stack.resources[queue]
    name = "VisibilityTimeout"
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={name: str(seconds)})
    return str(before)


@pytest.fixture
def hasty_chunks(doors: Doors) -> Iterator[Any]:
    """Lets a test bring failed chunk messages back sooner than the template's time."""
    before: list[str] = []

    def hasten(seconds: int) -> None:
        before.append(_visible_after(doors, "ChunksQueue", seconds))

    yield hasten
    for seconds in before[:1]:
        _visible_after(doors, "ChunksQueue", int(seconds))


def _event(doors: Doors, key: str) -> str:
    """S3's notification of the newest version of a key, as S3 would send it once more."""
    bucket = doors.stack.outputs["UploadsBucket"]
    version = doors.client("s3").list_object_versions(Bucket=bucket, Prefix=key)["Versions"][0]
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


def test_an_event_delivered_twice_makes_no_second_import(doors: Doors) -> None:
    (account,) = doors.new_accounts(1)
    ticket = doors.upload(accounts_csv((account, KENYANS[0])), filename="doubled.csv")
    event = _event(doors, f"in/lumina/{ticket}.csv")
    intake = doors.stack.resources["IntakeQueue"]
    for _ in range(3):
        doors.client("sqs").send_message(QueueUrl=intake, MessageBody=event)

    ended = doors.ended(ticket)
    doors.client("sqs").send_message(QueueUrl=intake, MessageBody=event)
    later = doors.run(accounts_csv((account, KENYANS[1])))
    _idle(doors, intake)

    assert len(doors.imports_of("doubled.csv")) == 1
    assert doors.import_(ticket) == ended
    assert doors.manager(account) == [KENYANS[1]]
    assert later["counts"]["updated"] == 1
    numbers = [entry["import_id"] for entry in doors.history(account, 2)[-2:]]
    assert numbers == [ended["import_id"], later["import_id"]]


def _idle(doors: Doors, queue_url: str) -> None:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def is_idle() -> bool:
        answer = doors.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)
        return all(answer["Attributes"][name] == "0" for name in names)

    until(is_idle, "the queue to be worked off")


def test_an_older_file_whose_event_comes_later_does_not_win(doors: Doors) -> None:
    s3, sqs = doors.client("s3"), doors.client("sqs")
    bucket, intake = doors.stack.outputs["UploadsBucket"], doors.stack.resources["IntakeQueue"]
    changed, unchanged = doors.new_accounts(2)
    doors.run(accounts_csv((unchanged, KENYANS[1])))
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
        sqs.send_message(QueueUrl=intake, MessageBody=_event(doors, f"drop/lumina/crm/{name}.csv"))
        found = until(partial(doors.imports_of, f"{name}.csv"), f"the import of {name}")
        ended[name] = doors.ended(found[0]["import_id"])

    assert doors.manager(changed) == [KENYANS[1]]
    assert doors.manager(unchanged) == [KENYANS[0]]
    assert ended["newer"]["counts"]["superseded"] == 0
    assert ended["older"]["counts"]["superseded"] == 2


def test_two_imports_of_the_same_accounts_end_as_if_one_came_after_the_other(doors: Doors) -> None:
    named = doors.new_accounts(60)
    first = doors.upload(accounts_csv(*((account, KENYANS[0]) for account in named)))
    second = doors.upload(accounts_csv(*((account, KENYANS[1]) for account in named)))

    counts = [doors.ended(ticket)["counts"] for ticket in (first, second)]

    assert {tuple(doors.manager(account)) for account in named[::7]} == {(KENYANS[1],)}
    for one in counts:
        assert one["lines"] == sum(one.values()) - one["lines"] == 60
        assert one["rejected"] == one["not_processed"] == 0
    for account in named[::20]:
        changes = [entry["changes"][0] for entry in doors.history(account, 1)]
        assert all(earlier["after"] == later["before"] for earlier, later in pairwise(changes))


def test_the_lines_of_a_chunk_that_always_fails_are_not_processed(doors: Doors, hasty_chunks: Any) -> None:
    hasty_chunks(1)
    named = doors.new_accounts(20)
    doors.run(accounts_csv(*((account, KENYANS[0]) for account in named)))
    body = accounts_csv(*((account, "") for account in named))
    ticket = doors.upload(body, as_=BACK_OFFICE)
    waiting = doors.in_state(ticket, "awaiting_approval")
    s3, bucket = doors.client("s3"), doors.stack.outputs["UploadsBucket"]
    key = f"in/lumina/{ticket}.csv"
    for version in s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]:
        s3.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])

    doors.api("POST", f"/imports/{ticket}/approve")
    ended = doors.ended(ticket)

    assert ended["import_id"] == waiting["import_id"]
    assert ended["state"] == "error"
    assert ended["counts"]["not_processed"] == ended["counts"]["lines"] == 20
    assert doors.manager(named[0]) == [KENYANS[0]]


def test_a_killed_worker_costs_time_and_nothing_else(doors: Doors, hasty_chunks: Any) -> None:
    # Longer than the worker's lease, which ends fifteen seconds after its limit of thirty.
    hasty_chunks(50)
    named = doors.new_accounts(3000)
    ticket = doors.upload(accounts_csv(*((account, KENYANS[0]) for account in named)))

    killed = until(partial(_kill_workers, doors, named[0]), "a worker that is at work")
    ended = doors.ended(ticket)

    assert killed
    assert ended["state"] == "done"
    assert ended["counts"]["updated"] == 3000
    for account in named[::500]:
        assert len(doors.history(account, 1)) == 1


def _kill_workers(doors: Doors, account_id: str) -> list[int]:
    """Kills the processes of the assign function once one of its writes can be seen."""
    table = doors.stack.resources["AccountsTable"]
    seen = doors.client("dynamodb").get_item(
        TableName=table, Key={"pk": {"S": f"lumina#{account_id}"}}
    )
    if not seen["Item"]["marks"]["L"]:
        return []
    listed = subprocess.run(
        ["ps", "-ww", "-o", "pid=", "-o", "args=", "--ppid", str(doors.stack.emulator.pid)],
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


def test_an_operator_replays_what_was_parked(doors: Doors) -> None:
    record, _ = load_event("publish-changes")["Records"]
    s3, bucket = doors.client("s3"), doors.stack.resources["WorkBucket"]
    key = f"{PARKED}/publish/an-account/{1:040d}"
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(record).encode())

    replayed = doors.handover("replay")

    assert replayed.returncode == 0, replayed.stderr
    assert "changes of accounts: 1 replayed, 0 left" in replayed.stdout
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix=f"{PARKED}/")
    history = doors.client("dynamodb").query(
        TableName=doors.stack.outputs["HistoryTable"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "lumina#KE-002"}},
    )
    assert [entry["sk"] for entry in history["Items"]] == [{"N": "2"}]
