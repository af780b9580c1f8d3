"""Cognito: the sign-ins of users, kept consistent with the directory.

People are invited by e-mail and choose their own password: no password ever passes through here.
Every step may be repeated, also after an outage, and a sign-in of another tenant is never changed.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from botocore.exceptions import ClientError
from msgspec import Struct

from handover.aws.clients import cognito
from handover.errors import InvalidRequestError, RetryLaterError
from handover.model import User

TENANT = "custom:tenant"
# Cognito's error code when no more mails can be sent today. A pool without an address in SES sends
# some 50 a day, counted over the whole AWS account.
# https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
_NO_MORE_MAILS = "LimitExceededException"
_ABSENT = frozenset({"UserNotFoundException"})


class Settled(Enum):
    """The result for a sign-in; its values appear in the log, but no Admin sees them."""

    DONE = "done"
    ELSEWHERE = "the address signs in for another tenant"
    RESERVED = "the domain is verified for another tenant"
    NO_MAILS = "the user pool sends no more mails today"
    ANSWERED = "the user has a password already"


class _NoMoreMailsError(Exception):
    """The pool sends no more invitations today."""


class _SignIn(Struct, frozen=True):
    """A sign-in as the pool has it."""

    tenant: str
    is_enabled: bool
    is_waiting: bool = False  # for the invited user to choose a password


def settle(
    pool: str, tenant: str, user: User, *, invites: bool, is_reserved: bool = False
) -> Settled:
    """Gives active users a sign-in, disables that of inactive ones, removes that of deleted ones.

    A user without a sign-in gets one only if `invites`, and not under an address that `is_reserved`
    for another tenant. Any result except DONE for an active user means that they have no sign-in
    for the tenant. Raises RetryLaterError when the pool is busy, and InvalidRequestError for an
    address that it does not accept.
    """
    found = _find(pool, user.email)
    if found is None:
        if not user.is_active or not invites:
            return Settled.DONE
        if is_reserved:
            return Settled.RESERVED
        try:
            found = _invite(pool, tenant, user.email)
        except _NoMoreMailsError:
            return Settled.NO_MAILS
    if found.tenant != tenant:
        return Settled.ELSEWHERE if user.is_active else Settled.DONE
    if user.is_deleted:
        _call("admin_delete_user", pool, user.email, but=_ABSENT)
        return Settled.DONE
    if found.is_enabled != user.is_active:
        action = "admin_enable_user" if user.is_active else "admin_disable_user"
        _call(action, pool, user.email)
    _set_groups(pool, user)
    return Settled.DONE


def tenant_of(pool: str, email: str) -> str | None:
    """The tenant for which an address signs in, None when it does not sign in."""
    found = _find(pool, email)
    return found.tenant if found is not None else None


def is_open(pool: str, tenant: str, email: str) -> bool:
    """True when an address can sign in for the tenant."""
    found = _find(pool, email)
    return found is not None and found.tenant == tenant and found.is_enabled


def invite_again(pool: str, email: str) -> Settled:
    """Sends a new invitation: DONE, NO_MAILS, or ANSWERED when the invitation was accepted.

    The caller has checked that the sign-in belongs to its own tenant.
    """
    found = _find(pool, email)
    if found is None or not found.is_waiting:
        return Settled.ANSWERED
    try:
        _call(
            "admin_create_user",
            pool,
            email,
            but={"UnsupportedUserStateException"},
            MessageAction="RESEND",
            DesiredDeliveryMediums=["EMAIL"],
        )
    except _NoMoreMailsError:
        return Settled.NO_MAILS
    return Settled.DONE


def group_of(role: str) -> str:
    """The group of a user role: Cognito allows no spaces in a group's name."""
    return "_".join(role.split())


def _find(pool: str, email: str) -> _SignIn | None:
    answer = _call("admin_get_user", pool, email, but=_ABSENT)
    if answer is None:
        return None
    attributes = {one["Name"]: one.get("Value", "") for one in answer["UserAttributes"]}
    is_waiting = answer.get("UserStatus") == "FORCE_CHANGE_PASSWORD"
    return _SignIn(attributes.get(TENANT, ""), answer.get("Enabled", True), is_waiting)


def _invite(pool: str, tenant: str, email: str) -> _SignIn:
    """The sign-in created for somebody who had none, or one created at the same moment."""
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
    """Sets the user's roles as groups, where such groups exist; rules use only the directory."""
    expected = {group_of(role) for role in user.roles}
    answer = _call("admin_list_groups_for_user", pool, user.email) or {"Groups": []}
    having = {group["GroupName"] for group in answer["Groups"]}
    for group in sorted(expected - having):
        _call(
            "admin_add_user_to_group",
            pool,
            user.email,
            but={"ResourceNotFoundException", "InvalidParameterException"},
            GroupName=group,
        )
    for group in sorted(having - expected):
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
        if code == _NO_MORE_MAILS and action == "admin_create_user":
            raise _NoMoreMailsError from refused
        if code == _NO_MORE_MAILS:
            raise RetryLaterError("the user pool is at a limit") from refused
        if code == "InvalidParameterException":
            raise InvalidRequestError(
                "email", "email: nobody can be invited under this address, expected name@domain"
            ) from refused
        raise
    return answer
