"""The route of previews."""

from __future__ import annotations

from typing import Any

from handover.http.context import new_router, person_of, run_of
from handover.http.imports import Name
from handover.http.problems import answers
from handover.runtime import resources
from handover.use_cases.file_preview import preview_of

router = new_router()


@router.get(
    "/imports/<name>/preview",
    summary="Show how a file is read and which profiles it fits",
    responses=answers(200, "The preview", "Preview"),
)
def show_preview(name: Name) -> dict[str, Any]:
    """The preview of a file uploaded with the mode preview; for its uploader and Admins.

    It does not exist until the import is done.
    """
    return preview_of(resources(), person_of(router), name, run_of(router).now)
