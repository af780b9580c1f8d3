"""Previews: the decisions of a dry run, line by line, kept for the import that applies it.

A dry run stores the previews of a chunk beside its parts. The import that applies it may have other
chunks, so validation stores an index of which preview holds which lines.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from handover.aws import objects
from handover.deadline import Deadline
from handover.errors import RefusedError, RetryLaterError
from handover.model import Account, Line, Outcome, RoleChange
from handover.pipeline.import_plan import ImportPlan, plan_from, previews_index_key, previews_key
from handover.pipeline.planners import Planner
from handover.rules.applying import Preview, changed_since, is_as_previewed, only_previewed
from handover.rules.decision import Decision, WriteContext
from handover.rules.instructions import Instruction
from handover.rules.precedence import already_done
from handover.runtime import Resources
from handover.store.directory_records import Records


def previews_bytes(previews: Mapping[int, Preview]) -> bytes:
    """The previews by line as they are stored: a thousand lines take some 30 KB."""
    rows = [
        [
            line,
            one.version,
            one.outcome.value,
            one.code,
            [[change.role, change.before, change.after] for change in one.changes],
            one.held,
        ]
        for line, one in previews.items()
    ]
    return zlib.compress(json.dumps(rows, separators=(",", ":")).encode(), level=1)


def previews_from(body: bytes) -> dict[int, Preview]:
    """The previews that were stored, by line."""
    return {
        line: Preview(
            version,
            Outcome(outcome),
            tuple(RoleChange(role, tuple(had), tuple(has)) for role, had, has in changes),
            code,
            {role: tuple(users) for role, users in held.items()},
        )
        for line, version, outcome, code, changes, held in json.loads(zlib.decompress(body))
    }


def bind_to_preview(
    resources: Resources, import_id: str, plan: ImportPlan, preview_of: str
) -> ImportPlan:
    """The plan that applies only what the dry run has shown; stores the index of its previews.

    Raises RefusedError when the profile or the mapping has changed since the dry run. The index is
    the same whenever it is stored, because a dry run that has ended does not change.
    """
    imports = resources.tables.imports
    body = imports.plan(preview_of)
    if body is None:
        raise RetryLaterError("the plan of the dry run is not there")
    previewed = plan_from(body)
    if (previewed.profile, previewed.mapping) != (plan.profile, plan.mapping):
        raise RefusedError(
            "PREVIEW_OUTDATED",
            f"the profile {plan.profile.name} has changed since the dry run; make another one",
        )
    index = [
        [chunk.first_line, previews_key(preview_of, chunk.number, chunk.attempt)]
        for chunk in resources.tables.chunks.settled_chunks(preview_of)
    ]
    stored = json.dumps(index, separators=(",", ":")).encode()
    objects.write(resources.work_bucket, previews_index_key(import_id), stored, "application/json")
    return replace(plan, preview_of=preview_of)


def previews_for(resources: Resources, import_id: str, lines: Sequence[Line]) -> dict[int, Preview]:
    """The previews of these lines, which are in the order of the file.

    Raises RetryLaterError when they are missing.
    """
    if not lines:
        return {}
    stored = objects.read(resources.work_bucket, previews_index_key(import_id))
    if stored is None:
        raise RetryLaterError("the index of the previews is not there")
    index: list[tuple[int, str]] = [(first, key) for first, key in json.loads(stored)]
    found: dict[int, Preview] = {}
    for place, (first_line, key) in enumerate(index):
        next_first = index[place + 1][0] if place + 1 < len(index) else None
        begins_later = first_line > lines[-1].number
        ends_before = next_first is not None and next_first <= lines[0].number
        if begins_later or ends_before:
            continue
        body = objects.read(resources.work_bucket, key)
        if body is None:
            raise RetryLaterError("the previews of these lines are not there")
        found |= previews_from(body)
    return found


class PreviewedPlanner(Struct, frozen=True):
    """Changes an account only where and as the previews, by line, say.

    A line that already took effect keeps it.
    """

    planner: Planner
    previews: Mapping[int, Preview]
    context: WriteContext

    @property
    def store(self) -> Records:
        """Where the records of the lines are read and written."""
        return self.planner.store

    def decide(
        self, asked: Mapping[int, Instruction], found: Mapping[str, Account], deadline: Deadline
    ) -> dict[int, Decision]:
        """The decision on each line; looks up nothing for a line whose account has changed."""
        same = {
            place: one
            for place, one in asked.items()
            if is_as_previewed(self.previews.get(one.line), found.get(one.record_id))
        }
        decided = self.planner.decide(same, found, deadline)
        return {
            place: self._bound(one, found.get(one.record_id), decided.get(place))
            for place, one in asked.items()
        }

    def _bound(
        self, one: Instruction, record: Account | None, decision: Decision | None
    ) -> Decision:
        done = already_done(one, record, self.context) if record is not None else None
        if done is not None:
            return done
        preview = self.previews.get(one.line)
        if preview is None or decision is None:
            return changed_since(preview, record)
        return only_previewed(decision, preview)
