"""A seed directory that is written by GUIDE.md's tables can be read."""

from __future__ import annotations

import json
from pathlib import Path

from handover.profiles.settings import Settings, settings_json

from infra.seeding.directory import COLUMNS, read_directory


def test_u11_a_folder_with_every_column_and_setting_can_be_read(tmp_path: Path) -> None:
    for name, (required, optional) in COLUMNS.items():
        (tmp_path / name).write_text(",".join((*required, *optional)) + "\n")
    (tmp_path / "settings.json").write_text(json.dumps(settings_json(Settings())))

    files = read_directory(tmp_path, "lumina")

    assert (files.workflows, files.roles, files.settings) == ((), (), Settings())
