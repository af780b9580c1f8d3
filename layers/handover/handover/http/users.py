"""Routes of users: list, find, create, edit, delete."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import BaseModel, Field

from handover.http.context import (
    Cursor,
    Limit,
    deadline_of,
    new_router,
    page_to_dict,
    person_of,
    run_of,
)
from handover.http.formats import REQUEST_BODY, Email, FullName, Text, UserRole
from handover.http.problems import answers
from handover.model import User
from handover.runtime import resources
from handover.use_cases import users
from handover.use_cases.settings import MAX_USER_ROLES

router = new_router()

Beginning = Annotated[
    str, Query(max_length=200, description="The beginning of the name, in any case and spacing")
]


class Status(StrEnum):
    """Whether a user may sign in and be assigned."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class UserFields(BaseModel):
    """The fields of a user that can be edited; fields that are left out become empty."""

    model_config = REQUEST_BODY

    name: FullName
    roles: Annotated[list[UserRole], Field(json_schema_extra={"maxItems": MAX_USER_ROLES})]
    opco: Text = ""
    status: Status = Status.ACTIVE
    employee_id: Text = ""
    phone: Text = ""
    mobile: Text = ""
    login_name: Text = ""

    def user(self, email: str) -> User:
        """The user with that address."""
        return User(
            email=email,
            name=self.name,
            roles=frozenset(self.roles),
            opco=self.opco,
            is_active=self.status is Status.ACTIVE,
            employee_id=self.employee_id,
            phone=self.phone,
            mobile=self.mobile,
            login_name=self.login_name,
        )


class NewUser(UserFields):
    """A user to create; an active one is invited by e-mail to choose a password."""

    email: Email


Counts = Annotated[bool, Query(description="Count the roles of accounts that each holds")]


class Leaving(BaseModel):
    """The addresses of the users to delete."""

    model_config = REQUEST_BODY

    emails: Annotated[list[str], Field(min_length=1, max_length=users.MAX_USERS)]


@router.get(
    "/users",
    summary="List users, or find them by the beginning of their name",
    responses=answers(200, "A page", "Users"),
)
def list_users(
    name: Beginning = "", counts: Counts = False, limit: Limit = 25, cursor: Cursor = None
) -> dict[str, Any]:
    """The users who are not deleted, by address; by name when searching for a name."""
    page = users.users_page(
        resources(),
        person_of(router),
        name=name,
        counts=counts,
        limit=limit,
        cursor=cursor,
        deadline=deadline_of(router),
    )
    return page_to_dict("users", page)


@router.post(
    "/users",
    summary="Create a user; Admins only",
    status_code=201,
    responses=answers(201, "The user", "UserBody"),
)
def create_user(body: Annotated[NewUser, Body()]) -> dict[str, Any]:
    """The user."""
    user = body.user(body.email)
    return users.create_user(resources(), person_of(router), user, run_of(router).now)


@router.post(
    "/users/delete",
    summary="Delete users and remove them from all accounts; Admins only",
    status_code=202,
    responses=answers(202, "The ticket of the import that does it", "Removal"),
)
def delete_users(leaving: Annotated[Leaving, Body()]) -> dict[str, Any]:
    """The ticket."""
    ticket = users.delete_users(resources(), person_of(router), leaving.emails, run_of(router))
    return {"import_ticket": ticket}


@router.get("/users/<email>", summary="Show a user", responses=answers(200, "The user", "UserBody"))
def show_user(email: str) -> dict[str, Any]:
    """The user."""
    return users.user_of(resources(), person_of(router), unquote(email))


@router.put(
    "/users/<email>",
    summary="Edit a user; Admins only",
    responses=answers(200, "The user", "UserBody"),
)
def edit_user(email: str, body: Annotated[UserFields, Body()]) -> dict[str, Any]:
    """The user as edited."""
    user = body.user(unquote(email))
    return users.edit_user(resources(), person_of(router), user, run_of(router).now)


@router.post(
    "/users/<email>/invitation",
    summary="Invite a user again whose invitation has expired; Admins only",
    responses=answers(200, "The user", "UserBody"),
)
def invite_again(email: str) -> dict[str, Any]:
    """The user."""
    return users.invite_again(resources(), person_of(router), unquote(email))


@router.delete(
    "/users/<email>",
    summary="Delete a user and remove them from all accounts; Admins only",
    status_code=202,
    responses=answers(202, "The ticket of the import that does it", "Removal"),
)
def delete_user(email: str) -> dict[str, Any]:
    """The ticket."""
    ticket = users.delete_user(resources(), person_of(router), unquote(email), run_of(router))
    return {"import_ticket": ticket}
