"""Edits, files, undo and users through the API, in any order, against a model of the promises.

Files may arrive after newer ones were processed; everything else runs to its end at once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from handover.model import Account, User
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.kit.caller import Api
from tests.kit.fixtures import clients_of_memory
from tests.kit.memory_aws import ObjectCreated
from tests.kit.oracle.directory import Holders, Person
from tests.kit.oracle.ledger import (
    MANAGER,
    STRICT,
    VIEWER,
    VIEWERS,
    Held,
    Ledger,
    Line,
    Verdict,
)
from tests.kit.pipeline import ADMIN, TENANT, Pipeline, import_id, on_memory

__all__ = ["clients_of_memory"]

NAMES = ["ana", "ben", "cem", "dia"]
ADDRESSES = [f"{name}@lumina.example" for name in NAMES]
OPCOS = {"K1": "Kenya", "K2": "Kenya", "T1": "Togo", "N1": ""}
# Histories and portfolios still show earlier errors, so they are read less often.
STEPS_BETWEEN_READS = 5
NOBODY_KNOWN = "x@lumina.example"

people = st.sampled_from([*ADDRESSES, NOBODY_KNOWN])
one_or_none = st.one_of(st.just(()), people.map(lambda name: (name,)))
viewers = st.lists(people, max_size=3, unique=True).map(tuple)
accounts = st.sampled_from([*OPCOS, "missing"])


@dataclass
class Imported:
    """A file, its place in the order, its lines, and their results in the model."""

    created: ObjectCreated
    place: tuple[float, int]
    profile: str
    lines: list[Line]
    verdicts: dict[str, Verdict] | None = None


class Tenant(RuleBasedStateMachine):
    """One tenant, on an AWS in memory."""

    @initialize()
    def begin(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.memory = on_memory(self.patch)
        self.pipeline: Pipeline = self.memory.__enter__()
        self.api = Api(TENANT, self.pipeline.resources, ADMIN)
        self.ledger = Ledger(
            {
                address: Person(frozenset({"Sales"}), "Kenya" if place < 3 else "Togo")
                for place, address in enumerate(ADDRESSES)
            },
            {account: Held(opco) for account, opco in OPCOS.items()},
        )
        for address, person in self.ledger.people.items():
            self.pipeline.users(User(address, address, person.roles, person.opco))
        self.pipeline.accounts(
            *(Account(TENANT, account, 1, opco=opco) for account, opco in OPCOS.items())
        )
        self.files: list[Imported] = []
        self.waiting: list[Imported] = []
        self.count = 0
        self.steps = 0

    def teardown(self) -> None:
        if hasattr(self, "memory"):
            try:
                self.tells_the_same()
            finally:
                self.memory.__exit__(None, None, None)
                self.patch.undo()

    def place(self) -> tuple[float, int]:
        """The next place in the order of decisions."""
        self.pipeline.clock.now += 1
        self.count += 1
        return self.pipeline.clock.now, self.count

    # Single edits

    @rule(account=accounts, manager=one_or_none)
    def edit_strictly(self, account: str, manager: Holders) -> None:
        self._edit(STRICT, account, {MANAGER: manager})

    @rule(account=accounts, manager=one_or_none, seen=viewers)
    def edit_with_viewers(self, account: str, manager: Holders, seen: Holders) -> None:
        self._edit(VIEWERS, account, {MANAGER: manager, VIEWER: seen})

    def _edit(self, profile: str, account: str, targets: dict[str, Holders]) -> None:
        place = self.place()
        body = {"profile": profile, "assign": {role: list(who) for role, who in targets.items()}}
        answer = self.api.request("PATCH", f"/accounts/{account}", body)
        verdict = self.ledger.decide("edit", place, profile, Line(account, targets))
        if verdict.code == "ACCOUNT_NOT_FOUND":
            assert answer.status == 404, answer.text
        elif verdict.code:
            assert (answer.status, answer.body["code"]) == (422, verdict.code), answer.text
        else:
            assert answer.status == 200, answer.text
            assert answer.body["outcome"] == verdict.outcome
            assert {
                change["role"]: (tuple(change["before"]), tuple(change["after"]))
                for change in answer.body["changes"]
            } == verdict.changes

    # Files

    @rule(
        lines=st.dictionaries(accounts, one_or_none, min_size=1, max_size=4),
        is_late=st.booleans(),
    )
    def upload_strictly(self, lines: dict[str, Holders], is_late: bool) -> None:
        rows = [f"{account},{''.join(who)}" for account, who in lines.items()]
        requests = [Line(account, {MANAGER: who}) for account, who in lines.items()]
        self._upload(STRICT, "account ID,account Manager", rows, requests, is_late=is_late)

    @rule(
        lines=st.dictionaries(accounts, st.tuples(one_or_none, viewers), min_size=1, max_size=4),
        is_late=st.booleans(),
    )
    def upload_viewers(self, lines: dict[str, tuple[Holders, Holders]], is_late: bool) -> None:
        rows = [
            f'{account},{"".join(who)},"{",".join(seen)}"' for account, (who, seen) in lines.items()
        ]
        # A blank cell leaves the role as it is.
        requests = [
            Line(account, {MANAGER: who or None, VIEWER: seen or None})
            for account, (who, seen) in lines.items()
        ]
        self._upload(VIEWERS, "customer ID,email,defaultViewers", rows, requests, is_late=is_late)

    def _upload(
        self, profile: str, header: str, rows: list[str], requests: list[Line], *, is_late: bool
    ) -> None:
        place = self.place()
        body = "\r\n".join([header, *rows, ""]).encode()
        ticket = self.pipeline.ticket(profile=profile)
        file = Imported(self.pipeline.upload(body, ticket), place, profile, requests)
        self.files.append(file)
        if is_late:
            self.waiting.append(file)
        else:
            self._work(file)

    @precondition(lambda self: bool(getattr(self, "waiting", ())))
    @rule(which=st.integers(0, 9))
    def a_late_file_arrives(self, which: int) -> None:
        self._work(self.waiting.pop(which % len(self.waiting)))

    def _work(self, file: Imported) -> None:
        self.pipeline.run(file.created)
        self.pipeline.settle()
        file.verdicts = {
            line.account: self.ledger.decide(
                import_id(file.created), file.place, file.profile, line
            )
            for line in file.lines
        }
        results = self.pipeline.table(file.created, "results.csv")
        found = [(row["outcome"], row["code"]) for row in results]
        assert found == [(one.outcome, one.code) for one in file.verdicts.values()]

    # Jobs about many accounts wait for older files, so there are none here.

    @precondition(lambda self: bool(getattr(self, "files", ())) and not self.waiting)
    @rule(back=st.integers(1, 4))
    def undo(self, back: int) -> None:
        file = self.files[-min(back, len(self.files))]
        place = self.place()
        answer = self.api.post(f"/imports/{import_id(file.created)}/undo")
        assert file.verdicts is not None
        if not any(verdict.changes for verdict in file.verdicts.values()):
            assert answer.status == 409, answer.text
            return
        assert answer.status == 202, answer.text
        (written,) = self.pipeline.settle()
        outcomes = self.ledger.undo(import_id(written), place, file.verdicts)
        rows = self.pipeline.table(written, "results.csv")
        assert {row["account ID"]: row["outcome"] for row in rows} == outcomes

    @precondition(lambda self: not getattr(self, "waiting", ()))
    @rule(held_by=st.sampled_from(ADDRESSES), to=one_or_none)
    def hand_over(self, held_by: str, to: Holders) -> None:
        self.place()
        expected = {"profile": VIEWERS, "role": MANAGER, "held_by": held_by, "to": list(to)}
        answer = self.api.post("/assignments", expected)
        if any(self._is_no_active_user(name) for name in to):
            assert answer.status == 400, answer.text
            return
        assert answer.status == 202, answer.text
        (written,) = self.pipeline.settle()
        self.ledger.reassign(import_id(written), MANAGER, held_by, to)

    def _is_no_active_user(self, name: str) -> bool:
        person = self.ledger.people.get(name)
        return person is None or not person.is_active

    # Users

    @rule(
        who=st.sampled_from(ADDRESSES),
        is_sales=st.booleans(),
        opco=st.sampled_from(["Kenya", "Togo", ""]),
        status=st.sampled_from(["active", "inactive"]),
    )
    def edit_user(self, who: str, is_sales: bool, opco: str, status: str) -> None:
        self.place()
        roles = ["Sales"] if is_sales else []
        body = {"name": who, "roles": roles, "opco": opco, "status": status}
        answer = self.api.request("PUT", f"/users/{quote(who)}", body)
        if self.ledger.people[who].is_deleted:
            assert answer.status == 409, answer.text
            return
        assert answer.status == 200, answer.text
        self.pipeline.settle()
        self.ledger.people[who] = Person(frozenset(roles), opco, is_active=status == "active")

    @precondition(lambda self: not getattr(self, "waiting", ()))
    @rule(who=st.sampled_from(ADDRESSES))
    def delete_user(self, who: str) -> None:
        if self.ledger.people[who].is_deleted:
            return
        self.place()
        answer = self.api.request("DELETE", f"/users/{quote(who)}")
        assert answer.status == 202, answer.text
        (written,) = self.pipeline.settle()
        self.ledger.remove(import_id(written), [who])

    @rule(who=st.sampled_from(ADDRESSES))
    def create_user_again(self, who: str) -> None:
        self.place()
        body = {"email": who, "name": who, "roles": ["Sales"], "opco": "Kenya"}
        answer = self.api.post("/users", body)
        if not self.ledger.people[who].is_deleted:
            known = Person(frozenset({"Sales"}), "Kenya")
            is_same = self.ledger.people[who] == known
            assert answer.status == (201 if is_same else 409), answer.text
            return
        assert answer.status == 201, answer.text
        self.pipeline.settle()
        self.ledger.people[who] = Person(frozenset({"Sales"}), "Kenya")

    # What must hold after each step

    @invariant()
    def accounts_are_held_as_the_model_says(self) -> None:
        if not hasattr(self, "ledger"):
            return
        for account_id, account in self.ledger.accounts.items():
            stored = self.pipeline.account(account_id).assigned
            found = {role: who for role, who in stored.items() if who}
            assert found == {role: who for role, who in account.roles.items() if who}

    @invariant()
    def history_and_portfolios_tell_the_same(self) -> None:
        if not hasattr(self, "ledger"):
            return
        self.pipeline.settle()
        self.steps += 1
        if self.steps % STEPS_BETWEEN_READS == 0:
            self.tells_the_same()

    def tells_the_same(self) -> None:
        """Fails unless all histories and portfolios of the API are those of the model."""
        for account_id, account in self.ledger.accounts.items():
            history = self.api.get(f"/accounts/{account_id}/history", limit="100").body
            assert history["cursor"] is None
            assert [_changes(one) for one in history["history"]] == [
                changes for _, changes in account.history
            ]
        for address in ADDRESSES:
            held = self.api.get(f"/portfolios/{quote(address)}", limit="100").body["accounts"]
            assert sorted((one["role"], one["account_id"]) for one in held) == (
                self.ledger.portfolio(address)
            )


def _changes(entry: dict[str, Any]) -> dict[str, tuple[Holders, Holders]]:
    return {
        change["role"]: (tuple(change["before"]), tuple(change["after"]))
        for change in entry["changes"]
    }


@pytest.mark.filterwarnings("ignore:No application metrics to publish")
def test_requests_and_files_in_any_order_end_as_promised(clients_of_memory: None) -> None:
    run_state_machine_as_test(
        Tenant,
        settings=settings(
            max_examples=int(os.environ.get("ANY_ORDER_RUNS", "15")),
            stateful_step_count=30,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
