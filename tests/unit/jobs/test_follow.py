"""Following the directory: which changes ask for a recheck, and the jobs that it asks for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from handover.audit import Act, AuditEntry, Door
from handover.jobs.follow import News, follow, news_of, own_ticket
from handover.jobs.job import MAX_USERS
from handover.model import Account, User
from handover.profiles.opco_wall import OpcoWall
from handover.rules.pending import pending_assignee
from handover.runtime import Invocation, rfc3339
from handover.store.jobs import JOB, RECHECK
from handover.store.user_places import MOVED, USER
from msgspec.structs import replace

from tests.kit.jobs import NEWCOMER, delete_by_file, newcomer
from tests.kit.pipeline import AMINA, BARAKA, BEGINNING, ROLE, TENANT, Pipeline

Image = Mapping[str, Any] | None
NOW = BEGINNING


def image(**fields: str) -> Image:
    """The image of an item with these texts."""
    return {name: {"S": value} for name, value in fields.items()}


def follow_news(pipeline: Pipeline, *news: News) -> dict[str, dict[str, Any]]:
    """Follows the changes; the jobs that wait then, by ticket."""
    follow(pipeline.resources, news, Invocation("run", pipeline.deadline))
    items = pipeline.memory.dynamodb.tables["DirectoryTable"].items
    return {
        name.removeprefix(JOB): json.loads(item["body"]["S"])
        for (_, name), item in items.items()
        if name.startswith(JOB)
    }


def hold(pipeline: Pipeline, assignees: Iterable[str]) -> None:
    """Gives an account to each of the assignees."""
    pipeline.accounts(
        *(
            Account(TENANT, f"K{place:03d}", 1, opco="Kenya", assigned={ROLE: (one,)})
            for place, one in enumerate(assignees)
        )
    )
    pipeline.publish()


ACTIVE, INACTIVE, DELETED = (
    image(status="active"),
    image(status="inactive"),
    image(status="deleted"),
)
BY_JOB, BY_ANOTHER = (image(status="deleted", deleted_by=job) for job in ("T1", "T2"))
RESTORED = image(status="active", deleted_by="T1")
CHANGES: dict[str, tuple[Image, Image, bool]] = {
    "a new user": (None, ACTIVE, True),
    "a new user without a status": (None, image(name="Neema"), True),
    "a new inactive user": (None, INACTIVE, False),
    "a user moved to another key": (None, image(status="active", **{MOVED: "1"}), False),
    "a moved user who is active again": (INACTIVE, image(status="active", **{MOVED: "1"}), True),
    "a user who is active again": (INACTIVE, ACTIVE, True),
    "a user who becomes inactive": (ACTIVE, INACTIVE, False),
    "another name": (
        image(opco="Kenya", name="Neema"),
        image(opco="Kenya", name="Neema Juma"),
        False,
    ),
    "no status any more": (ACTIVE, image(name="Neema"), False),
    "another opco": (image(opco="Kenya"), image(opco="Togo"), True),
    "a first opco": (ACTIVE, image(status="active", opco="Togo"), True),
    "another opco of an inactive user": (
        image(status="inactive", opco="Kenya"),
        image(status="inactive", opco="Togo"),
        False,
    ),
    "a user deleted by a file": (ACTIVE, DELETED, True),
    "a user created as deleted": (None, DELETED, True),
    "a user who stays deleted": (DELETED, DELETED, False),
    "a user deleted by a job": (ACTIVE, BY_JOB, False),
    "a user who is first seen as deleted by a job": (None, BY_JOB, False),
    "a restored user deleted by a file": (RESTORED, BY_JOB, True),
    "a restored user deleted by another job": (RESTORED, BY_ANOTHER, False),
    "an item that is gone": (ACTIVE, None, False),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_a_user_is_rechecked_when_holdings_may_have_to_follow(
    name: str, pipeline: Pipeline
) -> None:
    before, after, expected = CHANGES[name]
    hold(pipeline, [pending_assignee(NEWCOMER)])
    newcomer(pipeline)

    asked = follow_news(pipeline, News("1", NOW, TENANT, USER + NEWCOMER, before, after))

    assert [job["users"] for job in asked.values()] == ([[NEWCOMER]] if expected else [])


@pytest.mark.parametrize(
    ("key", "after", "expected"),
    [
        (RECHECK, ACTIVE, True),
        (RECHECK, None, False),
        ("workflow#", ACTIVE, False),
        ("source#", ACTIVE, False),
    ],
    ids=["a recheck", "a recheck that is done", "a workflow", "a source"],
)
def test_of_other_items_only_a_recheck_asks_for_one(
    key: str, after: Image, expected: bool, pipeline: Pipeline
) -> None:
    hold(pipeline, [pending_assignee(NEWCOMER)])
    newcomer(pipeline)

    asked = follow_news(pipeline, News("1", NOW, TENANT, key + NEWCOMER, None, after))

    assert bool(asked) is expected


@pytest.mark.parametrize(
    ("wall", "opco", "expected"),
    [
        (OpcoWall.ALWAYS, "Kenya", True),
        (OpcoWall.ALWAYS, "Togo", False),
        (OpcoWall.BY_PROFILE, "Togo", True),
    ],
)
def test_accounts_that_the_wall_keeps_from_a_user_are_not_resolved(
    pipeline: Pipeline, wall: OpcoWall, opco: str, expected: bool
) -> None:
    hold(pipeline, [pending_assignee(NEWCOMER)])
    pipeline.resources.tables.setup.change_settings(
        TENANT, lambda before: replace(before, opco_wall=wall)
    )
    pipeline.users(User(NEWCOMER, "Neema Juma", frozenset({"Sales"}), opco))

    asked = follow_news(pipeline, News("1", NOW, TENANT, USER + NEWCOMER, None, ACTIVE))

    assert bool(asked) is expected


def test_the_jobs_of_a_batch_are_the_same_whatever_the_order_of_its_records(
    pipeline: Pipeline,
) -> None:
    hold(pipeline, [AMINA, pending_assignee(NEWCOMER), BARAKA])
    newcomer(pipeline)
    for user in (AMINA, BARAKA):
        delete_by_file(pipeline, user)
    later = NOW + 60
    news = [
        News("e3", NOW, TENANT, USER + BARAKA, ACTIVE, DELETED),
        News("e1", later, TENANT, USER + NEWCOMER, None, ACTIVE),
        News("e2", NOW + 1, TENANT, USER + AMINA, ACTIVE, DELETED),
    ]
    seed = "e1\0e2\0e3"
    removal = own_ticket(later, (seed, "removal", AMINA, BARAKA))
    resolution = own_ticket(later, (seed, "resolution", NEWCOMER))

    asked = follow_news(pipeline, *news)

    nothing = {"undo_of": "", "role": "", "cell": ""}
    assert asked == {
        removal: {"kind": "removal", "users": [AMINA, BARAKA]} | nothing,
        resolution: {"kind": "resolution", "users": [NEWCOMER]} | nothing,
    }
    assert follow_news(pipeline, *reversed(news)) == asked
    entries = pipeline.resources.tables.audit.newest(
        TENANT, before="", since="", now=rfc3339(later), rows=9
    )
    at, users = rfc3339(later), [AMINA, BARAKA]
    expected = [
        AuditEntry(
            TENANT,
            name,
            at,
            act,
            "",
            Door.DIRECTORY,
            about,
            after={"ticket": name, "mode": "run", "users": whom},
        )
        for name, act, about, whom in (
            (removal, Act.REMOVAL_BEGUN, f"users {AMINA} and {BARAKA}", users),
            (resolution, Act.RESOLUTION_BEGUN, f"user {NEWCOMER}", [NEWCOMER]),
        )
    ]
    begun = [one for one in entries if one.act in (Act.REMOVAL_BEGUN, Act.RESOLUTION_BEGUN)]
    assert sorted(begun, key=lambda one: one.act) == expected


def test_a_job_is_about_a_limited_number_of_users_in_the_order_of_their_addresses(
    pipeline: Pipeline,
) -> None:
    addresses = [f"{place:03d}@lumina.example" for place in range(MAX_USERS + 1)]
    hold(pipeline, addresses)
    pipeline.users(*(User(one, "", frozenset(), "", False, is_deleted=True) for one in addresses))

    news = (News(one, NOW, TENANT, USER + one, ACTIVE, DELETED) for one in reversed(addresses))
    asked = follow_news(pipeline, *news)

    found = sorted((job["users"] for job in asked.values()), key=len)
    assert found == [addresses[MAX_USERS:], addresses[:MAX_USERS]]


def test_a_deleted_user_is_no_news_for_another_tenant(pipeline: Pipeline) -> None:
    hold(pipeline, [AMINA])
    delete_by_file(pipeline, AMINA)

    assert follow_news(pipeline, News("1", NOW, "umbra", USER + AMINA, ACTIVE, DELETED)) == {}


def test_a_record_of_the_stream_is_one_change_of_an_item() -> None:
    keys = {"pk": {"S": "directory#lumina"}, "sk": {"S": "user#a@x.example"}}
    body = {"ApproximateCreationDateTime": 1_795_341_600, "Keys": keys}
    (created, gone) = news_of(
        [
            {"eventID": "1", "dynamodb": body | {"NewImage": ACTIVE}},
            {"eventID": "2", "dynamodb": body | {"OldImage": ACTIVE, "NewImage": {}}},
        ]
    )

    assert (created.event_id, created.at, created.key) == ("1", NOW, "user#a@x.example")
    assert (created.before, created.after) == (None, ACTIVE)
    assert (gone.before, gone.after) == (ACTIVE, None)
