"""The profiles of the files that Handover writes itself."""

from __future__ import annotations

import pytest
from handover.model import Duplicates
from handover.profiles.made import handing_over, narrowed, removing, resolving, restoring
from handover.profiles.presets import presets
from handover.profiles.profile import (
    Blank,
    Column,
    Holds,
    InactiveAccounts,
    NamedBy,
    Profile,
    Role,
    UnknownUser,
)
from msgspec.structs import replace

STRICT = presets()["single-strict"]
VIEWERS = presets()["manager-and-viewers"]
MANAGER = "account_manager"
BY_EMAIL = (NamedBy.EMAIL,)


def made(name: str, title: str, columns: tuple[Column, ...], *roles: str) -> Profile:
    """A profile that only an Admin could use, and that asks for nothing beyond its columns."""
    return Profile(
        name=name,
        version=1,
        title=title,
        columns=(Column(Holds.ACCOUNT, "account ID"), *columns),
        roles={role: Role(role, None) for role in roles},
        blank=Blank.KEEP,
        clear_words=frozenset({"(nobody)"}),
        list_separator=",",
        unknown_user=UnknownUser.PENDING,
        required_user_roles=frozenset(),
        has_opco_wall=False,
        inactive_accounts=InactiveAccounts.ALLOW,
        duplicates=Duplicates.REJECT,
        uploader_roles=frozenset({"Admin"}),
        fallback_encoding=None,
    )


def test_a_removal_names_the_users_to_take_off_each_role() -> None:
    columns = (
        Column(Holds.REMOVED, "remove from account_manager", role=MANAGER),
        Column(Holds.REMOVED, "remove from CSM", role="CSM"),
    )

    title = "Takes users off what they hold"
    assert removing([MANAGER, "CSM"]) == made("removal", title, columns, MANAGER, "CSM")


def test_a_resolution_names_the_users_of_each_role_whose_addresses_were_pending() -> None:
    columns = (Column(Holds.RESOLVED, "resolve in CSM", role="CSM"),)

    title = "Gives pending addresses to their new users"
    assert resolving(["CSM"]) == made("resolution", title, columns, "CSM")


@pytest.mark.parametrize("wall", [True, False])
def test_an_undo_names_the_earlier_and_the_present_holders_of_each_role(wall: bool) -> None:
    columns = (
        Column(Holds.USERS, MANAGER, role=MANAGER, by=BY_EMAIL),
        Column(Holds.EXPECTED, "account_manager now", role=MANAGER),
        Column(Holds.WORKFLOW, "workflow", role="workflow"),
        Column(Holds.EXPECTED, "workflow now", role="workflow"),
    )
    title = "Takes back what an import has changed"
    expected = replace(
        made("undo", title, columns, MANAGER),
        has_opco_wall=wall,
        # The opco of a pending address is unknown.
        unknown_user=UnknownUser.ERROR if wall else UnknownUser.PENDING,
    )

    profile = restoring(replace(VIEWERS, has_opco_wall=wall), [MANAGER, "workflow"])

    assert profile == expected


def test_labels_of_roles_that_differ_only_in_case_get_a_number() -> None:
    labels = [column.label for column in removing(["csm", "CSM", "Csm", "buyer"]).columns]

    assert labels == [
        "account ID",
        "remove from csm",
        "remove from CSM (2)",
        "remove from Csm (3)",
        "remove from buyer",
    ]


def test_a_narrowed_profile_has_the_account_and_the_first_column_of_the_role() -> None:
    second = Column(Holds.USERS, "second", role="viewer", by=BY_EMAIL)
    profile = replace(VIEWERS, columns=(second, *VIEWERS.columns), clear_words=frozenset({"none"}))

    assert narrowed(profile, "viewer") == replace(
        profile, columns=(VIEWERS.columns[0], second), clear_words=frozenset({"none", "(nobody)"})
    )
    # A file of the role without its column would be refused.
    assert narrowed(VIEWERS, "viewer").columns[1] == replace(VIEWERS.columns[2], is_required=True)


def test_a_hand_over_has_labels_that_no_other_profile_has() -> None:
    assert handing_over(VIEWERS, MANAGER) == replace(
        narrowed(VIEWERS, MANAGER),
        columns=(
            Column(Holds.ACCOUNT, "account ID"),
            Column(Holds.REPLACED, "hand over account_manager from", role=MANAGER),
            Column(Holds.USERS, "hand over account_manager to", role=MANAGER, by=BY_EMAIL),
        ),
    )


@pytest.mark.parametrize("role", ["viewer", "workflow"])
def test_a_role_without_a_column_cannot_be_given_away(role: str) -> None:
    for of_role in (narrowed, handing_over):
        with pytest.raises(ValueError, match=f"single-strict has no column for {role}"):
            of_role(STRICT, role)
