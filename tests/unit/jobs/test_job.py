"""The import of a job has a name that says whom it is about and why."""

from __future__ import annotations

import json
from typing import Any

import pytest
from handover.audit import Act
from handover.jobs.job import Job, act_of, job_from, job_json, job_shown, job_ticket
from handover.model import JobKind, Mode
from handover.pipeline.tickets import MAX_FILENAME_CHARS
from handover.profiles.parsing import profile_from
from handover.profiles.presets import presets
from handover.store.tickets import TicketItem
from msgspec.structs import replace

# 2026-11-22T10:00:00Z
NOW = 1_795_341_600.0
REMOVAL, RESOLUTION = JobKind.REMOVAL, JobKind.RESOLUTION


@pytest.mark.parametrize(
    ("job", "actor", "name"),
    [
        (
            Job(REMOVAL, ("ana@x.example",)),
            "ines@x.example",
            "removal of ana@x.example, deleted by ines@x.example.csv",
        ),
        (
            Job(REMOVAL, ("ana@x.example", "bo@x.example")),
            "",
            "removal of ana@x.example and bo@x.example, deleted by a directory file.csv",
        ),
        (
            Job(RESOLUTION, ("a@x.example", "b@x.example", "c@x.example", "d@x.example")),
            "",
            "resolution of a@x.example, b@x.example and 2 more, new in the directory.csv",
        ),
        (Job(JobKind.UNDO, filename="undo of a.csv"), "ines@x.example", "undo of a.csv"),
    ],
)
def test_u5_the_name_of_a_job_says_whom_it_is_about_and_why(
    job: Job, actor: str, name: str
) -> None:
    assert job_ticket("lumina", actor, job, 0.0).filename == name


def test_the_name_of_an_import_stays_within_its_limit() -> None:
    job = Job(REMOVAL, tuple(f"{letter * 200}@x.example" for letter in "abc"))

    assert len(job_ticket("lumina", "", job, 0.0).filename or "") == MAX_FILENAME_CHARS


PROFILE = replace(presets()["single-strict"], name="undo")
BARE_TICKET = {
    "pk": {"S": "ticket#T"},
    "sk": {"S": "ticket"},
    "tenant": {"S": "lumina"},
    "uploader": {"S": "ines@x.example"},
    "profile": {"S": "removal"},
    "filename": {"S": "removal of a@x.example, deleted by ines@x.example.csv"},
    "mode": {"S": "run"},
    "mapping": {"S": "{}"},
    "errand": {"S": "removal"},
    "users": {"L": [{"S": "a@x.example"}]},
    "issued_at": {"S": "2026-11-22T10:00:00.000Z"},
    # The ticket is remembered for 90 days: 2027-02-20T10:00:00Z.
    "expires_at": {"S": "2027-02-20T10:00:00.000Z"},
    "replays": {"N": "0"},
    "expires": {"N": "1803117600"},
}


def stored(ticket: TicketItem) -> dict[str, Any]:
    """The ticket as it is stored; whoever issues it gives it its key."""
    ticket.pk = "ticket#T"
    item: dict[str, Any] = ticket.serialize()
    return item


def test_the_ticket_of_a_job_says_who_asked_for_what() -> None:
    ticket = job_ticket("lumina", "ines@x.example", Job(REMOVAL, ("a@x.example",)), NOW)

    assert stored(ticket) == BARE_TICKET


def test_the_ticket_of_a_job_that_nobody_asked_for_has_a_source_and_no_uploader() -> None:
    job = Job(REMOVAL, ("a@x.example",), filename="x.csv")

    assert stored(job_ticket("lumina", "", job, NOW)) == BARE_TICKET | {
        "uploader": {"S": ""},
        "source": {"S": "handover"},
        "filename": {"S": "x.csv"},
    }


def test_the_ticket_of_an_undo_has_its_profile_and_the_import() -> None:
    job = Job(JobKind.UNDO, undo_of="1" * 32, mode=Mode.DRY_RUN, profile=PROFILE)

    found = stored(job_ticket("lumina", "ines@x.example", job, NOW))

    body = json.loads(found.pop("profile_body")["S"])
    assert profile_from(body) == PROFILE
    expected = BARE_TICKET | {
        "profile": {"S": "undo"},
        "filename": {"S": "undo.csv"},
        "mode": {"S": "dry_run"},
        "errand": {"S": "undo"},
        "undo_of": {"S": "1" * 32},
    }
    del expected["users"]
    assert found == expected


JOBS = {
    "an undo": (
        Job(JobKind.UNDO, undo_of="1"),
        {"kind": "undo", "users": [], "undo_of": "1", "role": "", "cell": ""},
        (Act.IMPORT_UNDONE, "import 1"),
        {"ticket": "T", "mode": "run"},
    ),
    "a new owner": (
        Job(JobKind.OWNER, ("a@x.example",), role="owner", cell="b@x.example", mode=Mode.DRY_RUN),
        {
            "kind": "owner",
            "users": ["a@x.example"],
            "undo_of": "",
            "role": "owner",
            "cell": "b@x.example",
        },
        (Act.ACCOUNTS_REASSIGNED, "role owner"),
        {"ticket": "T", "mode": "dry_run", "users": ["a@x.example"], "to": "b@x.example"},
    ),
    "the removal of one": (
        Job(REMOVAL, ("a@x.example",)),
        {"kind": "removal", "users": ["a@x.example"], "undo_of": "", "role": "", "cell": ""},
        (Act.USERS_DELETED, "user a@x.example"),
        {"ticket": "T", "mode": "run", "users": ["a@x.example"]},
    ),
    "the removal of some": (
        Job(REMOVAL, ("a@x.example", "b@x.example")),
        {
            "kind": "removal",
            "users": ["a@x.example", "b@x.example"],
            "undo_of": "",
            "role": "",
            "cell": "",
        },
        (Act.USERS_DELETED, "users a@x.example and b@x.example"),
        {"ticket": "T", "mode": "run", "users": ["a@x.example", "b@x.example"]},
    ),
}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_stored_and_shown_in_the_audit_trail(name: str) -> None:
    job, body, act, shown = JOBS[name]

    assert json.loads(job_json(job)) == body
    # Mode, profile and name are on the ticket.
    assert job_from(job_json(job)) == replace(job, mode=Mode.RUN)
    assert act_of(job) == act
    assert job_shown(job, "T") == shown
