"""Cognito: the sign-ins of users, brought in line with what the directory says of them.

People are invited by e-mail and choose their password themselves: none ever passes through here.
Everything may be done again, after an outage too, and a sign-in of another tenant is never
touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from handover.aws.clients import cognito
from handover.errors import ConflictError, InvalidRequestError, RetryLaterError
from handover.model import User

TENANT = "custom:tenant"
# The code under which no more mails go out today. Without an address of one's own in SES a pool
# sends some 50 a day, counted over the whole AWS account.
# https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
_NO_MORE_MAILS = "LimitExceededException"
_ABSENT = frozenset({"UserNotFoundException"})


@dataclass(frozen=True, slots=True)
class _SignIn:
    """A sign-in as the pool has it."""

    tenant: str
    is_enabled: bool
    is_waiting: bool = False  # for whoever was invited to choose a password


def is_free(pool: str, tenant: str, email: str) -> bool:
    """False when the address signs in for another tenant."""
    found = _find(pool, email)
    return found is None or found.tenant == tenant


def settle(pool: str, tenant: str, user: User, *, invites: bool) -> bool:
    """Gives an active user a sign-in, bars an inactive one, and removes that of a deleted one.

    Who has no sign-in gets one only if `invites`. False when the address signs in for another
    tenant: then nothing is done. Raises
    RetryLaterError when the pool is busy, InvalidRequestError for an address that it does not
    take, and ConflictError when it sends no more invitations today.
    """
    found = _find(pool, user.email)
    if found is None:
        if not user.is_active or not invites:
            return True
        found = _invite(pool, tenant, user.email)
    if found.tenant != tenant:
        return not user.is_active
    if user.is_deleted:
        _call("admin_delete_user", pool, user.email, but=_ABSENT)
        return True
    if found.is_enabled != user.is_active:
        action = "admin_enable_user" if user.is_active else "admin_disable_user"
        _call(action, pool, user.email)
    _set_groups(pool, user)
    return True


def exists(pool: str, email: str) -> bool:
    """True when the address signs in, for whichever tenant."""
    return _find(pool, email) is not None


def invite_again(pool: str, email: str) -> bool:
    """Sends a new invitation; false when there is no sign-in, or it has a password already.

    The caller has made sure that the sign-in is of its own tenant.
    """
    found = _find(pool, email)
    if found is None or not found.is_waiting:
        return False
    _call(
        "admin_create_user",
        pool,
        email,
        but={"UnsupportedUserStateException"},
        MessageAction="RESEND",
        DesiredDeliveryMediums=["EMAIL"],
    )
    return True


def group_of(role: str) -> str:
    """The group that stands for a user role: Cognito takes no spaces in a group's name."""
    return "_".join(role.split())


def _find(pool: str, email: str) -> _SignIn | None:
    answer = _call("admin_get_user", pool, email, but=_ABSENT)
    if answer is None:
        return None
    attributes = {one["Name"]: one.get("Value", "") for one in answer["UserAttributes"]}
    is_waiting = answer.get("UserStatus") == "FORCE_CHANGE_PASSWORD"
    return _SignIn(attributes.get(TENANT, ""), answer.get("Enabled", True), is_waiting)


def _invite(pool: str, tenant: str, email: str) -> _SignIn:
    """The sign-in of somebody who had none, or the one that was made at the same moment."""
    made = _call(
        "admin_create_user",
        pool,
        email,
        but={"UsernameExistsException"},
        UserAttributes=[
            {"Name": "email", "Value": email},
            {"Name": "email_verified", "Value": "true"},
            {"Name": TENANT, "Value": tenant},
        ],
        DesiredDeliveryMediums=["EMAIL"],
    )
    if made is not None:
        return _SignIn(tenant, is_enabled=True)
    found = _find(pool, email)
    if found is None:
        raise RetryLaterError("the sign-in is being removed")
    return found


def _set_groups(pool: str, user: User) -> None:
    """The user's roles as groups, where such groups exist; rules look at the directory only."""
    wanted = {group_of(role) for role in user.roles}
    answer = _call("admin_list_groups_for_user", pool, user.email) or {"Groups": []}
    having = {group["GroupName"] for group in answer["Groups"]}
    for group in sorted(wanted - having):
        _call(
            "admin_add_user_to_group",
            pool,
            user.email,
            but={"ResourceNotFoundException", "InvalidParameterException"},
            GroupName=group,
        )
    for group in sorted(having - wanted):
        _call("admin_remove_user_from_group", pool, user.email, GroupName=group)


def _call(
    action: str, pool: str, email: str, *, but: frozenset[str] | set[str] = frozenset(), **more: Any
) -> dict[str, Any] | None:
    """The answer, None where the pool refuses with one of the codes in `but`."""
    try:
        answer: dict[str, Any] = getattr(cognito(), action)(UserPoolId=pool, Username=email, **more)
    except ClientError as refused:
        code = refused.response["Error"]["Code"]
        if code in but:
            return None
        if code == _NO_MORE_MAILS and action != "admin_create_user":
            raise RetryLaterError("the user pool is at a limit") from refused
        if code == _NO_MORE_MAILS:
            raise ConflictError(
                "the user is stored, but no invitation could be sent: the user pool sends no more "
                "mails today. Invite them tomorrow (POST /users/{email}/invitation); an operator "
                "can deploy the stack with MailIdentityArn, which lifts the limit"
            ) from refused
        if code == "InvalidParameterException":
            raise InvalidRequestError(
                "email", "email: nobody can be invited under this address; wanted name@domain"
            ) from refused
        raise
    return answer
