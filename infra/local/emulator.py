"""The emulator's process: started in the background, then found and ended by its pid.

It runs on an interpreter without packages (.emulator), and so do the functions it starts: they see
only what their layers hold, as on AWS.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EMULATOR = ROOT / ".emulator"
PYTHON = EMULATOR / "bin" / "python"
# Beside the interpreter's own packages, so that only the emulator itself sees it.
PACKAGES = EMULATOR / "packages"

HOST = "127.0.0.1"
USUAL_PORT = 4566
# Several may start at once on a machine with other work, before any of their code is compiled.
START_SECONDS = 120.0
END_SECONDS = 20.0  # with `persist` it writes its state as it ends

# The second argument is the home: by it we know our own emulator among others.
_LAUNCH = """
import runpy, sys
sys.path.insert(0, sys.argv[1])
runpy.run_path(sys.argv[3])["apply"]()
del sys.argv[1:]
from ministack.app import main
main()
"""
CORRECTIONS = Path(__file__).with_name("corrections.py")


class EmulatorError(RuntimeError):
    """The emulator cannot be started, or one that already runs is in the way."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator; `home` holds its log and whatever it writes."""

    pid: int
    port: int
    home: Path

    @property
    def endpoint_url(self) -> str:
        """Where every AWS service of it answers."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """What the emulator and the functions print."""
        return self.home / "emulator.log"


def choose_port(requested: int | None) -> int:
    """`requested` itself; 0 gives any free port, None the usual one or, if taken, any free one."""
    if requested:
        return requested
    if requested is None and _is_free(USUAL_PORT):
        return USUAL_PORT
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def start(home: Path, *, port: int, persist: Path | None, auth: bool) -> Emulator:
    """A new emulator that answers. It outlives the caller. Raises EmulatorError."""
    if not PYTHON.exists():
        raise EmulatorError("the emulator is not installed: run `make setup`")
    if not _is_free(port):
        raise EmulatorError(f"port {port} is taken")
    temporary = _temporary(home)
    shutil.rmtree(temporary, ignore_errors=True)  # left by one that could not clean up
    temporary.mkdir(parents=True)
    with (home / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            [PYTHON, "-I", "-c", _LAUNCH, PACKAGES, home, CORRECTIONS],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_settings(temporary, port=port, persist=persist, auth=auth),
            cwd=home,
            start_new_session=True,
        )
    emulator = Emulator(process.pid, port, home)
    deadline = time.monotonic() + START_SECONDS
    try:
        while not _answers(emulator):
            if process.poll() is not None or time.monotonic() > deadline:
                tail = emulator.log.read_text(errors="replace")[-2000:]
                raise EmulatorError(
                    f"the emulator did not start; the end of {emulator.log}:\n{tail}"
                )
            time.sleep(0.05)
    except BaseException:  # also an interrupt: end what was started here
        stop(emulator)
        raise
    process.returncode = 0  # it outlives us on purpose, so Popen must not warn of it
    return emulator


def is_running(emulator: Emulator) -> bool:
    """True while the process lives and is the one that was started for this home."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(emulator.pid, os.WNOHANG)  # collects our own ended child
    return str(emulator.home) in _command_of(emulator.pid)


def stop(emulator: Emulator) -> None:
    """Ends the emulator and its functions, and waits for that; may be called again."""
    if not is_running(emulator):
        return
    os.kill(emulator.pid, signal.SIGTERM)
    deadline = time.monotonic() + END_SECONDS
    while is_running(emulator) and time.monotonic() < deadline:
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        # It leads its own process group, in which the functions run.
        os.killpg(emulator.pid, signal.SIGKILL)
    while is_running(emulator):
        time.sleep(0.02)
    shutil.rmtree(_temporary(emulator.home), ignore_errors=True)


def _temporary(home: Path) -> Path:
    """Where the emulator unpacks code."""
    return home / "tmp"


def _settings(temporary: Path, *, port: int, persist: Path | None, auth: bool) -> dict[str, str]:
    # The functions inherit all of this, so nothing of the caller's environment goes in.
    settings = {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "TMPDIR": str(temporary),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "INFO",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    if auth:
        settings["AUTH"] = "true"
    if persist is not None:
        settings |= {
            "PERSIST_STATE": "1",
            "STATE_DIR": str(persist / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(persist / "s3"),
        }
    return settings


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) != 0


def _answers(emulator: Emulator) -> bool:
    try:
        with urllib.request.urlopen(  # noqa: S310 - the address is our own
            f"{emulator.endpoint_url}/_ministack/health", timeout=2
        ) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _command_of(pid: int) -> str:
    """The command line of a living process, "" when there is none."""
    listing = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        try:
            return listing.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    shown = subprocess.run(
        ["ps", "-ww", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return shown.stdout
