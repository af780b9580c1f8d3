"""The memory of validation: the whole stage, from registering to the chunk messages.

`python -m tests.bench.memory FILE` validates a file and prints this process's peak in MiB.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench import pipeline, scan
from tests.bench.table import Topic, at_most
from tests.kit.memory_aws import install

MEBIBYTE = 1024 * 1024
BYTES_A_LINE_GOAL = 24.0
REPEATED_PER_MILLE = 1


def measure(*, quick: bool = False) -> Topic:
    """The peak for two sizes, and the memory of each additional line."""
    small, large = (400_000, 1_200_000) if quick else (1_000_000, 10_000_000)
    base, first, second = (_peak_mebibytes(lines) for lines in (1, small, large))
    each = (second - first) * MEBIBYTE / (large - small)
    rest = first - small * each / MEBIBYTE
    return Topic(
        "Peak memory of validation",
        ("lines", "peak MiB", "over an import of one line", "bytes/line", "goal", ""),
        (
            ("1", f"{base:,.0f}", "", "", "", ""),
            (f"{small:,}", f"{first:,.0f}", f"{first - base:,.0f}", "", "", ""),
            (
                f"{large:,}",
                f"{second:,.0f}",
                f"{second - base:,.0f}",
                f"{each:.1f}",
                *at_most(each, BYTES_A_LINE_GOAL, " bytes"),
            ),
        ),
        (
            (
                "Resident memory at its highest, of a fresh process that runs the whole stage: "
                "ranged reads, scan, repeats (one line in a thousand), plan, chunks, messages. The "
                "file lies on the disk; the other services are in the process and count."
            ),
            f"A constant of {rest:,.0f} MiB, Python and numpy included, and the bytes above.",
        ),
    )


def _peak_mebibytes(lines: int) -> float:
    with tempfile.TemporaryDirectory(prefix="handover-bench-") as folder:
        path = Path(folder) / "bench.csv"
        repeated = lines * REPEATED_PER_MILLE // 1000
        scan.write_file(path, lines=lines, quoted_percent=0, repeated=repeated)
        command = [sys.executable, "-m", "tests.bench.memory", str(path)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def _take_in(path: Path) -> None:
    stack = pipeline.pipeline()
    with install(stack.memory):
        pipeline.seed(stack, 1)
        arrival = pipeline.arrive(stack, "bench", path)
        pipeline.take(stack, arrival)
        item = stack.resources.tables.imports.find(arrival.import_id)
    if item is None or item.state != "processing":
        raise SystemExit(f"the import was not validated: {item and item.state}")


def _own_peak_mebibytes() -> float:
    # ru_maxrss would begin with the memory of the parent at the start of this process.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    _take_in(Path(sys.argv[1]))
    print(_own_peak_mebibytes())
