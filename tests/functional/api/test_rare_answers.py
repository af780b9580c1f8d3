"""What is answered when something else changes between two calls of a request."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from handover.access.people import Person
from handover.errors import NotFoundError
from handover.profiles.presets import presets
from handover.runtime import Resources
from handover.use_cases.profiles import remove_profile
from handover.use_cases.settings import remove_source
from msgspec.structs import replace

from tests.functional.api.test_imports import assert_problem
from tests.kit.fixtures import clients_of_memory, pipeline
from tests.kit.jobs import api, person
from tests.kit.mishaps import Mishap, between_all_calls, incident
from tests.kit.pipeline import ADMIN, AMINA, TENANT, Pipeline, file_of, import_id

__all__ = ["clients_of_memory", "pipeline"]
Removal = Callable[[Resources, Person, str], None]


# Two functions in one process share their metrics.
@pytest.mark.filterwarnings("ignore:No application metrics")
def test_a_file_that_arrives_while_its_ticket_is_cancelled_is_cancelled(pipeline: Pipeline) -> None:
    pipeline.kenyan(1)
    ticket = pipeline.ticket()
    created = pipeline.upload(file_of([("K000", AMINA)]), ticket)

    def arrive() -> None:
        pipeline.memory.hook = None
        assert pipeline.validate(created) == []

    with incident(pipeline.memory, Mishap("TransactWriteItems", before_call=arrive)):
        answer = api(pipeline).post(f"/imports/{ticket}/cancel", {"reason": "the wrong file"})

    assert answer.status == 202, answer.text
    assert answer.body["import_id"] == import_id(created)
    assert (answer.body["cancelled_by"], answer.body["cancel_reason"]) == (ADMIN, "the wrong file")
    pipeline.run()
    assert pipeline.item(created).state == "cancelled"
    assert pipeline.holders("K000") == [""]


def test_a_ticket_whose_file_has_just_arrived_cannot_be_cancelled(pipeline: Pipeline) -> None:
    """The ticket is used before its import is stored."""
    pipeline.kenyan(1)
    ticket = pipeline.ticket()
    created = pipeline.upload(file_of([("K000", AMINA)]), ticket)
    assert pipeline.resources.tables.tickets.use(ticket, import_id(created))

    answer = api(pipeline).post(f"/imports/{ticket}/cancel")

    assert_problem(answer, 409)
    assert "cannot be cancelled" in answer.body["detail"]
    pipeline.run(created)
    assert pipeline.item(created).state == "done"
    assert pipeline.holders("K000") == [AMINA]


@pytest.mark.parametrize(
    ("remove", "act", "missing"),
    [
        (remove_source, "source_removed", "there is no such source"),
        (remove_profile, "profile_removed", "there is no such profile"),
    ],
    ids=["source", "profile"],
)
def test_of_two_admins_who_remove_the_same_at_once_one_is_answered_that_it_is_not_there(
    pipeline: Pipeline, remove: Removal, act: str, missing: str
) -> None:
    pipeline.source("own")
    profile = replace(presets()["single-strict"], name="own")
    pipeline.resources.tables.directory.put_profile(TENANT, profile)
    admin, answers = person(pipeline), list[str]()

    def removed() -> None:
        try:
            remove(pipeline.resources, admin, "own")
        except NotFoundError as error:
            answers.append(str(error))
        else:
            answers.append("removed")

    for call in between_all_calls(pipeline.memory, removed, removed):
        assert sorted(answers[-2:]) == sorted(["removed", missing]), f"before call {call}"
        assert len(api(pipeline).get("/audit", act=act).body["entries"]) == 1
