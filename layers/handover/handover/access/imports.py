"""Imports of other people: who may read their results, and who may undo them."""

from __future__ import annotations

from handover.access.people import Person
from handover.access.profiles import why_not
from handover.model import ADMIN, JobKind
from handover.profiles.profile import Profile
from handover.runtime import Resources
from handover.store.import_items import ImportItem

# How many undos of undos are followed back to the file; each takes one read.
MAX_UNDOS = 20


def why_barred(resources: Resources, person: Person, item: ImportItem) -> str:
    """Why the person may neither read nor undo another person's import, "" when they may.

    Admins may. Others need the present right to use the profile that the import goes back to.
    """
    if person.is_admin:
        return ""
    profile = profile_behind(resources, item)
    if profile is None:
        return f"only the user role {ADMIN} may do this with the import"
    return why_not(resources, person.tenant, person.user, profile)


def profile_behind(resources: Resources, item: ImportItem) -> Profile | None:
    """The profile that the import goes back to: for an undo, that of the import it undoes.

    None for removals and resolutions, which follow the directory and no profile of the tenant, for
    a profile that was removed, and beyond MAX_UNDOS undos.
    """
    for _ in range(MAX_UNDOS):
        if item.job != JobKind.UNDO:
            break
        undone = resources.tables.imports.find(item.undo_of) if item.undo_of else None
        if undone is None:
            return None
        item = undone
    if item.job not in (None, JobKind.OWNER) or not item.profile:
        return None
    return resources.tables.directory.profile(item.tenant, item.profile)
