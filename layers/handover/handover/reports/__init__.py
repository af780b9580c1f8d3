"""What Handover says of an import and of changes: results, errors, summary, notification, preview.

What it says was decided in `rules`, and where it is stored is for `pipeline`. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handover.exports import exports

if TYPE_CHECKING:
    from handover.reports.counts import Counts, tally
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
    from handover.reports.notice import Notice
    from handover.reports.parts import errors_head, errors_part, results_head, results_part
    from handover.reports.progress import Progress, Stage, progress_of, stage_seconds
    from handover.reports.receipts import receipt_to_dict
    from handover.reports.stored_warnings import warnings_from, warnings_json
    from handover.reports.summary import (
        Approval,
        ImportSummary,
        ReportObject,
        check_counts,
        summary_json,
    )
    from handover.reports.warnings import column_warnings
else:
    __getattr__ = exports(
        __name__,
        {
            "counts": "Counts tally",
            "line_index": "Asked IndexBuilder LineIndex Move OpcoLines find index_from index_json",
            "line_parts": "lines_part lines_part_from",
            "notice": "Notice",
            "parts": "errors_head errors_part results_head results_part",
            "progress": "Progress Stage progress_of stage_seconds",
            "receipts": "receipt_to_dict",
            "stored_warnings": "warnings_from warnings_json",
            "summary": "Approval ImportSummary ReportObject check_counts summary_json",
            "warnings": "column_warnings",
        },
    )
