"""The opco wall in every action: which user may be put on which account."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from handover.model import Account, User
from handover.profiles.presets import presets
from handover.profiles.profile import UnknownUser
from handover.store.directory import Source
from msgspec.structs import replace

from tests.kit.cast import OWN, OWN_PRINCIPAL, World
from tests.kit.memory_aws import ObjectCreated
from tests.kit.pipeline import file_of
from tests.rights.reading import Row, rows
from tests.rights.table import OPCO, OPCO_ACTIONS
from tests.rights.world import PEOPLE, PROFILE_NAMES, ROLE, Worlds, code_of, set_up

# The user of the test, and an account that this user may hold.
USER = "una.user@lumina.example"
NEWCOMER = "nia.new@lumina.example"
ACCOUNT, NEW, MOVED = "WALL-1", "WALL-2", "WALL-3"
PROFILE = "walled-or-not"
KINDS = {"wall": True, "-": False}


def opco(cell: str) -> str:
    return "" if cell == "-" else cell


@pytest.fixture(scope="module")
def quiet(worlds: Worlds) -> Worlds:
    """The world without an import for which an undo would wait."""
    world = worlds.back_to("on")
    for name in ("running", "waiting", "of-admin"):
        path = f"/imports/{world.names[OWN][name]}/cancel"
        assert world.ask(PEOPLE["admin"], "POST", path).status == 202
    world.pipeline.assign(world.names[OWN]["running"])
    world.pipeline.run()
    worlds.snapshots["quiet"] = world.pipeline.memory.snapshot()
    return worlds


def put_user(world: World, row: Row, email: str = USER) -> None:
    user = User(email, "Una User", frozenset({"Sales"}), opco(row["user"]))
    pipeline = world.pipeline
    pipeline.resources.tables.directory.put_users(OWN, [user], pipeline.deadline)


def prepared(worlds: Worlds, row: Row) -> World:
    """Stores the user, the account, the profile and the tenant's setting of the row."""
    world = worlds.back_to("quiet")
    put_user(world, row)
    world.pipeline.accounts(Account(OWN, ACCOUNT, 1, opco=opco(row["account"])))
    is_walled = KINDS[row["profile"]]
    profile = replace(
        presets()["single-strict"],
        name=PROFILE,
        has_opco_wall=is_walled,
        required_user_roles=frozenset(),
        # The opco of a pending address is unknown, so a wall accepts only known users.
        unknown_user=UnknownUser.ERROR if is_walled else UnknownUser.PENDING,
    )
    world.pipeline.resources.tables.directory.put_profile(OWN, profile)
    set_up(world, profiles=[*PROFILE_NAMES, PROFILE], opco_wall=row["setting"])
    return world


def of_one(code: str) -> str:
    return "ok" if code == "done" else code


def by_file(world: World, row: Row) -> str:
    created = world.uploaded(PEOPLE["admin"], OWN, file_of([(ACCOUNT, USER)]), PROFILE)
    world.pipeline.run(created)
    return of_one(code_of(world, created))


def by_drop(world: World, row: Row) -> str:
    source = Source("crm", PROFILE, OWN_PRINCIPAL)
    world.pipeline.resources.tables.setup.put_source(OWN, source)
    body = file_of([(ACCOUNT, USER)])
    created = world.pipeline.put(f"drop/{OWN}/crm/a.csv", body, principal=OWN_PRINCIPAL)
    world.pipeline.run(created)
    return of_one(code_of(world, created))


def by_edit(world: World, row: Row) -> str:
    edit = {"profile": PROFILE, "assign": {ROLE: USER}}
    answer = world.ask(PEOPLE["admin"], "PATCH", f"/accounts/{ACCOUNT}", edit)
    return "ok" if answer.status == 200 else str(answer.body["code"])


def followed(world: World, path: str, body: object = None) -> str:
    """The result of the requested import."""
    answer = world.ask(PEOPLE["admin"], "POST", path, body)
    assert answer.status == 202, answer.text
    (written,) = world.pipeline.settle()
    return of_one(code_of(world, written))


def by_reassignment(world: World, row: Row) -> str:
    return followed(
        world, "/assignments", {"profile": PROFILE, "to": USER, "account_ids": [ACCOUNT]}
    )


def by_undo(world: World, row: Row) -> str:
    """The user held the account before; then the account gets the opco of the row."""
    pipeline = world.pipeline
    account = Account(OWN, MOVED, 1, opco=opco(row["user"]), assigned={ROLE: (USER,)})
    pipeline.accounts(account)
    pipeline.settle()
    created = world.uploaded(PEOPLE["admin"], OWN, file_of([(MOVED, "None")]), PROFILE)
    pipeline.run(created)
    pipeline.settle()
    put_users(world, f"account_id,opco\r\n{MOVED},{opco(row['account'])}\r\n")
    pipeline.clock.now += 60
    return followed(world, f"/imports/{pipeline.item(created).pk}/undo")


def by_resolution(world: World, row: Row) -> str:
    """The account waits for the user, who is then created."""
    pipeline = world.pipeline
    created = world.uploaded(PEOPLE["admin"], OWN, file_of([(ACCOUNT, NEWCOMER)]), PROFILE)
    pipeline.run(created)
    pipeline.settle()
    pipeline.clock.now += 60
    put_user(world, row, NEWCOMER)
    written = pipeline.settle()
    return of_one(code_of(world, written[0])) if written else "waits"


def by_directory(world: World, row: Row) -> str:
    """A new account whose directory file names its manager."""
    created = put_users(
        world, f"account_id,opco,account_manager\r\n{NEW},{opco(row['account'])},{USER}\r\n"
    )
    return of_one(code_of(world, created))


def put_users(world: World, text: str) -> ObjectCreated:
    """A directory file of accounts, processed to its end."""
    key = f"directory/{OWN}/erp/accounts.csv"
    created = world.pipeline.put(key, text.encode(), principal=OWN_PRINCIPAL)
    world.pipeline.run(created)
    world.pipeline.settle()
    return created


ACTIONS: dict[str, Callable[[World, Row], str]] = {
    "file": by_file,
    "drop": by_drop,
    "edit": by_edit,
    "reassign": by_reassignment,
    "undo": by_undo,
    "pending": by_resolution,
    "directory": by_directory,
}
ABOUT = {"undo": MOVED, "directory": NEW}
REFUSED = {row["action"]: row["refused"] for row in rows(OPCO_ACTIONS)}
WALLABLE = {row["action"]: row["wall"] == "yes" for row in rows(OPCO_ACTIONS)}
CASES = [
    pytest.param(row, action, id=" ".join((*row.values(), action)))
    for row in rows(OPCO)
    for action in WALLABLE
    if WALLABLE[action] or row["profile"] == "-"
]


def test_every_action_of_the_table_is_tested() -> None:
    assert set(WALLABLE) == set(ACTIONS)


@pytest.mark.parametrize(("row", "action"), CASES)
def test_a_user_holds_an_account_only_if_the_wall_allows_it(
    quiet: Worlds, row: Row, action: str
) -> None:
    world = prepared(quiet, row)

    answer = ACTIONS[action](world, row)

    may = row["may"] == "yes"
    assert answer == ("ok" if may else REFUSED[action])
    one, user = ABOUT.get(action, ACCOUNT), NEWCOMER if action == "pending" else USER
    pipeline = world.pipeline
    found = pipeline.resources.tables.accounts.read(OWN, [one], pipeline.deadline)
    held = found[one].assigned.get(ROLE, ()) if one in found else ()
    assert (held == (user,)) == may
