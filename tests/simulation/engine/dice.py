"""Names that nobody can guess, made of the dice that each invocation has of its own."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def _token_hex(count: int) -> str:
    return random.randbytes(count).hex()


@contextmanager
def throwing_dice() -> Iterator[None]:
    """Makes the whole process's secrets follow from the seed of the one who makes them."""
    module: Any = secrets
    real = module.token_hex
    module.token_hex = _token_hex
    try:
        yield
    finally:
        module.token_hex = real
