"""Which generated lists there are, and how they get into the pages.

A page marks the place of a list with `<!-- list: NAME -->` and `<!-- end of list -->`; what is
between them is replaced. People write everything else. The description of the API is generated
whole: functions read it instead of making it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from handover.http.description import MADE

from infra.reference import codes, commands, profiles, routes, seeding, settings, stack

ROOT = Path(__file__).resolve().parents[2]
LISTS: Mapping[str, Callable[[], str]] = {
    "alarms": stack.alarms_table,
    "codes of files": codes.files_table,
    "codes of lines": codes.lines_table,
    "codes of warnings": codes.warnings_table,
    "commands": commands.commands_table,
    "fields of columns": profiles.columns_table,
    "fields of profiles": profiles.fields_table,
    "fields of roles": profiles.roles_table,
    "outputs": stack.outputs_table,
    "parameters": stack.parameters_table,
    "presets": profiles.presets_table,
    "routes": routes.routes_table,
    "rules": codes.rules_table,
    "seed files": seeding.files_table,
    "settings": settings.settings_table,
    "what columns hold": profiles.holds_table,
}
PAGES = ("GUIDE.md", "ARCHITECTURE.md", "infra/OPERATIONS.md")
_PLACE = re.compile(
    r"(?P<begin><!-- list: (?P<name>[a-z ]+) -->\n).*?(?P<end><!-- end of list -->)", re.DOTALL
)


def names_in(text: str) -> list[str]:
    """The names of the lists that a page has places for, in order."""
    return [place["name"] for place in _PLACE.finditer(text)]


def filled(text: str) -> str:
    """The page with each list as the code knows it now; raises KeyError for an unknown name."""

    def fill(place: re.Match[str]) -> str:
        return f"{place['begin']}\n{LISTS[place['name']]()}\n{place['end']}"

    return _PLACE.sub(fill, text)


def write() -> list[str]:
    """Writes every page that differs from the code; the names of these pages."""
    described = str(MADE.relative_to(ROOT))
    pages = {name: filled((ROOT / name).read_text(encoding="utf-8")) for name in PAGES}
    changed = []
    for name, after in {**pages, described: routes.description_text()}.items():
        path = ROOT / name
        if not path.exists() or path.read_text(encoding="utf-8") != after:
            path.write_text(after, encoding="utf-8")
            changed.append(name)
    return changed
