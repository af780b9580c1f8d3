"""The import of a cold start: seconds of each function from its built layers, beside d4b7b5e's.

Each import is a process of its own with only the function and its layers on the path, as on AWS.
The two sides take turns, and the fastest run of each counts: other work only slows a run.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from infra.local import package
from infra.template import PATH, load
from tests.bench.table import Topic, at_most

ROOT = PATH.parent
BEFORE = "d4b7b5e"
WORKERS = ("validate", "assign", "finalize", "publish", "follow", "sweep", "abandon")
GOALS = {**dict.fromkeys(WORKERS, 0.55), "api": 0.60}
# numpy, and XlsxWriter, are layers of their own, as on AWS.
LAYERS = {"validate": ("NumpyLayer",), "finalize": ("WorkbooksLayer",)}
LAYERS["abandon"] = LAYERS["finalize"]
MAX_LAYER_BYTES = 40 * 1024**2
IMPORT = """
import sys, time
sys.path[:0] = sys.argv[1:]
before = time.process_time()
import app
print(time.process_time() - before, len(sys.modules))
"""
# Each connection to AWS, not each client, reads the certificates of all authorities.
CLIENTS = """
import ssl
from botocore.httpsession import get_cert_path
from botocore.session import get_session
before = time.process_time()
session = get_session()
for service in ("dynamodb", "s3", "sqs"):
    session.create_client(service, "us-east-1")
made = time.process_time()
ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(get_cert_path(True))
print(made - before, time.process_time() - made)
"""


@dataclass(frozen=True, slots=True)
class Imported:
    """The processor time of an import in seconds, and the number of modules it loads."""

    seconds: float
    modules: int


@dataclass(frozen=True, slots=True)
class Clients:
    """The processor time before the first call, in seconds.

    One value is for the clients of DynamoDB, S3 and SQS, one for an encrypted connection without
    its handshake.
    """

    seconds: float
    connection: float


def measure(*, quick: bool = False) -> Topic:
    """The import of each function, beside the earlier one if git and its pins are available."""
    rounds = 3 if quick else 15
    with tempfile.TemporaryDirectory() as folder:
        now = _unpacked(ROOT, Path(folder, "now"))
        before = _before(Path(folder, "before"))
        rows = [_row(name, *_in_turns(name, now, before, rounds)) for name in GOALS]
        rows += _client_rows(_clients(now, rounds), _clients(before, rounds) if before else None)
        size = _bytes(now / "HandoverLayer")
    notes = [
        f"Least of {rounds} runs each, in turns; processor time of an import with compiled files.",
        (
            f"The layer that all functions share holds {size / 1024**2:.1f} MiB here, compiled "
            f"files included; the goal is at most {MAX_LAYER_BYTES / 1024**2:.0f}. For Lambda's "
            "arm64 it is smaller."
        ),
    ]
    if before is None:
        notes.append(f"{BEFORE} could not be built here, so there is nothing beside the figures.")
    return Topic(
        "Import of a function's code at a cold start",
        ("function", "ms", "modules", f"ms at {BEFORE}", "modules", "ratio", "goal", ""),
        tuple(rows),
        tuple(notes),
    )


def seconds_of(names: tuple[str, ...], rounds: int = 3) -> dict[str, float]:
    """The import times of these functions, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        now = _unpacked(ROOT, Path(folder, "now"))
        return {name: _in_turns(name, now, None, rounds)[0].seconds for name in names}


def clients(rounds: int = 3) -> Clients:
    """The times of a worker's clients and of a connection before the first call."""
    with tempfile.TemporaryDirectory() as folder:
        return _clients(_unpacked(ROOT, Path(folder, "now")), rounds)


def _clients(side: Path, rounds: int) -> Clients:
    runs = [_run("assign", side, IMPORT + CLIENTS)[-2:] for _ in range(rounds)]
    made, connected = zip(*runs, strict=True)
    return Clients(min(map(float, made)), min(map(float, connected)))


def _client_rows(now: Clients, before: Clients | None) -> list[tuple[str, ...]]:
    """The rows for the time after the import; they have no goal."""
    names = ("then: clients of DynamoDB, S3, SQS", "and each encrypted connection")
    ours = (now.seconds, now.connection)
    theirs = (before.seconds, before.connection) if before else (None, None)
    return [
        (name, _ms(own), "", "" if old is None else _ms(old), "", _ratio(own, old), "", "")
        for name, own, old in zip(names, ours, theirs, strict=True)
    ]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


def _ratio(now: float, before: float | None) -> str:
    return "" if before is None else f"{now / before:.2f}"


def _row(name: str, now: Imported, before: Imported | None) -> tuple[str, ...]:
    own = (name, _ms(now.seconds), f"{now.modules}")
    if before is None:
        return (*own, "", "", "", "", "")
    ratio = now.seconds / before.seconds
    beside = (_ms(before.seconds), f"{before.modules}", f"{ratio:.2f}")
    return (*own, *beside, *at_most(ratio, GOALS[name], " x"))


def _in_turns(
    name: str, now: Path, before: Path | None, rounds: int
) -> tuple[Imported, Imported | None]:
    least: dict[Path, Imported] = {}
    for _ in range(rounds):
        for side in filter(None, (before, now)):
            run = _imported(name, side)
            known = least.get(side, run)
            least[side] = min(known, run, key=lambda one: one.seconds)
    return least[now], least[before] if before is not None else None


def _imported(name: str, side: Path) -> Imported:
    seconds, modules = _run(name, side, IMPORT)[-2:]
    return Imported(float(seconds), int(modules))


def _run(name: str, side: Path, code: str) -> list[str]:
    """The words that `code` prints in a process with only a function and its layers."""
    layers = ("HandoverLayer", *LAYERS.get(name, ()))
    paths = [str(side / "functions" / name), *(str(side / one / "python") for one in layers)]
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, *paths],
        env={
            "PATH": os.environ["PATH"],
            "POWERTOOLS_METRICS_NAMESPACE": "Handover",
            "AWS_LAMBDA_FUNCTION_NAME": name,
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.split()


def _before(folder: Path) -> Path | None:
    """The code of d4b7b5e with its layers, unpacked; None if git does not have it."""
    archived = subprocess.run(
        ["git", "-C", str(ROOT), "archive", BEFORE], capture_output=True, check=False
    )
    if archived.returncode:
        return None
    source = folder / "source"
    source.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(archived.stdout)) as archive:
        archive.extractall(source, filter="data")
    # Its tracer made a client of X-Ray at each import.
    with patch.object(package, "SERVICES", package.SERVICES | {"xray"}):
        return _unpacked(source, folder / "built")


def _unpacked(root: Path, into: Path) -> Path:
    """The layers and functions of a checkout as Lambda finds them."""
    kept = package.BUILD / "bench" / into.name
    kept.mkdir(parents=True, exist_ok=True)
    for archive in package.build(load(root / "template.yaml"), root, kept):
        if archive.logical_id.endswith("Layer"):
            with zipfile.ZipFile(archive.path) as layer:
                layer.extractall(into / archive.logical_id)  # noqa: S202 - our own archive
    functions = into / "functions"
    functions.mkdir(parents=True)
    for path in (root / "functions").glob("*/app.py"):
        (functions / path.parent.name).mkdir()
        (functions / path.parent.name / "app.py").write_bytes(path.read_bytes())
    # The archive of a layer has our own code uncompiled.
    compiling = ["-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(into)]
    subprocess.run([sys.executable, *compiling], check=True)
    return into


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
