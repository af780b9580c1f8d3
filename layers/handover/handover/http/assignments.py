"""Routes of assignments without a file: reassign accounts, undo an import, list pending users."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from pydantic import BaseModel

from handover.http.context import Cursor, Limit, new_router, page_to_dict, person_of, run_of
from handover.http.formats import REQUEST_BODY
from handover.http.problems import answers
from handover.model import Mode
from handover.runtime import resources
from handover.use_cases.reassignments import Handing, ask_owner, awaited_page, pending_page
from handover.use_cases.undo import ask_undo

router = new_router()

# A job has no preview: when somebody asks for the job, its file does not exist yet.
WorkMode = Literal[Mode.RUN, Mode.DRY_RUN]


class NewAssignment(BaseModel):
    """Who must hold a role of which accounts; `to` null = nobody.

    `role` defaults to the profile's first role. Exactly one of `account_ids` and `held_by` says
    which accounts; with `held_by` only that user is replaced, and other holders of the role stay.
    """

    model_config = REQUEST_BODY

    profile: str
    to: str | list[str] | None
    role: str = ""
    account_ids: list[str] | None = None
    held_by: str | None = None
    mode: WorkMode = Mode.RUN


class Undo(BaseModel):
    """Whether to undo the import, or only to show what an undo would do."""

    model_config = REQUEST_BODY

    mode: WorkMode = Mode.RUN


@router.post(
    "/assignments",
    summary="Reassign accounts without a file",
    status_code=202,
    responses=answers(202, "The ticket of the import", "AskedImport"),
)
def assign(body: Annotated[NewAssignment, Body()]) -> dict[str, Any]:
    """The ticket of an import like any other; for users who may use the profile and the role."""
    to = [body.to] if isinstance(body.to, str) else body.to or []
    asked = Handing(
        body.profile,
        tuple(to),
        body.role,
        tuple(body.account_ids) if body.account_ids is not None else None,
        body.held_by,
        body.mode,
    )
    run = run_of(router)
    return {
        "import_ticket": ask_owner(resources(), person_of(router), asked, run.now, run.deadline)
    }


@router.post(
    "/imports/<name>/undo",
    summary="Undo an import",
    status_code=202,
    responses=answers(202, "The ticket of the import that undoes it", "AskedImport"),
)
def undo(
    name: Annotated[str, Path(description="The id of an import, or of its ticket")],
    body: Annotated[Undo | None, Body()] = None,
) -> dict[str, Any]:
    """The ticket of an import like any other; accounts that have changed since stay as they are.

    For Admins, and for users who may upload such files and assign their roles. Only Admins may undo
    an import that follows the directory (a removal, a resolution).
    """
    mode = body.mode if body is not None else Mode.RUN
    ticket = ask_undo(resources(), person_of(router), name, mode, run_of(router).now)
    return {"import_ticket": ticket}


@router.get(
    "/pending/addresses",
    summary="List the addresses that accounts wait for",
    responses=answers(200, "A page", "AwaitedAddresses"),
)
def list_awaited(limit: Limit = 25, cursor: Cursor = None) -> dict[str, Any]:
    """Addresses without a user, each with how many accounts wait for it; Admins only."""
    page = awaited_page(resources(), person_of(router), limit=limit, cursor=cursor)
    return page_to_dict("awaited", page)


@router.get(
    "/pending",
    summary="List the accounts that wait for users to be created",
    responses=answers(200, "A page", "Pending"),
)
def list_pending(limit: Limit = 25, cursor: Cursor = None) -> dict[str, Any]:
    """Addresses without a user, and the accounts that wait for them."""
    page = pending_page(resources(), person_of(router), limit=limit, cursor=cursor)
    return page_to_dict("pending", page)
