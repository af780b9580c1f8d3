"""What people may look at: imports and their files, profiles, portfolios. Read-only."""

from __future__ import annotations

import re
import unicodedata

from handover.access.imports import why_barred
from handover.access.people import Person
from handover.aws import objects
from handover.errors import ConflictError, ForbiddenError, NotFoundError
from handover.pipeline.summaries import summary_of
from handover.profiles import Column, Profile
from handover.profiles.parsing import NAME_PATTERN
from handover.rules.addresses import normal_address
from handover.runtime import Wiring
from handover.use_cases.imports import Ticket, import_for, told
from handover.use_cases.paging import Page, cursor_at, page_of, place_at

LINK_SECONDS = 300
# Enough to recognise a file by, in a header that has to stay short.
STEM_CHARS = 100
# Where a page can begin: a time and an import, a role and an account.
IMPORT_PLACES = re.compile(r"[0-9T:.Z-]{1,40}#[0-9a-f]{32}")
PORTFOLIO_PLACES = re.compile(r"[^#]+#.+", re.DOTALL)


def imports_page(
    wiring: Wiring, person: Person, *, limit: int, cursor: str | None
) -> Page[dict[str, object]]:
    """The tenant's imports, newest first."""
    items, place = wiring.tables.imports.newest(
        person.tenant, limit, place_at(cursor, IMPORT_PLACES)
    )
    following = cursor_at(place) if place is not None else None
    return Page([told(wiring, item) for item in items], following)


def file_link(wiring: Wiring, person: Person, name: str, kind: str) -> str:
    """A link that is good for LINK_SECONDS; `kind` is "errors" or "results".

    Raises ForbiddenError for everybody but the uploader, Admins, and those who may upload such
    files, ConflictError while the import goes on, and NotFoundError when it has ended without
    such a file.
    """
    found = import_for(wiring, person.tenant, name)
    if isinstance(found, Ticket):
        raise ConflictError("nothing has been uploaded yet")
    if found.uploader != person.email and (reason := why_barred(wiring, person, found)):
        raise ForbiddenError(reason)
    about = summary_of(wiring, found)
    if not about.state.is_final:
        raise ConflictError(f"the import is in the state {about.state.value} and has not ended")
    file = about.report if kind == "errors" else about.results
    if file is None:
        raise NotFoundError(
            "no line of this import has an error"
            if kind == "errors" and not about.refusal
            else "this file was refused whole, so there is nothing to tell of its lines"
        )
    return objects.download_link(
        file.bucket, file.key, download_name(found.filename, kind), LINK_SECONDS
    )


def download_name(filename: str, kind: str) -> str:
    """What the file is saved as: the original name in plain letters, and what the file holds."""
    stem = filename[:-4] if filename.lower().endswith(".csv") else filename
    # The name goes into a header, which has no quotes, line ends or accents to spare, and then
    # onto a disk, where a dot hides it and a hyphen makes it an option.
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode("ascii")
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", plain)[:STEM_CHARS].strip("._-")
    return f"{plain or 'import'}-{kind}.csv"


def profiles_of(wiring: Wiring, person: Person) -> list[dict[str, object]]:
    """All profiles of the tenant by name, its own and the presets."""
    found = wiring.tables.directory.profiles(person.tenant)
    on = wiring.tables.directory.settings(person.tenant).profiles
    return [profile_told(profile, is_on=name in on) for name, profile in sorted(found.items())]


def profile_of(wiring: Wiring, person: Person, name: str) -> Profile:
    """The profile of that name; raises NotFoundError."""
    if NAME_PATTERN.fullmatch(name):
        profile = wiring.tables.directory.profile(person.tenant, name)
        if profile is not None:
            return profile
    raise NotFoundError("there is no such profile")


def profile_told(profile: Profile, *, is_on: bool) -> dict[str, object]:
    """What somebody needs to know of a profile to write a file for it, and whether it is on."""
    return {
        "name": profile.name,
        "title": profile.title,
        "version": profile.version,
        "is_own": not profile.is_preset,
        "is_on": is_on,
        "uploader_roles": sorted(profile.uploader_roles),
        "columns": [_column_told(column) for column in profile.columns],
    }


def _column_told(column: Column) -> dict[str, object]:
    told_of: dict[str, object] = {
        "label": column.label,
        "aliases": list(column.aliases),
        "holds": column.holds.value,
        "required": column.is_required,
    }
    return told_of | ({"role": column.role} if column.role else {})


def portfolio_of(
    wiring: Wiring, person: Person, email: str, *, limit: int, cursor: str | None
) -> Page[dict[str, object]]:
    """The accounts that a user of the tenant holds, by role; raises NotFoundError."""
    place = place_at(cursor, PORTFOLIO_PLACES)
    user = wiring.tables.directory.user(person.tenant, normal_address(email))
    if user is None:
        raise NotFoundError("there is no such user")
    return page_of(
        wiring.tables.portfolios.of(person.tenant, user.email, after=place or ""),
        limit,
        "#".join,
        lambda holding: {"role": holding[0], "account_id": holding[1]},
    )
