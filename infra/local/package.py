"""Functions and layers as zip files, byte for byte the same for the same source.

The packages of a layer are installed into .build, once for each set of pins and interpreter. After
that, a deployment copies an archive and adds our own few files.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from infra.local import emulator
from infra.template import resources

BUILD = emulator.ROOT / ".build"
# The earliest time that a zip file can hold. With a fixed time, equal sources give equal bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)
# boto3 describes 400 services. The emulator unpacks a layer again for every worker it starts, so
# only the services that Handover calls are included; a call to another service raises an error.
# layers/handover/Makefile, which builds the layer for AWS, leaves out the same.
SERVICES = frozenset({"cognito-idp", "dynamodb", "events", "s3", "sns", "sqs"})
# The script, beside the pins of a layer, that makes its packages smaller.
SLIM = "slim.py"
NO_CODE = frozenset({"bin", "requirements.txt", "README.md", "Makefile", SLIM})


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip file for one resource; `name` changes exactly when its content does."""

    logical_id: str
    path: Path

    @property
    def name(self) -> str:
        """Key of the archive in the bucket that CloudFormation reads it from."""
        return self.path.name


def build(
    template: Mapping[str, Any], root: Path = emulator.ROOT, into: Path = BUILD
) -> list[Archive]:
    """An archive for every layer and function of the template under `root`, kept in `into`."""
    into.mkdir(exist_ok=True)
    layers = [
        _layer(logical_id, root / properties["ContentUri"], into)
        for logical_id, properties in resources(template, "AWS::Serverless::LayerVersion")
    ]
    functions = [
        _function(logical_id, root / properties["CodeUri"], into)
        for logical_id, properties in resources(template, "AWS::Serverless::Function")
    ]
    return layers + functions


def _layer(logical_id: str, source: Path, into: Path) -> Archive:
    libraries = _libraries(source / "requirements.txt", into)
    own = [(f"python/{name}", data) for name, data in _files(source)]
    target = into / f"{logical_id}-{_digest([(libraries.name, b''), *own])}.zip"
    if not target.exists():
        draft = _draft(target)
        shutil.copyfile(libraries, draft)
        _write(draft, own, mode="a")
        _replace_older(draft, target)
    return Archive(logical_id, target)


def _function(logical_id: str, source: Path, into: Path) -> Archive:
    files = list(_files(source))
    target = into / f"{logical_id}-{_digest(files)}.zip"
    if not target.exists():
        draft = _draft(target)
        _write(draft, files, mode="w")
        _replace_older(draft, target)
    return Archive(logical_id, target)


def _draft(target: Path) -> Path:
    """A name of this process alone, as several may build at once."""
    return target.with_suffix(f".draft-{os.getpid()}")


def _replace_older(draft: Path, target: Path) -> None:
    """Puts the finished archive in place and deletes those it replaces: a layer has 20 MB."""
    draft.replace(target)
    for older in target.parent.glob(f"{target.name.split('-')[0]}-*.zip"):
        if older != target:
            older.unlink(missing_ok=True)


def _libraries(requirements: Path, into: Path) -> Path:
    """An archive of what the pins install, compiled for the emulator's interpreter."""
    pins = requirements.read_bytes()
    this = Path(__file__).read_bytes()  # this code decides what is left out
    slim = requirements.with_name(SLIM)
    how = this + (slim.read_bytes() if slim.exists() else b"")
    digest = _digest([("pins", pins), (sys.version, str(emulator.PYTHON).encode()), ("", how)])
    archive = into / f"libraries-{digest}.zip"
    if not archive.exists():
        folder = into / f"libraries-{digest}-{os.getpid()}"
        _install(requirements, folder)
        if slim.exists():
            subprocess.run([sys.executable, slim, folder, *sorted(SERVICES)], check=True)
        libraries = _files(folder, compiled=True)
        draft = _draft(archive)
        _write(draft, ((f"python/{n}", data) for n, data in libraries if is_needed(n)), mode="w")
        shutil.rmtree(folder)
        draft.replace(archive)
    return archive


def is_needed(name: str) -> bool:
    """False for what no function reads at run time: other services, tests, type stubs."""
    parts = name.split("/")
    if parts[:2] == ["botocore", "data"] and len(parts) > 3:
        return parts[2] in SERVICES
    return "tests" not in parts and not name.endswith(".pyi")


def _install(requirements: Path, folder: Path) -> None:
    arguments = ["install", "--quiet", "--no-deps"]
    arguments += ["--target", str(folder), "--requirement", str(requirements)]
    uv = Path(sys.executable).with_name("uv")
    # uv is fast, but does not read pip's settings, which may name a private index.
    for_emulator = ["--python", str(emulator.PYTHON)]
    by_uv = (
        uv.exists()
        and not subprocess.run([uv, "pip", *arguments, *for_emulator], check=False).returncode
    )
    if not by_uv:
        subprocess.run([sys.executable, "-m", "pip", *arguments], check=True)
    # The times in a zip file do not survive unpacking, so the compiled files must not depend on
    # times. Without compiled files each cold start takes three times as long.
    compiling = ["-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(folder)]
    subprocess.run([str(emulator.PYTHON), *compiling], check=False)


def _files(folder: Path, *, compiled: bool = False) -> Iterator[tuple[str, bytes]]:
    """Relative name and content of every file that ships, in a fixed order."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_dir() or relative.parts[0] in NO_CODE:
            continue
        if "__pycache__" in relative.parts and not compiled:
            continue
        yield relative.as_posix(), path.read_bytes()


def _write(path: Path, files: Iterable[tuple[str, bytes]], mode: Literal["w", "a"]) -> None:
    # Stored, not packed: these bytes never leave this machine.
    with zipfile.ZipFile(path, mode, zipfile.ZIP_STORED) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name, EPOCH), data)


def _digest(files: list[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for name, data in files:
        digest.update(f"{name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()[:16]
