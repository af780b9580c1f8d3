"""The table of a tenant's settings."""

from __future__ import annotations

import json

from handover.profiles.settings import Settings, meanings, settings_json

from infra.reference.tables import table


def settings_table() -> str:
    """Each setting with its usual value, as JSON, and its meaning."""
    usual = settings_json(Settings())
    rows = (
        (f"`{name}`", f"`{json.dumps(usual[name])}`", meaning)
        for name, meaning in meanings().items()
    )
    return table(("setting", "usual value", "means"), rows)
