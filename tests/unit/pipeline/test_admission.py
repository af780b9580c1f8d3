"""Admission: who may send a file, by their state, their user roles and what asked for it."""

from __future__ import annotations

import pytest
from handover.errors import RefusedError
from handover.model import Mode, User
from handover.pipeline.admission import check_directory_right, uploader_of
from handover.pipeline.uploads import Sender
from handover.profiles.presets import presets
from handover.profiles.settings import Settings
from msgspec.structs import replace

EMAIL = "sam@lumina.example"
SENDER = Sender("lumina", "user", EMAIL, "a.csv", "own", Mode.RUN, {})
SYSTEM = replace(SENDER, source="erp", uploader="", is_system=True)
PROFILE = replace(presets()["single-strict"], name="own", uploader_roles=frozenset({"Sales"}))
OF_USERS = presets()["directory-users"]
SALES, FINANCE, ADMIN = (User(EMAIL, "Sam", frozenset({role})) for role in ("Sales", "F", "Admin"))
NO_USER = "no active user has this address"
NOT_ON = "the profile own is not switched on, so only the user role Admin may use it; "
OTHER_ROLE = "the profile own is for the user role Sales"


@pytest.mark.parametrize(
    ("job", "user", "is_on", "reason"),
    [
        (None, SALES, True, ""),
        (None, SALES, False, NOT_ON),
        (None, FINANCE, True, OTHER_ROLE),
        (None, ADMIN, False, ""),
        (None, replace(ADMIN, is_active=False), True, NO_USER),
        (None, None, True, NO_USER),
        ("undo", SALES, False, ""),
        ("undo", FINANCE, False, OTHER_ROLE),
        ("undo", ADMIN, False, ""),
        ("undo", None, True, NO_USER),
    ],
)
def test_a_person_may_send_what_their_state_and_user_roles_allow(
    job: str | None, user: User | None, *, is_on: bool, reason: str
) -> None:
    settings = Settings(profiles=("own",) if is_on else ())
    sender = replace(SENDER, job=job)

    if not reason:
        assert uploader_of(sender, PROFILE, user, settings) is user
        return
    with pytest.raises(RefusedError) as refused:
        uploader_of(sender, PROFILE, user, settings)
    refusal = refused.value.refusal
    assert refusal.code == "UPLOADER_NOT_ALLOWED"
    assert refusal.message.startswith(f"{EMAIL} may not upload own files: {reason}")


@pytest.mark.parametrize(
    "sender", [SYSTEM, replace(SENDER, job="removal"), replace(SENDER, job="resolution")]
)
def test_no_person_is_responsible_for_a_drop_or_a_job_that_follows_the_directory(
    sender: Sender,
) -> None:
    assert uploader_of(sender, PROFILE, ADMIN, Settings()) is None


@pytest.mark.parametrize(
    ("sender", "is_about_users", "is_allowed"),
    [
        (SENDER, True, True),
        (SYSTEM, False, True),
        (SYSTEM, True, False),
        (replace(SYSTEM, writes_directory=True), True, True),
        (replace(SYSTEM, is_directory=True), False, False),
        (replace(SYSTEM, is_directory=True, writes_directory=True), False, True),
    ],
)
def test_a_source_writes_the_directory_only_with_the_right(
    sender: Sender, *, is_about_users: bool, is_allowed: bool
) -> None:
    profile = OF_USERS if is_about_users else PROFILE

    if is_allowed:
        check_directory_right(sender, profile)
        return
    with pytest.raises(RefusedError) as refused:
        check_directory_right(sender, profile)
    assert refused.value.refusal.code == "UPLOADER_NOT_ALLOWED"
    assert refused.value.refusal.message == (
        "the source 'erp' may not write the directory: an Admin must set writes_directory for it "
        "(PUT /sources/erp). Files about assignments go under drop/lumina/erp/, with a profile "
        "about assignments."
    )
