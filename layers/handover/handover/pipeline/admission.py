"""Admission: whether the uploader or the source may submit this file.

Rights are checked as they are when the file is validated, not when it was announced.
"""

from __future__ import annotations

from handover.access.assigners import barred_role
from handover.access.profiles import why_not, why_not_still
from handover.errors import RefusedError
from handover.model import Header, JobKind, User
from handover.pipeline.uploads import DROP, Sender
from handover.profiles import About, Binding, Profile
from handover.runtime import Resources

CODE = "UPLOADER_NOT_ALLOWED"


def uploader_of(resources: Resources, sender: Sender, profile: Profile) -> User | None:
    """The uploader, if they may upload this file; None when no person is responsible for it.

    A job that follows the directory has no uploader: the person who asked for it may be deleted by
    it.
    Raises RefusedError.
    """
    if not sender.uploader or (
        sender.job is not None and JobKind(sender.job).follows_the_directory
    ):
        return None
    user = resources.tables.directory.user(sender.tenant, sender.uploader)
    if user is None or not user.is_active:
        raise _refused(sender, profile, "no active user has this address")
    reason = (
        why_not(resources, sender.tenant, user, profile)
        if sender.job is None
        else why_not_still(user, profile)
    )
    if reason:
        raise _refused(sender, profile, reason)
    return user


def _refused(sender: Sender, profile: Profile, reason: str) -> RefusedError:
    return RefusedError(CODE, f"{sender.uploader} may not upload {profile.name} files: {reason}")


def check_directory_right(sender: Sender, profile: Profile) -> None:
    """Raises RefusedError for a source that may not write the directory, under any prefix.

    The profile decides what the file is about. Under the directory's own prefix the right is
    required even if a profile of the tenant makes such files about assignments, because no Admin
    has registered the source for that profile.
    """
    if not sender.is_system or sender.writes_directory:
        return
    if sender.is_directory or profile.about is not About.ASSIGNMENTS:
        raise RefusedError(
            CODE,
            f"the source {sender.source!r} may not write the directory: an Admin must set "
            f"writes_directory for it (PUT /sources/{sender.source}). Files about assignments go "
            f"under {DROP}/{sender.tenant}/{sender.source}/, with a profile about assignments.",
        )


def check_assigners(
    resources: Resources,
    sender: Sender,
    profile: Profile,
    binding: Binding,
    header: Header,
    uploader: User | None,
) -> None:
    """Raises RefusedError if the file has a column of a role that the uploader may not assign."""
    if uploader is None:
        return
    labels = {column.role: column.label for column in reversed(binding.roles)}
    barred = barred_role(resources, sender.tenant, profile, labels, uploader)
    if barred is not None:
        expected = " or ".join(sorted(barred.assigned_by))
        line = header.last_line
        raise RefusedError(
            CODE,
            f"line {line}, {labels[barred.role]}: {uploader.email} may not assign the role "
            f"{barred.role!r}, expected the user role {expected}. Delete the column, or have "
            "somebody else upload the file.",
            line,
        )
