"""When a user may not hold an account of another opco: a setting of the tenant."""

from __future__ import annotations

from enum import StrEnum


class OpcoWall(StrEnum):
    """When a user may not hold an account of another opco.

    ALWAYS: whenever both have an opco. BY_PROFILE: only if the profile of the file says so.
    """

    ALWAYS = "always"
    BY_PROFILE = "by_profile"
