"""The services that the console calls over HTTP: a user pool's endpoints, and the API.

The pool signs tokens with a key of its own. The API is the real handler on an AWS in memory; it
answers with what a test puts into `canned`, for data that would otherwise need a whole import.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.kit.cast import Actor, World

POOL, CLIENT = "eu-west-1_EXAMPLE", "4examplexamplexample"
# Made once: it takes a while.
POOL_KEY = RSAKey.generate_key(2048, {"kid": "one"})
ISSUER = f"https://cognito-idp.eu-west-1.amazonaws.com/{POOL}"


@dataclass
class Stand:
    """The pool and the API. `canned` has answers by method and path; `requests` are those that the
    API received.

    `pool` has answers to calls of the user pool by name; `pool_calls` are the calls.
    """

    world: World | None = None
    canned: dict[tuple[str, str], tuple[int, object]] = field(default_factory=dict)
    requests: list[tuple[str, str, object]] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    claims: dict[str, object] = field(default_factory=dict)
    pool: dict[str, tuple[int, object]] = field(default_factory=dict)
    pool_calls: list[tuple[str, Any]] = field(default_factory=list)
    challenge: str = ""
    nonce: str = ""
    is_down: bool = False
    key: RSAKey = field(default_factory=lambda: POOL_KEY)
    one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def token(self, *, seconds: int = 3600, **changes: object) -> str:
        """An id token with the claims of the person who signs in next."""
        answered = {
            "iss": ISSUER,
            "aud": CLIENT,
            "token_use": "id",
            "exp": int(time.time()) + seconds,
            **self.claims,
            **changes,
        }
        return jwt.encode({"alg": "RS256", "kid": "one"}, answered, self.key, algorithms=["RS256"])

    def keys(self) -> dict[str, Any]:
        """The pool's keys, as browsers and programs read them."""
        return dict(KeySet([self.key]).as_dict(private=False))

    def tokens(self, form: Mapping[str, str]) -> tuple[int, object]:
        """The token endpoint: a code is valid with its verifier, a refresh token always."""
        if form["grant_type"] == "refresh_token":
            is_good = form["refresh_token"] == "a-refresh-token"
            fresh = {"id_token": self.token(), "access_token": "a-fresh-access-token"}
            return (200, fresh) if is_good else (400, {"error": "bad"})
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != self.challenge:
            return 400, {"error": "invalid_grant"}
        return 200, {
            "id_token": self.token(nonce=self.nonce),
            "access_token": "an-access-token",
            "refresh_token": "a-refresh-token",
        }

    def api(
        self, method: str, target: str, token: str, body: object
    ) -> tuple[int, Mapping[str, str], str]:
        """The API's answer to the owner of the token."""
        path = urlsplit(target).path
        self.requests.append((method, target, body))
        if (method, path) in self.canned:
            status, answered = self.canned[method, path]
            return status, {"content-type": "application/json"}, json.dumps(answered)
        claims = jwt.decode(token, self.key, algorithms=["RS256"]).claims
        if self.world is None:
            return 404, {}, json.dumps({"detail": "There is nothing at this address."})
        actor = Actor("browser", {n: str(v) for n, v in claims.items() if n != "cognito:groups"})
        # A function on AWS answers one request at a time; a page may ask for several at once.
        with self.one_at_a_time:
            answer = self.world.ask(actor, method, target, body)
        return answer.status, answer.headers, answer.text

    def answer(
        self, method: str, target: str, headers: Message, body: str
    ) -> tuple[int, Mapping[str, str], str]:
        """The answer at an address: the pool's keys, its endpoints and calls, or the API."""
        if target.endswith("/jwks.json"):
            return 200, {}, json.dumps(self.keys())
        if target == "/oauth2/token":
            status, answered = self.tokens(dict(parse_qsl(body)))
            return status, {}, json.dumps(answered)
        if target == "/oauth2/revoke":
            self.revoked += parse_qs(body)["token"]
            return 200, {}, ""
        if call := headers.get("x-amz-target"):
            operation = call.removeprefix("AWSCognitoIdentityProviderService.")
            self.pool_calls.append((operation, json.loads(body)))
            status, answered = self.pool[operation]
            return status, {}, json.dumps(answered)
        token = headers.get("authorization", "").removeprefix("Bearer ")
        return self.api(method, target, token, json.loads(body) if body else None)


@contextmanager
def serving(stand: Stand) -> Iterator[str]:
    """The address of the stand while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_PATCH(self) -> None:
            self._answer()

        def do_PUT(self) -> None:
            self._answer()

        def do_DELETE(self) -> None:
            self._answer()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            """Logs nothing: pytest shows what the tests say."""

        def _answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length).decode()
            status, headers, text = stand.answer(self.command, self.path, self.headers, body)
            self.send_response(503 if stand.is_down else status)
            for name, value in headers.items():
                self.send_header(name, value)
            data = text.encode()
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
