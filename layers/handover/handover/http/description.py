"""The OpenAPI description of the API, as the build wrote it, and the methods of each address."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

PATH = "/openapi.json"
# Written by `python -m infra.reference`; a test compares it with the routes.
MADE = Path(__file__).with_name("openapi.json")


@cache
def description() -> dict[str, Any]:
    """The description of all routes, read once for each environment of the function."""
    read: dict[str, Any] = json.loads(MADE.read_bytes())
    return read


def methods_of(path: str) -> list[str]:
    """The methods of the address, sorted; empty = there is no such address."""
    paths = {PATH: {"get": {}}, **description()["paths"]}
    # A fixed address takes precedence over a pattern: "delete" is never read as somebody's name.
    found = (
        [path]
        if path in paths
        else [
            pattern for pattern in paths if re.fullmatch(re.sub(r"{\w+}", "[^/]+", pattern), path)
        ]
    )
    return sorted(method.upper() for pattern in found for method in paths[pattern])
