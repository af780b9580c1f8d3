"""Signing in against a user pool, and tokens that renew themselves."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from infra.cli import sign_in
from infra.cli.failures import CommandError
from infra.cli.location import Stack

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

EMAIL = "ana@lumina.example"


class Terminal:
    """A terminal with a user."""

    def isatty(self) -> bool:
        return True


PASSWORD = "Handover-1"


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> Iterator[CognitoIdentityProviderClient]:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("HANDOVER_PASSWORD", PASSWORD),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield boto3.client("cognito-idp")


@pytest.fixture
def stack(pools: CognitoIdentityProviderClient) -> Stack:
    pool = pools.create_user_pool(PoolName="people")["UserPool"]["Id"]
    client = pools.create_user_pool_client(UserPoolId=pool, ClientName="cli")["UserPoolClient"]
    pools.admin_create_user(
        UserPoolId=pool, Username=EMAIL, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS"
    )
    outputs = {"UserPoolId": pool, "UserPoolClientId": client["ClientId"]}
    return Stack("handover", None, outputs)


@pytest.fixture
def settled(pools: CognitoIdentityProviderClient, stack: Stack) -> Stack:
    """The stack, whose user has a permanent password."""
    pools.admin_set_user_password(
        UserPoolId=stack.output("UserPoolId"), Username=EMAIL, Password=PASSWORD, Permanent=True
    )
    return stack


def _age(seconds: float) -> None:
    """Makes every stored token that much older."""
    path = sign_in.token_file()
    kept = json.loads(path.read_text())
    for one in kept.values():
        one["expires_at"] -= seconds
    path.write_text(json.dumps(kept))


def test_a_sign_in_is_stored_where_only_its_owner_can_read_it(settled: Stack, home: Path) -> None:
    signed_in = sign_in.login(settled, EMAIL)

    path = sign_in.token_file()
    assert path.parent == home
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in home.iterdir()] == [path.name]
    assert sign_in.id_token(settled) == signed_in.id_token


def test_the_address_of_a_sign_in_may_be_in_any_case(settled: Stack) -> None:
    signed_in = sign_in.login(settled, f" {EMAIL.upper()}")

    assert signed_in.email == EMAIL


def test_without_a_home_sign_ins_are_stored_in_the_users_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HANDOVER_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))

    assert sign_in.token_file() == tmp_path / ".config" / "handover" / "sign-ins.json"


def test_a_token_is_renewed_before_it_expires_without_a_question(
    settled: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in.login(settled, EMAIL)
    monkeypatch.delenv("HANDOVER_PASSWORD")
    _age(3600 - sign_in.RENEW_SECONDS / 2)

    assert sign_in.id_token(settled)

    kept = json.loads(sign_in.token_file().read_text())[settled.output("UserPoolId")]
    assert kept["expires_at"] > time.time() + sign_in.RENEW_SECONDS
    assert kept["refresh_token"]


def test_a_sign_in_that_has_ended_says_what_to_do(settled: Stack) -> None:
    sign_in.login(settled, EMAIL)
    path = sign_in.token_file()
    kept = json.loads(path.read_text())
    kept[settled.output("UserPoolId")] |= {"refresh_token": "gone", "expires_at": 0}
    path.write_text(json.dumps(kept))

    with pytest.raises(CommandError, match=f"handover login {EMAIL}"):
        sign_in.id_token(settled)


def test_sign_ins_of_several_pools_are_stored_side_by_side(
    settled: Stack, pools: CognitoIdentityProviderClient
) -> None:
    first = sign_in.login(settled, EMAIL)
    pool = pools.create_user_pool(PoolName="others")["UserPool"]["Id"]

    with pytest.raises(CommandError, match="nobody is signed in"):
        sign_in.id_token(Stack("other", None, {"UserPoolId": pool, "UserPoolClientId": "x"}))

    assert sign_in.id_token(settled) == first.id_token


def test_a_wrong_password_is_reported(settled: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOVER_PASSWORD", "Wrong-1234")

    with pytest.raises(CommandError, match=f"{EMAIL} cannot sign in"):
        sign_in.login(settled, EMAIL)


def test_a_temporary_password_is_replaced_at_the_first_sign_in(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOVER_NEW_PASSWORD", "Chosen-by-me-1")
    sign_in.login(stack, EMAIL)

    monkeypatch.setenv("HANDOVER_PASSWORD", "Chosen-by-me-1")
    assert sign_in.login(stack, EMAIL).email == EMAIL


@pytest.fixture
def guarded(settled: Stack, pools: CognitoIdentityProviderClient) -> Stack:
    """The stack, whose user has registered an authenticator app."""
    answer = pools.initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=settled.output("UserPoolClientId"),
        AuthParameters={"USERNAME": EMAIL, "PASSWORD": PASSWORD},
    )
    token = answer["AuthenticationResult"]["AccessToken"]
    pools.associate_software_token(AccessToken=token)
    pools.verify_software_token(AccessToken=token, UserCode="123456")
    on: Any = {"Enabled": True, "PreferredMfa": True}
    pools.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings=on)
    return settled


def test_a_code_is_read_from_the_environment(
    guarded: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOVER_MFA_CODE", "123 456")

    assert sign_in.login(guarded, EMAIL).email == EMAIL


def test_a_terminal_prompts_for_the_code(guarded: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"Code from the authenticator app: ": "123456"}
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", answers.__getitem__)

    assert sign_in.login(guarded, EMAIL).id_token


def test_without_a_terminal_a_code_must_be_in_the_environment(guarded: Stack) -> None:
    with pytest.raises(CommandError, match="set HANDOVER_MFA_CODE"):
        sign_in.login(guarded, EMAIL)


class _Asking:
    """A pool that answers each step with the next challenge, and finally with tokens."""

    def __init__(self, *challenges: str) -> None:
        self.challenges = list(challenges)
        self.responses: list[dict[str, Any]] = []

    def initiate_auth(self, **_given: object) -> dict[str, Any]:
        return self._next()

    def respond_to_auth_challenge(self, **given: Any) -> dict[str, Any]:
        self.responses.append(given)
        return self._next()

    def _next(self) -> dict[str, Any]:
        if self.challenges:
            name = self.challenges.pop(0)
            parameters = {"USER_ID_FOR_SRP": "id-of-ana"}
            return {"ChallengeName": name, "Session": "s", "ChallengeParameters": parameters}
        tokens = {"IdToken": "i", "RefreshToken": "r", "ExpiresIn": 3600}
        return {"AuthenticationResult": tokens}


def test_the_prompts_for_a_new_password_and_a_code_follow_each_other(
    settled: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = _Asking("NEW_PASSWORD_REQUIRED", "SOFTWARE_TOKEN_MFA")
    monkeypatch.setattr(sign_in, "user_pools", lambda: pool)
    monkeypatch.setenv("HANDOVER_NEW_PASSWORD", "Chosen-by-me-1")
    monkeypatch.setenv("HANDOVER_MFA_CODE", "654321")

    sign_in.login(settled, EMAIL)

    assert [one["ChallengeResponses"] for one in pool.responses] == [
        {"USERNAME": "id-of-ana", "NEW_PASSWORD": "Chosen-by-me-1"},
        {"USERNAME": "id-of-ana", "SOFTWARE_TOKEN_MFA_CODE": "654321"},
    ]


@pytest.mark.parametrize(
    ("challenge", "message"), [("MFA_SETUP", "https://sign-in.example"), ("SMS_MFA", "SMS_MFA")]
)
def test_a_challenge_that_the_command_line_cannot_answer_is_reported(
    settled: Stack, monkeypatch: pytest.MonkeyPatch, challenge: str, message: str
) -> None:
    monkeypatch.setattr(sign_in, "user_pools", lambda: _Asking(challenge))
    outputs = {**settled.outputs, "SignInUrl": "https://sign-in.example"}

    with pytest.raises(CommandError, match=message):
        sign_in.login(Stack("handover", None, outputs), EMAIL)


def test_without_a_terminal_there_is_no_prompt(
    settled: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HANDOVER_PASSWORD")

    with pytest.raises(CommandError, match="set HANDOVER_PASSWORD"):
        sign_in.login(settled, EMAIL)


def test_a_broken_sign_in_file_is_reported(stack: Stack) -> None:
    path = sign_in.token_file()
    path.parent.mkdir(parents=True)
    path.write_text('{"pool": ["?"]}')

    with pytest.raises(CommandError, match="delete it and sign in again"):
        sign_in.id_token(stack)
