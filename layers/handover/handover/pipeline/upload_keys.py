"""What the keys of uploads begin with, and the texts in them that sort in order of time."""

from __future__ import annotations

from handover.runtime import rfc3339

IN, DROP, DIRECTORY = "in", "drop", "directory"
# The prefixes for other systems, which are identified by the principal that S3 reports.
OF_SYSTEMS = (DROP, DIRECTORY)
# Files in this folder of a source are not uploads: the source archives its sent files here.
ARCHIVE = "archive"
# A sender outside every tenant's prefixes has no tenant; no tenant can have this name.
NO_TENANT = "-"


def ticket_time(seconds: float) -> str:
    """The beginning of a ticket issued at that time; these texts sort in order of time."""
    return rfc3339(seconds).replace("-", "").replace(":", "").replace(".", "")
