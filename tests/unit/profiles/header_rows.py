"""Header rows of exports with the columns that they mean, and how well the matcher finds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from handover.profiles.matching import How, match_columns
from handover.profiles.presets import presets
from handover.profiles.profile import Holds, Profile, Role

HEADERS = Path(__file__).parent / "headers"
ROLES = ("Account Manager", "CSM", "Sales Rep")


@dataclass(frozen=True)
class HeaderRow:
    """One row: for each label a sample value ("" for none) and the profile's column, or None."""

    profile: Profile
    labels: tuple[str, ...]
    samples: tuple[str, ...]
    meant: tuple[str | None, ...]


@dataclass
class Score:
    """The results for the columns of many header rows; `meant` counts those with a meaning."""

    columns: int = 0
    meant: int = 0
    sure: int = 0
    proposed: int = 0
    right: int = 0
    missed: list[str] = field(default_factory=list)
    wrongly_sure: list[str] = field(default_factory=list)
    proposals: list[str] = field(default_factory=list)

    @property
    def sure_percent(self) -> float:
        """The percentage of meaningful columns that map correctly without a question."""
        return 100 * self.sure / self.meant

    @property
    def found_percent(self) -> float:
        """The percentage of them that map correctly or are proposed correctly."""
        return 100 * (self.sure + self.proposed) / self.meant

    @property
    def all_right_percent(self) -> float:
        """The percentage of all columns that are right without a question."""
        return 100 * self.right / self.columns

    def __str__(self) -> str:
        return (
            f"{self.meant} meaningful columns of {self.columns}: right without a question "
            f"{self.sure_percent:.1f} %, right or proposed {self.found_percent:.1f} %, wrongly "
            f"sure {len(self.wrongly_sure)}; of all columns right without a question "
            f"{self.all_right_percent:.1f} %"
        )


def header_rows(name: str) -> list[HeaderRow]:
    """The rows of a file of `headers`; `held_out.txt` begins with how they are written."""
    text = (HEADERS / name).read_text(encoding="utf-8")
    return [_row(line) for line in text.splitlines() if line and not line.startswith("#")]


def score_of(rows: Sequence[HeaderRow]) -> Score:
    """How well the matcher finds the columns of the rows."""
    score = Score()
    for row in rows:
        found = match_columns(row.labels, [row.samples], row.profile, remembered={})
        for match, meant in zip(found, row.meant, strict=True):
            text = f"{row.profile.name}: {match.header!r} is {meant!r}, found {match.column!r} "
            text += f"{match.how} in {' | '.join(row.labels)}"
            score.columns += 1
            score.meant += meant is not None
            score.right += (match.how.is_sure or match.how is How.NONE) and match.column == meant
            if match.how.is_sure and match.column != meant:
                score.wrongly_sure.append(text)
            elif meant is not None and match.column != meant:
                score.missed.append(text)
            elif meant is not None:
                score.sure += match.how.is_sure
                score.proposed += match.how is How.NEAR
                score.proposals += [text] * (match.how is How.NEAR)
    return score


def _row(line: str) -> HeaderRow:
    name, _, rest = line.partition(": ")
    profile = presets()[name].with_roles(Role(role, 1) for role in ROLES)
    cells = [_cell(cell) for cell in rest.split(" | ")]
    labels, samples, codes = zip(*cells, strict=True)
    return HeaderRow(profile, labels, samples, tuple(_column(profile, code) for code in codes))


def _cell(text: str) -> tuple[str, str, str]:
    rest, _, code = text.partition(" = ")
    label, _, sample = rest.partition(" ~ ")
    return label.strip(), sample.strip(), code.strip()


def _column(profile: Profile, code: str) -> str | None:
    """The label of the profile's column of that code, None for no code; raises StopIteration."""
    if not code or code in {column.label for column in profile.columns}:
        return code or None
    role = {"am": "account_manager", "viewers": "viewer"}.get(code, code)
    return next(
        column.label
        for column in profile.columns
        if column.role == role or (column.holds in (Holds.ACCOUNT, Holds.USER) and code == "id")
    )
