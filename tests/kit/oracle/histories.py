"""A checker of histories: answers and announcements must fit one order of events.

In the manner of Elle (https://github.com/jepsen-io/elle): accounts are registers whose history
tells each write with what stood before it, so the order of writes is read off and not searched.
A contradiction is a sentence; no contradiction is an empty list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.kit.oracle.directory import Holders
from tests.kit.oracle.reports import EFFECTIVE, WORKED, Changes


@dataclass(frozen=True)
class Decision:
    """An acknowledged decision of `by`, an import or an edit, with the answer to its author.

    `order` is its place among all decisions. `target` are the requested holders.
    """

    by: str
    order: str
    account: str
    target: Holders
    outcome: str
    before: Holders = ()
    after: Holders = ()


@dataclass(frozen=True)
class Entry:
    """One entry of an account's history: which line of which import, or which edit, made it."""

    version: int
    by: str
    changes: Changes
    line: int = 0


@dataclass(frozen=True)
class Read:
    """A read of an account; `not_before` is the version known at the request."""

    account: str
    version: int
    holders: Holders
    not_before: int = 0


@dataclass(frozen=True)
class Observed:
    """All observations of one role of an account, from its first state to its last."""

    account: str
    role: str
    first: Holders
    last: Holders
    entries: Sequence[Entry]
    decisions: Sequence[Decision]
    reads: Sequence[Read]


def contradictions(seen: Observed) -> list[str]:
    """The contradictions to a sequential execution in the order of the imports."""
    return [
        *chain({seen.role: seen.first}, seen.entries, {seen.role: seen.last}),
        *_effects(seen),
        *_last_word(seen),
        *_reads(seen),
    ]


def chain(
    first: Mapping[str, Holders], entries: Sequence[Entry], last: Mapping[str, Holders]
) -> Iterator[str]:
    """Gaps between the first state and the last, where an entry does not begin at the end of
    another.

    What the directory says of an account ("#name", say) is compared where an entry changes it.
    """
    stands, version = dict(first), 0
    touched = {role for role in first if not role.startswith("#")}
    for entry in entries:
        if entry.version <= version:
            yield f"version {entry.version} comes after version {version}"
        version = entry.version
        for role, (before, after) in entry.changes.items():
            if before != stands.get(role, ()):
                yield f"version {version}: {before} before, {stands.get(role, ())} stood there"
            if before == after:
                yield f"version {version} leaves {role} as it was"
            stands[role] = after
            touched.add(role)
    for role in touched:
        if stands[role] != last.get(role, ()):
            yield f"the history ends with {stands[role]}, the account with {last.get(role, ())}"


def _effects(seen: Observed) -> list[str]:
    """Each effective decision has one entry with the same change; each entry has a decision."""
    acknowledged = Counter(
        (one.by, one.before, one.after) for one in seen.decisions if one.outcome in EFFECTIVE
    )
    kept = Counter((entry.by, *entry.changes[seen.role]) for entry in seen.entries)
    return [
        *(f"announced but not in the history: {one}" for one in acknowledged - kept),
        *(f"in the history but announced by nobody: {one}" for one in kept - acknowledged),
    ]


def _last_word(seen: Observed) -> list[str]:
    """The decision with the last place decides who holds the account in the end."""
    deciding = [one for one in seen.decisions if one.outcome in WORKED]
    if not deciding:
        return [] if seen.last == seen.first else ["nobody decided, and yet something changed"]
    last = max(deciding, key=lambda one: one.order)
    found = []
    if last.target != seen.last:
        found.append(f"{last.by} has the last place and asked for {last.target}; {seen.last} holds")
    if last.outcome == "superseded":
        found.append(f"{last.by} has the last place and is said to be superseded")
    return found


def _reads(seen: Observed) -> list[str]:
    """A read shows a real state: never older than known at the request, or than an earlier read."""
    found: list[str] = []
    known = 0
    for read in seen.reads:
        before = [entry for entry in seen.entries if entry.version <= read.version]
        stood = before[-1].changes[seen.role][1] if before else seen.first
        if read.holders != stood:
            found.append(f"version {read.version} was read as {read.holders}, it was {stood}")
        if read.version < max(known, read.not_before):
            found.append(f"version {read.version} was read after version {known} was known")
        known = max(known, read.version)
    return found
