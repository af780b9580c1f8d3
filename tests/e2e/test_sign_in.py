"""Signing in: with a password and a code at the command line, in a browser by the code flow."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import urllib.parse

import pytest

from tests.kit.deployed import PASSWORD, TENANT, DeployedStack, http

VERIFIER = "a-verifier-of-more-than-forty-three-characters-0123"


@pytest.fixture
def ana(deployed: DeployedStack) -> str:
    """An Admin of the tenant whom no other story uses."""
    email = f"ana.{time.time_ns()}@{TENANT}.example"
    body = {"email": email, "name": "Ana", "roles": ["Admin"]}
    assert deployed.api("POST", "/users", body=body).status == 201
    deployed.client("cognito-idp").admin_set_user_password(
        UserPoolId=deployed.stack.outputs["UserPoolId"],
        Username=email,
        Password=PASSWORD,
        Permanent=True,
    )
    return email


def totp(secret: str) -> str:
    """The present code: https://www.rfc-editor.org/rfc/rfc6238."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, (int(time.time()) // 30).to_bytes(8), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{int.from_bytes(digest[start : start + 4]) % 2**31 % 10**6:06}"


def test_a_user_with_a_registered_app_must_give_its_code(deployed: DeployedStack, ana: str) -> None:
    assert deployed.handover("login", ana).returncode == 0
    pools = deployed.client("cognito-idp")
    tokens = pools.initiate_auth(
        ClientId=deployed.stack.outputs["UserPoolClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": ana, "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    access = tokens["AccessToken"]
    secret = pools.associate_software_token(AccessToken=access)["SecretCode"]
    pools.verify_software_token(AccessToken=access, UserCode=totp(secret))
    on = {"Enabled": True, "PreferredMfa": True}
    pools.set_user_mfa_preference(AccessToken=access, SoftwareTokenMfaSettings=on)

    without = deployed.handover("login", ana)
    assert without.returncode != 0
    assert "HANDOVER_MFA_CODE" in without.stderr

    deployed.variables["HANDOVER_MFA_CODE"] = totp(secret)
    try:
        signed_in = deployed.handover("login", ana)
    finally:
        del deployed.variables["HANDOVER_MFA_CODE"]
    assert signed_in.returncode == 0, signed_in.stderr
    assert ana in deployed.handover("users", "--name", "Ana").stdout


def test_a_browser_signs_in_with_pkce_and_the_api_accepts_the_token(
    deployed: DeployedStack, ana: str
) -> None:
    client_id = deployed.stack.outputs["UserPoolClientId"]
    known = deployed.client("cognito-idp").describe_user_pool_client(
        UserPoolId=deployed.stack.outputs["UserPoolId"], ClientId=client_id
    )["UserPoolClient"]
    (back,) = known["CallbackURLs"]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")
    parameters = {
        "client_id": client_id,
        "redirect_uri": back,
        "response_type": "code",
        "scope": "openid email",
        "state": "some-state",
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
    }
    base = deployed.stack.endpoint_url

    page = http("GET", f"{base}/oauth2/authorize?{urllib.parse.urlencode(parameters)}")
    assert page.status == 200
    left = http(
        "POST",
        f"{base}/login",
        headers={"content-type": "application/x-www-form-urlencoded"},
        body=urllib.parse.urlencode(parameters | {"username": ana, "password": PASSWORD}).encode(),
    )
    assert left.status == 302, left.body
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(left.headers["location"]).query)
    assert left.headers["location"].startswith(back)
    assert query["state"] == ["some-state"]
    redeemed = {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "code": query["code"][0],
        "redirect_uri": back,
    }
    form = {"content-type": "application/x-www-form-urlencoded"}
    wrong = urllib.parse.urlencode(redeemed | {"code_verifier": VERIFIER[::-1]}).encode()
    assert http("POST", f"{base}/oauth2/token", headers=form, body=wrong).status == 400

    again = http(
        "POST",
        f"{base}/login",
        headers=form,
        body=urllib.parse.urlencode(parameters | {"username": ana, "password": PASSWORD}).encode(),
    )
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(again.headers["location"]).query)
    right = redeemed | {"code": query["code"][0], "code_verifier": VERIFIER}
    answer = http(
        "POST", f"{base}/oauth2/token", headers=form, body=urllib.parse.urlencode(right).encode()
    )
    assert answer.status == 200, answer.body
    token = json.loads(answer.body)["id_token"]
    listed = http(
        "GET", f"{deployed.stack.api_url}/users", headers={"authorization": f"Bearer {token}"}
    )
    assert listed.status == 200
