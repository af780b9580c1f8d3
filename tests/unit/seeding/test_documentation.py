"""README says of a seed directory's files what the loaders read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from handover.profiles import Settings, settings_from, settings_json

from infra.seeding.directory import COLUMNS, read_directory

README = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")


def row_of(name: str) -> list[str]:
    """The cells of the first table row about that name."""
    found = re.search(rf"^\| `{re.escape(name)}` \|(.*)\|$", README, re.MULTILINE)
    assert found, f"README has no row about {name}"
    return found[1].split(" | ")


@pytest.mark.parametrize("name", COLUMNS)
def test_u11_readme_lists_the_columns_of_each_file(name: str) -> None:
    required, optional = row_of(name)

    assert tuple(re.findall(r"`([a-z_]+)`", required)) == COLUMNS[name][0]
    # What a cell may say stands in parentheses behind its column.
    assert tuple(re.findall(r"`([a-z_]+)`", re.sub(r"\(.*?\)", "", optional))) == COLUMNS[name][1]


def test_u11_readme_lists_every_setting_with_its_usual_value() -> None:
    usual = settings_json(Settings())

    rows = {name: json.loads(row_of(name)[0].strip().strip("`")) for name in usual}

    assert rows == json.loads(json.dumps(usual))
    assert settings_from(rows) == Settings()


def test_u11_a_folder_that_is_written_by_readme_can_be_read(tmp_path: Path) -> None:
    for name, (required, optional) in COLUMNS.items():
        (tmp_path / name).write_text(",".join((*required, *optional)) + "\n")
    (tmp_path / "settings.json").write_text(json.dumps(settings_json(Settings())))

    files = read_directory(tmp_path, "lumina")

    assert (files.workflows, files.roles, files.settings) == ((), (), Settings())
