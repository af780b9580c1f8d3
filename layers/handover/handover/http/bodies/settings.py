"""The bodies of answers about settings."""

from __future__ import annotations

from pydantic import BaseModel

from handover.profiles.opco_wall import OpcoWall


class SettingsBody(BaseModel):
    """A tenant's settings; `default_account_manager` is an address, "" for nobody.

    `profiles` are the profiles that are switched on; all others are for Admins only.
    `opco_wall` says where a user may not hold an account of another opco: wherever both have an
    opco, or only where the profile of the file says so.
    """

    clear_guard_percent: int
    clear_guard_lines: int
    change_guard_percent: int
    portfolio_guard_percent: int
    tenant_guard_percent: int
    change_guard_lines: int
    uploader_may_approve: bool
    default_account_manager: str
    allow_account_manager_to_create_requests: bool
    profiles: list[str]
    opco_wall: OpcoWall


class RoleBody(BaseModel):
    """A role of the tenant's accounts."""

    role: str
    max_users: int | None
    assigned_by: list[str]


class Roles(BaseModel):
    """A page of roles; `cursor` null on the last page."""

    roles: list[RoleBody]
    cursor: str | None


class WorkflowBody(BaseModel):
    """A workflow that accounts can be given."""

    name: str


class Workflows(BaseModel):
    """A page of workflows; `cursor` null on the last page."""

    workflows: list[WorkflowBody]
    cursor: str | None


class SourceBody(BaseModel):
    """Another system that may drop files."""

    source: str
    profile: str
    principal: str
    mapping: dict[str, str]
    writes_directory: bool
    on_error: str = ""


class Sources(BaseModel):
    """A page of sources; `cursor` null on the last page."""

    sources: list[SourceBody]
    cursor: str | None
