"""gRPC calls through a whole gateway, with a real gRPC client and a real gRPC server: what passes, what does not, and
what the client is told. The dialect has one call; the engines' own are tested with their dialects."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import msgspec
import pytest
from tests.support import calls_plugin
from tests.support.calls_plugin import DESCRIPTORS
from tests.support.certificates import Authority
from tests.support.gateway import SERVICE_KEY, Gateway, gateway
from tests.support.grpc_server import Failed, GrpcServer
from tests.support.h2_client import H2Client, H2Reply, base

from vecgate.demo.processes import free_port

pytestmark = pytest.mark.real

CHECK = "/grpc.health.v1.Health/Check"
PLUGIN = Path(calls_plugin.__file__)
PATH = {"PYTHONPATH": str(PLUGIN.parents[2])}
HEAD = """
version: 1
connections:
  - name: calls
    dialect: calls
    listen: 127.0.0.1:{port}
    upstream: {upstream}
    bounds: {{body: 64KiB, answer: 64KiB}}
    credential: {{header: Api-Key, value: "env:TEST_SERVICE_KEY"}}
  - name: secure
    dialect: calls
    listen: 127.0.0.1:@secure
    upstream: {upstream}
    tls: {{certificate: @certificate, key: @key}}
  - {{name: rest, dialect: calls, listen: "127.0.0.1:@rest", upstream: "http://127.0.0.1:@nobody"}}
  - {{name: gone, dialect: calls, listen: "127.0.0.1:@gone", upstream: "h2c://127.0.0.1:@nobody"}}
identity:
  issuers: [{{issuer: "{issuer}", audience: vecgate, algorithms: [ES256], jwks: "file:jwks.json"}}]
state: {{url: "sqlite:///state.db"}}
evidence: {{directory: evidence, checkpoint: 5s}}
control: {{listen: "127.0.0.1:{control}"}}
plugins: {{load: ["file:@plugin"]}}
"""
POLICY = """
policy:
  grants: [{name: read, to: {groups: [readers]}, on: {resources: [docs, slow, broken, large]}, allow: [read]}]
  limits: [{name: few, to: {subjects: [hasty]}, requests: 1/hour}]
"""


@dataclass
class Served:
    gateway: Gateway
    database: GrpcServer
    ports: dict[str, int]
    authority: Authority

    def metadata(self, *groups: str, subject: str = "alice") -> list[tuple[str, str]]:
        return [("authorization", f"Bearer {self.gateway.issuer.token(subject, *groups)}")]

    def asked(self) -> list[Any]:
        calls, self.database.calls = self.database.calls, []
        return calls


def serving(request: Any) -> Any:
    match request.service:
        case "broken":
            raise Failed(grpc.StatusCode.INTERNAL, "row 17 holds canary-secret")
        case "large":
            return DESCRIPTORS.type("grpc.health.v1.HealthCheckRequest")(service="x" * 70_000)
    return DESCRIPTORS.type("grpc.health.v1.HealthCheckResponse")(status=1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("grpc")
    authority = Authority(folder, "a")
    issued = authority.issue("server", "127.0.0.1")
    ports = {name: free_port() for name in ("secure", "rest", "gone", "nobody")}
    head = HEAD
    for name, value in {"plugin": PLUGIN, "certificate": issued.certificate, "key": issued.key, **ports}.items():
        head = head.replace(f"@{name}", str(value))
    with (
        GrpcServer(DESCRIPTORS, {CHECK: serving}) as database,
        gateway(folder / "gate", f"h2c://127.0.0.1:{database.port}", POLICY, head=head, environment=PATH) as running,
    ):
        yield Served(running, database, ports | {"calls": running.port}, authority)


def check(
    served: Served,
    service: str,
    metadata: list[tuple[str, str]],
    *,
    to: str = "calls",
    path: str = CHECK,
    body: bytes | None = None,
    **options: Any,
) -> tuple[grpc.StatusCode, str, dict[str, str], bytes]:
    """One call by grpcio: its code, details, trailing metadata and reply."""
    address = f"127.0.0.1:{served.ports[to]}"
    if to == "secure":
        roots = served.authority.certificate.read_bytes()
        channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(roots))
    else:
        channel = grpc.insecure_channel(address)
    sent = DESCRIPTORS.made(CHECK, {"service": service}) if body is None else body
    with channel:
        call: Any = channel.unary_unary(path)
        try:
            reply, done = call.with_call(sent, metadata=metadata, timeout=options.pop("timeout", 10), **options)
        except grpc.RpcError as error:
            ending: Any = error.trailing_metadata()
            trailing = {name: str(value) for name, value in ending or ()}
            return error.code(), error.details() or "", trailing, b""
        return done.code(), "", {name: str(value) for name, value in done.initial_metadata()}, reply


@pytest.mark.parametrize("to", ["calls", "secure"])
def test_a_granted_call_is_answered(to: str, served: Served) -> None:
    served.asked()
    code, _, metadata, reply = check(served, "docs", served.metadata("readers"), to=to)
    assert (code, DESCRIPTORS.type("grpc.health.v1.HealthCheckResponse").FromString(reply).status) == (  # type: ignore[attr-defined]  # made at run time
        grpc.StatusCode.OK,
        1,
    )
    assert len(metadata["vecgate-exchange"]) == 32
    [asked] = served.asked()
    assert asked.message.service == "docs"
    assert "authorization" not in asked.metadata
    assert asked.metadata.get("api-key") == (SERVICE_KEY if to == "calls" else None)


def test_compressed_messages_are_read(served: Served) -> None:
    code, *_ = check(served, "docs", served.metadata("readers"), compression=grpc.Compression.Gzip)
    assert code is grpc.StatusCode.OK
    assert served.asked()[-1].message.service == "docs"


def test_a_deadline_goes_on_to_the_database(served: Served) -> None:
    served.asked()
    assert check(served, "docs", served.metadata("readers"), timeout=7)[0] is grpc.StatusCode.OK


REFUSED: dict[str, tuple[str, str, str, grpc.StatusCode, str]] = {
    "no grant": ("secret", "readers", CHECK, grpc.StatusCode.PERMISSION_DENIED, "no_grant"),
    "no groups": ("docs", "", CHECK, grpc.StatusCode.PERMISSION_DENIED, "no_grant"),
    "no token": ("docs", "anonymous", CHECK, grpc.StatusCode.UNAUTHENTICATED, "token_missing"),
    "an unknown call": ("docs", "readers", "/a.B/C", grpc.StatusCode.UNIMPLEMENTED, "unknown_operation"),
    "a refused call": (
        "docs",
        "readers",
        "/grpc.health.v1.Health/Watch",
        grpc.StatusCode.UNIMPLEMENTED,
        "unknown_operation",
    ),
    "a third segment": ("docs", "readers", f"{CHECK}/x", grpc.StatusCode.UNIMPLEMENTED, "unknown_operation"),
    "another spelling": (
        "docs",
        "readers",
        "/grpc.health.v1.health/check",
        grpc.StatusCode.UNIMPLEMENTED,
        "unknown_operation",
    ),
    "dot segments": ("docs", "readers", f"/x/..{CHECK}", grpc.StatusCode.INVALID_ARGUMENT, "bad_target"),
}


@pytest.mark.parametrize(("service", "group", "path", "code", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_refused_call_ends_with_its_status(
    service: str, group: str, path: str, code: grpc.StatusCode, reason: str, served: Served
) -> None:
    served.asked()
    metadata = [] if group == "anonymous" else served.metadata(*filter(None, [group]))
    got, text, trailing, _ = check(served, service, metadata, path=path)
    assert (got, trailing["vecgate-reason"]) == (code, reason)
    assert reason in text
    assert trailing["vecgate-exchange"] in text
    assert ("www-authenticate" in trailing) == (reason == "token_missing")
    assert served.asked() == []
    facts = outcome(served, trailing["vecgate-exchange"])
    assert (facts["reason"], facts["method"], facts["path"]) == (reason, "GRPC", facts["path"])


@pytest.mark.parametrize("path", ["/grpc.health.v1.Health/Watch", "/a.B/C"])
def test_a_stream_that_is_not_served_says_so(path: str, served: Served) -> None:
    metadata: Any = tuple(served.metadata("readers"))
    with grpc.insecure_channel(f"127.0.0.1:{served.ports['calls']}") as channel:
        call: Any = channel.stream_stream(path)
        stream = call(iter([MESSAGE] * 3), metadata=metadata, timeout=10)
        assert stream.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_spent_limit_says_when_to_come_back(served: Served) -> None:
    metadata = served.metadata("readers", subject="hasty")
    assert check(served, "docs", metadata)[0] is grpc.StatusCode.OK
    code, _, trailing, _ = check(served, "docs", metadata)
    assert (code, trailing["vecgate-reason"]) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "rate_exceeded")
    assert int(trailing["retry-after"]) > 0


def test_what_the_database_says_of_a_failure_is_withheld(served: Served) -> None:
    code, text, trailing, _ = check(served, "broken", served.metadata("readers"))
    assert code is grpc.StatusCode.INTERNAL
    assert "canary" not in text
    assert outcome(served, trailing["vecgate-exchange"])["upstream_error"] == "grpc 13"


@pytest.mark.parametrize(
    ("to", "code", "reason"),
    [
        ("rest", grpc.StatusCode.UNIMPLEMENTED, "unknown_operation"),
        ("gone", grpc.StatusCode.UNAVAILABLE, "upstream_unreachable"),
    ],
)
def test_a_connection_that_cannot_carry_calls_says_so(
    to: str, code: grpc.StatusCode, reason: str, served: Served
) -> None:
    got, _, trailing, _ = check(served, "docs", served.metadata("readers"), to=to)
    assert (got, trailing.get("vecgate-reason")) == (code, reason)


def test_too_large_an_answer_is_withheld(served: Served) -> None:
    code, _, trailing, reply = check(served, "large", served.metadata("readers"))
    assert (code, reply) == (grpc.StatusCode.INTERNAL, b"")
    assert trailing["vecgate-reason"] in ("unmaskable_response", "upstream_protocol")


MESSAGE = DESCRIPTORS.made(CHECK, {"service": "docs"})


def framed(message: bytes, flag: int = 0, size: int | None = None) -> bytes:
    return bytes([flag]) + (len(message) if size is None else size).to_bytes(4) + message


BODIES: dict[str, tuple[bytes, dict[str, str], str, str]] = {
    "nothing": (b"", {}, "3", "bad_body"),
    "a cut prefix": (b"\0\0\0", {}, "3", "bad_body"),
    "too long a length": (framed(MESSAGE, size=900), {}, "3", "bad_body"),
    "too short a length": (framed(MESSAGE, size=2), {}, "3", "bad_body"),
    "two messages": (framed(MESSAGE) * 2, {}, "3", "bad_body"),
    "an unknown flag": (framed(MESSAGE, flag=2), {}, "3", "bad_body"),
    "no protobuf": (framed(b"\xff\xff"), {}, "3", "bad_body"),
    "no UTF-8": (framed(b"\x0a\x01\xff"), {}, "3", "bad_body"),
    "compressed in secret": (framed(gzip.compress(MESSAGE), flag=1), {}, "3", "unsupported_media"),
    "another compression": (framed(MESSAGE, flag=1), {"grpc-encoding": "snappy"}, "3", "unsupported_media"),
    "no gzip": (framed(MESSAGE, flag=1), {"grpc-encoding": "gzip"}, "3", "bad_body"),
    "a bomb": (framed(gzip.compress(bytes(30_000_000)), flag=1), {"grpc-encoding": "gzip"}, "8", "body_too_large"),
    "a large message": (framed(bytes(70_000)), {}, "8", "body_too_large"),
    "a compressed body": (gzip.compress(framed(MESSAGE)), {"content-encoding": "gzip"}, "3", "unsupported_media"),
    "a broken deadline": (framed(MESSAGE), {"grpc-timeout": "soon"}, "3", "bad_header"),
    "a past deadline": (framed(MESSAGE), {"grpc-timeout": "0n"}, "4", "request_timeout"),
    "a second credential": (framed(MESSAGE), {"api-key": "x"}, "3", "credential_ambiguous"),
}


@pytest.mark.parametrize(("body", "more", "status", "reason"), BODIES.values(), ids=BODIES)
async def test_a_malformed_call_is_refused_in_the_protocol(
    body: bytes, more: dict[str, str], status: str, reason: str, served: Served
) -> None:
    served.asked()
    reply = await raw(served, body, more)
    assert (reply.status, reply.headers.get("grpc-status")) == (200, status), reply
    assert (reply.headers["vecgate-reason"], reply.body) == (reason, b"")
    assert reply.headers["content-type"] == "application/grpc"
    assert served.asked() == []


MEDIA = {
    "gRPC-web": ("application/grpc-web", 415),
    "gRPC-web text": ("application/grpc-web-text+proto", 415),
    "JSON codec": ("application/grpc+json", 415),
    "Connect": ("application/proto", 415),
    "none": ("", 415),
}


@pytest.mark.parametrize(("media", "status"), MEDIA.values(), ids=MEDIA)
async def test_another_codec_is_no_call(media: str, status: int, served: Served) -> None:
    served.asked()
    reply = await raw(served, framed(MESSAGE), {"content-type": media})
    assert reply.status in (status, 403), reply
    assert "grpc-status" not in reply.headers
    assert served.asked() == []


def test_grpc_over_http1_is_no_call(served: Served) -> None:
    served.asked()
    headers = served.gateway.headers("alice", "readers") | {"content-type": "application/grpc"}
    answer = served.gateway.http.post(CHECK, headers=headers, content=framed(MESSAGE))
    assert answer.status_code == 403
    assert served.asked() == []


async def test_trailers_of_a_request_are_refused(served: Served) -> None:
    async with H2Client(served.ports["calls"]) as client:
        number = client.open(headers(served, {}), end=False)
        client.connection.send_data(number, framed(MESSAGE))
        client.connection.send_headers(number, [("x-trailer", "1")], end_stream=True)
        client.flush()
        reply = await client.reply(number)
    assert (reply.headers.get("grpc-status"), reply.headers.get("vecgate-reason")) == ("3", "bad_header")


async def test_the_status_of_an_answer_stands_in_its_trailers(served: Served) -> None:
    reply = await raw(served, framed(MESSAGE), {})
    assert (reply.status, reply.trailers.get("grpc-status"), reply.ended) == (200, "0", True)
    assert "grpc-status" not in reply.headers
    assert reply.body[:1] == b"\0"


def headers(served: Served, more: dict[str, str]) -> list[tuple[str, str]]:
    fields = {"content-type": "application/grpc", "te": "trailers"} | more
    return [*base(CHECK, "POST"), *fields.items(), *served.metadata("readers")]


async def raw(served: Served, body: bytes, more: dict[str, str]) -> H2Reply:
    async with H2Client(served.ports["calls"]) as client:
        return await client.exchange(headers(served, more), body)


def outcome(served: Served, exchange: str) -> dict[str, Any]:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        for record in served.gateway.records():
            if record["exchange"] == exchange and record["kind"] == "outcome":
                facts: dict[str, Any] = record["facts"]
                return facts
        time.sleep(0.05)
    raise AssertionError(f"no outcome of {exchange}")


def test_nothing_of_a_token_is_on_record(served: Served) -> None:
    served.gateway.terminate()
    text = b"".join(path.read_bytes() for path in served.gateway.folder.rglob("*.jsonl"))
    assert b"eyJ" not in text
    assert SERVICE_KEY.encode() not in text
    assert all(msgspec.json.decode(line) for line in text.splitlines())
