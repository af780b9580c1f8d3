"""A sample of a file, read as a profile would read it; nothing is looked up and nothing is kept."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from handover.access.people import Person
from handover.errors import InvalidRequestError, RefusedError
from handover.model import Chunk, Line, Rejection
from handover.profiles.binding import bind, known_labels
from handover.profiles.columns import Binding
from handover.profiles.matching.assignment import mapping_for, match_columns
from handover.profiles.parsing import profile_from
from handover.profiles.profile import Profile
from handover.reading.csv_lines import lines
from handover.reading.sniff import read_head
from handover.reports.file_preview import MAX_FIRST_LINES, ReadFile, comparison_to_dict
from handover.rules.understanding import understanding_of
from handover.runtime import Resources
from handover.use_cases.profiles import profile_of

MAX_SAMPLE_CHARS = 20_000


def sample_of(
    resources: Resources,
    person: Person,
    name: str,
    text: str,
    definition: Mapping[str, Any] | None,
) -> dict[str, object]:
    """How the profile reads the first lines of `text`, which begins with a header.

    A `definition` is used instead of the stored one. Raises NotFoundError for an unknown profile,
    and InvalidRequestError for a definition that could not be stored.
    """
    profile = profile_of(resources, person, name)
    if definition is not None:
        roles = list(resources.tables.directory.roles(person.tenant))
        stored = profile_from({"version": 1, **definition, "name": name})
        profile = stored.with_roles(roles).guarded_by(roles)
    if len(text) > MAX_SAMPLE_CHARS:
        raise InvalidRequestError(
            "text", f"text: found {len(text):,} characters, expected at most {MAX_SAMPLE_CHARS:,}"
        )
    try:
        return _read(text, profile)
    except RefusedError as refused:
        refusal = {"code": refused.refusal.code, "message": refused.refusal.message}
        return {"refusal": refusal, "comparison": None, "lines": []}


def _read(text: str, profile: Profile) -> dict[str, object]:
    """How the profile reads the text; raises RefusedError for a text that is no file of lines."""
    data = text.encode("utf-8", "replace")
    dialect, header = read_head(
        data,
        total_bytes=len(data),
        known_labels=known_labels(profile, {}),
        fallback_encoding=profile.fallback_encoding,
    )
    rest = data[header.data_start :]
    chunk = Chunk(0, header.data_start, len(data), header.data_line, 0, 0)
    first = list(islice(lines(rest, chunk=chunk, dialect=dialect, header=header), MAX_FIRST_LINES))
    comparison = comparison_to_dict(ReadFile(dialect, header, first, len(first)), profile)
    shown: list[dict[str, object]] = []
    if comparison["fits"]:
        labels = header.labels
        matches = match_columns(labels, [line.fields for line in first], profile, remembered={})
        mapping = mapping_for(matches, profile)
        binding = bind(labels, profile, mapping=mapping, line=header.last_line)
        shown = [_line(line, binding, profile) for line in first]
    return {"refusal": None, "comparison": comparison, "lines": shown}


def _line(line: Line, binding: Binding, profile: Profile) -> dict[str, object]:
    asked = understanding_of(profile)(line, binding, profile)
    if isinstance(asked, Rejection):
        return {
            "line": line.number,
            "about": "",
            "asks": [],
            "code": asked.code,
            "message": asked.error,
        }
    return {
        "line": line.number,
        "about": asked.record_id,
        "asks": [
            {"role": one.role, "what": one.operation.value, "names": list(one.names)}
            for one in asked.requests
        ],
        "code": "",
        "message": "",
    }
