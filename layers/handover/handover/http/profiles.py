"""Routes of profiles."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel, Field

from handover.http.context import gone, new_router, person_of
from handover.http.formats import REQUEST_BODY
from handover.http.problems import GONE, answers, problems
from handover.profiles.remembering import FINGERPRINT_CHARACTERS
from handover.profiles.template import template_csv
from handover.runtime import resources
from handover.use_cases import profiles
from handover.use_cases.samples import MAX_SAMPLE_CHARS, sample_of

router = new_router()


class NewCopy(BaseModel):
    """A profile to make from another; `mapping` maps the files' labels to the profile's."""

    model_config = REQUEST_BODY

    name: str
    title: Annotated[str, Field(max_length=200)] = ""
    mapping: dict[str, str] = {}


class NewSample(BaseModel):
    """The beginning of a file; a `definition` is used to read it instead of the stored one."""

    model_config = REQUEST_BODY

    text: Annotated[str, Field(max_length=MAX_SAMPLE_CHARS)]
    definition: dict[str, Any] | None = None


Fingerprint = Annotated[
    str,
    Query(
        max_length=FINGERPRINT_CHARACTERS,
        pattern=r"^[0-9a-f]*$",
        description="The fingerprint of a header: the SHA-256 of the JSON list of its labels, in "
        "lower case, without outer and double spaces, sorted, each once; "
        f"{FINGERPRINT_CHARACTERS} digits",
    ),
]
TEMPLATE: dict[int, OpenAPIResponse] = {
    200: {
        "description": "A CSV file with the header only",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    },
    **problems(404),
}


@router.get(
    "/profiles", summary="List profiles", responses=answers(200, "All profiles", "Profiles")
)
def list_profiles() -> list[dict[str, Any]]:
    """The tenant's own profiles and the presets, by name."""
    return profiles.profiles_of(resources(), person_of(router))


@router.get(
    "/profiles/<profile>",
    summary="Show one profile",
    responses=answers(200, "The profile", "ProfileDetail"),
)
def show_profile(profile: str, fingerprint: Fingerprint = "") -> dict[str, Any]:
    """The profile, with the mapping that is remembered for files with a header."""
    return profiles.profile_shown(resources(), person_of(router), profile, fingerprint)


@router.put(
    "/profiles/<profile>",
    summary="Store a profile of the tenant's own; Admins only",
    responses=answers(200, "The profile", "ProfileDetail"),
)
def put_profile(
    profile: str, definition: Annotated[dict[str, Any], Body(description="The whole profile")]
) -> dict[str, Any]:
    """The profile, in its next version."""
    return profiles.put_profile(resources(), person_of(router), profile, definition)


@router.delete(
    "/profiles/<profile>",
    summary="Remove a profile of the tenant's own; Admins only",
    responses=GONE,
)
def remove_profile(profile: str) -> Response[str]:
    """Nothing: the profile was removed and switched off; a preset of its name applies again."""
    profiles.remove_profile(resources(), person_of(router), profile)
    return gone()


@router.post(
    "/profiles/<profile>/copies",
    summary="Save a mapping as a profile of the tenant's own; Admins only",
    status_code=201,
    responses=answers(201, "The new profile", "ProfileDetail"),
)
def copy_profile(profile: str, body: Annotated[NewCopy, Body()]) -> dict[str, Any]:
    """The new profile."""
    return profiles.copy_profile(
        resources(), person_of(router), profile, body.name, body.title, body.mapping
    )


@router.post(
    "/profiles/<profile>/sample",
    summary="Read a sample of a file as a profile would",
    responses=answers(200, "The sample as it is read", "Sample"),
)
def read_sample(profile: str, body: Annotated[NewSample, Body()]) -> dict[str, Any]:
    """How the first lines are read. Nothing is looked up, and nothing is kept."""
    return sample_of(resources(), person_of(router), profile, body.text, body.definition)


@router.get(
    "/profiles/<profile>/template",
    summary="Download an empty file of a profile",
    responses=TEMPLATE,
)
def download_template(profile: str) -> Response[str]:
    """The header of the profile's columns."""
    found = profiles.profile_of(resources(), person_of(router), profile)
    return Response(
        status_code=HTTPStatus.OK,
        content_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{found.name}.csv"'},
        body=template_csv(found).decode(),
    )
