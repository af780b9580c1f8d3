"""Alarms: each is raised by its cause, and not by failures that resolve themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from handover.batch import LONGEST_DELAY_SECONDS, process_batch
from handover.errors import RetryLaterError
from handover.runtime import metrics

from infra.reference.stack import WHAT_TO_DO
from infra.template import PATH, resources
from tests.kit.payloads import load_event
from tests.kit.pipeline import LambdaContext
from tests.template.test_dashboard import counted_by_functions
from tests.template.test_template import (
    DEAD_LETTERS,
    FUNCTIONS,
    SOURCES,
    TEMPLATE,
    reader_of,
    referred,
    sources_of,
    value_in,
)

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
MAX_DESCRIPTION_CHARS = 1024
ALARMS = dict(resources(TEMPLATE, "AWS::CloudWatch::Alarm"))
# Alarms are for the stages that run on AWS.
STAGES = ("dev", "prod")
OWN_NAMESPACE = {"Fn::Sub": "Handover/${AWS::StackName}"}
QUEUE_FUNCTIONS = {reader_of(queue) for queue in (*SOURCES, *DEAD_LETTERS)}


def metrics_of(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics of an alarm, each with namespace, name, dimensions and statistic."""
    if "Metrics" not in alarm:
        return [alarm]
    stats = [one["MetricStat"] for one in alarm["Metrics"] if "MetricStat" in one]
    return [{**one["Metric"], "Statistic": one["Stat"], "Period": one["Period"]} for one in stats]


def of_queue(queue: str, metric: str) -> dict[str, Any]:
    """The alarm on a metric of a queue."""
    (found,) = (
        alarm
        for alarm in ALARMS.values()
        for one in metrics_of(alarm)
        if one["MetricName"] == metric and referred(one["Dimensions"]) == {queue}
    )
    return found


def window_seconds(alarm: dict[str, Any]) -> int:
    """The seconds that an alarm evaluates."""
    return int(alarm["EvaluationPeriods"] * min(one["Period"] for one in metrics_of(alarm)))


def again_seconds(queue: str, stage: str) -> int:
    """The maximum seconds until a message that has failed once is processed or fails twice."""
    timeout = value_in(stage, FUNCTIONS[reader_of(queue)]["Timeout"])
    visibility = value_in(stage, {**SOURCES, **DEAD_LETTERS}[queue]["VisibilityTimeout"])
    return int(visibility + timeout)


def test_every_queue_and_every_function_is_watched() -> None:
    watched = {
        (one["MetricName"], target)
        for alarm in ALARMS.values()
        for one in metrics_of(alarm)
        for target in referred(one["Dimensions"]) or {""}
    }

    assert {("ApproximateNumberOfMessagesVisible", name) for name in DEAD_LETTERS} <= watched
    assert {("ApproximateAgeOfOldestMessage", name) for name in SOURCES} <= watched
    assert {("Errors", name) for name in FUNCTIONS} <= watched
    assert ("IteratorAge", "PublishFunction") in watched
    assert ("UploadsWithoutImport", "") in watched
    assert {("RecordsParked", ""), ("ActsLeftOpen", "")} <= watched


def test_an_alarm_watches_the_metric_that_the_functions_write() -> None:
    own = [
        one
        for alarm in ALARMS.values()
        for one in metrics_of(alarm)
        if not str(one["Namespace"]).startswith("AWS/")
    ]

    assert len(own) >= 6
    assert all(one["Namespace"] == OWN_NAMESPACE for one in own)
    assert {one["MetricName"] for one in own} <= counted_by_functions()


def test_every_alarm_has_a_topic_and_stays_silent_without_data() -> None:
    for alarm in ALARMS.values():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmsTopic"}]
        assert alarm["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_it_means_and_what_to_do(name: str) -> None:
    text = ALARMS[name]["AlarmDescription"]

    means, do = text.split(WHAT_TO_DO)
    assert means.strip().endswith(".")
    assert do.strip().endswith(".")
    assert len(text) <= MAX_DESCRIPTION_CHARS


@pytest.mark.parametrize("queue", DEAD_LETTERS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_dead_letter_that_cannot_be_settled_is_counted_while_it_is_hidden(
    queue: str, stage: str
) -> None:
    alarm = of_queue(queue, "ApproximateNumberOfMessagesNotVisible")

    assert alarm is of_queue(queue, "ApproximateNumberOfMessagesVisible")
    (sum_,) = (one for one in alarm["Metrics"] if "Expression" in one)
    names = {one["Id"] for one in alarm["Metrics"] if "MetricStat" in one}
    assert set(sum_["Expression"].split(" + ")) == names
    # The minimum of both is 0 in the minutes in which the dead letter is taken again.
    assert {one["Statistic"] for one in metrics_of(alarm)} == {"Maximum"}
    assert alarm["Threshold"] == 1
    assert window_seconds(alarm) > again_seconds(queue, stage)


@pytest.mark.parametrize("queue", SOURCES)
@pytest.mark.parametrize("stage", STAGES)
def test_a_message_is_late_after_one_failure_and_before_it_is_a_dead_letter(
    queue: str, stage: str
) -> None:
    alarm = of_queue(queue, "ApproximateAgeOfOldestMessage")
    deliveries = SOURCES[queue]["RedrivePolicy"]["maxReceiveCount"]
    visibility = value_in(stage, SOURCES[queue]["VisibilityTimeout"])

    assert alarm["Threshold"] > again_seconds(queue, stage)
    assert alarm["Threshold"] + window_seconds(alarm) < deliveries * visibility


def metrics_in(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The metrics in the latest output, as CloudWatch reads them."""
    metrics.flush_metrics()
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "_aws" in line)
    found: dict[str, Any] = json.loads(line)
    return found


def failing(error: Exception) -> None:
    """A batch of one message whose processing raises `error`."""

    def work(_body: str, _run: object) -> None:
        raise error

    answer = process_batch(load_event("assign-chunk"), LambdaContext("once", 60.0), work)
    assert len(answer["batchItemFailures"]) == 1, "no error that Lambda would count"


def test_a_message_that_fails_is_counted_in_the_metric_of_its_alarm(
    capsys: pytest.CaptureFixture[str],
) -> None:
    failing(PermissionError("AccessDenied"))

    found = metrics_in(capsys)

    alarm = ALARMS["MessagesFail"]
    (written,) = found["_aws"]["CloudWatchMetrics"]
    # Functions use the namespace of their stack, which is also that of its alarms.
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    assert alarm["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"] == OWN_NAMESPACE
    assert written["Namespace"] == "Handover"
    assert [one["Name"] for one in written["Metrics"]] == [alarm["MetricName"]]
    (dimensions,) = written["Dimensions"]
    assert alarm["Dimensions"] == [{"Name": name, "Value": found[name]} for name in dimensions]


def test_a_message_that_is_put_off_raises_no_alarm(capsys: pytest.CaptureFixture[str]) -> None:
    failing(RetryLaterError("an outage"))

    (written,) = metrics_in(capsys)["_aws"]["CloudWatchMetrics"]

    assert [one["Name"] for one in written["Metrics"]] == ["MessagesPutOff"]


def test_a_service_that_stays_busy_for_an_hour_raises_an_alarm() -> None:
    """A fresh message that replaces an old one is young, so the age of messages raises no alarm."""
    alarm = ALARMS["ServicesStayBusy"]

    assert alarm["MetricName"] == "MessagesPutOff"
    assert alarm["DatapointsToAlarm"] == alarm["EvaluationPeriods"]
    assert window_seconds(alarm) == 3600
    # Even a single message is put off at least once in each period.
    longest = max(
        value_in(stage, FUNCTIONS[reader_of(queue)]["Timeout"])
        for stage in STAGES
        for queue in SOURCES
    )
    assert alarm["Period"] > longest + LONGEST_DELAY_SECONDS


def test_one_act_closed_by_the_sweep_raises_no_alarm_and_a_second_one_does() -> None:
    alarm = ALARMS["ActsLeftOpen"]

    assert (alarm["Threshold"], alarm["DatapointsToAlarm"]) == (1, 2)
    # Entries are swept every quarter of an hour.
    assert window_seconds(alarm) >= (alarm["DatapointsToAlarm"] + 1) * 15 * 60


def test_every_function_of_a_queue_counts_its_failures_itself() -> None:
    for name in QUEUE_FUNCTIONS:
        code = (PATH.parent / FUNCTIONS[name]["CodeUri"] / "app.py").read_text(encoding="utf-8")
        assert "return process_batch(" in code
        assert "@metrics.log_metrics" in code


@pytest.mark.parametrize("function", sorted(QUEUE_FUNCTIONS))
@pytest.mark.parametrize("stage", STAGES)
def test_one_message_that_fails_again_raises_the_alarm(function: str, stage: str) -> None:
    fails = ALARMS[function.replace("Function", "Fails")]
    queues = [name for name in (*SOURCES, *DEAD_LETTERS) if reader_of(name) == function]

    for alarm in (ALARMS["MessagesFail"], fails):
        assert alarm["DatapointsToAlarm"] == 2
        assert alarm["Threshold"] == 1
        assert window_seconds(alarm) > max(again_seconds(queue, stage) for queue in queues)


def test_a_sweep_that_fails_each_quarter_of_an_hour_is_reported() -> None:
    alarm = ALARMS["SweepFails"]

    assert window_seconds(alarm) >= (alarm["DatapointsToAlarm"] + 1) * 15 * 60


def test_functions_of_streams_raise_so_that_lambda_counts_their_errors() -> None:
    of_streams = [
        name
        for name, function in FUNCTIONS.items()
        if any("Stream" in source for source in sources_of(function))
    ]

    assert of_streams == ["PublishFunction", "FollowFunction"]
    for name in of_streams:
        code = (PATH.parent / FUNCTIONS[name]["CodeUri"] / "app.py").read_text(encoding="utf-8")
        assert 'return {"batchItemFailures": []}' in code
