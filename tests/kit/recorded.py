"""Texts that tests compare whole with a recorded file; `RECORD=1` writes the file again."""

from __future__ import annotations

import os
from pathlib import Path


def assert_as_recorded(path: Path, made: str) -> None:
    """Fails unless the file has exactly this text."""
    if os.environ.get("RECORD") == "1":
        path.write_text(made, encoding="utf-8")
    recorded = path.read_text(encoding="utf-8").splitlines()
    found = made.splitlines()
    differing = [
        f"{place + 1}: found {one!r}, expected {other!r}"
        for place, (one, other) in enumerate(zip(found, recorded, strict=False))
        if one != other
    ]
    assert (differing[:5], len(found)) == ([], len(recorded)), (
        f"{path.name} differs; if that is intended, run this test with RECORD=1 and check the diff"
    )
