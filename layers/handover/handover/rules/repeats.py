"""What becomes of a line whose account stands on other lines of the file too."""

from __future__ import annotations

from handover.model import Line, LineResult, Outcome, Rejection, Repeat
from handover.profiles import About


def repeated_line(
    line: Line, repeat: Repeat, account_label: str, about: About = About.ASSIGNMENTS
) -> LineResult:
    """The result of a line that another one stands for, or that others contradict."""
    noun, one = ("user", "a user") if about is About.USERS else ("account", "an account")
    others = ", ".join(str(other) for other in repeat.others)
    if not repeat.is_conflict:
        message = f"line {others} names the same {noun} and applies"
        return LineResult(line, Outcome.DUPLICATE, message=message)
    more = repeat.count - 1 - len(repeat.others)
    others += f" and {more} more" if more > 0 else ""
    rejection = Rejection(
        line.number,
        account_label,
        "DUPLICATE_CONFLICT",
        f"line {line.number}, {account_label}: the same {noun} stands with other values on line "
        f"{others}; wanted one line for {one}",
        "Keep the line that is right and delete the others.",
    )
    return LineResult(line, Outcome.REJECTED, rejection=rejection)
