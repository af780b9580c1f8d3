"""The speed and memory of the scan, beside csv.reader over the same file in the same run.

`python -m tests.bench.scan [LINES ...]` prints the table; figures depend on the machine, ratios
hardly do. Nothing here is a test.
"""

from __future__ import annotations

import csv
import gc
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from handover.model import Chunk, Dialect, Duplicates, Header, Line
from handover.reading.clearing import Clearing
from handover.reading.csv_lines import lines as read_lines
from handover.reading.keys import KeyColumn
from handover.reading.repeats import repeats
from handover.reading.scan import Scan, Sizes, scan
from handover.reading.sniff import read_head

KNOWN_LABELS = ("account ID", "account Manager")
BLOCK_BYTES = 256 * 1024
CHUNK_BYTES = 8 * 1024 * 1024
ROUNDS = 3
SPEED_LINES = 3_000_000
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement; `times_baseline` is its speed relative to the named baseline."""

    what: str
    file: str
    lines: int
    seconds: float
    mebibytes_per_second: float
    times_baseline: float | None
    baseline: str
    peak_mebibytes: float | None = None


def write_file(path: Path, *, lines: int, quoted_percent: int, repeated: int = 0) -> None:
    """A file of accounts, managers and notes; `repeated` of its lines name an earlier account."""
    chance = random.Random(20)
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write("account ID,account Manager,note\n")
        for number in range(lines):
            account = chance.randrange(number) if chance.random() * lines < repeated else number
            manager = f"user{chance.randrange(400)}@opco{account % 7}.example.com"
            note = f"moved in quarter {number % 4 + 1}"
            if chance.randrange(100) < quoted_percent:
                note = f'"{note}, with ""{account % 90}"" contracts"'
            file.write(f"C{account:08d},{manager},{note}\n")


def blocks(path: Path, start: int = 0) -> Iterator[bytes]:
    """The file's bytes from `start` on, as a download gives them."""
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        while block := file.read(BLOCK_BYTES):
            yield block


def head_of(path: Path) -> tuple[Dialect, Header]:
    """The file's dialect and header."""
    with path.open("rb") as file:
        head = file.read(BLOCK_BYTES)
    return read_head(
        head,
        total_bytes=path.stat().st_size,
        known_labels=KNOWN_LABELS,
        fallback_encoding=None,
    )


def read_with_csv(path: Path) -> int:
    """The baseline: csv.reader's full pass. Returns the number of lines."""
    with path.open(newline="", encoding="utf-8", buffering=BLOCK_BYTES) as file:
        reader = csv.reader(file)
        deque(reader, maxlen=0)
        return reader.line_num


def scan_file(path: Path, *, counts_clearing: bool = False) -> Scan:
    """The whole scan, with the guard against clearing or without."""
    dialect, header = head_of(path)
    return scan(
        blocks(path, header.data_start),
        dialect=dialect,
        header=header,
        key=KeyColumn(0, seed=1),
        sizes=Sizes(CHUNK_BYTES, 100_000),
        clearing=Clearing((1,), _is_clearing) if counts_clearing else None,
    )


def _is_clearing(value: str) -> bool:
    return value.strip().casefold() in {"", "none"}


def read_chunks(path: Path, chunks: tuple[Chunk, ...]) -> None:
    """Reads the file as all workers together do: chunk by chunk, line by line."""
    dialect, header = head_of(path)
    with path.open("rb") as file:
        for chunk in chunks:
            file.seek(chunk.start)
            data = file.read(chunk.end - chunk.start)
            deque(read_lines(data, chunk=chunk, dialect=dialect, header=header), maxlen=0)


def _canonical(line: Line) -> tuple[str, tuple[str, ...]] | None:
    account = line.fields[0].strip()
    return (account, (line.fields[1].strip(),)) if account else None


def settle(path: Path) -> int:
    """Scan and repeats. Returns the number of lines that do not apply."""
    _dialect, header = head_of(path)
    found = scan_file(path)
    settled = repeats(
        found,
        read=lambda: blocks(path, header.data_start),
        header=header,
        canonical=_canonical,
        duplicates=Duplicates.REJECT,
    )
    return sum(1 for _ in settled)


def settle_with_dict(path: Path) -> int:
    """The simple way: csv.reader and a dict of every account. Returns the same number."""
    seen: dict[str, list[tuple[int, str]]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader)
        for row in reader:
            seen.setdefault(row[0].strip(), []).append((reader.line_num, row[1].strip()))
    losers = 0
    for places in seen.values():
        if len(places) > 1:
            losers += len(places) - (len({manager for _line, manager in places}) == 1)
    return losers


def _seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    times = []
    for _ in range(rounds):
        gc.collect()
        # Processor time: other work on the machine matters less, and files are cached.
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return statistics.median(times)


def _peak_mebibytes(what: str, path: Path) -> float:
    """Peak memory of a new process that does the work, less that of one that only imports."""
    peaks = []
    for work in ("nothing", what):
        command = [sys.executable, "-m", "tests.bench.scan", "--peak", work, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(float(done.stdout))
    return peaks[1] - peaks[0]


def measure_speed(folder: Path, *, lines: int) -> list[Row]:
    """csv.reader and scan on an unquoted and a 20 % quoted file."""
    found = []
    for name, percent in (("unquoted", 0), ("20 % quoted", 20)):
        path = folder / f"speed-{percent}.csv"
        write_file(path, lines=lines, quoted_percent=percent)
        size = path.stat().st_size / MEBIBYTE
        baseline = _seconds(lambda path=path: read_with_csv(path))  # type: ignore[misc]
        chunks = scan_file(path).chunks
        works: list[tuple[str, Callable[[], object]]] = [
            ("scan and key hash", lambda path=path: scan_file(path)),  # type: ignore[misc]
            (
                "the same, counting clearing lines",
                lambda path=path: scan_file(path, counts_clearing=True),  # type: ignore[misc]
            ),
            (
                "workers' lines",
                lambda path=path, chunks=chunks: read_chunks(path, chunks),  # type: ignore[misc]
            ),
        ]
        found.append(Row("csv.reader", name, lines, baseline, size / baseline, 1, "csv.reader"))
        for what, work in works:
            seconds = _seconds(work)
            found.append(
                Row(what, name, lines, seconds, size / seconds, baseline / seconds, "csv.reader")
            )
        path.unlink()
    return found


def measure_repeats(folder: Path, *, lines: int) -> list[Row]:
    """Scan and repeats against a dict, 0.1 % of the lines repeated, with peak memory."""
    path = folder / "repeats.csv"
    write_file(path, lines=lines, quoted_percent=0, repeated=lines // 1000)
    size = path.stat().st_size / MEBIBYTE
    baseline = _seconds(lambda: settle_with_dict(path), rounds=1)
    seconds = _seconds(lambda: settle(path), rounds=1)
    if settle(path) != settle_with_dict(path):
        raise SystemExit("scan and dict found different repeats")
    name = "0.1 % repeated"
    plain = Row("csv.reader and a dict", name, lines, baseline, size / baseline, 1, "a dict")
    ours = Row(
        "scan and repeats", name, lines, seconds, size / seconds, baseline / seconds, "a dict"
    )
    rows = [
        _with_peak(plain, _peak_mebibytes("dict", path)),
        _with_peak(ours, _peak_mebibytes("settle", path)),
    ]
    path.unlink()
    return rows


def _own_peak_mebibytes() -> float:
    # ru_maxrss would begin with the memory of the parent at the start of this process.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _with_peak(row: Row, peak_mebibytes: float) -> Row:
    return Row(
        row.what,
        row.file,
        row.lines,
        row.seconds,
        row.mebibytes_per_second,
        row.times_baseline,
        row.baseline,
        peak_mebibytes,
    )


def measure(
    sizes: tuple[int, ...] = (1_000_000, 10_000_000), *, speed_lines: int = SPEED_LINES
) -> list[Row]:
    """All rows; the speed of the scan on `speed_lines`, repeats and memory on each size."""
    with tempfile.TemporaryDirectory(prefix="handover-bench-") as name:
        folder = Path(name)
        rows = measure_speed(folder, lines=speed_lines)
        for lines in sizes:
            rows += measure_repeats(folder, lines=lines)
    return rows


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    out = ["| what | file | lines | s | MiB/s | M lines/s | x | peak MiB | bytes/line |"]
    out.append("|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        ratio = "" if row.times_baseline is None else f"{row.times_baseline:.1f} x {row.baseline}"
        peak = per_line = ""
        if row.peak_mebibytes is not None:
            peak = f"{row.peak_mebibytes:,.0f}"
            per_line = f"{row.peak_mebibytes * MEBIBYTE / row.lines:.1f}"
        out.append(
            f"| {row.what} | {row.file} | {row.lines:,} | {row.seconds:.3f} | "
            f"{row.mebibytes_per_second:,.0f} | {row.lines / row.seconds / 1e6:.2f} | {ratio} | "
            f"{peak} | {per_line} |"
        )
    return "\n".join(out)


def main() -> None:
    """Prints the table, or, for `--peak WORK FILE`, this process's peak memory after the work."""
    if sys.argv[1:2] == ["--peak"]:
        works: dict[str, Callable[[Path], object]] = {
            "nothing": head_of,
            "scan": scan_file,
            "settle": settle,
            "dict": settle_with_dict,
        }
        works[sys.argv[2]](Path(sys.argv[3]))
        print(_own_peak_mebibytes())
        return
    sizes = tuple(int(size.replace("_", "")) for size in sys.argv[1:])
    print(table(measure(sizes) if sizes else measure()))


if __name__ == "__main__":
    main()
