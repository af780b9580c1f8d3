"""What Handover says of an import and of changes: results, errors, summary, notification, preview.

What it says was decided in `rules`, and where it is stored is for `pipeline`. Pure.
"""

from __future__ import annotations

from handover.reports.line_index import (
    Asked,
    IndexBuilder,
    LineIndex,
    Move,
    OpcoLines,
    find,
    index_from,
    index_json,
)
from handover.reports.line_parts import lines_part, lines_part_from
from handover.reports.notice import Notice, notice
from handover.reports.parts import errors_head, errors_part, results_head, results_part
from handover.reports.progress import Progress, Stage, progress_of, stage_seconds
from handover.reports.receipts import receipt_to_dict
from handover.reports.summary import (
    Approval,
    Counts,
    ImportSummary,
    ReportObject,
    check_counts,
    summary,
    summary_json,
    tally,
)
from handover.reports.warnings import column_warnings, warnings_from, warnings_json

__all__ = [
    "Approval",
    "Asked",
    "Counts",
    "ImportSummary",
    "IndexBuilder",
    "LineIndex",
    "Move",
    "Notice",
    "OpcoLines",
    "Progress",
    "ReportObject",
    "Stage",
    "check_counts",
    "column_warnings",
    "errors_head",
    "errors_part",
    "find",
    "index_from",
    "index_json",
    "lines_part",
    "lines_part_from",
    "notice",
    "progress_of",
    "receipt_to_dict",
    "results_head",
    "results_part",
    "stage_seconds",
    "summary",
    "summary_json",
    "tally",
    "warnings_from",
    "warnings_json",
]
