"""Routes of profiles."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel

from handover.http.asking import new_router, person_of
from handover.http.problems import answers, problems
from handover.profiles import Holds, template_csv
from handover.runtime import wiring
from handover.stages import listings

router = new_router()


class ProfileColumn(BaseModel):
    """A column of a profile; `role` where it holds users."""

    label: str
    aliases: list[str]
    holds: Holds
    required: bool
    role: str = ""


class ProfileBody(BaseModel):
    """How one kind of file is written; `is_own` when it is the tenant's and no preset."""

    name: str
    title: str
    version: int
    is_own: bool
    uploader_roles: list[str]
    columns: list[ProfileColumn]


TEMPLATE: dict[int, OpenAPIResponse] = {
    200: {
        "description": "A CSV file with the header only",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    },
    **problems(403, 404),
}


@router.get(
    "/profiles", summary="List profiles", responses=answers(200, "All profiles", list[ProfileBody])
)
def list_profiles() -> list[dict[str, Any]]:
    """The tenant's own profiles and the presets, by name."""
    return listings.profiles_of(wiring(), person_of(router))


@router.get(
    "/profiles/<profile>",
    summary="Show one profile",
    responses=answers(200, "The profile", ProfileBody),
)
def show_profile(profile: str) -> dict[str, Any]:
    """The profile."""
    return listings.profile_told(listings.profile_of(wiring(), person_of(router), profile))


@router.get(
    "/profiles/<profile>/template",
    summary="Download an empty file of a profile",
    responses=TEMPLATE,
)
def download_template(profile: str) -> Response[str]:
    """The header of the profile's columns."""
    found = listings.profile_of(wiring(), person_of(router), profile)
    return Response(
        status_code=HTTPStatus.OK,
        content_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{found.name}.csv"'},
        body=template_csv(found).decode(),
    )
