"""A gateway under attack: one process for a module, in front of a database that records every byte.

`attack` sends bytes and insists on what holds for every attack: one answer with the expected status and reason, one
outcome in the evidence that says the same, nothing forwarded. `check_nothing_leaked` is for the end of a module.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from tests.support.byte_wire import Answering, ByteUpstream, Received, Reply, answer, request, send
from tests.support.gateway import HEAD, SERVICE_KEY, Gateway, gateway
from vecgate.evidence.sessions import Archive

PARENT = "default_tenant/default_database"
DATABASE = "/api/v2/tenants/default_tenant/databases/default_database"
COLLECTIONS = f"{DATABASE}/collections"
PUBLIC = "11111111-1111-4111-8111-111111111111"
SECRET = "22222222-2222-4222-8222-222222222222"
FOREIGN = "33333333-3333-4333-8333-333333333333"
ABSENT = "99999999-9999-4999-8999-999999999999"
CANARY = "canary-masked-123-45-6789"
VECTOR = [0.125, -0.25, 0.5]
RECORD = {
    "ids": ["a"],
    "documents": ["open text"],
    "metadatas": [{"title": "open", "ssn": CANARY, "salary": 4711}],
    "include": ["documents", "metadatas"],
}

POLICY = """
policy:
  grants:
    - name: read-public
      to: {groups: [readers]}
      on: &public {resources: ["default_tenant/default_database/kb_public"]}
      allow: [meta, search, read]
    - {name: write-public, to: {groups: [writers]}, on: *public, allow: [meta, search, read, write, delete]}
    - {name: root, to: {groups: [admins]}, allow: [meta, search, read, write, delete, admin]}
  masks:
    - {name: vectors, vectors: drop, clearance: {groups: [cleared]}}
    - {name: personal, fields: {ssn: redact, salary: drop, email: hash}, clearance: {groups: [cleared]}}
"""


def collection(uuid: str, name: str, tenant: str = "default_tenant", **more: object) -> dict[str, object]:
    return {
        "id": uuid,
        "name": name,
        "configuration_json": {},
        "tenant": tenant,
        "database": "default_database",
        "metadata": None,
        "dimension": 3,
        "log_position": 0,
        "version": 0,
        **more,
    }


def not_found(received: Received) -> bytes:
    return answer({"error": "NotFoundError", "message": "Collection [x] does not exist"}, 404)


CHROMA: Mapping[str, Answering | bytes] = {
    f"^GET .*/default_database/collections/by-id/{PUBLIC} ": answer(collection(PUBLIC, "kb_public")),
    f"^GET .*/default_database/collections/by-id/{SECRET} ": answer(collection(SECRET, "secret")),
    "^GET .*/collections/by-id/": not_found,
    "^GET .*/collections/kb_public ": answer(collection(PUBLIC, "kb_public")),
    "^GET .*/collections/secret ": answer(collection(SECRET, "secret")),
    "^GET .*/collections/[^ /]+ ": not_found,
    "^GET .*/collections[ ?]": answer([collection(PUBLIC, "kb_public"), collection(SECRET, "secret")]),
    "^POST .*/get ": answer(RECORD),
    "^GET .*/count ": answer(1),
    "^GET .*/(version|heartbeat) ": answer("1.0.0"),
    "^GET /api/v2/tenants/[^/ ]+ ": answer({"name": "default_tenant"}),
}
"""A database with one public and one secret collection in the caller's database, and one of another tenant."""

LOOKUPS = ("/collections/by-id/", "/collections/kb_public", "/collections/secret", "/collections/absent")


@dataclass
class UnderAttack:
    gateway: Gateway
    upstream: ByteUpstream
    tokens: dict[str, str] = field(default_factory=dict)
    _offset: int = 0
    _outcomes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.gateway.port

    def token(self, subject: str = "alice", *groups: str, **claims: Any) -> str:
        """A good token; `alice` reads the public collection unless groups are named."""
        key = f"{subject} {groups} {claims}"
        if key not in self.tokens:
            self.tokens[key] = self.gateway.issuer.token(subject, *(groups or ("readers",)), **claims)
        return self.tokens[key]

    def bearer(self, subject: str = "alice", *groups: str, **claims: Any) -> str:
        return f"Authorization: Bearer {self.token(subject, *groups, **claims)}"

    def outcomes(self) -> list[dict[str, Any]]:
        """The outcomes that came to the evidence since the last call."""
        [path] = (self.gateway.folder / "evidence").rglob("*.jsonl")
        with path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        records = [msgspec.json.decode(line) for line in whole.splitlines()]
        found = [record for record in records if record["kind"] == "outcome"]
        self._outcomes += found
        return found

    def drain(self, quiet: float = 0.2) -> list[dict[str, Any]]:
        """The outcomes until none has come for so many seconds."""
        last, found = time.monotonic(), self.outcomes()
        while time.monotonic() - last < quiet:
            time.sleep(0.02)
            if more := self.outcomes():
                last = time.monotonic()
                found += more
        return found

    def outcome(self, seconds: float = 5.0) -> dict[str, Any]:
        """The one outcome that a request just left."""
        return self.settle(1, seconds)[0]

    def settle(self, count: int, seconds: float = 5.0) -> list[dict[str, Any]]:
        """The outcomes of that many requests that were sent by hand since the last call; not one more or less."""
        deadline, found = time.monotonic() + seconds, self.outcomes()
        while len(found) < count and time.monotonic() < deadline:
            time.sleep(0.005)
            found += self.outcomes()
        assert len(found) == count, [each["facts"]["reason"] for each in found]
        return found

    def attack(
        self, status: int, reason: str, *parts: bytes, lookups: bool = False, half_close: bool = False
    ) -> tuple[Reply, dict[str, Any]]:
        """Send, and insist on the refusal, its one outcome, and that nothing was forwarded."""
        self.outcomes()
        self.upstream.take()
        reply = send(self.port, *parts, half_close=half_close)
        outcome = self.outcome()
        received = self.upstream.take()
        forwarded = [each for each in received if not (lookups and any(mark in each.line for mark in LOOKUPS))]
        assert not forwarded, [each.line for each in forwarded]
        assert (reply.status, reply.reason) == (status, reason), reply.raw[:600]
        assert outcome["facts"]["reason"] == reason
        assert not outcome["facts"].get("forwarded", False)
        assert outcome["exchange"] == reply.exchange
        # What never became a request has no status on record.
        assert outcome["facts"]["status"] == status or not outcome["facts"]["timings"]
        assert reply.header("cache-control") == "no-store"
        return reply, outcome

    def allowed(self, *parts: bytes) -> tuple[Reply, Received]:
        """Send what is allowed: the reply, and the one request that reached the database besides look-ups."""
        self.outcomes()
        self.upstream.take()
        reply = send(self.port, *parts)
        outcome = self.outcome()
        assert outcome["facts"]["verdict"] == "allow", (outcome["facts"]["reason"], reply.raw[:400])
        forwarded = [each for each in self.upstream.take() if "/by-id/" not in each.line]
        assert len(forwarded) == 1, [each.line for each in forwarded]
        return reply, forwarded[0]

    def post(
        self, path: str, document: object, *fields: str, subject: str = "alice", groups: Sequence[str] = ()
    ) -> bytes:
        body = document if isinstance(document, bytes) else msgspec.json.encode(document)
        head = [self.bearer(subject, *groups), "Content-Type: application/json", *fields]
        return request(path, *head, method="POST", body=body)

    def check_alive(self) -> None:
        """After all attacks the gateway still serves."""
        reply = send(self.port, request("/api/v2/version"))
        assert reply.status == 200, reply.raw

    def check_nothing_leaked(self, *more: str) -> None:
        """No credential and no masked value in the log, in an evidence file, or in its decrypted contents."""
        assert check_canaries(self.gateway, [*self.tokens.values()], [CANARY, *more]) == []

    def check_unique_outcomes(self) -> None:
        self.outcomes()
        ids = [record["exchange"] for record in self._outcomes]
        assert len(ids) == len(set(ids))


def check_canaries(running: Gateway, tokens: Sequence[str], masked: Sequence[str]) -> list[str]:
    """Which of these stand somewhere they must not."""
    secrets = [SERVICE_KEY, *tokens, *(token.rpartition(".")[2] for token in tokens if token.count(".") == 2), *masked]
    texts = {"log": running.log}
    for path in sorted((running.folder / "evidence").rglob("*")):
        if path.is_file():
            texts[path.name] = path.read_text("latin-1")
    archive = Archive(running.folder / "evidence")
    contents = []
    for session in archive.sessions():
        archive.read_contents(session)
        contents.append(msgspec.json.encode(session.as_dict()).decode())
    texts["contents"] = "\n".join(contents)
    return [
        f"{secret[:40]} in {name}" for name, text in texts.items() for secret in secrets if secret and secret in text
    ]


@contextlib.contextmanager
def under_attack(
    folder: Path,
    policy: str = POLICY,
    routes: Mapping[str, Answering | bytes] = MappingProxyType({}),
    *,
    enforcement: str = "enforce",
    stops: bool = False,
    head: str = HEAD,
) -> Iterator[UnderAttack]:
    """A gateway in front of a `ByteUpstream`. What holds at the end of every module is checked when it ends.

    `stops` is for tests that stop the gateway themselves.
    """
    upstream = ByteUpstream({**routes, **CHROMA, **routes})
    more = ("--log-level", "debug")
    try:
        with gateway(folder, upstream.url, policy, enforcement=enforcement, more=more, head=head) as running:
            attacked = UnderAttack(running, upstream)
            yield attacked
            if not stops:
                attacked.check_alive()
            attacked.check_unique_outcomes()
            attacked.check_nothing_leaked()
    finally:
        upstream.close()
