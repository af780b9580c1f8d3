"""The CSV template of a profile: what a person downloads, fills in and uploads."""

from __future__ import annotations

import csv
import io

from handover.profiles.profile import Profile


def template_csv(profile: Profile) -> bytes:
    """The header of the profile's columns as UTF-8 with BOM, so that spreadsheets read it right."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow([column.label for column in profile.columns])
    return text.getvalue().encode("utf-8-sig")
