"""The stack on the embedded AWS with signatures and roles enforced: each function has its own role.

Other tests check what the emulator does not enforce: it reports no principal of a drop
(test_drops.py), lets users write attributes that their client may not, and knows no age of a
signature (both tests/template).
"""

from __future__ import annotations

import base64
import json
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from handover.reading.limits import MAX_FILE_BYTES

from infra import local, template
from tests.kit.deployed import (
    ADMIN,
    BACK_OFFICE,
    TENANT,
    Answer,
    DeployedStack,
    accounts_csv,
    http,
    post_form,
    until,
)
from tests.workbooks.builders import by_openpyxl

ROOT = Path(__file__).resolve().parents[2]
GOOD = accounts_csv(("KE100555", "amani.otieno@lumina.example"))
NEEMA = "neema.juma@lumina.example"
ROLES = tuple(name for name, _ in template.resources(template.load(), "AWS::IAM::Role"))
DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedStack]:
    home = tmp_path_factory.mktemp("guarded")
    stack = local.up(home=home, port=0, auth=True)
    try:
        deployed = DeployedStack(stack)
        seeded = deployed.handover("seed", str(ROOT / "events" / "directory"), "--tenant", TENANT)
        assert seeded.returncode == 0, seeded.stdout + seeded.stderr
        yield deployed
    finally:
        local.down(home=home)


# The form of a ticket


@pytest.fixture(scope="module")
def form(deployed: DeployedStack) -> dict[str, Any]:
    """The form of a ticket that is never used up, because every use of it is refused."""
    expected = {"profile": "single-strict", "filename": "m.csv", "mode": "run"}
    ticket: dict[str, Any] = deployed.api("POST", "/imports", as_=BACK_OFFICE, body=expected).json
    return ticket


def error_code(answer: Answer) -> str:
    text = answer.body.decode()
    return text.partition("<Code>")[2].partition("</Code>")[0]


def policy_of(fields: Mapping[str, str]) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(base64.b64decode(fields["policy"]))
    return policy


def encoded(policy: Mapping[str, Any]) -> str:
    return base64.b64encode(json.dumps(policy).encode()).decode()


def longer(fields: Mapping[str, str]) -> dict[str, str]:
    policy = policy_of(fields) | {"expiration": "2099-01-01T00:00:00Z"}
    return {**fields, "policy": encoded(policy)}


def wider(fields: Mapping[str, str]) -> dict[str, str]:
    policy = policy_of(fields)
    policy["conditions"] = [one for one in policy["conditions"] if "key" not in one]
    return {**fields, "policy": encoded(policy), "key": f"in/{TENANT}/mine.csv"}


def without(*names: str) -> Callable[[Mapping[str, str]], dict[str, str]]:
    return lambda fields: {name: value for name, value in fields.items() if name not in names}


def having(**changes: str) -> Callable[[Mapping[str, str]], dict[str, str]]:
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    return lambda fields: {**fields, **named}


ABUSES: dict[str, Callable[[Mapping[str, str]], dict[str, str]]] = {
    "another key": having(key=f"in/{TENANT}/mine.csv"),
    "another tenant's key": having(key="in/umbra/mine.csv"),
    "a drop": having(key=f"drop/{TENANT}/crm/mine.csv"),
    "a key that climbs": lambda f: {**f, "key": f["key"].replace(TENANT, f"{TENANT}/../umbra")},
    "a key that goes on": lambda f: {**f, "key": f["key"] + "/x"},
    "a key from the file's name": having(key="${filename}"),
    "another type": having(Content_Type="text/html"),
    "no type": without("Content-Type"),
    "another status": having(success_action_status="200"),
    "a redirection": having(success_action_redirect="https://evil.example/"),
    "a forged uploader": having(x_amz_meta_uploader=ADMIN),
    "a forged tenant": having(x_amz_meta_tenant="umbra"),
    "a public object": having(acl="public-read"),
    "another storage": having(x_amz_storage_class="GLACIER"),
    "a page to be led to": having(x_amz_website_redirect_location="https://evil.example/"),
    "a policy that lasts": longer,
    "a policy without the key": wider,
    "no policy": without("policy"),
    "no signature": without("x-amz-signature"),
    "another signature": having(x_amz_signature="0" * 64),
    "no session": without("x-amz-security-token"),
    "another session": having(x_amz_security_token="0" * 64),
    "another date": having(x_amz_date="20200101T000000Z"),
    "nobody at all": without(
        "policy", "x-amz-signature", "x-amz-credential", "x-amz-security-token"
    ),
}


@pytest.mark.parametrize("abuse", ABUSES)
def test_a_changed_form_is_refused(
    deployed: DeployedStack, form: dict[str, Any], abuse: str
) -> None:
    fields = ABUSES[abuse](form["upload"]["fields"])
    # Fields with an underscore of their own keep it.
    fields = {
        name.replace("success-action", "success_action").replace("_action-", "_action_"): value
        for name, value in fields.items()
    }

    answer = post_form(form["upload"]["url"], fields, GOOD)

    assert answer.status in (400, 403), answer.body
    assert deployed.import_(form["import_ticket"])["state"] == "awaiting_upload"


def test_an_empty_file_is_refused(form: dict[str, Any]) -> None:
    answer = post_form(form["upload"]["url"], form["upload"]["fields"], b"")

    assert (answer.status, error_code(answer)) == (400, "EntityTooSmall")


def test_the_policy_of_a_form_fixes_all_its_fields(form: dict[str, Any]) -> None:
    """The size is checked in the policy itself, without sending two gigabytes."""
    policy = policy_of(form["upload"]["fields"])

    key = f"in/{TENANT}/{form['import_ticket']}.csv"
    assert {"key": key} in policy["conditions"]
    assert {"Content-Type": "text/csv"} in policy["conditions"]
    assert ["content-length-range", 1, MAX_FILE_BYTES] in policy["conditions"]
    assert not [
        one
        for one in policy["conditions"]
        if isinstance(one, list) and one[0] != ("content-length-range")
    ]


@pytest.mark.parametrize("verb", ["PUT", "GET", "DELETE", "HEAD"])
@pytest.mark.parametrize("signed", [True, False])
def test_a_form_is_valid_only_for_a_post(form: dict[str, Any], verb: str, signed: bool) -> None:
    fields = form["upload"]["fields"]
    names = {name for name in fields if name.startswith("x-amz-")}
    query = "&".join(f"{name}={fields[name]}" for name in sorted(names)) if signed else ""

    answer = http(verb, f"{form['upload']['url']}/{fields['key']}?{query}", body=None)

    assert answer.status in (400, 403), answer.body


_sessions: dict[str, boto3.Session] = {}


def as_role(deployed: DeployedStack, role: str) -> boto3.Session:
    """A session under the role of a function.

    On AWS only Lambda may take it. The emulator enforces this too, so the test widens the trust;
    the permissions stay as deployed.
    """
    if role in _sessions:
        return _sessions[role]
    name = deployed.stack.resources[role]
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    deployed.client("iam").update_assume_role_policy(
        RoleName=name,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    taken = deployed.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::000000000000:role/{name}", RoleSessionName="intruder"
    )["Credentials"]
    _sessions[role] = boto3.Session(
        taken["AccessKeyId"],
        taken["SecretAccessKey"],
        taken["SessionToken"],
        region_name="us-east-1",
    )
    return _sessions[role]


def client_of(deployed: DeployedStack, session: boto3.Session, service: str) -> Any:
    made: Any = session
    settings = Config(signature_version="s3v4") if service == "s3" else Config()
    settings = settings.merge(Config(retries={"total_max_attempts": 1}))
    return made.client(service, endpoint_url=deployed.stack.endpoint_url, config=settings)


def test_a_form_is_limited_in_size_and_time(deployed: DeployedStack) -> None:
    """Forms as the API signs them, under the API's role, but tiny and valid for a second."""
    s3 = client_of(deployed, as_role(deployed, "ApiRole"), "s3")

    def sign(seconds: int, most: int) -> dict[str, Any]:
        form: dict[str, Any] = s3.generate_presigned_post(
            deployed.stack.outputs["UploadsBucket"],
            f"in/{TENANT}/tiny-{seconds}-{most}.csv",
            Conditions=[["content-length-range", 1, most]],
            ExpiresIn=seconds,
        )
        return form

    large = post_form(**_upload_of(sign(60, 8)), content=GOOD)
    brief = sign(1, 10_000)
    time.sleep(2.1)
    late = post_form(**_upload_of(brief), content=GOOD)

    assert (large.status, error_code(large)) == (400, "EntityTooLarge")
    assert (late.status, error_code(late)) == (403, "AccessDenied")


def _upload_of(form: Mapping[str, Any]) -> dict[str, Any]:
    return {"url": form["url"], "fields": form["fields"]}


def test_the_second_use_of_a_form_is_refused_and_changes_nothing(deployed: DeployedStack) -> None:
    expected = {"profile": "single-strict", "filename": "twice.csv", "mode": "run"}
    ticket = deployed.api("POST", "/imports", body=expected).json
    upload = ticket["upload"]
    assert post_form(upload["url"], upload["fields"], GOOD).status == 201
    first = deployed.ended(ticket["import_ticket"])

    second = accounts_csv(("KE100555", "brian.kiptoo@lumina.example"))
    assert post_form(upload["url"], upload["fields"], second).status == 201

    def replayed() -> dict[str, Any] | None:
        warnings = deployed.import_(first["import_id"])
        return warnings if warnings["warnings"] else None

    warnings = until(replayed, "the answer to the second upload")
    assert [one["code"] for one in warnings["warnings"]] == ["TICKET_REPLAYED"]
    assert deployed.manager("KE100555") == ["amani.otieno@lumina.example"]
    assert warnings | {"warnings": []} == first
    assert len(deployed.imports_of("twice.csv")) == 1


# Links


def test_a_report_is_a_file_to_save_and_only_its_link_gives_it(deployed: DeployedStack) -> None:
    ended = deployed.run(accounts_csv(("nobody", "x")), filename="été\u202e.csv")

    link = deployed.api("GET", f"/imports/{ended['import_id']}/report").headers["location"]

    answer = http("GET", link)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="ete-errors.csv"'
    assert http("GET", link.partition("?")[0]).status == 403
    assert http("GET", link.replace("errors.csv?", "results.csv?")).status == 403
    assert http("GET", link.replace("attachment", "inline")).status == 403
    assert http("GET", link.replace("X-Amz-Expires=300", "X-Amz-Expires=90000")).status == 403
    assert http("DELETE", link).status == 403


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer x.y.z", "Basic dXNlcjp4"])
def test_the_api_requires_a_token_of_the_pool(deployed: DeployedStack, token: str) -> None:
    headers = {"authorization": token} if token else {}

    assert http("GET", f"{deployed.stack.api_url}/imports", headers=headers).status == 401


def test_the_api_accepts_no_access_token(deployed: DeployedStack) -> None:
    answer = deployed.client("cognito-idp").initiate_auth(
        ClientId=deployed.stack.outputs["UserPoolClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": ADMIN, "PASSWORD": "Handover-1"},
    )
    token = answer["AuthenticationResult"]["AccessToken"]

    answer = http(
        "GET", f"{deployed.stack.api_url}/imports", headers={"authorization": f"Bearer {token}"}
    )

    assert answer.status in (401, 403)


# Every function under its own role


def test_a_whole_import_runs_under_the_roles_of_its_functions(deployed: DeployedStack) -> None:
    """API, validate, assign, finalize and publish each fail here if they lack a permission."""
    ended = deployed.run((ROOT / "events" / "uploads" / "pulse-sample.csv").read_bytes())

    assert ended["counts"]["updated"] > 20
    assert len(deployed.report(ended, "summary.json")) > 0
    changed = next(row for row in deployed.results(ended) if row["outcome"] == "updated")
    assert changed["after"]
    assert deployed.history("KE100842", 1)[0]["import_id"] == ended["import_id"]
    assert deployed.api("GET", "/portfolios/brian.kiptoo@lumina.example").json["accounts"]
    for name in ("IntakeDeadLetters", "ChunksDeadLetters", "FinalizeDeadLetters"):
        assert waiting_in(deployed, name) == 0


def waiting_in(deployed: DeployedStack, queue: str) -> int:
    attributes = deployed.client("sqs").get_queue_attributes(
        QueueUrl=deployed.stack.resources[queue], AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


def test_an_approved_import_in_utf_16_continues_under_the_roles(deployed: DeployedStack) -> None:
    content = (ROOT / "events" / "uploads" / "clears-many.csv").read_text(encoding="utf-8")
    ticket = deployed.upload(content.encode("utf-16"), as_=BACK_OFFICE)
    waiting = deployed.in_state(ticket, "awaiting_approval")

    answer = deployed.api("POST", f"/imports/{waiting['import_id']}/approve")

    assert answer.status == 202, answer.body
    assert deployed.ended(ticket)["counts"]["cleared"] > 10


def test_follow_undoes_an_import_under_its_role(deployed: DeployedStack) -> None:
    wrong = deployed.run(accounts_csv(("KE100100", "amani.otieno@lumina.example")))
    assert deployed.manager("KE100100") == ["amani.otieno@lumina.example"]

    answer = deployed.api("POST", f"/imports/{wrong['import_id']}/undo")

    assert answer.status == 202, answer.body
    assert deployed.ended(answer.json["import_ticket"])["counts"]["cleared"] == 1
    assert deployed.manager("KE100100") == []


def test_follow_handles_a_new_and_a_deleted_user_under_its_role(deployed: DeployedStack) -> None:
    """The user gets the waiting accounts, a file blocks the sign-in, a deletion removes both."""
    account, whose = "KE100107", urllib.parse.quote(NEEMA, safe="")

    def team() -> list[str]:
        found: dict[str, Any] = deployed.api("GET", f"/accounts/{account}").json["assigned"]
        return list(found.get("CSM", []))

    assert deployed.api("PUT", "/roles/CSM", body={"max_users": 1}).status == 200
    file = f"account ID,CSM___tid\r\n{account},{NEEMA}\r\n".encode()
    assert deployed.run(file, profile="role-team")["counts"]["pending"] == 1
    newcomer = {"email": NEEMA, "name": "Neema Juma", "roles": ["Sales"]}
    assert deployed.api("POST", "/users", body=newcomer).status == 201
    until(lambda: team() == [NEEMA], "the file that gives the newcomer what waits for them")
    until(lambda: deployed.api("GET", f"/portfolios/{whose}").json["accounts"], "the portfolio")

    status = f"email,roles,status\n{NEEMA},Admin,inactive\n".encode()
    assert deployed.run(status, profile="directory-users")["counts"]["updated"] == 1
    until(lambda: not sign_in(deployed, NEEMA)["Enabled"], "the sign-in to be barred")

    answer = deployed.api("DELETE", f"/users/{whose}")
    assert answer.status == 202, answer.body
    assert deployed.ended(answer.json["import_ticket"])["counts"]["cleared"] == 1
    assert team() == []
    assert sign_in(deployed, NEEMA) == {}


def sign_in(deployed: DeployedStack, email: str) -> dict[str, Any]:
    """The sign-in in the pool, empty when there is none."""
    pool = deployed.client("cognito-idp")
    try:
        found: dict[str, Any] = pool.admin_get_user(
            UserPoolId=deployed.stack.resources["UserPool"], Username=email
        )
    except pool.exceptions.UserNotFoundException:
        return {}
    return found


@pytest.mark.parametrize("sweep", ["imports", "uploads"])
def test_sweep_runs_under_its_role(deployed: DeployedStack, sweep: str) -> None:
    answer = deployed.client("lambda").invoke(
        FunctionName=deployed.stack.resources["SweepFunction"],
        Payload=json.dumps({"sweep": sweep}),
    )

    assert "FunctionError" not in answer, answer["Payload"].read()


def test_abandon_settles_a_dead_letter_under_its_role(deployed: DeployedStack) -> None:
    """The file's event was never sent, as if validate had failed five times."""
    s3, uploads = deployed.client("s3"), deployed.stack.outputs["UploadsBucket"]
    key = f"drop/{TENANT}/crm/given-up.csv"
    silent = s3.get_bucket_notification_configuration(Bucket=uploads)
    silent.pop("ResponseMetadata")
    s3.put_bucket_notification_configuration(Bucket=uploads, NotificationConfiguration={})
    try:
        version = s3.put_object(Bucket=uploads, Key=key, Body=GOOD)["VersionId"]
    finally:
        s3.put_bucket_notification_configuration(Bucket=uploads, NotificationConfiguration=silent)
    arrival = {
        "bucket": uploads,
        "key": key,
        "version_id": version,
        "at": time.time(),
        "sequencer": "",
        "principal": "EXAMPLE",
    }

    deployed.client("sqs").send_message(
        QueueUrl=deployed.stack.resources["IntakeDeadLetters"],
        MessageBody=json.dumps({"v": 1, "arrival": arrival}),
    )

    found = until(lambda: deployed.imports_of("given-up.csv"), "the import of the dead letter")[0]
    assert deployed.ended(found["import_id"])["refusal"]["code"] == "NOT_VALIDATED"


# What no function may do


FORBIDDEN: list[tuple[str, str, str, dict[str, Any]]] = [
    ("ValidateRole", "s3", "put_object", {"Bucket": "UploadsBucket", "Key": "in/x", "Body": b""}),
    ("ValidateRole", "s3", "get_object", {"Bucket": "ReportsBucket", "Key": "x"}),
    ("ValidateRole", "sqs", "receive_message", {"QueueUrl": "ChunksQueue"}),
    ("ValidateRole", "dynamodb", "scan", {"TableName": "DirectoryTable"}),
    ("ValidateRole", "dynamodb", "delete_item", {"TableName": "ImportsTable"}),
    ("AssignRole", "s3", "put_object", {"Bucket": "UploadsBucket", "Key": "in/x", "Body": b""}),
    ("AssignRole", "s3", "get_object", {"Bucket": "UploadsBucket", "Key": "elsewhere/x"}),
    ("AssignRole", "s3", "put_object", {"Bucket": "ReportsBucket", "Key": "x", "Body": b""}),
    ("AssignRole", "s3", "delete_object", {"Bucket": "UploadsBucket", "Key": "in/x"}),
    ("AssignRole", "dynamodb", "put_item", {"TableName": "AccountsTable"}),
    ("AssignRole", "dynamodb", "delete_item", {"TableName": "AccountsTable"}),
    ("AssignRole", "dynamodb", "scan", {"TableName": "AccountsTable"}),
    ("AssignRole", "dynamodb", "delete_item", {"TableName": "DirectoryTable"}),
    ("AssignRole", "dynamodb", "put_item", {"TableName": "HistoryTable"}),
    ("PublishRole", "s3", "get_object", {"Bucket": "UploadsBucket", "Key": "in/x"}),
    ("PublishRole", "s3", "get_object", {"Bucket": "ReportsBucket", "Key": "x"}),
    ("PublishRole", "dynamodb", "query", {"TableName": "DirectoryTable"}),
    ("PublishRole", "dynamodb", "put_item", {"TableName": "AccountsTable"}),
    ("PublishRole", "dynamodb", "delete_item", {"TableName": "HistoryTable"}),
    ("FollowRole", "s3", "put_object", {"Bucket": "UploadsBucket", "Key": "drop/x", "Body": b""}),
    ("FollowRole", "s3", "get_object", {"Bucket": "UploadsBucket", "Key": "in/x"}),
    ("FollowRole", "s3", "delete_object", {"Bucket": "UploadsBucket", "Key": "in/x"}),
    ("FollowRole", "s3", "put_object", {"Bucket": "ReportsBucket", "Key": "x", "Body": b""}),
    ("FollowRole", "dynamodb", "get_item", {"TableName": "AccountsTable"}),
    ("FollowRole", "dynamodb", "put_item", {"TableName": "AccountsTable"}),
    ("FollowRole", "dynamodb", "put_item", {"TableName": "PortfolioTable"}),
    ("FollowRole", "dynamodb", "delete_item", {"TableName": "ImportsTable"}),
    ("FollowRole", "dynamodb", "scan", {"TableName": "DirectoryTable"}),
    ("FollowRole", "sqs", "send_message", {"QueueUrl": "IntakeQueue", "MessageBody": "x"}),
    ("FollowRole", "cognito-idp", "admin_create_user", {"UserPoolId": "UserPool", "Username": "x"}),
    ("FollowRole", "cognito-idp", "list_users", {"UserPoolId": "UserPool"}),
    ("FinalizeRole", "s3", "get_object", {"Bucket": "UploadsBucket", "Key": "in/x"}),
    ("FinalizeRole", "s3", "get_object", {"Bucket": "ReportsBucket", "Key": "x"}),
    ("FinalizeRole", "dynamodb", "get_item", {"TableName": "AccountsTable"}),
    ("FinalizeRole", "dynamodb", "get_item", {"TableName": "DirectoryTable"}),
    ("FinalizeRole", "sqs", "send_message", {"QueueUrl": "ChunksQueue", "MessageBody": "x"}),
    ("AbandonRole", "s3", "put_object", {"Bucket": "UploadsBucket", "Key": "drop/x", "Body": b""}),
    ("AbandonRole", "dynamodb", "put_item", {"TableName": "AccountsTable"}),
    ("AbandonRole", "sqs", "send_message", {"QueueUrl": "ChunksQueue", "MessageBody": "x"}),
    ("SweepRole", "s3", "get_object", {"Bucket": "UploadsBucket", "Key": "in/x"}),
    ("SweepRole", "dynamodb", "get_item", {"TableName": "AccountsTable"}),
    ("SweepRole", "dynamodb", "put_item", {"TableName": "ImportsTable"}),
    ("SweepRole", "dynamodb", "get_item", {"TableName": "DirectoryTable"}),
    ("ApiRole", "s3", "put_object", {"Bucket": "UploadsBucket", "Key": "drop/x", "Body": b""}),
    ("ApiRole", "s3", "get_object", {"Bucket": "UploadsBucket", "Key": "in/x"}),
    ("ApiRole", "s3", "list_objects_v2", {"Bucket": "UploadsBucket"}),
    ("ApiRole", "s3", "delete_object", {"Bucket": "ReportsBucket", "Key": "x"}),
    ("ConvertRole", "s3", "get_object", {"Bucket": "ReportsBucket", "Key": "x"}),
    ("ConsoleRole", "s3", "get_object", {"Bucket": "UploadsBucket", "Key": "x"}),
    ("ConsoleRole", "dynamodb", "get_item", {"TableName": "DirectoryTable"}),
    ("ApiRole", "s3", "put_object", {"Bucket": "ReportsBucket", "Key": "x", "Body": b""}),
    ("ApiRole", "dynamodb", "put_item", {"TableName": "AccountsTable"}),
    ("ApiRole", "dynamodb", "update_item", {"TableName": "AccountsTable"}),
    ("ApiRole", "dynamodb", "scan", {"TableName": "DirectoryTable"}),
    ("ApiRole", "dynamodb", "put_item", {"TableName": "HistoryTable"}),
    ("ApiRole", "dynamodb", "scan", {"TableName": "ImportsTable"}),
    ("ApiRole", "sqs", "send_message", {"QueueUrl": "FinalizeQueue", "MessageBody": "x"}),
    ("SweepRole", "sns", "publish", {"TopicArn": "NotificationsTopic", "Message": "x"}),
    ("AssignRole", "sns", "publish", {"TopicArn": "NotificationsTopic", "Message": "x"}),
    ("FollowRole", "sns", "publish", {"TopicArn": "NotificationsTopic", "Message": "x"}),
    ("ApiRole", "sns", "publish", {"TopicArn": "NotificationsTopic", "Message": "x"}),
    ("FinalizeRole", "sns", "publish", {"TopicArn": "AlarmsTopic", "Message": "x"}),
    ("ApiRole", "cognito-idp", "list_users", {"UserPoolId": "UserPool"}),
    *((role, "iam", "list_roles", {}) for role in ROLES),
    *((role, "sqs", "purge_queue", {"QueueUrl": "IntakeQueue"}) for role in ROLES),
]
# The same calls for permissions that a function needs: they show that the calls themselves work.
NEEDED: list[tuple[str, str, str, dict[str, Any]]] = [
    ("ValidateRole", "s3", "put_object", {"Bucket": "WorkBucket", "Key": "x", "Body": b"x"}),
    ("AssignRole", "s3", "put_object", {"Bucket": "WorkBucket", "Key": "x", "Body": b"x"}),
    ("AssignRole", "dynamodb", "get_item", {"TableName": "ImportsTable"}),
    ("FollowRole", "s3", "list_object_versions", {"Bucket": "UploadsBucket"}),
    ("FollowRole", "dynamodb", "get_item", {"TableName": "DirectoryTable"}),
    ("FollowRole", "dynamodb", "get_item", {"TableName": "ImportsTable"}),
    ("FinalizeRole", "s3", "put_object", {"Bucket": "ReportsBucket", "Key": "x", "Body": b"x"}),
    ("SweepRole", "s3", "list_object_versions", {"Bucket": "UploadsBucket"}),
    ("ApiRole", "s3", "put_object", {"Bucket": "UploadsBucket", "Key": "in/-/x", "Body": b"x"}),
    ("ApiRole", "dynamodb", "get_item", {"TableName": "DirectoryTable"}),
    ("ValidateRole", "sqs", "send_message", {"QueueUrl": "FinalizeQueue", "MessageBody": "{}"}),
]


def call(
    deployed: DeployedStack, role: str, service: str, operation: str, given: dict[str, Any]
) -> Any:
    """Calls AWS under the role of a function, with logical ids in the place of names."""
    named = deployed.stack.resources
    given = {
        name: named.get(value, value) if isinstance(value, str) else value
        for name, value in given.items()
    }
    if service == "dynamodb" and operation.endswith("_item"):
        key = {"pk": {"S": "intruder"}}
        if "AccountsTable" not in given["TableName"]:
            key["sk"] = {"N": "1"} if "HistoryTable" in given["TableName"] else {"S": "x"}
        given["Item" if operation == "put_item" else "Key"] = key
    return getattr(client_of(deployed, as_role(deployed, role), service), operation)(**given)


@pytest.mark.parametrize(
    ("role", "service", "operation", "given"),
    FORBIDDEN,
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else value,
)
def test_a_role_is_denied_what_its_function_does_not_need(
    deployed: DeployedStack, role: str, service: str, operation: str, given: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as raised:
        call(deployed, role, service, operation, dict(given))

    assert raised.value.response["Error"]["Code"] in DENIED


@pytest.mark.parametrize(("role", "service", "operation", "given"), NEEDED)
def test_a_role_allows_what_its_function_needs(
    deployed: DeployedStack, role: str, service: str, operation: str, given: dict[str, Any]
) -> None:
    call(deployed, role, service, operation, dict(given))


@pytest.mark.parametrize("role", ROLES)
def test_only_lambda_can_assume_the_role_of_a_function(deployed: DeployedStack, role: str) -> None:
    answer = deployed.client("cloudformation").get_template(StackName=deployed.stack.name)
    body = answer["TemplateBody"]
    template = json.loads(body) if isinstance(body, str) else body

    (statement,) = template["Resources"][role]["Properties"]["AssumeRolePolicyDocument"][
        "Statement"
    ]

    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


# The logs of the functions


def test_the_logs_of_all_functions_contain_no_address(deployed: DeployedStack) -> None:
    """After all tests above, a workbook and a page: the log of each function in CloudWatch."""
    deployed.run(by_openpyxl([("account ID", "account Manager"), ("none", "x")]), filename="a.xlsx")
    http("GET", f"{deployed.stack.api_url}/console/home")
    for line in until(lambda: lines_of_all(deployed), "lines of every function"):
        for trace in ("@", "lumina.example", "KE100", "X-Amz-", "Bearer", "eyJ"):
            assert trace not in line, line


def lines_of_all(deployed: DeployedStack) -> list[str]:
    """The log lines of all functions; none while one of them has none.

    A line appears when its invocation has ended, perhaps after the actions that follow from it.
    """
    pages = deployed.client("logs").get_paginator("filter_log_events")
    lines: list[str] = []
    for name in ROLES:
        group = deployed.stack.resources[name.replace("Role", "Logs")]
        own = [
            event["message"]
            for page in pages.paginate(logGroupName=group)
            for event in page["events"]
        ]
        if not own:
            return []
        lines += own
    return lines
