"""The bodies of answers about profiles."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from handover.http.bodies.file_preview import ProfileMatch
from handover.http.bodies.imports import Refusal
from handover.model import Operation
from handover.profiles.profile import Holds


class ProfileColumn(BaseModel):
    """A column of a profile; `role` where it holds users."""

    label: str
    aliases: list[str]
    holds: Holds
    required: bool
    role: str = ""


class ProfileBody(BaseModel):
    """How one kind of file is written; `is_own` for the tenant's own profile, not a preset.

    `is_on` when the setting `profiles` switches it on; others are for Admins only.
    """

    name: str
    title: str
    version: int
    is_own: bool
    is_on: bool
    uploader_roles: list[str]
    columns: list[ProfileColumn]


Profiles = list[ProfileBody]


class ProfileDetail(ProfileBody):
    """A profile with its definition, as for PUT; columns of "{role}" stand for all roles.

    `remembered` maps the labels of files with the requested header to the profile's, as the last
    such file of the tenant was mapped; for those who may upload files of the profile.
    """

    definition: dict[str, Any]
    remembered: dict[str, str] = {}


class SampleRequest(BaseModel):
    """What a line asks for in one role or field: what to do with it, and with which names."""

    role: str
    what: Operation
    names: list[str]


class SampleLine(BaseModel):
    """What a line is about and asks for, or the code and message of why it is invalid."""

    line: int
    about: str
    asks: list[SampleRequest]
    code: str
    message: str


class Sample(BaseModel):
    """How a profile reads a sample: why it refuses the sample, how it fits, and the first lines."""

    refusal: Refusal | None
    comparison: ProfileMatch | None
    lines: list[SampleLine]
