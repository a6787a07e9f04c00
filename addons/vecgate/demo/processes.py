"""The demo's processes: started on free loopback ports, waited for, and gone when the demo ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import httpx

PATIENCE = 45.0
"""Seconds that a server may take to start."""
TAIL = 12
"""Lines of a log that an error shows."""
PORTS = range(15_000, 32_000)
"""Below those that systems give to outgoing connections, which would take a free port away before it is used."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Endings:
    """SIGINT, SIGTERM and SIGHUP end the program with SystemExit, where that leaves no process behind.

    Between the start of a process and the moment its end is provided for, and while it is being stopped, they wait.
    """

    def __init__(self) -> None:
        self._deferred = False
        self._waiting: int | None = None
        self._raised: int | None = None

    def install(self) -> None:
        """Must be called from the main thread."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._arrived)

    @contextlib.contextmanager
    def deferred(self, defer: bool = True) -> Iterator[None]:
        """Let them wait until the block ends; with False, let them in inside a block where they wait."""
        before, self._deferred = self._deferred, defer
        try:
            self._deliver()
            yield
        finally:
            self._deferred = before
            self._deliver()

    def check(self) -> None:
        """Raise again what other code caught and dropped. Not for cleaning up."""
        if self._raised is not None:
            raise SystemExit(128 + self._raised)

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        self._waiting = number
        self._deliver()

    def _deliver(self) -> None:
        if self._waiting is not None and not self._deferred:
            self._raised, self._waiting = self._waiting, None
            self.check()


endings = Endings()


@dataclass(frozen=True)
class Server:
    """A process that will answer `ready` when it is."""

    name: str
    process: subprocess.Popen[bytes]
    ready: str
    log: Path

    def wait(self, seconds: float = PATIENCE) -> None:
        """Raises RuntimeError with the log's end if it does not start in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            endings.check()
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(self.ready, timeout=2, trust_env=False).status_code == 200:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"{self.name} did not start; {self._tail()}")

    def check(self) -> None:
        """Raises RuntimeError with the log's end if it has ended."""
        if (code := self.process.poll()) is not None:
            raise RuntimeError(f"{self.name} ended in the middle (exit code {code}); {self._tail()}")

    def _tail(self) -> str:
        lines = _COLOUR.sub("", self.log.read_text(errors="replace")).splitlines()
        return "\n".join([f"the end of {self.log}:", *[line for line in lines if line.strip()][-TAIL:]])


@contextlib.contextmanager
def started(
    name: str, command: Sequence[str], ready: str, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run a server until the block ends. If it has ended before, or while something failed in the block, RuntimeError
    says so with the end of its log."""
    with endings.deferred(), log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=os.environ | dict(environment or {}),
        )
        server = Server(name, process, ready, log)
        try:
            with endings.deferred(False):
                yield server
                server.check()
        except Exception as error:
            if not isinstance(error, RuntimeError):
                _blame(server, error)
            raise
        finally:
            stop(process)


def _blame(server: Server, error: Exception) -> None:
    """A server that is gone explains what failed; it may take a moment to be gone."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        server.process.wait(0.2)
    try:
        server.check()
    except RuntimeError as gone:
        raise gone from error


@contextlib.contextmanager
def running(name: str, command: Sequence[str], ready: str, log: Path, seconds: float = PATIENCE) -> Iterator[int]:
    """Run a server until the block ends, and wait until it is ready; yields its process id. Raises RuntimeError."""
    with started(name, command, ready, log) as server:
        server.wait(seconds)
        yield server.process.pid


def stop(process: subprocess.Popen[bytes], seconds: float = 8) -> None:
    """Ask the process to end, and make sure of it and of its children: it leads its own process group."""
    with endings.deferred():
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def free_port() -> int:
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def chroma_command(port: int, directory: Path) -> list[str]:
    """The real Chroma server of the installed `chromadb` package."""
    script = Path(sys.executable).with_name("chroma")
    return [str(script), "run", "--host", "127.0.0.1", "--port", str(port), "--path", str(directory)]
