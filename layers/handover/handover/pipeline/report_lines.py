"""The text of a stored report, line by line."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from handover.aws import objects
from handover.aws.objects import ObjectGoneError, Upload
from handover.deadline import Deadline


class ReportTooLongError(Exception):
    """The line is further down the report than the part that is read."""


def text_lines_of(
    report: Upload, deadline: Deadline, *, most_bytes: int | None = None
) -> Iterator[str]:
    """The text of the report split at LF, lazily; a CSV record may span several of these lines.

    Raises ObjectGoneError when the report is no longer kept, and ReportTooLongError after
    `most_bytes` if the report is longer.
    """
    size = objects.size_of(report)
    if size is None:
        raise ObjectGoneError("the results of the import are kept no longer")
    end = size if most_bytes is None else min(size, most_bytes)
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    rest = ""
    for block in objects.blocks(report, 0, end, deadline):
        *whole, rest = (rest + decoder.decode(block)).split("\n")
        yield from (f"{line}\n" for line in whole)
    if end < size:
        raise ReportTooLongError(report.key)
    if rest:
        yield rest
