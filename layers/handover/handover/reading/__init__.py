"""Bytes to lines: encoding and dialect, header, records, chunk boundaries, repeats, guarded cells.

What a line means is not decided here: columns are in `profiles`, lines in `rules`. Pure, and
without numpy in workers: modules that need it are imported by name, `handover.reading.scan` and
`handover.reading.repeats`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handover.exports import exports

if TYPE_CHECKING:
    from handover.reading.csv_lines import lines
    from handover.reading.guards import guard, unguard
    from handover.reading.labels import normal_label
    from handover.reading.limits import (
        LIMITS,
        MAX_COLUMNS,
        MAX_FIELD_CHARS,
        MAX_FILE_BYTES,
        MAX_HEADER_BYTES,
        MAX_LINES,
        MAX_RECORD_BYTES,
        Limits,
    )
    from handover.reading.own_columns import REPORT_LABELS
    from handover.reading.signatures import is_workbook
    from handover.reading.sniff import DELIMITERS, read_head
    from handover.reading.transcode import utf8_blocks
else:
    __getattr__ = exports(
        __name__,
        {
            "csv_lines": "lines",
            "guards": "guard unguard",
            "labels": "normal_label",
            "limits": (
                "LIMITS Limits MAX_COLUMNS MAX_FIELD_CHARS MAX_FILE_BYTES MAX_HEADER_BYTES "
                "MAX_LINES MAX_RECORD_BYTES"
            ),
            "own_columns": "REPORT_LABELS",
            "signatures": "is_workbook",
            "sniff": "DELIMITERS read_head",
            "transcode": "utf8_blocks",
        },
    )
