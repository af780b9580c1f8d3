"""The keys under which the login names and the names of a tenant's users are stored: one, or many.

A login name leads to one address, and its item is at one place at any time. An item of the index of
names says that an address may have a name; readers check that on the user. Both are spread like the
users, but by a mark of their own, because older code may look for users at shards, but not for
names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from msgspec import Struct

from handover.deadline import Deadline
from handover.store.batches import (
    Item,
    Statement,
    insertion,
    put_items,
    read_items,
    transact,
    write_each,
)
from handover.store.items import key_of
from handover.store.user_places import (
    USERS_A_TRANSACTION,
    UserPlaces,
    is_absent,
    places_by,
)

LOGIN, NAME = "login#", "name#"
NAMES_MARK = "#spread-names"
# A sort key holds 1,024 bytes, including its prefix; a name has its user's address beside it.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_LOGIN_BYTES = 1024 - len(LOGIN)
MAX_NAME_BYTES = 1024 - len(NAME) - 1


class LoginFound(Struct, frozen=True):
    """The item of a login name: its partition key, and its body as it was read."""

    pk: str
    body: str


def name_places(table: str, tenant: str) -> UserPlaces:
    """Where login names and names of the tenant are stored, by hash of the normal name.

    Valid for a quarter of an hour, as `user_places` is.
    """
    return places_by(table, tenant, NAMES_MARK)


def read_logins(
    table: str, places: UserPlaces, logins: Iterable[str], deadline: Deadline
) -> dict[str, LoginFound]:
    """The existing items of normal `logins` (no repetition), by login name."""
    # A longer name cannot be a key, so nobody has it.
    waiting = [login for login in logins if len(login.encode()) <= MAX_LOGIN_BYTES]
    found: dict[str, LoginFound] = {}
    for turn in places.turns:
        keys = (key_of(places.of(login)[turn], LOGIN + login) for login in waiting)
        for item in read_items(table, keys, deadline):
            login = item["sk"]["S"][len(LOGIN) :]
            found[login] = LoginFound(item["pk"]["S"], item["body"]["S"])
        waiting = [login for login in waiting if login not in found]
    return found


def write_logins(
    table: str,
    places: UserPlaces,
    bodies: Mapping[str, str],
    known: Mapping[str, LoginFound],
    deadline: Deadline,
) -> set[str]:
    """Stores the bodies of login names, over the known item if any; returns the stored names.

    The others were changed or moved since they were read.
    """
    if len(places.turns) == 1:
        return _written(table, places, bodies, known, deadline)
    new = [login for login in bodies if login not in known]
    old = {login: body for login, body in bodies.items() if login in known}
    stored = _written(table, places, old, known, deadline)
    rest = iter(new)
    while part := list(islice(rest, USERS_A_TRANSACTION)):
        creations = [list(login_put(table, places, login, bodies[login], None)) for login in part]
        deadline.check()
        if transact([action for actions in creations for action in actions]):
            stored.update(part)
            continue
        for login, actions in zip(part, creations, strict=True):
            deadline.check()
            if transact(actions):
                stored.add(login)
    return stored


def _written(
    table: str,
    places: UserPlaces,
    bodies: Mapping[str, str],
    known: Mapping[str, LoginFound],
    deadline: Deadline,
) -> set[str]:
    """As `write_logins`, but a new item may be stored at one place only."""
    statements = [
        _statement(table, places, login, body, known.get(login)) for login, body in bodies.items()
    ]
    outcomes = write_each(statements, deadline)
    return {login for login, outcome in zip(bodies, outcomes, strict=True) if outcome is None}


def _statement(
    table: str, places: UserPlaces, login: str, body: str, found: LoginFound | None
) -> Statement:
    if found is None:
        (pk,) = places.of(login)
        return insertion(table, {**key_of(pk, LOGIN + login), "body": {"S": body}})
    return Statement(
        f'UPDATE "{table}" SET "body"=? WHERE "pk"=? AND "sk"=? AND "body"=?',
        [{"S": body}, *key_of(found.pk, LOGIN + login).values(), {"S": found.body}],
    )


def login_put(
    table: str, places: UserPlaces, login: str, body: str, found: LoginFound | None
) -> Iterator[Item]:
    """The actions that store a login name's item; `found` is as it was read, None = absent."""
    first, *others = places.of(login)
    pk = found.pk if found is not None else first
    item = {**key_of(pk, LOGIN + login), "body": {"S": body}}
    yield {"Put": {"TableName": table, "Item": item, **_is_as(found)}}
    if found is None:
        for other in others:
            yield is_absent(table, other, LOGIN + login)


def login_removal(table: str, login: str, found: LoginFound) -> Item:
    """The action that removes the item of a login name, if it is as it was found."""
    key = key_of(found.pk, LOGIN + login)
    return {"Delete": {"TableName": table, "Key": key, **_is_as(found)}}


def _is_as(found: LoginFound | None) -> Item:
    if found is None:
        return {
            "ConditionExpression": "attribute_not_exists(#pk)",
            "ExpressionAttributeNames": {"#pk": "pk"},
        }
    return {
        "ConditionExpression": "#body = :found",
        "ExpressionAttributeNames": {"#body": "body"},
        "ExpressionAttributeValues": {":found": {"S": found.body}},
    }


def put_logins(table: str, tenant: str, addresses: Mapping[str, str], deadline: Deadline) -> None:
    """Makes normal login names lead to these addresses, whatever they led to; for an operator."""
    places = name_places(table, tenant)
    waiting = {login: json.dumps({"email": email}) for login, email in addresses.items()}
    if places.state is None:
        items = (
            {**key_of(tenant, LOGIN + login), "body": {"S": body}}
            for login, body in waiting.items()
        )
        put_items(table, items, deadline)
        return
    tries = 0
    while waiting:
        known = read_logins(table, places, waiting, deadline)
        stored = write_logins(table, places, waiting, known, deadline)
        waiting = {login: body for login, body in waiting.items() if login not in stored}
        if waiting:
            deadline.wait(tries)
            tries += 1


def put_names(
    table: str,
    tenant: str,
    names: Sequence[tuple[str, str]],
    deadline: Deadline,
    places: UserPlaces | None = None,
) -> None:
    """Adds normalized names with the addresses of their users to the index, if they fit a key.

    `places` are those of `name_places`, None when they have not been read yet.
    """
    fitting = [(name, email) for name, email in names if is_name_key(name, email)]
    if not fitting:
        return
    found = places or name_places(table, tenant)
    put_items(table, (name_key(found, name, email) for name, email in fitting), deadline)


def is_name_key(name: str, email: str) -> bool:
    """True for a name that the index can hold."""
    return bool(name) and len(name.encode()) + len(email.encode()) <= MAX_NAME_BYTES


def name_key(places: UserPlaces, name: str, email: str) -> Item:
    """The index item for a user and a normalized name, at the place where new items are stored."""
    return key_of(places.of(shard_name(name))[0], f"{NAME}{name}#{email}")


def shard_name(place: str) -> str:
    """The part of a name, or of a name's place in the index, that decides its shard.

    A name and an address may contain the separator, so a place does not show where the name ends.
    """
    return place.partition("#")[0]


def name_removals(table: str, places: UserPlaces, name: str, email: str) -> Iterator[Item]:
    """The actions that remove a name from the index, wherever it is."""
    for pk in places.of(shard_name(name)):
        yield {"Delete": {"TableName": table, "Key": key_of(pk, f"{NAME}{name}#{email}")}}
