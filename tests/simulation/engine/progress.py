"""What the long simulation has done so far, and the page that lists it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.simulation.engine.explore import Tally, as_json
from tests.simulation.engine.lambdas import ROOT

KEPT = ROOT / ".local" / "faults.json"
PAGE = ROOT / "tests" / "simulation" / "RESULTS.md"
# The files that a run depends on.
CODE = ("template.yaml", "functions", "layers/handover", "tests/kit", "tests/simulation")
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def code_now() -> str:
    """A short name of the code that runs depend on."""
    digest = hashlib.blake2b(digest_size=4)
    for part in CODE:
        for path in sorted([ROOT / part, *(ROOT / part).rglob("*.py")]):
            if path.is_file():
                digest.update(path.read_bytes())
    return digest.hexdigest()


class Progress:
    """Figures by name; `save` writes them and renews the page."""

    def __init__(self, known: dict[str, Any]) -> None:
        self._known = known

    @staticmethod
    def load(path: Path = KEPT) -> Progress:
        """The stored figures; none at first."""
        return Progress(json.loads(path.read_text()) if path.exists() else {})

    def begin(self, name: str, code: str) -> int:
        """The number of first faults of a scene and order that are done with this code.

        Figures of other code are kept apart, under its name.
        """
        known = self._known.get(name)
        if known is None:
            return 0
        if known.get("code") == code:
            return int(known["first_faults_done"])
        earlier = known.get("code", "earlier")
        self._known[f"{name}, code {earlier}"] = self._known.pop(name)
        return 0

    def add(self, name: str, code: str, done: int, of: int, tally: Tally) -> None:
        """Adds to an exploration that is done in parts, all of them with the same code."""
        before = self._known.get(name, {})
        figures = as_json(tally)
        for figure in ("runs", "known", "calls", "deliveries", "seconds", "violating"):
            figures[figure] += before.get(figure, 0)
        figures["kinds"] = sorted({*figures["kinds"], *before.get("kinds", [])})
        figures["pairs"] = max(figures["pairs"], before.get("pairs", 0))
        done_so_far = {"code": code, "first_faults_done": done, "first_faults": of}
        self._known[name] = figures | done_so_far
        self.save()

    def keep(self, name: str, tally: Tally) -> None:
        """Stores an exploration that was done at once."""
        self._known[name] = as_json(tally)
        self.save()

    def tell(self, name: str, text: str) -> None:
        """Stores another result, in words."""
        self._known[name] = {"text": text}
        self.save()

    def save(self) -> None:
        """Writes the figures to the file and to the page."""
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text(json.dumps(self._known, indent=1))
        if PAGE.exists():
            before, _, rest = PAGE.read_text().partition(BEGIN)
            _, _, after = rest.partition(END)
            PAGE.write_text(f"{before}{BEGIN}\n\n{self._table()}\n{END}{after}")

    def _table(self) -> str:
        lines = [
            "| sweep | runs | known | AWS calls | deliveries | kinds | violating | seconds |",
            "|---|---:|---:|---:|---:|---:|---:|---:|",
        ]
        words: list[str] = []
        for name, figures in self._known.items():
            if "text" in figures:
                words.append(f"- {name}: {figures['text']}")
                continue
            sweep = name
            if "first_faults" in figures:
                sweep = (
                    f"every pair, {name} ({figures['first_faults_done']:,} of "
                    f"{figures['first_faults']:,} first faults)"
                )
            lines.append(
                f"| {sweep} | {figures['runs']:,} | {figures.get('known', 0):,} | "
                f"{figures['calls']:,} | {figures['deliveries']:,} | "
                f"{len(figures['kinds'])} | {figures['violating']} | {figures['seconds']:,} |"
            )
        return "\n".join([*lines, "", *words]).rstrip() + "\n"
