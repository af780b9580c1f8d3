"""publish: history, portfolios and events from the stream of the accounts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from handover import runtime
from handover.model import RoleChange
from handover.store.connection import client
from handover.store.portfolios import Holding

from functions.publish import app
from tests.kit.memory_aws import Twist
from tests.kit.mishaps import Mishap, incident, killed_at_every_call
from tests.kit.payloads import load_event
from tests.kit.pipeline import (
    AMINA,
    BARAKA,
    DAY,
    ROLE,
    TENANT,
    Pipeline,
    file_of,
    import_id,
)


def history(pipeline: Pipeline, account_id: str) -> list[tuple[int, tuple[RoleChange, ...]]]:
    entries = pipeline.resources.tables.history.of(TENANT, account_id)
    return [(entry.receipt.version, entry.receipt.changes) for entry in entries]


def portfolio(pipeline: Pipeline, user: str) -> list[str]:
    return [account_id for _, account_id in pipeline.resources.tables.portfolios.of(TENANT, user)]


def events(pipeline: Pipeline) -> list[dict[str, Any]]:
    return [json.loads(event.entry["Detail"]) for event in pipeline.memory.events.put]


def test_r53_the_captured_batch_is_written_to_history_portfolios_and_the_bus(
    pipeline: Pipeline,
) -> None:
    pipeline.invoke(app.lambda_handler, load_event("publish-changes"))

    assert history(pipeline, "KE-002") == [(2, (RoleChange(ROLE, (), (AMINA,)),))]
    assert history(pipeline, "KE-003") == [(2, (RoleChange(ROLE, (AMINA,), ()),))]
    assert portfolio(pipeline, AMINA) == ["KE-002"]
    first, second = events(pipeline)
    assert first == {
        "schema": "handover.assignment/1",
        "dedupe_id": "assignment-changed/lumina/KE-002/2",
        "tenant": TENANT,
        "account_id": "KE-002",
        "version": 2,
        "at": "2026-11-22T13:08:12.825Z",
        "actor": "ines.okello@lumina.example",
        "import_id": "c016eb7564c7a9d2d1eec4a9ecddba73",
        "line": 3,
        "changes": [{"role": ROLE, "before": [], "after": [AMINA]}],
    }
    assert second["changes"] == [{"role": ROLE, "before": [AMINA], "after": []}]
    assert {event.entry["DetailType"] for event in pipeline.memory.events.put} == {
        "AssignmentChanged"
    }


def test_a_stack_with_events_off_sends_none(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANGE_EVENTS", "off")
    runtime.resources.cache_clear()

    pipeline.invoke(app.lambda_handler, load_event("publish-changes"))

    assert (portfolio(pipeline, AMINA), events(pipeline)) == (["KE-002"], [])
    assert history(pipeline, "KE-003") == [(2, (RoleChange(ROLE, (AMINA,), ()),))]


def test_new_accounts_are_added_to_the_portfolios_of_their_holders(pipeline: Pipeline) -> None:
    pipeline.invoke(app.lambda_handler, load_event("publish-new-accounts"))

    assert portfolio(pipeline, AMINA) == ["KE-001"]
    assert history(pipeline, "KE-001") == []
    assert events(pipeline) == []


def test_a_batch_delivered_again_changes_nothing(pipeline: Pipeline) -> None:
    pipeline.invoke(app.lambda_handler, load_event("publish-changes"))
    before = pipeline.memory.snapshot()
    announced = events(pipeline)

    pipeline.invoke(app.lambda_handler, load_event("publish-changes"))

    assert pipeline.memory.snapshot() == before
    assert events(pipeline) == announced * 2, "other systems tell repetitions by the dedupe id"


def handed_over_twice(pipeline: Pipeline) -> tuple[dict[str, Any], dict[str, Any]]:
    """The records of an account that goes to Amina, and then on to Baraka."""
    pipeline.kenyan(1)
    pipeline.publish()
    pipeline.run(pipeline.upload(file_of([("K000", AMINA)])))
    first = pipeline.drained("AccountsTable")
    pipeline.clock.now += 60
    pipeline.run(pipeline.upload(file_of([("K000", BARAKA)])))
    return first, pipeline.drained("AccountsTable")


def test_history_is_a_chain(pipeline: Pipeline) -> None:
    for event in handed_over_twice(pipeline):
        pipeline.invoke(app.lambda_handler, event)

    (_, (first,)), (_, (second,)) = history(pipeline, "K000")
    assert (first.before, first.after) == ((), (AMINA,))
    assert (second.before, second.after) == ((AMINA,), (BARAKA,))


def test_history_is_kept_forever_unless_days_are_set(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = handed_over_twice(pipeline)
    changed_at = pipeline.clock.now
    pipeline.invoke(app.lambda_handler, first)
    monkeypatch.setenv("HISTORY_DAYS", "30")
    pipeline.invoke(app.lambda_handler, second)

    items = [
        client().get_item(
            TableName="HistoryTable",
            Key={"pk": {"S": f"{TENANT}#K000"}, "sk": {"N": version}},
            ConsistentRead=True,
        )["Item"]
        for version in ("2", "3")
    ]
    assert "expires" not in items[0]
    assert int(items[1]["expires"]["N"]) == pytest.approx(changed_at + 30 * DAY, abs=1)


def test_outdated_records_do_not_overwrite_newer_ones(pipeline: Pipeline) -> None:
    older, newer = handed_over_twice(pipeline)

    for event in (newer, older, newer, older):
        pipeline.invoke(app.lambda_handler, event)

    assert portfolio(pipeline, BARAKA) == ["K000"]
    assert portfolio(pipeline, AMINA) == []
    assert [version for version, _ in history(pipeline, "K000")] == [2, 3]


def test_several_changes_of_an_account_in_one_batch_apply_in_order(
    pipeline: Pipeline,
) -> None:
    older, newer = handed_over_twice(pipeline)

    pipeline.invoke(app.lambda_handler, {"Records": older["Records"] + newer["Records"]})

    assert portfolio(pipeline, BARAKA) == ["K000"]
    assert portfolio(pipeline, AMINA) == []
    assert len(events(pipeline)) == 2


def test_a_change_of_fields_or_of_order_is_no_change_of_holders(pipeline: Pipeline) -> None:
    pipeline.kenyan(1, held_by=AMINA)
    pipeline.upload(file_of([("K001", AMINA)]))
    pipeline.publish()
    created = pipeline.upload(file_of([("K000", AMINA)]))
    pipeline.run(created)

    event = pipeline.publish()

    assert len(event["Records"]) == 1, (
        "the older upload is an older open import, so the order was raised"
    )
    assert history(pipeline, "K000") == []
    assert events(pipeline) == []
    assert portfolio(pipeline, AMINA) == ["K000"]


def test_events_that_the_bus_does_not_accept_are_sent_again(pipeline: Pipeline) -> None:
    twists = [Twist(member_errors={0: "ThrottlingException"})]

    with incident(pipeline.memory, Mishap("PutEvents", twists=twists)):
        pipeline.invoke(app.lambda_handler, load_event("publish-changes"))

    assert sorted(event["account_id"] for event in events(pipeline)) == ["KE-002", "KE-003"]


def test_a_stale_read_of_a_portfolio_does_not_overwrite_a_newer_version(
    pipeline: Pipeline,
) -> None:
    portfolios = pipeline.resources.tables.portfolios

    def put(version: int, *, held: bool) -> None:
        holding = Holding(TENANT, AMINA, ROLE, "KE-002", version, held)
        with incident(pipeline.memory, Mishap("BatchGetItem", twists=[Twist(stale=True)] * 2)):
            portfolios.put([holding], pipeline.clock.now, pipeline.deadline)

    put(3, held=True)
    put(5, held=True)
    put(4, held=False)
    assert portfolio(pipeline, AMINA) == ["KE-002"]
    put(6, held=False)
    assert portfolio(pipeline, AMINA) == []


def test_the_next_run_completes_a_run_killed_at_any_call(pipeline: Pipeline) -> None:
    def run() -> None:
        pipeline.invoke(app.lambda_handler, load_event("publish-changes"))

    start = pipeline.memory.snapshot()
    run()
    expected = pipeline.memory.snapshot().tables["HistoryTable"].items
    pipeline.memory.restore(start)

    for _ in killed_at_every_call(pipeline.memory, run):
        run()

        assert pipeline.memory.snapshot().tables["HistoryTable"].items == expected
        assert portfolio(pipeline, AMINA) == ["KE-002"]
        assert {event["account_id"] for event in events(pipeline)} == {"KE-002", "KE-003"}


def test_history_names_the_import_its_line_and_its_actor(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    created = pipeline.upload(file_of([("X000", AMINA), ("K000", AMINA)]))
    pipeline.run(created)

    pipeline.publish()

    (event,) = events(pipeline)
    assert (event["import_id"], event["line"], event["actor"]) == (
        import_id(created),
        3,
        "ines.okello@lumina.example",
    )
