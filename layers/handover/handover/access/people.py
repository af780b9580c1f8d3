"""People: who is signed in, according to the tenant's directory at this moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from handover.audit import Actor, Door
from handover.errors import ForbiddenError
from handover.model import ADMIN, User
from handover.profiles.names import TENANT_PATTERN
from handover.rules.addresses import normal_address
from handover.runtime import Resources


class Person(Struct, frozen=True):
    """An active user of a tenant who is signed in, and the door by which they ask."""

    tenant: str
    user: User
    door: Door = Door.API

    @property
    def email(self) -> str:
        """Their address in its normal form."""
        return self.user.email

    @property
    def is_admin(self) -> bool:
        """True when they may decide about other people's imports."""
        return ADMIN in self.user.roles

    @property
    def actor(self) -> Actor:
        """The person as the audit trail names them."""
        return Actor(self.tenant, self.email, self.door)


def only_admins(person: Person, may: str) -> None:
    """Raises ForbiddenError unless the person is an Admin; `may` completes the message."""
    if not person.is_admin:
        raise ForbiddenError(f"only somebody with the user role {ADMIN} may {may}")


def signed_in(resources: Resources, claims: Mapping[str, Any]) -> Person:
    """The active user whom the claims of a verified token name; raises ForbiddenError for others.

    The token only identifies the person. Their roles come from the directory: a token outlives a
    change of roles, and API Gateway joins group names with spaces, which the names may contain too.
    Only an id token identifies a person; API Gateway also accepts access tokens of the client.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
    """
    tenant, email = claims.get("custom:tenant"), claims.get("email")
    if (
        claims.get("token_use") == "id"
        and isinstance(tenant, str)
        and isinstance(email, str)
        and email.strip()
        and TENANT_PATTERN.fullmatch(tenant)
    ):
        user = resources.tables.directory.user(tenant, normal_address(email))
        if user is not None and user.is_active:
            return Person(tenant, user)
    raise ForbiddenError("you are signed in, but you are not an active user of any tenant")
