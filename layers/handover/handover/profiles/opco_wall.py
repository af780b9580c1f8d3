"""Where a user may not hold an account of another opco: a setting of the tenant."""

from __future__ import annotations

from enum import StrEnum


class OpcoWall(StrEnum):
    """Where a user may not hold an account of another opco.

    ALWAYS: wherever both have an opco. BY_PROFILE: only where the profile of the file says so.
    """

    ALWAYS = "always"
    BY_PROFILE = "by_profile"
