"""Warnings as they are stored with an import. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence

from handover.model import FileWarning


def warnings_json(warnings: Sequence[FileWarning]) -> str:
    """The warnings as they are stored with an import."""
    return json.dumps([[one.code, one.message] for one in warnings], ensure_ascii=False)


def warnings_from(text: str) -> tuple[FileWarning, ...]:
    """The warnings that were stored."""
    return tuple(FileWarning(code, message) for code, message in json.loads(text))
