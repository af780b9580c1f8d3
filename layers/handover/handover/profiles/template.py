"""The CSV template of a profile: what a person downloads, fills in and uploads."""

from __future__ import annotations

import csv
import io

from handover.profiles.profile import Holds, Profile


def template_csv(profile: Profile) -> bytes:
    """The header of the profile's columns in UTF-8 with BOM, so that spreadsheets read it right.

    If a role has several columns of a kind, the header has only the one that applies first.
    """
    labels: dict[tuple[Holds, str], str] = {}
    for column in profile.columns:
        labels.setdefault((column.holds, column.role), column.label)
    text = io.StringIO(newline="")
    csv.writer(text).writerow(labels.values())
    return text.getvalue().encode("utf-8-sig")
