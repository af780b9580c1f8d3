"""The result of a line whose account, or login name, is on other lines of the file too."""

from __future__ import annotations

from handover.model import Line, LineResult, Outcome, Rejection, Repeat
from handover.profiles.columns import Binding
from handover.profiles.fields import LOGIN_NAME, About


def repeated_line(
    line: Line, repeat: Repeat, key_label: str, about: About = About.ASSIGNMENTS
) -> LineResult:
    """The result of a line that another line replaces, or that others contradict."""
    noun, one = ("user", "a user") if about is About.USERS else ("account", "an account")
    others = _others(repeat)
    if not repeat.is_conflict:
        message = f"line {others} names the same {noun} and applies"
        return LineResult(line, Outcome.DUPLICATE, message=message)
    rejection = Rejection(
        line.number,
        key_label,
        "DUPLICATE_CONFLICT",
        f"line {line.number}, {key_label}: the same {noun} has other values on line {others}, "
        f"expected one line for {one}",
        "Keep the line that is right and delete the others.",
    )
    return LineResult(line, Outcome.REJECTED, rejection=rejection)


def repeated_login(line: Line, repeat: Repeat, binding: Binding) -> LineResult:
    """The result of a line whose login name lines of other users ask for too."""
    column = binding.role_of(LOGIN_NAME)
    label = column.label if column is not None else binding.key_label
    login = line.fields[column.index].strip() if column is not None else ""
    rejection = Rejection(
        line.number,
        label,
        "LOGIN_REPEATED",
        f"line {line.number}, {label}: different users ask for the login name {login!r}, also on "
        f"line {_others(repeat)}, expected a different one for each user",
        "Keep it for one of them and give the others another login name, or none.",
    )
    return LineResult(line, Outcome.REJECTED, rejection=rejection)


def _others(repeat: Repeat) -> str:
    more = repeat.count - 1 - len(repeat.others) if repeat.is_conflict else 0
    return ", ".join(map(str, repeat.others)) + (f" and {more} more" if more > 0 else "")
