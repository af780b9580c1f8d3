"""A browser without a screen: it keeps cookies, follows no redirect, and reads pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from functions.console import app
from tests.console.stand import Stand
from tests.kit.caller import EVENT, LambdaContext
from tests.kit.cast import Actor

HOST = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
ORIGIN = f"https://{HOST}"
SAME = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}


class Reader(HTMLParser):
    """The parts of a page: elements, attributes, and the text that people read."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, attribute: str) -> list[str]:
        """Every value of an attribute."""
        return [found for _, one in self.elements if (found := one.get(attribute)) is not None]


@dataclass(frozen=True)
class Page:
    """An answer of the console."""

    status: int
    headers: Mapping[str, str]
    cookies: list[str]
    body: str

    @property
    def text(self) -> str:
        """What a person reads."""
        return " ".join(Reader(self.body).text.split())

    @property
    def read(self) -> Reader:
        return Reader(self.body)

    @property
    def query(self) -> dict[str, str]:
        """The parameters of where it leads."""
        found = parse_qs(urlsplit(self.headers["location"]).query)
        return {name: values[0] for name, values in found.items()}


@dataclass
class Browser:
    """A person at the console."""

    stand: Stand
    cookies: dict[str, str] = field(default_factory=dict)

    def sign_in(self, actor: Actor, *, groups: tuple[str, ...] = ()) -> None:
        """Signs in as the actor, through the whole flow."""
        answered = {name: value for name, value in (actor.claims or {}).items() if value}
        self.stand.claims = {**answered, "name": actor.name, "cognito:groups": list(groups)}
        query = self.get("/sign-in").query
        self.stand.challenge, self.stand.nonce = query["code_challenge"], query["nonce"]
        page = self.get("/signed-in", code="a-code", state=query["state"])
        assert page.status == 303, page.text

    def get(self, path: str, **query: str) -> Page:
        return self.request("GET", path, query=query)

    def post(self, path: str, form: Mapping[str, str] | None = None, **headers: str) -> Page:
        """Sends a form as a page of the console does; `headers` replace the usual ones."""
        sent = SAME | {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        return self.request("POST", path, form=form or {}, headers=sent)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        raw_path: str = "",
    ) -> Page:
        event: dict[str, Any] = json.loads(json.dumps(EVENT))
        event["rawPath"] = event["requestContext"]["http"]["path"] = raw_path or f"/console{path}"
        event["requestContext"]["http"]["method"] = method
        event["requestContext"]["domainName"] = HOST
        event["rawQueryString"] = urlencode(query or {})
        event["headers"] = {"host": HOST, **(headers or {})}
        event["cookies"] = [f"{name}={value}" for name, value in self.cookies.items()]
        del event["body"], event["requestContext"]["authorizer"]
        if form is not None:
            event["headers"]["content-type"] = "application/x-www-form-urlencoded"
            event["body"] = urlencode(form)
        answered = app.lambda_handler(event, LambdaContext())
        self._keep(answered["cookies"])
        return Page(
            answered["statusCode"], answered["headers"], answered["cookies"], str(answered["body"])
        )

    def _keep(self, cookies: list[str]) -> None:
        for one in cookies:
            name, _, value = one.partition(";")[0].partition("=")
            if "Max-Age=0" in one:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
