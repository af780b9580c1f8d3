"""Requests as data: what somebody asks the API to do."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """A request; `{name}` in its path stands for an import, by the word the world has for it.

    `json` is its body, where that is no announcement of a file of `profile`.
    """

    method: str
    path: str
    of: str = ""
    profile: str = ""
    json: str = ""

    def __str__(self) -> str:
        named = self.path.replace("{name}", self.of)
        what = self.profile or self.json
        return f"{self.method} {named}{f' ({what})' if what else ''}"

    @property
    def body(self) -> object:
        if self.profile:
            return {"profile": self.profile, "filename": "a.csv"}
        return json.loads(self.json) if self.json else None


def on(of: str, method: str = "GET", rest: str = "") -> Action:
    """An action on an import."""
    return Action(method, f"/imports/{{name}}{rest}", of)


def sending(method: str, path: str, body: object) -> Action:
    """An action with a body."""
    return Action(method, path, json=json.dumps(body))


def editing(account_id: str, email: str, profile: str = "single-strict") -> Action:
    """A single edit: that user is to be the account's manager; its id may be a query."""
    body = {"profile": profile, "assign": {"account_manager": email}}
    path = "/accounts" if account_id.startswith("?") else "/accounts/"
    return sending("PATCH", path + account_id, body)
