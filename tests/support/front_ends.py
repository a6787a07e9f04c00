"""Front ends as processes: `vecgate serve`, and mitmdump, mitmproxy and mitmweb with a copy of the entry script."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from fcntl import ioctl
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tests.support.chroma_double import DATABASE, KB
from tests.support.gateway import HEAD, ISSUER, SERVICE_KEY, Issuer
from tests.support.raw_client import Reply, exchange, post
from vecgate.demo.processes import free_port

SCRIPT = Path(__file__).parents[2] / "addons" / "gateway.py"
BIN = Path(sys.executable).parent
PASSWORD = "web-password"
POLICY = """
policy:
  grants:
    - {name: all, to: {groups: [staff]}, on: {resources: ["**"]}, allow: [meta, search, read, write, delete, admin]}
  masks:
    - {name: personal, on: {resources: ["**"]}, fields: {ssn: redact}}
"""


@dataclass
class Process:
    """One front end that was started. `folder` holds its configuration, script, state and evidence."""

    front: str
    folder: Path
    port: int
    control: int
    web: int
    issuer: Issuer
    process: asyncio.subprocess.Process
    output: bytearray = field(default_factory=bytearray)

    @property
    def script(self) -> Path:
        return self.folder / "gateway.py"

    @property
    def log(self) -> str:
        return self.output.decode(errors="replace")

    def request(
        self, verb: str, document: Any = None, *, subject: str = "anna", group: str = "staff", collection: str = KB
    ) -> bytes:
        body = msgspec.json.encode({} if document is None else document)
        return post(
            f"{DATABASE}/collections/{collection}/{verb}".encode(),
            b"Authorization: Bearer " + self.issuer.token(subject, group).encode(),
            b"Content-Type: application/json",
            b"Content-Length: %d" % len(body),
            body=body,
        )

    async def ask(self, verb: str = "get", document: Any = None, *, wait: float = 10.0, **more: Any) -> Reply:
        return await exchange(self.port, self.request(verb, document, **more), wait=wait)

    def records(self, kind: str = "") -> list[dict[str, Any]]:
        """What is in the evidence by now."""
        segments = sorted((self.folder / "evidence").rglob("*.jsonl"))
        lines = [line for segment in segments for line in segment.read_bytes().splitlines(keepends=True)]
        records = [msgspec.json.decode(line) for line in lines if line.endswith(b"\n")]
        return [record for record in records if kind in ("", record["kind"])]

    async def decide(self, ticket: str, verb: str, subject: str = "olga") -> int:
        """A reviewer's decision through the control plane: the status of its answer."""
        headers = {"authorization": f"Bearer {self.issuer.token(subject, 'owners')}"}
        url = f"http://127.0.0.1:{self.control}/v1/approvals/{ticket}/{verb}"
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.post(url, headers=headers, json={})).status_code

    async def terminate(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        async with asyncio.timeout(8):
            return await self.process.wait()

    async def until(self, text: str, *, times: int = 1, seconds: float = 10.0) -> None:
        """Wait for a text in the log, and for it to be there so many times."""
        async with asyncio.timeout(seconds):
            while self.log.count(text) < times:
                await asyncio.sleep(0.02)


def configure(folder: Path, upstream: int, policy: str = POLICY, operator: str = "") -> tuple[Path, Issuer, int, int]:
    """Write a configuration, keys and script: the configuration's path, the issuer, the two ports."""
    folder.mkdir(parents=True, exist_ok=True)
    issuer = Issuer()
    issuer.write(folder / "jwks.json")
    shutil.copy(SCRIPT, folder / "gateway.py")
    port, control = free_port(), free_port()
    head = HEAD.format(port=port, control=control, upstream=f"http://127.0.0.1:{upstream}", issuer=ISSUER)
    if operator:
        head = head.replace("control: {listen", f"control: {{local_operator: {operator}, listen")
    config = folder / "vecgate.yaml"
    config.write_text(head + policy)
    return config, issuer, port, control


def command(front: str, config: Path, web: int) -> list[str]:
    if front == "serve":
        return [sys.executable, "-m", "vecgate", "serve", "-c", str(config)]
    stock = [str(BIN / front), "-n", "-s", str(config.parent / "gateway.py"), "--set", f"vecgate_config={config}"]
    stock += ["--set", f"confdir={config.parent / 'mitmproxy'}"]
    if front == "mitmweb":
        stock += ["--no-web-open-browser", "--web-port", str(web), "--set", f"web_password={PASSWORD}"]
    return stock


async def spawn(arguments: Sequence[str], folder: Path, *, terminal: bool = False) -> tuple[Any, bytearray, Any]:
    """Start a process; what it prints gathers in the returned bytes, for as long as the returned task runs."""
    output = bytearray()
    environment = os.environ | {"TEST_SERVICE_KEY": SERVICE_KEY, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
    if terminal:
        parent, child = os.openpty()
        ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        process = await asyncio.create_subprocess_exec(
            *arguments, stdin=child, stdout=child, stderr=child, cwd=folder, env=environment, start_new_session=True
        )
        os.close(child)
        return process, output, asyncio.create_task(_drain_terminal(parent, output))
    process = await asyncio.create_subprocess_exec(
        *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=folder, env=environment
    )
    return process, output, asyncio.create_task(_drain_pipe(process, output))


async def _drain_pipe(process: asyncio.subprocess.Process, output: bytearray) -> None:
    assert process.stdout is not None
    while data := await process.stdout.read(65536):
        output += data


async def _drain_terminal(descriptor: int, output: bytearray) -> None:
    try:
        while True:
            try:
                output += await asyncio.to_thread(os.read, descriptor, 65536)
            except OSError:  # the process has ended
                return
    finally:
        os.close(descriptor)


@contextlib.asynccontextmanager
async def running(
    front: str,
    folder: Path,
    upstream: int,
    policy: str = POLICY,
    *,
    operator: str = "",
    more: Sequence[str] = (),
    again: Process | None = None,
) -> AsyncIterator[Process]:
    """Start a front end and wait until it is ready. `again` starts the same one a second time."""
    if again is None:
        config, issuer, port, control = configure(folder, upstream, policy, operator)
    else:
        config, issuer, port, control = folder / "vecgate.yaml", again.issuer, again.port, again.control
    web = free_port()
    arguments = [*command(front, config, web), *more]
    process, output, draining = await spawn(arguments, folder, terminal=front == "mitmproxy")
    started = Process(front, folder, port, control, web, issuer, process, output)
    try:
        await _ready(started)
        yield started
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(8):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        await draining
        process._transport.close()


async def _ready(started: Process, seconds: float = 30.0) -> None:
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(seconds):
        while started.process.returncode is None:
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get(f"http://127.0.0.1:{started.control}/healthz")).status_code == 200:
                    return
            await asyncio.sleep(0.05)
    raise RuntimeError(f"it did not start: {started.log[-3000:]}")
