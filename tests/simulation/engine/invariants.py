"""What must be true when the world has come to rest, read from the stores and from bytes.

Nothing is taken from the system's own bookkeeping but what is compared with it: files are parsed
again, verdicts come from `verdicts`, and the final assignments from executing the imports one after
another in the order in which S3 received them, and single edits where they were asked for.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from tests.simulation.engine import directory_files, edits, followed, jobs
from tests.simulation.engine import scene as the_scene
from tests.simulation.engine.asked import Asked, Kind
from tests.simulation.engine.directory_lines import Records, Stated
from tests.simulation.engine.edits import MIN_SECONDS, Effect
from tests.simulation.engine.verdicts import codes_between, kind_of_file, read_file, roles_at_start
from tests.simulation.engine.watching import FINAL
from tests.simulation.engine.world import Uploaded, World

EFFECTIVE = frozenset({"updated", "cleared", "pending"})
WORKED = EFFECTIVE | {"unchanged", "superseded"}
OUTCOMES = (
    "updated",
    "cleared",
    "unchanged",
    "pending",
    "rejected",
    "duplicate",
    "superseded",
    "not_processed",
)
# What the functions may fail with when AWS does: anything else is a mistake of theirs.
PENDING = "pending:"
LISTED_SECONDS = 1.0
# Longer than any lease: an operator has dead letters delivered again, say.
AGAIN_SECONDS = 24 * 3600.0
# What an account's item holds besides what is told of the account.
BOOKKEEPING = frozenset({"version", "orders", "fact_orders", "marks"})
EXPECTED_FAILURES = frozenset(
    {
        "RetryLaterError",
        "AccessDeniedException",
        "ClientError",
        "GetError",
        "PutError",
        "UpdateError",
        "QueryError",
        "DeleteError",
        "NoSuchKey",
    }
)
# What allows an end that otherwise is a violation.
LENIENT = frozenset({"cancel", "uploader_demoted"})
_RUNS_AS_FORMULA = tuple("=+-@\t\r|%")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of results.csv."""

    line: int
    fields: tuple[str, ...]
    outcome: str
    changes: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    code: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """One upload with what became of it: its item, and its lines with their results."""

    uploaded: Uploaded
    item: Mapping[str, Any]
    lines: tuple[tuple[Asked, Row], ...]

    @property
    def judged(self) -> tuple[tuple[Asked, Row], ...]:
        """The lines that the rules have decided.

        Not those that an applied dry run has left alone, because something has changed since.
        """
        if not followed.is_bound(self.uploaded):
            return self.lines
        return tuple(pair for pair in self.lines if pair[1].outcome != "superseded")

    @property
    def wrote(self) -> bool:
        """True when the import was there to write, and not only to tell."""
        return bool(self.item["mode"]["S"] == "run")


def check(world: World) -> list[str]:
    """Every violation that can be seen at the end; those that were seen before stay the world's."""
    return list(_End(world).violations())


def check_again(world: World) -> list[str]:
    """What changes when all that was delivered comes once more, a day after the end."""
    before = _kept(world)
    world.clock.pass_time(AGAIN_SECONDS)
    world.deliver_all_again()
    world.until_rest()
    after = _kept(world)
    return [
        f"I18 {name} {key} changed when everything came again"
        for name in before
        for key in before[name].keys() | after[name].keys()
        if before[name].get(key) != after[name].get(key)
    ]


def _kept(world: World) -> dict[str, dict[Any, Any]]:
    """Everything that is kept, by table and bucket, and what was told to whom."""
    memory = world.memory
    tables = {
        name: {key: item for key, item in table.items.items() if not _is_passing(name, key)}
        for name, table in memory.dynamodb.tables.items()
    }
    objects = {
        name: {key: [one.body for one in versions] for key, versions in bucket.objects.items()}
        for name, bucket in memory.s3.buckets.items()
    }
    told = {repr((one.message, one.attributes)): 1 for one in memory.sns.published}
    return {**tables, **objects, "notifications": told}


def _is_passing(table: str, key: Any) -> bool:
    """True of who has a chunk, which a late worker asks first; of what was taken from a queue; and
    of a hint to look at a user.
    """
    return (
        table == "ImportsTable" and (key[1].startswith("chunk#") or key[0].startswith("taken#"))
    ) or (table == "DirectoryTable" and key[1].startswith("look#"))


class _End:
    """A world at rest."""

    def __init__(self, world: World) -> None:
        self._world = world
        tables = world.memory.dynamodb.tables
        self._imports = tables["ImportsTable"].items
        self._accounts = tables["AccountsTable"].items
        self._history = tables["HistoryTable"].items
        self._portfolios = tables["PortfolioTable"].items
        self._reports = world.memory.s3.buckets[world.memory.physical["ReportsBucket"]].objects
        self._effects = edits.effects_of(world)
        self._records = Records(world)
        self._kinds = {kind for _, kind, _ in world.applied} & LENIENT
        self._notices: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for notification in world.memory.sns.published:
            told = json.loads(json.loads(notification.message)["sqs"])
            self._notices[told["import_id"]].append(told)

    def violations(self) -> Iterator[str]:
        world = self._world
        known = {pk for pk, sk in self._imports if sk == "import"}
        if known != set(world.uploads):
            yield f"I1 {len(known)} imports of {len(world.uploads)} uploads"
            return
        done: list[Done] = []
        order = sorted(
            world.uploads.values(),
            key=lambda one: self._imports[one.import_id, "import"]["order"]["S"],
        )
        for before, after in pairwise(order):
            # An upload that was found by listing has the whole second that S3 lists.
            if before.order > after.order and int(before.at) > after.at:
                yield "I7 imports are not in the order of their uploads"
        for uploaded in order:
            item = self._imports[uploaded.import_id, "import"]
            if item["state"]["S"] not in FINAL or "open" in item:
                yield f"I2 an import is left in the state {item['state']['S']}"
                return
            yield from self._state(uploaded, item)
            lines: tuple[tuple[Asked, Row], ...] = ()
            if item["state"]["S"] != "refused":
                found, problem = self._lines(uploaded)
                if problem:
                    yield problem
                    return
                lines = found
            one = Done(uploaded, item, lines)
            done.append(one)
            yield from self._verdicts(one)
            yield from self._counts(one)
            yield from self._errors_file(one)
        yield from edits.check(world, self._effects)
        yield from self._superseded(done)
        yield from self._assignees(done)
        yield from self._records.check(
            Stated(one.uploaded.tenant, asked)
            for one in done
            for asked, row in one.lines
            if asked.kind.is_of_directory and one.wrote and row.outcome in WORKED
        )
        yield from jobs.check(world, self._changed_by_main(done))
        yield from followed.check(world, done)
        yield from self._chains(done)
        yield from self._users(done)
        yield from self._portfolio()
        yield from self._events()
        yield from self._costs(done)
        unexpected = set(world.failures) - EXPECTED_FAILURES
        if unexpected:
            yield f"a function failed with {sorted(unexpected)}"

    # Each import

    def _state(self, uploaded: Uploaded, item: Mapping[str, Any]) -> Iterator[str]:
        world, state = self._world, item["state"]["S"]
        finished = [told for told in self._notices[uploaded.import_id] if told["state"] in FINAL]
        if "replay_of" in item:
            yield from self._replay(uploaded, item, finished)
        elif not finished:
            yield "I13 the end of an import was not told"
        elif finished[0]["state"] != state:
            yield f"I13 {finished[0]['state']} was told of an import that is {state}"
        if state == "cancelled" and "cancel" not in self._kinds:
            yield "I4 an import was cancelled by nobody"
        if "cancelled_by" in item and state not in ("cancelled", "refused"):
            yield f"I4 a cancelled import is {state}"
        if (
            202 in world.cancel_answers
            and uploaded.number == self._main().number
            and state not in ("cancelled", "refused")
        ):
            yield f"I4 the API took the cancelling of an import that is {state}"
        if state == "refused":
            yield from self._refusal(uploaded, item["refusal"]["M"]["code"]["S"])
        elif uploaded.body == the_scene.UNCLOSED or self._is_again(uploaded):
            yield f"I4 a file that must be refused is {state}"

    def _replay(
        self, uploaded: Uploaded, item: Mapping[str, Any], told: list[dict[str, Any]]
    ) -> Iterator[str]:
        """A file that used a ticket again is told by the import that used it first."""
        same = [one for one in self._world.uploads.values() if one.key == uploaded.key]
        first = min(same, key=lambda one: one.number)
        replays = int(self._imports[first.import_id, "import"]["replays"]["N"])
        refused_again = sum("replay_of" in self._imports[one.import_id, "import"] for one in same)
        if item["replay_of"]["S"] != first.import_id or not self._is_again(uploaded):
            yield "I4 a file was taken for a replay of another"
        if told:
            yield "I13 a replay was announced"
        if not refused_again <= replays < len(same):
            yield f"I1 {replays} replays are told, {refused_again} were refused"

    def _main(self) -> Uploaded:
        return next(one for one in self._world.uploads.values() if one.key == the_scene.MAIN_KEY)

    def _is_again(self, uploaded: Uploaded) -> bool:
        """True when a ticket was used for a second upload."""
        return uploaded.key.startswith("in/") and any(
            other.key == uploaded.key and other.number < uploaded.number
            for other in self._world.uploads.values()
        )

    def _changed_by_main(self, done: list[Done]) -> jobs.Changes:
        """What the import of the scene has changed, by account."""
        main = self._main()
        return {
            asked.account: row.changes
            for one in done
            if one.uploaded is main
            for asked, row in one.lines
            if row.outcome in EFFECTIVE
        }

    def _refusal(self, uploaded: Uploaded, code: str) -> Iterator[str]:
        """An import is refused only because a rule says so."""
        allowed = {
            "UNCLOSED_QUOTE": uploaded.body == the_scene.UNCLOSED,
            "TICKET_REPLAYED": self._is_again(uploaded)
            or (uploaded.key == the_scene.MAIN_KEY and "cancel" in self._kinds),
            "UPLOADER_NOT_ALLOWED": "uploader_demoted" in self._kinds
            and uploaded.key == the_scene.MAIN_KEY,
            "NOT_VALIDATED": ("IntakeQueue", uploaded.import_id) in self._world.dead,
        }
        if not allowed.get(code, False):
            yield f"I4 a file was refused with {code}"

    def _lines(self, uploaded: Uploaded) -> tuple[tuple[tuple[Asked, Row], ...], str]:
        body = self._object(uploaded, "results.csv")
        if body is None:
            return (), "I3 there is no results.csv"
        told = _rows(body, 7)
        rows = {row.line: row for row in told}
        asked = read_file(uploaded.body)
        if len(told) != len(rows):
            return (), "I3 a line has two outcomes"
        if set(rows) != {one.line for one in asked}:
            return (), f"I3 outcomes of lines {sorted(rows)} of {[one.line for one in asked]}"
        pairs = tuple((one, rows[one.line]) for one in asked)
        head = body.partition(b"\r\n")[0].decode("utf-8-sig")
        width = len(next(csv.reader([head]))) - 7
        for one, row in pairs:
            if row.fields != fitted(one.fields, width):
                return (), f"I6 line {one.line} reads {row.fields} in results.csv"
        return pairs, ""

    def _verdicts(self, done: Done) -> Iterator[str]:
        """A line is rejected exactly when the rules say so, at some moment of the run."""
        world, tenant = self._world, done.uploaded.tenant
        is_alone = len(world.uploads) == 1 and not world.edits
        for asked, row in done.judged:
            codes = self._codes(done.uploaded, asked)
            if row.outcome == "not_processed":
                if not self._may_be_undone(done):
                    yield f"I3 line {asked.line} was not processed, and nothing was wrong"
            elif row.outcome == "duplicate":
                if codes != {"DUPLICATE"}:
                    yield f"I4 line {asked.line} is no duplicate"
            elif row.outcome == "rejected":
                if row.code not in codes:
                    yield f"I4 line {asked.line} was rejected with {row.code}, expected {codes}"
            elif row.outcome not in WORKED or None not in codes:
                yield f"I4 line {asked.line} is {row.outcome}, expected {codes}"
            elif row.outcome == "pending":
                if not self._waited_for(done.uploaded, row):
                    yield f"I4 line {asked.line} waits for nobody"
            elif is_alone and row.outcome != self._outcome_alone(tenant, asked):
                yield f"I7 line {asked.line} is {row.outcome}"

    def _may_be_undone(self, done: Done) -> bool:
        """True when lines may be left; what the dry run has left is not applied either."""
        ids = {done.uploaded.import_id, done.uploaded.points_to}
        return done.item["state"]["S"] == "cancelled" or any(
            ("ChunksQueue", import_id) in self._world.dead for import_id in ids
        )

    def _codes(self, uploaded: Uploaded, asked: Asked) -> set[str | None]:
        """The codes that the rules give a line, at one moment or another."""
        if asked.kind.is_of_directory:
            return self._records.codes(asked, uploaded)
        waits = self._waits(uploaded)
        return codes_between(asked, uploaded.tenant, self._world.directory, waits=waits)

    def _waits(self, uploaded: Uploaded) -> bool:
        """True of a file that may name who is still to come."""
        return uploaded is self._main() and self._world.scene.profile == the_scene.WAITS

    def _waited_for(self, uploaded: Uploaded, row: Row) -> bool:
        """True when the row leaves seats to somebody who was not there at some moment."""
        roles = {user for _, after in row.changes.values() for user in after}
        # Who takes one user off a role, or resolves one, leaves others waiting in it.
        before = {user for held, _ in row.changes.values() for user in held}
        new = [user.removeprefix(PENDING) for user in roles - before if user.startswith(PENDING)]
        return (not new or self._waits(uploaded)) and all(
            any(
                (uploaded.tenant, user) not in directory.users
                for directory in self._world.directory
            )
            for user in new
        )

    def _outcome_alone(self, tenant: str, asked: Asked) -> str:
        if asked.kind.is_of_directory:
            return self._records.outcome_alone(asked, tenant)
        before = roles_at_start(self._world.scene.directory, tenant, asked.account)
        after = [users for role, users in asked.targets.items() if before[role] != users]
        if not after:
            return "unchanged"
        return "updated" if any(after) else "cleared"

    def _counts(self, done: Done) -> Iterator[str]:
        counted = Counter(row.outcome for _, row in done.lines)
        item = done.item
        stored = {
            outcome: int(item["pending_users" if outcome == "pending" else outcome]["N"])
            for outcome in OUTCOMES
        }
        if stored != {outcome: counted[outcome] for outcome in OUTCOMES}:
            yield f"I5 stored {stored}, counted {dict(counted)}"
        if done.lines and int(item["lines"]["N"]) != len(done.lines):
            yield "I5 the number of lines is wrong"
        if item.get("pending"):
            yield "I5 a chunk is pending in an import that has ended"
        summary = self._object(done.uploaded, "summary.json")
        if summary is None:
            yield "I14 there is no summary.json"
            return
        for told in (json.loads(summary), *self._notices[done.uploaded.import_id]):
            if told["state"] not in FINAL:
                continue
            if told["state"] != item["state"]["S"]:
                yield f"I13 {told['state']} is told of an import that is {item['state']['S']}"
            if any(told["counts"][outcome] != counted[outcome] for outcome in OUTCOMES):
                yield f"I13 counts {told['counts']} are told, counted {dict(counted)}"
        with_errors = counted["rejected"] + counted["not_processed"]
        intended = {"error"} if with_errors else {"done"}
        if item["state"]["S"] not in {*intended, "cancelled", "refused"}:
            yield f"I5 the import is {item['state']['S']} with {with_errors} lines with errors"

    def _errors_file(self, done: Done) -> Iterator[str]:
        intended = {
            asked.line: (asked.fields, row.code)
            for asked, row in done.lines
            if row.outcome in ("rejected", "not_processed")
        }
        body = self._object(done.uploaded, "errors.csv")
        if body is None:
            if intended:
                yield "I6 there is no errors.csv"
            return
        found = _rows(body, 4)
        if len(found) != len(intended) or any(
            intended.get(row.line) != (row.fields, row.code) for row in found
        ):
            yield f"I6 errors.csv has the lines {[row.line for row in found]}"
        if [row.line for row in found] != sorted(intended):
            yield "I6 errors.csv is out of order"
        for cell in _cells(body):
            if cell.startswith(_RUNS_AS_FORMULA):
                yield "I16 a cell of errors.csv would run in a spreadsheet"

    # All imports together

    def _superseded(self, done: list[Done]) -> Iterator[str]:
        for place, one in enumerate(done):
            for asked, row in one.judged:
                # What is relative to a holder may have found another one.
                if row.outcome != "superseded" or asked.kind in (Kind.RESTORE, Kind.HAND):
                    continue
                later = {
                    role
                    for other in done[place + 1 :]
                    for theirs, their_row in other.lines
                    if theirs.account == asked.account
                    and theirs.kind.is_of_directory == asked.kind.is_of_directory
                    and their_row.outcome in WORKED
                    for role in theirs.targets
                } | {
                    role
                    for effect in self._effects
                    # Of what came within a millisecond of an edit, the edit is the later one.
                    if effect.edit.account == asked.account
                    and effect.place > one.uploaded.at - MIN_SECONDS
                    for role in effect.targets
                }
                if not set(asked.targets) <= later:
                    yield f"I7 line {asked.line} was superseded by nothing"

    def _assignees(self, done: list[Done]) -> Iterator[str]:
        """Every seat is held by whom the last line, or edit, in the order of all says."""
        expected: dict[tuple[str, str, str], set[tuple[str, ...]]] = {}
        directory = self._world.scene.directory
        for tenant, account in directory.accounts:
            for role, users in roles_at_start(directory, tenant, account).items():
                expected[tenant, account, role] = {users}
        effects = sorted(self._effects, key=lambda effect: effect.place, reverse=True)
        for place, one in enumerate(done):
            self._role_edits(effects, one.uploaded.at, expected)
            for asked, row in one.judged:
                if not one.wrote or row.outcome not in WORKED:
                    continue
                if asked.kind.is_of_directory:
                    yield from self._first_manager(one, asked, row, expected)
                    continue
                for role in asked.targets:
                    held = expected[one.uploaded.tenant, asked.account, role]
                    if asked.kind is Kind.RESTORE:
                        yield from jobs.given_back(
                            asked,
                            role,
                            held,
                            row.changes.get(role),
                            is_decided_later=self._is_decided(done[place:], asked.account, role),
                        )
                    # What came while an edit was under way may be before it or after it.
                    meanwhile = {
                        effect.targets[role]
                        for effect in self._effects
                        if one.uploaded.tenant == the_scene.HOME
                        and effect.edit.account == asked.account
                        and role in effect.targets
                        and effect.may_follow(one.uploaded.at)
                    }
                    if asked.kind is not Kind.SET:
                        held = held | meanwhile
                    changed = row.changes.get(role)
                    expected[one.uploaded.tenant, asked.account, role] = meanwhile | jobs.after(
                        asked, role, held, changed
                    )
        self._role_edits(effects, float("inf"), expected)
        for (tenant, account, role), intended in expected.items():
            found = _users(self._accounts[f"{tenant}#{account}"], role)
            # Who is waited for, and who is there, are told apart elsewhere.
            if tuple(sorted(user.removeprefix(PENDING) for user in found)) not in intended:
                yield f"I7 {account} has {found} as {role}, expected {sorted(intended)}"

    def _is_decided(self, done: list[Done], account: str, role: str) -> bool:
        """True when a file behind the first of these, or an edit not before it, says who holds."""
        first, *later = done
        return any(
            asked.account == account and role in asked.targets and row.outcome in WORKED
            for one in later
            for asked, row in one.lines
            if asked.kind in (Kind.SET, Kind.RESTORE, Kind.HAND)
        ) or any(
            effect.edit.account == account
            and role in effect.targets
            and effect.edit.ended_at > first.uploaded.at - MIN_SECONDS
            for effect in self._effects
        )

    def _first_manager(
        self,
        one: Done,
        asked: Asked,
        row: Row,
        expected: dict[tuple[str, str, str], set[tuple[str, ...]]],
    ) -> Iterator[str]:
        """Files of the directory say who holds an account only when they are the first with it."""
        place = one.uploaded.tenant, asked.account, "account_manager"
        is_first = asked.kind is Kind.ACCOUNTS and not any(key[:2] == place[:2] for key in expected)
        if is_first:
            expected[place] = {asked.named}
        changed = {role: told for role, told in row.changes.items() if not role.startswith("#")}
        if changed and not (is_first and changed == {"account_manager": ((), asked.named)}):
            yield f"I7 line {asked.line} of the directory gave {asked.account} to somebody"

    def _role_edits(
        self,
        effects: list[Effect],
        until: float,
        expected: dict[tuple[str, str, str], set[tuple[str, ...]]],
    ) -> None:
        """Executes the edits that come before `until`, and takes them from the list."""
        while effects and effects[-1].place < until:
            effect = effects.pop()
            for role, users in effect.targets.items():
                expected[the_scene.HOME, effect.edit.account, role] = {users}

    def _chains(self, done: list[Done]) -> Iterator[str]:
        """One entry for each change, each beginning where the one before ended."""
        rows: dict[str, list[tuple[int, Mapping[str, Any]]]] = defaultdict(list)
        for (pk, version), item in self._history.items():
            rows[pk].append((int(version), item))
        found = Counter(
            (item["import_id"]["S"], int(item["line"]["N"]))
            for entries in rows.values()
            for _, item in entries
        )
        intended = {
            (one.uploaded.import_id, asked.line): (one.uploaded.tenant, asked.account, row.changes)
            for one in done
            for asked, row in one.lines
            if one.wrote and row.outcome in EFFECTIVE and asked.kind is not Kind.USERS
        } | {
            (effect.name, 1): (the_scene.HOME, effect.edit.account, effect.changes)
            for effect in self._effects
            if effect.changes
        }
        if found != Counter(intended.keys()):
            more = set(found) ^ set(intended)
            yield f"I8 history and results differ in {sorted(line for _, line in more)}"
            return
        for pk, item in self._accounts.items():
            tenant, _, account = pk.partition("#")
            directory = self._world.scene.directory
            roles = roles_at_start(directory, tenant, account)
            before_all = (
                directory_files.fields_at_start(Kind.ACCOUNTS, directory, tenant, account) or {}
            )
            for _version, entry in sorted(rows.get(pk, ()), key=lambda told: told[0]):
                key = entry["import_id"]["S"], int(entry["line"]["N"])
                changes = {
                    role: (tuple(told["before"]), tuple(told["after"]))
                    for role, told in json.loads(entry["changes"]["S"]).items()
                }
                if intended[key] != (tenant, account, changes):
                    yield f"I8 line {key[1]} is told one way in history and another in results"
                for role, (before, after) in changes.items():
                    if (
                        roles.setdefault(role, before_all.get(role, ())) != before
                        or before == after
                    ):
                        yield f"I9 the history of {account} is broken"
                    roles[role] = after
            told = directory_files.fields_in(Kind.ACCOUNTS, item)
            for role, users in roles.items():
                if (told[role] if role.startswith("#") else _users(item, role)) != users:
                    yield f"I9 the history of {account} ends with {users}"

    def _users(self, done: list[Done]) -> Iterator[str]:
        """One write of a user for each line that says so, and of just what it says."""
        for one in done:
            if kind_of_file(one.uploaded.body) is not Kind.USERS:
                continue
            told = Counter(
                (asked.account, repr(sorted(row.changes.items())))
                for asked, row in one.lines
                if one.wrote and row.outcome in EFFECTIVE
            )
            if told != self._records.changes_of_users(one.uploaded.import_id):
                yield "I8 users were changed in one way and told of in another"

    def _portfolio(self) -> Iterator[str]:
        newest: dict[tuple[str, str], Any] = {}
        for (pk, sk), item in self._portfolios.items():
            key = (f"{the_scene.tenant_of(pk)}#{pk.partition('#')[2]}", sk)
            if key not in newest or int(newest[key]["version"]["N"]) < int(item["version"]["N"]):
                newest[key] = item
        held = {key for key, item in newest.items() if item["held"]["BOOL"]}
        roles: set[tuple[str, str]] = set()
        for pk, item in self._accounts.items():
            tenant, _, account = pk.partition("#")
            portals = [f"portal: {one['S']}" for one in item.get("portals", {"L": []})["L"]]
            for role, users in item["assigned"]["M"].items():
                names = [user["S"] for user in users["L"]]
                for holder in [*names, *portals] if names else []:
                    roles.add((f"{tenant}#{holder}", f"{role}#{account}"))
                roles |= {
                    (f"{tenant}#{PENDING}", f"{name.removeprefix(PENDING)} {role}#{account}")
                    for name in names
                    if name.startswith(PENDING)
                }
        if held != roles:
            yield f"I9 portfolios and accounts differ in {sorted(held ^ roles)[:3]}"

    def _events(self) -> Iterator[str]:
        told: dict[str, str] = {}
        for event in self._world.memory.events.put:
            detail = event.entry["Detail"]
            dedupe_id = json.loads(detail)["dedupe_id"]
            if told.setdefault(dedupe_id, detail) != detail:
                yield f"I13 {dedupe_id} was told in two ways"
        intended = {
            f"assignment-changed/{pk.replace('#', '/', 1)}/{int(version)}"
            for (pk, version), item in self._history.items()
            # What the directory tells of an account is no assignment.
            if any(not role.startswith("#") for role in json.loads(item["changes"]["S"]))
        }
        if set(told) != intended:
            yield f"I8 events and history differ in {len(set(told) ^ intended)}"

    def _costs(self, done: list[Done]) -> Iterator[str]:
        """An unchanged line is written only while something older may still come."""
        older = {
            one.uploaded.import_id: any(
                # S3 lists whole seconds, and what is a second apart there came at the same time.
                int(other.uploaded.at) <= one.uploaded.at + LISTED_SECONDS
                for other in done
                if other is not one
            )
            for one in done
        }
        for write in self._world.account_writes:
            if write.run is None or write.run.edit or write.old is None or write.new is None:
                continue
            is_same = all(
                write.old.get(name) == write.new.get(name)
                for name in {*write.old, *write.new} - BOOKKEEPING
            )
            if is_same and not older.get(write.run.import_id or "", False):
                yield f"an unchanged line wrote {write.key} without need"

    def _object(self, uploaded: Uploaded, name: str) -> bytes | None:
        versions = self._reports.get(f"{uploaded.tenant}/{uploaded.import_id}/{name}")
        return versions[0].body if versions else None


def fitted(fields: Sequence[str], width: int) -> tuple[str, ...]:
    """The fields in that many columns: missing ones empty, surplus ones joined into the last."""
    padded = [*fields, *[""] * width][: max(width, len(fields))]
    return (*padded[: width - 1], ",".join(padded[width - 1 :]))


def _users(item: Mapping[str, Any], role: str) -> tuple[str, ...]:
    return tuple(user["S"] for user in item["assigned"]["M"].get(role, {"L": []})["L"])


@lru_cache(maxsize=4096)
def _cells(body: bytes) -> tuple[str, ...]:
    reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""))
    return tuple(cell for row in reader for cell in row)


# Most runs end with the same bytes.
@lru_cache(maxsize=4096)
def _rows(body: bytes, own: int) -> tuple[Row, ...]:
    """The rows of a report whose last `own` columns are not the uploader's."""
    reader = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
    next(reader)
    rows: list[Row] = []
    for cells in reader:
        fields = tuple(_unguarded(cell) for cell in cells[:-own])
        ours = cells[-own:]
        if own == 4:
            rows.append(Row(int(ours[0]), fields, "", {}, ours[1]))
        else:
            changes = _changes(*ours[2:5])
            rows.append(Row(int(ours[0]), fields, ours[1], changes, ours[5], ours[6]))
    return tuple(rows)


def _changes(
    roles: str, before: str, after: str
) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    if not roles:
        return {}
    parts = zip(roles.split("; "), before.split("; "), after.split("; "), strict=True)
    return {role: (_names(old), _names(new)) for role, old, new in parts}


def _names(cell: str) -> tuple[str, ...]:
    return tuple(cell.split(", ")) if cell else ()


def _unguarded(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_RUNS_AS_FORMULA) else cell
