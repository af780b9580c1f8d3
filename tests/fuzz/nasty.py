"""Hostile files by name: what each is, and its expected result.

The files are made here and in the modules of `corpus`, one for each theme, so that the repository
has no binaries. `verdict` is "refused CODE", or one word for each line of the file in its order: an
outcome, or the code of a rejection; "word*3" stands for three lines of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tests.fuzz.world import AMINA

HEAD = b"account ID,account Manager\r\n"
WHO = AMINA.encode()
# K001 has nobody, so the line changes it; K000 is held by Amina, so it does not.
GOOD = b"K001," + WHO
SAME = b"K000," + WHO


@dataclass(frozen=True, slots=True)
class Nasty:
    """A file, its profile, and its expected result."""

    name: str
    data: bytes
    verdict: str
    profile: str = "single-strict"

    @property
    def words(self) -> tuple[str, ...]:
        """The verdict, one word for each line; ("refused", CODE) for a file."""
        found: list[str] = []
        for word in self.verdict.split():
            name, _, times = word.partition("*")
            found += [name] * int(times or 1)
        return tuple(found)


def of(*lines: bytes, head: bytes = HEAD, end: bytes = b"\r\n") -> bytes:
    """A file of the preset with these lines."""
    return head + b"".join(line + end for line in lines)


def text(*lines: str, encoding: str = "utf-8") -> bytes:
    """A file of the preset with these lines of text, in this encoding."""
    joined = "".join(f"{line}\r\n" for line in ("account ID,account Manager", *lines))
    return joined.encode(encoding)


def named(nasties: Iterable[Nasty]) -> dict[str, Nasty]:
    """The files by name; raises ValueError when two have one name."""
    found: dict[str, Nasty] = {}
    for nasty in nasties:
        if nasty.name in found:
            raise ValueError(f"two files are named {nasty.name}")
        found[nasty.name] = nasty
    return found
