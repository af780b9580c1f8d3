"""The code's decisions under load, present ones and those of d4b7b5e for comparison."""

from __future__ import annotations

from dataclasses import dataclass

from handover.batch import DELIVERIES_OF_ONE, FIRST_DELAY_SECONDS, LONGEST_DELAY_SECONDS

# One settle: the chunk's item and the progress item, both under 1 KB.
SETTLE_UNITS = 2.0
# At d4b7b5e each settled chunk added bytes to the import's item; these are both sizes.
SETTLED_BYTES = 84
IMPORT_BYTES = 1500
UNIT_BYTES = 1024
# At d4b7b5e a call that a table refused as a whole failed after the SDK's own tries.
SDK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The active fixes; without one the code behaves as at d4b7b5e."""

    sends_only_what_is_lost: bool = True
    hands_on: bool = True
    waits_when_busy: bool = True
    settles_beside: bool = True

    def settle_units(self, settled_before: int) -> float:
        """The write units of settling one more chunk of an import."""
        if self.settles_beside:
            return SETTLE_UNITS
        return -(-(IMPORT_BYTES + SETTLED_BYTES * (settled_before + 1)) // UNIT_BYTES)


@dataclass(frozen=True, slots=True)
class PutOff:
    """When a message that met a busy service is redelivered, and whether as a fresh message."""

    delay_seconds: float
    is_fresh: bool


def put_off(receives: int, put_offs: int) -> PutOff:
    """How a message is put off after that many deliveries and replacements."""
    tries = put_offs * DELIVERIES_OF_ONE + receives
    delay = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(tries - 1, 10))
    return PutOff(delay, is_fresh=receives >= DELIVERIES_OF_ONE)


NOW = Behaviour()
