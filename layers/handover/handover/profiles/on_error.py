"""What happens to a file when some of its lines cannot be applied; whoever sends it chooses."""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct

_STOP_ABOVE = re.compile(r"stop_above\s*:?\s*([1-9][0-9]?)\s*%?")
FORMS = '"apply_good", "all_or_nothing" or "stop_above: n %" with n from 1 to 99'


class OnErrorKind(StrEnum):
    """What happens to the good lines of a file in which other lines fail.

    APPLY_GOOD: they are applied. ALL_OR_NOTHING: none is. STOP_ABOVE: none is if more than a
    percentage of all lines fail.
    """

    APPLY_GOOD = "apply_good"
    ALL_OR_NOTHING = "all_or_nothing"
    STOP_ABOVE = "stop_above"


class OnError(Struct, frozen=True):
    """How many lines of a file may fail; `percent` from 1 to 99 counts only with STOP_ABOVE."""

    kind: OnErrorKind = OnErrorKind.APPLY_GOOD
    percent: int = 0

    def __str__(self) -> str:
        """The form in which it is sent and stored."""
        suffix = f": {self.percent} %" if self.kind is OnErrorKind.STOP_ABOVE else ""
        return f"{self.kind.value}{suffix}"

    @property
    def is_limited(self) -> bool:
        """True when lines that fail may stop the file: it is checked before it is applied."""
        return self.kind is not OnErrorKind.APPLY_GOOD

    def allows(self, failing: int, lines: int) -> bool:
        """True when a file with `lines` lines may be applied although `failing` of them fail."""
        match self.kind:
            case OnErrorKind.APPLY_GOOD:
                return True
            case OnErrorKind.ALL_OR_NOTHING:
                return not failing
            case OnErrorKind.STOP_ABOVE:
                return failing * 100 <= lines * self.percent


APPLY_GOOD = OnError()


def on_error_from(text: str) -> OnError:
    """The choice that `text` states, in any case; raises ValueError that says what was expected."""
    plain = " ".join(text.casefold().split())
    if plain in (OnErrorKind.APPLY_GOOD, OnErrorKind.ALL_OR_NOTHING):
        return OnError(OnErrorKind(plain))
    found = _STOP_ABOVE.fullmatch(plain)
    if found is None:
        raise ValueError(f"found {text!r}, expected {FORMS}")
    return OnError(OnErrorKind.STOP_ABOVE, int(found[1]))
