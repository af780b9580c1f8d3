"""A preview: how a file is read, and which of the tenant's profiles it fits. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from handover.errors import RefusedError
from handover.model import Dialect, Header, Line
from handover.profiles.binding import bind
from handover.profiles.matching.assignment import How, Match, mapping_for, match_columns
from handover.profiles.profile import BESIDE, KEYS, Holds, Profile
from handover.profiles.sentences import blanks_of, conditions_of, purpose_of
from handover.reading.own_columns import own_columns_at

MAX_FIRST_LINES = 20
# Twenty lines of 200 cells, with up to seven bytes for a character: 2.2 MB of an answer's 6 MB.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_CELL_CHARS = 80
# Bytes of all profiles in an answer. The first always fits; each repeats the header of up to 64 KB.
MAX_PROFILES_BYTES = 2 * 1024**2


class ReadFile(Struct, frozen=True):
    """The parts of a file that were read: dialect, header, first lines, and their number."""

    dialect: Dialect
    header: Header
    first: Sequence[Line]
    lines: int


class _Fit(Struct, frozen=True):
    """How well the header fits a profile."""

    profile: Profile
    matches: tuple[Match, ...]
    missing: tuple[str, ...]
    fits: bool

    @property
    def score(self) -> int:
        """Two for each certain column, one for each near one, less two for each missing one."""
        sure = sum(match.how.is_sure for match in self.matches)
        near = sum(match.how is How.NEAR for match in self.matches)
        return 2 * sure + near - 2 * len(self.missing)


def preview_to_dict(
    import_id: str,
    filename: str,
    read: ReadFile,
    profiles: Iterable[Profile],
    *,
    switched_on: Collection[str],
    chosen: str,
    remembered: Mapping[str, Mapping[str, str]],
) -> dict[str, object]:
    """The preview as the API returns it.

    `profiles` are those that the uploader may use. The one named `chosen` comes first, then those
    that fit, of these the ones that are switched on, then those with the best columns; as many as
    MAX_PROFILES_BYTES can hold. `remembered` has the remembered mapping for each profile's name.
    """
    fits = [_fit(read, profile, remembered.get(profile.name, {})) for profile in profiles]
    fits.sort(
        key=lambda fit: (
            fit.profile.name != chosen,
            not fit.fits,
            fit.profile.name not in switched_on,
            -fit.score,
            sum(column.holds is not Holds.CURRENT for column in fit.profile.columns),
            fit.profile.name,
        )
    )
    return {
        "import_id": import_id,
        "filename": filename,
        "encoding": read.dialect.encoding,
        "delimiter": read.dialect.delimiter,
        "lines": read.lines,
        "header": list(_own_labels(read)),
        "rows": [
            {"line": line.number, "fields": [_cut(field) for field in line.fields]}
            for line in read.first[:MAX_FIRST_LINES]
        ],
        "profiles": _with_room(_fit_to_dict(fit) for fit in fits),
    }


def comparison_to_dict(read: ReadFile, profile: Profile) -> dict[str, object]:
    """How the file fits one profile, as in a preview but without remembered mappings."""
    return _fit_to_dict(_fit(read, profile, {}))


def _own_labels(read: ReadFile) -> tuple[str, ...]:
    """The labels of the file without our own labels of a report."""
    return read.header.labels[: own_columns_at(read.header.labels)]


def _fit(read: ReadFile, profile: Profile, remembered: Mapping[str, str]) -> _Fit:
    labels = _own_labels(read)
    rows = [line.fields for line in read.first]
    matches = match_columns(labels, rows, profile, remembered=remembered)
    sure = {match.column for match in matches if match.how.is_sure}
    missing = tuple(
        column.label
        for column in profile.columns
        if column.is_required and column.label not in sure
    )
    try:
        bind(labels, profile, mapping=mapping_for(matches, profile), line=read.header.last_line)
    except RefusedError as refused:
        if not missing and refused.refusal.code == "MISSING_COLUMN":
            # The header has the key column, and no column that assigns or sets anything.
            missing = tuple(one.label for one in profile.columns if one.holds not in KEYS | BESIDE)
        return _Fit(profile, matches, missing, fits=False)
    return _Fit(profile, matches, missing, fits=True)


def _fit_to_dict(fit: _Fit) -> dict[str, object]:
    matched = {match.column for match in fit.matches if match.column and match.how.is_sure}
    does = purpose_of(fit.profile), conditions_of(fit.profile, matched)
    return {
        "profile": fit.profile.name,
        "title": fit.profile.title,
        "does": " ".join(filter(None, does)),
        "fits": fit.fits,
        "missing": list(fit.missing),
        "columns": [
            {
                "header": match.header,
                "column": match.column,
                "how": match.how.value,
                "samples": [_cut(sample) for sample in match.samples],
            }
            for match in fit.matches
        ],
        "blanks": blanks_of(fit.profile),
    }


def _with_room(rows: Iterable[dict[str, object]]) -> list[dict[str, object]]:
    shown: list[dict[str, object]] = []
    left = MAX_PROFILES_BYTES
    for row in rows:
        # The function returns this JSON within JSON, so that form is measured.
        left -= len(json.dumps(json.dumps(row)))
        if shown and left < 0:
            break
        shown.append(row)
    return shown


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CELL_CHARS else text[: MAX_CELL_CHARS - 1] + "…"
