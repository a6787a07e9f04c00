"""A whole gateway as a process of its own, with a local key set, in front of whatever upstream a test names."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey

from vecgate.demo.processes import free_port, stop

ISSUER = "https://issuer.test/"
SERVICE_KEY = "canary-service-credential-4711"

HEAD = """
version: 1
connections:
  - name: docs
    dialect: chroma
    listen: 127.0.0.1:{port}
    upstream: {upstream}
    credential: {{header: x-chroma-token, value: "env:TEST_SERVICE_KEY"}}
identity:
  issuers: [{{issuer: "{issuer}", audience: vecgate, algorithms: [ES256], jwks: "file:jwks.json"}}]
  failures: 100000/minute
state: {{url: "sqlite:///state.db"}}
evidence: {{directory: evidence, checkpoint: 5s}}
control: {{listen: "127.0.0.1:{control}"}}
"""


class Issuer:
    """Signs tokens as an identity provider would; its public keys lie in a file."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", parameters={"kid": "test"}, private=True)

    def write(self, path: Path) -> None:
        path.write_bytes(msgspec.json.encode({"keys": [self.key.as_dict(private=False)]}))

    def token(self, subject: str, *groups: str, lifetime: int = 3600, **claims: Any) -> str:
        now = int(time.time())
        body = {
            "iss": ISSUER,
            "sub": subject,
            "aud": "vecgate",
            "iat": now,
            "exp": now + lifetime,
            "groups": list(groups),
        }
        return jwt.encode({"alg": "ES256", "kid": "test"}, body | claims, self.key)


@dataclass
class Gateway:
    """A running gateway. `command` is what started it, `folder` holds its configuration, state and evidence."""

    folder: Path
    port: int
    control: int
    issuer: Issuer
    process: subprocess.Popen[bytes]
    http: httpx.Client = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "gateway.log").read_text(errors="replace")

    def headers(self, subject: str, *groups: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.issuer.token(subject, *groups)}"}

    def records(self) -> list[dict[str, Any]]:
        """Every record of the evidence so far, in order of its files."""
        segments = [path.read_bytes() for path in sorted((self.folder / "evidence").rglob("*.jsonl"))]
        lines = [line for segment in segments for line in segment.splitlines(keepends=True)]
        return [msgspec.json.decode(line) for line in lines if line.endswith(b"\n")]

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


def serve_command(config: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "vecgate", "serve", "-c", str(config), *more]


def mitmdump_command(config: Path) -> list[str]:
    script = Path(__file__).parents[2] / "addons" / "gateway.py"
    mitmdump = Path(sys.executable).with_name("mitmdump")
    return [str(mitmdump), "-n", "-q", "-s", str(script), "--set", f"vecgate_config={config}"]


@contextlib.contextmanager
def gateway(
    folder: Path,
    upstream: str,
    policy: str,
    *,
    front: str = "serve",
    enforcement: str = "enforce",
    environment: Mapping[str, str] | None = None,
    more: Sequence[str] = (),
    head: str = HEAD,
) -> Iterator[Gateway]:
    """Start a gateway with this policy (YAML from `policy:` on). `front` is `serve` or `mitmdump`.

    `head` is all that stands before: a template over `port`, `control`, `upstream` and `issuer`; its first connection
    listens on `port`, and further ones where the test says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    issuer = Issuer()
    issuer.write(folder / "jwks.json")
    port, control = free_port(), free_port()
    config = folder / "vecgate.yaml"
    text = head.format(port=port, control=control, upstream=upstream, issuer=ISSUER)
    config.write_text(text.replace("    upstream:", f"    enforcement: {enforcement}\n    upstream:") + policy)
    command = serve_command(config, *more) if front == "serve" else [*mitmdump_command(config), *more]
    env = os.environ | {"TEST_SERVICE_KEY": SERVICE_KEY} | dict(environment or {})
    with (folder / "gateway.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=env, cwd=folder, start_new_session=True)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
    running = Gateway(folder, port, control, issuer, process, client)
    try:
        wait_ready(running)
        yield running
    finally:
        client.close()
        stop(process)


def wait_ready(running: Gateway, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and running.process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"http://127.0.0.1:{running.control}/healthz", timeout=1).status_code == 200:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the gateway did not start:\n{running.log[-3000:]}")
