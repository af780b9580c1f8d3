"""Remembering what a person has said of a file's columns, for the next file of its kind."""

from __future__ import annotations

from handover.model import Header
from handover.pipeline.uploads import Sender
from handover.profiles import Profile
from handover.profiles.remembering import mapping_to_remember, with_remembered
from handover.runtime import Resources, logger

# Two files of one tenant at once try again; what is not remembered is only asked for again.
TRIES = 3


def remember_mapping(
    resources: Resources, sender: Sender, profile: Profile, header: Header
) -> None:
    """Keeps the mapping that a person gave with a file that is taken in.

    That of a source stands with the source, and jobs of Handover itself have none. Writes nothing
    when the mapping is the last that was kept.
    """
    if sender.ticket is None or sender.job is not None:
        return
    new = mapping_to_remember(header.labels, profile, sender.mapping)
    if new is None:
        return
    for _ in range(TRIES):
        known, version = resources.tables.mappings.of(sender.tenant)
        kept = with_remembered(known, new)
        if kept == known or resources.tables.mappings.replace(sender.tenant, kept, version):
            return
    logger.info("mapping not remembered", extra={"tenant": sender.tenant})
