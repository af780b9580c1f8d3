"""Busy services: whichever call is refused, for however long, nothing is lost and all ends."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import handover
import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from handover import batch, deadline, sdk
from handover.access.allowances import forget
from handover.aws import clients
from handover.batch import DELIVERIES_OF_ONE, LONGEST_DELAY_SECONDS, MAX_PUT_OFFS
from handover.deadline import OF_MESSAGES, OF_REQUESTS, RESERVE_SECONDS, CallLimits, Deadline
from handover.errors import RetryLaterError
from handover.store.chunks import ChunkItem
from handover.store.connection import Model, client
from pynamodb.models import Model as PynamodbModel

from functions.api import app as api_app
from functions.assign import app as assign
from functions.finalize import app as finalize
from functions.follow import app as follow
from functions.publish import app as publish
from functions.sweep import app as sweep
from functions.validate import app as validate
from tests.kit.caller import LambdaContext
from tests.kit.jobs import api, ask_removal
from tests.kit.memory_aws import ServiceError, Twist
from tests.kit.payloads import load_event
from tests.kit.pipeline import (
    ADMIN,
    AMINA,
    BARAKA,
    DAY,
    ROLE,
    TENANT,
    Pipeline,
    file_of,
    import_id,
    s3_event,
    with_body,
)

CLIENTS = (clients.s3, clients.sqs, clients.sns, clients.events, clients.cognito, client)
DYNAMODB = (
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionInProgressException",
)


@dataclass
class Refusing:
    """Refuses every call of one operation and counts them; without an operation it only counts."""

    pipeline: Pipeline
    operation: str = ""
    error: Callable[[], Exception] = lambda: ServiceError("ThrottlingException", "Rate exceeded")
    times: int = 1_000_000
    seen: int = 0
    operations: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Refusing:
        self.pipeline.memory.hook = self
        return self

    def __exit__(self, *_error: object) -> None:
        self.pipeline.memory.hook = None

    def before(
        self, _number: int, _service: str, operation: str, _params: dict[str, Any]
    ) -> Twist | None:
        self.operations[operation] = self.operations.get(operation, 0) + 1
        if operation == self.operation:
            self.seen += 1
            if self.seen <= self.times:
                raise self.error()
        return None

    def after(self, *_operation: object) -> None:
        return None


Step = tuple[str, Callable[[Pipeline], object]]


def prepared(pipeline: Pipeline) -> Any:
    """An upload of two lines, one of them bad, so that every function has work."""
    pipeline.kenyan(3, held_by=BARAKA)
    pipeline.publish()
    pipeline.follow()
    return pipeline.upload(file_of([("K000", AMINA), ("K001", AMINA), ("K009", AMINA)]))


def run_of(function: str, pipeline: Pipeline, created: Any) -> tuple[Any, dict[str, Any]]:
    """The handler and the event of the next run of a function."""
    chunk = {"v": 1, "import_id": import_id(created), "chunk": 1}
    match function:
        case "validate":
            return validate.lambda_handler, s3_event(created)
        case "assign":
            return assign.lambda_handler, with_body("assign-chunk", chunk)
        case "finalize":
            body = {"v": 1, "import_id": import_id(created)}
            return finalize.lambda_handler, with_body("finalize-import", body)
        case "publish":
            return publish.lambda_handler, pipeline.drained("AccountsTable")
        case "follow":
            ask_removal(pipeline, AMINA)
            return follow.lambda_handler, pipeline.drained("DirectoryTable")
        case _:
            return sweep.lambda_handler, load_event(function)


ORDER = ("validate", "assign", "finalize", "publish", "follow")


def up_to(function: str, pipeline: Pipeline) -> tuple[Any, Any, dict[str, Any]]:
    """An import that all functions before this one have processed, and this one's next run."""
    created = prepared(pipeline)
    for before in ORDER:
        if before == function or function.startswith("sweep"):
            break
        handler, event = run_of(before, pipeline, created)
        assert pipeline.invoke(handler, event) == []
    if function.startswith("sweep"):
        assert pipeline.validate(created) == []
        pipeline.clock.now += 3600
    return (created, *run_of(function, pipeline, created))


def operations_of(pipeline: Pipeline, run: Callable[[], object]) -> list[str]:
    """The operations that a run calls; the state is restored afterwards."""
    before = pipeline.memory.snapshot()
    with Refusing(pipeline) as listing:
        run()
    pipeline.memory.restore(before)
    pipeline.forget()
    return list(listing.operations)


@pytest.mark.parametrize("function", ["validate", "assign", "finalize"])
def test_a_message_that_meets_a_busy_service_is_returned_soon_and_loses_no_line(
    pipeline: Pipeline, function: str
) -> None:
    created, handler, event = up_to(function, pipeline)
    start = pipeline.memory.snapshot()

    for operation in operations_of(pipeline, lambda: pipeline.invoke(handler, event)):
        pipeline.memory.restore(start)
        pipeline.memory.sqs.outbox.clear()
        with Refusing(pipeline, operation) as refusing:
            failed = pipeline.invoke(handler, event, 30.0)
        assert refusing.seen > 3, f"{operation} was not waited for"
        again, seconds = event, 0
        if failed:
            ((_, _, seconds),) = pipeline.memory.sqs.visibility[-1:]
            assert 0 < seconds <= LONGEST_DELAY_SECONDS
        else:
            # A line was decided before the table was busy, so the chunk has made progress.
            (message,) = pipeline.waiting("ChunksQueue")
            assert message["handed_on"] == 1
            again = with_body("assign-chunk", message)

        # A lease that could not be freed ends by itself.
        pipeline.clock.now += seconds if operation != "UpdateItem" else 60
        pipeline.memory.sqs.outbox.clear()
        assert pipeline.invoke(handler, again) == [], f"{operation}: the lease was freed"
        for later in ORDER[ORDER.index(function) + 1 : 3]:
            assert pipeline.invoke(*run_of(later, pipeline, created)) == []
        assert pipeline.counts(created) == {"lines": 3, "updated": 2, "rejected": 1}, operation


@pytest.mark.parametrize("function", ["publish", "follow", "sweep-imports", "sweep-uploads"])
def test_a_function_without_a_message_raises_retry_later(pipeline: Pipeline, function: str) -> None:
    _, handler, event = up_to(function, pipeline)
    start = pipeline.memory.snapshot()

    for operation in operations_of(pipeline, lambda: pipeline.invoke(handler, event)):
        pipeline.memory.restore(start)
        with Refusing(pipeline, operation) as refusing, pytest.raises(RetryLaterError):
            pipeline.invoke(handler, event, 30.0)
        assert refusing.seen > 3, operation
        pipeline.invoke(handler, event)


REQUESTS: tuple[tuple[str, str, object], ...] = (
    ("GET", "/accounts", None),
    ("GET", "/accounts/K000", None),
    ("GET", "/accounts/K000/history", None),
    ("GET", "/imports", None),
    ("GET", "/portals/P/managers", None),
    ("GET", "/pending", None),
    ("GET", f"/portfolios/{AMINA}", None),
    ("GET", "/profiles", None),
    ("GET", "/requests", None),
    ("GET", "/roles", None),
    ("GET", "/settings", None),
    ("GET", "/sources", None),
    ("GET", "/users", None),
    ("GET", f"/users/{AMINA}", None),
    ("GET", "/workflows", None),
    ("PATCH", "/accounts/K000", {"profile": "single-strict", "assign": {ROLE: [AMINA]}}),
    ("PATCH", "/settings", {"clear_guard_percent": 7}),
    ("POST", "/imports", {"filename": "a.csv", "profile": "single-strict"}),
    ("POST", "/requests", {"account_id": "K000", "subject": "a", "description": "b"}),
    ("POST", "/users", {"email": "new@lumina.example", "name": "New", "roles": ["Sales"]}),
    ("POST", "/users/delete", {"emails": [AMINA]}),
    ("POST", "/assignments", {"profile": "single-strict", "held_by": BARAKA, "to": AMINA}),
    ("PUT", "/roles/deputy", {"max_users": 2}),
    ("PUT", "/workflows/Export", None),
)


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS, ids=lambda one: str(one)[:24])
def test_a_busy_api_answers_when_to_ask_again(
    pipeline: Pipeline, method: str, path: str, body: object
) -> None:
    pipeline.kenyan(1, held_by=BARAKA)
    start = pipeline.memory.snapshot()
    caller = api(pipeline, ADMIN)
    operations = operations_of(pipeline, lambda: caller.request(method, path, body))
    assert operations

    for operation in operations:
        pipeline.memory.restore(start)
        with Refusing(pipeline, operation):
            answer = caller.request(method, path, body)
        assert (answer.status, answer.headers["retry-after"]) == (
            503,
            str(api_app.RETRY_AFTER_SECONDS),
        ), (operation, answer.text)


def test_a_request_that_cannot_be_counted_is_answered_at_once(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENANT_REQUESTS_A_SECOND", "1")
    forget()
    caller = api(pipeline, ADMIN)

    with Refusing(pipeline, "UpdateItem") as refusing:
        answer = caller.get("/settings")

    assert (answer.status, refusing.seen, pipeline.clock.slept) == (200, 1, [])


def test_each_request_waits_only_within_its_own_time_limit(pipeline: Pipeline) -> None:
    """It does not matter what the function did before, or whether the route reads its deadline."""
    caller = api(pipeline, ADMIN)
    for before in (None, Deadline(pipeline.clock.now - 100)):
        deadline.begin(before)
        with Refusing(pipeline, "GetItem", times=3):
            assert caller.get("/settings").status == 200

        deadline.begin(before)
        began = pipeline.clock.now
        with Refusing(pipeline, "GetItem"):
            assert caller.get("/settings").status == 503
        assert pipeline.clock.now - began <= 29 - RESERVE_SECONDS


@dataclass
class Hanging(Refusing):
    """Never answers: a call ends when its client gives up."""

    def before(
        self, number: int, service: str, operation: str, params: dict[str, Any]
    ) -> Twist | None:
        if self.operation in ("", operation):
            self.pipeline.clock.now += deadline.call_limits().longest_seconds
            raise ReadTimeoutError(endpoint_url="https://aws.invalid")
        return super().before(number, service, operation, params)


@pytest.mark.parametrize("operation", ["", "GetItem", "BatchGetItem"])
@pytest.mark.parametrize("path", ["/settings", f"/portfolios/{AMINA}", "/accounts/K000"])
def test_a_request_is_answered_in_time_even_if_a_service_hangs(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, operation: str, path: str
) -> None:
    monkeypatch.setenv("TENANT_REQUESTS_A_SECOND", "1")
    forget()
    caller = api(pipeline, ADMIN)
    began = pipeline.clock.now
    monkeypatch.setattr(
        LambdaContext,
        "get_remaining_time_in_millis",
        lambda _: (began + 29 - pipeline.clock.now) * 1000,
    )

    with Hanging(pipeline, operation):
        answer = caller.get(path)

    if answer.status != 200:
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert pipeline.clock.now - began <= 28


def test_every_client_gives_up_a_call_within_the_limits_of_its_invocation(
    pipeline: Pipeline,
) -> None:
    for limits in (OF_MESSAGES, OF_REQUESTS):
        deadline.begin(Deadline(pipeline.clock.now + 29), limits)
        for made in CLIENTS:
            config: Any = made().meta.config
            is_of_objects = made is clients.s3 and limits is OF_MESSAGES
            assert config.connect_timeout == limits.connect_seconds
            assert config.read_timeout == (30 if is_of_objects else limits.read_seconds)
            assert config.retries == {"mode": "standard", "total_max_attempts": limits.tries}


def test_every_client_has_a_connection_for_each_call_in_flight(pipeline: Pipeline) -> None:
    configs: dict[str, Any] = {made.__name__: made().meta.config for made in CLIENTS}

    # A worker reads a row of its own while sixteen batches are written.
    expected = {name: 17 if name == "client" else 16 for name in configs}
    assert {name: one.max_pool_connections for name, one in configs.items()} == expected
    assert {one.user_agent for one in configs.values()} == {"handover"}


def test_links_to_objects_have_the_signature_that_every_region_accepts(pipeline: Pipeline) -> None:
    config: Any = clients.s3().meta.config

    assert config.signature_version == "s3v4"
    assert config.s3 == {"addressing_style": "path"}


def test_times_and_tries_of_calls_are_those_that_operators_read() -> None:
    assert CallLimits(connect_seconds=2, read_seconds=10, tries=3) == OF_MESSAGES
    assert CallLimits(connect_seconds=1, read_seconds=4, tries=1) == OF_REQUESTS


@pytest.mark.parametrize("code", DYNAMODB)
def test_pynamodb_models_wait_for_a_busy_table_as_the_hot_path_does(
    pipeline: Pipeline, code: str
) -> None:
    pipeline.source()
    directory = pipeline.resources.tables.directory

    with Refusing(pipeline, "GetItem", lambda: ServiceError(code, "Busy"), times=4) as refusing:
        assert directory.source(TENANT, "erp") is not None

    assert refusing.seen == 5


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="https://aws.invalid"),
        ConnectTimeoutError(endpoint_url="https://aws.invalid"),
        EndpointConnectionError(endpoint_url="https://aws.invalid"),
        ServiceError("SlowDown", "Please reduce your request rate.", 503),
        ServiceError("503", "", 503),
        ServiceError("TransactionConflictException", "Transaction is ongoing for the item"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_an_error_that_does_not_answer_the_call_is_retried(
    pipeline: Pipeline, error: Exception
) -> None:
    with Refusing(pipeline, "GetItem", lambda: error, times=3):
        assert pipeline.resources.tables.directory.user(TENANT, AMINA) is not None

    assert len(pipeline.clock.slept) == 3


def test_an_error_that_answers_the_call_is_never_retried(pipeline: Pipeline) -> None:
    tickets = pipeline.resources.tables.tickets
    ticket = pipeline.ticket()

    with Refusing(pipeline) as listing:
        assert tickets.cancel(ticket, ADMIN)
        assert not tickets.use(ticket, "0" * 32)

    assert listing.operations == {"UpdateItem": 2}
    assert pipeline.clock.slept == []


def test_waiting_ends_before_the_invocation_does(pipeline: Pipeline) -> None:
    deadline.begin(Deadline(pipeline.clock.now + 20))

    with Refusing(pipeline, "GetItem"), pytest.raises(RetryLaterError, match="Throttling") as late:
        pipeline.resources.tables.directory.user(TENANT, AMINA)

    assert (late.value.is_busy, late.value.is_under_way) == (True, False)
    assert deadline.current().left >= RESERVE_SECONDS


def test_a_transaction_whose_answer_is_lost_takes_effect_once_when_it_is_sent_again(
    pipeline: Pipeline,
) -> None:
    created: list[str] = []

    class Losing(Refusing):
        def after(self, *_operation: object) -> None:
            if not created:
                created.append("once")
                raise ServiceError("InternalServerError", "Internal server error", 500)

    caller = api(pipeline, ADMIN)
    with Losing(pipeline, "none"):
        new = {"email": "new@lumina.example", "name": "New", "roles": ["Sales"]}
        # The first call of the request is a read, so that the loss happens to the transaction.
        created.append("read")
        caller.request("GET", "/users/new@lumina.example")
        created.clear()
        answer = caller.request("POST", "/users", new)

    assert answer.status == 201, answer.text


def deliveries(event: dict[str, Any], number: int) -> dict[str, Any]:
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(number)
    return event


def test_a_fresh_message_replaces_one_that_a_busy_service_would_make_a_dead_letter(
    pipeline: Pipeline,
) -> None:
    created = prepared(pipeline)
    pipeline.validate(created)
    pipeline.forget()
    _, event = run_of("assign", pipeline, created)

    with Refusing(pipeline, "BatchGetItem"):
        again = pipeline.invoke(assign.lambda_handler, deliveries(event, DELIVERIES_OF_ONE), 30.0)

    assert again == [], "the old message goes"
    (sent,) = pipeline.memory.sqs.outbox
    assert json.loads(sent.body) == {
        "v": 1,
        "import_id": import_id(created),
        "chunk": 1,
        "put_off": 1,
    }
    assert 0 < sent.delay_seconds <= LONGEST_DELAY_SECONDS
    pipeline.run()
    assert pipeline.counts(created) == {"lines": 3, "updated": 2, "rejected": 1}


def test_a_second_message_that_meets_the_worker_of_its_chunk_becomes_no_dead_letter(
    pipeline: Pipeline,
) -> None:
    created = prepared(pipeline)
    pipeline.validate(created)
    pipeline.forget()
    number, until = 1, pipeline.clock.now + 120
    chunks = pipeline.resources.tables.chunks
    chunks.take(import_id(created), number, "another", now=pipeline.clock.now, until=until)
    _, event = run_of("assign", pipeline, created)

    assert pipeline.invoke(assign.lambda_handler, deliveries(event, DELIVERIES_OF_ONE)) == []

    (sent,) = pipeline.memory.sqs.outbox
    assert json.loads(sent.body)["put_off"] == 1
    pipeline.clock.now = until + 1
    pipeline.run()
    assert pipeline.counts(created) == {"lines": 3, "updated": 2, "rejected": 1}


def test_a_message_is_not_put_off_forever(pipeline: Pipeline) -> None:
    created = prepared(pipeline)
    pipeline.validate(created)
    pipeline.forget()
    chunk = {"v": 1, "import_id": import_id(created), "chunk": 1, "put_off": MAX_PUT_OFFS}
    event = deliveries(with_body("assign-chunk", chunk), DELIVERIES_OF_ONE)

    with Refusing(pipeline, "BatchGetItem"):
        assert len(pipeline.invoke(assign.lambda_handler, event, 30.0)) == 1

    assert pipeline.memory.sqs.outbox == []
    assert MAX_PUT_OFFS * DELIVERIES_OF_ONE * LONGEST_DELAY_SECONDS >= DAY


def test_a_lease_is_kept_while_a_request_may_still_arrive(pipeline: Pipeline) -> None:
    created = prepared(pipeline)
    pipeline.validate(created)
    handler, event = run_of("assign", pipeline, created)
    timeout = ReadTimeoutError(endpoint_url="https://aws.invalid")

    with Refusing(pipeline, "BatchExecuteStatement", lambda: timeout):
        assert len(pipeline.invoke(handler, event, 30.0)) == 1
    kept = ChunkItem.get(import_id(created), "chunk#00001", consistent_read=True)

    assert float(kept.lease_until or 0) > pipeline.clock.now


def test_the_lease_of_a_file_is_freed_if_its_refusal_cannot_be_stored(
    pipeline: Pipeline,
) -> None:
    created = pipeline.upload(b"")

    class Unstorable(Refusing):
        def before(self, _number: int, _service: str, _operation: str, params: Any) -> Twist | None:
            if "refusal" in repr(params.get("ExpressionAttributeNames")):
                raise ServiceError("ThrottlingException", "Rate exceeded")
            return None

    with Unstorable(pipeline):
        assert len(pipeline.validate(created, seconds=30.0)) == 1

    assert pipeline.validate(created) == [], "another run may validate it at once"
    assert pipeline.item(created).refusal is not None


# One place


PACKAGE = Path(handover.__file__).parent
FUNCTIONS = Path(api_app.__file__).parents[1]
# `store.connection.client()` answers the one client of DynamoDB.
OUR_CACHE = {"client"}
MAKES_CLIENTS = {"create_client", "resource", "get_session", "Session"}


def test_every_module_calls_aws_through_the_waiting_session() -> None:
    makers = {"sdk.py": {"create_client", "get_session"}}
    for root in (PACKAGE, FUNCTIONS):
        for path in sorted(root.rglob("*.py")):
            code = ast.parse(path.read_text(encoding="utf-8"))
            called = {
                node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
                for node in ast.walk(code)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)
            } - OUR_CACHE
            name = str(path.relative_to(root))
            assert called & MAKES_CLIENTS <= makers.get(name, set()), name
            imported = {
                alias.name
                for node in ast.walk(code)
                if isinstance(node, ast.Import)
                for alias in node.names
            }
            assert "boto3" not in imported, name


def test_every_client_and_every_model_waits(pipeline: Pipeline) -> None:
    for made in CLIENTS:
        assert isinstance(made(), sdk.Waiting)
    models = PynamodbModel.__subclasses__()
    assert [one for one in models if one.__module__.startswith("handover")] == [Model]
    stored = list(_with_a_table(Model))
    assert stored
    for model in stored:
        used: object = model._get_connection().connection.client
        assert used is client(), model


def _with_a_table(base: type[Model]) -> Iterator[type[Model]]:
    for model in base.__subclasses__():
        if hasattr(model.Meta, "table"):
            yield model
        yield from _with_a_table(model)


def test_the_field_that_counts_delays_of_a_message_is_unknown_to_older_code() -> None:
    assert batch.PUT_OFF not in ("v", "import_id", "chunk", "Records", "arrival")
