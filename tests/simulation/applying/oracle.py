"""What must hold of a race, judged only from bytes and items: nothing of the product is used.

A line is applied if and only if its account still was as the dry run had found it, and then exactly
as shown. Every other line changes nothing and says what has changed: the account or a user.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.kit.oracle.directory import Holders
from tests.kit.oracle.reports import EFFECTIVE, Row, results
from tests.simulation.applying.race import GUARD, Item, Race

ERRORS = frozenset({"rejected", "not_processed"})
UNAPPLIED = ERRORS | {"superseded"}
SINCE, SHOWED = "changed since the preview: ", "the preview showed: "
SAME = "the account was written again with the same values"
MADE = "the account was created"
_BY = re.compile(r" \(last by ([^ ,]+), ([^ )]+)\)$")
_CHANGE = re.compile(r"(?P<what>[^;]+?) was (?P<before>[^;]*?), is (?P<now>[^;]*?)$")
_TEXTS = ("name", "customer_id", "opco", "status")
# Why a user may not hold an account, by the code that rejects the line.
CODES = frozenset({"USER_NOT_FOUND", "USER_INACTIVE", "USER_ROLE", "OTHER_OPCO"})

Held = Mapping[str, Holders]


@dataclass
class Tally:
    """Races and the outcomes of their lines; `differences` are the violations."""

    races: int = 0
    touched: int = 0
    lines: int = 0
    applied: int = 0
    superseded: int = 0
    rejected: int = 0
    refused: int = 0
    stopped: int = 0
    held: int = 0
    differences: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Adds the figures of other races."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def __str__(self) -> str:
        return (
            f"{self.races:,} races, {self.touched:,} touched a previewed account between preview "
            f"and write; {self.lines:,} lines: {self.applied:,} applied, {self.superseded:,} "
            f"superseded, {self.rejected:,} rejected otherwise; {self.refused:,} files refused; "
            f"{self.stopped:,} files stopped, {self.held:,} held; "
            f"{len(self.differences)} undeclared differences"
        )


def judge(race: Race) -> Tally:
    """The figures of one race."""
    tally = Tally(
        races=1,
        touched=_is_touched(race),
        refused=race.state == "refused",
        stopped=race.is_stopped,
        held=race.is_held,
    )
    judged = _Judge(race)
    tally.differences = [f"{race.name}: {problem}" for problem in judged.problems(tally)]
    return tally


def _is_touched(race: Race) -> bool:
    """True when somebody else changed a previewed account before the import settled it."""
    return any(
        _name(change.new) in race.seen and _writer(change.new) != race.import_id
        for change in race.changes[: race.at_end]
        if _version(change.new) > _version(race.seen.get(_name(change.new)))
    )


class _Judge:
    """The expected result of a race."""

    def __init__(self, race: Race) -> None:
        self._race = race
        self._shown = _rows(race.shown)
        self._done = _rows(race.done) if race.done is not None else None
        self._own = {
            (_name(change.new), _line(change.new)): change
            for change in race.changes
            if _writer(change.new) == race.import_id
        }

    def problems(self, tally: Tally) -> Iterator[str]:
        if self._race.on_error and (problem := self._of_choice()):
            yield problem
        if self._race.is_stopped:
            return
        if self._done is None:
            if self._race.state != "refused" or self._own:
                yield f"no results, in the state {self._race.state}"
            return
        if self._done.keys() != self._shown.keys():
            yield "the two imports have other lines"
            return
        applied = {(_account(row), line) for line, row in self._done.items() if _has_effect(row)}
        if applied != self._own.keys():
            yield f"lines are reported as applied that were not, or the other way: {applied}"
            return
        for line, row in self._done.items():
            tally.lines += 1
            tally.applied += _has_effect(row)
            tally.superseded += row.outcome == "superseded"
            tally.rejected += row.outcome == "rejected" != self._shown[line].outcome
            for problem in self._of_line(line, row):
                yield f"line {line} ({_account(row)}): {problem}"

    def _of_choice(self) -> str:
        """What is wrong with a file being stopped or applied, or with its final state.

        `all_or_nothing` is judged at the check. When the file is applied, anything that has changed
        since makes it an error.
        """
        if self._race.on_error == GUARD:
            return self._of_guard()
        percent = 0 if self._race.on_error == "all_or_nothing" else 40
        failing = sum(row.outcome in UNAPPLIED for row in self._shown.values())
        is_short = failing * 100 > len(self._shown) * percent
        if is_short != self._race.is_stopped:
            return f"{failing} of {len(self._shown)} fail, {self._race.on_error}, and yet not so"
        if self._race.is_stopped:
            return "" if self._race.state == "error" else f"it is stopped and {self._race.state}"
        if self._done is None or self._race.state == "cancelled":
            return ""
        failed = [row.outcome for row in self._done.values() if row.outcome in UNAPPLIED]
        is_error = len(failed) * 100 > len(self._done) * percent or {*failed} & ERRORS
        expected = "error" if is_error else "done"
        return "" if self._race.state == expected else f"it is {self._race.state} with {failed}"

    def _of_guard(self) -> str:
        """What is wrong with a file waiting for an Admin: it must wait if it changes over 40 %."""
        if self._race.is_stopped:
            return "it is stopped, which nobody has asked for"
        if self._race.state in ("refused", "cancelled"):
            return ""
        changed = sum(_has_effect(row) for row in self._shown.values())
        is_above = changed * 100 > len(self._shown) * 40
        return "" if self._race.is_held == is_above else f"{changed} lines change, held or not"

    def _of_line(self, line: int, row: Row) -> Iterator[str]:
        shown, seen = self._shown[line], self._race.seen.get(_account(row))
        if row.fields != shown.fields:
            yield "its cells differ"
        if _has_effect(row):
            write = self._own[_account(row), line]
            if _result(row) != _result(shown):
                yield f"{_result(row)} was applied, {_result(shown)} was shown"
            if seen is None or _version(write.old) != _version(seen):
                yield "it was applied to an account that had changed"
            elif (changed := _changed(_held(write.old), _held(write.new))) != row.changes:
                yield f"the account changed by {changed}"
        elif _result(row) == _result(shown):
            yield from self._as_shown(row, seen)
        elif row.outcome == "superseded":
            yield from self._superseded(row, shown, seen)
        elif row.outcome == "rejected":
            if row.code not in CODES or len(self._race.users) == 1 or not row.message:
                yield f"it was rejected with {row.code} though no user has changed"
        elif row.outcome != "not_processed" or self._race.state != "cancelled":
            yield f"it is {row.outcome} and was shown as {shown.outcome}"

    def _as_shown(self, row: Row, seen: Item | None) -> Iterator[str]:
        """A line that changes nothing, as shown, was decided about the same account."""
        looked = self._race.looked.get(_account(row), set())
        if row.outcome == "unchanged" and _version(seen) not in looked:
            yield "it is unchanged, but of another version of the account"

    def _superseded(self, row: Row, shown: Row, seen: Item | None) -> Iterator[str]:
        later = [
            change.new
            for change in self._race.changes[: self._race.at_end]
            if _name(change.new) == _account(row)
            and _version(change.new) > _version(seen)
            and _writer(change.new) != self._race.import_id
        ]
        if row.message.startswith(SINCE):
            why = row.message.removeprefix(SINCE)
            if not any(_says(why, seen, item) for item in later):
                yield f"{why!r} is not what has changed"
        elif row.message.startswith(SHOWED):
            if len(self._race.users) == 1 and not self._was_late(seen):
                yield "it is said to come out otherwise though no user has changed"
            if not row.message.startswith(SHOWED + shown.outcome):
                yield f"{row.message!r} is not what was shown"
        else:
            yield f"it is superseded and says {row.message!r}"

    def _was_late(self, seen: Item | None) -> bool:
        """True when something newer than the dry run had already decided a role.

        The import that applies the dry run is newer still, so it may decide the role again.
        """
        orders = seen["orders"]["M"].values() if seen is not None else ()
        return any(order["S"] > self._race.dry_run_order for order in orders)


def _says(why: str, seen: Item | None, now: Item | None) -> bool:
    """True when the message names the difference between the two states of an account."""
    by = _BY.search(why)
    if by is not None:
        mark = _last_mark(now)
        if mark is None or (by[1], by[2]) != (mark["actor"]["S"], mark["at"]["S"]):
            return False
        why = why[: by.start()]
    if seen is None:
        return why == MADE
    before, after = _held(seen), _held(now)
    differing = {role.removeprefix("#"): change for role, change in _changed(before, after).items()}
    if why == SAME:
        return not differing
    effects: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for part in why.split("; "):
        found = _CHANGE.fullmatch(part)
        if found is None:
            return False
        effects[found["what"]] = _users(found["before"]), _users(found["now"])
    return effects == differing


def _users(text: str) -> tuple[str, ...]:
    return () if text in ("nobody", "empty") else tuple(text.split(", "))


def _has_effect(row: Row) -> bool:
    return row.outcome in EFFECTIVE


def _account(row: Row) -> str:
    return row.fields[0]


def _result(row: Row) -> tuple[object, ...]:
    """The result of the line, without its message."""
    return row.outcome, row.changes, row.code


def _rows(body: bytes) -> dict[int, Row]:
    return {row.line: row for row in results(body)}


def _changed(before: Held, after: Held) -> dict[str, tuple[Holders, Holders]]:
    """The differences between two states of an account."""
    known = before.keys() | after.keys()
    both = {role: (before.get(role, ()), after.get(role, ())) for role in known}
    return {role: (old, new) for role, (old, new) in both.items() if old != new}


def _held(item: Item | None) -> dict[str, tuple[str, ...]]:
    """The assignments and fields of an account."""
    if item is None:
        return {}
    held = {role: _list(users) for role, users in item["assigned"]["M"].items()}
    held |= {f"#{name}": (item[name]["S"],) for name in _TEXTS if item[name]["S"]}
    held["#portals"] = _list(item["portals"])
    return {role: users for role, users in held.items() if users}


def _list(value: Any) -> tuple[str, ...]:
    return tuple(one["S"] for one in value["L"])


def _name(item: Item | None) -> str:
    return str(item["pk"]["S"]).partition("#")[2] if item is not None else ""


def _version(item: Item | None) -> int:
    return int(item["version"]["N"]) if item is not None else 0


def _last_mark(item: Item | None) -> Any:
    """The receipt of the write that made this version; None when it changed no holders."""
    marks = [mark["M"] for mark in item["marks"]["L"]] if item is not None else []
    return next((one for one in marks if int(one["version"]["N"]) == _version(item)), None)


def _writer(item: Item | None) -> str:
    mark = _last_mark(item)
    return str(mark["import"]["S"]) if mark is not None else ""


def _line(item: Item | None) -> int:
    mark = _last_mark(item)
    return int(mark["line"]["N"]) if mark is not None else 0
