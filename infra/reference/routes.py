"""The table of the API's routes."""

from __future__ import annotations

from handover.http.description import description

from functions.api import app
from infra.reference.tables import table


def routes_table() -> str:
    """Each route of the OpenAPI description with its summary, in the order of the addresses."""
    paths = description(app.app)["paths"]
    rows = (
        (f"`{method.upper()} {path}`", operation["summary"].removesuffix("."))
        for path, methods in sorted(paths.items())
        for method, operation in methods.items()
    )
    return table(("route", "does"), rows)
