"""The table of a tenant's settings."""

from __future__ import annotations

import json
from dataclasses import fields

from handover.profiles.settings import MEANING, Settings, settings_json

from infra.reference.tables import table


def settings_table() -> str:
    """Each setting with its usual value, as JSON, and its meaning."""
    usual = settings_json(Settings())
    rows = (
        (f"`{one.name}`", f"`{json.dumps(usual[one.name])}`", one.metadata[MEANING])
        for one in fields(Settings)
    )
    return table(("setting", "usual value", "means"), rows)
