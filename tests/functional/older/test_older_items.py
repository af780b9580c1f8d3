"""Today's code goes on with what earlier versions have stored and sent, imports being open.

A version that people have installed stays here for as long as its data may still be in a stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl

import pytest
from handover.profiles.fields import is_field
from handover.store.moving import NameMover, PortfolioMover, UserMover
from handover.store.name_places import NAMES_MARK
from handover.store.user_places import Spreading, put_mark

from functions.publish import app as publish
from tests.functional.older.loading import Older, load
from tests.kit.jobs import NEWCOMER, api
from tests.kit.memory_aws import Notification, Snapshot
from tests.kit.oracle.remains import entries_of
from tests.kit.pipeline import (
    AMINA,
    BARAKA,
    HOUR,
    MINUTE,
    ROLE,
    SALES,
    TENANT,
    Pipeline,
    file_of,
    import_id,
    rows,
    with_body,
)

VERSIONS = ("d4b7b5e", "95d1914")
CARA, UMA, GONE = "cara.njeri@lumina.example", "uma@lumina.example", "gus.gone@lumina.example"
ZURI = "pending:zuri.patel@lumina.example"
# Each import by what it was, its last state, and the outcomes of its lines. The first ones had
# ended; from `undo begun` on they were open. Each version has left some of these.
ENDS = """
users file              done       1 updated
accounts file           done       2 updated
done                    done       3 updated, 1 cleared
error                   error      1 updated, 2 rejected, 1 duplicate
refused                 refused
undone                  done       1 updated
undo                    done       1 updated
dry run                 error      1 updated, 1 rejected
dry run without errors  done       1 updated
dry run of own profile  error      1 updated, 1 rejected
pending                 done       1 pending
cancelled               cancelled  1 not_processed
reassigned              done       2 updated
removal                 done       1 cleared
approved                done       2 cleared
used once               done       1 updated
replayed                refused
to undo                 done       1 updated
to undo later           done       1 updated
corrected               done       1 updated
dry run to apply        done       1 updated
applied                 done       1 updated
check                   done       1 updated
wrong                   error      1 rejected
stopped                 error      1 updated, 1 rejected
preview                 done
mapped                  done       1 updated

undo begun              done       1 updated
validated               error      1 updated, 1 rejected
open users file         error      1 updated, 2 rejected
open accounts file      done       2 updated
half                    error      4 updated, 3 rejected, 1 duplicate
counted                 error      1 updated, 1 rejected
finalizing              error      1 updated, 1 rejected
unannounced             error      1 updated, 1 rejected
open refused            refused
open cancelled          cancelled  1 not_processed
open dry run            done       1 updated
open pending            done       1 pending
lost                    done       1 updated
blank rows              error      1 updated, 1 rejected
given up                error      1 not_processed
with workflow           done       1 updated
by login                done       1 updated
viewers                 done       1 updated
deputies                done       1 updated
utf-16                  done       1 updated
house list              done       1 updated
clearing                done       2 cleared
clearing to cancel      cancelled  2 not_processed
clearing unannounced    done       2 cleared
registered              done       1 updated
posted                  done       1 updated
dropped                 done       1 updated
undo waits              done       1 updated
open removal            done       1 cleared, 1 unchanged
removal of two          done       2 cleared
posted reassignment     done       1 updated
undo asked              done       4 updated
open applying           error      1 updated, 1 rejected
posted correction       done       1 updated
open check              done       1 updated
posted preview          done
workbook                done       1 updated
"""
# The open ones whose end is not announced.
QUIET = {"open check", "posted preview"}
# The accounts of each holder at the end; all others are Amina's.
HELD = {
    "d4b7b5e": {
        BARAKA: "K004 K013 K019 K028 K029 K031 K033 K035 K037 K039 K041 K043 K044 K050 K051 K054 "
        "K055 L1 N1",
        SALES: "K011 K012 K018 K038",
        CARA: "K052",
        NEWCOMER: "K008",
        ZURI: "K049",
        "": "G1 K020 K021 K022 K023 K026 K027 L2",
    },
    "95d1914": {
        BARAKA: "K004 K007 K013 K019 K028 K029 K033 K035 K037 K039 K041 K043 K044 K050 K051 K063 "
        "N1",
        SALES: "K018 K030 K038 K057 K058 K059 K062 K064 K065",
        NEWCOMER: "K008",
        ZURI: "K049",
        "": "G1 K020 K021 K022 K023 K026 K027 L1 L2",
    },
}


End = tuple[str, dict[str, int]]


def ends(older: Older) -> dict[str, End]:
    """The last state and the counts of each import that the version has left."""
    found = {}
    for row in filter(None, ENDS.splitlines()):
        name, state, outcomes = row[:24].strip(), row[24:35].strip(), row[35:]
        counted = [part.split() for part in outcomes.split(", ") if part]
        counts = {outcome: int(many) for many, outcome in counted}
        found[name] = state, counts | ({"lines": sum(counts.values())} if counts else {})
    return {name: end for name, end in found.items() if name in older.names}


@dataclass(frozen=True)
class Ended:
    """The stack of an earlier version after today's code has ended its imports.

    `sent` are the messages that the earlier version has left, `published` the notifications.
    """

    snapshot: Snapshot
    now: float
    sent: tuple[tuple[str, Any], ...]
    published: tuple[Notification, ...]


@pytest.fixture(params=VERSIONS)
def older(request: pytest.FixtureRequest, pipeline: Pipeline) -> Older:
    """The stack as each earlier version has left it."""
    return load(pipeline, request.param)


@pytest.fixture(scope="module")
def kept() -> dict[str, Ended]:
    """What each version's stack has become, so that it is processed once."""
    return {}


@pytest.fixture
def ended(
    request: pytest.FixtureRequest, older: Older, kept: dict[str, Ended]
) -> tuple[Older, Ended]:
    """The same stack, decided on and processed to its end."""
    version, pipeline = request.node.callspec.params["older"], older.pipeline
    if version not in kept:
        sent = tuple(older.messages)
        decide(older)
        go_on(older)
        snapshot, published = pipeline.memory.snapshot(), tuple(pipeline.memory.sns.published)
        kept[version] = Ended(snapshot, pipeline.clock.now, sent, published)
    pipeline.memory.restore(kept[version].snapshot)
    pipeline.clock.now = kept[version].now
    older.messages = []
    return older, kept[version]


def go_on(older: Older) -> None:
    """Delivers and sweeps until every import has ended."""
    pipeline = older.pipeline
    for _ in range(12):
        older.deliver()
        left = {item.pk for item in pipeline.resources.tables.imports.open_imports()}
        if not left and not older.messages:
            return
        pipeline.clock.now += 5 * MINUTE
        pipeline.sweep("imports")
    names = [name for name, found in older.names.items() if found in left]
    raise AssertionError(f"open: {names or left}, returned: {older.messages}")


def decide(older: Older) -> None:
    """Decides on what waits, gives up a chunk's message, and replays what is parked."""
    names = older.names
    asked(older, f"/imports/{names['clearing']}/approve")
    asked(older, f"/imports/{names['clearing unannounced']}/approve")
    asked(older, f"/imports/{names['clearing to cancel']}/cancel")
    letter = with_body("abandon-chunk", {"v": 1, "import_id": names["given up"], "chunk": 1})
    assert older.pipeline.abandon(letter) == []
    assert older.pipeline.invoke(publish.lambda_handler, {"replay": True}) == []


def asked(older: Older, path: str, body: object = None, status: int = 202) -> str:
    """The import or ticket in the answer to a request by an Admin, "" when it has none."""
    answer = api(older.pipeline).post(path, body)
    assert answer.status == status, (path, answer.text)
    return str(answer.body.get("import_ticket") or answer.body.get("import_id") or "")


def end_of(older: Older, name: str) -> tuple[str, dict[str, int]]:
    """The state of an import, which has an id or a ticket, and its counts that are not 0."""
    answer = api(older.pipeline).get(f"/imports/{older.names.get(name, name)}")
    assert answer.status == 200, answer.text
    return answer.body["state"], {kind: n for kind, n in answer.body["counts"].items() if n}


def report(older: Older, found: str, name: str) -> list[dict[str, str]]:
    """The rows of a file about the import of that id, none if there is no such file."""
    bucket = older.pipeline.memory.s3.buckets[older.pipeline.resources.reports_bucket]
    versions = bucket.objects.get(f"{TENANT}/{found}/{name}", ())
    return rows(versions[0].body) if versions else []


def holders(pipeline: Pipeline) -> dict[str, str]:
    """The accounts of each holder, without Amina's."""
    held: dict[str, list[str]] = {}
    for key in pipeline.memory.dynamodb.tables["AccountsTable"].items:
        account = key.partition("#")[2]
        held.setdefault(pipeline.holders(account)[0], []).append(account)
    return {user: " ".join(sorted(ids)) for user, ids in held.items() if user != AMINA}


# Imports


def test_every_import_that_older_code_left_open_ends_exactly(ended: tuple[Older, Ended]) -> None:
    """Its lines have one outcome each, its report has them all, and it is announced once."""
    older, end = ended

    expected = ends(older)
    assert {name: end_of(older, name) for name in expected} == expected
    ids = {name: older.id_of(name) for name in expected}
    announced = [
        name
        for name, found in ids.items()
        for news in end.published
        if f"Import: {found}\\n" in news.message
    ]
    names = list(expected)
    assert sorted(announced) == sorted(set(names[names.index("undo begun") :]) - QUIET)
    for name, (_, counts) in expected.items():
        errors = counts.get("rejected", 0) + counts.get("not_processed", 0)
        assert len(report(older, ids[name], "errors.csv")) == errors, name
        assert len(report(older, ids[name], "results.csv")) == counts.get("lines", 0), name
    assert holders(older.pipeline) == HELD[older.version]


def test_histories_continue_where_older_code_has_stopped(ended: tuple[Older, Ended]) -> None:
    older, _ = ended

    tables = older.pipeline.memory.dynamodb.tables
    histories = entries_of(tables["HistoryTable"].items.values())

    for key, item in tables["AccountsTable"].items.items():
        entries, version = histories.get(key, []), int(item["version"]["N"])
        found = [entry.version for entry in entries]
        assert found == list(range(version - len(found) + 1, version + 1)), key
        assert found or version == 1, key
        now: dict[str, tuple[str, ...]] = {}
        for entry in entries:
            for role, (before, after) in entry.changes.items():
                assert now.get(role, before) == before, (key, entry)
                now[role] = after
        assigned = older.pipeline.account(key.partition("#")[2]).assigned
        roles = [role for role in now if not is_field(role)]
        assert {role: assigned.get(role, ()) for role in roles} == {r: now[r] for r in roles}, key


def test_a_message_that_comes_once_more_after_the_end_changes_nothing(
    ended: tuple[Older, Ended],
) -> None:
    """In the form in which the older code sent it."""
    older, end = ended
    before = states(older)

    older.messages = list(end.sent)
    older.deliver()

    assert (older.messages, states(older)) == ([], before)
    assert older.pipeline.memory.sns.published == []


def states(older: Older) -> dict[str, object]:
    """All items, without the leases of chunks and what says how far queues were taken."""
    return {
        name: {
            key: item
            for key, item in table.items.items()
            if "taken#" not in str(key) and "chunk#" not in str(key)
        }
        for name, table in older.pipeline.memory.dynamodb.tables.items()
    }


def done(**counts: int) -> End:
    """The end of an import without lines in error."""
    return "done", {"lines": sum(counts.values()), **counts}


def error(**counts: int) -> End:
    """The end of an import with lines in error."""
    return "error", {"lines": sum(counts.values()), **counts}


RUN, DRY_RUN, FIX = {"mode": "run"}, {"mode": "dry_run"}, {"account Manager": SALES}
# What people ask for about imports that older code has ended, and what comes of it.
FOLLOWING: tuple[tuple[str, str, object, End], ...] = (
    ("pending", "undo", RUN, done(updated=1)),
    ("approved", "undo", RUN, done(updated=2)),
    ("undo", "undo", RUN, done(updated=1)),
    ("error", "undo", RUN, done(updated=1)),
    ("half", "undo", DRY_RUN, done(updated=4)),
    ("error", "corrections", {"lines": {"3": FIX}}, done(updated=1)),
    ("half", "corrections", {"lines": {"3": FIX}}, done(updated=1)),
)
FOLLOWING_ONE: Mapping[str, tuple[tuple[str, str, object, End], ...]] = {
    "d4b7b5e": (
        ("reassigned", "undo", RUN, done(updated=2)),
        ("dry run", "apply", DRY_RUN, error(updated=1, rejected=1)),
        # This code kept no previews to apply: each line says to preview the file again.
        ("dry run of own profile", "apply", RUN, error(not_processed=2)),
    ),
    "95d1914": (
        ("applied", "undo", RUN, done(updated=1)),
        ("dry run of own profile", "apply", RUN, error(superseded=1, rejected=1)),
    ),
}


def test_what_older_code_has_ended_can_be_undone_corrected_and_applied(
    ended: tuple[Older, Ended],
) -> None:
    older, end = ended
    for name, act, body, expected in FOLLOWING + FOLLOWING_ONE[older.version]:
        older.pipeline.memory.restore(end.snapshot)

        following = asked(older, f"/imports/{older.names[name]}/{act}", body)

        go_on(older)
        assert end_of(older, following) == expected, (act, name)


def test_tickets_of_older_code_admit_one_file_each(older: Older) -> None:
    pipeline, names = older.pipeline, older.names
    body = file_of([("K009", BARAKA)])
    used = pipeline.resources.tables.imports.find(names["used once"])
    assert used is not None

    tickets = (names["ticket"], names["cancelled ticket"], str(used.ticket))
    older.messages = []
    posted = [pipeline.upload(body, ticket) for ticket in tickets]
    older.deliver()

    found = [end_of(older, import_id(one))[0] for one in posted]
    assert found == ["done", "refused", "refused"]
    assert pipeline.summary(posted[2])["refusal"]["code"] == "TICKET_REPLAYED"


# The directory and the accounts


def differences(before: Any, now: Any, place: str = "") -> Iterator[str]:
    """What of an older answer is missing in today's one or differs; today's may say more."""
    if isinstance(before, dict) and isinstance(now, dict):
        for name, value in before.items():
            yield from differences(value, now.get(name, "nothing"), f"{place}.{name}")
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for one, other in zip(before, now, strict=True):
            yield from differences(one, other, f"{place}[]")
    elif before != now:
        yield f"{place}: found {now!r}, expected {before!r}"


def check_answers(older: Older, but: str = " ") -> None:
    """The API says of everything that is stored what it said when the older code answered.

    `but` is the beginning of paths that are left out.
    """
    for asked_for, before in older.answers.items():
        path, _, query = asked_for.partition("?")
        if path.startswith(but):
            continue
        answer = api(older.pipeline).get(path, **dict(parse_qsl(query)))
        assert answer.status == 200, (path, answer.text)
        assert list(differences(before, answer.body, path)) == []


def test_the_api_says_what_it_said_before(older: Older) -> None:
    check_answers(older)


# The statuses of the parts of older imports. The first release made no index of lines.
PARTS = {
    "d4b7b5e": {
        "report": {"error": 302, "done": 404, "replayed": 404, "half": 409, "ticket": 409},
        "results": {"error": 302, "done": 302, "replayed": 404, "half": 409, "ticket": 409},
        "lines": {"error": 404, "done": 404, "replayed": 404, "half": 409, "ticket": 409},
        "summary": {"error": 404, "done": 404, "replayed": 404, "half": 409, "ticket": 409},
        "preview": {"error": 404, "done": 404, "replayed": 404, "half": 404, "ticket": 404},
    },
    "95d1914": {
        "report": {"error": 302, "done": 404, "replayed": 404, "half": 409, "ticket": 409},
        "results": {"error": 302, "done": 302, "replayed": 404, "half": 409, "ticket": 409},
        "lines": {"error": 200, "done": 200, "replayed": 404, "half": 409, "ticket": 409},
        "summary": {"error": 200, "done": 200, "replayed": 404, "half": 409, "ticket": 409},
        "preview": {"error": 404, "done": 404, "replayed": 404, "half": 404, "preview": 200},
    },
}


def test_parts_of_older_imports_are_there_or_are_not_found(older: Older) -> None:
    admin = api(older.pipeline)

    found = {
        part: {name: admin.get(f"/imports/{older.names[name]}/{part}").status for name in names}
        for part, names in PARTS[older.version].items()
    }

    assert found == PARTS[older.version]


def test_users_names_and_portfolios_can_be_moved(older: Older) -> None:
    """To several keys and back; everything is found all the time."""
    pipeline, table = older.pipeline, "DirectoryTable"
    deadline, now = pipeline.deadline, pipeline.clock.now
    portfolios = PortfolioMover(pipeline.resources.tables.portfolios, large_from=2)
    users, names = UserMover(table), NameMover(table)

    put_mark(table, TENANT, Spreading.SPREAD, now)
    put_mark(table, TENANT, Spreading.SPREAD, now, mark=NAMES_MARK)
    steps = (users.spread(TENANT, deadline), names.spread(TENANT, deadline))
    assert sum(chain(*steps, portfolios.spread(deadline))) > 0
    check_answers(older, but="/imports")
    put_mark(table, TENANT, Spreading.BACK, now)
    put_mark(table, TENANT, Spreading.BACK, now, mark=NAMES_MARK)
    steps = (users.gather(TENANT, deadline), names.gather(TENANT, deadline))
    assert sum(chain(*steps, portfolios.gather(deadline))) > 0
    check_answers(older, but="/imports")


# Changes by an Admin, each after the ones before it, and what is then shown.
CHANGES = [
    ("PATCH", "/settings", {"profiles": ["single-strict", "house-list"]}, 200),
    ("PUT", "/sources/erp", {"profile": "house-list", "principal": "AROANEW"}, 200),
    ("PUT", "/roles/Deputy", {"max_users": 4, "assigned_by": ["Admin"]}, 200),
    ("PUT", "/workflows/Onboarding", None, 200),
    ("PUT", f"/users/{UMA}", {"name": "Uma U.", "roles": ["Sales"], "login_name": "uu"}, 200),
    ("PUT", f"/users/{CARA}", {"name": "Cara", "roles": [], "login_name": "uma"}, 200),
    ("POST", "/users", {"email": GONE, "name": "Gus Again", "roles": ["Sales"]}, 201),
    ("PATCH", "/accounts/K000", {"profile": "house-list", "assign": {ROLE: SALES}}, 200),
    ("PATCH", "/accounts/K008", {"profile": "single-strict", "assign": {ROLE: AMINA}}, 200),
    ("POST", "/assignments", {"profile": "house-list", "to": SALES, "held_by": BARAKA}, 202),
    ("DELETE", f"/users/{CARA}", None, 202),
    ("DELETE", "/workflows/Onboarding", None, 204),
    ("DELETE", "/profiles/pending-allowed", None, 204),
]


def test_everything_that_older_code_has_stored_can_be_changed(
    ended: tuple[Older, Ended],
) -> None:
    older, _ = ended
    pipeline, admin = older.pipeline, api(older.pipeline)
    # A login name that a file has claimed may be about to be stored for an hour.
    pipeline.clock.now += 2 * HOUR

    for method, path, body, status in CHANGES:
        answer = admin.request(method, path, body)
        assert answer.status == status, (path, answer.text)
    note = admin.post(f"/requests/{older.names['request']}/notes", {"text": "Called again."})
    go_on(older)

    assert note.status == 201
    held = dict(HELD[older.version])
    given, left = held.pop(BARAKA) + " K000", held.pop(CARA, "")
    del held[NEWCOMER]
    held |= {SALES: f"{held[SALES]} {given}", "": f"{held['']} {left}"}
    assert holders(pipeline) == {user: " ".join(sorted(ids.split())) for user, ids in held.items()}
    logins = pipeline.resources.tables.directory.users_by_login
    assert set(logins(TENANT, ["uma", "uu", "cnjeri"], pipeline.deadline)) == {"uma", "uu"}
