"""Files of other systems: in which folder and from which principal they count."""

from __future__ import annotations

from typing import Any

import pytest
from handover.store.directory import Source

from infra.template import PATH, load
from tests.kit.cast import OTHER_PRINCIPAL, OWN, OWN_PRINCIPAL
from tests.rights.reading import Row, named, rows
from tests.rights.table import FUNCTIONS, SOURCES, WRITERS
from tests.rights.test_profiles import fields
from tests.rights.world import Worlds, code_of, file_for

FOLDERS = {
    "drop": "drop/{tenant}/hr/a.csv",
    "directory-accounts": "directory/{tenant}/hr/accounts.csv",
    "directory-users": "directory/{tenant}/hr/users.csv",
}
PRINCIPALS = {"own": OWN_PRINCIPAL, "other": OTHER_PRINCIPAL, "nobody": ""}
ROWS = [pytest.param(row, id=named(row, "profile", "state", "right")) for row in rows(SOURCES)]


@pytest.mark.parametrize("writer", rows(WRITERS), ids=lambda row: row["writer"])
@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("row", ROWS)
def test_a_file_of_a_source_is_accepted_or_refused_as_the_table_says(
    worlds: Worlds, row: Row, folder: str, writer: Row
) -> None:
    world = worlds.back_to(row["state"])
    source = Source(
        "hr",
        row["profile"],
        OWN_PRINCIPAL,
        writes_directory={"yes": True, "-": False}[row["right"]],
    )
    world.pipeline.resources.tables.setup.put_source(OWN, source)
    before = fields(world)
    body = file_for(row["profile"] if folder == "drop" else folder)

    created = world.pipeline.put(
        FOLDERS[folder].format(tenant=OWN), body, principal=PRINCIPALS[writer["writer"]]
    )
    world.pipeline.run(created)

    expected = row[folder] if writer["answer"] == "-" else writer["answer"]
    assert code_of(world, created) == expected
    assert (fields(world) == before) == (expected != "done")


def started_by(function: dict[str, Any]) -> str:
    """What starts a function of the template."""
    events = function["Properties"].get("Events", {})
    if not events:
        return "people"
    queues = [event["Properties"].get("Queue") for event in events.values()]
    return "files" if {"Fn::GetAtt": ["IntakeQueue", "Arn"]} in queues else "aws"


def test_every_deployed_function_has_a_row() -> None:
    deployed = {
        name: started_by(resource)
        for name, resource in load(PATH)["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }

    assert deployed == {row["function"]: row["started-by"] for row in rows(FUNCTIONS)}
