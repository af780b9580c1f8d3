"""Routes of assignments without a file: hand accounts over, take an import back, who is awaited."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from pydantic import BaseModel, ConfigDict

from handover.http.context import Cursor, Limit, new_router, page_to_dict, person_of, run_of
from handover.http.problems import answers
from handover.model import Mode
from handover.runtime import resources
from handover.use_cases.reassignments import Handing, ask_owner, pending_page
from handover.use_cases.undo import ask_undo

router = new_router()

# A job decides: there is nothing to preview of a file that nobody has written.
WorkMode = Literal[Mode.RUN, Mode.DRY_RUN]


class NewAssignment(BaseModel):
    """Who is to hold a role of which accounts; `to` null = nobody.

    `role` is the profile's first unless it is named. One of `account_ids` and `held_by` says which
    accounts; with `held_by` only the place of that user is taken, and who holds an account beside
    them stays.
    """

    model_config = ConfigDict(extra="forbid")

    profile: str
    to: str | list[str] | None
    role: str = ""
    account_ids: list[str] | None = None
    held_by: str | None = None
    mode: WorkMode = Mode.RUN


class Undo(BaseModel):
    """Whether the import is to be taken back, or only how it would go."""

    model_config = ConfigDict(extra="forbid")

    mode: WorkMode = Mode.RUN


class AskedImport(BaseModel):
    """The ticket under which the import will be found."""

    import_ticket: str


class Awaited(BaseModel):
    """An account that waits in a role for the user of an address, since when, by which import."""

    address: str
    role: str
    account_id: str
    since: str | None
    import_id: str | None


class Pending(BaseModel):
    """A page of those who are awaited, by address; `cursor` null on the last page."""

    pending: list[Awaited]
    cursor: str | None


@router.post(
    "/assignments",
    summary="Hand accounts over to somebody, without a file",
    status_code=202,
    responses=answers(202, "The ticket of the import", AskedImport),
)
def assign(expected: Annotated[NewAssignment, Body()]) -> dict[str, Any]:
    """The ticket of an import like any other; for who may use the profile and assign the role."""
    to = [expected.to] if isinstance(expected.to, str) else expected.to or []
    asked = Handing(
        expected.profile,
        tuple(to),
        expected.role,
        tuple(expected.account_ids) if expected.account_ids is not None else None,
        expected.held_by,
        expected.mode,
    )
    run = run_of(router)
    return {
        "import_ticket": ask_owner(resources(), person_of(router), asked, run.now, run.deadline)
    }


@router.post(
    "/imports/<name>/undo",
    summary="Take back what an import has changed",
    status_code=202,
    responses=answers(202, "The ticket of the import that does", AskedImport),
)
def undo(
    name: Annotated[str, Path(description="The id of an import, or of its ticket")],
    expected: Annotated[Undo | None, Body()] = None,
) -> dict[str, Any]:
    """The ticket of an import like any other; accounts that have changed since are left alone.

    For Admins, and for who may upload such files and assign their roles. What follows the directory
    (a removal, a resolution) is undone by Admins.
    """
    mode = expected.mode if expected is not None else Mode.RUN
    ticket = ask_undo(resources(), person_of(router), name, mode, run_of(router).now)
    return {"import_ticket": ticket}


@router.get(
    "/pending",
    summary="List the accounts that wait for users to be created",
    responses=answers(200, "A page", Pending),
)
def list_pending(limit: Limit = 25, cursor: Cursor = None) -> dict[str, Any]:
    """Addresses without a user, and the accounts that wait for them."""
    page = pending_page(resources(), person_of(router), limit=limit, cursor=cursor)
    return page_to_dict("pending", page)
