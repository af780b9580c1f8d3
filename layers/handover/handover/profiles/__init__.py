"""Profiles as data: presets, which column of a file is which, settings, and how to check them.

Nothing here looks at one line or at the directory: that is for `rules`. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handover.exports import exports
from handover.profiles.presets import presets as presets

if TYPE_CHECKING:
    from handover.profiles.binding import bind, check_mapping, known_labels
    from handover.profiles.columns import Binding, RoleColumn
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
    from handover.profiles.ignored import ignored_columns
    from handover.profiles.made import handing_over, narrowed, removing, resolving, restoring
    from handover.profiles.matching.assignment import How, Match, mapping_for, match_columns
    from handover.profiles.on_error import APPLY_GOOD, OnError, on_error_from
    from handover.profiles.opco_wall import OpcoWall
    from handover.profiles.parsing import (
        parse_profile,
        profile_from,
        profile_json,
        role_from_json,
        role_json,
    )
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
    from handover.profiles.settings import Settings, parse_settings, settings_from, settings_json
    from handover.profiles.template import template_csv
    from handover.profiles.unasked import mapping_without_asking
else:
    __getattr__ = exports(
        __name__,
        {
            "binding": "bind check_mapping known_labels",
            "columns": "Binding RoleColumn",
            "fields": (
                "ACTIVE About DELETED FIELDS Form INACTIVE LOGIN_NAME OPCO STATUS STATUSES is_field"
            ),
            "ignored": "ignored_columns",
            "made": "handing_over narrowed removing resolving restoring",
            "matching.assignment": "How Match mapping_for match_columns",
            "on_error": "APPLY_GOOD OnError on_error_from",
            "opco_wall": "OpcoWall",
            "parsing": "parse_profile profile_from profile_json role_from_json role_json",
            "profile": (
                "Blank Column EACH_ROLE Holds InactiveAccounts NamedBy Profile Role UnknownUser "
                "WORKFLOW_ROLE"
            ),
            "settings": "Settings parse_settings settings_from settings_json",
            "template": "template_csv",
            "unasked": "mapping_without_asking",
        },
    )
