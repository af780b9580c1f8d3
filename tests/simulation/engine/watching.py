"""What must hold at every instant, checked at each write and each notification."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.kit.memory_aws import Notification, Version
from tests.kit.oracle import directory_files
from tests.kit.oracle.directory import Directory, Person
from tests.kit.oracle.files import kind_of_file, read_file
from tests.kit.oracle.line_requests import Kind
from tests.kit.oracle.remains import FINAL
from tests.simulation.engine import scene as the_scene
from tests.simulation.engine.world import Edit, Invocation, RecordWrite, UserWrite, World

# The states of a validated file.
_BEGUN = frozenset({"processing", "awaiting_approval"})
# The attributes that may still change after the end of an import.
_MAY_CHANGE = frozenset(
    {"open", "opened_at", "resent_at", "resent_for", "resends", "probe", "probe_taken"}
)

_OF_A_QUEUE = frozenset({"pk", "sk", "newest_taken", "probed_at", "probes"})

# Who writes which kind of item of the directory.
_WRITERS = {
    "user": ("api", "follow", "assign"),
    "name": ("api", "assign"),
    "login": ("api", "assign"),
    "errand": ("api", "follow"),
    "look": ("publish", "finalize", "abandon"),
}

Item = Mapping[str, Any]
_REPLAYS = frozenset({"replays", "replayed_at"})
# The item in the place of an account before a directory file creates it.
_NO_ACCOUNT: Item = {"version": {"N": "0"}, "assigned": {"M": {}}, "orders": {"M": {}}}
# An operator has them replay parked records of any tenant.
STREAM_FUNCTIONS = ("publish", "follow")


class Watch:
    """Checks every write when it is made, and records violations."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._reports: dict[str, bytes] = {}
        self._notified: dict[str, tuple[str, str]] = {}

    def after_copy(self, other: Watch) -> Watch:
        """Continues with the records of another world's watch."""
        self._reports, self._notified = other._reports.copy(), other._notified.copy()
        return self

    def item(self, table: str, key: Any, old: Item | None, new: Item | None) -> None:
        """Checks one write of one item."""
        running = self._world.running
        run = running[-1] if running else None
        if table == "AccountsTable":
            self._account(run, key, old, new)
        elif table == "ImportsTable":
            self._import(run, key, old, new)
        elif table == "HistoryTable":
            if old is not None and old != new:
                self._note(f"I8 history entry {key} was changed")
            self._belongs(run, key[0])
        elif table == "PortfolioTable":
            self._belongs(run, key[0])
        elif table == "DirectoryTable":
            self._directory(run, key, old, new)
        elif table == "AuditTable" and old is not None:
            self._note(f"I23 the audit trail's entry {key} was changed")

    def object(self, bucket: str, version: Version) -> None:
        """Checks one write of one object."""
        running = self._world.running
        run = running[-1] if running else None
        if bucket != self._world.memory.physical["ReportsBucket"] or run is None:
            return
        before = self._reports.setdefault(version.key, version.body)
        if before != version.body:
            self._note(f"I14 {version.key} was written with other bytes")
        uploaded = self._uploaded(run)
        if uploaded is None or version.key.split("/")[:2] != [
            uploaded.tenant,
            uploaded.import_id,
        ]:
            self._note(f"I12 {run.function} wrote {version.key}")

    def notification(self, notification: Notification) -> None:
        """Checks one notification: it is true by now, and its text is always the same."""
        world = self._world
        notice = json.loads(json.loads(notification.message)["sqs"])
        import_id, dedupe_id = notice["import_id"], notice["dedupe_id"]
        body = notification.message, json.dumps(notification.attributes, sort_keys=True)
        if self._notified.setdefault(dedupe_id, body) != body:
            self._note(f"I13 {dedupe_id} was announced in two ways")
        item = world.memory.dynamodb.tables["ImportsTable"].items.get((import_id, "import"))
        state = item["state"]["S"] if item else "nothing"
        # Somebody may have approved or cancelled it while the notice was being sent.
        has_been_decided = item and ("approved_by" in item or "cancelled_by" in item)
        if notice["state"] != state and not (
            notice["state"] == "awaiting_approval" and has_been_decided
        ):
            self._note(f"I14 {notice['state']} was announced of an import that was {state}")
        if notice["state"] in FINAL:
            if dedupe_id != f"import-finished/{import_id}":
                self._note(f"I13 the end was announced under {dedupe_id}")
            reports = world.memory.s3.buckets[world.memory.physical["ReportsBucket"]].objects
            tenant = world.uploads[import_id].tenant
            expected = ["summary.json"] if state == "refused" else ["summary.json", "results.csv"]
            if (
                notice["counts"]["rejected"] + notice["counts"]["not_processed"]
                and state != "refused"
            ):
                expected.append("errors.csv")
            for name in expected:
                if f"{tenant}/{import_id}/{name}" not in reports:
                    self._note(f"I14 announced before {name} was there")
        world.notified(notification)

    # Inner

    def _note(self, violation: str) -> None:
        self._world.violations.append(violation)

    def _uploaded(self, run: Invocation) -> Any:
        return self._world.uploads.get(run.import_id) if run.import_id else None

    def _belongs(self, run: Invocation | None, key: str) -> None:
        """Writes that follow from a stream stay with the tenants of its records."""
        is_replay = run is not None and run.function in STREAM_FUNCTIONS and not run.records
        if run is None or is_replay:
            return
        tenants = {
            the_scene.tenant_of((record.change.new or record.change.old or {})["pk"]["S"])
            for record in run.records
        }
        if the_scene.tenant_of(key) not in tenants:
            self._note(f"I12 {run.function} wrote {key} for {sorted(tenants)}")

    def _account(
        self, run: Invocation | None, key: str, old: Item | None, new: Item | None
    ) -> None:
        world = self._world
        world.account_writes.append(RecordWrite(world.memory.calls, run, key, old, new))
        if run is None:
            return
        uploaded = self._uploaded(run)
        is_new = (
            old is None
            and uploaded is not None
            and kind_of_file(uploaded.body) is Kind.ACCOUNTS
            and key.partition("#")[2] in {one.account for one in read_file(uploaded.body)}
        )
        if is_new:
            old = _NO_ACCOUNT
        if old is None or new is None:
            self._note(f"I7 {run.function} made or removed the account {key}")
            return
        if int(new["version"]["N"]) != int(old["version"]["N"]) + 1:
            self._note(f"I7 {key} went from version {old['version']} to {new['version']}")
        if run.edit is not None:
            self._edited(run.edit, key, old, new)
            self._orders(key, old, new)
            self._assignees(run, key, old, new)
            return
        if run.function != "assign" or uploaded is None:
            self._note(f"I10 {run.function} wrote the account {key}")
            return
        if key.partition("#")[0] != uploaded.tenant:
            self._note(f"I12 an import of {uploaded.tenant} wrote {key}")
        self._may_write(run, key)
        self._orders(key, old, new)
        self._assignees(run, key, old, new)

    def _edited(self, edit: Edit, key: str, old: Item, new: Item) -> None:
        """The edit writes its own account, exactly as requested, and nothing else."""
        if key != f"{the_scene.HOME}#{edit.account}":
            self._note(f"I12 an edit of {edit.account} wrote {key}")
        for role in {*old["assigned"]["M"], *new["assigned"]["M"], *edit.targets}:
            before, after = (image["assigned"]["M"].get(role, {"L": []}) for image in (old, new))
            users = _held(after)
            if role not in edit.targets and before != after:
                self._note(f"I7 an edit of {sorted(edit.targets)} wrote {role} of {key}")
            if role in edit.targets and users not in (edit.targets[role], _held(before)):
                self._note(f"I7 an edit gave {role} of {key} to {users}")

    def _may_write(self, run: Invocation, key: str) -> None:
        """The import is in progress, and so is the chunk."""
        world = self._world
        items = world.memory.dynamodb.tables["ImportsTable"].items
        item = items.get((run.import_id, "import"))
        if item is None or item["state"]["S"] != "processing":
            self._note(f"I10 {key} was written for an import that is not being processed")
            return
        if _is_settled(items, str(run.import_id), run.chunk or 0):
            self._note(f"I10 {key} was written for a chunk that is settled")
        if item["mode"]["S"] != "run":
            self._note(f"I10 {key} was written in a dry run")
        # Only the file of the scene clears a filled role.
        uploaded = self._uploaded(run)
        must_ask = world.scene.settings is not None and uploaded.body == world.scene.body
        if (must_ask and run.import_id not in world.approved) or (
            "approval" in item and "approved_by" not in item
        ):
            self._note(f"I17 {key} was written before anybody approved it")
        if (
            world.cancelled_moment is not None
            and "cancelled_by" in item
            and run.started >= world.cancelled_moment
        ):
            self._note(f"I10 {key} was written by a run that began after the cancelling")

    def _orders(self, key: str, old: Item, new: Item) -> None:
        before, after = old["orders"]["M"], new["orders"]["M"]
        for role, order in before.items():
            if role not in after or after[role]["S"] < order["S"]:
                self._note(f"I7 the order of {key} went back")
        self._field_orders(key, old, new)

    def _field_orders(self, key: str, old: Item, new: Item) -> None:
        orders = directory_files.orders_in(new)
        for field_name, order in directory_files.orders_in(old).items():
            if orders.get(field_name, "") < order:
                self._note(f"I7 the order of {field_name} of {key} went back")

    def _assignees(self, run: Invocation, key: str, old: Item, new: Item) -> None:
        """Every new holder is admitted by the directory at the beginning of the run."""
        world = self._world
        tenant = key.partition("#")[0]
        for role, users in new["assigned"]["M"].items():
            held = old["assigned"]["M"].get(role, {"L": []})["L"]
            for user in users["L"]:
                address = user["S"]
                if user in held:
                    continue
                if address.startswith("pending:"):
                    continue
                known = [directory.users.get((tenant, address)) for directory in world.directory]
                if not any(known):
                    self._note(f"I12 {address} of another tenant was given {key}")
                person = next(one for one in reversed([*known, Person()]) if one)
                if person.opco != new["opco"]["S"]:
                    self._note(f"I11 {address} of another operating company was given {key}")
                if world.changed_at.get(address, run.started + 1) <= run.started:
                    self._note(f"I11 {address} was given {key} after being removed")

    def _directory(
        self, run: Invocation | None, key: Any, old: Item | None, new: Item | None
    ) -> None:
        """Each kind of item is written only by its own functions, in the tenant they work for."""
        world = self._world
        tenant, sk = the_scene.tenant_of(key[0]), key[1]
        kind, _, name = sk.partition("#")
        if kind == "user":
            import_id = run.import_id if run is not None else None
            world.user_writes.append(UserWrite(import_id, tenant, name, old, new))
        if run is None:
            return
        if run.function not in _WRITERS.get(kind, ()):
            self._note(f"I12 {run.function} wrote {key}")
        uploaded = self._uploaded(run)
        if tenant != (uploaded.tenant if uploaded else the_scene.HOME):
            self._note(f"I12 {run.function} wrote {key} of another tenant")
        if kind != "user":
            return
        if new is None:
            self._note(f"I8 {run.function} removed {key}")
            return
        version = int(old.get("version", {"N": "0"})["N"]) if old is not None else 0
        if int(new["version"]["N"]) != version + 1:
            self._note(f"I7 {key} went from version {version} to {new['version']}")
        if old is not None:
            self._field_orders(sk, old, new)
        if run.function == "assign":
            if uploaded is None or name not in {one.account for one in read_file(uploaded.body)}:
                self._note(f"I7 {key} was written by a file that does not name it")
            self._may_write(run, sk)
        self._know(tenant, name, new)

    def _know(self, tenant: str, address: str, new: Item) -> None:
        """From now on the rules may use the user as stored."""
        world = self._world
        status = new["status"]["S"]
        person = Person(
            frozenset(role["S"] for role in new["roles"]["L"]),
            new["opco"]["S"],
            status == "active",
            status == "deleted",
        )
        users = {**world.directory[-1].users, (tenant, address): person}
        world.directory.append(Directory(users, world.directory[-1].accounts))
        if not person.is_active:
            world.changed_at.setdefault(address, world.memory.calls)

    def _import(self, run: Invocation | None, key: Any, old: Item | None, new: Item | None) -> None:
        if run is None:
            return
        if new is None:
            self._note(f"I8 {key} was removed")
            return
        pk, sk = key
        changed = {
            name for name in {**(old or {}), **new} if (old or {}).get(name) != new.get(name)
        }
        # A file that used a ticket again is a warning of the import that used it first, ended or
        # not.
        if sk == "import" and old is not None and changed <= _REPLAYS:
            return
        if run.import_id is not None:
            uploaded = self._uploaded(run)
            tenant = uploaded.tenant if uploaded else ""
            allowed = (
                pk in (run.import_id, f"tenant#{tenant}")
                or (pk.startswith("ticket#") and new["tenant"]["S"] == tenant)
                # The progress of a queue, which has no data of a tenant.
                or (pk.startswith("taken#") and new.keys() <= _OF_A_QUEUE)
            )
            if not allowed:
                self._note(f"I12 {run.function} wrote {key} for {run.import_id}")
        if sk.startswith("chunk#") and old is not None and "settled_by" in old:
            self._note(f"I5 {sk} was settled and changed after that")
        if sk == "progress":
            self._progress(pk, old or {}, new)
        if sk != "import" or old is None:
            return
        self._admitted(run, old, new)
        if old["state"]["S"] not in FINAL:
            return
        if changed - _MAY_CHANGE:
            self._note(f"I10 {sorted(changed)} of an import changed after its end")

    def _progress(self, import_id: str, old: Item, new: Item) -> None:
        """Counted chunks are settled, each counts once, and counts only grow."""
        before, after = (int(item.get("b0", {"N": "0"})["N"]) for item in (old, new))
        items = self._world.memory.dynamodb.tables["ImportsTable"].items
        added = [bit + 1 for bit in range(after.bit_length()) if (before ^ after) >> bit & 1]
        if before & ~after or len(added) != 1 or not _is_settled(items, import_id, added[0]):
            self._note(f"I5 chunks {added} were counted")
        for name, value in old.items():
            if name not in ("pk", "sk") and int(new[name]["N"]) < int(value["N"]):
                self._note(f"I5 fewer lines are {name} than before")

    def _admitted(self, run: Invocation, old: Item, new: Item) -> None:
        """A file gets chunks only if its uploader had the right when it was checked."""
        uploader = new["uploader"]["S"] if "uploader" in new else ""
        if uploader and new.get("approved_by", {}).get("S") == uploader:
            self._note("I17 a file was approved by whoever uploaded it")
        changed_at = self._world.changed_at.get(uploader, run.started + 1)
        was, now = old["state"]["S"], new["state"]["S"]
        if was == "validating" and now in _BEGUN and changed_at <= run.started:
            self._note("I17 a file was taken in though its uploader may not upload any more")


def _is_settled(items: Mapping[Any, Item], import_id: str, chunk: int) -> bool:
    return "settled_by" in items.get((import_id, f"chunk#{chunk:05d}"), {})


def _held(value: Any) -> tuple[str, ...]:
    return tuple(user["S"] for user in value["L"])
