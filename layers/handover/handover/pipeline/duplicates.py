"""Conflicting lines, resolved for the whole file and stored for its chunks.

Two values may appear only once in a file: the account or user of a line and, among users, a login
name. A worker sees one chunk and cannot detect this; its result would depend on which chunk ran
first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from msgspec.structs import replace

from handover.aws import objects
from handover.deadline import Deadline
from handover.model import Duplicates, Line, Repeat
from handover.pipeline.import_plan import ImportPlan, logins_key, repeats_json, repeats_key
from handover.profiles.columns import Binding
from handover.profiles.fields import LOGIN_NAME
from handover.profiles.profile import Profile
from handover.reading.keys import KeyColumn, KeyHasher, refill
from handover.reading.repeats import repeats
from handover.reading.scan import Scan
from handover.reading.windows import windows
from handover.rules.addresses import normal_login
from handover.rules.understanding import Meaning, canonical, canonical_login
from handover.runtime import Resources
from handover.store.chunks import PlannedChunk

Found = Iterable[tuple[int, Repeat]]


def store_repeats(
    resources: Resources,
    import_id: str,
    plan: ImportPlan,
    scanned: Scan,
    seed: int,
    deadline: Deadline,
) -> list[PlannedChunk]:
    """The chunks with the number of their repeats, after storing the repeats.

    Consumes the scan's hashes. Validating the file again stores the same repeats.
    """
    keys = _stored(resources, import_id, repeats_key, _of_keys(plan, scanned, deadline))
    logins = _stored(resources, import_id, logins_key, _of_logins(plan, scanned, seed, deadline))
    return [
        PlannedChunk(chunk, keys.get(chunk.number, 0), logins.get(chunk.number, 0))
        for chunk in scanned.chunks
    ]


def _of_keys(plan: ImportPlan, scanned: Scan, deadline: Deadline) -> Found:
    """The lines that do not apply because another line is about the same account or user."""
    return _repeats(plan, scanned, deadline, canonical, plan.profile.duplicates)


def _of_logins(plan: ImportPlan, scanned: Scan, seed: int, deadline: Deadline) -> Found:
    """The lines that ask for a login name that a line of another user asks for too."""
    column = plan.binding.role_of(LOGIN_NAME)
    if column is None:
        return
    again = windows(_blocks(plan, scanned, deadline), dialect=plan.dialect, header=plan.header)
    hasher = KeyHasher(KeyColumn(column.index, seed, normal_login), plan.dialect)
    # These replace the consumed hashes, so a line takes no more bytes than before.
    refill(scanned.hashes, again, hasher, plan.header)
    # The choice of the profile does not matter for login names: neither of two users can be
    # preferred.
    found = _repeats(plan, scanned, deadline, canonical_login, Duplicates.REJECT)
    for chunk, repeat in found:
        if repeat.is_conflict:
            yield chunk, replace(repeat, is_login=True)


def _repeats(
    plan: ImportPlan,
    scanned: Scan,
    deadline: Deadline,
    meaning_of: Callable[[Line, Binding, Profile], Meaning | None],
    duplicates: Duplicates,
) -> Found:
    """The lines that do not apply because another line has the same key; consumes the hashes."""
    return repeats(
        scanned,
        read=lambda: _blocks(plan, scanned, deadline),
        header=plan.header,
        canonical=lambda line: meaning_of(line, plan.binding, plan.profile),
        duplicates=duplicates,
    )


def _blocks(plan: ImportPlan, scanned: Scan, deadline: Deadline) -> Iterator[bytes]:
    return objects.blocks(plan.upload, plan.header.data_start, scanned.end, deadline)


def _stored(
    resources: Resources, import_id: str, key_of: Callable[[str, int], str], found: Found
) -> dict[int, int]:
    """How many repeats each chunk has, after storing them; chunks without any are left out."""
    counts: dict[int, int] = {}
    for chunk, numbered in groupby(found, key=itemgetter(0)):
        of_chunk = [repeat for _, repeat in numbered]
        counts[chunk] = len(of_chunk)
        objects.write(
            resources.work_bucket,
            key_of(import_id, chunk),
            repeats_json(of_chunk),
            "application/json",
        )
    return counts
