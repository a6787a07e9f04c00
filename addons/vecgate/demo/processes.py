"""The demo's processes: started on free loopback ports, waited for, and gone when the demo ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(name: str, command: Sequence[str], ready: str, log: Path, seconds: float = 45) -> Iterator[int]:
    """Run a server until the block ends; yields its process id. Raises RuntimeError with the log's end if it fails."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command line
            command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        _wait(name, process, ready, log, seconds)
        yield process.pid
    finally:
        stop(process)


def _wait(name: str, process: subprocess.Popen[bytes], ready: str, log: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(ready, timeout=2).status_code < 500:
                return
        time.sleep(0.1)
    tail = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"{name} did not start; the end of {log}:\n{tail}")


def stop(process: subprocess.Popen[bytes], seconds: float = 8) -> None:
    """Ask the process to end, and make sure of it and of its children: it leads its own process group."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def chroma_command(port: int, directory: Path) -> list[str]:
    """The real Chroma server of the installed `chromadb` package."""
    script = Path(sys.executable).with_name("chroma")
    return [str(script), "run", "--host", "127.0.0.1", "--port", str(port), "--path", str(directory)]
