"""The expected results of directory files: codes of lines, and final fields and login names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.kit.oracle import directory_files
from tests.kit.oracle.directory_files import Fields, fields_at_start, fields_in, login_in
from tests.kit.oracle.files import kind_of_file, read_file
from tests.kit.oracle.line_requests import Kind, LineRequest
from tests.simulation.engine import scene as the_scene
from tests.simulation.engine.world import Uploaded, World

NEW: Fields = {"#status": ("active",)}


@dataclass(frozen=True, slots=True)
class Stated:
    """A processed line and its tenant, in the order of all."""

    tenant: str
    request: LineRequest


class Records:
    """The users and accounts of a world at every moment."""

    def __init__(self, world: World) -> None:
        self._world = world
        # The states of each user, and the import that wrote each.
        self._users: dict[tuple[str, str], list[tuple[str | None, Fields | None]]] = defaultdict(
            list
        )
        directory = world.scene.directory
        for (tenant, address), person in directory.users.items():
            start = directory_files.fields_of_user(person, address)
            self._users[tenant, address].append((None, start))
        for write in world.user_writes:
            states = self._users[write.tenant, write.address]
            if not states:
                states.append((None, None))
            state = fields_in(Kind.USERS, write.new) if write.new else None
            states.append((write.import_id, state))
        self._made = {write.key for write in world.account_writes if write.old is None}

    def codes(self, request: LineRequest, uploaded: Uploaded) -> set[str | None]:
        """The codes with which the line may be rejected, at one moment or another."""
        if request.code is not None:
            return {request.code}
        if request.kind is Kind.USERS:
            return self._codes_of_user(request, uploaded.tenant, uploaded.import_id)
        return self._codes_of_account(request, uploaded.tenant)

    def _codes_of_user(self, request: LineRequest, tenant: str, import_id: str) -> set[str | None]:
        found: set[str | None] = set()
        for made_by, state in self._users.get((tenant, request.account), [(None, None)]):
            if made_by == import_id:
                # A state that the line itself has made is no reason for a code.
                continue
            is_deleted = state is not None and state["#status"] == ("deleted",)
            if is_deleted and directory_files.has_no_word_of_status(request):
                found.add("USER_DELETED")
                continue
            login = "".join(request.targets.get("#login_name", ())).lower()
            if not login or (state is not None and login_in(state) == login):
                found.add(None)
            else:
                found |= self._codes_of_login(request, tenant, login)
        return found

    def _codes_of_login(self, request: LineRequest, tenant: str, login: str) -> set[str | None]:
        others = [
            [state is not None and login_in(state) == login for _, state in states]
            for (where, address), states in self._users.items()
            if where == tenant and address != request.account
        ]
        found: set[str | None] = set()
        if any(map(any, others)) or self._is_contested(request, login):
            found.add("LOGIN_TAKEN")
        if not any(map(all, others)):
            found.add(None)
        return found

    def _is_contested(self, request: LineRequest, login: str) -> bool:
        """True when another file wants to give the login name to somebody else."""
        return any(
            other.account != request.account
            and login == "".join(other.targets.get("#login_name", ())).lower()
            for uploaded in self._world.uploads.values()
            if kind_of_file(uploaded.body) is Kind.USERS
            for other in read_file(uploaded.body)
        )

    def _codes_of_account(self, request: LineRequest, tenant: str) -> set[str | None]:
        if (tenant, request.account) in self._world.scene.directory.accounts:
            return {None}
        found: set[str | None] = set()
        if f"{tenant}#{request.account}" in self._made:
            found.add(None)
        if directory_files.is_damaged(request.account):
            return {*found, "ACCOUNT_DAMAGED"}
        for directory in self._world.directory:
            person = directory.users.get((tenant, request.named[0])) if request.named else None
            if not request.named:
                found.add(None)
            elif person is None or person.is_deleted:
                found.add("USER_NOT_FOUND")
            elif not person.is_active:
                found.add("USER_INACTIVE")
            else:
                # The account is new, so its opco is the one in the line.
                is_apart = person.opco not in request.targets.get("#opco", (person.opco,))
                found.add("OTHER_OPCO" if is_apart else None)
        return found

    def outcome_alone(self, request: LineRequest, tenant: str) -> str:
        """The outcome of a line when nothing else happens."""
        before = fields_at_start(request.kind, self._world.scene.directory, tenant, request.account)
        is_same = before is not None and all(
            before[field_name] == names for field_name, names in request.targets.items()
        )
        return "unchanged" if is_same else "updated"

    def check(self, stated: Iterable[Stated]) -> Iterator[str]:
        """Fields are as the last file with that column says; login names lead to their users."""
        tables = self._world.memory.dynamodb.tables
        directory = the_scene.by_tenant(tables["DirectoryTable"].items)
        expected: dict[tuple[Kind, str, str], Fields] = {}
        for one in stated:
            kind, name = one.request.kind, one.request.account
            key = kind, one.tenant, name
            if key not in expected:
                start = fields_at_start(kind, self._world.scene.directory, one.tenant, name)
                expected[key] = dict(start or NEW)
            expected[key] |= one.request.targets
        for (kind, tenant, name), intended in expected.items():
            if kind is Kind.USERS:
                item = directory.get((tenant, f"user#{name}"))
            else:
                item = tables["AccountsTable"].items.get(f"{tenant}#{name}")
            if item is None:
                yield f"I7 {name} does not exist"
                continue
            for field_name, value in fields_in(kind, item).items():
                due = intended.get(field_name, ())
                if value != due:
                    yield f"I7 {field_name} of {name} is {value}, expected {due}"
        yield from self._logins(directory)

    def changes_of_users(self, import_id: str) -> Counter[tuple[str, str]]:
        """The changes of users that an import has really made, with repetitions."""
        found: Counter[tuple[str, str]] = Counter()
        for write in self._world.user_writes:
            if write.import_id != import_id or write.new is None:
                continue
            after = fields_in(Kind.USERS, write.new)
            before = fields_in(Kind.USERS, write.old) if write.old else dict.fromkeys(after, ())
            changed = {field_name: (before[field_name], after[field_name]) for field_name in after}
            if changes := {
                field_name: one for field_name, one in changed.items() if one[0] != one[1]
            }:
                found[write.address, repr(sorted(changes.items()))] += 1
        return found

    def _logins(self, items: Any) -> Iterator[str]:
        """Every user is found by name and login name, and no two have one login name."""
        holders: dict[tuple[str, str], str] = {}
        for (tenant, sk), item in items.items():
            if not sk.startswith("user#"):
                continue
            address = sk.removeprefix("user#")
            roles = fields_in(Kind.USERS, item)
            login = login_in(roles)
            if login:
                body = items.get((tenant, f"login#{login}"), {"body": {"S": "nothing"}})["body"]
                if holders.setdefault((tenant, login), address) != address:
                    yield f"two users have the login name {login}"
                if f'"{address}"' not in body["S"]:
                    yield f"the login name {login} does not lead to {address}"
            name = "".join(roles["#name"]).lower()
            if name and (tenant, f"name#{name}#{address}") not in items:
                yield f"{address} is not found by the name {name}"
