"""Workers: one process per core on the same ports, sharing the state store. One that dies ends them all.

So does their parent: its end of each worker's standard input closes with it, however it died.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

log = logging.getLogger(__name__)

PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PATIENCE = 6.0
"""Seconds that a worker gets to stop by itself."""


def supervise(path: Path, count: int, options: Sequence[str] = ()) -> int:
    """Run the workers until they end; returns the worst exit code. Signals are passed on to all of them."""
    command = [sys.executable, "-m", "vecgate", "serve", "-c", str(path), *options]
    processes: list[subprocess.Popen[bytes]] = []
    stopping: set[int] = set()

    def pass_on(number: int, frame: FrameType | None) -> None:
        if number != signal.SIGHUP:
            stopping.add(number)
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)

    for number in PASSED_ON:
        signal.signal(number, pass_on)
    for worker in range(count):
        started = subprocess.Popen([*command, "--worker", str(worker)], stdin=subprocess.PIPE)  # noqa: S603 - our own
        processes.append(started)
    while all(process.poll() is None for process in processes):
        time.sleep(0.1)
    if not stopping:  # a second signal could meet a worker that no longer heeds it, and spoil its exit code
        pass_on(signal.SIGTERM, None)
    codes = [_end(process) for process in processes]
    return max((abs(code) for code in codes), default=0)


def _end(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        log.error("worker %s did not stop, killing it", process.pid)
        os.kill(process.pid, signal.SIGKILL)
        return process.wait()
