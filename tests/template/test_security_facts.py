"""The template's protection against attackers, beyond test_template.py."""

from __future__ import annotations

import json
import tomllib
from datetime import timedelta
from typing import Any

import pytest
import yaml
from handover.pipeline.older_imports import WATERMARK_LAG_SECONDS
from handover.pipeline.sweep import APPROVAL_SECONDS
from handover.use_cases.tickets import FORM_SECONDS

from infra.template import PATH, load, resources
from tests.template.test_pins import AUDIT, DEVELOPMENT, is_met, pins
from tests.template.test_template import value_in

TEMPLATE = load()
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
BUCKETS = dict(resources(TEMPLATE, "AWS::S3::Bucket"))
QUEUES = dict(resources(TEMPLATE, "AWS::SQS::Queue"))
FUNCTIONS = dict(resources(TEMPLATE, "AWS::Serverless::Function"))
ROLES = dict(resources(TEMPLATE, "AWS::IAM::Role"))
DATA = ("UploadsBucket", "WorkBucket", "ReportsBucket")
DAY_SECONDS = timedelta(days=1).total_seconds()


def only(kind: str) -> dict[str, Any]:
    """The properties of the only resource of a type."""
    ((_, properties),) = resources(TEMPLATE, kind)
    return properties


def statements(role: str) -> dict[str, dict[str, Any]]:
    """The statements of a role by their Sid."""
    found = [s for p in ROLES[role]["Policies"] for s in p["PolicyDocument"]["Statement"]]
    assert len({s["Sid"] for s in found}) == len(found)
    return {s["Sid"]: s for s in found}


def policies(kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, statement)
        for name, properties in resources(TEMPLATE, kind)
        for statement in properties["PolicyDocument"]["Statement"]
    ]


# Files


@pytest.mark.parametrize("bucket", DATA)
def test_access_to_files_is_logged_in_another_bucket(bucket: str) -> None:
    logging = BUCKETS[bucket]["LoggingConfiguration"]

    assert logging["DestinationBucketName"] == {"Ref": "AccessLogsBucket"}
    prefixes = [BUCKETS[one]["LoggingConfiguration"]["LogFilePrefix"] for one in DATA]
    assert len(set(prefixes)) == len(DATA)


def test_only_s3_may_write_the_log_and_only_about_these_buckets() -> None:
    (statement,) = [
        s
        for name, s in policies("AWS::S3::BucketPolicy")
        if name == "AccessLogsBucketPolicy" and s["Effect"] == "Allow"
    ]

    assert statement["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert statement["Action"] == "s3:PutObject"
    assert statement["Condition"]["StringEquals"] == {
        "aws:SourceAccount": {"Ref": "AWS::AccountId"}
    }
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"] == [
        {"Fn::GetAtt": [bucket, "Arn"]} for bucket in DATA
    ]


def test_no_bucket_policy_admits_another_account() -> None:
    allowed = [name for name, s in policies("AWS::S3::BucketPolicy") if s["Effect"] == "Allow"]

    assert allowed == ["AccessLogsBucketPolicy"]


def test_a_bucket_denies_to_everybody_and_for_every_key() -> None:
    for name, statement in policies("AWS::S3::BucketPolicy"):
        if statement["Sid"] == "TlsOnly":
            bucket = name.removesuffix("Policy")
            assert statement["Action"] == "s3:*"
            assert statement["Resource"] == [
                {"Fn::GetAtt": [bucket, "Arn"]},
                {"Fn::Sub": f"${{{bucket}.Arn}}/*"},
            ]


def test_a_signature_may_be_only_a_little_older_than_the_life_of_a_form() -> None:
    """Ten minutes for a form of five: clocks may differ, but no form can be kept for later."""
    (statement,) = [
        s for _, s in policies("AWS::S3::BucketPolicy") if s["Sid"] == "NoOldSignatures"
    ]
    max_ms = statement["Condition"]["NumericGreaterThan"]["s3:signatureAge"]

    assert FORM_SECONDS <= 300
    assert FORM_SECONDS * 1000 < max_ms <= 2 * FORM_SECONDS * 1000
    assert statement["Action"] == "s3:PutObject"
    assert statement["Resource"] == {"Fn::Sub": "${UploadsBucket.Arn}/in/*"}


def test_unfinished_uploads_end_long_before_the_watermark_relies_on_it() -> None:
    """S3 may take a day more than the rule says; pipeline/older_imports.py relies on this."""
    for rule in BUCKETS["UploadsBucket"]["LifecycleConfiguration"]["Rules"]:
        assert "Prefix" not in rule
        assert "Filter" not in rule
    (abort,) = [
        rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
        for rule in BUCKETS["UploadsBucket"]["LifecycleConfiguration"]["Rules"]
        if "AbortIncompleteMultipartUpload" in rule
    ]

    assert abort == 1
    assert (abort + 1) * DAY_SECONDS < WATERMARK_LAG_SECONDS


def test_the_files_of_an_import_outlive_its_wait_for_an_admin() -> None:
    longest = APPROVAL_SECONDS + max(q["MessageRetentionPeriod"] for q in QUEUES.values())
    (kept,) = [
        rule["ExpirationInDays"]
        for rule in BUCKETS["WorkBucket"]["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in rule
    ]

    assert kept * DAY_SECONDS > longest


def test_a_file_and_its_results_finally_expire() -> None:
    kept = {
        bucket: rule["ExpirationInDays"]
        for bucket in BUCKETS
        for rule in BUCKETS[bucket]["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in rule
    }

    usual = {bucket: value_in("prod", days) for bucket, days in kept.items()}
    assert kept.keys() == BUCKETS.keys()
    assert max(usual.values()) <= 400
    assert usual["UploadsBucket"] <= usual["ReportsBucket"]
    # An import that waits for an Admin needs its file, and both outlive the work files.
    for name in ("UploadsDays", "ReportsDays"):
        assert TEMPLATE["Parameters"][name]["MinValue"] >= usual["WorkBucket"]


# Keys


def test_the_key_of_the_alarms_is_rotated_and_only_for_cloudwatch_of_this_account() -> None:
    key = only("AWS::KMS::Key")
    (service,) = [s for s in key["KeyPolicy"]["Statement"] if "Service" in s["Principal"]]

    assert key["EnableKeyRotation"] is True
    assert service["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert "kms:*" not in service["Action"]
    assert service["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }


def test_s3_sends_to_a_queue_whose_encryption_it_can_use() -> None:
    """Under a KMS key that does not admit S3, no event of an upload would arrive."""
    assert QUEUES["IntakeQueue"]["SqsManagedSseEnabled"] is True
    assert "KmsMasterKeyId" not in QUEUES["IntakeQueue"]


# Topics


def test_no_topic_policy_admits_another_account() -> None:
    for _, statement in policies("AWS::SNS::TopicPolicy"):
        if statement["Effect"] == "Allow":
            who = statement["Principal"]
            assert who != "*"
            if "Service" in who:
                assert "aws:SourceAccount" in json.dumps(statement["Condition"])
            else:
                assert who == {
                    "AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
                }
            assert "sns:*" not in statement["Action"]


def test_only_functions_that_end_imports_publish_and_only_to_topics_of_imports() -> None:
    """Each tenant has a topic of its own: none carries the notifications of several."""
    arn = "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:${AWS::StackName}"
    found = {
        (role, sid): statement["Resource"]
        for role in ROLES
        for sid, statement in statements(role).items()
        if "sns:" in json.dumps(statement["Action"])
    }

    of_tenants = {"Fn::Sub": f"{arn}-notifications-*"}
    allowed = [{"Ref": "NotificationsTopic"}, of_tenants]
    # The API, which reads and creates subscriptions, cannot use the operators' topic.
    assert found == {
        ("FinalizeRole", "Notify"): allowed,
        ("AbandonRole", "Notify"): allowed,
        ("ApiRole", "Subscribe"): of_tenants,
    }
    assert statements("ApiRole")["Subscribe"]["Action"] == [
        "sns:ListSubscriptionsByTopic",
        "sns:Subscribe",
    ]
    for name in ("FinalizeFunction", "AbandonFunction", "ApiFunction"):
        variables = FUNCTIONS[name]["Environment"]["Variables"]
        assert variables["TENANT_TOPICS"] == {"Fn::Sub": f"{arn}-notifications-"}
    assert TEMPLATE["Outputs"]["TenantTopics"]["Value"] == {"Fn::Sub": f"{arn}-notifications-"}


def test_links_begin_with_the_first_of_the_logout_urls() -> None:
    address = TEMPLATE["Outputs"]["ConsoleUrl"]["Value"]
    condition, first, usual = address["Fn::If"]
    linking = [
        name
        for name, one in resources(TEMPLATE, "AWS::Serverless::Function")
        if one.get("Environment", {}).get("Variables", {}).get("CONSOLE_URL") == address
    ]

    assert linking == ["FinalizeFunction", "AbandonFunction"]  # the functions that announce imports
    assert only("AWS::Cognito::UserPoolClient")["LogoutURLs"]["Fn::If"] == [
        condition,
        first["Fn::Select"][1],
        [usual],
    ]
    assert first["Fn::Select"][0] == 0


# Functions and roles


@pytest.mark.parametrize("role", ROLES)
def test_only_lambda_may_assume_the_role_of_a_function(role: str) -> None:
    (trust,) = ROLES[role]["AssumeRolePolicyDocument"]["Statement"]

    assert trust["Effect"] == "Allow"
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert trust["Action"] == "sts:AssumeRole"


@pytest.mark.parametrize("role", ROLES)
def test_only_traces_are_allowed_on_every_resource(role: str) -> None:
    for sid, statement in statements(role).items():
        if statement["Resource"] == "*":
            assert sid == "Traces"


@pytest.mark.parametrize("role", ROLES)
def test_no_role_may_create_or_pass_roles(role: str) -> None:
    services = {
        action.partition(":")[0]
        for statement in statements(role).values()
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }

    assert services <= {"cognito-idp", "dynamodb", "events", "logs", "s3", "sns", "sqs", "xray"}


def test_every_function_writes_only_its_own_log() -> None:
    for role in ROLES:
        own = role.replace("Role", "Logs")
        assert statements(role)["OwnLogs"] == {
            "Sid": "OwnLogs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::GetAtt": [own, "Arn"]},
        }


def test_functions_are_reached_from_the_internet_only_through_the_api() -> None:
    assert not [name for name, f in FUNCTIONS.items() if "FunctionUrlConfig" in f]
    permissions = [p for _, p in resources(TEMPLATE, "AWS::Lambda::Permission")]
    reached = [one["FunctionName"]["Ref"] for one in permissions]
    assert sorted(reached) == ["ApiFunction", "ConsoleFunction"]
    for permission in permissions:
        assert permission["Principal"] == "apigateway.amazonaws.com"
        assert permission["SourceArn"]["Fn::Sub"].endswith(":${AWS::AccountId}:${Api}/*")


def test_no_event_is_logged_and_no_function_is_debugged() -> None:
    """Powertools would log whole events, with file names, tokens and addresses."""
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    for function in FUNCTIONS.values():
        named = variables | function["Environment"]["Variables"]
        for name in ("POWERTOOLS_LOGGER_LOG_EVENT", "POWERTOOLS_DEV", "POWERTOOLS_DEBUG"):
            assert name not in named
        assert "LOG_LEVEL" not in named
        assert "POWERTOOLS_LOG_LEVEL" not in named


def test_no_function_gets_a_secret_as_a_variable() -> None:
    for name, function in FUNCTIONS.items():
        for variable, value in function["Environment"]["Variables"].items():
            assert isinstance(value, dict), f"{name} {variable} is written out"


def test_every_log_expires_within_a_quarter() -> None:
    for _, group in resources(TEMPLATE, "AWS::Logs::LogGroup"):
        assert max(TEMPLATE["Parameters"][group["RetentionInDays"]["Ref"]]["AllowedValues"]) <= 90


# The API


def test_the_issuer_is_the_pool_and_the_audience_its_one_client() -> None:
    authorizer = only("AWS::ApiGatewayV2::Authorizer")

    assert authorizer["JwtConfiguration"] == {
        "Issuer": {"Fn::Sub": "https://cognito-idp.${AWS::Region}.${AWS::URLSuffix}/${UserPool}"},
        "Audience": [{"Ref": "UserPoolClient"}],
    }
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    assert only("AWS::Cognito::UserPoolClient")["UserPoolId"] == {"Ref": "UserPool"}


def test_every_signed_in_route_uses_that_authorizer() -> None:
    for _, route in resources(TEMPLATE, "AWS::ApiGatewayV2::Route"):
        if route["AuthorizationType"] == "JWT":
            assert route["AuthorizerId"] == {"Ref": "ApiAuthorizer"}


def test_the_api_allows_no_other_origin() -> None:
    assert "CorsConfiguration" not in only("AWS::ApiGatewayV2::Api")


def test_browsers_may_upload_only_from_the_console_and_read_nothing() -> None:
    allowing = {
        name: one["CorsConfiguration"]
        for name, one in BUCKETS.items()
        if "CorsConfiguration" in one
    }
    (rule,) = allowing.pop("UploadsBucket")["CorsRules"]
    condition, given, (usual,) = rule["AllowedOrigins"]["Fn::If"]

    assert allowing == {}
    assert rule["AllowedMethods"] == ["POST"]
    assert (condition, given) == (
        "HasConsoleOrigins",
        {"Fn::Split": [",", {"Ref": "ConsoleOrigins"}]},
    )
    assert usual["Fn::Sub"].startswith("https://${Api}.execute-api.")


def test_the_api_is_limited_to_twenty_times_the_limit_of_a_tenant() -> None:
    stage = only("AWS::ApiGatewayV2::Stage")
    limit = TEMPLATE["Parameters"]["TenantRequestsASecond"]["Default"]
    rates = {route: one["ThrottlingRateLimit"] for route, one in stage["RouteSettings"].items()}

    # A tenant at its limit leaves nineteen twentieths to the others.
    assert 20 * limit <= stage["DefaultRouteSettings"]["ThrottlingRateLimit"] <= 1000
    assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] <= 2000
    assert rates == {
        "GET /openapi.json": 10,
        "GET /": 10,
        "ANY /console/{proxy+}": 200,
        "GET /accounts": 100,
        "POST /assignments": 50,
    }
    variables = FUNCTIONS["ApiFunction"]["Environment"]["Variables"]
    assert variables["TENANT_REQUESTS_A_SECOND"] == {"Ref": "TenantRequestsASecond"}


def test_a_route_with_a_limit_of_its_own_is_created_before_the_limit() -> None:
    routes = {
        name: one["RouteKey"] for name, one in resources(TEMPLATE, "AWS::ApiGatewayV2::Route")
    }
    ((stage, properties),) = resources(TEMPLATE, "AWS::ApiGatewayV2::Stage")

    assert set(RESOURCES[stage]["DependsOn"]) == set(routes)
    assert set(properties["RouteSettings"]) <= set(routes.values())


# People


def test_users_can_change_only_their_own_name() -> None:
    client = only("AWS::Cognito::UserPoolClient")

    assert client["WriteAttributes"] == ["name"]


def test_the_client_does_not_reveal_who_has_an_account_and_tokens_expire_soon() -> None:
    client = only("AWS::Cognito::UserPoolClient")

    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["EnableTokenRevocation"] is True
    assert client["TokenValidityUnits"] == {
        "IdToken": "minutes",
        "AccessToken": "minutes",
        "RefreshToken": "hours",
    }
    assert client["IdTokenValidity"] <= 60
    assert client["RefreshTokenValidity"] <= 24


def test_codes_of_an_authenticator_app_are_a_parameter() -> None:
    pool, parameter = only("AWS::Cognito::UserPool"), TEMPLATE["Parameters"]["Mfa"]

    assert (parameter["Default"], parameter["AllowedValues"]) == (
        "OPTIONAL",
        ["OFF", "OPTIONAL", "ON"],
    )
    assert pool["MfaConfiguration"] == {"Ref": "Mfa"}
    # Only TOTP: messages to telephones cost money and can be intercepted.
    expected = {"Fn::If": ["HasMfa", ["SOFTWARE_TOKEN_MFA"], {"Ref": "AWS::NoValue"}]}
    assert pool["EnabledMfas"] == expected


def test_browsers_sign_in_only_by_the_code_flow_and_programs_by_password() -> None:
    client = only("AWS::Cognito::UserPoolClient")

    assert client["GenerateSecret"] is False, "a public client proves itself by PKCE"
    assert client["AllowedOAuthFlowsUserPoolClient"] is True
    assert client["AllowedOAuthFlows"] == ["code"]
    assert "openid" in client["AllowedOAuthScopes"]
    assert client["ExplicitAuthFlows"] == ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    assert client["AuthSessionValidity"] == 3


def test_the_sign_in_pages_are_those_of_managed_login_and_lead_back_to_the_api() -> None:
    client, domain = only("AWS::Cognito::UserPoolClient"), only("AWS::Cognito::UserPoolDomain")
    style = RESOURCES["SignInStyle"]

    assert domain["ManagedLoginVersion"] == 2
    assert only("AWS::Cognito::UserPool")["UserPoolTier"] == "ESSENTIALS"
    assert style["Condition"] == "IsOnAws"
    assert style["Properties"]["UseCognitoProvidedValues"] is True
    for name, parameter in (("CallbackURLs", "CallbackUrls"), ("LogoutURLs", "LogoutUrls")):
        condition, given, (usual,) = client[name]["Fn::If"]
        assert (condition, given) == (
            f"Has{parameter}",
            {"Fn::Split": [",", {"Ref": parameter}]},
        )
        assert usual["Fn::Sub"].startswith("https://${Api}.execute-api.")


def test_passwords_are_long_and_mixed_and_temporary_ones_expire() -> None:
    policy = only("AWS::Cognito::UserPool")["Policies"]["PasswordPolicy"]

    assert policy["MinimumLength"] >= 10
    assert all(
        policy[name]
        for name in ("RequireLowercase", "RequireUppercase", "RequireNumbers", "RequireSymbols")
    )
    assert policy["TemporaryPasswordValidityDays"] <= 7


def test_outputs_contain_no_secret() -> None:
    outputs = json.dumps(TEMPLATE["Outputs"]).lower()

    assert not [word for word in ("secret", "password", 'key"') if word in outputs]


# The audit


def test_every_skipped_finding_of_the_scan_has_a_reason() -> None:
    lines = (PATH.parent / ".checkov.yaml").read_text(encoding="utf-8").splitlines()
    skipped = yaml.safe_load("\n".join(lines))["skip-check"]

    for check in skipped:
        place = lines.index(f"  - {check}")
        while lines[place - 1].startswith("  - "):
            place -= 1
        assert lines[place - 1].startswith("  # "), f"{check} is skipped without a reason"
    for name, resource in RESOURCES.items():
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
            assert len(skip["comment"]) > 20, name


def test_the_scanners_are_pinned_apart_from_the_development_tools() -> None:
    project = tomllib.loads((PATH.parent / "pyproject.toml").read_text(encoding="utf-8"))

    for required in project["dependency-groups"]["audit"]:
        assert is_met(required, AUDIT)
    assert not {"checkov", "bandit"} & set(pins(DEVELOPMENT))
