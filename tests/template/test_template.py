"""Facts about template.yaml that no scanner checks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import handover_console.settings
import pytest
from handover.batch import DELIVERIES_OF_ONE
from handover.pipeline.conversion import CSV, OUTCOME
from handover.pipeline.parking import GIVEN_UP, PARKED
from handover.rules.resending import TAKEN_SECONDS
from handover.store.jobs import JOB, RECHECK
from handover.store.user_places import USER

from infra.template import PATH, load, resources

TEMPLATE = load()
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
STAGES = TEMPLATE["Parameters"]["Stage"]["AllowedValues"]
DAY_SECONDS = 24 * 60 * 60

FUNCTIONS = dict(resources(TEMPLATE, "AWS::Serverless::Function"))
QUEUES = dict(resources(TEMPLATE, "AWS::SQS::Queue"))
BUCKETS = dict(resources(TEMPLATE, "AWS::S3::Bucket"))
TABLES = dict(resources(TEMPLATE, "AWS::DynamoDB::Table"))
TOPICS = dict(resources(TEMPLATE, "AWS::SNS::Topic"))
ROLES = dict(resources(TEMPLATE, "AWS::IAM::Role"))
LOG_GROUPS = dict(resources(TEMPLATE, "AWS::Logs::LogGroup"))

SOURCES = {name: queue for name, queue in QUEUES.items() if "RedrivePolicy" in queue}
DEAD_LETTERS = {name: queue for name, queue in QUEUES.items() if name not in SOURCES}


def value_in(stage: str, value: Any) -> Any:
    """The value of a number, a parameter or a look-up in a mapping in a stage."""
    if isinstance(value, dict) and value.get("Ref") in TEMPLATE["Parameters"]:
        return TEMPLATE["Parameters"][value["Ref"]]["Default"]
    if isinstance(value, dict) and "Fn::FindInMap" in value:
        mapping, key, entry = value["Fn::FindInMap"]
        assert key == {"Ref": "Stage"}
        return TEMPLATE["Mappings"][mapping][stage][entry]
    return value


def referred(value: Any) -> set[str]:
    """The logical ids that a value refers to."""
    text = json.dumps(value)
    names = set(re.findall(r'"Ref": "(\w+)"', text))
    names |= set(re.findall(r'"Fn::GetAtt": \["(\w+)"', text))
    names |= set(re.findall(r"\$\{(\w+)(?:\.\w+)?\}", text))
    return names & set(RESOURCES)


def sources_of(function: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The queues and streams that feed a function."""
    for event in function.get("Events", {}).values():
        if event["Type"] in ("SQS", "DynamoDB"):
            yield event["Properties"]


def reader_of(queue: str) -> str:
    """The function that reads a queue."""
    readers = [
        name
        for name, function in FUNCTIONS.items()
        for source in sources_of(function)
        if queue in referred(source.get("Queue"))
    ]
    assert len(readers) == 1, f"{queue} has the readers {readers}"
    return readers[0]


def role_of(function: str) -> str:
    """The logical id of a function's role."""
    (role,) = referred(FUNCTIONS[function]["Role"])
    return role


def statements(role: str) -> list[dict[str, Any]]:
    """Every statement of a role's policies."""
    return [s for policy in ROLES[role]["Policies"] for s in policy["PolicyDocument"]["Statement"]]


def actions(statement: dict[str, Any]) -> list[str]:
    """A statement's actions as a list."""
    named = statement["Action"]
    return [named] if isinstance(named, str) else list(named)


def policies_for(logical_id: str, kind: str, key: str) -> list[dict[str, Any]]:
    """The statements of the resource policies of a type that name a resource."""
    return [
        statement
        for _, properties in resources(TEMPLATE, kind)
        if logical_id in referred(properties[key])
        for statement in properties["PolicyDocument"]["Statement"]
    ]


def is_tls_only(found: list[dict[str, Any]]) -> bool:
    return any(
        statement["Effect"] == "Deny"
        and statement["Principal"] == "*"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in found
    )


# Queues


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("queue", QUEUES)
def test_a_message_stays_hidden_for_six_times_its_readers_timeout(queue: str, stage: str) -> None:
    visibility = value_in(stage, QUEUES[queue]["VisibilityTimeout"])
    timeout = value_in(stage, FUNCTIONS[reader_of(queue)]["Timeout"])

    assert visibility == 6 * timeout


@pytest.mark.parametrize("stage", STAGES)
def test_a_chunk_that_was_taken_counts_as_lost_only_after_its_message_should_have_returned(
    stage: str,
) -> None:
    visibility = value_in(stage, QUEUES["ChunksQueue"]["VisibilityTimeout"])
    timeout = value_in(stage, FUNCTIONS["AssignFunction"]["Timeout"])

    assert 2 * (visibility + timeout) <= TAKEN_SECONDS


def test_every_source_queue_has_a_dead_letter_queue_of_its_own() -> None:
    targets = [referred(queue["RedrivePolicy"]) for queue in SOURCES.values()]

    assert sorted(DEAD_LETTERS) == sorted(name for target in targets for name in target)


@pytest.mark.parametrize("queue", SOURCES)
def test_five_deliveries_are_tried_before_a_message_is_given_up(queue: str) -> None:
    assert SOURCES[queue]["RedrivePolicy"]["maxReceiveCount"] >= 5


@pytest.mark.parametrize(
    ("function", "queue", "variable"),
    [
        ("ValidateFunction", "IntakeQueue", "INTAKE_QUEUE_URL"),
        ("ConvertFunction", "ConvertQueue", "CONVERT_QUEUE_URL"),
        ("AssignFunction", "ChunksQueue", "CHUNKS_QUEUE_URL"),
        ("FinalizeFunction", "FinalizeQueue", "FINALIZE_QUEUE_URL"),
    ],
)
def test_a_function_that_meets_a_busy_service_may_put_off_its_own_message(
    function: str, queue: str, variable: str
) -> None:
    (statement,) = [s for s in statements(role_of(function)) if s["Sid"] == "PutOff"]

    assert reader_of(queue) == function
    assert FUNCTIONS[function]["Environment"]["Variables"][variable] == {"Ref": queue}
    assert set(actions(statement)) == {"sqs:ChangeMessageVisibility", "sqs:SendMessage"}
    assert statement["Resource"] == {"Fn::GetAtt": [queue, "Arn"]}
    assert SOURCES[queue]["RedrivePolicy"]["maxReceiveCount"] > DELIVERIES_OF_ONE


@pytest.mark.parametrize("queue", DEAD_LETTERS)
def test_abandon_reads_every_queue_of_dead_letters(queue: str) -> None:
    assert reader_of(queue) == "AbandonFunction"


def test_dead_letters_are_kept_days_longer_than_messages_of_their_source() -> None:
    longest = max(queue["MessageRetentionPeriod"] for queue in SOURCES.values())

    assert longest == 4 * DAY_SECONDS
    for queue in DEAD_LETTERS.values():
        assert queue["MessageRetentionPeriod"] == 14 * DAY_SECONDS


@pytest.mark.parametrize("queue", QUEUES)
def test_queues_are_encrypted(queue: str) -> None:
    assert QUEUES[queue]["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize("queue", QUEUES)
def test_queues_refuse_plain_http(queue: str) -> None:
    assert is_tls_only(policies_for(queue, "AWS::SQS::QueuePolicy", "Queues"))


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_has_one_policy_because_a_second_would_replace_it(queue: str) -> None:
    policies = [
        name
        for name, properties in resources(TEMPLATE, "AWS::SQS::QueuePolicy")
        if queue in referred(properties["Queues"])
    ]

    assert len(policies) == 1


def test_only_s3_of_this_account_may_send_to_intake_from_outside() -> None:
    allowed = [
        (name, statement)
        for name, properties in resources(TEMPLATE, "AWS::SQS::QueuePolicy")
        for statement in properties["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]

    ((name, statement),) = allowed
    assert name == "IntakeQueuePolicy"
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }


# Event sources


def test_every_source_reports_the_items_that_failed() -> None:
    for function in FUNCTIONS.values():
        for source in sources_of(function):
            assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("stage", STAGES)
def test_every_queue_limits_how_many_workers_it_feeds(stage: str) -> None:
    for function in FUNCTIONS.values():
        for source in sources_of(function):
            if "Queue" in source:
                workers = value_in(stage, source["ScalingConfig"]["MaximumConcurrency"])
                assert 2 <= workers <= 1000


@pytest.mark.parametrize("function", ["AssignFunction", "FinalizeFunction"])
def test_enough_messages_are_in_flight_for_a_fair_queue_to_put_a_busy_tenant_last(
    function: str,
) -> None:
    (source,) = (one for one in sources_of(FUNCTIONS[function]) if "Queue" in one)

    at_once = value_in("prod", source["ScalingConfig"]["MaximumConcurrency"])

    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
    assert at_once > 30


def test_a_slow_message_delays_no_other() -> None:
    for function in FUNCTIONS.values():
        for source in sources_of(function):
            if "Queue" in source:
                assert source["BatchSize"] == 1


@pytest.mark.parametrize(
    ("function", "event", "table"),
    [
        ("PublishFunction", "Accounts", "AccountsTable"),
        ("FollowFunction", "Directory", "DirectoryTable"),
        ("FollowFunction", "Jobs", "DirectoryTable"),
    ],
)
def test_a_stream_is_read_from_its_start_and_a_bad_record_is_separated_from_the_good(
    function: str, event: str, table: str
) -> None:
    source = FUNCTIONS[function]["Events"][event]["Properties"]

    assert source["StartingPosition"] == "TRIM_HORIZON"
    assert source["BisectBatchOnFunctionError"] is True
    # Records that the function cannot even park are written to the bucket before they expire.
    assert 0 < source["MaximumRetryAttempts"] <= 10_000
    assert 12 * 3600 <= source["MaximumRecordAgeInSeconds"] < DAY_SECONDS
    assert referred(source["DestinationConfig"]["OnFailure"]["Destination"]) == {"WorkBucket"}
    assert FUNCTIONS[function]["Environment"]["Variables"]["WORK_BUCKET"] == {"Ref": "WorkBucket"}
    parking = {
        (action, statement["Resource"]["Fn::Sub"])
        for statement in statements(role_of(function))
        if statement["Sid"] in ("Park", "GiveUp")
        for action in actions(statement)
    }
    name = Path(FUNCTIONS[function]["CodeUri"]).name
    assert parking == {
        (action, f"${{WorkBucket.Arn}}/{place}/*")
        for place in (f"{PARKED}/{name}", GIVEN_UP.rstrip("/"))
        for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
    }
    assert referred(source["Stream"]) == {table}
    assert TABLES[table]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.mark.parametrize(("event", "prefixes"), [("Directory", [USER, RECHECK]), ("Jobs", [JOB])])
def test_follow_reads_users_and_rechecks_beside_jobs(event: str, prefixes: list[str]) -> None:
    source = FUNCTIONS["FollowFunction"]["Events"][event]["Properties"]

    (pattern,) = source["FilterCriteria"]["Filters"]
    keys = json.loads(pattern["Pattern"])["dynamodb"]["Keys"]["sk"]["S"]
    assert [one["prefix"] for one in keys] == prefixes


def test_a_long_job_delays_as_few_others_as_aws_allows() -> None:
    source = FUNCTIONS["FollowFunction"]["Events"]["Jobs"]["Properties"]

    assert (source["BatchSize"], source["ParallelizationFactor"]) == (1, 10)
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
    readers = [
        read
        for function in FUNCTIONS.values()
        for read in sources_of(function)
        if read.get("Stream") == source["Stream"]
    ]
    assert len(readers) <= 2


def test_uploads_reach_intake_without_a_filter() -> None:
    (configuration,) = BUCKETS["UploadsBucket"]["NotificationConfiguration"]["QueueConfigurations"]

    assert configuration["Event"] == "s3:ObjectCreated:*"
    assert referred(configuration["Queue"]) == {"IntakeQueue"}
    assert "Filter" not in configuration
    assert RESOURCES["UploadsBucket"]["DependsOn"] == "IntakeQueuePolicy"


def test_a_scheduled_run_that_fails_leaves_a_record() -> None:
    """Schedules invoke asynchronously: without a destination a failed run leaves no trace."""
    scheduled = {
        name
        for name, function in FUNCTIONS.items()
        for event in function.get("Events", {}).values()
        if event["Type"] == "Schedule"
    }

    for name in scheduled:
        kept = FUNCTIONS[name]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
        assert kept == {"Type": "S3Bucket", "Destination": {"Fn::GetAtt": ["WorkBucket", "Arn"]}}
        rights = {s["Sid"]: s for s in statements(role_of(name))}
        assert rights["KeepFailedRuns"]["Resource"] == {
            "Fn::Sub": "${WorkBucket.Arn}/aws/lambda/async/*"
        }
        assert rights["KeepFailedRuns"]["Action"] == "s3:PutObject"


def test_sweep_runs_each_minute_and_a_failed_run_is_not_repeated() -> None:
    schedules = [event["Properties"] for event in FUNCTIONS["SweepFunction"]["Events"].values()]

    assert "rate(1 minute)" in {schedule["Schedule"] for schedule in schedules}
    assert all(s["RetryPolicy"] == {"MaximumRetryAttempts": 0} for s in schedules)


# Buckets


@pytest.mark.parametrize("bucket", BUCKETS)
def test_buckets_are_closed_to_the_public(bucket: str) -> None:
    blocked = BUCKETS[bucket]["PublicAccessBlockConfiguration"]

    assert set(blocked) == {
        "BlockPublicAcls",
        "BlockPublicPolicy",
        "IgnorePublicAcls",
        "RestrictPublicBuckets",
    }
    assert all(value is True for value in blocked.values())


@pytest.mark.parametrize("bucket", BUCKETS)
def test_buckets_refuse_plain_http(bucket: str) -> None:
    assert is_tls_only(policies_for(bucket, "AWS::S3::BucketPolicy", "Bucket"))


@pytest.mark.parametrize("bucket", BUCKETS)
def test_buckets_are_encrypted(bucket: str) -> None:
    (rule,) = BUCKETS[bucket]["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] in ("AES256", "aws:kms")


@pytest.mark.parametrize("bucket", BUCKETS)
def test_buckets_use_no_access_lists(bucket: str) -> None:
    assert BUCKETS[bucket]["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "BucketOwnerEnforced"}
    ]


@pytest.mark.parametrize("bucket", ["UploadsBucket", "ReportsBucket"])
def test_uploads_and_reports_are_versioned(bucket: str) -> None:
    assert BUCKETS[bucket]["VersioningConfiguration"] == {"Status": "Enabled"}


@pytest.mark.parametrize("bucket", BUCKETS)
def test_files_expire_and_unfinished_uploads_end_after_a_day(bucket: str) -> None:
    rules = BUCKETS[bucket]["LifecycleConfiguration"]["Rules"]

    assert any("ExpirationInDays" in rule for rule in rules)
    assert any(
        rule.get("AbortIncompleteMultipartUpload") == {"DaysAfterInitiation": 1} for rule in rules
    )
    assert all(rule["Status"] == "Enabled" for rule in rules)


def test_an_overwritten_upload_outlives_the_messages_that_may_need_it() -> None:
    rules = BUCKETS["UploadsBucket"]["LifecycleConfiguration"]["Rules"]
    longest_days = max(q["MessageRetentionPeriod"] for q in QUEUES.values()) / DAY_SECONDS

    (kept,) = [r["NoncurrentVersionExpiration"] for r in rules if "ExpirationInDays" in r]
    assert kept["NoncurrentDays"] > longest_days


def test_an_old_signature_cannot_write_an_upload() -> None:
    found = policies_for("UploadsBucket", "AWS::S3::BucketPolicy", "Bucket")

    (statement,) = [s for s in found if s["Sid"] == "NoOldSignatures"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"NumericGreaterThan": {"s3:signatureAge": 10 * 60 * 1000}}


# Tables


@pytest.mark.parametrize("table", TABLES)
def test_tables_can_be_restored_to_any_second(table: str) -> None:
    assert TABLES[table]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True


@pytest.mark.parametrize("table", TABLES)
def test_tables_are_encrypted(table: str) -> None:
    assert TABLES[table]["SSESpecification"]["SSEEnabled"] is True


@pytest.mark.parametrize("table", TABLES)
def test_tables_of_production_are_protected_from_deletion(table: str) -> None:
    assert TABLES[table]["DeletionProtectionEnabled"] == {"Fn::If": ["IsProd", True, False]}


@pytest.mark.parametrize("name", [*TABLES, *BUCKETS, "UserPool"])
def test_data_survives_the_stack(name: str) -> None:
    assert RESOURCES[name]["DeletionPolicy"] == "Retain"
    assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("table", TABLES)
def test_tables_are_billed_per_request(table: str) -> None:
    assert TABLES[table]["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize("table", ["AccountsTable", "HistoryTable", "PortfolioTable"])
def test_parameters_warm_and_bound_the_tables_of_a_first_load(table: str) -> None:
    """Both are unset by default: the capacity that a table has grown to is never reduced."""
    indexes = TABLES[table].get("GlobalSecondaryIndexes", [])
    absent = {"Ref": "AWS::NoValue"}

    for one in (TABLES[table], *indexes):
        condition, warm, usual = one["WarmThroughput"]["Fn::If"]
        assert (condition, usual) == ("IsWarmed", absent)
        assert warm == {
            "WriteUnitsPerSecond": {"Ref": "WarmWrites"},
            "ReadUnitsPerSecond": {"Ref": "WarmReads"},
        }
        condition, bound, usual = one["OnDemandThroughput"]["Fn::If"]
        assert (condition, usual) == ("IsBounded", absent)
        assert bound["MaxWriteRequestUnits"]["Fn::If"][0] == "HasMostWrites"
        assert bound["MaxReadRequestUnits"]["Fn::If"][0] == "HasMostReads"


def test_no_table_is_warmed_below_the_capacity_of_a_new_one() -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html"""
    parameters = TEMPLATE["Parameters"]

    for name, usual in (("WarmWrites", 4_000), ("WarmReads", 12_000)):
        assert parameters[name]["MinValue"] == parameters[name]["Default"] == usual
        assert str(usual) in json.dumps(TEMPLATE["Conditions"]["IsWarmed"])


def test_history_expires_only_if_a_parameter_says_so() -> None:
    variables = FUNCTIONS["PublishFunction"]["Environment"]["Variables"]

    assert TEMPLATE["Parameters"]["HistoryDays"]["Default"] == 0
    assert variables["HISTORY_DAYS"] == {"Ref": "HistoryDays"}
    assert TABLES["HistoryTable"]["TimeToLiveSpecification"] == {
        "AttributeName": "expires",
        "Enabled": True,
    }


def test_the_api_knows_how_long_results_are_kept() -> None:
    variables = FUNCTIONS["ApiFunction"]["Environment"]["Variables"]

    assert variables["REPORTS_DAYS"] == {"Ref": "ReportsDays"}


# Topics


@pytest.mark.parametrize("topic", TOPICS)
def test_topics_are_encrypted(topic: str) -> None:
    assert TOPICS[topic]["KmsMasterKeyId"]


@pytest.mark.parametrize("topic", TOPICS)
def test_topics_refuse_plain_http(topic: str) -> None:
    assert is_tls_only(policies_for(topic, "AWS::SNS::TopicPolicy", "Topics"))


def test_the_topic_of_alarms_has_a_key_that_cloudwatch_may_use() -> None:
    assert referred(TOPICS["AlarmsTopic"]) == {"AlarmsKey"}


# Functions


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_one_file_in_a_folder_named_after_its_action(name: str) -> None:
    folder = PATH.parent / FUNCTIONS[name]["CodeUri"]

    assert folder.name == name.removesuffix("Function").lower()
    assert [path.name for path in folder.iterdir() if path.is_file()] == ["app.py"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_a_log_group_that_expires(name: str) -> None:
    (group,) = referred(FUNCTIONS[name]["LoggingConfig"])

    assert LOG_GROUPS[group]["RetentionInDays"] == {"Ref": "LogsDays"}


def test_every_log_group_expires() -> None:
    assert all("RetentionInDays" in group for group in LOG_GROUPS.values())


def test_every_function_is_traced_on_arm_and_the_newest_python() -> None:
    shared = TEMPLATE["Globals"]["Function"]

    assert shared["Tracing"] == "Active"
    assert shared["Architectures"] == ["arm64"]
    assert shared["Runtime"] == "python3.13"
    assert not any({"Tracing", "Architectures", "Runtime"} & set(f) for f in FUNCTIONS.values())


def test_only_validate_has_numpy() -> None:
    carriers = [n for n, f in FUNCTIONS.items() if "NumpyLayer" in referred(f.get("Layers"))]

    assert carriers == ["ValidateFunction"]


def test_every_function_that_ends_imports_can_write_workbooks() -> None:
    carriers = [n for n, f in FUNCTIONS.items() if "WorkbooksLayer" in referred(f.get("Layers"))]

    assert carriers == ["FinalizeFunction", "AbandonFunction"]


def test_the_function_that_unpacks_workbooks_may_only_read_uploads_and_write_its_results() -> None:
    """It reads untrusted, compressed XML: it can use no table, no report and no other work file."""
    may = {
        (action, json.dumps(statement["Resource"]))
        for statement in statements(role_of("ConvertFunction"))
        for action in actions(statement)
        if action.partition(":")[0] not in ("logs", "xray")
    }
    queue, intake = (
        json.dumps({"Fn::GetAtt": [f"{one}Queue", "Arn"]}) for one in ("Convert", "Intake")
    )
    uploads = json.dumps({"Fn::GetAtt": ["UploadsBucket", "Arn"]})
    written = [{"Fn::Sub": f"${{WorkBucket.Arn}}/*/{name}"} for name in (CSV, OUTCOME)]

    assert may == {
        ("sqs:ReceiveMessage", queue),
        ("sqs:DeleteMessage", queue),
        ("sqs:GetQueueAttributes", queue),
        ("sqs:ChangeMessageVisibility", queue),
        ("sqs:SendMessage", queue),
        ("s3:GetObjectVersion", json.dumps({"Fn::Sub": "${UploadsBucket.Arn}/*"})),
        ("s3:ListBucket", uploads),
        ("s3:ListBucketVersions", uploads),
        ("s3:PutObject", json.dumps(written)),
        ("sqs:SendMessage", intake),
    }


def test_all_other_functions_import_without_numpy() -> None:
    others = [one["CodeUri"].replace("/", ".") for one in FUNCTIONS.values()]
    others.remove("functions.validate")
    modules = ", ".join(f"{one}.app" for one in others)
    script = f"import sys; sys.modules['numpy'] = None; import {modules}"

    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("stage", STAGES)
def test_validate_knows_the_time_limit_of_the_workers(stage: str) -> None:
    variables = FUNCTIONS["ValidateFunction"]["Environment"]["Variables"]
    text, values = variables["ASSIGN_TIMEOUT_SECONDS"]["Fn::Sub"]

    assert text == "${Seconds}"
    assert value_in(stage, values["Seconds"]) == value_in(
        stage, FUNCTIONS["AssignFunction"]["Timeout"]
    )


# Roles


def test_no_two_functions_share_a_role() -> None:
    roles = [role_of(name) for name in FUNCTIONS]

    assert sorted(roles) == sorted(set(roles)) == sorted(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_has_a_managed_policy(role: str) -> None:
    assert "ManagedPolicyArns" not in ROLES[role]


@pytest.mark.parametrize("role", ROLES)
def test_no_role_may_do_everything_or_touch_everything(role: str) -> None:
    for statement in statements(role):
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in actions(statement)), statement["Sid"]
        if not all(action.startswith("xray:") for action in actions(statement)):
            # Operators create topics of tenants under the name of the stack.
            is_of_stack = "${AWS::StackName}-" in json.dumps(statement["Resource"])
            assert referred(statement["Resource"]) or is_of_stack, statement["Sid"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_gets_the_variables_that_it_declares_and_no_others(name: str) -> None:
    given = FUNCTIONS[name]["Environment"]["Variables"]
    if name == "ConsoleFunction":
        # It imports nothing of the core; its settings read each variable or raise KeyError.
        source = Path(handover_console.settings.__file__).read_text(encoding="utf-8")
        needs = sorted(set(re.findall(r'os\.environ\["(\w+)"\]', source)))
    else:
        folder = FUNCTIONS[name]["CodeUri"].replace("/", ".")
        needs = sorted(import_module(f"{folder}.app").NEEDS)

    assert needs == sorted(given)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_may_use_only_what_its_environment_names(name: str) -> None:
    # The address of the API, for links, is no right.
    named = referred(FUNCTIONS[name].get("Environment", {})) - {"Api"}
    fed_by = {target for source in sources_of(FUNCTIONS[name]) for target in referred(source)}
    allowed = {
        target
        for statement in statements(role_of(name))
        for target in referred(statement["Resource"])
        if target not in LOG_GROUPS
    }

    kept_in = referred(FUNCTIONS[name].get("EventInvokeConfig", {}))
    if name == "ConsoleFunction":
        named = set()  # addresses, which need no right
    assert allowed == named | fed_by | kept_in


def test_the_console_may_write_its_log_and_traces_and_do_nothing_else() -> None:
    able = [actions(statement) for statement in statements("ConsoleRole")]

    assert able == [
        ["logs:CreateLogStream", "logs:PutLogEvents"],
        ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
    ]


def test_only_the_console_function_has_the_pages_of_the_console() -> None:
    carriers = [n for n, f in FUNCTIONS.items() if "ConsoleLayer" in referred(f.get("Layers"))]

    assert carriers == ["ConsoleFunction"]


def test_only_assign_and_single_edits_write_assignments() -> None:
    reading = {"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}
    streaming = {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"}
    writers: dict[str, set[str]] = {}
    for role in ROLES:
        for statement in statements(role):
            if "AccountsTable" in referred(statement["Resource"]):
                written = set(actions(statement)) - reading
                written -= {f"dynamodb:{action}" for action in streaming}
                if written:
                    writers[role] = written

    # All are conditional: updates on the account's version, and insertions, which only files make.
    assert writers == {
        "AssignRole": {"dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"},
        "ApiRole": {"dynamodb:PartiQLUpdate"},
    }


def test_only_publish_writes_history() -> None:
    writers = {
        role
        for role in ROLES
        for statement in statements(role)
        if "HistoryTable" in referred(statement["Resource"])
        and {"dynamodb:PutItem", "dynamodb:BatchWriteItem"} & set(actions(statement))
    }

    assert writers == {"PublishRole"}


def test_no_function_deletes_an_upload_a_report_or_an_account() -> None:
    for role in ROLES:
        for statement in statements(role):
            for action in actions(statement):
                if action.startswith("s3:Delete"):
                    # Parked records are deleted after their replay.
                    place = statement["Resource"]["Fn::Sub"]
                    assert role in ("PublishRole", "FollowRole")
                    assert place.startswith(
                        ("${WorkBucket.Arn}/parked/", "${WorkBucket.Arn}/aws/lambda/")
                    )
                if action == "dynamodb:DeleteItem":
                    assert referred(statement["Resource"]) == {"DirectoryTable"}


def test_only_finalize_and_abandon_write_reports_and_notify() -> None:
    for expected, target in (
        ("s3:PutObject", "ReportsBucket"),
        ("sns:Publish", "NotificationsTopic"),
    ):
        able = {
            role
            for role in ROLES
            for statement in statements(role)
            if expected in actions(statement) and target in referred(statement["Resource"])
        }
        assert able == {"FinalizeRole", "AbandonRole"}


def test_uploads_are_written_only_to_the_folder_of_tickets() -> None:
    able = [
        (role, statement["Resource"])
        for role in ROLES
        for statement in statements(role)
        if "s3:PutObject" in actions(statement)
        and "UploadsBucket" in referred(statement["Resource"])
    ]

    tickets = {"Fn::Sub": "${UploadsBucket.Arn}/in/*"}
    roles = ("FollowRole", "FinalizeRole", "AbandonRole", "ApiRole")
    assert able == [(role, tickets) for role in roles]


# People


def test_every_route_of_the_api_but_its_description_requires_a_signed_in_user() -> None:
    routes = {p["RouteKey"]: p for _, p in resources(TEMPLATE, "AWS::ApiGatewayV2::Route")}
    open_to_all = {key for key, one in routes.items() if one["AuthorizationType"] == "NONE"}
    led_to_console = {key for key, one in routes.items() if "ConsoleIntegration" in referred(one)}

    assert {one["AuthorizationType"] for one in routes.values()} == {"NONE", "JWT"}
    assert led_to_console == {"GET /", "ANY /console/{proxy+}"}
    assert open_to_all == {"GET /openapi.json"} | led_to_console
    assert "ANY /{proxy+}" in routes


def test_the_authorizer_accepts_tokens_of_this_pool_for_this_client() -> None:
    ((_, authorizer),) = resources(TEMPLATE, "AWS::ApiGatewayV2::Authorizer")

    assert authorizer["AuthorizerType"] == "JWT"
    assert referred(authorizer["JwtConfiguration"]["Issuer"]) == {"UserPool"}
    assert authorizer["JwtConfiguration"]["Audience"] == [{"Ref": "UserPoolClient"}]


def test_the_api_is_throttled_and_its_log_has_no_address() -> None:
    ((_, stage),) = resources(TEMPLATE, "AWS::ApiGatewayV2::Stage")
    settings = stage["DefaultRouteSettings"]

    assert settings["ThrottlingRateLimit"] > 0
    assert settings["ThrottlingBurstLimit"] > 0
    assert json.loads(stage["AccessLogSettings"]["Format"])
    for personal in ("email", "sourceIp", "identity", "$context.path"):
        assert personal not in stage["AccessLogSettings"]["Format"]


def test_only_administrators_create_users_and_set_tenant_and_email() -> None:
    ((_, pool),) = resources(TEMPLATE, "AWS::Cognito::UserPool")
    ((_, client),) = resources(TEMPLATE, "AWS::Cognito::UserPoolClient")

    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert not {"custom:tenant", "email"} & set(client["WriteAttributes"])
    assert {"custom:tenant", "email"} <= set(client["ReadAttributes"])
    assert client["GenerateSecret"] is False


def test_group_names_are_valid_in_cognito() -> None:
    for _, group in resources(TEMPLATE, "AWS::Cognito::UserPoolGroup"):
        assert re.fullmatch(r"\S+", group["GroupName"])


# The template as a whole


def test_no_resource_has_a_physical_name() -> None:
    names = {
        "BucketName",
        "FunctionName",
        "LayerName",
        "LogGroupName",
        "QueueName",
        "RoleName",
        "TableName",
        "TopicName",
        "UserPoolName",
        "AlarmName",
    }

    named = {
        name: set(resource.get("Properties", {})) & names
        for name, resource in RESOURCES.items()
        if resource["Type"] != "AWS::Lambda::Permission"  # its FunctionName is a reference
    }
    assert not {name for name, found in named.items() if found}


def test_every_parameter_is_used_and_described_and_has_a_default() -> None:
    """An existing stack can be deployed again without a question."""
    text = json.dumps({name: part for name, part in TEMPLATE.items() if name != "Parameters"})

    for name, parameter in TEMPLATE["Parameters"].items():
        assert f'{{"Ref": "{name}"}}' in text, name
        assert "Default" in parameter
        assert len(parameter["Description"]) > 20
    for condition in TEMPLATE["Conditions"]:
        assert f'"Condition": "{condition}"' in text or f'"Fn::If": ["{condition}"' in text


def test_an_updated_stack_still_writes_where_older_code_reads() -> None:
    parameter = TEMPLATE["Parameters"]["KeyLayout"]

    assert (parameter["Default"], parameter["AllowedValues"]) == (
        "together",
        ["together", "spread"],
    )
    readers = [
        name
        for name, resource in RESOURCES.items()
        if "KEY_LAYOUT"
        in resource.get("Properties", {}).get("Environment", {}).get("Variables", {})
    ]
    assert readers == ["PublishFunction"]
    assert TEMPLATE["Outputs"]["KeyLayout"]["Value"] == {"Ref": "KeyLayout"}


@pytest.mark.parametrize(
    ("arn", "is_taken"),
    [
        ("", True),
        ("arn:aws:ses:eu-west-1:123456789012:identity/handover@lumina.example", True),
        ("arn:aws-us-gov:ses:us-gov-west-1:123456789012:identity/a@b.example", True),
        # A domain is not an address to send from.
        ("arn:aws:ses:eu-west-1:123456789012:identity/lumina.example", False),
        ("handover@lumina.example", False),
    ],
)
def test_mails_are_sent_from_an_own_address_if_one_is_given(arn: str, is_taken: bool) -> None:
    parameter = TEMPLATE["Parameters"]["MailIdentityArn"]
    condition, own, usual = RESOURCES["UserPool"]["Properties"]["EmailConfiguration"]["Fn::If"]

    assert bool(re.fullmatch(parameter["AllowedPattern"], arn)) == is_taken
    assert parameter["Default"] == ""
    assert condition == "HasMailIdentity"
    assert own == {"EmailSendingAccount": "DEVELOPER", "SourceArn": {"Ref": "MailIdentityArn"}}
    assert usual == {"Ref": "AWS::NoValue"}


def test_outputs_have_what_the_contract_promises() -> None:
    promised = (
        "ApiUrl UploadsBucket ReportsBucket NotificationsTopicArn UserPoolId UserPoolClientId"
    )

    assert set(promised.split()) <= set(TEMPLATE["Outputs"])


def test_only_functions_end_in_function() -> None:
    assert all(
        name.endswith("Function") == (resource["Type"] == "AWS::Serverless::Function")
        for name, resource in RESOURCES.items()
    )


def depended_on(resource: dict[str, Any]) -> list[str]:
    """The resources that must exist first, without a reference to them."""
    named = resource.get("DependsOn", [])
    return [named] if isinstance(named, str) else list(named)


def test_no_resources_refer_to_each_other_in_a_circle() -> None:
    edges = {
        name: referred({k: v for k, v in resource.items() if k != "Type"})
        | set(depended_on(resource))
        for name, resource in RESOURCES.items()
    }

    while edges:
        leaves = {name for name, targets in edges.items() if not targets & set(edges)}
        assert leaves, f"a circle among {sorted(edges)}"
        edges = {name: targets for name, targets in edges.items() if name not in leaves}


def test_the_loader_reads_short_tags_as_their_long_form(tmp_path: Path) -> None:
    short = tmp_path / "template.yaml"
    short.write_text("a: !Ref X\nb: !GetAtt X.Arn\nc: !Sub ${X}\nd: !If [P, !Ref X, 2]\n")

    assert load(short) == {
        "a": {"Ref": "X"},
        "b": {"Fn::GetAtt": ["X", "Arn"]},
        "c": {"Fn::Sub": "${X}"},
        "d": {"Fn::If": ["P", {"Ref": "X"}, 2]},
    }


def test_the_audit_trail_is_append_only_for_everybody() -> None:
    (deny,) = TABLES["AuditTable"]["ResourcePolicy"]["PolicyDocument"]["Statement"]
    refused = {
        f"dynamodb:{action}"
        for action in ("UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate")
    } | {"dynamodb:PartiQLDelete"}

    assert (deny["Effect"], deny["Principal"]) == ("Deny", "*")
    assert "Condition" not in deny
    assert set(deny["Action"]) == refused
    for role in ROLES:
        allowed = {
            action
            for statement in statements(role)
            if "AuditTable" in referred(statement["Resource"])
            for action in actions(statement)
        }
        assert allowed <= {"dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:Query"}
