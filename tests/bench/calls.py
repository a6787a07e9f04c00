"""gRPC: a Milvus search through stock mitmdump taught cleartext HTTP/2, and through vecgate with everything on.

nginx answers with recorded replies, h2load asks: a gRPC client in Python would be slower than what is measured.
"""

from __future__ import annotations

import contextlib
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc as grpc_client

from tests.bench.load import Sample, cpu_seconds, find
from tests.bench.peers import GATEWAY, ISSUER, Peer, beside, children
from tests.support.milvus_calls import SERVICE, column, made, pairs
from vecgate.demo.processes import free_port, stop
from vecgate.operations.grpc import framed

SEARCH = f"/{SERVICE}/Search"
DIRECT = "direct"
MITMDUMP = "mitmdump with h2c, no-op addon"
NGINX = """
worker_processes 1; daemon off; pid {folder}/calls.pid; error_log {folder}/calls.error.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000; http2_max_concurrent_streams 1024;
  client_body_temp_path {folder}/body2; proxy_temp_path {folder}/proxy2;
  fastcgi_temp_path {folder}/f2; uwsgi_temp_path {folder}/u2; scgi_temp_path {folder}/s2; default_type application/grpc;
  server {{ listen 127.0.0.1:{direct} http2; root {folder}/replies; add_trailer grpc-status 0 always;
    error_page 405 =200 $uri; }}
}}
"""
CONFIG = """
version: 1
connections:
  - {{name: docs, dialect: milvus, listen: "127.0.0.1:{port}", upstream: "h2c://127.0.0.1:{direct}",
      credential: {{header: authorization, value: "file:service.key"}}}}
identity:
  issuers: [{{issuer: "{issuer}", audience: vecgate, algorithms: [ES256], jwks: "file:jwks.json"}}]
policy:
  grants:
    - {{name: readers, to: {{groups: [readers]}}, on: {{resources: ["default/kb_*"]}}, allow: [meta, search, read]}}
  masks:
    - {{name: personal, fields: {{email: hash, ssn: redact}}, clearance: {{groups: [leads]}}}}
  limits:
    - {{name: everyone, requests: 100000000/day, points: 1000000000/day}}
state: {{url: "sqlite:///state.db"}}
evidence: {{directory: evidence}}
"""
H2C = '''"""Cleartext HTTP/2 on both sides, which mitmproxy has not; and hooks that do nothing."""

from mitmproxy import exceptions


class Cleartext:
    def next_layer(self, data):
        if len(data.context.layers) == 1:
            first = data.data_client()
            if not first:
                raise exceptions.AddonHalt
            data.context.client.alpn = b"h2"

    def server_connected(self, data):
        data.server.alpn = b"h2"

    def request(self, flow):
        pass

    def response(self, flow):
        pass


addons = [Cleartext()]
'''
FIELDS = {"id": 5, "email": 21, "ssn": 21, "city": 21, "text": 21, "vector": 101}
"""By the numbers of their types: Int64, VarChar, FloatVector."""


def searched(dimension: int = 128) -> bytes:
    """A search with one vector."""
    value = struct.pack(f"<{dimension}f", *(number / dimension for number in range(dimension)))
    group: Any = made("common.PlaceholderGroup", placeholders=[{"tag": "$0", "type": 101, "values": [value]}])
    message = made(
        "milvus.SearchRequest",
        collection_name="kb_bench",
        dsl_type=1,
        placeholder_group=group.SerializeToString(),
        nq=1,
        search_params=pairs(anns_field="vector", topk=10),
        output_fields=["email", "ssn", "city", "text"],
    )
    return bytes(message.SerializeToString())


def replies(folder: Path) -> None:
    """About 5 kB of search result, and what the gateway asks about the collection."""
    ten = range(10)
    result = made("milvus.SearchResults", collection_name="kb_bench")
    result.results.num_queries, result.results.top_k = 1, 10
    result.results.topks.append(10)
    result.results.scores.extend(number / 10 for number in ten)
    result.results.ids.int_id.data.extend(ten)
    texts = {"email": "1000@people.example", "ssn": "900-12-1000", "city": "Lund", "text": "lorem ipsum dolor " * 25}
    result.results.fields_data.extend(
        column(name, "string_data", [text for _ in ten], 21) for name, text in texts.items()
    )
    described = made("milvus.DescribeCollectionResponse", collection_name="kb_bench", db_name="default")
    described.schema.name = "kb_bench"
    for number, (name, kind) in enumerate(FIELDS.items(), 100):
        described.schema.fields.add(fieldID=number, name=name, data_type=kind, is_primary_key=name == "id")
    target = folder / "replies" / SERVICE
    target.mkdir(parents=True)
    for method, message in (("Search", result), ("DescribeCollection", described)):
        (target / method).write_bytes(framed([message.SerializeToString()]))


@contextlib.contextmanager
def peers(folder: Path, bearer: str) -> Iterator[list[Peer]]:
    """As for HTTP. Each is asked once, so that what is measured is known to work."""
    direct, plain, gateway, several = (free_port() for _ in range(4))
    replies(folder)
    (folder / "calls.conf").write_text(NGINX.format(folder=folder, direct=direct))
    (folder / "h2c.py").write_text(H2C)
    serve = [sys.executable, "-m", "vecgate", "serve", "-c"]
    one, both = beside(folder, "calls-one"), beside(folder, "calls-both")
    for place, port in ((one, gateway), (both, several)):
        (place / "vecgate.yaml").write_text(CONFIG.format(port=port, direct=direct, issuer=ISSUER))
    mitmdump = str(Path(sys.executable).with_name("mitmdump"))
    reverse = f"reverse:http://127.0.0.1:{direct}@127.0.0.1:{plain}"
    commands = {
        "nginx": ["taskset", "-c", "0", "nginx", "-c", str(folder / "calls.conf")],
        "mitmdump": ["taskset", "-c", "1", mitmdump, "-q", "-s", str(folder / "h2c.py"), "--mode", reverse],
        "one": ["taskset", "-c", "1", *serve, str(one / "vecgate.yaml")],
        "both": [*serve, str(both / "vecgate.yaml"), "--workers", "2"],
    }
    with contextlib.ExitStack() as stack:
        pids = {}
        for name, command in commands.items():
            log = stack.enter_context((folder / f"calls-{name}.log").open("wb"))
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
            stack.callback(stop, process)
            pids[name] = process.pid
        found = [
            Peer(DIRECT, f"127.0.0.1:{direct}", []),
            Peer(MITMDUMP, f"127.0.0.1:{plain}", [pids["mitmdump"]]),
            Peer(GATEWAY, f"127.0.0.1:{gateway}", [pids["one"]]),
            Peer("the same, a process per core", f"127.0.0.1:{several}", children(pids["both"], 2)),
        ]
        for peer in found:
            answering(peer, bearer)
        yield found


def answering(peer: Peer, bearer: str) -> None:
    with grpc_client.insecure_channel(peer.url) as channel:
        grpc_client.channel_ready_future(channel).result(timeout=40)
        call: Any = channel.unary_unary(SEARCH, None, None)
        metadata = (("authorization", f"Bearer {bearer}"),)
        for attempt in range(50):
            try:
                reply = call(searched(), timeout=10, metadata=metadata)
            except grpc_client.RpcError:
                if attempt == 49:
                    raise
                time.sleep(0.2)
            else:
                if (b"900-12-1000" in reply) != (peer.name in {DIRECT, MITMDUMP}):
                    raise RuntimeError(f"{peer.name} does not mask, or masks: {reply[:200]!r}")
                return


def fire(peer: Peer, folder: Path, bearer: str, connections: int, seconds: float) -> Sample:
    """One round of load from core 0. Raises RuntimeError when any call did not end well."""
    body, log = folder / "search.bin", folder / "h2load.log"
    body.write_bytes(framed([searched()]))
    log.unlink(missing_ok=True)
    headers = ("content-type: application/grpc", "te: trailers", f"authorization: Bearer {bearer}")
    command = ["taskset", "-c", "0", "h2load", "-t1", f"-c{connections}", "-m1", f"-D{seconds:g}", "-d", str(body)]
    command += [f"--log-file={log}", *(part for header in headers for part in ("-H", header))]
    before = sum(map(cpu_seconds, peer.pids))
    out = subprocess.run([*command, f"http://{peer.url}{SEARCH}"], capture_output=True, text=True, check=True).stdout
    used = sum(map(cpu_seconds, peer.pids)) - before
    if int(find(r"(\d+) errored", out)) or int(find(r"(\d+) 5xx", out)):
        raise RuntimeError(f"{peer.name}: {out}")
    times = sorted(int(line.split("\t")[2]) / 1000 for line in log.read_text().splitlines())
    done = len(times)
    return Sample(done / seconds, done, times[done // 2], times[done * 99 // 100], used * 1000 / max(done, 1))
