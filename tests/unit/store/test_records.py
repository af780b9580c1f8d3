"""Accounts and users as directory files write them: whole items, over the version that was read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from handover.deadline import Deadline
from handover.errors import RetryLaterError
from handover.model import ChangeReceipt, Record, RoleChange, User
from handover.rules.decision import RecordWrite
from handover.store.directory_records import AccountRecords
from handover.store.name_places import NAMES_MARK
from handover.store.user_places import MARK, Spreading, put_mark
from handover.store.user_records import UserRecords
from msgspec.structs import replace

from tests.kit.memory_aws import Twist
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import HOUR, Pipeline
from tests.unit.store.test_call_sizes import Operations

SOON = Deadline(9e9)
ACCOUNTS, DIRECTORY = "AccountsTable", "DirectoryTable"
RECEIPT = ChangeReceipt("i", "5", 3, "ines", "10:00", 1, (RoleChange("#name", (), ("Shop",)),))
MARKS = {
    "L": [
        {
            "M": {
                "import": {"S": "i"},
                "order": {"S": "5"},
                "line": {"N": "3"},
                "actor": {"S": "ines"},
                "at": {"S": "10:00"},
                "version": {"N": "1"},
                "changes": {
                    "M": {"#name": {"M": {"before": {"L": []}, "after": {"L": [{"S": "Shop"}]}}}}
                },
            }
        }
    ]
}
Item = dict[str, Any]


@dataclass
class Sets(Mishap):
    """Notes the attributes that statements set."""

    names: set[str] = field(default_factory=set)

    def before(
        self, number: int, service: str, operation: str, params: dict[str, Any]
    ) -> Twist | None:
        """Notes what comes after each SET."""
        for one in params.get("Statements", ()):
            self.names.update(re.findall(r'SET "(\w+)"=', one["Statement"]))
        return super().before(number, service, operation, params)


def texts(*values: str) -> Item:
    return {"L": [{"S": value} for value in values]}


# Accounts

NEW = RecordWrite(
    Record("t", "K1", 0),
    {"#status": ("active",), "#name": ("Shop",), "#portals": ("p", "q"), "m": ("a",)},
    {"#status": "5", "#name": "5", "m": "5"},
    (RECEIPT,),
)
NEW_ITEM: Item = {
    "pk": {"S": "t#K1"},
    "shelf": {"S": "t#b"},
    "version": {"N": "1"},
    "name": {"S": "Shop"},
    "customer_id": {"S": ""},
    "opco": {"S": ""},
    "status": {"S": "active"},
    "portals": texts("p", "q"),
    "assigned": {"M": {"m": texts("a")}},
    "orders": {"M": {"m": {"S": "5"}}},
    "marks": MARKS,
    "fact_orders": {"M": {"5": texts("status", "name")}},
}
NO_FIELDS: dict[str, tuple[str, ...]] = {"#customer_id": (), "#opco": ()}
STORED = Record(
    "t",
    "K1",
    1,
    assigned={**NEW.assigned, **NO_FIELDS},
    precedences=NEW.precedences,
    receipts=(RECEIPT,),
)


def account(pipeline: Pipeline) -> Item:
    (item,) = pipeline.memory.dynamodb.tables[ACCOUNTS].items.values()
    return dict(item)


def test_a_new_account_is_stored_whole_and_read_back(pipeline: Pipeline) -> None:
    records = AccountRecords(ACCOUNTS)

    assert records.write([NEW], SOON) == []

    assert account(pipeline) == NEW_ITEM
    assert records.read("t", ["K1", "K2"], SOON) == {"K1": STORED}


@pytest.mark.parametrize(
    ("assigned", "precedences", "changes"),
    [
        (
            {"#name": (), "#opco": ("Kenya",)},
            {"#name": "6"},
            {
                "name": {"S": ""},
                "opco": {"S": "Kenya"},
                "fact_orders": {"M": {"5": texts("status"), "6": texts("name")}},
            },
        ),
        ({"#portals": ()}, {}, {"portals": texts()}),
        # An older import than the one that created the account.
        (
            {"m": ("b",)},
            {"m": "4"},
            {"assigned": {"M": {"m": texts("b")}}, "orders": {"M": {"m": {"S": "4"}}}},
        ),
    ],
    ids=["texts", "a list", "who holds it"],
)
def test_a_change_of_an_account_writes_what_differs(
    assigned: dict[str, tuple[str, ...]],
    precedences: dict[str, str],
    changes: Item,
    pipeline: Pipeline,
) -> None:
    records = AccountRecords(ACCOUNTS)
    records.write([NEW], SOON)
    write = RecordWrite(
        STORED, {**STORED.assigned, **assigned}, {**STORED.precedences, **precedences}, ()
    )

    noted = Sets()
    with incident(pipeline.memory, noted):
        assert records.write([write], SOON) == []

    assert account(pipeline) == NEW_ITEM | changes | {"version": {"N": "2"}, "marks": {"L": []}}
    assert noted.names == {*changes, "fact_orders", "version", "marks"}
    assert records.read("t", ["K1"], SOON)["K1"].opco == changes.get("opco", {"S": ""})["S"]


def test_assignments_that_somebody_changed_since_a_file_began_are_kept(pipeline: Pipeline) -> None:
    """A file writes the fields of accounts, over any version that it has read."""
    records = AccountRecords(ACCOUNTS)
    records.write([NEW], SOON)
    write = RecordWrite(STORED, {**STORED.assigned, "#name": ("A",)}, STORED.precedences, ())

    (refused,) = records.write([replace(write, record=replace(STORED, version=7))], SOON)

    assert refused[1] == STORED
    assert account(pipeline) == NEW_ITEM


# Users

NEW_USER = RecordWrite(
    Record("t", "ana@x.example", 0),
    {"#status": ("active",), "#name": ("Ana O",), "#roles": ("Sales",), "#login_name": ("ana",)},
    {"#status": "5", "#name": "5"},
    (RECEIPT,),
)
USER_ITEM: Item = {
    "sk": {"S": "user#ana@x.example"},
    "name": {"S": "Ana O"},
    "roles": texts("Sales"),
    "opco": {"S": ""},
    "status": {"S": "active"},
    "employee_id": {"S": ""},
    "phone": {"S": ""},
    "mobile": {"S": ""},
    "login_name": {"S": "ana"},
    "marks": MARKS,
    "fact_orders": {"M": {"5": texts("status", "name")}},
    "version": {"N": "1"},
}
STORED_USER = Record(
    "t",
    "ana@x.example",
    1,
    assigned={
        **NEW_USER.assigned,
        **dict.fromkeys(("#opco", "#employee_id", "#phone", "#mobile"), ()),
    },
    precedences=NEW_USER.precedences,
    receipts=(RECEIPT,),
)
STAGES = pytest.mark.parametrize(
    ("state", "pk"),
    [(None, "t"), (Spreading.SPREAD, "t~f"), (Spreading.BACK, "t"), (Spreading.SETTLED, "t~f")],
    ids=str,
)


def marked(state: Spreading | None) -> UserRecords:
    if state is not None:
        for mark in (MARK, NAMES_MARK):
            put_mark(DIRECTORY, "t", state, 0.0, mark=mark)
    return UserRecords(DIRECTORY)


def users(pipeline: Pipeline) -> dict[tuple[str, str], Item]:
    """The items of the tenant, by key."""
    return {
        key: {name: value for name, value in item.items() if name != "pk"}
        for key, item in pipeline.memory.dynamodb.tables[DIRECTORY].items.items()
        if key[0].startswith("t") and not key[1].startswith("#")
    }


@STAGES
def test_a_new_user_is_stored_whole_with_their_name_and_read_back(
    state: Spreading | None, pk: str, pipeline: Pipeline
) -> None:
    records = marked(state)

    assert records.write([NEW_USER], SOON) == []

    found = users(pipeline)
    name = "name#ana o#ana@x.example"
    place = {None: "t", Spreading.BACK: "t"}.get(state, "t~c")
    assert found == {(pk, "user#ana@x.example"): USER_ITEM, (place, name): {"sk": {"S": name}}}
    asked = ["ana@x.example", "bo@x.example", "x" * 1100]
    assert records.read("t", asked, SOON) == {"ana@x.example": STORED_USER}
    assert records.for_run("t").read("t", asked, SOON) == {"ana@x.example": STORED_USER}


@STAGES
def test_a_change_of_a_user_writes_what_differs(
    state: Spreading | None, pk: str, pipeline: Pipeline
) -> None:
    records = marked(state)
    records.write([NEW_USER], SOON)
    before = users(pipeline)
    assigned = {**STORED_USER.assigned, "#name": (), "#phone": ("1",), "#roles": ()}
    write = RecordWrite(STORED_USER, assigned, {**STORED_USER.precedences, "#phone": "6"}, ())

    noted = Sets()
    with incident(pipeline.memory, noted):
        assert records.write([write], SOON) == []

    key = pk, "user#ana@x.example"
    changes = {
        "name": {"S": ""},
        "phone": {"S": "1"},
        "roles": texts(),
        "version": {"N": "2"},
        "marks": {"L": []},
        "fact_orders": {"M": {"5": texts("status", "name"), "6": texts("phone")}},
    }
    # The old name stays in the index, which readers check.
    assert users(pipeline) == before | {key: USER_ITEM | changes}
    assert noted.names == set(changes)


@STAGES
def test_a_user_at_another_version_or_none_is_not_written(
    state: Spreading | None, pk: str, pipeline: Pipeline
) -> None:
    records = marked(state)
    bo = RecordWrite(replace(STORED_USER, account_id="bo@x.example"), STORED_USER.assigned, {}, ())
    outdated = RecordWrite(replace(STORED_USER, version=9), STORED_USER.assigned, {}, ())
    records.write([NEW_USER], SOON)
    before = users(pipeline)

    found = records.write([NEW_USER, bo], SOON)
    found += records.write([outdated], SOON)

    assert sorted(found, key=lambda one: one[0].record.record_id) == [
        (NEW_USER, STORED_USER),
        (outdated, STORED_USER),
        (bo, None),
    ]
    assert users(pipeline) == before
    assert (pk, "user#ana@x.example") in before


@pytest.mark.parametrize("state", [Spreading.SPREAD, Spreading.BACK])
def test_of_new_users_only_those_are_refused_who_exist(
    state: Spreading, pipeline: Pipeline
) -> None:
    records = marked(state)
    records.write([NEW_USER], SOON)
    bo = replace(NEW_USER, record=Record("t", "bo@x.example", 0))

    assert records.write([NEW_USER, bo], SOON) == [(NEW_USER, STORED_USER)]

    assert set(records.read("t", ["bo@x.example"], SOON)) == {"bo@x.example"}


def test_a_user_whom_older_code_stored_has_no_version_and_gets_one(pipeline: Pipeline) -> None:
    records = marked(None)
    table = pipeline.memory.dynamodb.tables[DIRECTORY]
    item = dict(USER_ITEM)
    for name in ("version", "marks", "fact_orders", "roles", "mobile"):
        del item[name]
    key = "t", "user#ana@x.example"
    table.write(key, None, {"pk": {"S": "t"}, **item})
    old = replace(
        STORED_USER,
        version=0,
        assigned={**STORED_USER.assigned, "#roles": ()},
        precedences={},
        receipts=(),
    )
    assert records.read("t", ["ana@x.example"], SOON) == {"ana@x.example": old}

    write = RecordWrite(old, {**old.assigned, "#phone": ("1",)}, {"#phone": "6"}, ())
    assert records.write([write], SOON) == []

    assert users(pipeline)[key] == item | {
        "phone": {"S": "1"},
        "version": {"N": "1"},
        "marks": {"L": []},
        "fact_orders": {"M": {"6": texts("phone")}},
    }


# Login names

NOW = 1e9
ANA = User("ana@x.example", "Ana", frozenset(), login_name="Ana")


@pytest.mark.parametrize("state", [None, Spreading.SPREAD], ids=str)
def test_a_login_name_is_claimed_by_one_address(
    state: Spreading | None, pipeline: Pipeline
) -> None:
    records = marked(state)
    asked = {"bo": "bo@x.example", "x" * 1019: "cy@x.example"}

    assert records.claim_logins("t", asked, "5", NOW, SOON) == asked

    found = users(pipeline)
    pk = "t" if state is None else "t~3"
    body = {"S": f'{{"email": "bo@x.example", "at": {int(NOW)}}}'}
    assert found == {(pk, "login#bo"): {"sk": {"S": "login#bo"}, "body": body}}
    other = {"bo": "cy@x.example"}
    for claim in (records.claim_logins, records.holders_of_logins):
        assert claim("t", other, "5", NOW + HOUR - 1, SOON) == {"bo": "bo@x.example"}
    assert users(pipeline) == found
    assert records.holders_of_logins("t", other, "5", NOW + HOUR, SOON) == other
    assert users(pipeline) == found
    assert records.claim_logins("t", other, "5", NOW + HOUR, SOON) == other
    assert '"cy@x.example"' in users(pipeline)[pk, "login#bo"]["body"]["S"]


@pytest.mark.parametrize("state", [None, Spreading.SPREAD], ids=str)
def test_a_login_name_stays_with_the_user_who_has_it(
    state: Spreading | None, pipeline: Pipeline
) -> None:
    records = marked(state)
    pipeline.resources.tables.directory.put_users("t", [ANA], SOON)
    asked = {"ana": "bo@x.example", "new": "bo@x.example"}

    found = records.claim_logins("t", asked, "5", NOW, SOON)

    assert found == {"ana": ANA.email, "new": "bo@x.example"}
    assert records.claim_logins("t", {"ana": ANA.email}, "5", NOW, SOON) == {"ana": ANA.email}


@pytest.mark.parametrize("later", [0, HOUR - 1])
def test_a_claim_is_renewed_by_its_own_address(pipeline: Pipeline, later: float) -> None:
    records = marked(None)
    # A key has 1,024 bytes, of which "login#" takes six.
    asked = {"x" * 1018: "bo@x.example"}
    records.claim_logins("t", asked, "5", NOW, SOON)

    assert records.claim_logins("t", asked, "5", NOW + later, SOON) == asked

    (item,) = users(pipeline).values()
    assert item["body"] == {"S": f'{{"email": "bo@x.example", "at": {int(NOW + later)}}}'}


def test_of_spread_login_names_only_those_are_refused_that_others_have_claimed_meanwhile(
    pipeline: Pipeline,
) -> None:
    records = marked(Spreading.SPREAD)
    asked = {"an": "an@x.example", "bo": "bo@x.example"}
    others = iter([{"bo": "cy@x.example"}])

    def meanwhile() -> None:
        if other := next(others, None):
            hook, pipeline.memory.hook = pipeline.memory.hook, None
            records.claim_logins("t", other, "5", NOW, SOON)
            pipeline.memory.hook = hook

    calls = Operations("TransactWriteItems", before_call=meanwhile)
    with incident(pipeline.memory, calls):
        found = records.claim_logins("t", asked, "5", NOW, SOON)

    assert found == {"an": "an@x.example", "bo": "cy@x.example"}
    # Together, then each alone; what is stored is not written again.
    writes = [one for one in calls.made if one not in ("GetItem", "BatchGetItem")]
    assert writes == ["TransactWriteItems"] * 3
    assert records.holders_of_logins("t", dict.fromkeys(found, ""), "5", NOW, SOON) == found


NAMELESS = replace(NEW_USER, assigned={"#status": ("active",)})
WRITES: dict[str, Callable[[UserRecords, Deadline], object]] = {
    "users": lambda records, until: records.write([NAMELESS], until),
    "login names": lambda records, until: records.claim_logins(
        "t", {"bo": "bo@x.example"}, "5", NOW, until
    ),
}


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("users", []),
        ("users", ["TransactWriteItems"]),
        ("login names", ["BatchGetItem"] * 3),
        ("login names", [*["BatchGetItem"] * 3, "TransactWriteItems"]),
    ],
)
def test_nothing_is_written_to_shards_once_the_time_is_over(
    name: str, calls: list[str], pipeline: Pipeline
) -> None:
    """What was refused together is not tried alone any more either."""
    records = marked(Spreading.SPREAD).for_run("t")
    clock = pipeline.clock
    until = Deadline(clock.now + 60 * bool(calls))

    class Passes(Operations):
        def before(self, number: int, service: str, operation: str, params: Any) -> Twist | None:
            super().before(number, service, operation, params)
            if self.made == calls:
                clock.now += 60
            is_write = operation == "TransactWriteItems"
            return Twist(member_errors={0: "ConditionalCheckFailed"}) if is_write else None

    made = Passes()
    with incident(pipeline.memory, made), pytest.raises(RetryLaterError):
        WRITES[name](records, until)

    assert made.made == calls


def test_a_login_name_that_another_run_claims_at_the_same_moment_is_theirs(
    pipeline: Pipeline,
) -> None:
    records = marked(None)

    def meanwhile() -> None:
        pipeline.memory.hook = None
        records.claim_logins("t", {"bo": "bo@x.example"}, "5", NOW, SOON)

    with incident(pipeline.memory, Mishap("BatchExecuteStatement", before_call=meanwhile)):
        found = records.claim_logins("t", {"bo": "cy@x.example"}, "5", NOW, SOON)

    assert found == {"bo": "bo@x.example"}
