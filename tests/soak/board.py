"""Counters in shared memory: the counts of a killed worker are not lost."""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass

_NUMBER = struct.Struct("=q")
FIELDS = ("busy", "handled", "failed", "doubled")


@dataclass(frozen=True, slots=True)
class Board:
    """One row of counters for each worker's place; each row has one writer at a time."""

    memory: mmap.mmap

    @classmethod
    def of(cls, places: int) -> Board:
        """A board of zeros, shared with all processes that are forked from now on."""
        return cls(mmap.mmap(-1, places * len(FIELDS) * _NUMBER.size))

    def get(self, place: int, field: str) -> int:
        """The present value of the counter."""
        return int(_NUMBER.unpack_from(self.memory, _offset(place, field))[0])

    def set(self, place: int, field: str, number: int) -> None:
        """Gives the counter another value."""
        _NUMBER.pack_into(self.memory, _offset(place, field), number)

    def add(self, place: int, field: str) -> None:
        """Counts one more."""
        self.set(place, field, self.get(place, field) + 1)


def _offset(place: int, field: str) -> int:
    return (place * len(FIELDS) + FIELDS.index(field)) * _NUMBER.size
