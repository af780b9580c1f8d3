"""The presets: the profiles that every tenant has, one JSON file each.

A tenant's own profiles are stored in the directory's table.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from msgspec.structs import replace

from handover.profiles.parsing import parse_profile
from handover.profiles.profile import Profile


@cache
def presets() -> dict[str, Profile]:
    """The presets by name, in order of name."""
    files = sorted(resources.files(__name__).iterdir(), key=lambda file: file.name)
    found = [
        replace(parse_profile(file.read_text("utf-8")), is_preset=True)
        for file in files
        if file.name.endswith(".json")
    ]
    return {profile.name: profile for profile in found}
