"""Routes of a tenant's configuration: settings, roles, workflows, sources."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import BaseModel, Field, StrictBool

from handover.http.context import Cursor, Limit, gone, new_router, page_to_dict, person_of
from handover.http.formats import REQUEST_BODY, Name, PathName, Whole
from handover.http.problems import GONE, answers
from handover.profiles.opco_wall import OpcoWall
from handover.profiles.profile import Role
from handover.runtime import resources
from handover.use_cases import settings
from handover.use_cases.settings import MAX_USER_ROLES

router = new_router()


class SettingsChange(BaseModel):
    """The settings to change; `profiles` replaces the whole list."""

    model_config = REQUEST_BODY

    clear_guard_percent: Whole | None = None
    clear_guard_lines: Whole | None = None
    change_guard_percent: Whole | None = None
    portfolio_guard_percent: Whole | None = None
    tenant_guard_percent: Whole | None = None
    change_guard_lines: Whole | None = None
    uploader_may_approve: StrictBool | None = None
    default_account_manager: str | None = None
    allow_account_manager_to_create_requests: StrictBool | None = None
    profiles: list[str] | None = None
    opco_wall: OpcoWall | None = None


class RoleRules(BaseModel):
    """Rules of a role: the maximum number of users (null = any number), and who assigns it.

    An uploader must have one of the user roles in `assigned_by`; none = any. The role `workflow` is
    for workflows, of which an account has at most one.
    """

    model_config = REQUEST_BODY

    max_users: Annotated[Whole, Field(ge=1, json_schema_extra={"minimum": 1})] | None = None
    assigned_by: Annotated[list[Name], Field(json_schema_extra={"maxItems": MAX_USER_ROLES})] = []


class SourceRules(BaseModel):
    """Which profile a source's files follow, who writes them, and its column names.

    `mapping` maps the source's own labels to the profile's. A source that `writes_directory` may
    also drop files of accounts and of users, and such files may make users Admins; a profile about
    accounts or users needs that right. `on_error` is as for an upload.
    """

    model_config = REQUEST_BODY

    profile: str
    principal: str
    mapping: dict[str, str] = {}
    writes_directory: StrictBool = False
    on_error: str = ""


@router.get(
    "/settings",
    summary="Show the tenant's settings",
    responses=answers(200, "The settings", "SettingsBody"),
)
def show_settings() -> dict[str, Any]:
    """The settings."""
    return settings.settings_of(resources(), person_of(router))


@router.patch(
    "/settings",
    summary="Change settings; Admins only",
    responses=answers(200, "The settings", "SettingsBody"),
)
def change_settings(changes: Annotated[SettingsChange, Body()]) -> dict[str, Any]:
    """The settings after the change."""
    person = person_of(router)
    return settings.change_settings(resources(), person, changes.model_dump(exclude_unset=True))


@router.get(
    "/roles",
    summary="List the roles of the tenant's accounts",
    responses=answers(200, "A page", "Roles"),
)
def list_roles(limit: Limit = 25, cursor: Cursor = None) -> dict[str, Any]:
    """The roles, by name."""
    page = settings.roles_page(resources(), person_of(router), limit=limit, cursor=cursor)
    return page_to_dict("roles", page)


@router.get("/roles/<role>", summary="Show a role", responses=answers(200, "The role", "RoleBody"))
def show_role(role: str) -> dict[str, Any]:
    """The role."""
    return settings.role_of(resources(), person_of(router), unquote(role))


@router.put(
    "/roles/<role>",
    summary="Define or redefine a role; Admins only",
    responses=answers(200, "The role", "RoleBody"),
)
def put_role(role: PathName, rules: Annotated[RoleRules, Body()]) -> dict[str, Any]:
    """The role."""
    definition = Role(unquote(role), rules.max_users, frozenset(rules.assigned_by))
    return settings.put_role(resources(), person_of(router), definition)


@router.delete("/roles/<role>", summary="Remove a role; Admins only", responses=GONE)
def remove_role(role: str) -> Response[str]:
    """Nothing: the role was removed."""
    settings.remove_role(resources(), person_of(router), unquote(role))
    return gone()


@router.get("/workflows", summary="List workflows", responses=answers(200, "A page", "Workflows"))
def list_workflows(limit: Limit = 25, cursor: Cursor = None) -> dict[str, Any]:
    """The workflows, by name."""
    page = settings.workflows_page(resources(), person_of(router), limit=limit, cursor=cursor)
    return page_to_dict("workflows", page)


@router.get(
    "/workflows/<name>",
    summary="Show a workflow",
    responses=answers(200, "The workflow", "WorkflowBody"),
)
def show_workflow(name: str) -> dict[str, Any]:
    """The workflow."""
    return settings.workflow_of(resources(), person_of(router), unquote(name))


@router.put(
    "/workflows/<name>",
    summary="Define a workflow; Admins only",
    responses=answers(200, "The workflow", "WorkflowBody"),
)
def put_workflow(name: PathName) -> dict[str, Any]:
    """The workflow."""
    return settings.put_workflow(resources(), person_of(router), unquote(name))


@router.delete("/workflows/<name>", summary="Remove a workflow; Admins only", responses=GONE)
def remove_workflow(name: str) -> Response[str]:
    """Nothing: the workflow was removed."""
    settings.remove_workflow(resources(), person_of(router), unquote(name))
    return gone()


@router.get(
    "/sources", summary="List sources; Admins only", responses=answers(200, "A page", "Sources")
)
def list_sources(limit: Limit = 25, cursor: Cursor = None) -> dict[str, Any]:
    """The sources, by name."""
    page = settings.sources_page(resources(), person_of(router), limit=limit, cursor=cursor)
    return page_to_dict("sources", page)


@router.get(
    "/sources/<source>",
    summary="Show a source; Admins only",
    responses=answers(200, "The source", "SourceBody"),
)
def show_source(source: str) -> dict[str, Any]:
    """The source."""
    return settings.source_of(resources(), person_of(router), unquote(source))


@router.put(
    "/sources/<source>",
    summary="Register or change a source; Admins only",
    responses=answers(200, "The source", "SourceBody"),
)
def put_source(source: str, rules: Annotated[SourceRules, Body()]) -> dict[str, Any]:
    """The source."""
    new = settings.NewSource(
        unquote(source),
        rules.profile,
        rules.principal,
        rules.mapping,
        rules.writes_directory,
        rules.on_error,
    )
    return settings.put_source(resources(), person_of(router), new)


@router.delete("/sources/<source>", summary="Remove a source; Admins only", responses=GONE)
def remove_source(source: str) -> Response[str]:
    """Nothing: the source was removed."""
    settings.remove_source(resources(), person_of(router), unquote(source))
    return gone()
