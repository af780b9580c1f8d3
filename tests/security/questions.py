"""The questions of the table of rights, asked for what they do and not for their answers."""

from __future__ import annotations

from tests.kit.cast import INSIDERS, World
from tests.rights.reading import rows
from tests.rights.table import ROUTES
from tests.rights.world import body_of, spelled


def ask(world: World, *beginnings: str, and_ends: tuple[str, ...] = ()) -> None:
    """Asks the requests of the table whose paths begin or end so, by an Admin and who may less."""
    for row in rows(ROUTES):
        if row["path"].startswith(beginnings) or row["path"].endswith(and_ends):
            for actor in (INSIDERS[0], INSIDERS[2]):
                path, body = spelled(world, row["path"]), body_of(world, row["body"])
                world.ask(actor, row["method"], path, body)
