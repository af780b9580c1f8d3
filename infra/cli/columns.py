"""Maps a file's columns when the person who uploads it gives no mapping."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handover.errors import InvalidRequestError, RefusedError
from handover.profiles.parsing import profile_from
from handover.profiles.presets import presets
from handover.profiles.profile import Profile, Role
from handover.profiles.remembering import fingerprint_of
from handover.profiles.unasked import mapping_without_asking
from handover.reading.first_rows import first_rows
from handover.reading.labels import normal_label
from handover.reading.limits import MAX_HEADER_BYTES
from handover.reading.sniff import read_head

from infra.cli.api import Api
from infra.cli.failures import CommandError
from infra.cli.multipart import size_of
from infra.cli.screen import Screen


@dataclass(frozen=True, slots=True)
class Beginning:
    """The labels of a file and its first rows."""

    labels: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def beginning_of(path: Path) -> Beginning | None:
    """The beginning of a file, None for a file that would be refused for it."""
    names = frozenset(
        name
        for profile in presets().values()
        for column in profile.columns
        for name in (column.label, *column.aliases)
    )
    with path.open("rb") as file:
        size = size_of(file)
        head = file.read(MAX_HEADER_BYTES)
    try:
        dialect, header = read_head(
            head, total_bytes=size, known_labels=names, fallback_encoding="windows-1252"
        )
    except RefusedError:
        return None
    found = first_rows(head, dialect, header, is_whole=size <= len(head))
    return Beginning(header.labels, tuple(found))


def found_mapping(api: Api, path: Path, profile_name: str, screen: Screen) -> dict[str, str]:
    """The mapping for an upload without one; it is also shown to the person.

    It is the mapping that people of the tenant gave for the last such file, completed where needed
    by columns that labels and values identify for certain.
    """
    beginning = beginning_of(path)
    if beginning is None:
        return {}
    answer = _asked(api, profile_name, beginning)
    try:
        profile = profile_of(answer)
    except (InvalidRequestError, KeyError):
        # The API reports an unknown profile when the file is announced.
        return {}
    remembered = answer.get("remembered", {})
    found = mapping_without_asking(beginning.labels, beginning.rows, profile, remembered=remembered)
    show_mapping(screen, found, remembered)
    return found


def remembered_mapping(api: Api, path: Path, profile_name: str) -> dict[str, str]:
    """The tenant's mapping of the last such file; empty when the API cannot be asked."""
    beginning = beginning_of(path)
    if beginning is None:
        return {}
    remembered: dict[str, str] = _asked(api, profile_name, beginning).get("remembered", {})
    return remembered


def profile_of(answer: Mapping[str, Any]) -> Profile:
    """The profile in an answer of the API, with the tenant's roles as columns.

    Raises InvalidRequestError or KeyError for an answer without one.
    """
    stored = profile_from(answer["definition"])
    roles = dict.fromkeys(column.get("role", "") for column in answer["columns"])
    return stored.with_roles(
        Role(role, None) for role in roles if role and role not in stored.roles
    )


def show_mapping(screen: Screen, found: Mapping[str, str], remembered: Mapping[str, str]) -> None:
    """Shows which column is mapped to which, and why."""
    said = {normal_label(label) for label in remembered}
    for theirs, ours in found.items():
        reason = (
            "remembered from the last such file"
            if normal_label(theirs) in said
            else "because of its name; --map overrides this"
        )
        screen.note(f"{theirs!r} is mapped to {ours!r}, {reason}")


def _asked(api: Api, profile_name: str, beginning: Beginning) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    with suppress(CommandError):
        fingerprint = fingerprint_of(beginning.labels)
        answer = api.get("profiles", profile_name, fingerprint=fingerprint)
    return answer
