"""A command line that is isolated from the machine's configuration."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home; no stack runs in it and nobody is signed in."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(("AWS_", "HANDOVER_")):
            monkeypatch.delenv(name)
    place = tmp_path / "home"
    monkeypatch.setenv("HANDOVER_HOME", str(place))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield place
    os.environ.clear()
    os.environ.update(before)
