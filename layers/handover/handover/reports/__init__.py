"""What became of lines and accounts, told: error lines, results, summary, notice, marks. Pure."""

from __future__ import annotations

from handover.reports.notice import Notice, notice
from handover.reports.parts import errors_head, errors_part, results_head, results_part
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
    "Counts",
    "ImportSummary",
    "Notice",
    "ReportObject",
    "check_counts",
    "column_warnings",
    "errors_head",
    "errors_part",
    "notice",
    "receipt_to_dict",
    "results_head",
    "results_part",
    "summary",
    "summary_json",
    "tally",
    "warnings_from",
    "warnings_json",
]
