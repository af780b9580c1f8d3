"""The world of the table: the cast of tests/kit, and additions for the table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from handover.model import Mode, User
from handover.profiles.parsing import profile_json
from handover.profiles.presets import presets
from msgspec.structs import replace

from tests.kit import cast
from tests.kit.cast import (
    INSIDERS,
    OTHER,
    OTHER_ACCOUNT,
    OTHER_PROFILE,
    OTHER_ROLE,
    OTHER_SALES,
    OTHER_WORKFLOW,
    OTHERS_WORDS,
    OUTSIDERS,
    OWN,
    OWN_PROFILE,
    OWN_ROLE,
    OWN_WORKFLOW,
    SALES,
    SHARED_ACCOUNT,
    SUPPORT,
    TOGO_SALES,
    Actor,
    World,
    signed_in_as,
)
from tests.kit.memory_aws import ObjectCreated, Snapshot
from tests.kit.pipeline import Pipeline, file_of
from tests.rights.reading import rows
from tests.rights.table import PROFILES

PLAIN = User("paul.plain@lumina.example", "Paul Plain", frozenset(), "Kenya")
TOGO_OFFICE = User(
    "esi.mensah@lumina.example", "Esi Mensah", frozenset({"Back Office Management"}), "Togo"
)
DELETED = User(
    "dora.gone@lumina.example",
    "Dora Gone",
    frozenset({"Admin"}),
    is_active=False,
    is_deleted=True,
)
# The user to whom files and edits give accounts, who is none of the people.
SID = User("sid.salim@lumina.example", "Sid Salim", frozenset({"Sales"}), "Kenya")

PEOPLE: dict[str, Actor] = {actor.name: actor for actor in INSIDERS} | {
    "plain": signed_in_as("plain", PLAIN),
    "togo-office": signed_in_as("togo-office", TOGO_OFFICE),
}
EMAILS = {name: str((actor.claims or {})["email"]) for name, actor in PEOPLE.items()}
STRANGERS: dict[str, Actor] = {actor.name: actor for actor in OUTSIDERS} | {
    "deleted": signed_in_as("deleted", DELETED)
}
OPEN_LIST, STAFF_LIST = "open-list", "staff-list"
PROFILE_NAMES = tuple(dict.fromkeys(row["profile"] for row in rows(PROFILES)))
# The uploader of the import of each profile at the beginning.
UPLOADERS = dict.fromkeys(PROFILE_NAMES, "admin") | {OWN_PROFILE: "sales"}
ROLE = "account_manager"

# Names in requests and what they mean: a thing of the own tenant, one of another tenant, and an
# unknown one.
NO_IMPORT, NO_TICKET = "f" * 32, "20260706T120000000Z-0123456789abcdef"
THINGS: dict[str, tuple[str, str, str]] = {
    "account": (SHARED_ACCOUNT, OTHER_ACCOUNT, "NOIR-78"),
    "user": (SALES.email, OTHER_SALES.email, "nobody@umbra.example"),
    "leaver": (SUPPORT.email, OTHER_SALES.email, "nobody@umbra.example"),
    "profile": (OWN_PROFILE, OTHER_PROFILE, "nobody-list"),
    "role": (OWN_ROLE, OTHER_ROLE, "Noir Nobody"),
    "workflow": (OWN_WORKFLOW, OTHER_WORKFLOW, "Noir Nothing"),
    "source": ("erp", "crm", "nobodys"),
    "portal": ("north", "noir", "nowhere"),
}
IMPORTS = {
    "ended": NO_IMPORT,
    "waiting": NO_IMPORT,
    "running": NO_IMPORT,
    "preview": NO_IMPORT,
    "previewed": NO_IMPORT,
    "ticket": NO_TICKET,
    "request": "Tk9JUi03OA.20260706T120000000Z-0123456789abcdef",
}


def thing(world: World, word: str, place: int) -> str:
    """The thing that a word means: 0 in the own tenant, 1 in another, 2 unknown."""
    if word in THINGS:
        return THINGS[word][place]
    tenant = (OWN, OTHER, "")[place]
    return world.names[tenant][word] if tenant else IMPORTS[word]


STRICT = profile_json(presets()["single-strict"]) | {"uploader_roles": ["Sales"]}
del STRICT["name"]


def edit(profile: str, email: str, **more: object) -> dict[str, object]:
    """The body of a single edit."""
    return {"profile": profile, "assign": {ROLE: email}, **more}


USER = {"name": "Newman", "login_name": "newman", "roles": ["Sales"]}
BODIES: dict[str, object] = {
    "strict-file": {"profile": "single-strict", "filename": "a.csv"},
    "strict-check": {"profile": "single-strict", "filename": "a.csv", "mode": "dry_run"},
    "any-preview": {"filename": "a.csv", "mode": "preview"},
    "strict-preview": {"profile": "single-strict", "filename": "a.csv", "mode": "preview"},
    "sales-file": {"profile": "{profile}", "filename": "a.csv"},
    "users-file": {"profile": "directory-users", "filename": "users.csv"},
    "check": {"mode": "dry_run"},
    "apply": {"mode": "run"},
    "reason": {"reason": "The region moves."},
    "apply-check": {"mode": "dry_run"},
    "apply-strict": {"mode": "dry_run", "profile": "single-strict"},
    "apply-sales": {"mode": "run", "profile": "{profile}"},
    "fix": {"lines": {"3": {"account ID": "K001"}}},
    "fix-check": {"lines": {"3": {"account ID": "K001"}}, "mode": "dry_run"},
    "edit": edit("single-strict", SALES.email),
    "edit-check": edit("single-strict", SALES.email, dry_run=True),
    "edit-sales": edit("{profile}", SALES.email),
    "edit-user": edit("single-strict", "{user}"),
    "edit-togo": edit("single-strict", TOGO_SALES.email),
    "hand-ids": {"profile": "single-strict", "to": SALES.email, "account_ids": ["{account}"]},
    "hand-all": {"profile": "single-strict", "to": SALES.email, "held_by": "{user}"},
    "hand-sales": {"profile": "{profile}", "to": SALES.email, "account_ids": ["K001"]},
    "request": {"account_id": "{account}", "subject": "Meter", "description": "It is dark."},
    "note": {"text": "Called back."},
    "new-user": USER | {"email": "new@lumina.example"},
    "known-user": USER | {"email": SALES.email},
    "edited-user": USER,
    "made-admin": USER | {"roles": ["Admin"]},
    "leavers": {"emails": ["{leaver}"]},
    "no-leavers": {"emails": ["nobody@lumina.example"]},
    "new-profile": STRICT | {"title": "Another"},
    "old-profile": STRICT | {"title": "Another", "version": 9},
    "subscription": {"endpoint": "finance@lumina.example"},
    "sample-check": {"text": "account ID,account Manager\nK1,ana@lumina.example\n"},
    "copy": {"name": "theirs", "mapping": {"Key": "account ID"}},
    "guard": {"clear_guard_lines": 99},
    "profiles-on": {"profiles": ["multi-with-workflow"]},
    "wall-off": {"opco_wall": "by_profile"},
    "role": {"max_users": 7},
    "source": {"profile": "single-strict", "principal": "AROACRM"},
}


def body_of(world: World, word: str, place: int = 0) -> Any:
    """The body of that name, with names replaced by things."""
    return json.loads(spelled(world, json.dumps(BODIES[word]), place)) if word != "-" else None


def spelled(world: World, text: str, place: int = 0) -> str:
    """The text with names replaced by things."""
    for word in (*THINGS, *IMPORTS, "of-sales", "of-admin"):
        if f"{{{word}}}" in text:
            text = text.replace(f"{{{word}}}", thing(world, word, place))
    return text


def tells_of_others(text: str, *but: str) -> list[str]:
    """The words of another tenant in the text, except `but`."""
    for allowed in but:
        text = text.replace(allowed, "")
    return [word for word in OTHERS_WORDS if word in text.lower()]


@dataclass(frozen=True)
class Sample:
    """The header of a profile's files, and a line that changes one account or user."""

    header: str
    line: str
    role: str = ROLE


# One account for each profile, so that imports do not affect each other.
SAMPLES: dict[str, Sample] = {
    "single-strict": Sample("account ID,account Manager", f"K003,{SID.email}"),
    "directory-single": Sample("account ID,account manager", f"K004,{SID.email}"),
    "manager-and-viewers": Sample("customer ID,email", f"K005,{SID.email}"),
    "multi-with-workflow": Sample(
        "External Id,Account manager email,Workflow name", f"K006,{SID.email},{OWN_WORKFLOW}"
    ),
    "role-team": Sample(f"account ID,{OWN_ROLE}", f"K007,{SID.email}", OWN_ROLE),
    "directory-accounts": Sample("account_id,name", "K008,Acme"),
    "directory-users": Sample("email,name", f"{SUPPORT.email},Sue S."),
    STAFF_LIST: Sample("email,name", f"{SUPPORT.email},Sue Su."),
    OWN_PROFILE: Sample("account ID,account Manager", f"K009,{SID.email}"),
    OPEN_LIST: Sample("account ID,account Manager", f"K010,{SID.email}"),
}


def file_for(profile: str) -> bytes:
    """A file of the profile with one line."""
    sample = SAMPLES[profile]
    return f"{sample.header}\r\n{sample.line}\r\n".encode()


def wrong_file_for(profile: str) -> bytes:
    """A file of the profile with one line that is in error, because its key is blank."""
    sample = SAMPLES[profile]
    return f"{sample.header}\r\n,{sample.line.partition(',')[2]}\r\n".encode()


@dataclass
class Worlds:
    """The world, and its snapshots for each request: profiles switched on, or off."""

    world: World
    snapshots: dict[str, Snapshot]

    def back_to(self, state: str) -> World:
        """The world in that state."""
        self.world.pipeline.memory.restore(self.snapshots[state])
        return self.world


def build(pipeline: Pipeline) -> Worlds:
    """The world in both states; the functions made everything in it."""
    world, _ = cast.build(pipeline)
    directory = pipeline.resources.tables.directory
    directory.put_users(OWN, [PLAIN, TOGO_OFFICE, DELETED, SID], pipeline.deadline)
    open_list = replace(
        presets()["single-strict"],
        name=OPEN_LIST,
        uploader_roles=frozenset(),
        required_user_roles=frozenset(),
    )
    staff_list = replace(
        presets()["directory-users"], name=STAFF_LIST, uploader_roles=frozenset({"Sales"})
    )
    for own in (open_list, staff_list):
        directory.put_profile(OWN, own)
    set_up(world, profiles=list(PROFILE_NAMES))
    for profile in PROFILE_NAMES:
        by = PEOPLE[UPLOADERS[profile]]
        created = world.uploaded(by, OWN, file_for(profile), profile)
        pipeline.run(created)
        pipeline.clock.now += 1
        item = pipeline.item(created)
        assert item.state == "done", (profile, item.state)
        world.names[OWN][f"of {profile}"] = item.pk
        for name, body, mode in (
            ("preview", file_for(profile), Mode.DRY_RUN),
            ("wrong", wrong_file_for(profile), Mode.RUN),
        ):
            ticket = pipeline.ticket(profile=profile, uploader=EMAILS[by.name], mode=mode)
            more = pipeline.put(f"in/{OWN}/{ticket}.csv", body)
            pipeline.run(more)
            assert pipeline.item(more).state == ("error" if name == "wrong" else "done")
            world.names[OWN][f"{name} of {profile}"] = pipeline.item(more).pk
    lines = ((f"K{number:03d}", "None") for number in range(cast.MANY))
    clearing = world.uploaded(PEOPLE["admin"], OWN, file_of(lines))
    pipeline.run(clearing)
    assert pipeline.item(clearing).state == "awaiting_approval"
    world.names[OWN]["of-admin"] = pipeline.item(clearing).pk
    pipeline.settle()
    pipeline.forget()
    snapshots = {"on": pipeline.memory.snapshot()}
    set_up(world, profiles=[])
    snapshots["off"] = pipeline.memory.snapshot()
    return Worlds(world, snapshots)


def set_up(world: World, **settings: object) -> None:
    """Changes settings of the own tenant as an Admin."""
    answer = world.ask(PEOPLE["admin"], "PATCH", "/settings", settings)
    assert answer.status == 200, answer.text


def code_of(world: World, created: ObjectCreated) -> str:
    """The result of a file of one line: `done`, or the code with which it was refused."""
    item = world.pipeline.item(created)
    if item.refusal is not None:
        return str(item.refusal.as_dict()["code"])
    codes = [row["code"] for row in world.pipeline.table(created, "errors.csv")]
    return ", ".join(codes) or str(item.state)
