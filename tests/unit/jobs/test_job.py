"""The import of a job has a name that says whom it is about and why."""

from __future__ import annotations

import pytest
from handover.jobs.job import Job, job_ticket
from handover.model import JobKind
from handover.pipeline.tickets import MAX_FILENAME_CHARS

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
