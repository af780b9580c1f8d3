"""Who may use which profile, and assign which role, by every action of a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from handover.model import Mode
from handover.profiles.presets import presets
from msgspec.structs import replace

from tests.kit.cast import OWN, OWN_PROFILE, OWN_WORKFLOW, Actor, World
from tests.rights.reading import Row, named, rows, who
from tests.rights.table import ADMINS, ASSIGNED_BY, PROFILE_ACTIONS, PROFILES, ROLE_ACTIONS
from tests.rights.world import (
    EMAILS,
    PEOPLE,
    PROFILE_NAMES,
    SAMPLES,
    SID,
    STAFF_LIST,
    UPLOADERS,
    Worlds,
    code_of,
    file_for,
    set_up,
)

RIGHTS = rows(PROFILES)
ANSWERS = rows(PROFILE_ACTIONS)
DIRECTORY = ("directory-accounts", "directory-users", STAFF_LIST)

Ask = Callable[[World, Actor, str, Mode], str]


def by_ticket(world: World, actor: Actor, profile: str, mode: Mode) -> str:
    intended = {"profile": profile, "filename": "a.csv", "mode": mode.value}
    return str(world.ask(actor, "POST", "/imports", intended).status)


def by_file(world: World, actor: Actor, profile: str, mode: Mode) -> str:
    """A file whose ticket was issued before the profile got its present state."""
    ticket = world.pipeline.ticket(profile=profile, uploader=EMAILS[actor.name], mode=mode)
    created = world.pipeline.put(f"in/{OWN}/{ticket}.csv", file_for(profile))
    world.pipeline.run(created)
    return code_of(world, created)


def by_edit(world: World, actor: Actor, profile: str, mode: Mode) -> str:
    assign = {SAMPLES[profile].role: SID.email}
    intended = {"profile": profile, "assign": assign, "dry_run": mode is Mode.DRY_RUN}
    return str(world.ask(actor, "PATCH", "/accounts/K011", intended).status)


def by_accounts(world: World, actor: Actor, profile: str, mode: Mode) -> str:
    intended = {"profile": profile, "to": SID.email, "account_ids": ["K011"], "mode": mode.value}
    return str(world.ask(actor, "POST", "/assignments", intended).status)


def by_holder(world: World, actor: Actor, profile: str, mode: Mode) -> str:
    intended = {"profile": profile, "to": SID.email, "held_by": EMAILS["sales"], "mode": mode.value}
    return str(world.ask(actor, "POST", "/assignments", intended).status)


def by_undo(world: World, actor: Actor, profile: str, mode: Mode) -> str:
    name = world.names[OWN][f"of {profile}"]
    return str(world.ask(actor, "POST", f"/imports/{name}/undo", {"mode": mode.value}).status)


def by_apply(world: World, actor: Actor, profile: str, mode: Mode) -> str:
    name = world.names[OWN][f"preview of {profile}"]
    return str(world.ask(actor, "POST", f"/imports/{name}/apply", {"mode": mode.value}).status)


def by_corrections(world: World, actor: Actor, profile: str, mode: Mode) -> str:
    name = world.names[OWN][f"wrong of {profile}"]
    label = SAMPLES[profile].header.partition(",")[0]
    lines = {"lines": {"2": {label: "K011"}}, "mode": mode.value}
    return str(world.ask(actor, "POST", f"/imports/{name}/corrections", lines).status)


def by_results(world: World, actor: Actor, profile: str, mode: Mode) -> str:
    name = world.names[OWN][f"of {profile}"]
    return str(world.ask(actor, "GET", f"/imports/{name}/results").status)


def by_lines(world: World, actor: Actor, profile: str, mode: Mode) -> str:
    name = world.names[OWN][f"of {profile}"]
    return str(world.ask(actor, "GET", f"/imports/{name}/lines").status)


def by_report(world: World, actor: Actor, profile: str, mode: Mode) -> str:
    name = world.names[OWN][f"of {profile}"]
    return str(world.ask(actor, "GET", f"/imports/{name}/report").status)


ACTIONS: dict[str, tuple[Ask, Mode]] = {
    "ticket": (by_ticket, Mode.RUN),
    "ticket-to-check": (by_ticket, Mode.DRY_RUN),
    "ticket-to-preview": (by_ticket, Mode.PREVIEW),
    "file": (by_file, Mode.RUN),
    "file-to-check": (by_file, Mode.DRY_RUN),
    "file-to-preview": (by_file, Mode.PREVIEW),
    "edit": (by_edit, Mode.RUN),
    "edit-to-check": (by_edit, Mode.DRY_RUN),
    "reassign-ids": (by_accounts, Mode.RUN),
    "reassign-holder": (by_holder, Mode.RUN),
    "undo": (by_undo, Mode.RUN),
    "undo-to-check": (by_undo, Mode.DRY_RUN),
    "apply": (by_apply, Mode.RUN),
    "apply-to-check": (by_apply, Mode.DRY_RUN),
    "correct": (by_corrections, Mode.RUN),
    "results": (by_results, Mode.RUN),
    "lines": (by_lines, Mode.RUN),
    "report": (by_report, Mode.RUN),
}


def marked(table: list[Row], *columns: str) -> list[Any]:
    return [pytest.param(row, id=named(row, *columns)) for row in table]


def differences(
    worlds: Worlds,
    state: str,
    people: Mapping[str, bool],
    ask: Callable[[World, Actor], str],
    expected: Row,
) -> list[str]:
    """Unexpected answers, and refusals that changed an account or user."""
    found = []
    for name, may in people.items():
        world = worlds.back_to(state)
        before = fields(world)
        answer = ask(world, PEOPLE[name])
        if answer != expected["answer" if may else "refused"]:
            found.append(f"{name}: found {answer}, expected {'yes' if may else 'no'}")
        if not may and fields(world) != before:
            found.append(f"{name}: answered {answer}, and something was changed")
    return found


def fields(world: World) -> tuple[dict[Any, Any], ...]:
    """All accounts, and all items of the directories."""
    tables = world.pipeline.memory.dynamodb.tables
    return dict(tables["AccountsTable"].items), dict(tables["DirectoryTable"].items)


@pytest.mark.parametrize("action", marked(ANSWERS, "action"))
@pytest.mark.parametrize("row", marked(RIGHTS, "profile", "state"))
def test_only_the_people_of_the_table_use_a_profile(worlds: Worlds, row: Row, action: Row) -> None:
    profile = row["profile"]
    expected = {**action, "answer": action["directory" if profile in DIRECTORY else "assigns"]}
    ask, mode = ACTIONS[action["action"]]
    also = {"-": (), "admins": ADMINS, "admins,uploader": (*ADMINS, UPLOADERS[profile])}
    people = who(row, tuple(PEOPLE)) | dict.fromkeys(also[action["also"]], True)

    found = differences(
        worlds,
        row["state"],
        people,
        lambda world, actor: ask(world, actor, profile, mode),
        expected,
    )

    assert found == []


def test_every_preset_has_a_row_in_both_states() -> None:
    covered = {(row["profile"], row["state"]) for row in RIGHTS}

    assert covered == {(name, state) for name in PROFILE_NAMES for state in ("on", "off")}
    assert OWN_PROFILE in PROFILE_NAMES


# Roles that only some may assign.


OPEN_TEAM = "open-team"
COLUMNS = {
    "account_manager": "Account manager email",
    "viewer": "defaultViewers",
    "workflow": "Workflow name",
}


def value_for(role: str) -> str:
    return OWN_WORKFLOW if role == "workflow" else SID.email


@pytest.fixture(scope="module")
def guarded(worlds: Worlds) -> Worlds:
    """A profile with every kind of role, open to everybody, and an import of each role with it."""
    world = worlds.back_to("on")
    pipeline = world.pipeline
    workflow = presets()["multi-with-workflow"]
    viewer = presets()["manager-and-viewers"]
    one = next(column for column in viewer.columns if column.role == "viewer")
    columns = (*(replace(column, is_required=False) for column in workflow.columns[1:]), one)
    team = replace(
        workflow,
        name=OPEN_TEAM,
        columns=(workflow.columns[0], *columns),
        roles={**workflow.roles, "viewer": viewer.roles["viewer"]},
    )
    pipeline.resources.tables.directory.put_profile(OWN, team)
    set_up(world, profiles=[*PROFILE_NAMES, OPEN_TEAM])
    for number, (role, label) in enumerate(COLUMNS.items()):
        body = f"External Id,{label}\r\nK00{number},{value_for(role)}\r\n".encode()
        created = world.uploaded(PEOPLE["admin"], OWN, body, OPEN_TEAM)
        pipeline.run(created)
        pipeline.clock.now += 1
        assert pipeline.item(created).state == "done"
        world.names[OWN][f"of {role}"] = pipeline.item(created).pk
    pipeline.forget()
    for role in COLUMNS:
        rules = {"assigned_by": ["Support"]}
        answer = world.ask(PEOPLE["admin"], "PUT", f"/roles/{role}", rules)
        assert answer.status == 200, answer.text
    worlds.snapshots["guarded"] = pipeline.memory.snapshot()
    return worlds


def ask_for_role(world: World, actor: Actor, role: str, action: str) -> str:
    """The answer of an action to a person who assigns the role."""
    value = value_for(role)
    match action:
        case "file":
            ticket = world.pipeline.ticket(profile=OPEN_TEAM, uploader=EMAILS[actor.name])
            body = f"External Id,{COLUMNS[role]}\r\nK011,{value}\r\n".encode()
            created = world.pipeline.put(f"in/{OWN}/{ticket}.csv", body)
            world.pipeline.run(created)
            return code_of(world, created)
        case "edit":
            edit = {"profile": OPEN_TEAM, "assign": {role: value}}
            return str(world.ask(actor, "PATCH", "/accounts/K011", edit).status)
        case "undo":
            name = world.names[OWN][f"of {role}"]
            return str(world.ask(actor, "POST", f"/imports/{name}/undo").status)
    which = {"account_ids": ["K011"]} if action == "reassign-ids" else {"held_by": EMAILS["sales"]}
    handing = {"profile": OPEN_TEAM, "role": role, "to": value, **which}
    return str(world.ask(actor, "POST", "/assignments", handing).status)


@pytest.mark.parametrize("action", marked(rows(ROLE_ACTIONS), "action"))
@pytest.mark.parametrize("row", marked(rows(ASSIGNED_BY), "role"))
def test_only_the_people_of_the_table_assign_a_role(guarded: Worlds, row: Row, action: Row) -> None:
    found = differences(
        guarded,
        "guarded",
        who(row, tuple(PEOPLE)),
        lambda world, actor: ask_for_role(world, actor, row["role"], action["action"]),
        action,
    )

    assert found == []
