"""Profiles as data: presets, which column of a file is which, settings, and how to check them.

Nothing here looks at one line or at the directory: that is for `rules`. Pure.
"""

from handover.profiles.binding import (
    Binding,
    RoleColumn,
    bind,
    check_mapping,
    ignored_columns,
    known_labels,
    mapping_without_asking,
)
from handover.profiles.fields import (
    ACTIVE,
    DELETED,
    FIELDS,
    INACTIVE,
    LOGIN_NAME,
    OPCO,
    STATUS,
    STATUSES,
    About,
    Form,
    is_field,
)
from handover.profiles.made import handing_over, narrowed, removing, resolving, restoring
from handover.profiles.matching import How, Match, mapping_for, match_columns
from handover.profiles.on_error import APPLY_GOOD, OnError, on_error_from
from handover.profiles.parsing import (
    parse_profile,
    profile_from,
    profile_json,
    role_from_json,
    role_json,
)
from handover.profiles.presets import presets
from handover.profiles.profile import (
    EACH_ROLE,
    WORKFLOW_ROLE,
    Blank,
    Column,
    Holds,
    InactiveAccounts,
    NamedBy,
    Profile,
    Role,
    UnknownUser,
)
from handover.profiles.settings import (
    OpcoWall,
    Settings,
    parse_settings,
    settings_from,
    settings_json,
)
from handover.profiles.template import template_csv

__all__ = [
    "ACTIVE",
    "APPLY_GOOD",
    "DELETED",
    "EACH_ROLE",
    "FIELDS",
    "INACTIVE",
    "LOGIN_NAME",
    "OPCO",
    "STATUS",
    "STATUSES",
    "WORKFLOW_ROLE",
    "About",
    "Binding",
    "Blank",
    "Column",
    "Form",
    "Holds",
    "How",
    "InactiveAccounts",
    "Match",
    "NamedBy",
    "OnError",
    "OpcoWall",
    "Profile",
    "Role",
    "RoleColumn",
    "Settings",
    "UnknownUser",
    "bind",
    "check_mapping",
    "handing_over",
    "ignored_columns",
    "is_field",
    "known_labels",
    "mapping_for",
    "mapping_without_asking",
    "match_columns",
    "narrowed",
    "on_error_from",
    "parse_profile",
    "parse_settings",
    "presets",
    "profile_from",
    "profile_json",
    "removing",
    "resolving",
    "restoring",
    "role_from_json",
    "role_json",
    "settings_from",
    "settings_json",
    "template_csv",
]
