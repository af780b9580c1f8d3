"""A mapping saved as a profile: its labels go first, and the previous ones stay valid."""

from __future__ import annotations

import pytest
from handover.errors import InvalidRequestError
from handover.profiles.copies import mapped_copy
from handover.profiles.presets import presets
from handover.profiles.profile import Column, Holds, NamedBy, Profile, Role
from msgspec.structs import replace

ACCOUNT = Column(Holds.ACCOUNT, "account ID", ("key", "number"))
MANAGER = Column(Holds.USERS, "manager", role="manager", by=(NamedBy.EMAIL,))
PROFILE = replace(
    presets()["single-strict"],
    version=7,
    columns=(ACCOUNT, MANAGER),
    roles={"manager": Role("manager", 1)},
)


def labels(profile: Profile) -> list[tuple[str, ...]]:
    """Of each column the label and the aliases."""
    return [(column.label, *column.aliases) for column in profile.columns]


def copied(mapping: dict[str, str]) -> Profile:
    return mapped_copy(PROFILE, mapping, [], name="own", title="Our own")


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ({}, [("account ID", "key", "number"), ("manager",)]),
        ({"Kunde": "Account  ID"}, [("Kunde", "account ID", "key", "number"), ("manager",)]),
        # Two labels may mean one column.
        (
            {"Kunde": "account ID", "Konto": "account ID"},
            [("Kunde", "Konto", "account ID", "key", "number"), ("manager",)],
        ),
        # An alias that is mapped to another column, or becomes the label, is no alias any more.
        ({" KEY": "manager"}, [("account ID", "number"), (" KEY", "manager")]),
        ({"number": "account ID"}, [("number", "account ID", "key"), ("manager",)]),
        (
            {"manager": "account ID", "account ID": "manager"},
            [("manager", "key", "number"), ("account ID",)],
        ),
    ],
)
def test_the_labels_of_a_mapping_go_first_and_no_column_has_anothers_label(
    mapping: dict[str, str], expected: list[tuple[str, ...]]
) -> None:
    assert labels(copied(mapping)) == expected


def test_a_copy_is_the_first_version_of_a_profile_of_the_tenants_own() -> None:
    copy = copied({"Kunde": "account ID"})

    assert not copy.is_preset
    assert copy == replace(PROFILE, name="own", title="Our own", version=1, columns=copy.columns)
    assert PROFILE.is_preset


def test_a_mapping_that_leaves_a_column_without_a_label_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="no label would be left for 'manager'") as wrong:
        copied({"Manager": "account ID"})

    assert wrong.value.field == "mapping"


@pytest.mark.parametrize(
    ("mapping", "has_tenant_roles", "columns"),
    [
        ({"Kunde": "account ID"}, True, [("Kunde",), ("{role}",)]),
        ({"Kunde": "account ID", "Lead": "csm"}, False, [("Kunde",), ("Lead",), ("Buyer",)]),
    ],
)
def test_a_copy_has_the_roles_of_today_only_if_the_mapping_names_one(
    mapping: dict[str, str], has_tenant_roles: bool, columns: list[tuple[str, ...]]
) -> None:
    each = replace(MANAGER, label="{role}", role="{role}")
    team = replace(PROFILE, columns=(ACCOUNT, each), roles={}, has_tenant_roles=True)
    roles = [Role("CSM", 1), Role("Buyer", None)]

    copy = mapped_copy(team, mapping, roles, name="own", title="Our own")

    assert copy.has_tenant_roles is has_tenant_roles
    assert copy.roles == ({} if has_tenant_roles else {role.role: role for role in roles})
    assert [one[:1] for one in labels(copy)] == columns
