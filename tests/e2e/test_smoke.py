"""`handover smoke` proves a stack and leaves only audit entries behind, however it ends."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.cli.failures import CommandError, ExitCode
from infra.cli.main import main
from infra.smoke.job import Job
from tests.kit.deployed import DeployedStack, until

SMOKE = re.compile(r"smoke-[0-9a-f]{16}")


def traces(deployed: DeployedStack) -> Iterator[str]:
    """Everything on the embedded AWS that names a smoke tenant, without the audit trail.

    Nobody can remove entries of the audit trail; they expire.
    """
    audit = deployed.stack.outputs["AuditTable"]
    dynamodb, s3, sqs = (deployed.client(name) for name in ("dynamodb", "s3", "sqs"))
    for table in {*dynamodb.list_tables()["TableNames"]} - {audit}:
        for page in dynamodb.get_paginator("scan").paginate(TableName=table):
            yield from (f"{table}: {item}" for item in page["Items"] if SMOKE.search(str(item)))
    for bucket in s3.list_buckets()["Buckets"]:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket["Name"]):
            found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            yield from (one["Key"] for one in found if SMOKE.search(one["Key"]))
    pool = deployed.stack.outputs["UserPoolId"]
    users = deployed.client("cognito-idp").list_users(UserPoolId=pool)["Users"]
    yield from (str(user) for user in users if SMOKE.search(str(user)))
    yield from (url for url in sqs.list_queues().get("QueueUrls", ()) if SMOKE.search(url))
    sns = deployed.client("sns")
    for entry in (*sns.list_topics()["Topics"], *sns.list_subscriptions()["Subscriptions"]):
        if SMOKE.search(str(entry)):
            yield str(entry)


def work_objects(deployed: DeployedStack) -> set[str]:
    """The objects that functions have passed to each other; they name imports, not tenants."""
    bucket = deployed.stack.outputs["WorkBucket"]
    pages = deployed.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket)
    return {one["Key"] for page in pages for one in page.get("Versions", ())}


def test_the_main_job_runs_on_a_deployed_stack_and_leaves_nothing(deployed: DeployedStack) -> None:
    before = work_objects(deployed)

    ran = deployed.handover("smoke")

    assert ran.returncode == ExitCode.ALL_GOOD, ran.stdout + ran.stderr
    for step in ("upload a file by ticket", "report the bad line", "undo the first file"):
        assert f"  ok      {step}" in ran.stdout
    assert list(traces(deployed)) == []
    assert work_objects(deployed) <= before


def test_the_remains_of_a_killed_run_are_removed_later(deployed: DeployedStack) -> None:
    command = Path(sys.executable).parent / "handover"
    process = subprocess.Popen(
        [command, "smoke"],
        env=deployed.environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        output = process.stdout
        assert output is not None
        until(lambda: "upload a file" in output.readline(), "the upload")
    finally:
        process.kill()
        process.communicate()
    assert list(traces(deployed))

    cleaned = deployed.handover("smoke", "--clean")
    again = deployed.handover("smoke", "--clean")

    assert cleaned.returncode == ExitCode.ALL_GOOD, cleaned.stdout + cleaned.stderr
    assert list(traces(deployed)) == []
    assert again.stdout == "No run has left anything\n"


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (CommandError("found 1, expected 2"), ExitCode.REFUSED),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
    ],
)
def test_a_step_that_fails_is_named_and_nothing_is_left(
    deployed: DeployedStack,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: BaseException,
    code: ExitCode,
) -> None:
    def fail(_job: Job) -> None:
        raise raised

    for name, value in deployed.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Job, "report", fail)

    assert main(["smoke"]) == code

    captured = capsys.readouterr()
    if code is ExitCode.REFUSED:
        assert "the step that failed is: report the bad line. found 1" in captured.err
    assert "ok      remove smoke-" in captured.out
    assert list(traces(deployed)) == []
