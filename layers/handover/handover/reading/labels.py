"""How a label of a header is compared with another."""

from __future__ import annotations

import unicodedata


def normal_label(label: str) -> str:
    """The label as it is compared: case-insensitive, single spaces, no invisible characters."""
    if not label.isascii():
        label = "".join(char for char in label if unicodedata.category(char) != "Cf")
    return " ".join(label.split()).casefold()
