"""The requests of the table of rights, sent for their effects and not for their answers."""

from __future__ import annotations

from tests.kit.cast import INSIDERS, World
from tests.rights.reading import rows
from tests.rights.table import ROUTES
from tests.rights.world import body_of, spelled


def ask(world: World, *beginnings: str, and_ends: tuple[str, ...] = ()) -> None:
    """Sends the requests with such paths, as an Admin and as a user with fewer rights."""
    for row in rows(ROUTES):
        if row["path"].startswith(beginnings) or row["path"].endswith(and_ends):
            for actor in (INSIDERS[0], INSIDERS[2]):
                path, body = spelled(world, row["path"]), body_of(world, row["body"])
                world.ask(actor, row["method"], path, body)
