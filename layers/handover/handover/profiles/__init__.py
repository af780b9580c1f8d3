"""Profiles: how a file's columns are understood, as data, and how they are found in a header."""

from handover.profiles.binding import (
    Binding,
    SeatColumn,
    bind,
    check_mapping,
    known_labels,
)
from handover.profiles.facts import (
    ACTIVE,
    DELETED,
    FACTS,
    INACTIVE,
    LOGIN_NAME,
    STATUS,
    STATUSES,
    About,
    Form,
    is_fact,
)
from handover.profiles.made import narrowed, removing, resolving, restoring
from handover.profiles.parsing import (
    parse_profile,
    profile_from,
    profile_json,
    seat_from,
    seat_json,
)
from handover.profiles.presets import presets
from handover.profiles.profile import (
    EACH_ROLE,
    WORKFLOW_ROLE,
    Blank,
    Column,
    Duplicates,
    Holds,
    InactiveAccounts,
    NamedBy,
    Profile,
    Seat,
    UnknownUser,
)
from handover.profiles.settings import Settings, parse_settings, settings_from, settings_json
from handover.profiles.template import template_csv

__all__ = [
    "ACTIVE",
    "DELETED",
    "EACH_ROLE",
    "FACTS",
    "INACTIVE",
    "LOGIN_NAME",
    "STATUS",
    "STATUSES",
    "WORKFLOW_ROLE",
    "About",
    "Binding",
    "Blank",
    "Column",
    "Duplicates",
    "Form",
    "Holds",
    "InactiveAccounts",
    "NamedBy",
    "Profile",
    "Seat",
    "SeatColumn",
    "Settings",
    "UnknownUser",
    "bind",
    "check_mapping",
    "is_fact",
    "known_labels",
    "narrowed",
    "parse_profile",
    "parse_settings",
    "presets",
    "profile_from",
    "profile_json",
    "removing",
    "resolving",
    "restoring",
    "seat_from",
    "seat_json",
    "settings_from",
    "settings_json",
    "template_csv",
]
