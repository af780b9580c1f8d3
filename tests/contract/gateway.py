"""API Gateway as far as the API function sees it: HTTP in, events of Lambda out.

It stands for the two routes of template.yaml: `GET /openapi.json`, which needs no token, and
`ANY /{proxy+}`, whose authorizer answers 401 without one.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import copy
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from functions.api import app
from tests.kit.caller import EVENT, LambdaContext

AUTHORIZATION = "Bearer of-somebody"
# What API Gateway passes on as text; all other content comes in base64.
TEXT = ("text/", "application/json", "application/javascript", "application/xml")


class Gateway(BaseHTTPRequestHandler):
    """Answers one request; the token is that of the person with these claims."""

    claims: ClassVar[Mapping[str, str]]
    # Lambda answers one request at a time in each environment, and here is one.
    turn: ClassVar[threading.Lock] = threading.Lock()
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        """Passes the request on, unless API Gateway itself answers it."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        with self.turn:
            answer = self._answer(body)
        status = HTTPStatus(answer["statusCode"])
        sent = str(answer.get("body") or "").encode()
        self.send_response_only(status)
        for name, value in answer["headers"].items():
            self.send_header(name, value)
        if status is not HTTPStatus.NO_CONTENT:
            self.send_header("content-length", str(len(sent)))
        self.end_headers()
        if self.command != "HEAD" and status is not HTTPStatus.NO_CONTENT:
            self.wfile.write(sent)

    def __getattr__(self, name: str) -> Any:
        # http.server looks for one method for each HTTP method.
        if name.startswith("do_"):
            return self.handle_any
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Logs nothing: the functions log enough."""

    def _answer(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        event = copy.deepcopy(EVENT)
        context = event["requestContext"]
        if (self.command, path) == ("GET", "/openapi.json"):
            del context["authorizer"]
        elif path == "/":
            return _own(HTTPStatus.NOT_FOUND, "Not Found")
        elif self.headers.get("authorization") != AUTHORIZATION:
            return _own(HTTPStatus.UNAUTHORIZED, "Unauthorized")
        else:
            context["authorizer"]["jwt"]["claims"] |= self.claims
        event["rawPath"] = context["http"]["path"] = path
        context["http"]["method"] = self.command
        event["headers"] = {name.lower(): value for name, value in self.headers.items()}
        event["rawQueryString"] = query
        if values := _joined(query):
            event["queryStringParameters"] = values
        del event["body"]
        if body:
            kind = event["headers"].get("content-type", "")
            event |= _encoded(body, is_text=kind.startswith(TEXT))
        answer: dict[str, Any] = app.lambda_handler(event, LambdaContext())
        return answer


def _joined(query: str) -> dict[str, str]:
    """The values of a query by name; the values of a repeated name are joined by a comma."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    return {name: ",".join(found) for name, found in values.items()}


def _encoded(body: bytes, *, is_text: bool) -> dict[str, Any]:
    if is_text:
        try:
            return {"body": body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def _own(status: HTTPStatus, message: str) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"message": message}),
    }


@contextmanager
def served(claims: Mapping[str, str]) -> Iterator[str]:
    """Where the deployed API can be called, while the context lasts."""
    handler = type("PersonsGateway", (Gateway,), {"claims": claims})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
