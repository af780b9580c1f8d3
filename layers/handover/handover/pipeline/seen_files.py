"""Old files that come again: the same bytes as a file that the source has since replaced.

A file that is moved within the drop prefix is a new object and is applied again, over newer files.
This may be intended, so it is not a refusal but a warning.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from handover.deadline import Deadline
from handover.model import FileWarning, Header, State
from handover.runtime import Resources, logger
from handover.store.import_items import ImportItem
from handover.store.watermarks import SeenFile

# How many files of one source are remembered: some weeks of a nightly file, about 5 KB.
FILES_REMEMBERED = 50
# Two files of one source may conflict and retry; a file not remembered only gets no warning.
TRIES = 3
_WITHOUT_EFFECT = frozenset({State.REFUSED, State.CANCELLED})


class Fingerprint:
    """CRC-32 and length of the bytes that pass through, without a second read.

    Two files with the same fingerprint are treated as the same. The chance that they differ is 1 in
    4 billion for files of one length, and the only consequence is a warning.
    """

    def __init__(self, header: Header) -> None:
        self._crc = zlib.crc32("\0".join(header.labels).encode())
        self._bytes = 0

    def through(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The same blocks, lazily; adds each to the fingerprint."""
        for block in blocks:
            self._crc = zlib.crc32(block, self._crc)
            self._bytes += len(block)
            yield block

    def __str__(self) -> str:
        return f"{self._crc:08x}-{self._bytes}"


def seen_again(
    resources: Resources, item: ImportItem, fingerprint: str, deadline: Deadline
) -> tuple[FileWarning, ...]:
    """OLD_FILE_AGAIN when the source sent the same file before and newer ones since.

    Remembers the file as one of its source. Gives the same answer when asked again.
    """
    others = _remember(resources, item, fingerprint)
    older = [one for one in others if one.precedence < item.precedence]
    same = [one for one in older if one.fingerprint == fingerprint]
    if not same or older[-1].fingerprint == fingerprint:
        return ()
    first = same[-1]
    found = resources.tables.imports.states([first.import_id], deadline).get(first.import_id)
    if found is None or found[0] in _WITHOUT_EFFECT:
        return ()
    return (
        FileWarning(
            "OLD_FILE_AGAIN",
            f"the file has the same bytes as one that this source sent at {first.received_at} "
            f"(import {first.import_id}), and newer files came since. If it was only moved, undo "
            "this import, and move files to the folder archive/ of the source, which is left "
            "alone.",
        ),
    )


def _remember(resources: Resources, item: ImportItem, fingerprint: str) -> list[SeenFile]:
    """The other remembered files of the source, oldest first."""
    watermarks = resources.tables.watermarks
    mine = SeenFile(fingerprint, item.precedence, item.pk)
    others: list[SeenFile] = []
    for _ in range(TRIES):
        known, version = watermarks.seen_files(item.tenant, item.source)
        others = [one for one in known if one.import_id != item.pk]
        kept = sorted([*others, mine], key=lambda one: one.precedence)[-FILES_REMEMBERED:]
        if kept == known or watermarks.remember_files(item.tenant, item.source, kept, version):
            break
    else:
        logger.info("file not remembered", extra={"import_id": item.pk})
    return others
