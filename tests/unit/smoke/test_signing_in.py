"""A smoke run also signs in on stacks where everybody must have an authenticator."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from infra.cli.failures import CommandError
from infra.smoke.signing_in import code_at, token_of

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_match_the_examples_of_the_standard(at: int, code: str) -> None:
    """The last six digits of the examples in https://www.rfc-editor.org/rfc/rfc6238#appendix-B."""
    assert code_at(SECRET, at) == code


class Pools:
    """A user pool that answers a password with a challenge."""

    def __init__(self, challenge: str) -> None:
        self.challenge = challenge
        self.codes: list[str] = []

    def initiate_auth(self, **_request: Any) -> dict[str, Any]:
        if not self.challenge:
            return {"AuthenticationResult": {"IdToken": "token"}}
        return {"ChallengeName": self.challenge, "Session": "first"}

    def associate_software_token(self, *, Session: str) -> dict[str, Any]:  # noqa: N803 - AWS's
        assert Session == "first"
        return {"SecretCode": SECRET, "Session": "second"}

    def verify_software_token(
        self,
        *,
        Session: str,  # noqa: N803 - AWS's
        UserCode: str,  # noqa: N803 - AWS's
    ) -> dict[str, Any]:
        assert Session == "second"
        self.codes.append(UserCode)
        return {"Status": "SUCCESS", "Session": "third"}

    def respond_to_auth_challenge(self, **answered: Any) -> dict[str, Any]:
        assert (answered["ChallengeName"], answered["Session"]) == ("MFA_SETUP", "third")
        return {"AuthenticationResult": {"IdToken": "token"}}


def test_an_authenticator_is_registered_if_everybody_must_have_one() -> None:
    with_codes: Any = Pools("MFA_SETUP")
    without: Any = Pools("")

    assert token_of(with_codes, "client", "a@b.example", "p") == "token"
    assert token_of(without, "client", "a@b.example", "p") == "token"

    assert len(with_codes.codes) == 1
    assert without.codes == []


def test_an_unknown_challenge_is_reported_by_its_name() -> None:
    other: Any = Pools("SMS_MFA")

    with pytest.raises(CommandError, match="asks for SMS_MFA"):
        token_of(other, "client", "a@b.example", "p")
