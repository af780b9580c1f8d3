"""Files of this machine that a command reads."""

from __future__ import annotations

from pathlib import Path

from infra.cli.failures import CommandError


def check_readable(path: Path) -> None:
    """Raises CommandError unless there is a file at `path`, which can be read more than once."""
    if path.is_dir():
        raise CommandError(f"{path} is a folder, expected a CSV file")
    if not path.exists():
        raise CommandError(f"there is no file {path}")
    if not path.is_file():
        raise CommandError(f"{path} is a pipe or a device, expected a file on disk")
