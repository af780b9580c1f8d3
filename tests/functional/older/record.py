"""Records what the code of this checkout leaves: imports in every state, and what people set up.

`python -m tests.functional.older.record FOLDER` writes the files that `loading` reads. Run it in a
checkout of each release; the tests then show that later code goes on with it.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from handover.model import Account, Mode
from handover.pipeline import validate
from handover.pipeline.parking import PARKED
from handover.store.moving import UserMover
from handover.store.name_places import NAMES_MARK
from handover.store.user_places import Spreading, put_mark

from tests.kit.caller import Answer
from tests.kit.jobs import NEWCOMER, PATIENT, api, await_newcomer
from tests.kit.memory_aws import ObjectCreated, ServiceError, Version
from tests.kit.mishaps import Mishap, incident
from tests.kit.pipeline import (
    ADMIN,
    AMINA,
    BARAKA,
    CLIENT_SETTINGS,
    MINUTE,
    PRINCIPAL,
    ROLE,
    SALES,
    TENANT,
    Pipeline,
    file_of,
    forget_clients,
    on_memory,
    s3_event,
)
from tests.kit.pipeline import import_id as id_of
from tests.workbooks.builders import by_xlsxwriter

NOBODY = "nobody@lumina.example"
CARA, GONE, LEAVER = (
    f"{name}@lumina.example" for name in ("cara.njeri", "gus.gone", "leila.leaver")
)
USERS = "email,name,roles,opco,status,employee_id,phone,mobile,login_name"
ACCOUNTS = "account_id,name,customer_id,opco,status,portals,account_manager"
JOB = f"AWS:{PRINCIPAL}:job"
ALL_OR_NOTHING = "all_or_nothing"
# Files that a person can still look at.
MAX_FILE_CHARS = 90_000


@dataclass
class Recorder:
    """Brings a stack into its state, and keeps the messages that nobody has taken."""

    pipeline: Pipeline
    names: dict[str, str] = field(default_factory=dict)
    messages: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)

    # Steps

    def ask(self, method: str, path: str, body: object = None, *, by: str = ADMIN) -> Any:
        """The body of the answer to a request, which must succeed."""
        answer: Answer = api(self.pipeline, by).request(method, path, body)
        assert answer.status < 300, (path, answer.text)
        return answer.body if answer.text else None

    def ended(self, name: str, created: ObjectCreated) -> ObjectCreated:
        """Processes the file, and all that follows, to the end."""
        self.pipeline.run(created)
        self.pipeline.settle()
        return self._named(name, created)

    def asked(self, name: str, path: str, body: object = None) -> ObjectCreated:
        """Requests a file of Handover's own, and processes it to the end."""
        self.ask("POST", path, body)
        (written,) = self.pipeline.settle()
        return self._named(name, written)

    def opened(self, name: str, created: ObjectCreated) -> ObjectCreated:
        """Validates the file and keeps the messages that this sends."""
        self.validated(name, created)
        self.keep()
        return created

    def validated(self, name: str, created: ObjectCreated) -> ObjectCreated:
        """Validates the file; its messages wait."""
        assert self.pipeline.validate(created) == []
        return self._named(name, created)

    def posted(self, name: str, created: ObjectCreated) -> ObjectCreated:
        """Keeps S3's event of the file."""
        self.messages.append(("IntakeQueue", s3_event(created)["Records"][0]["body"]))
        return self._named(name, created)

    def written(self) -> ObjectCreated:
        """The file that Handover writes for a request."""
        self.pipeline.follow()
        return self.pipeline.memory.s3.buckets[self.pipeline.resources.uploads_bucket].events[-1]

    def keep(self) -> None:
        """Moves the waiting messages to the kept ones."""
        memory = self.pipeline.memory
        for message in memory.sqs.outbox:
            self.messages.append((memory.sqs.queues[message.queue_url], message.body))
        memory.sqs.outbox.clear()

    def upload(self, *lines: tuple[str, str], **ticket: Any) -> ObjectCreated:
        """Posts a file of these lines."""
        return self.pipeline.upload(file_of(lines), self.pipeline.ticket(**ticket))

    def drop(self, folder: str, name: str, *lines: str) -> ObjectCreated:
        """Drops a file of these lines as the source `erp`."""
        body = "".join(f"{line}\r\n" for line in lines).encode()
        return self.pipeline.put(f"{folder}/{TENANT}/erp/{name}", body, principal=JOB)

    def _named(self, name: str, created: ObjectCreated) -> ObjectCreated:
        self.names[name] = id_of(created)
        self.pipeline.clock.now += MINUTE
        return created


def set_up(one: Recorder) -> None:
    """Settings, roles, workflows, sources, profiles, users and accounts."""
    settings = {
        "allow_account_manager_to_create_requests": True,
        "default_account_manager": AMINA,
        "clear_guard_lines": 1,
    }
    mapping = {"Konto": "account ID", "Wer": "account Manager"}
    source = {"profile": "single-strict", "principal": PRINCIPAL, "mapping": mapping}
    one.ask("PATCH", "/settings", settings)
    one.ask("PUT", "/roles/Deputy", {"max_users": 3, "assigned_by": ["Admin"]})
    one.ask("PUT", "/workflows/Onboarding", {})
    one.ask("PUT", "/sources/erp", source | {"writes_directory": True})
    own = one.ask("GET", "/profiles/single-strict")["definition"]
    del own["name"]
    one.ask("PUT", "/profiles/house-list", own | {"title": "The house's list"})
    one.ask("PATCH", "/settings", {"profiles": ["single-strict", "house-list"]})
    person = {"roles": ["Sales"], "opco": "Kenya"}
    cara = person | {"name": "Cara Njeri", "login_name": "cnjeri"}
    one.ask("POST", "/users", cara | {"email": CARA})
    one.ask("PUT", f"/users/{CARA}", cara | {"name": "Cara W. Njeri", "phone": "+254 1"})
    one.ask("POST", "/users", person | {"email": LEAVER, "name": "Leila Leaver"})
    one.ask("POST", "/users", person | {"email": GONE, "name": "Gus Gone"})
    one.pipeline.kenyan(66, held_by=AMINA)
    acme = {"name": "Acme", "customer_id": "C-1", "portals": ("shop",)}
    held: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("G1", GONE, {}),
        ("L1", LEAVER, acme),
        ("L2", LEAVER, {}),
    )
    for account, holder, more in held:
        assigned = {ROLE: (holder,)}
        one.pipeline.accounts(Account(TENANT, account, 1, opco="Kenya", assigned=assigned, **more))
    one.pipeline.settle()


def end_some(one: Recorder) -> None:
    """Imports that end, each in another way."""
    pipeline = one.pipeline
    uma = "uma@lumina.example,Uma File,Sales,Kenya,active,E1,,,uma"
    one.ended("users file", one.drop("directory", "users.csv", USERS, uma))
    lines = (f"N1,Acme,C-7,Kenya,active,shop;desk,{BARAKA}", "N2,,,Kenya,,,")
    one.ended("accounts file", one.drop("directory", "accounts.csv", ACCOUNTS, *lines))
    three = [(f"K00{n}", BARAKA) for n in range(3)]
    one.ended("done", one.upload(*three, ("K003", "None")))
    wrong = (("K004", BARAKA), ("K005", NOBODY), ("X9", BARAKA), ("K004", BARAKA))
    one.ended("error", one.upload(*wrong))
    one.ended("undone", one.upload(("K006", SALES)))
    one.asked("undo", f"/imports/{one.names['undone']}/undo")
    two = (("K007", BARAKA), ("K009", NOBODY))
    one.ended("dry run", one.upload(*two, mode=Mode.DRY_RUN))
    own = {"profile": "house-list", "mode": Mode.DRY_RUN}
    one.ended("dry run of own profile", one.upload(*two, **own))
    one._named("pending", await_newcomer(pipeline, "K008"))
    pipeline.settle()
    one.asked("removal", "/users/delete", {"emails": [GONE]})
    clearing = one.upload(("K020", "None"), ("K021", "None"))
    one.ended("approved", clearing)
    one.ask("POST", f"/imports/{id_of(clearing)}/approve")
    pipeline.run()
    pipeline.settle()
    ticket = pipeline.ticket()
    one.ended("used once", pipeline.upload(file_of([("K013", BARAKA)]), ticket))
    one.ended("replayed", pipeline.upload(file_of([("K014", BARAKA)]), ticket))


def end_newer(one: Recorder) -> None:
    """Kinds of imports that the first release did not know, ended."""
    lines = {"lines": {"3": {"account ID": "K057", "account Manager": SALES}}}
    one.asked("corrected", f"/imports/{one.names['error']}/corrections", lines)
    one.ended("dry run to apply", one.upload(("K058", SALES), mode=Mode.DRY_RUN))
    path = f"/imports/{one.names['dry run to apply']}/apply"
    one.asked("applied", path, {"mode": "run"})
    one.ended("check", one.upload(("K059", SALES), on_error=ALL_OR_NOTHING))
    one.ended("wrong", one.upload(("K063", NOBODY)))
    one.ended("stopped", one.upload(("K060", SALES), ("X9", SALES), on_error=ALL_OR_NOTHING))
    one.ended("preview", one.upload(("K061", SALES), profile="", mode=Mode.PREVIEW))
    mapped = {"Kunde": "account ID", "Betreuer": "account Manager"}
    body = f"Kunde,Betreuer\r\nK062,{SALES}\r\n".encode()
    one.ended("mapped", one.pipeline.upload(body, one.pipeline.ticket(mapping=mapped)))


def set_up_requests(one: Recorder) -> None:
    """A request with a note, and tickets without a file."""
    asked = {"account_id": "K015", "subject": "Meter", "description": "It shows nothing."}
    found = one.ask("POST", "/requests", asked | {"contact": "Njeri"}, by=AMINA)
    one.names["request"] = found["request_id"]
    one.ask("POST", f"/requests/{one.names['request']}/notes", {"text": "Called."}, by=AMINA)
    file = {"profile": "single-strict", "filename": "late.csv"}
    for name in ("ticket", "cancelled ticket"):
        one.names[name] = one.ask("POST", "/imports", file)["import_ticket"]
    one.ask("POST", f"/imports/{one.names['cancelled ticket']}/cancel")
    for what in ("imports", "uploads", "audit"):
        one.pipeline.sweep(what)
    assert not one.pipeline.waiting()


def open_jobs(one: Recorder) -> None:
    """Undos that have begun before anything else is open."""
    one.ended("to undo", one.upload(("K016", SALES)))
    one.ended("to undo later", one.upload(("K017", SALES)))
    one.ask("POST", f"/imports/{one.names['to undo']}/undo")
    one.opened("undo begun", one.written())


def open_files(one: Recorder) -> None:
    """Files of all kinds that are validated, their chunks waiting."""
    pipeline, wrong = one.pipeline, ("K034", NOBODY)
    one.opened("validated", one.upload(("K033", BARAKA), wrong))
    users = (
        "vera@lumina.example,Vera One,Sales,Kenya,active,,,,vv",
        "viki@lumina.example,Viki Two,Sales,Kenya,active,,,,vv",
        "uma@lumina.example,Uma Filed,Sales,Kenya,active,E1,,,uma2",
    )
    one.opened("open users file", one.drop("directory", "users2.csv", USERS, *users))
    lines = ("N3,New,C-8,Kenya,active,desk,", f"N1,Acme B,C-7,Kenya,active,shop,{BARAKA}")
    one.opened("open accounts file", one.drop("directory", "accounts2.csv", ACCOUNTS, *lines))
    one.opened("open refused", pipeline.upload(b"a,b\r\n1,2\r\n"))
    cancelled = one.opened("open cancelled", one.upload(("K047", BARAKA)))
    one.ask("POST", f"/imports/{id_of(cancelled)}/cancel")
    one.keep()
    one.opened("open dry run", one.upload(("K048", BARAKA), mode=Mode.DRY_RUN))
    one.opened("open pending", one.upload(("K049", "zuri.patel@lumina.example"), profile=PATIENT))
    for name, account in (("lost", "K050"), ("given up", "K056")):
        one.validated(name, one.upload((account, BARAKA)))
        pipeline.forget()
    text = f"External Id,Account manager email,Workflow name\r\nK051,{BARAKA},Onboarding\r\n"
    ticket = pipeline.ticket(profile="multi-with-workflow")
    one.opened("with workflow", pipeline.upload(text.encode(), ticket))


def open_newer(one: Recorder) -> None:
    """Kinds of imports that the first release did not know, open."""
    path = f"/imports/{one.names['dry run of own profile']}/apply"
    one.ask("POST", path, {"mode": "run"})
    one.opened("open applying", one.written())
    path = f"/imports/{one.names['wrong']}/corrections"
    one.ask("POST", path, {"lines": {"2": {"account Manager": BARAKA}}})
    one.posted("posted correction", one.written())
    one.opened("open check", one.upload(("K064", SALES), on_error=ALL_OR_NOTHING))
    one.posted("posted preview", one.upload(("K061", SALES), profile="", mode=Mode.PREVIEW))
    book = by_xlsxwriter([("account ID", "account Manager"), ("K065", SALES)])
    created = one.pipeline.upload(book)
    assert one.pipeline.validate(created) == []
    one._named("workbook", created)
    one.keep()


def interrupt(one: Recorder) -> None:
    """Imports whose worker was stopped, each at another step."""
    pipeline = one.pipeline
    lines = [
        ("K035", BARAKA),
        ("K036", NOBODY),
        ("K037", BARAKA),
        ("K038", SALES),
        ("K035", BARAKA),
        ("K039", BARAKA),
        ("K040", BARAKA),
        ("K040", SALES),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(validate, "MIN_CHUNK_BYTES", 60)
        half = one.validated("half", one.upload(*lines))
    pipeline.memory.sqs.outbox.pop(0)
    one.keep()
    assert pipeline.assign(id_of(half), 1) == []
    with incident(pipeline.memory, Mishap("BatchExecuteStatement", kill_after=1)):
        pipeline.assign(id_of(half), 2)
    for name, account, mishap in (
        ("counted", "K041", None),
        ("finalizing", "K043", Mishap("PutObject", kill_after=1)),
        ("unannounced", "K044", Mishap("Publish", kill_before=1)),
    ):
        created = one.validated(name, one.upload((account, BARAKA), ("K046", NOBODY)))
        pipeline.forget()
        assert pipeline.assign(id_of(created)) == []
        one.keep()
        if mishap is not None:
            with incident(pipeline.memory, mishap):
                pipeline.finalize(id_of(created))
            assert mishap.seen == 1
    for name, first in (("clearing", 22), ("clearing to cancel", 24), ("clearing unannounced", 26)):
        one.validated(name, one.upload((f"K0{first}", "None"), (f"K0{first + 1}", "None")))
        if name == "clearing unannounced":
            one.keep()
        pipeline.run()


def post_some(one: Recorder) -> None:
    """Files that are not validated yet, and requests that only the stream knows."""
    pipeline = one.pipeline
    created = one.posted("registered", one.upload(("K028", BARAKA)))
    with incident(pipeline.memory, Mishap("BatchWriteItem", kill_before=1)):
        pipeline.validate(created)
    assert pipeline.item(created).state == "validating"
    one.posted("posted", one.upload(("K029", BARAKA)))
    one.posted("dropped", one.drop("drop", "konten.csv", "Konto,Wer", f"K019,{BARAKA}"))
    one.ask("POST", f"/imports/{one.names['to undo later']}/undo")
    waits = one.opened("undo waits", one.written())
    assert pipeline.item(waits).waits
    one.ask("DELETE", f"/users/{LEAVER}")
    one.opened("removal of two", one.written())
    given = {"profile": "single-strict", "to": SALES, "account_ids": ["K018"]}
    one.ask("POST", "/assignments", given)
    one.posted("posted reassignment", one.written())
    park(one)
    table, now = "DirectoryTable", pipeline.clock.now
    put_mark(table, TENANT, Spreading.SPREAD, now)
    put_mark(table, TENANT, Spreading.SPREAD, now, mark=NAMES_MARK)
    list(UserMover(table).spread(TENANT, pipeline.deadline))
    pipeline.follow()
    undo = one.ask("POST", f"/imports/{one.names['done']}/undo")
    one.names["undo asked"] = undo["import_ticket"]
    newcomer = {"email": NEWCOMER, "name": "Neema Juma", "roles": ["Sales"], "opco": "Kenya"}
    one.ask("POST", "/users", newcomer)
    assert not pipeline.waiting()


def park(one: Recorder) -> None:
    """Parks the change of an account, as when a table refuses its history."""
    memory = one.pipeline.memory
    one.pipeline.publish()
    edit = {"profile": "single-strict", "assign": {ROLE: SALES}}
    one.ask("PATCH", "/accounts/K030", edit)

    def refuse() -> None:
        raise ServiceError("ValidationException", "Item size has exceeded the maximum")

    with incident(memory, Mishap("BatchWriteItem", before_call=refuse)):
        one.pipeline.publish()
    work = memory.s3.buckets[one.pipeline.resources.work_bucket]
    assert any(key.startswith(f"{PARKED}/") for key in work.objects)


SCENES = (
    set_up,
    end_some,
    end_newer,
    set_up_requests,
    open_jobs,
    open_files,
    open_newer,
    interrupt,
    post_some,
)

# What an Admin then asks the API about: each answer is recorded.
ASKED = (
    "/imports?limit=3",
    "/accounts?limit=2",
    "/accounts?holder=Amina Otieno&limit=3",
    "/accounts/K000/history",
    "/accounts/N1/history",
    "/pending",
    "/requests?account_id=K015",
    "/requests/{request}",
    f"/portfolios/{AMINA}",
    f"/portfolios/{BARAKA}",
    "/portals/shop/managers",
    "/users",
    "/users?name=cara",
    "/roles",
    "/workflows",
    "/sources",
    "/settings",
    "/profiles/house-list",
    "/imports/{error}/lines",
    "/imports/{error}/summary",
    "/imports/{preview}/preview",
    "/audit?limit=3",
    *(f"/accounts/{account}" for account in ("K000", "K003", "K008", "L1", "N1", "N2", "G1")),
    *(f"/users/{user}" for user in (CARA, LEAVER, NEWCOMER, ADMIN)),
)


def answers(one: Recorder) -> dict[str, Any]:
    """The answers about all that is stored, by path."""
    waiting = {"request", "posted", "dropped"}
    imports = [
        f"/imports/{found}"
        for name, found in one.names.items()
        if name not in waiting and not name.startswith("posted ")
    ]
    found = {}
    for pattern in (*ASKED, *imports):
        asked = pattern.format(**one.names)
        path, _, query = asked.partition("?")
        answer = api(one.pipeline).get(path, **dict(parse_qsl(query)))
        assert answer.status == 200, (asked, answer.text)
        found[asked] = answer.body
    return found


# Writing


def write(one: Recorder, folder: Path) -> None:
    """Writes what the stack holds."""
    memory = one.pipeline.memory
    tables = {name: list(table.items.values()) for name, table in memory.dynamodb.tables.items()}
    shared = profiles_in(tables["ImportsTable"])
    sign_ins = {
        email: {
            "attributes": found.attributes,
            "enabled": found.enabled,
            "groups": sorted(found.groups),
        }
        for email, found in memory.pools.sign_ins.items()
    }
    streams = {
        name: [
            [image and short(image, ()) for image in (change.old, change.new)]
            for change in table.stream
        ]
        for name, table in memory.dynamodb.tables.items()
    }
    stack = {
        "now": one.pipeline.clock.now,
        "names": one.names,
        "messages": [list(message) for message in one.messages],
        "sign_ins": sign_ins,
        "streams": streams,
        "shared": shared,
    }
    many = {
        "tables": {name: [short(item, shared) for item in found] for name, found in tables.items()},
        "buckets": {name: versions(bucket.objects) for name, bucket in memory.s3.buckets.items()},
    }
    write_files(folder, stack, many, one.answers)


def write_files(
    folder: Path,
    stack: Mapping[str, Any],
    many: Mapping[str, Mapping[str, Sequence[Any]]],
    answers: Mapping[str, Any],
) -> None:
    """Writes a folder for `loading`, in files of less than MAX_FILE_CHARS."""
    folder.mkdir(exist_ok=True)
    put(folder / "stack.json", stack)
    put(folder / "answers.json", {"answers": answers})
    part: dict[str, dict[str, list[Any]]] = {}
    number = chars = 0
    for kind, by_place in many.items():
        for place, found in by_place.items():
            for row in found:
                if chars > MAX_FILE_CHARS:
                    put(folder / f"stored-{number}.json", part)
                    part, number, chars = {}, number + 1, 0
                part.setdefault(kind, {}).setdefault(place, []).append(row)
                chars += len(line(row))
    put(folder / f"stored-{number}.json", part)


def profiles_in(imports: Iterable[Mapping[str, Any]]) -> list[str]:
    """The profiles in the plans, as they are written there."""
    plans = (json.loads(item["body"]["S"]) for item in imports if item["sk"]["S"] == "plan")
    return sorted({json.dumps(plan["profile"], ensure_ascii=False) for plan in plans})


def short(item: Mapping[str, Mapping[str, Any]], shared: Sequence[str]) -> dict[str, Any]:
    """An item as `loading` reads it."""
    return {name: short_value(value, shared) for name, value in item.items()}


def short_value(value: Mapping[str, Any], shared: Sequence[str]) -> Any:
    """A value of DynamoDB as `loading` reads it."""
    match value:
        case {"S": text}:
            return parts_of(text, shared)
        case {"BOOL": known}:
            return known
        case {"N": digits} if digits.removeprefix("-").isdigit():
            return int(digits)
        case {"L": members}:
            return {"L": [short_value(one, shared) for one in members]}
        case {"M": members}:
            return {"M": {name: short_value(one, shared) for name, one in members.items()}}
    return value


def parts_of(text: str, shared: Sequence[str]) -> str | list[str | int]:
    """The text, or its parts when a shared one is among them."""
    for place, part in enumerate(shared):
        if part in text:
            before, _, after = text.partition(part)
            return [one for one in (before, place, after) if one != ""]
    return text


def versions(objects: Mapping[str, Sequence[Version]]) -> list[dict[str, Any]]:
    """The versions of all objects of a bucket, newest first for each key."""
    return [
        {
            "key": version.key,
            "version": version.version_id,
            **content(version.body),
            "etag": version.etag,
            "modified": version.modified,
            "headers": version.headers,
        }
        for of_key in objects.values()
        for version in of_key
        # Nothing reads reports as workbooks; they are large and no text.
        if not version.key.endswith(".xlsx")
    ]


def content(body: bytes) -> dict[str, str]:
    """A body as text, or as base64 if it is none."""
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def put(path: Path, parts: Mapping[str, Any]) -> None:
    """Writes JSON with a line for each row."""
    path.write_text(
        "{" + ",\n".join(f"{line(name)}:{rows(part)}" for name, part in parts.items()) + "}\n"
    )


def rows(part: Any) -> str:
    """A list with a line for each member, also within an object."""
    if isinstance(part, Mapping):
        return "{" + ",\n".join(f"{line(name)}:{rows(one)}" for name, one in part.items()) + "}"
    if isinstance(part, list) and part:
        return "[\n" + ",\n".join(map(line, part)) + "\n]"
    return line(part)


def line(part: Any) -> str:
    """Compact JSON."""
    return json.dumps(part, separators=(",", ":"), ensure_ascii=False)


def main(folder: str) -> None:
    """Plays all scenes and writes the folder."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in CLIENT_SETTINGS.items():
            patch.setenv(variable, value)
        forget_clients()
        with on_memory(patch) as pipeline:
            patch.setenv("TENANT_REQUESTS_A_SECOND", "25")
            one = Recorder(pipeline)
            for scene in SCENES:
                scene(one)
            one.answers = answers(one)
            write(one, Path(folder))


if __name__ == "__main__":
    main(sys.argv[1])
