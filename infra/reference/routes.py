"""The description of the API, which ships with it, and the table of its routes."""

from __future__ import annotations

import json

from handover.http.describing import made_description

from functions.api import app
from infra.reference.tables import table


def description_text() -> str:
    """The OpenAPI description as JSON, one field a line, so that a change can be read."""
    return json.dumps(made_description(app.app), indent=1, ensure_ascii=False) + "\n"


def routes_table() -> str:
    """Each route of the OpenAPI description with its summary, in the order of the addresses."""
    paths = made_description(app.app)["paths"]
    rows = (
        (f"`{method.upper()} {path}`", operation["summary"].removesuffix("."))
        for path, methods in sorted(paths.items())
        for method, operation in methods.items()
    )
    return table(("route", "does"), rows)
