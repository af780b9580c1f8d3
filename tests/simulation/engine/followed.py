"""Imports that apply or correct another, at the end: their effects were shown or requested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from tests.kit.oracle.line_requests import LineRequest
from tests.kit.oracle.reports import EFFECTIVE, Row
from tests.simulation.engine import scene as the_scene
from tests.simulation.engine.world import Uploaded, World

# The outcomes that a line may have instead of the one that was shown.
_OTHERWISE = frozenset({"superseded", "rejected", "not_processed"})


class Done(Protocol):
    """The part of an upload and its results that is checked here."""

    @property
    def uploaded(self) -> Uploaded: ...
    @property
    def item(self) -> Mapping[str, Any]: ...
    @property
    def lines(self) -> Sequence[tuple[LineRequest, Row]]: ...


def check(world: World, done: Sequence[Done]) -> Iterator[str]:
    """What must hold of imports that apply or correct another."""
    of_id = {one.uploaded.import_id: one for one in done}
    following = [one for one in done if "follows" in one.item]
    for suffix in ("apply", "corrections"):
        keys = {
            one.uploaded.key for one in following if is_bound(one.uploaded) == (suffix == "apply")
        }
        request = sum(
            count for path, count in world.requests.items() if path.endswith(f"/{suffix}")
        )
        if len(keys) > request:
            yield f"I1 {request} requests for {suffix} came to {len(keys)} files"
    for one in following:
        if not is_bound(one.uploaded):
            if one.uploaded.body != the_scene.FIXED:
                yield f"I7 the corrected lines are {one.uploaded.body!r}"
        elif one.lines:
            yield from _applied(world, of_id[one.item["follows"]["S"]], one)


def is_bound(uploaded: Uploaded) -> bool:
    """True of an import that may do only what a dry run has shown."""
    return uploaded.points_to is not None


def _applied(world: World, dry_run: Done, one: Done) -> Iterator[str]:
    shown = {request.line: row for request, row in dry_run.lines}
    for request, row in one.lines:
        before, place = shown[request.line], f"line {request.line} of an applied dry run"
        if row.outcome in EFFECTIVE and (row.outcome, row.changes) != (
            before.outcome,
            before.changes,
        ):
            yield f"I7 {place} made {row.changes}, shown were {before.changes}"
        if row.outcome in EFFECTIVE and not _was_as_requested(world, one, request):
            yield f"I7 {place} was applied to an account that had changed"
        # Lines that the dry run left undone may still be wrong by the file alone.
        if row.outcome == before.outcome or before.outcome == "not_processed":
            continue
        if row.outcome not in _OTHERWISE:
            yield f"I7 {place} is {row.outcome}, shown was {before.outcome}"
        if not row.message:
            yield f"I7 {place} is {row.outcome} and does not say what has changed"
        if row.outcome != "not_processed" and not _has_changed(world, one, request):
            yield f"I7 {place} is {row.outcome} though nothing has changed"


def _was_as_requested(world: World, one: Done, request: LineRequest) -> bool:
    """True when the account still had its version from the request to apply the dry run."""
    key = f"{one.uploaded.tenant}#{request.account}"
    return all(
        int(write.old["version"]["N"]) == world.versions_at_request[key]
        for write in world.account_writes
        if write.key == key
        and write.run is not None
        and write.run.import_id == one.uploaded.import_id
        and write.old["assigned"] != write.new["assigned"]
    )


def _has_changed(world: World, one: Done, request: LineRequest) -> bool:
    """True when somebody else wrote the account, or the directory changed."""
    key = f"{one.uploaded.tenant}#{request.account}"
    return len(world.directory) > 1 or any(
        write.key == key and (write.run is None or write.run.import_id != one.uploaded.import_id)
        for write in world.account_writes
    )
