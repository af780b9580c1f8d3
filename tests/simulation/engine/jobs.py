"""Jobs at the end: one file did each request, and deleted users hold nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.kit.oracle.directory import PENDING
from tests.kit.oracle.files import kind_of_file, read_file
from tests.kit.oracle.line_requests import Kind, LineRequest
from tests.simulation.engine import scene as the_scene
from tests.simulation.engine.world import Uploaded, World

# The changes of a file: role -> holders before and after, by account.
Changes = Mapping[str, Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]]


def check(world: World, changed: Changes) -> Iterator[str]:
    """What must hold of jobs; `changed` are the changes of the import that is undone."""
    keys = {one.key for one in world.uploads.values()}
    for path, ticket in world.import_tickets:
        if f"in/{the_scene.HOME}/{ticket}.csv" not in keys:
            yield f"I2 nothing was done about {path}"
    undone = [one for one in world.uploads.values() if kind_of_file(one.body) is Kind.RESTORE]
    request = sum(count for path, count in world.requests.items() if path.endswith("/undo"))
    if len({one.key for one in undone}) > request:
        yield f"I1 {request} undos came to {len(undone)} files"
    for one in undone:
        if _changes_in(one) != changed:
            yield f"I7 the file of an undo does not tell what the import has changed: {one.key}"
    yield from _handed_over(world)
    directory = world.memory.dynamodb.tables["DirectoryTable"].items
    if left := [sk for _, sk in directory if sk.startswith("errand#")]:
        yield f"I2 {len(left)} jobs were not run"
    yield from _gone(world)


def _changes_in(one: Uploaded) -> Changes:
    return {
        request.account: {
            role: (given, request.expected[role]) for role, given in request.targets.items()
        }
        for request in read_file(one.body)
    }


def _handed_over(world: World) -> Iterator[str]:
    """A holder hands over all accounts that they hold, in no more files than were requested."""
    people = (the_scene.MAIN_KEY, the_scene.OLDER_KEY)
    imports = world.memory.dynamodb.tables["ImportsTable"].items
    files = {
        one.key: {request.account for request in read_file(one.body)}
        for one in world.uploads.values()
        if one.key.startswith("in/")
        and one.key not in people
        and kind_of_file(one.body) in (Kind.SET, Kind.HAND)
        and "follows" not in imports[one.import_id, "import"]
    }
    if len(files) > world.requests["/assignments"]:
        yield f"I1 {world.requests['/assignments']} changes of owner came to {len(files)} files"
    written = {write.key for write in world.account_writes}
    for accounts in files.values():
        left = {
            account
            for (tenant, account), place in world.scene.directory.accounts.items()
            if tenant == the_scene.HOME
            and the_scene.CAI in place.managers
            and f"{tenant}#{account}" not in written
        }
        if accounts != set(the_scene.NAMED) and left - accounts:
            yield f"I7 {sorted(left - accounts)} were not handed over"


def _gone(world: World) -> Iterator[str]:
    """Deleted users hold nothing and have no sign-in; no account waits for an existing user.

    Accounts that wait for a user of another opco continue to wait.
    """
    tables = world.memory.dynamodb.tables
    users_of = {
        (tenant, sk.removeprefix("user#")): item
        for (tenant, sk), item in the_scene.by_tenant(tables["DirectoryTable"].items).items()
        if sk.startswith("user#")
    }
    statuses = {key: item["status"]["S"] for key, item in users_of.items()}
    opcos = {key: item["opco"]["S"] for key, item in users_of.items()}
    for pk, item in tables["AccountsTable"].items.items():
        tenant, _, account = pk.partition("#")
        for users in item["assigned"]["M"].values():
            for user in users["L"]:
                key = tenant, user["S"].removeprefix(PENDING)
                status = statuses.get(key)
                is_apart = opcos.get(key, "") not in ("", item["opco"]["S"])
                if status == "deleted":
                    yield f"I11 {account} is held by {user['S']}, who is deleted"
                if status == "active" and user["S"].startswith(PENDING) and not is_apart:
                    yield f"I7 {account} still waits for {user['S']}, who is there"
    yield from _sign_ins(world, statuses)
    for wish in world.scene.wishes:
        address = wish.path.rpartition("/")[2]
        if wish.method == "DELETE" and statuses[the_scene.HOME, address] != "deleted":
            yield f"I2 {address} was not deleted"
        if wish.path == "/users" and (the_scene.HOME, wish.body["email"]) not in statuses:
            yield f"I2 {wish.body['email']} was not created"


def _sign_ins(world: World, statuses: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Every sign-in belongs to an active user and has the groups of their roles."""
    pools = world.memory.pools
    directory = the_scene.by_tenant(world.memory.dynamodb.tables["DirectoryTable"].items)
    for address, found in pools.sign_ins.items():
        tenant = found.attributes["custom:tenant"]
        status = statuses.get((tenant, address))
        if status is None:
            continue
        if status == "deleted":
            yield f"I17 {address} is deleted and signs in"
        elif found.enabled != (status == "active"):
            yield f"I17 {address} is {status}, and the sign-in is not"
        else:
            roles = directory[tenant, f"user#{address}"]["roles"]["L"]
            groups = {"_".join(role["S"].split()) for role in roles} & pools.groups
            if groups != found.groups:
                yield f"I17 {address} is in the groups {sorted(found.groups)}"


def after(
    request: LineRequest,
    role: str,
    held: set[tuple[str, ...]],
    changed: tuple[tuple[str, ...], tuple[str, ...]] | None,
) -> set[tuple[str, ...]]:
    """The possible holders of a role after a line, if one of `held` was right before it.

    `changed` is the change of the role in the line's result.
    """
    names = request.targets[role]
    match request.kind:
        case Kind.REMOVE:
            return {tuple(user for user in users if user not in names) for users in held}
        case Kind.HAND:
            (holder,) = request.expected[role]
            return {
                tuple(sorted({*users} - {holder} | {*names})) if holder in users else users
                for users in held
            }
        case Kind.RESTORE if changed is None:
            return held
        case Kind.RESOLVE | Kind.USERS | Kind.ACCOUNTS:
            return held
        case _:
            return {names}


def _come(users: tuple[str, ...]) -> tuple[str, ...]:
    """The users as if every pending one existed."""
    return tuple(sorted(user.removeprefix(PENDING) for user in users))


def given_back(
    request: LineRequest,
    role: str,
    held: set[tuple[str, ...]],
    changed: tuple[tuple[str, ...], tuple[str, ...]] | None,
    *,
    is_decided_later: bool,
) -> Iterator[str]:
    """An undo restores exactly what was there, unless something has decided it since."""
    change = request.expected[role], request.targets[role]
    # The user of a pending address counts as the one who was named.
    left, known = _come(change[0]), {_come(users) for users in held}
    if changed is not None:
        if (_come(changed[0]), changed[1]) != (left, change[1]) or left not in known:
            yield f"I7 line {request.line} of an undo made {changed} of {change}"
    elif known == {left} and left != _come(change[1]) and not is_decided_later:
        yield f"I7 line {request.line} of an undo did not give {role} back"
