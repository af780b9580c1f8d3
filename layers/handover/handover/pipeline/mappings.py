"""Remembering the column mapping that a person gave, for the next file of its kind."""

from __future__ import annotations

from handover.model import Header
from handover.pipeline.uploads import Sender
from handover.profiles.profile import Profile
from handover.profiles.remembering import mapping_to_remember, with_remembered
from handover.runtime import Resources, logger

# Two files of one tenant may conflict and retry; a lost mapping only means asking again.
TRIES = 3


def remember_mapping(
    resources: Resources, sender: Sender, profile: Profile, header: Header
) -> None:
    """Stores the mapping that a person gave with an admitted file.

    A source keeps its mapping with the source, and jobs of Handover have none. Writes nothing when
    the mapping is the one stored last.
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
