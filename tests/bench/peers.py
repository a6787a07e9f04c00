"""What is measured: the upstream, the peers, and vecgate with everything on, each on its own loopback port."""

from __future__ import annotations

import contextlib
import math
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey

from vecgate.demo.processes import free_port, stop

UUID = "5b7c6b1e-8f0e-4b5e-9f5e-0123456789ab"
BASE = "/api/v2/tenants/default_tenant/databases/default_database/collections"
PATH = f"{BASE}/{UUID}/query"
ISSUER = "https://issuer.example/"
MITMDUMP = "mitmdump, no-op addon"
GATEWAY = "vecgate serve, everything on"
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; default_type application/json;
  upstream up {{ server 127.0.0.1:{direct}; keepalive 128; keepalive_requests 10000000; }}
  server {{ listen 127.0.0.1:{direct}; root {folder}; error_page 405 =200 $uri;
    location ~ /query$ {{ error_page 405 =200 /query.json; try_files /query.json =404; }}
    location = /query.json {{ }}
    location ~ /by-id/ {{ try_files /collection.json =404; }}
    location / {{ try_files /tenant.json =404; }} }}
  server {{ listen 127.0.0.1:{proxied}; location / {{
    proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; }} }}
}}
"""
CONFIG = """
version: 1
connections:
  - {{name: docs, dialect: chroma, listen: "127.0.0.1:{port}", upstream: "http://127.0.0.1:{direct}",
      credential: {{header: x-chroma-token, value: "file:service.key"}}}}
identity:
  issuers: [{{issuer: "{issuer}", audience: vecgate, algorithms: [ES256], jwks: "file:jwks.json"}}]
policy:
  grants:
    - {{name: readers, to: {{groups: [readers]}}, on: {{resources: ["default_tenant/default_database/kb_*"]}},
        allow: [meta, search, read]}}
  masks:
    - {{name: personal, fields: {{email: hash, ssn: redact}}, clearance: {{groups: [leads]}}}}
  limits:
    - {{name: everyone, requests: 100000000/day, points: 1000000000/day}}
state: {{url: "sqlite:///state.db"}}
evidence: {{directory: evidence}}
"""


@dataclass(frozen=True, slots=True)
class Peer:
    name: str
    url: str
    pids: list[int]


def query_body() -> str:
    """A search with one 128-dimensional vector, as the Python client sends it."""
    vector = [round(math.sin(number), 6) for number in range(128)]
    document = {"query_embeddings": [vector], "n_results": 10, "include": ["metadatas", "documents", "distances"]}
    return msgspec.json.encode(document).decode()


def answers(folder: Path) -> None:
    """About 5 kB of search result, and what the gateway asks about the collection."""
    ids = [f"id-{number}" for number in range(10)]
    payloads = [
        {"email": f"{name}@people.example", "ssn": f"900-12-{name}", "city": "Lund", "topic": "assert", "length": 400}
        for name in range(1000, 1010)
    ]
    result = {
        "ids": [ids],
        "distances": [[0.1 * number for number in range(10)]],
        "documents": [["lorem ipsum dolor sit amet " * 12] * 10],
        "metadatas": [payloads],
        "embeddings": None,
        "uris": None,
        "include": ["metadatas", "documents", "distances"],
    }
    collection: dict[str, object] = {
        "id": UUID,
        "name": "kb_bench",
        "tenant": "default_tenant",
        "database": "default_database",
        "configuration_json": {},
        "metadata": None,
        "dimension": 128,
        "log_position": 0,
        "version": 0,
    }
    (folder / "query.json").write_bytes(msgspec.json.encode(result))
    (folder / "collection.json").write_bytes(msgspec.json.encode(collection))
    (folder / "tenant.json").write_bytes(b'{"name":"default_tenant"}')


def token(folder: Path) -> str:
    key = ECKey.generate_key("P-256", parameters={"kid": "bench"}, private=True)
    (folder / "jwks.json").write_bytes(msgspec.json.encode({"keys": [key.as_dict(private=False)]}))
    (folder / "service.key").write_text("service-key")
    (folder / "service.key").chmod(0o600)
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": "bench", "aud": "vecgate", "iat": now, "exp": now + 7200, "groups": ["readers"]}
    return jwt.encode({"alg": "ES256", "kid": "bench"}, claims, key)


@contextlib.contextmanager
def peers(folder: Path, bearer: str) -> Iterator[list[Peer]]:
    """Start all of them: nginx on core 0, each proxy of one process on core 1, that of one per core on both."""
    direct, proxied, plain, quiet, gateway, several = (free_port() for _ in range(6))
    answers(folder)
    folder.chmod(0o755)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, direct=direct, proxied=proxied))
    (folder / "vecgate.yaml").write_text(CONFIG.format(port=gateway, direct=direct, issuer=ISSUER))
    other = beside(folder, "several")
    (other / "vecgate.yaml").write_text(CONFIG.format(port=several, direct=direct, issuer=ISSUER))
    (folder / "noop.py").write_text("def request(flow):\n    pass\n\n\ndef response(flow):\n    pass\n")
    mitmdump = str(Path(sys.executable).with_name("mitmdump"))
    stock = ["taskset", "-c", "1", mitmdump, "-s", str(folder / "noop.py")]
    serve = [sys.executable, "-m", "vecgate", "serve", "-c"]
    commands = {
        "nginx": ["taskset", "-c", "0", "nginx", "-c", str(folder / "nginx.conf")],
        "mitmdump": [*stock, "--mode", f"reverse:http://127.0.0.1:{direct}@127.0.0.1:{plain}"],
        "mitmdump -q": [*stock, "-q", "--mode", f"reverse:http://127.0.0.1:{direct}@127.0.0.1:{quiet}"],
        "vecgate": ["taskset", "-c", "1", *serve, str(folder / "vecgate.yaml")],
        "workers": [*serve, str(other / "vecgate.yaml"), "--workers", "2"],
    }  # fmt: skip
    with contextlib.ExitStack() as stack:
        pids = {}
        for name, command in commands.items():
            log = stack.enter_context((folder / f"{name}.log").open("wb"))
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
            stack.callback(stop, process)
            pids[name] = process.pid
        found = [
            Peer("direct", f"http://127.0.0.1:{direct}{PATH}", []),
            Peer("nginx", f"http://127.0.0.1:{proxied}{PATH}", []),
            Peer(MITMDUMP, f"http://127.0.0.1:{plain}{PATH}", [pids["mitmdump"]]),
            Peer("the same, told to be quiet", f"http://127.0.0.1:{quiet}{PATH}", [pids["mitmdump -q"]]),
            Peer(GATEWAY, f"http://127.0.0.1:{gateway}{PATH}", [pids["vecgate"]]),
            Peer("the same, a process per core", f"http://127.0.0.1:{several}{PATH}", children(pids["workers"], 2)),
        ]
        for peer in found:
            answering(peer, bearer, folder)
        yield found


def beside(folder: Path, name: str) -> Path:
    """A folder within, with the keys: a gateway's state and evidence are its own."""
    other = folder / name
    other.mkdir()
    for each in ("jwks.json", "service.key"):
        shutil.copy(folder / each, other / each)
    return other


def children(pid: int, count: int, seconds: float = 20) -> list[int]:
    """The processes that a process has started. Raises RuntimeError if there are fewer in the end."""
    deadline = time.monotonic() + seconds
    while len(found := Path(f"/proc/{pid}/task/{pid}/children").read_text().split()) < count:
        if time.monotonic() > deadline:
            raise RuntimeError(f"process {pid} started {len(found)} of {count} processes")
        time.sleep(0.1)
    return [int(each) for each in found]


def answering(peer: Peer, bearer: str, folder: Path, seconds: float = 40) -> None:
    headers = {"authorization": f"Bearer {bearer}", "content-type": "application/json"}
    deadline = time.monotonic() + seconds
    last = ""
    while time.monotonic() < deadline:
        try:
            answer = httpx.post(peer.url, content=query_body(), headers=headers, timeout=5)
            if answer.status_code == 200:
                return
            last = f"{answer.status_code} {answer.text[:300]}"
        except httpx.HTTPError as error:
            last = repr(error)
        time.sleep(0.2)
    logs = "\n".join(f"{log.name}: {log.read_text()[-1500:]}" for log in folder.glob("*.log"))
    raise RuntimeError(f"{peer.name} does not answer: {last}\n{logs}")
