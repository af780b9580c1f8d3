"""Routes of single edits: change one account's assignments at once."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Annotated
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import BaseModel, Field

from handover.http.accounts import text_asked
from handover.http.context import new_router, person_of, run_of
from handover.http.formats import REQUEST_BODY
from handover.http.problems import JSON, answers, problem, problems
from handover.model import Rejection
from handover.runtime import resources
from handover.use_cases.edits import Edit, edit_account

router = new_router()

# Longer than any name, address or workflow.
Text = Annotated[str, Field(min_length=1, max_length=1024, pattern=r"\S")]
Names = Annotated[list[Text], Field(max_length=100)]
Role = Annotated[str, Field(min_length=1, max_length=100)]


class NewEdit(BaseModel):
    """Who must hold which role, by the rules of a profile; null or [] for nobody.

    The role "workflow" takes the name of a workflow. Roles that are not named stay as they are.
    `version` limits the edit to that version of the account: for any other version the answer is
    409, and says what has changed.
    """

    model_config = REQUEST_BODY

    profile: str
    assign: Annotated[dict[Role, Text | Names | None], Field(min_length=1, max_length=50)]
    dry_run: bool = False
    version: Annotated[int, Field(strict=True, ge=0, lt=2**53)] | None = None


EDITED = {**answers(200, "The result", "EditBody"), **problems(422)}


@router.patch("/accounts/<account_id>", summary="Change who is assigned", responses=EDITED)
def edit(account_id: str, body: Annotated[NewEdit, Body()]) -> Response[str]:
    """The outcome, as for a line of a file; 422 where such a line would be rejected.

    For users who may use the profile and assign the roles.
    """
    return _edited(unquote(account_id), body)


@router.patch(
    "/accounts",
    summary="Change who is assigned, with the account's id in the query",
    responses=EDITED,
)
def edit_by_id(
    account: Annotated[str, text_asked("The account", "id")],
    body: Annotated[NewEdit, Body()],
) -> Response[str]:
    """The outcome, as for a line of a file; for ids that cannot be part of a path."""
    return _edited(account, body)


def _edited(account_id: str, body: NewEdit) -> Response[str]:
    asked = Edit(account_id, body.profile, _wishes(body), body.dry_run, body.version)
    run = run_of(router)
    edited = edit_account(resources(), person_of(router), asked, run)
    if isinstance(edited, Rejection):
        return _rejected(edited)
    answer = {
        "edit_id": edited.edit_id,
        "account_id": account_id,
        "outcome": edited.outcome,
        "dry_run": body.dry_run,
        "changes": [
            {"role": change.role, "before": list(change.before), "after": list(change.after)}
            for change in edited.changes
        ],
        "assigned": {role: list(users) for role, users in sorted(edited.assigned.items())},
        "version": edited.version,
    }
    return Response(
        status_code=HTTPStatus.OK, content_type=JSON, body=json.dumps(answer, ensure_ascii=False)
    )


def _wishes(body: NewEdit) -> dict[str, list[str]]:
    return {
        role: [] if names is None else [names] if isinstance(names, str) else names
        for role, names in body.assign.items()
    }


def _rejected(rejection: Rejection) -> Response[str]:
    """The rejection as a problem, in the words of the report."""
    is_of_account = rejection.code.startswith("ACCOUNT_")
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        rejection.error,
        router.current_event.raw_path,
        field="account_id" if is_of_account else f"assign.{rejection.column}",
        code=rejection.code,
        hint=rejection.hint,
    )
