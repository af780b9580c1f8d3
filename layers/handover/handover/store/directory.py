"""A tenant's directory: users, sources, profiles and settings, in one table by tenant."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby, islice
from typing import Any, ClassVar

from msgspec import Struct, field
from msgspec.structs import replace
from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute

from handover.deadline import Deadline
from handover.flight import answers_of, begun
from handover.model import User
from handover.profiles.fields import ACTIVE, DELETED, INACTIVE
from handover.profiles.parsing import parse_profile, profile_json, role_from_json, role_json
from handover.profiles.presets import presets
from handover.profiles.profile import Profile, Role
from handover.profiles.settings import Settings, parse_settings, settings_json
from handover.rules.addresses import normal_address, normal_login, normalized_name
from handover.store.batches import (
    Item,
    put_items,
    transact,
)
from handover.store.connection import Model
from handover.store.items import item_at, key_of
from handover.store.name_places import (
    MAX_NAME_BYTES,
    NAME,
    name_places,
    put_logins,
    put_names,
    read_logins,
    shard_name,
)
from handover.store.user_places import (
    USER,
    USERS_A_TRANSACTION,
    UserPlaces,
    absence,
    homes_of,
    read_users,
    user_places,
)
from handover.together import together

SOURCE, PROFILE, SETTINGS = "source#", "profile#", "settings"
WORKFLOW, ROLE = "workflow#", "role#"


class DirectoryItem(Model):
    """Any item of a tenant's directory; `sk` says which."""

    class Meta:
        """The table of these items."""

        table = "directory"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    body = UnicodeAttribute(null=True)


class UserItem(Model):
    """A stored user. It has one attribute for each field, because workers read users in batches."""

    class Meta:
        """The table of these items."""

        table = "directory"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute(default="")
    roles: ListAttribute[str] = ListAttribute(default=list)
    opco = UnicodeAttribute(default="")
    status = UnicodeAttribute(default="active")
    employee_id = UnicodeAttribute(default="")
    phone = UnicodeAttribute(default="")
    mobile = UnicodeAttribute(default="")
    login_name = UnicodeAttribute(default="")
    # The job that deleted the user, when one did.
    deleted_by = UnicodeAttribute(null=True)
    # Every write increments it, so that a file never decides on outdated fields.
    version = NumberAttribute(null=True)


class Source(Struct, frozen=True):
    """Another system that may drop files, the profile they follow, and who writes them.

    `mapping` maps the system's own labels to the profile's. Only files of a source that
    `writes_directory` may change accounts and users, including who is an Admin. `on_error` is "" if
    the profile decides.
    """

    source: str
    profile: str
    principal: str
    mapping: Mapping[str, str] = field(default_factory=dict)
    writes_directory: bool = False
    on_error: str = ""


class Directory(Struct, frozen=True):
    """The table of directories."""

    table: str
    # At most this many addresses are compared to find a likely one.
    MAX_ADDRESSES: ClassVar[int] = 50_000

    def users(self, tenant: str, addresses: Iterable[str], deadline: Deadline) -> dict[str, User]:
        """The users that exist among normal `addresses` (no repetition), by address."""
        # A longer address cannot be a key, so nobody has it.
        short = (address for address in addresses if len(address.encode()) <= MAX_USER_BYTES)
        found = map(_user_from, read_users(self.table, tenant, short, deadline))
        return {user.email: user for user in found}

    def users_by_login(
        self, tenant: str, logins: Iterable[str], deadline: Deadline
    ) -> dict[str, User]:
        """The users that exist under normal `logins` (no repetition), by login name."""
        places = name_places(self.table, tenant)
        addresses = {
            login: str(json.loads(found.body)["email"])
            for login, found in read_logins(self.table, places, logins, deadline).items()
        }
        users = self.users(tenant, dict.fromkeys(addresses.values()), deadline)
        # The index may be outdated: the user may have another login name by now.
        return {
            login: user
            for login, address in addresses.items()
            if (user := users.get(address)) and normal_login(user.login_name) == login
        }

    def users_by_name(
        self, tenant: str, names: Iterable[str], deadline: Deadline
    ) -> dict[str, list[User]]:
        """The users with each of the normalized `names`, without deleted ones.

        A name that nobody has is left out. Costs one query for each name, three while the tenant's
        names are being moved.
        """
        places = name_places(self.table, tenant)
        asked = [name for name in names if len(name.encode()) <= MAX_NAME_BYTES]
        found = answers_of(partial(_named, places, name, deadline) for name in asked)
        holders = dict(zip(asked, found, strict=True))
        users = self.users(
            tenant, dict.fromkeys(email for one in holders.values() for email in one), deadline
        )
        # The index may be outdated: the user may have another name by now.
        return {
            name: known
            for name, emails in holders.items()
            if (
                known := [
                    user
                    for email in sorted(emails)
                    if (user := users.get(email))
                    and not user.is_deleted
                    and normalized_name(user.name) == name
                ]
            )
        }

    def roles(
        self, tenant: str, after: str | None = None, rows: int | None = None
    ) -> Iterator[Role]:
        """The roles that the tenant has defined, after the name `after`, in order of name, lazily.

        `rows` is how many the caller will read, None for all.
        """
        return map(role_from, listed_items(tenant, ROLE, after, rows))

    def workflows(
        self, tenant: str, after: str | None = None, rows: int | None = None
    ) -> Iterator[str]:
        """The names of the tenant's workflows after the name `after`, as `roles` gives roles."""
        return (item.sk[len(WORKFLOW) :] for item in listed_items(tenant, WORKFLOW, after, rows))

    def user(self, tenant: str, address: str) -> User | None:
        """The user with that normal address, deleted or not; None when there is none."""
        if len(address.encode()) > MAX_USER_BYTES:
            return None
        item = user_item_of(user_places(self.table, tenant), address)
        return user_in(item) if item is not None else None

    def addresses(self, tenant: str) -> Iterator[str]:
        """Addresses of the tenant's users in order, at most MAX_ADDRESSES."""
        found = (
            DirectoryItem.query(
                pk,
                DirectoryItem.sk.startswith(USER),
                attributes_to_get=["pk", "sk"],
                limit=self.MAX_ADDRESSES,
            )
            for pk in user_places(self.table, tenant).keys
        )
        # A page of a shard is read only when it is needed.
        sources = begun((item.sk[len(USER) :] for item in of_key) for of_key in found)
        merged = heapq.merge(*sources)
        return islice((address for address, _ in groupby(merged)), self.MAX_ADDRESSES)

    def put_users(self, tenant: str, users: Iterable[User], deadline: Deadline) -> None:
        """Stores users over their known versions; addresses and login names must not repeat.

        Names and login names are stored before their users, so that a user who is found by address
        is also found by name and by login name.
        """
        stored = list(users)
        names = [(normalized_name(user.name), user.email) for user in stored]
        put_names(self.table, tenant, names, deadline)
        logins = {normal_login(user.login_name): user.email for user in stored if user.login_name}
        put_logins(self.table, tenant, logins, deadline)
        self._put_records(tenant, stored, deadline)

    def _put_records(self, tenant: str, users: Iterable[User], deadline: Deadline) -> None:
        """Stores users as the next version of their items, which keep all other attributes."""
        rest = iter(users)
        while batch := list(islice(rest, USERS_A_TRANSACTION)):
            tries = 0
            while not transact(self._puts(tenant, batch, deadline)):
                deadline.wait(tries)
                tries += 1

    def _puts(self, tenant: str, users: Sequence[User], deadline: Deadline) -> list[Item]:
        """The actions that store users: at their present places, or new users at theirs."""
        places = user_places(self.table, tenant)
        if places.state is None:
            return [{"Update": user_update(self.table, tenant, user)} for user in users]
        there = homes_of(read_users(self.table, tenant, [user.email for user in users], deadline))
        actions: list[Item] = []
        for user in users:
            pk, *others = places.of(user.email)
            update = user_update(self.table, there.get(user.email, pk), user)
            is_there = "attribute_exists" if user.email in there else "attribute_not_exists"
            update["ConditionExpression"] = f"{is_there}(#pk)"
            update["ExpressionAttributeNames"]["#pk"] = "pk"
            actions.append({"Update": update})
            if user.email not in there:
                actions += [absence(self.table, other, user.email) for other in others]
        return actions

    def source(self, tenant: str, source: str) -> Source | None:
        """The registered source of that name; None when there is none."""
        body = self._body(tenant, SOURCE + source)
        return Source(**json.loads(body)) if body is not None else None

    def profile(self, tenant: str, name: str) -> Profile | None:
        """The tenant's own profile of that name, else the preset, with the tenant's own roles.

        In every profile, the tenant's definition of a role says who may assign it. None when
        neither exists.
        """
        return self.profile_and_roles(tenant, name)[0]

    def profile_and_roles(self, tenant: str, name: str) -> tuple[Profile | None, list[Role]]:
        """The profile as `profile` gives it, and the roles that the tenant has defined."""
        body, roles = together(
            lambda: self._body(tenant, PROFILE + name), lambda: list(self.roles(tenant))
        )
        found = parse_profile(body) if body is not None else presets().get(name)
        return found.with_roles(roles).guarded_by(roles) if found is not None else None, roles

    def profiles(self, tenant: str) -> dict[str, Profile]:
        """All profiles that a tenant may use, by name; its own replace presets of the same name."""
        own = listed_items(tenant, PROFILE)
        found = [parse_profile(item.body) for item in own]
        roles = list(self.roles(tenant))
        every = presets() | {profile.name: profile for profile in found}
        return {
            name: profile.with_roles(roles).guarded_by(roles) for name, profile in every.items()
        }

    def put_profile(self, tenant: str, profile: Profile) -> None:
        """Stores a tenant's own profile; it replaces a preset of the same name."""
        DirectoryItem(tenant, PROFILE + profile.name, body=json.dumps(profile_json(profile))).save()

    def settings(self, tenant: str) -> Settings:
        """The tenant's settings, with defaults for those that it has not set."""
        body = self._body(tenant, SETTINGS)
        return parse_settings(body) if body is not None else Settings()

    def put_settings(self, tenant: str, settings: Settings) -> None:
        """Stores a tenant's settings, with the address in its normal form."""
        DirectoryItem(tenant, SETTINGS, body=settings_body(settings)).save()

    def put_workflows(self, tenant: str, names: Iterable[str], deadline: Deadline) -> None:
        """Stores the workflows of a tenant; names must not repeat."""
        items = (_body_item(tenant, WORKFLOW + name, {"name": name}) for name in names)
        put_items(self.table, items, deadline)

    def put_roles(self, tenant: str, roles: Iterable[Role], deadline: Deadline) -> None:
        """Stores the roles of a tenant's accounts; roles must not repeat."""
        items = (
            {**key_of(tenant, ROLE + definition.role), "body": {"S": role_body(definition)}}
            for definition in roles
        )
        put_items(self.table, items, deadline)

    def _body(self, tenant: str, sk: str) -> str | None:
        item = item_at(DirectoryItem, tenant, sk)
        return item.body if item is not None else None


def _named(places: UserPlaces, name: str, deadline: Deadline) -> set[str]:
    """The addresses that the index of names lists under a normalized name."""
    deadline.check()
    begin = f"{NAME}{name}#"
    return {
        item.sk[len(begin) :]
        for turn in places.turns
        for item in DirectoryItem.query(
            places.of(shard_name(name))[turn],
            DirectoryItem.sk.startswith(begin),
            consistent_read=True,
        )
    }


# A sort key holds 1,024 bytes, including its prefix; no user has a longer address.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_USER_BYTES = 1024 - len(USER)


def user_item_of(places: UserPlaces, address: str) -> UserItem | None:
    """The item of the user with that normal address; None when there is none."""
    found = (item_at(UserItem, places.of(address)[turn], USER + address) for turn in places.turns)
    return next((item for item in found if item is not None), None)


def listed_items(
    tenant: str, kind: str, after: str | None = None, rows: int | None = None
) -> Iterator[DirectoryItem]:
    """The tenant's items of that kind after the name `after`, in order of name, lazily.

    `rows` is how many the caller will read, None for all.
    """
    return DirectoryItem.query(
        tenant,
        DirectoryItem.sk.startswith(kind),
        consistent_read=True,
        page_size=rows,
        last_evaluated_key=dict(key_of(tenant, kind + after)) if after is not None else None,
    )


def role_from(item: DirectoryItem) -> Role:
    """The role in an item."""
    body: dict[str, Any] = json.loads(item.body)
    body.pop("role", None)
    return role_from_json(item.sk[len(ROLE) :], body, "role")


def role_body(definition: Role) -> str:
    """The body of a role's item."""
    return json.dumps({"role": definition.role, **role_json(definition)})


def source_from(item: DirectoryItem) -> Source:
    """The source in an item."""
    return Source(**json.loads(item.body))


def source_body(source: Source) -> str:
    """The body of a source's item."""
    return json.dumps(
        {
            "source": source.source,
            "profile": source.profile,
            "principal": source.principal,
            "mapping": dict(source.mapping),
            "writes_directory": source.writes_directory,
        }
        | ({"on_error": source.on_error} if source.on_error else {})
    )


def settings_body(settings: Settings) -> str:
    """The body of the settings' item, with the address in its normal form."""
    manager = normal_address(settings.default_account_manager)
    return json.dumps(settings_json(replace(settings, default_account_manager=manager)))


# A run that claims a login name stores its user long before this time is over, or never: no
# function runs for longer than a quarter of it.
CLAIM_SECONDS = 3600.0


def is_claimed(body: Mapping[str, Any], now: float) -> bool:
    """True while the user of a claimed login name may be about to be stored with it."""
    claimed_at: float | None = body.get("at")
    return claimed_at is not None and now - claimed_at < CLAIM_SECONDS


def user_update(table: str, pk: str, user: User) -> dict[str, Any]:
    """The update of the user's own item, which leaves other attributes as they are."""
    item = user_item(pk, user)
    fields = {name: value for name, value in item.items() if name not in ("pk", "sk")}
    sets = [f"#{name} = :{name}" for name in fields]
    sets.append("#version = if_not_exists(#version, :none) + :one")
    return {
        "TableName": table,
        "Key": {"pk": item["pk"], "sk": item["sk"]},
        "UpdateExpression": f"SET {', '.join(sets)}",
        "ExpressionAttributeNames": {f"#{name}": name for name in (*fields, "version")},
        "ExpressionAttributeValues": {
            **{f":{name}": value for name, value in fields.items()},
            ":none": {"N": "0"},
            ":one": {"N": "1"},
        },
    }


def status_of(user: User) -> str:
    """The user's status as it is stored."""
    if user.is_deleted:
        return DELETED
    return ACTIVE if user.is_active else INACTIVE


def user_in(item: UserItem) -> User:
    """The user in an item."""
    return User(
        email=item.sk[len(USER) :],
        name=item.name,
        roles=frozenset(item.roles),
        opco=item.opco,
        is_active=item.status == ACTIVE,
        is_deleted=item.status == DELETED,
        employee_id=item.employee_id,
        phone=item.phone,
        mobile=item.mobile,
        login_name=item.login_name,
    )


def _body_item(tenant: str, sk: str, body: Mapping[str, object]) -> Item:
    return {**key_of(tenant, sk), "body": {"S": json.dumps(body)}}


def _user_from(item: Item) -> User:
    def text(name: str) -> str:
        return str(item[name]["S"]) if name in item else ""

    return User(
        email=item["sk"]["S"][len(USER) :],
        name=text("name"),
        roles=frozenset(role["S"] for role in item["roles"]["L"]),
        opco=text("opco"),
        is_active=text("status") in ("", ACTIVE),
        is_deleted=text("status") == DELETED,
        employee_id=text("employee_id"),
        phone=text("phone"),
        mobile=text("mobile"),
        login_name=text("login_name"),
    )


def user_item(pk: str, user: User) -> Item:
    """The user as it is stored, without other attributes of the item."""
    return {
        "pk": {"S": pk},
        "sk": {"S": USER + user.email},
        "name": {"S": user.name},
        "roles": {"L": [{"S": role} for role in sorted(user.roles)]},
        "opco": {"S": user.opco},
        "status": {"S": status_of(user)},
        "employee_id": {"S": user.employee_id},
        "phone": {"S": user.phone},
        "mobile": {"S": user.mobile},
        "login_name": {"S": user.login_name},
    }
