"""Changes without a visible effect, each with the reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A change by its place (`Mutation.name`), and why no test can or should find it."""

    module: str
    scope: str
    old: str
    new: str
    reason: str
    nth: int = 1

    @property
    def name(self) -> tuple[str, str, str, str, int]:
        """The name of the mutation."""
        return self.module, self.scope, self.old, self.new, self.nth


# The maximum in a sample, so that survivors get a test before they are called equivalent.
MAX_OF_A_SAMPLE = 0.15

EQUIVALENTS: tuple[Equivalent, ...] = (
    Equivalent(
        "reading/csv_lines.py",
        "_Check._wrong_count",
        "found > expected",
        "(found >= expected)",
        "It is called only for a line whose number of fields differs from the header.",
    ),
    Equivalent(
        "use_cases/accounts.py",
        "_page",
        "limit - len(rows)",
        "(limit + len(rows))",
        "The slice saves telling rows that have no room; where the page ends is Room's to say.",
    ),
    Equivalent(
        "profiles/matching/keys.py",
        "as_account",
        "found <= PARTIES | IDS | {Concept.EXTERNAL, Concept.RECORD}",
        "(found < PARTIES | IDS | {Concept.EXTERNAL, Concept.RECORD})",
        "They differ only for a label that means all of these at once, which no label does.",
    ),
    Equivalent(
        "use_cases/accounts.py",
        "",
        "1000",
        "(999)",
        "How many holders are read at a time decides the calls; the rows are the same.",
    ),
    Equivalent(
        "use_cases/accounts.py",
        "",
        "1000",
        "(1001)",
        "How many holders are read at a time decides the calls; the rows are the same.",
    ),
    Equivalent(
        "store/tickets.py",
        "Tickets.cancel",
        "[TicketItem.cancel_reason.set(reason)] if reason else []",
        "([TicketItem.cancel_reason.set(reason)])",
        "A reason without text is shown as none is: whoever reads the ticket leaves it out.",
    ),
    Equivalent(
        "store/imports.py",
        "Imports.cancel",
        "[ImportItem.cancel_reason.set(reason)] if reason else []",
        "([ImportItem.cancel_reason.set(reason)])",
        "A reason without text is shown as none is: whoever reads the import leaves it out.",
    ),
    Equivalent(
        "reading/clearing.py",
        "ClearingCounter._short",
        "low * _SPREAD",
        "(low // _SPREAD)",
        "It only groups equal fields; those of one group that differ are judged one by one.",
    ),
    Equivalent(
        "reading/clearing.py",
        "ClearingCounter._long_words",
        "lengths <= 3 * self._longest_word",
        "(lengths < 3 * self._longest_word)",
        "No word is as long: its letters take up to three bytes, but guard and quotes take one.",
    ),
)
