"""Refusals of whole workbooks: each says what was found and what to do."""

from __future__ import annotations

from handover.errors import RefusedError


def damaged(what: str) -> RefusedError:
    """The refusal of a workbook that cannot be read: truncated, altered, or not a workbook."""
    return RefusedError(
        "WORKBOOK_DAMAGED",
        f"the workbook cannot be read: {what}. Open it in a spreadsheet program and save it again "
        "as .xlsx, or save it as CSV",
    )


def too_large(what: str) -> RefusedError:
    """The refusal of a workbook that exceeds a limit, which its message names."""
    return RefusedError("TOO_LARGE", f"{what}: split the workbook, or save the sheet as CSV")


def unsafe(what: str) -> RefusedError:
    """The refusal of a workbook with something that no spreadsheet program writes."""
    return RefusedError(
        "WORKBOOK_DAMAGED",
        f"the workbook holds {what}, which no spreadsheet program writes: save it again as .xlsx",
    )


def encrypted() -> RefusedError:
    """The refusal of a workbook with a password."""
    return RefusedError(
        "WORKBOOK_ENCRYPTED",
        "the workbook is protected by a password, so it cannot be read: save it without one",
    )
