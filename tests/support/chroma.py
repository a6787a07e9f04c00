"""A real Chroma server for the tests of one process: `chroma run` on a free port of the loopback address."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from vecgate.demo.processes import free_port

STARTS_WITHIN = 90.0
"""Seconds; a first start unpacks itself."""


@pytest.fixture(scope="session")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address, `http://127.0.0.1:PORT`. Stopped by its process id."""
    folder = tmp_path_factory.mktemp("chroma")
    port = free_port()
    command: list[str | Path] = [
        Path(sys.executable).with_name("chroma"),
        "run",
        "--host=127.0.0.1",
        f"--port={port}",
        f"--path={folder / 'data'}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address, process, folder / "log")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{address}/api/v2/heartbeat", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"chroma did not start: {log.read_text(errors='replace')[-2000:]}")
