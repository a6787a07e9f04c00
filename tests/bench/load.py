"""wrk as the load generator, and what the kernel knows of a process."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPT = """
wrk.method = "POST"
wrk.body = [==[{body}]==]
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {token}"
"""


@dataclass(frozen=True, slots=True)
class Sample:
    rate: float
    requests: int
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    """CPU time of the proxy's processes per request."""


def script(folder: Path, body: str, token: str) -> Path:
    path = folder / "post.lua"
    path.write_text(SCRIPT.format(body=body, token=token))
    return path


def fire(url: str, lua: Path, connections: int, seconds: float, pids: list[int]) -> Sample:
    """One round of load from core 0. Raises RuntimeError when any answer was not 200."""
    before = sum(map(cpu_seconds, pids))
    command = [
        "taskset",
        "-c",
        "0",
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds:g}s",
        "--latency",
        "-s",
        str(lua),
        url,
    ]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(f"{url}: {out}")
    used = sum(map(cpu_seconds, pids)) - before
    requests = int(find(r"(\d+) requests in", out))
    return Sample(
        float(find(r"Requests/sec:\s+([\d.]+)", out)),
        requests,
        _milliseconds(find(r"\n +50%\s+(\S+)", out)),
        _milliseconds(find(r"\n +99%\s+(\S+)", out)),
        used * 1000 / max(requests, 1),
    )


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int, name: str = "VmHWM") -> float:
    """`VmHWM` is the peak resident size, `VmRSS` the present one."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(find(rf"{name}:\s+(\d+) kB", status)) / 1024


def find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"{pattern} not in {text!r}")
    return found[1]


def _milliseconds(text: str) -> float:
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    assert found is not None
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}[found[2]]
