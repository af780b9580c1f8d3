"""Single edits in the independent model: the result of each, and its place among the imports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.kit.oracle.line_requests import LineRequest
from tests.kit.oracle.rules import codes_between
from tests.simulation.engine import scene as the_scene
from tests.simulation.engine.world import Edit, RecordWrite, World

# Orders have times in milliseconds.
MIN_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Effect:
    """What an edit has stored for the roles that it decided, at its place in the order of all."""

    edit: Edit
    name: str
    place: float
    targets: Mapping[str, tuple[str, ...]]
    changes: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]

    def may_follow(self, at: float) -> bool:
        """True of an upload during the edit: either of the two may be the first."""
        return self.place < at <= self.edit.ended_at


def effects_of(world: World) -> list[Effect]:
    """What every edit has stored, in the order of the requests."""
    return [
        _effect(edit, write)
        for edit in world.edits
        for write in world.account_writes
        if write.run is not None and write.run.edit is edit
    ]


def check(world: World, effects: list[Effect]) -> Iterator[str]:
    """Checks that every answer matches the edit's result, which took effect at most once."""
    for edit in world.edits:
        stored = [effect for effect in effects if effect.edit is edit]
        request = LineRequest(1, (), edit.account, edit.targets)
        if len(stored) > 1 or len(stored) < (edit.status == 200):
            yield f"I8 an edit answered with {edit.status} wrote {len(stored)} times"
        for effect in stored:
            after = effect.place - edit.began_at
            if not -MIN_SECONDS <= after <= edit.ended_at - edit.began_at + MIN_SECONDS:
                yield f"I7 an edit of {edit.account} took the place {effect.place}"
        match edit.status:
            case 200:
                pass
            case 409:
                later = [one for one in world.uploads.values() if one.at >= edit.began_at]
                if not later:
                    yield f"I7 an edit of {edit.account} yielded to nothing"
            case 422:
                # The account is looked up before the users, and again when it has changed.
                codes = codes_between(request, the_scene.HOME, world.directory)
                codes |= codes_between(request, the_scene.HOME, world.directory[::-1])
                if stored or not any(codes):
                    yield f"I4 an edit of {edit.account} was rejected"
            case 0 | 500 | 503 if len(world.applied) > 1:
                pass
            case other:
                yield f"I3 an edit of {edit.account} was answered with {other}"


def _effect(edit: Edit, write: RecordWrite) -> Effect:
    orders = {role: order["S"] for role, order in write.new["orders"]["M"].items()}
    before = {role: order["S"] for role, order in write.old["orders"]["M"].items()}
    decided = [role for role in edit.targets if orders[role] != before.get(role)]
    place, _, name = orders[decided[0]].partition("#")
    return Effect(
        edit,
        name,
        datetime.fromisoformat(place).timestamp(),
        {role: edit.targets[role] for role in decided},
        {
            role: (_users(write.old, role), _users(write.new, role))
            for role in decided
            if _users(write.old, role) != _users(write.new, role)
        },
    )


def _users(item: Mapping[str, Any], role: str) -> tuple[str, ...]:
    return tuple(user["S"] for user in item["assigned"]["M"].get(role, {"L": []})["L"])
