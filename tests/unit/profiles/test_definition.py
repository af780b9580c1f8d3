"""The fields that GUIDE.md lists are those that a profile's JSON has."""

from __future__ import annotations

import json
from typing import Any

import pytest
from handover.errors import InvalidRequestError
from handover.profiles.definition import COLUMN_FIELDS, HOLDS, PROFILE_FIELDS, ROLE_FIELDS
from handover.profiles.on_error import on_error_from
from handover.profiles.parsing import profile_from, profile_json
from handover.profiles.presets import presets
from handover.profiles.profile import Holds
from msgspec.structs import replace

STRICT: dict[str, Any] = profile_json(presets()["single-strict"])


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in STRICT.items() if name != field}


def test_a_profile_has_the_fields_that_are_listed() -> None:
    strictest = replace(presets()["single-strict"], on_error=on_error_from("all_or_nothing"))
    assert set(profile_json(strictest)) == set(PROFILE_FIELDS)
    assert {name for column in STRICT["columns"] for name in column} == set(COLUMN_FIELDS)
    assert set(HOLDS) == set(Holds)


@pytest.mark.parametrize("field", [name for name, one in PROFILE_FIELDS.items() if one.default])
def test_a_field_with_a_default_may_be_left_out(field: str) -> None:
    assert profile_from(without(field)) == presets()["single-strict"]


# `null` stands for a field of these that is left out.
@pytest.mark.parametrize(
    "field",
    [name for name, one in PROFILE_FIELDS.items() if not one.default and "`null`" not in one.value],
)
def test_a_field_without_a_default_must_be_there(field: str) -> None:
    with pytest.raises(InvalidRequestError) as wrong:
        profile_from(without(field))

    assert wrong.value.field == field


COLUMN = {
    "holds": "users",
    "label": "deputy",
    "aliases": [],
    "role": "account_manager",
    "by": ["email"],
    "required": True,
}
# `default` "none": the field is not for columns of every kind, but for those of users.
IS_FOR_USERS = ("role", "by")


@pytest.mark.parametrize("field", COLUMN_FIELDS)
def test_a_column_needs_the_fields_without_a_default(field: str) -> None:
    column = {name: value for name, value in COLUMN.items() if name != field}
    data = STRICT | {"columns": [*STRICT["columns"], column]}

    if COLUMN_FIELDS[field].default and field not in IS_FOR_USERS:
        whole = STRICT | {"columns": [*STRICT["columns"], COLUMN]}
        assert profile_from(data) == profile_from(whole)
    else:
        with pytest.raises(InvalidRequestError) as wrong:
            profile_from(data)
        assert wrong.value.field == f"columns[3].{field}"
    assert (COLUMN_FIELDS[field].default == "none") is (field in IS_FOR_USERS)


@pytest.mark.parametrize("field", ROLE_FIELDS)
def test_each_field_of_a_role_has_a_default(field: str) -> None:
    rules: dict[str, Any] = {"max_users": None, "assigned_by": []}
    given = {name: value for name, value in rules.items() if name != field}

    assert profile_from(STRICT | {"roles": {"account_manager": given}}) == profile_from(
        STRICT | {"roles": {"account_manager": rules}}
    )
    assert ROLE_FIELDS[field].default == f"`{json.dumps(rules[field])}`"


def test_a_role_takes_the_fields_that_are_listed_and_no_others() -> None:
    data = STRICT | {"roles": {"account_manager": dict.fromkeys(ROLE_FIELDS, None)}}
    data["roles"]["account_manager"]["assigned_by"] = ["Admin"]

    assert profile_from(data).roles["account_manager"].max_users is None
    data["roles"]["account_manager"]["colour"] = "red"
    with pytest.raises(InvalidRequestError, match="colour"):
        profile_from(data)
