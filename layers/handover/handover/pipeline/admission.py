"""Admission: whether the uploader or the source may submit this file.

Rights are checked as they are when the file is validated, not when it was announced.
"""

from __future__ import annotations

from collections.abc import Sequence

from handover.access.assigners import barred_role_of
from handover.access.profiles import why_not_still, why_not_under
from handover.errors import RefusedError
from handover.model import Header, JobKind, User
from handover.pipeline.upload_keys import DROP
from handover.pipeline.uploads import Sender
from handover.profiles.columns import Binding
from handover.profiles.fields import About
from handover.profiles.profile import Profile, Role
from handover.profiles.settings import Settings

CODE = "UPLOADER_NOT_ALLOWED"


def has_uploader(sender: Sender) -> bool:
    """True when a person is responsible for the file.

    A job that follows the directory has no uploader: it may delete the person who asked for it.
    """
    follows = sender.job is not None and JobKind(sender.job).follows_the_directory
    return bool(sender.uploader) and not follows


def uploader_of(
    sender: Sender, profile: Profile, user: User | None, settings: Settings
) -> User | None:
    """The uploader, if they may upload this file; None when no person is responsible for it.

    `user` is the directory's user with the sender's address, None if there is none. Raises
    RefusedError.
    """
    if not has_uploader(sender):
        return None
    if user is None or not user.is_active:
        raise _refused(sender, profile, "no active user has this address")
    reason = (
        why_not_under(settings, user, profile)
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
    defined: Sequence[Role],
    profile: Profile,
    binding: Binding,
    header: Header,
    uploader: User | None,
) -> None:
    """Raises RefusedError if the file has a column of a role that the uploader may not assign.

    `defined` are the roles that the tenant has defined.
    """
    if uploader is None:
        return
    labels = {column.role: column.label for column in reversed(binding.roles)}
    barred = barred_role_of(defined, profile, labels, uploader)
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
