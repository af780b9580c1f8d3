"""Signing in to the stack's user pool, and the tokens from it.

With a password, and a code from an authenticator app if the user has registered one.
"""

from __future__ import annotations

import getpass
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from handover.rules.addresses import normal_address

from infra.cli.failures import CommandError
from infra.cli.location import Stack, user_pools

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

# A token with less time left than this is renewed before it is used.
RENEW_SECONDS = 60
PASSWORD_VARIABLE = "HANDOVER_PASSWORD"  # noqa: S105 - a name
NEW_PASSWORD_VARIABLE = "HANDOVER_NEW_PASSWORD"  # noqa: S105 - a name
CODE_VARIABLE = "HANDOVER_MFA_CODE"
# A new password and a code: the pool asks for no other challenges, once each.
MAX_CHALLENGES = 2
# Cognito's errors for a wrong password and the like; their messages are for people.
_REFUSALS = frozenset(
    {
        "CodeMismatchException",
        "ExpiredCodeException",
        "InvalidParameterException",
        "InvalidPasswordException",
        "LimitExceededException",
        "NotAuthorizedException",
        "PasswordResetRequiredException",
        "TooManyRequestsException",
        "UserNotConfirmedException",
        "UserNotFoundException",
    }
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in; `expires_at` is when `id_token` expires, in seconds since the epoch."""

    email: str
    id_token: str
    refresh_token: str
    expires_at: float


def login(stack: Stack, email: str) -> SignIn:
    """Signs in with values from the environment or the terminal, and stores the sign-in.

    These are a password, and a code if the user pool asks for one. The letter case of the address
    does not matter: it signs in as the directory has it. Raises CommandError when the pool refuses,
    or asks for something else.
    """
    pools, email = user_pools(), normal_address(email)
    client_id = stack.output("UserPoolClientId")
    password = _password(f"Password of {email}: ", PASSWORD_VARIABLE)
    try:
        answer: Any = pools.initiate_auth(
            AuthFlow="USER_PASSWORD_AUTH",
            ClientId=client_id,
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )
        for _ in range(MAX_CHALLENGES):
            answer = _answered(pools, client_id, email, answer)
    except ClientError as error:
        raise _refused(error, f"{email} cannot sign in") from error
    if "AuthenticationResult" not in answer:
        raise _unanswered(stack, email, str(answer.get("ChallengeName")))
    signed_in = _sign_in(email, answer["AuthenticationResult"], "")
    _store(stack.output("UserPoolId"), signed_in)
    return signed_in


def id_token(stack: Stack, *, renew: bool = False) -> str:
    """The token of the signed-in user, renewed when it expires soon or `renew` asks for it.

    Raises CommandError when nobody is signed in, or the sign-in has ended.
    """
    pool = stack.output("UserPoolId")
    signed_in = _load().get(pool)
    if signed_in is None:
        raise CommandError("nobody is signed in: run `handover login EMAIL`")
    if signed_in.expires_at - time.time() > RENEW_SECONDS and not renew:
        return signed_in.id_token
    try:
        answer = user_pools().initiate_auth(
            AuthFlow="REFRESH_TOKEN_AUTH",
            ClientId=stack.output("UserPoolClientId"),
            AuthParameters={"REFRESH_TOKEN": signed_in.refresh_token},
        )
    except ClientError as error:
        raise _refused(
            error, f"the sign-in has ended: run `handover login {signed_in.email}`"
        ) from error
    renewed = _sign_in(signed_in.email, answer["AuthenticationResult"], signed_in.refresh_token)
    _store(pool, renewed)
    return renewed.id_token


def token_file() -> Path:
    """The file with the sign-ins, by user pool."""
    home = os.environ.get("HANDOVER_HOME")
    folder = Path(home) if home else Path.home() / ".config" / "handover"
    return folder / "sign-ins.json"


def _sign_in(email: str, result: Mapping[str, Any], refresh_token: str) -> SignIn:
    return SignIn(
        email,
        result["IdToken"],
        result.get("RefreshToken") or refresh_token,
        time.time() + result["ExpiresIn"],
    )


def _answered(
    pools: CognitoIdentityProviderClient, client_id: str, email: str, answer: Mapping[str, Any]
) -> Any:
    """The pool's reaction to our answer to its challenge; unchanged for an unknown challenge.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html
    """
    name = answer.get("ChallengeName")
    if name == "NEW_PASSWORD_REQUIRED":
        responses = {"NEW_PASSWORD": _chosen_password()}
    elif name == "SOFTWARE_TOKEN_MFA":
        responses = {"SOFTWARE_TOKEN_MFA_CODE": _code()}
    else:
        return answer
    username = answer.get("ChallengeParameters", {}).get("USER_ID_FOR_SRP", email)
    return pools.respond_to_auth_challenge(
        ClientId=client_id,
        ChallengeName=name,
        Session=answer["Session"],
        ChallengeResponses={"USERNAME": username, **responses},
    )


def _unanswered(stack: Stack, email: str, challenge: str) -> CommandError:
    if challenge == "MFA_SETUP":
        return CommandError(
            f"{email} cannot sign in here yet: the user pool asks everybody for a code of an "
            "authenticator app, and none is registered. Sign in once in a browser, at "
            f"{stack.output('SignInUrl')}, which registers one"
        )
    return CommandError(
        f"{email} cannot sign in here: the user pool asks for {challenge}, which this command "
        "cannot answer"
    )


def _chosen_password() -> str:
    print("Your password is temporary and must be replaced.", file=sys.stderr)
    chosen = _password("New password: ", NEW_PASSWORD_VARIABLE)
    if NEW_PASSWORD_VARIABLE not in os.environ and chosen != _password("Once more: ", ""):
        raise CommandError("the two passwords differ: nothing was changed")
    return chosen


def _code() -> str:
    """The six digits that an authenticator app shows now."""
    given = os.environ.get(CODE_VARIABLE)
    if not given:
        if not sys.stdin.isatty():
            raise CommandError(f"there is no terminal to ask for a code: set {CODE_VARIABLE}")
        given = input("Code from the authenticator app: ")
    return "".join(given.split())


def _password(question: str, variable: str) -> str:
    given = os.environ.get(variable) if variable else None
    if given:
        return given
    if not sys.stdin.isatty():
        raise CommandError(f"there is no terminal to ask for a password: set {variable}")
    return getpass.getpass(question)


def _refused(error: ClientError, what: str) -> Exception:
    refusal = error.response["Error"]
    if refusal["Code"] not in _REFUSALS:
        return error
    return CommandError(f"{what} ({refusal.get('Message', refusal['Code'])})")


def _load() -> dict[str, SignIn]:
    try:
        kept = json.loads(token_file().read_text(encoding="utf-8"))
        return {pool: SignIn(**signed_in) for pool, signed_in in kept.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as broken:
        raise CommandError(
            f"{token_file()} cannot be read ({broken}): delete it and sign in again"
        ) from broken


def _store(pool: str, signed_in: SignIn) -> None:
    path = token_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = {name: asdict(one) for name, one in (_load() | {pool: signed_in}).items()}
    draft = path.with_suffix(f".{os.getpid()}")
    draft.unlink(missing_ok=True)
    # Created with these permissions: no other user of the machine may read it at any moment.
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(kept, file, indent=2)
    draft.replace(path)
