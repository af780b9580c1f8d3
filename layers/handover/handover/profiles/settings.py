"""A tenant's settings, from JSON and back, with an error that names the field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, get_type_hints

from msgspec import Meta, Struct
from msgspec.structs import asdict

from handover.errors import InvalidRequestError
from handover.profiles.opco_wall import OpcoWall
from handover.profiles.parsing import NAME_PATTERN

# By default, a file waits for an Admin if more than a fifth of its lines, and more than ten, would
# clear a manager.
CLEAR_GUARD_PERCENT = 20
CLEAR_GUARD_LINES = 10
# No share exceeds 100 %, so a guard with this percentage stops nothing.
NO_LIMIT = 100
CHANGE_GUARD_LINES = 10
# A name has at most 63 characters, so the settings stay far below the 400 KB of an item.
MAX_PROFILES = 100


class Settings(Struct, frozen=True):
    """A tenant's settings, each defined here: default, type and meaning.

    GUIDE.md lists them; a test checks the bodies of `GET` and `PATCH /settings` against these
    fields.
    """

    clear_guard_percent: Annotated[
        int,
        Meta(
            description="a file waits for an Admin if it would remove managers on more than this"
            " percentage of its lines, and on more than `clear_guard_lines` lines"
        ),
    ] = CLEAR_GUARD_PERCENT
    clear_guard_lines: Annotated[
        int,
        Meta(description="`clear_guard_percent` applies only above this number of such lines"),
    ] = CLEAR_GUARD_LINES
    change_guard_percent: Annotated[
        int,
        Meta(
            description="a file waits for an Admin if it would change accounts on more than this"
            " percentage of its lines; `100`: no limit"
        ),
    ] = NO_LIMIT
    portfolio_guard_percent: Annotated[
        int,
        Meta(
            description="a file waits for an Admin if it would take from a user more than this"
            " percentage of the accounts that the user holds in a role; `100`: no limit"
        ),
    ] = NO_LIMIT
    tenant_guard_percent: Annotated[
        int,
        Meta(
            description="a file waits for an Admin if it would change more than this percentage of"
            " the tenant's accounts; `100`: no limit"
        ),
    ] = NO_LIMIT
    change_guard_lines: Annotated[
        int,
        Meta(
            description="the three limits above apply only if more lines than this would change an"
            " account"
        ),
    ] = CHANGE_GUARD_LINES
    uploader_may_approve: Annotated[
        bool,
        Meta(
            description="whether an Admin may approve a file that they have uploaded themselves,"
            " even if there is another Admin"
        ),
    ] = False
    default_account_manager: Annotated[
        str,
        Meta(
            description="the address of the user who gets new accounts without a manager; empty:"
            " nobody"
        ),
    ] = ""
    allow_account_manager_to_create_requests: Annotated[
        bool,
        Meta(description="whether holders of an account may create requests for its contacts"),
    ] = False
    profiles: Annotated[
        tuple[str, ...],
        Meta(
            description="the names of the profiles that are switched on; only Admins may use others"
        ),
    ] = ()
    opco_wall: Annotated[
        OpcoWall,
        Meta(
            description='`"always"`: no user holds an account of another operating company;'
            ' `"by_profile"`: the profile of the file decides'
        ),
    ] = OpcoWall.ALWAYS

    @property
    def guards_changes(self) -> bool:
        """True when a limit is set that requires a lookup of the file's accounts."""
        shares = (
            self.change_guard_percent,
            self.portfolio_guard_percent,
            self.tenant_guard_percent,
        )
        return min(shares) < NO_LIMIT


MAX_LINES = 20_000_000
_HIGHEST = {
    "clear_guard_percent": 100,
    "clear_guard_lines": MAX_LINES,
    "change_guard_percent": NO_LIMIT,
    "portfolio_guard_percent": NO_LIMIT,
    "tenant_guard_percent": NO_LIMIT,
    "change_guard_lines": MAX_LINES,
}


def parse_settings(text: str) -> Settings:
    """The settings in a JSON text; raises as `settings_from` does."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as broken:
        raise InvalidRequestError("", f"this is not JSON: {broken}") from broken
    if not isinstance(data, dict):
        raise InvalidRequestError("", f"expected an object, found {data!r}")
    return settings_from(data)


def settings_from(data: Mapping[str, Any]) -> Settings:
    """The settings in parsed JSON.

    Raises InvalidRequestError whose `field` is the unknown setting or the one out of range.
    """
    known = Settings.__struct_fields__
    for name, value in data.items():
        if name not in known:
            raise InvalidRequestError(
                name, f"there is no setting {name!r}: expected one of {', '.join(known)}"
            )
        if expected := _missed(name, value):
            raise InvalidRequestError(name, f"{name}: found {value!r}, expected {expected}")
    changed = dict(data)
    if "profiles" in data:
        changed["profiles"] = tuple(dict.fromkeys(data["profiles"]))
    if "opco_wall" in data:
        changed["opco_wall"] = OpcoWall(data["opco_wall"])
    return Settings(**changed)


def meanings() -> dict[str, str]:
    """What each setting means, by its name, in the order of `Settings`."""
    hints = get_type_hints(Settings, include_extras=True)
    return {name: hints[name].__metadata__[0].description for name in Settings.__struct_fields__}


def _missed(name: str, value: object) -> str:
    """What was expected of the setting's value, "" for a valid value."""
    match getattr(Settings(), name):
        case OpcoWall():
            return "" if value in list(OpcoWall) else " or ".join(OpcoWall)
        case bool():
            return "" if isinstance(value, bool) else "true or false"
        case str():
            return "" if isinstance(value, str) else 'an e-mail address, or "" for nobody'
        case tuple():
            return "" if _are_names(value) else f"a list of at most {MAX_PROFILES} profile names"
    is_in_range = type(value) is int and 0 <= value <= _HIGHEST[name]
    return "" if is_in_range else f"a number from 0 to {_HIGHEST[name]}"


def _are_names(value: object) -> bool:
    """True for a list of possible profile names, whether or not such profiles exist."""
    return (
        isinstance(value, list)
        and len(value) <= MAX_PROFILES
        and all(isinstance(name, str) and NAME_PATTERN.fullmatch(name) for name in value)
    )


def settings_json(settings: Settings) -> dict[str, Any]:
    """The JSON object from which `settings_from` makes the same settings."""
    return asdict(settings) | {"profiles": list(settings.profiles)}
