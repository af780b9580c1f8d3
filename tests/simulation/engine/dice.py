"""Random names, drawn from each invocation's own generator."""

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
    """Makes all secrets of the process follow from the seed of the invocation that makes them."""
    module: Any = secrets
    real = module.token_hex
    module.token_hex = _token_hex
    try:
        yield
    finally:
        module.token_hex = real
