"""Reads of the store show the last write; only what may be moments old is read at half the cost.

These ask for what is not there. The reads of every other test on the AWS in memory are held to the
same by `tests.kit.witness`, which declares those that may be moments old, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from handover.deadline import Deadline
from handover.store.tables import Tables

from tests.kit.memory_aws import Twist
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import AMINA, TENANT, Pipeline

ID = "0" * 32
SOON = Deadline(9e9)

# Each look-up is for a missing item, so that every possible key is read.
OF_THE_LAST_WRITE: dict[str, Callable[[Tables], Any]] = {
    "accounts": lambda tables: tables.accounts.read(TENANT, ["K1"], SOON),
    "an import": lambda tables: tables.imports.find(ID),
    "an import's plan": lambda tables: tables.imports.plan(ID),
    "states of imports": lambda tables: tables.imports.states([ID], SOON),
    "a ticket": lambda tables: tables.tickets.find(ID),
    "a chunk": lambda tables: tables.chunks.settlement(ID, 1),
    "how often a chunk was handed on": lambda tables: tables.chunks.handed_on(ID, 1),
    "settled chunks": lambda tables: tables.chunks.settled_chunks(ID),
    "files of a source": lambda tables: tables.watermarks.seen_files(TENANT, "crm"),
    "how far a sweep came": lambda tables: tables.watermarks.looked_until("0"),
    "what is seen of a queue": lambda tables: tables.watermarks.seen("q"),
    "mappings": lambda tables: tables.mappings.of(TENANT),
    "a user": lambda tables: tables.directory.user(TENANT, "nobody@x.example"),
    "users": lambda tables: tables.directory.users(TENANT, ["nobody@x.example"], SOON),
    "users of a name": lambda tables: tables.directory.users_by_name(TENANT, ["Nobody"], SOON),
    "users on a page": lambda tables: list(tables.people.listed(TENANT, None, 10)),
    "settings": lambda tables: tables.directory.settings(TENANT),
    "a source": lambda tables: tables.directory.source(TENANT, "crm"),
    "profiles": lambda tables: tables.directory.profiles(TENANT),
    "a role": lambda tables: tables.setup.role(TENANT, "viewer"),
    "a workflow": lambda tables: tables.setup.has_workflow(TENANT, "Dunning"),
    "a tenant's own profile": lambda tables: tables.setup.own_profile(TENANT, "own"),
    "the tenant of a domain": lambda tables: tables.domains.tenant_of(AMINA),
    "domains": lambda tables: list(tables.domains.listed()),
    "a history": lambda tables: list(tables.history.of(TENANT, "K1")),
    "a portfolio": lambda tables: list(tables.portfolios.of(TENANT, AMINA)),
    "requests": lambda tables: list(tables.requests.of(TENANT, "K1")),
    "a request": lambda tables: tables.requests.find(TENANT, "K1", "1"),
    "notes": lambda tables: list(tables.requests.notes(TENANT, "K1", "1")),
}
OF_MOMENTS_AGO: dict[str, Callable[[Tables], Any]] = {
    "a pace": lambda tables: tables.watermarks.pace(TENANT, "crm"),
    "up to when imports have ended": lambda tables: tables.watermarks.watermark(TENANT),
    "whether a newer message was taken": lambda tables: tables.watermarks.note_taken("q", 0.0),
}


class Reads(Mishap):
    """Records whether each read shows the last write."""

    def __init__(self) -> None:
        super().__init__()
        self.are_consistent: list[bool] = []

    def before(
        self, number: int, service: str, operation: str, params: dict[str, Any]
    ) -> Twist | None:
        """Records the call, which may read several items."""
        requests = params.get("RequestItems", {"": params}).values()
        self.are_consistent += [bool(one.get("ConsistentRead")) for one in requests]
        return super().before(number, service, operation, params)


def reads_of(pipeline: Pipeline, read: Callable[[Tables], Any]) -> set[bool]:
    reads = Reads()
    with incident(pipeline.memory, reads):
        read(pipeline.resources.tables)
    return set(reads.are_consistent)


def test_reads_that_decide_show_the_last_write(pipeline: Pipeline) -> None:
    found = {name: reads_of(pipeline, read) for name, read in OF_THE_LAST_WRITE.items()}

    assert {name: reads for name, reads in found.items() if reads != {True}} == {}


@pytest.mark.parametrize("name", OF_MOMENTS_AGO)
def test_reads_that_may_be_stale_cost_half(pipeline: Pipeline, name: str) -> None:
    assert reads_of(pipeline, OF_MOMENTS_AGO[name]) == {False}
