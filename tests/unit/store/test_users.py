"""Users by address and by name: in one order, whichever keys they are under, and stored once."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from handover.audit import Act, AuditEntry, Door
from handover.deadline import Deadline
from handover.errors import RetryLaterError
from handover.model import User
from handover.store import user_places, users
from handover.store.batches import put_items
from handover.store.directory import user_item
from handover.store.name_places import NAMES_MARK
from handover.store.user_places import MARK, Spreading, put_mark
from handover.store.users import Stored
from msgspec.structs import replace

from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import HOUR, TENANT, Pipeline
from tests.unit.store.test_call_sizes import Operations

ZOE = User("zoe@x.example", "Zoe", frozenset(), login_name="Zed")
YAN = User("yan@x.example", "Yan", frozenset(), login_name="zed")
NAMES = (*(f"Ana {letter}" for letter in "ABCDEFGHIJKLMNOP"), "Anatol", "Bo")


@pytest.mark.parametrize("state", [None, Spreading.SPREAD, Spreading.SETTLED])
def test_users_are_listed_once_and_in_order_with_any_page_size(
    pipeline: Pipeline, state: Spreading | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    resources, tenant = pipeline.resources, "t-small"
    monkeypatch.setattr(user_places, "SHARDS", 2)
    monkeypatch.setattr(users, "NAMES_A_READ", 2)
    monkeypatch.setattr(users, "MIN_ROWS_OF_A_SHARD", 1)
    if state is not None:
        for mark in (MARK, NAMES_MARK):
            put_mark(resources.tables.directory.table, tenant, state, 0.0, mark=mark)
    # The addresses are in another order than the names.
    made = [User(f"u{40 - at}@x.example", name, frozenset()) for at, name in enumerate(NAMES)]
    resources.tables.directory.put_users(tenant, made, pipeline.deadline)
    people = resources.tables.people

    called = [user.name for _, user in people.called(tenant, "ana ", None, pipeline.deadline)]
    listed = [user.email for user in people.listed(tenant, None, 1)]

    assert called == list(NAMES[:16])
    assert listed == sorted(user.email for user in made)


def test_a_user_who_is_gone_by_now_is_not_stored_again(pipeline: Pipeline) -> None:
    tables = pipeline.resources.tables
    after = replace(ZOE, name="Zoe Z")

    stored = tables.people.store(TENANT, ZOE, after, now=pipeline.clock.now, precedence="1")

    assert stored is Stored.OVERTAKEN
    assert tables.directory.user(TENANT, ZOE.email) is None


def store_yan(pipeline: Pipeline, later: float) -> Stored:
    """Creates Yan, that many seconds after a file has claimed his login name for Zoe."""
    tables, now = pipeline.resources.tables, pipeline.clock.now
    tables.user_records.claim_logins(TENANT, {"zed": ZOE.email}, "1", now, pipeline.deadline)
    return tables.people.store(TENANT, None, YAN, now=now + later, precedence="2")


@pytest.mark.parametrize(
    ("later", "stored", "users"),
    [(HOUR - 1, Stored.LOGIN_TAKEN, {}), (HOUR, Stored.DONE, {"zed": YAN})],
)
def test_a_login_name_that_is_claimed_for_nobody_yet_is_free_after_an_hour(
    pipeline: Pipeline, later: float, stored: Stored, users: dict[str, User]
) -> None:
    assert store_yan(pipeline, later) is stored

    directory = pipeline.resources.tables.directory
    assert directory.users_by_login(TENANT, ["zed"], pipeline.deadline) == users


def test_a_login_name_stays_with_the_user_who_is_stored_with_it_at_the_last_moment(
    pipeline: Pipeline,
) -> None:
    directory = pipeline.resources.tables.directory

    def zoe_comes() -> None:
        put_items(directory.table, [user_item(TENANT, ZOE)], pipeline.deadline)

    with incident(pipeline.memory, Mishap("TransactWriteItems", before_call=zoe_comes)):
        assert store_yan(pipeline, HOUR) is Stored.OVERTAKEN

    assert directory.users_by_login(TENANT, ["zed"], pipeline.deadline) == {"zed": ZOE}
    assert directory.user(TENANT, YAN.email) is None


def test_writing_no_users_makes_no_call(pipeline: Pipeline) -> None:
    with incident(pipeline.memory, Mishap()) as calls:
        assert pipeline.resources.tables.user_records.write([], pipeline.deadline) == []

    assert calls.seen == 0


def test_no_name_is_looked_for_when_the_time_is_over(pipeline: Pipeline) -> None:
    directory = pipeline.resources.tables.directory

    with incident(pipeline.memory, Mishap("Query")) as calls, pytest.raises(RetryLaterError):
        directory.users_by_name(TENANT, ["zoe"], Deadline(0.0))

    assert calls.seen == 0


# The items of one user, and who comes in their way. A key of a shard is that of the hash.
ANA = User("ana@x.example", "Ana O", frozenset({"Sales"}), login_name="Ana")
BO = User("bo@x.example", "Bo", frozenset(), login_name="bo")
LONG = "x" * 1100


@dataclass(frozen=True)
class Edit:
    """Ana is stored in place of `before`, None = she is new, beside these users."""

    name: str
    others: tuple[User, ...]
    before: User | None
    after: User
    answer: Stored
    # The items that there are more and fewer afterwards, at the home: of a login name with its
    # address, of a user with the login name and status.
    more: frozenset[str] = frozenset()
    fewer: frozenset[str] = frozenset()


def edit(
    name: str,
    others: tuple[User, ...],
    before: User | None,
    after: User,
    answer: Stored = Stored.DONE,
    *,
    more: str = "",
    fewer: str = "",
) -> Edit:
    def split(text: str) -> frozenset[str]:
        return frozenset(one.strip() for one in text.split(",") if one.strip())

    return Edit(name, others, before, after, answer, split(more), split(fewer))


ANA_IS = "user#ana@x.example: Ana active"
EDITS = (
    edit(
        "a new user has a login name and a name",
        (BO,),
        None,
        ANA,
        more=f"{ANA_IS}, login#ana: ana@x.example, name#ana o#ana@x.example",
    ),
    edit(
        "a new user may have neither",
        (),
        None,
        replace(ANA, name="", login_name=""),
        more="user#ana@x.example:  active",
    ),
    edit(
        "a user who exists is not created",
        (ANA,),
        None,
        replace(ANA, name="Ana P", login_name=""),
        Stored.OVERTAKEN,
    ),
    edit(
        "another name takes the place of the old one",
        (ANA,),
        ANA,
        replace(ANA, name="Ana P"),
        more="name#ana p#ana@x.example",
        fewer="name#ana o#ana@x.example",
    ),
    edit(
        "a name that is written otherwise stays",
        (ANA,),
        ANA,
        replace(ANA, name="ANA  O"),
    ),
    edit(
        "no name takes the place of the old one",
        (ANA,),
        ANA,
        replace(ANA, name=""),
        fewer="name#ana o#ana@x.example",
    ),
    edit(
        "a name takes the place of one that is too long for a key",
        (replace(ANA, name=LONG),),
        replace(ANA, name=LONG),
        ANA,
        more="name#ana o#ana@x.example",
    ),
    edit(
        "another login name takes the place of the old one",
        (ANA,),
        ANA,
        replace(ANA, login_name="Anna"),
        more="user#ana@x.example: Anna active, login#anna: ana@x.example",
        fewer=f"{ANA_IS}, login#ana: ana@x.example",
    ),
    edit(
        "no login name takes the place of the old one",
        (ANA,),
        ANA,
        replace(ANA, login_name=""),
        more="user#ana@x.example:  active",
        fewer=f"{ANA_IS}, login#ana: ana@x.example",
    ),
    edit(
        "a login name that is written otherwise stays",
        (ANA,),
        ANA,
        replace(ANA, login_name="ANA"),
        more="user#ana@x.example: ANA active",
        fewer=ANA_IS,
    ),
    edit(
        "an old login name that another user has by now stays with them",
        (ANA, replace(BO, login_name="ana")),
        ANA,
        replace(ANA, login_name="anna"),
        more="user#ana@x.example: anna active, login#anna: ana@x.example",
        fewer=ANA_IS,
    ),
    edit(
        "the login name of another user is taken",
        (ANA, BO),
        ANA,
        replace(ANA, login_name="BO"),
        Stored.LOGIN_TAKEN,
    ),
    edit(
        "the login name of an inactive user is taken",
        (ANA, replace(BO, is_active=False)),
        ANA,
        replace(ANA, login_name="bo"),
        Stored.LOGIN_TAKEN,
    ),
    edit(
        "the login name of a deleted user is free",
        (ANA, replace(BO, is_active=False, is_deleted=True)),
        ANA,
        replace(ANA, login_name="bo"),
        more="user#ana@x.example: bo active, login#bo: ana@x.example",
        fewer=f"{ANA_IS}, login#ana: ana@x.example, login#bo: bo@x.example",
    ),
    edit(
        "the login name that a user no longer has is free",
        (ANA, BO, replace(BO, login_name="bob")),
        ANA,
        replace(ANA, login_name="bo"),
        more="user#ana@x.example: bo active, login#bo: ana@x.example",
        fewer=f"{ANA_IS}, login#ana: ana@x.example, login#bo: bo@x.example",
    ),
    edit(
        "a user with another name by now is not stored",
        (replace(ANA, name="Ana P"),),
        ANA,
        replace(ANA, phone="1"),
        Stored.OVERTAKEN,
    ),
    edit(
        "a user with another login name by now is not stored",
        (replace(ANA, login_name=""),),
        ANA,
        replace(ANA, phone="1"),
        Stored.OVERTAKEN,
    ),
    edit(
        "a user who is inactive by now is not stored",
        (replace(ANA, is_active=False),),
        ANA,
        replace(ANA, phone="1"),
        Stored.OVERTAKEN,
    ),
    edit(
        "a user becomes inactive",
        (ANA,),
        ANA,
        replace(ANA, is_active=False),
        more="user#ana@x.example: Ana inactive",
        fewer=ANA_IS,
    ),
)
EDITS_BY_NAME = {one.name: one for one in EDITS}


def directory_items(pipeline: Pipeline, tenant: str) -> set[str]:
    """The items of the tenant's users, whichever key they are under, as `Edit` shows them."""
    found = []
    for item in pipeline.memory.dynamodb.tables["DirectoryTable"].items.values():
        sk = item["sk"]["S"]
        if item["pk"]["S"].partition("~")[0] != tenant or sk.startswith("#"):
            continue
        if sk.startswith("user#"):
            sk += f": {item['login_name']['S']} {item['status']['S']}"
        elif sk.startswith("login#"):
            sk += f": {json.loads(item['body']['S'])['email']}"
        found.append(sk)
    # A name may be at two places, until a move has removed the old one.
    alone = [one for one in found if not one.startswith("name#")]
    assert len(alone) == len(set(alone))
    return set(found)


def spread(pipeline: Pipeline) -> None:
    for mark in (MARK, NAMES_MARK):
        put_mark(pipeline.resources.tables.directory.table, "t", Spreading.SPREAD, 0.0, mark=mark)


@pytest.mark.parametrize("others_are", ["at home", "at shards", "not moved yet"])
@pytest.mark.parametrize("name", EDITS_BY_NAME)
def test_a_user_is_stored_with_all_their_items_or_not_at_all(
    name: str, others_are: str, pipeline: Pipeline
) -> None:
    one, tables = EDITS_BY_NAME[name], pipeline.resources.tables
    if others_are == "at shards":
        spread(pipeline)
    for user in one.others:
        tables.directory.put_users("t", [user], pipeline.deadline)
    if others_are == "not moved yet":
        spread(pipeline)
    before = directory_items(pipeline, "t")
    assert one.fewer <= before
    entry = AuditEntry("t", "n", "2026-11-22T10:00:00Z", Act.USER_EDITED, "i", Door.API, "x")

    answer = tables.people.store(
        "t", one.before, one.after, now=1e9, precedence="7", also=tables.audit.addition(entry)
    )

    assert answer is one.answer
    after = directory_items(pipeline, "t")
    assert after == (before | one.more) - one.fewer
    is_stored = answer is Stored.DONE
    assert len(pipeline.memory.dynamodb.tables["AuditTable"].items) == is_stored
    assert (tables.directory.user("t", ANA.email) == one.after) == is_stored


def test_a_new_user_whom_older_code_stores_meanwhile_is_at_one_place(pipeline: Pipeline) -> None:
    """Older code knows no shards. A user without names has no other items."""
    directory = pipeline.resources.tables.directory
    nameless = replace(BO, name="", login_name="")
    spread(pipeline)
    older = iter([user_item("t", replace(nameless, phone="1"))])

    def meanwhile() -> None:
        if item := next(older, None):
            hook, pipeline.memory.hook = pipeline.memory.hook, None
            put_items(directory.table, [item], pipeline.deadline)
            pipeline.memory.hook = hook

    with incident(pipeline.memory, Mishap("TransactWriteItems", before_call=meanwhile)):
        directory.put_users("t", [nameless, replace(ANA, login_name="")], pipeline.deadline)

    found = pipeline.memory.dynamodb.tables["DirectoryTable"].items
    assert sorted(key for key in found if key[0].startswith("t") and key[1] != MARK) == [
        ("t", "#spread-names"),
        ("t", "user#bo@x.example"),
        ("t~c", "name#ana o#ana@x.example"),
        ("t~f", "user#ana@x.example"),
    ]
    assert directory.user("t", BO.email) == nameless


def test_an_edit_says_of_every_field_that_no_older_file_may_change_it(pipeline: Pipeline) -> None:
    tables = pipeline.resources.tables

    tables.people.store("t", None, ANA, now=0.0, precedence="7")

    item = pipeline.memory.dynamodb.tables["DirectoryTable"].items["t", f"user#{ANA.email}"]
    fields = "name opco status roles employee_id phone mobile login_name"
    assert {
        precedence: {one["S"] for one in names["L"]}
        for precedence, names in item["fact_orders"]["M"].items()
    } == {"7": set(fields.split())}
    assert item["version"] == {"N": "1"}


def test_an_edit_of_a_user_without_login_names_reads_none(pipeline: Pipeline) -> None:
    people = pipeline.resources.tables.people
    nobody = replace(ANA, login_name="")
    calls = Operations()

    with incident(pipeline.memory, calls):
        people.store("t", None, nobody, now=0.0, precedence="7")

    # The marks of users and of names.
    assert calls.made == ["GetItem", "GetItem", "TransactWriteItems"]


@pytest.mark.parametrize(
    ("name", "login_name", "answer"),
    [("", "", Stored.DONE), ("Ana O", "", Stored.OVERTAKEN), ("", "ana", Stored.OVERTAKEN)],
)
def test_a_user_of_whom_little_is_stored_is_as_read_if_all_else_is_usual(
    name: str, login_name: str, answer: Stored, pipeline: Pipeline
) -> None:
    """As older code stored users: texts without characters and the usual status were left out."""
    tables = pipeline.resources.tables
    item = {"pk": {"S": "t"}, "sk": {"S": f"user#{ANA.email}"}, "roles": {"L": []}}
    put_items(tables.directory.table, [item], pipeline.deadline)
    before = User(ANA.email, name, frozenset(), login_name=login_name)

    found = tables.people.store("t", before, replace(before, phone="1"), now=0.0, precedence="7")

    assert found is answer
