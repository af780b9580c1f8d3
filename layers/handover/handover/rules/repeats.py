"""What becomes of a line whose account stands on other lines of the file too."""

from __future__ import annotations

from handover.model import Line, LineResult, Outcome, Rejection, Repeat


def repeated_line(line: Line, repeat: Repeat, account_label: str) -> LineResult:
    """The result of a line that another one stands for, or that others contradict."""
    others = ", ".join(str(other) for other in repeat.others)
    if not repeat.is_conflict:
        message = f"line {others} names the same account and applies"
        return LineResult(line, Outcome.DUPLICATE, message=message)
    more = repeat.count - 1 - len(repeat.others)
    others += f" and {more} more" if more > 0 else ""
    rejection = Rejection(
        line.number,
        account_label,
        "DUPLICATE_CONFLICT",
        f"line {line.number}, {account_label}: the same account stands with other values on line "
        f"{others}; wanted one line for an account",
        "Keep the line that is right and delete the others.",
    )
    return LineResult(line, Outcome.REJECTED, rejection=rejection)
