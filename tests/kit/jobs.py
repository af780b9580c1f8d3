"""What tests of jobs share: requests for them, and a profile that accepts unknown addresses."""

from __future__ import annotations

from handover.access.people import Person
from handover.jobs.job import Job, ask_job
from handover.model import JobKind, User
from handover.profiles.presets import presets
from handover.profiles.profile import UnknownUser
from msgspec.structs import replace

from tests.kit.caller import Api
from tests.kit.memory_aws import ObjectCreated
from tests.kit.pipeline import ADMIN, TENANT, Pipeline, file_of

NEWCOMER = "neema.juma@lumina.example"
PATIENT = "pending-allowed"


def api(pipeline: Pipeline, email: str = ADMIN) -> Api:
    """The API as a user of the tenant calls it."""
    return Api(TENANT, pipeline.resources, email)


def person(pipeline: Pipeline, email: str = ADMIN) -> Person:
    """A signed-in person."""
    user = pipeline.resources.tables.directory.user(TENANT, email)
    assert user is not None
    return Person(TENANT, user)


def ask_removal(pipeline: Pipeline, *users: str) -> str:
    """Requests a removal as an Admin; its ticket."""
    job = Job(JobKind.REMOVAL, users)
    return ask_job(pipeline.resources, person(pipeline), job, pipeline.clock.now)


def delete_by_file(pipeline: Pipeline, address: str) -> None:
    """Marks the user as deleted, as a file of the directory does."""
    user = pipeline.resources.tables.directory.user(TENANT, address)
    assert user is not None
    pipeline.users(replace(user, is_active=False, is_deleted=True))


def newcomer(pipeline: Pipeline) -> None:
    """Creates the user for whom accounts wait."""
    pipeline.users(User(NEWCOMER, "Neema Juma", frozenset({"Sales"}), "Kenya"))


def allow_pending(pipeline: Pipeline) -> None:
    """Stores the profile PATIENT, whose lines may name unknown addresses."""
    profile = replace(
        presets()["single-strict"],
        name=PATIENT,
        unknown_user=UnknownUser.PENDING,
        has_opco_wall=False,
        required_user_roles=frozenset(),
    )
    pipeline.resources.tables.directory.put_profile(TENANT, profile)


def await_newcomer(pipeline: Pipeline, *accounts: str) -> ObjectCreated:
    """An import that has assigned the accounts to an address without a user."""
    allow_pending(pipeline)
    created = pipeline.upload(
        file_of((account, NEWCOMER) for account in accounts), pipeline.ticket(profile=PATIENT)
    )
    pipeline.run(created)
    return created


def awaited(pipeline: Pipeline) -> list[tuple[str, str]]:
    """The pending addresses with their accounts."""
    waiting = pipeline.resources.tables.portfolios.waiting(TENANT)
    return [(one.address, one.account_id) for one in waiting]


def held_by(pipeline: Pipeline, user: str) -> list[str]:
    """The accounts in a user's portfolio."""
    return [account for _, account in pipeline.resources.tables.portfolios.of(TENANT, user)]
