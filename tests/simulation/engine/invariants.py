"""What must hold at the end of a run, read from the stores and from bytes.

The system's own records are used only to compare them: files are parsed again, verdicts come from
the rule oracle, and the final assignments from executing the imports one after another in the order
in which S3 received them, and single edits at the times of their requests.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.kit.oracle import conditions, directory_files, remains
from tests.kit.oracle.directory import PENDING
from tests.kit.oracle.files import kind_of_file, read_file
from tests.kit.oracle.histories import chain
from tests.kit.oracle.line_requests import Kind, LineRequest
from tests.kit.oracle.remains import FINAL, Lines
from tests.kit.oracle.reports import EFFECTIVE, WORKED, Row
from tests.kit.oracle.rules import AWAITING, STRICT, codes_between, outcome_of
from tests.simulation.engine import audited, edits, followed, jobs
from tests.simulation.engine import scene as the_scene
from tests.simulation.engine.directory_lines import Records, Stated
from tests.simulation.engine.edits import MIN_SECONDS, Effect
from tests.simulation.engine.world import Uploaded, World

LISTED_SECONDS = 1.0
# Longer than any lease, as when an operator has dead letters delivered again.
AGAIN_SECONDS = 24 * 3600.0
# The attributes of an account's item that are not shown as the account.
BOOKKEEPING = frozenset({"version", "orders", "fact_orders", "marks"})
# The errors that functions may raise when AWS fails: any other is a defect.
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
# The causes that allow an end that is otherwise a violation.
LENIENT = frozenset({"cancel", "uploader_demoted"})


@dataclass(frozen=True, slots=True)
class Done:
    """One upload and its results: its item, and its lines with their rows."""

    uploaded: Uploaded
    item: Mapping[str, Any]
    lines: Lines

    @property
    def judged(self) -> Lines:
        """The lines that the rules have decided.

        Without those that an applied dry run has skipped because something has changed since.
        """
        if not followed.is_bound(self.uploaded):
            return self.lines
        return tuple(pair for pair in self.lines if pair[1].outcome != "superseded")

    @property
    def wrote(self) -> bool:
        """True when the import was a run that writes, and not only a dry run."""
        return bool(self.item["mode"]["S"] == "run")


def check(world: World) -> list[str]:
    """Every violation that shows at the end; the world keeps those that it has found before."""
    return list(_End(world).violations())


def check_again(world: World) -> list[str]:
    """The changes that appear when every delivery is repeated a day after the end."""
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
    """Everything that is stored, by table and bucket, and every notification."""
    memory = world.memory
    tables = {
        name: {key: item for key, item in table.items.items() if not _is_passing(name, key)}
        for name, table in memory.dynamodb.tables.items()
    }
    objects = {
        name: {key: [one.body for one in versions] for key, versions in bucket.objects.items()}
        for name, bucket in memory.s3.buckets.items()
    }
    notifications = {repr((one.message, one.attributes)): 1 for one in memory.sns.published}
    return {**tables, **objects, "notifications": notifications}


def _is_passing(table: str, key: Any) -> bool:
    """True of a chunk's lease, which a late worker checks first; of a queue's progress; and of a
    request to recheck a user.
    """
    return (
        table == "ImportsTable" and (key[1].startswith("chunk#") or key[0].startswith("taken#"))
    ) or (table == "DirectoryTable" and key[1].startswith("look#"))


class _End:
    """A world at the end of its run."""

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
            body = json.loads(json.loads(notification.message)["sqs"])
            self._notices[body["import_id"]].append(body)

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
            # An upload that was found by listing has the time in whole seconds that S3 lists.
            if before.order > after.order and int(before.at) > after.at:
                yield "I7 imports are not in the order of their uploads"
        for uploaded in order:
            item = self._imports[uploaded.import_id, "import"]
            if item["state"]["S"] not in FINAL or "open" in item:
                yield f"I2 an import is left in the state {item['state']['S']}"
                return
            yield from self._state(uploaded, item)
            lines: Lines = ()
            if item["state"]["S"] != "refused":
                results = self._object(uploaded, "results.csv")
                lines, problem = remains.lines_of(read_file(uploaded.body), results)
                if problem:
                    yield problem
                    return
            one = Done(uploaded, item, lines)
            done.append(one)
            yield from self._verdicts(one)
            summary, notices = self._object(uploaded, "summary.json"), self._notices
            yield from remains.counts(item, lines, summary, notices[uploaded.import_id])
            yield from remains.errors_file(lines, self._object(uploaded, "errors.csv"))
        yield from edits.check(world, self._effects)
        yield from self._superseded(done)
        yield from self._assignees(done)
        yield from self._records.check(
            Stated(one.uploaded.tenant, request)
            for one in done
            for request, row in one.lines
            if request.kind.is_of_directory and one.wrote and row.outcome in WORKED
        )
        yield from jobs.check(world, self._changed_by_main(done))
        yield from followed.check(world, done)
        yield from audited.check(world)
        yield from self._chains(done)
        yield from self._users(done)
        yield from remains.portfolios(self._accounts.values(), self._portfolios.values())
        details = (event.entry["Detail"] for event in world.memory.events.put)
        yield from remains.events(details, self._history.values())
        yield from self._costs(done)
        unexpected = set(world.failures) - EXPECTED_FAILURES
        if unexpected:
            yield f"a function failed with {sorted(unexpected)}"

    # Each import

    def _state(self, uploaded: Uploaded, item: Mapping[str, Any]) -> Iterator[str]:
        world, state = self._world, item["state"]["S"]
        finished = [
            notice for notice in self._notices[uploaded.import_id] if notice["state"] in FINAL
        ]
        if "replay_of" in item:
            yield from self._replay(uploaded, item, finished)
        elif not finished:
            yield "I13 the end of an import was not announced"
        elif finished[0]["state"] != state:
            yield f"I13 {finished[0]['state']} was announced of an import that is {state}"
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
        self, uploaded: Uploaded, item: Mapping[str, Any], notices: list[dict[str, Any]]
    ) -> Iterator[str]:
        """A file that used a ticket again is a warning of the import that used it first."""
        same = [one for one in self._world.uploads.values() if one.key == uploaded.key]
        first = min(same, key=lambda one: one.number)
        replays = int(self._imports[first.import_id, "import"]["replays"]["N"])
        refused_again = sum("replay_of" in self._imports[one.import_id, "import"] for one in same)
        if item["replay_of"]["S"] != first.import_id or not self._is_again(uploaded):
            yield "I4 a file was taken for a replay of another"
        if notices:
            yield "I13 a replay was announced"
        if not refused_again <= replays < len(same):
            yield f"I1 {replays} replays are reported, {refused_again} were refused"

    def _main(self) -> Uploaded:
        return next(one for one in self._world.uploads.values() if one.key == the_scene.MAIN_KEY)

    def _is_again(self, uploaded: Uploaded) -> bool:
        """True when a ticket was used for a second upload."""
        return uploaded.key.startswith("in/") and any(
            other.key == uploaded.key and other.number < uploaded.number
            for other in self._world.uploads.values()
        )

    def _changed_by_main(self, done: list[Done]) -> jobs.Changes:
        """The changes of the scene's import, by account."""
        main = self._main()
        return {
            request.account: row.changes
            for one in done
            if one.uploaded is main
            for request, row in one.lines
            if row.outcome in EFFECTIVE
        }

    def _refusal(self, uploaded: Uploaded, code: str) -> Iterator[str]:
        """An import is refused only if a rule says so."""
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

    def _verdicts(self, done: Done) -> Iterator[str]:
        """A line is rejected if and only if the rules say so at some moment of the run."""
        world, tenant = self._world, done.uploaded.tenant
        is_alone = len(world.uploads) == 1 and not world.edits
        for request, row in done.judged:
            if row.outcome == "not_processed":
                if not self._may_be_undone(done):
                    yield f"I3 line {request.line} was not processed, and nothing was wrong"
                continue
            yield from remains.verdict(request, row, self._codes(done.uploaded, request))
            if row.outcome == "pending":
                if not self._waited_for(done.uploaded, row):
                    yield f"I4 line {request.line} waits for nobody"
            elif (
                is_alone
                and row.outcome in WORKED
                and row.outcome != self._outcome_alone(tenant, request)
            ):
                yield f"I7 line {request.line} is {row.outcome}"

    def _may_be_undone(self, done: Done) -> bool:
        """True when lines may stay unprocessed; those of the dry run are not applied either."""
        ids = {done.uploaded.import_id, done.uploaded.points_to}
        return done.item["state"]["S"] == "cancelled" or any(
            ("ChunksQueue", import_id) in self._world.dead for import_id in ids
        )

    def _codes(self, uploaded: Uploaded, request: LineRequest) -> set[str | None]:
        """The codes that the rules give a line, at one moment or another."""
        if request.kind.is_of_directory:
            return self._records.codes(request, uploaded)
        rules = AWAITING if self._waits(uploaded) else STRICT
        return codes_between(request, uploaded.tenant, self._world.directory, rules=rules)

    def _waits(self, uploaded: Uploaded) -> bool:
        """True of a file that may name users who do not exist yet."""
        return uploaded is self._main() and self._world.scene.profile == the_scene.WAITS

    def _waited_for(self, uploaded: Uploaded, row: Row) -> bool:
        """True when the row leaves roles to an address that had no user at some moment."""
        roles = {user for _, after in row.changes.values() for user in after}
        # A removal or a resolution of one user leaves others pending in the role.
        before = {user for held, _ in row.changes.values() for user in held}
        new = [user.removeprefix(PENDING) for user in roles - before if user.startswith(PENDING)]
        return (not new or self._waits(uploaded)) and all(
            any(
                (uploaded.tenant, user) not in directory.users
                for directory in self._world.directory
            )
            for user in new
        )

    def _outcome_alone(self, tenant: str, request: LineRequest) -> str:
        if request.kind.is_of_directory:
            return self._records.outcome_alone(request, tenant)
        before = self._world.scene.directory.roles(tenant, request.account)
        if not all(conditions.is_met(request, role, before[role]) for role in request.required):
            return "superseded"
        return outcome_of(users for role, users in request.targets.items() if before[role] != users)

    # All imports together

    def _superseded(self, done: list[Done]) -> Iterator[str]:
        decided = remains.deciders([(one.uploaded.tenant, one.lines) for one in done])
        for place, one in enumerate(done):
            for request, row in one.judged:
                # Lines that are relative to a holder may have found another one.
                if row.outcome != "superseded" or request.kind in (Kind.RESTORE, Kind.HAND):
                    continue
                if request.required:
                    # Whether it may have found another holder is checked with the assignees.
                    continue
                later = {
                    role
                    for role in request.targets
                    if decided[one.uploaded.tenant, request.account, role] > place
                } | {
                    role
                    for effect in self._effects
                    # If an import came within a millisecond of an edit, the edit is the later one.
                    if effect.edit.account == request.account
                    and effect.place > one.uploaded.at - MIN_SECONDS
                    for role in effect.targets
                }
                if not set(request.targets) <= later:
                    yield f"I7 line {request.line} was superseded by nothing"

    def _assignees(self, done: list[Done]) -> Iterator[str]:
        """Every role is held as the last line or edit in the order of all says."""
        expected: dict[tuple[str, str, str], set[tuple[str, ...]]] = {}
        directory = self._world.scene.directory
        for tenant, account in directory.accounts:
            for role, users in directory.roles(tenant, account).items():
                expected[tenant, account, role] = {users}
        effects = sorted(self._effects, key=lambda effect: effect.place, reverse=True)
        for place, one in enumerate(done):
            self._role_edits(effects, one.uploaded.at, expected)
            for request, row in one.judged:
                if not one.wrote or row.outcome not in WORKED:
                    continue
                if request.kind.is_of_directory:
                    yield from self._first_manager(one, request, row, expected)
                    continue
                yield from self._conditions(done[place:], request, row, expected)
                is_left = bool(request.required) and row.outcome == "superseded"
                for role in request.targets:
                    held = expected[one.uploaded.tenant, request.account, role]
                    if request.kind is Kind.RESTORE:
                        yield from jobs.given_back(
                            request,
                            role,
                            held,
                            row.changes.get(role),
                            is_decided_later=self._is_decided(done[place:], request.account, role),
                        )
                    # An upload during an edit may come before it or after it.
                    meanwhile = {
                        effect.targets[role]
                        for effect in self._effects
                        if one.uploaded.tenant == the_scene.HOME
                        and effect.edit.account == request.account
                        and role in effect.targets
                        and effect.may_follow(one.uploaded.at)
                    }
                    if request.kind is not Kind.SET or is_left:
                        held = held | meanwhile
                    changed = row.changes.get(role)
                    after = held if is_left else jobs.after(request, role, held, changed)
                    expected[one.uploaded.tenant, request.account, role] = meanwhile | after
        self._role_edits(effects, float("inf"), expected)
        for (tenant, account, role), intended in expected.items():
            found = remains.assigned(self._accounts[f"{tenant}#{account}"]).get(role, ())
            # Pending and existing users are checked elsewhere.
            if tuple(sorted(user.removeprefix(PENDING) for user in found)) not in intended:
                yield f"I7 {account} has {found} as {role}, expected {sorted(intended)}"

    def _conditions(
        self,
        done: list[Done],
        request: LineRequest,
        row: Row,
        expected: Mapping[tuple[str, str, str], set[tuple[str, ...]]],
    ) -> Iterator[str]:
        """A line of the first of these imports takes effect only if its conditions are met."""
        tenant = done[0].uploaded.tenant
        roles = {*request.targets, *request.required}
        if not request.required or any(
            self._is_decided(done, request.account, role) for role in roles
        ):
            # It may have been decided before or after a later import.
            return
        known = {role: expected[tenant, request.account, role] for role in request.required}
        yield from conditions.problems(request, row.outcome, known)

    def _is_decided(self, done: list[Done], account: str, role: str) -> bool:
        """True when a file after the first of these, or an edit not before it, decides."""
        first, *later = done
        return any(
            request.account == account and role in request.targets and row.outcome in WORKED
            for one in later
            for request, row in one.lines
            if request.kind in (Kind.SET, Kind.RESTORE, Kind.HAND)
        ) or any(
            effect.edit.account == account
            and role in effect.targets
            and effect.edit.ended_at > first.uploaded.at - MIN_SECONDS
            for effect in self._effects
        )

    def _first_manager(
        self,
        one: Done,
        request: LineRequest,
        row: Row,
        expected: dict[tuple[str, str, str], set[tuple[str, ...]]],
    ) -> Iterator[str]:
        """A directory file decides who holds an account only if it is the first with it."""
        place = one.uploaded.tenant, request.account, "account_manager"
        is_first = request.kind is Kind.ACCOUNTS and not any(
            key[:2] == place[:2] for key in expected
        )
        if is_first:
            expected[place] = {request.named}
        changed = {role: names for role, names in row.changes.items() if not role.startswith("#")}
        if changed and not (is_first and changed == {"account_manager": ((), request.named)}):
            yield f"I7 line {request.line} of the directory gave {request.account} to somebody"

    def _role_edits(
        self,
        effects: list[Effect],
        until: float,
        expected: dict[tuple[str, str, str], set[tuple[str, ...]]],
    ) -> None:
        """Executes the edits before `until`, and takes them from the list."""
        while effects and effects[-1].place < until:
            effect = effects.pop()
            for role, users in effect.targets.items():
                expected[the_scene.HOME, effect.edit.account, role] = {users}

    def _chains(self, done: list[Done]) -> Iterator[str]:
        """Each change has one entry, and each entry begins where the one before ended."""
        entries = remains.entries_of(self._history.values())
        intended = {
            (one.uploaded.import_id, request.line): (
                f"{one.uploaded.tenant}#{request.account}",
                row.changes,
            )
            for one in done
            for request, row in one.lines
            if one.wrote and row.outcome in EFFECTIVE and request.kind is not Kind.USERS
        } | {
            (effect.name, 1): (f"{the_scene.HOME}#{effect.edit.account}", effect.changes)
            for effect in self._effects
            if effect.changes
        }
        yield from remains.effects(intended, entries)
        directory = self._world.scene.directory
        for pk, item in self._accounts.items():
            tenant, _, account = pk.partition("#")
            fields = directory_files.fields_at_start(Kind.ACCOUNTS, directory, tenant, account)
            first = directory.roles(tenant, account) | (fields or {})
            last = remains.assigned(item) | directory_files.fields_in(Kind.ACCOUNTS, item)
            for broken in chain(first, entries.get(pk, ()), last):
                yield f"I9 {account}: {broken}"

    def _users(self, done: list[Done]) -> Iterator[str]:
        """Each line about a user is written once, and exactly as it says."""
        for one in done:
            if kind_of_file(one.uploaded.body) is not Kind.USERS:
                continue
            events = Counter(
                (request.account, repr(sorted(row.changes.items())))
                for request, row in one.lines
                if one.wrote and row.outcome in EFFECTIVE
            )
            if events != self._records.changes_of_users(one.uploaded.import_id):
                yield "I8 users were changed in one way and reported in another"

    def _costs(self, done: list[Done]) -> Iterator[str]:
        """An unchanged line is written only while an older import may still write."""
        older = {
            one.uploaded.import_id: any(
                # S3 lists whole seconds: uploads a second apart there may have come at the same
                # time.
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
