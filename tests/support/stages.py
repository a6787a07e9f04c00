"""One stage at a time: flows, a context, and a runtime whose parts answer as the test says and remember what they were
asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import msgspec
from mitmproxy import http
from mitmproxy.test import tflow

from tests.support.chroma_double import DATABASE, KB
from tests.support.chroma_scene import masks
from vecgate.approvals.tickets import Ticket
from vecgate.approvals.waiting import Gone, Outcome
from vecgate.config.identity import Subjects
from vecgate.config.models import ApprovalRule, Connection, Control, Enforcement, Evidence, LimitRule
from vecgate.config.units import Rate
from vecgate.errors import Refusal, Unavailable
from vecgate.exchange import Exchange
from vecgate.identity.certificate import Certificate
from vecgate.identity.principal import Principal, Rejected
from vecgate.identity.resource import ProtectedResource
from vecgate.limits.reservation import Reservation
from vecgate.operations.dialect import Reading
from vecgate.operations.messages import Answer, Outgoing, Request
from vecgate.operations.names import NameResolver
from vecgate.operations.site import Site
from vecgate.operations.target import parse
from vecgate.policy.decision import Decision, Verdict
from vecgate.reasons import Reason
from vecgate.runtime import Runtime, Upstream
from vecgate.serve.listeners import Listener, Listeners
from vecgate.serve.listeners import Upstream as Where
from vecgate.stages.context import Context
from vecgate_chroma import ChromaDialect

ANNA = Principal("https://idp.example/", "anna", groups=frozenset({"staff"}))
RESOURCE = "default_tenant/default_database/kb"
GET_PATH = f"{DATABASE}/collections/{KB}/get"
ALLOWED = Decision(
    Verdict.ALLOW, Reason.GRANTED, visible=lambda resource: True, masks_for=lambda resource: masks({"ssn": "redact"})
)
DENIED = Decision(Verdict.DENY, Reason.NO_GRANT, "Nobody grants it.")
REVIEW = ApprovalRule(name="review", reviewers=Subjects(groups=["owners"]))
HELD = replace(ALLOWED, verdict=Verdict.HOLD, reason=Reason.APPROVAL_PENDING, approval=REVIEW)
LIMIT = LimitRule(name="few", requests=Rate.parse("1/minute"))
DIALECT = ChromaDialect()


class Recorder:
    """Evidence that is a list. `down` is what it raises instead."""

    def __init__(self) -> None:
        self.outcomes: list[Exchange] = []
        self.intents: list[Exchange] = []
        self.events: list[tuple[str, Mapping[str, Any], str]] = []
        self.down: Exception | None = None

    def check(self) -> None:
        if self.down is not None:
            raise self.down

    def outcome(self, exchange: Exchange) -> None:
        self.check()
        self.outcomes.append(exchange)

    async def intent(self, exchange: Exchange) -> None:
        self.check()
        self.intents.append(exchange)
        exchange.intent = True

    def event(self, kind: str, facts: Mapping[str, Any], exchange: str = "") -> None:
        self.check()
        self.events.append((kind, facts, exchange))


class Authenticator:
    def __init__(self) -> None:
        self.known: dict[str, Principal] = {}
        self.provable: dict[str, Principal] = {"token": ANNA}
        self.holders: dict[str, Principal] = {}
        self.refusal: Refusal | None = None
        self.left: set[str] = set()

    def challenge(self, reason: Reason, metadata: str = "") -> str:
        return f'Bearer error="{reason}"' + (f' resource_metadata="{metadata}"' if metadata else "")

    def cached(self, token: str, connection: str = "", certificate: Certificate | None = None) -> Principal | None:
        return self.known.get(token)

    def certified(self, certificate: Certificate | None, connection: str) -> Principal:
        if certificate is None or connection not in self.holders:
            raise Refusal(Reason.TOKEN_MISSING)
        return self._lasting(self.holders[connection])

    async def authenticate(
        self, token: str, connection: str = "", address: str = "", certificate: Certificate | None = None
    ) -> Principal:
        if token not in self.provable:
            raise Refusal(Reason.TOKEN_INVALID)
        return self._lasting(self.provable[token])

    def _lasting(self, principal: Principal) -> Principal:
        if principal.subject in self.left:
            raise Rejected(Reason.TOKEN_REVOKED, principal)
        return principal

    def is_revoked(self, principal: Principal) -> bool:
        if isinstance(self.refusal, Unavailable):
            raise self.refusal
        revoked = self.refusal is not None and self.refusal.reason is Reason.TOKEN_REVOKED
        return revoked or principal.subject in self.left

    def recheck(self, principal: Principal) -> None:
        if self.refusal is not None:
            raise self.refusal


class Limiter:
    """Grants at once, later, or never; remembers what became of it."""

    def __init__(self) -> None:
        self.at_once = True
        self.refusal: Refusal | None = None
        self.ends: list[tuple[str, int]] = []

    def try_reserve(self, *asked: object) -> Reservation | None:
        return Reservation((), lambda: 0.0) if self.at_once else None

    async def reserve(self, *asked: object) -> Reservation:
        if self.refusal is not None:
            raise self.refusal
        return Reservation((), lambda: 0.0)

    def release(self, reservation: Reservation) -> None:
        self.ends.append(("release", 0))

    def settle(self, reservation: Reservation, points: int) -> None:
        self.ends.append(("settle", points))

    def park(self, reservation: Reservation) -> None:
        self.ends.append(("park", 0))

    async def resume(self, reservation: Reservation) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.ends.append(("resume", 0))


TICKET = Ticket(
    id="7" * 32,
    binding="b" * 64,
    connection="docs",
    exchange="e" * 32,
    peer="127.0.0.1:1",
    user_agent="",
    issuer=ANNA.issuer,
    subject=ANNA.subject,
    name="Anna",
    client="",
    identities=(ANNA.key,),
    rule="review",
    reviewers={"groups": ["owners"]},
    needed=1,
    opened=0.0,
    expires=1e12,
    summary={},
)


class Approvals:
    """`outcome` is how every wait ends; `looks` is how often the client is looked at before."""

    def __init__(self) -> None:
        self.outcome = Outcome.APPROVED
        self.looks = 1
        self.ticket = TICKET
        self.consumes = True
        self.consumed: list[str] = []
        self.finished: list[tuple[str, int | None]] = []
        self.decisions: list[Principal] = []
        self.failure: Exception | None = None

    async def open(self, asked: object) -> Ticket:
        return self.ticket

    async def wait(self, ticket_id: str, seconds: float, gone: Gone) -> Outcome:
        return Outcome.GONE if any(gone() for _ in range(self.looks)) else self.outcome

    async def get(self, ticket_id: str) -> Ticket:
        return self.ticket

    async def consume(self, ticket_id: str, asked: object) -> bool:
        self.consumed.append(ticket_id)
        return self.consumes

    async def finish(self, ticket_id: str, status: int | None) -> None:
        if self.failure is not None:
            raise self.failure
        self.finished.append((ticket_id, status))

    async def decide(self, ticket_id: str, reviewer: Principal, approve: bool, comment: str = "") -> Ticket:
        self.decisions.append(reviewer)
        if self.failure is not None:
            raise self.failure
        return self.ticket


class Policy:
    def __init__(self) -> None:
        self.decision = ALLOWED

    def decide(self, *asked: object, **facts: object) -> Decision:
        return self.decision


class Kept:
    """A service credential whose store is never asked."""

    header = b"x-chroma-token"

    def __init__(self) -> None:
        self.kept = "service"
        self.suspected = 0

    def reveal(self) -> str:
        if not self.kept:
            raise Unavailable(Reason.CREDENTIAL_UNAVAILABLE)
        return self.kept

    def suspect(self) -> None:
        self.suspected += 1


class Store:
    def __init__(self) -> None:
        self.epochs: dict[str, int] = {}
        self.down: Exception | None = None

    def epoch(self, name: str) -> int:
        return self.epochs.get(name, 0)

    async def bump(self, name: str) -> int:
        if self.down is not None:
            raise self.down
        self.epochs[name] = self.epoch(name) + 1
        return self.epochs[name]


@dataclass
class Scene:
    """A context with everything around it. `found` is what the database answers to look-ups."""

    enforcement: Enforcement = Enforcement.ENFORCE
    reads: str = "outcome"
    operator: str | None = None
    recorder: Recorder = field(default_factory=Recorder)
    authenticator: Authenticator = field(default_factory=Authenticator)
    limiter: Limiter = field(default_factory=Limiter)
    approvals: Approvals = field(default_factory=Approvals)
    policy: Policy = field(default_factory=Policy)
    store: Store = field(default_factory=Store)
    vetoes: list[str | None] = field(default_factory=lambda: [None])
    fetched: list[Outgoing] = field(default_factory=list)
    credential: Any = field(default_factory=Kept)

    def __post_init__(self) -> None:
        connection = Connection(
            name="docs",
            dialect="chroma",
            listen="127.0.0.1:6010",
            upstream="http://127.0.0.1:8000",
            enforcement=self.enforcement,
        )
        self.upstream = Upstream(
            config=connection,
            dialect=DIALECT,
            scheme="http",
            host="127.0.0.1",
            port=8000,
            prefix=b"/base",
            http2=False,
            site=Site("docs"),
            credential=self.credential,
            client=cast(Any, None),
            resource=ProtectedResource.of("https://gw.test", "docs", ["https://idp.example/"]),
        )
        self.upstream.__dict__["names"] = NameResolver(self._fetch)
        self.runtime = cast(
            Runtime,
            SimpleNamespace(
                config=SimpleNamespace(
                    evidence=Evidence(reads=cast(Any, self.reads)),
                    control=Control(listen="127.0.0.1:6099", local_operator=self.operator),
                ),
                hooks=SimpleNamespace(veto=lambda *asked: self.vetoes[0]),
                store=self.store,
                recorder=self.recorder,
                authenticator=self.authenticator,
                policy=self.policy,
                limiter=self.limiter,
                approvals=self.approvals,
                upstreams={"docs": self.upstream},
            ),
        )
        listener = Listener("docs", "127.0.0.1", 6010, Where("http", "127.0.0.1", 8000))
        self.context = Context(Listeners([listener]), self.runtime)

    async def _fetch(self, outgoing: Outgoing) -> Answer:
        self.fetched.append(outgoing)
        document = {"id": KB, "name": "kb", "configuration_json": {}, "tenant": "default_tenant"}
        body = msgspec.json.encode(document | {"database": "default_database"})
        return Answer(200, (("content-type", "application/json"),), body)

    def begun(self, flow: http.HTTPFlow, *passed: str, **more: Any) -> Exchange:
        """The flow's exchange, as if these stages had passed."""
        exchange = self.context.begin(flow)
        exchange.method, exchange.target = flow.request.method, parse(flow.request.data.path)
        exchange.passed = list(passed)
        for name, value in more.items():
            setattr(exchange, name, value)
        return exchange


def flow(
    method: str = "POST",
    path: str = GET_PATH,
    body: bytes = b"{}",
    headers: Sequence[tuple[bytes, bytes]] = ((b"content-type", b"application/json"),),
    *,
    response: http.Response | None = None,
) -> http.HTTPFlow:
    """A live flow, as it comes from a client of the listener."""
    made = tflow.tflow()
    made.client_conn.peername, made.client_conn.sockname = ("127.0.0.1", 50000), ("127.0.0.1", 6010)
    made.client_conn.timestamp_end, made.client_conn.state = None, made.client_conn.state.OPEN
    data = made.request.data
    data.method, data.path, data.authority, data.content = method.encode(), path.encode("latin-1"), b"", body
    data.headers = http.Headers([(b"host", b"gateway"), (b"content-length", b"%d" % len(body)), *headers])
    made.response, made.live = response, True
    return made


def read(path: str = GET_PATH, document: Any = None, method: str = "POST") -> Reading:
    """What the dialect reads, with its names resolved."""
    body = msgspec.json.encode({} if document is None else document) if method == "POST" else b""
    reading = DIALECT.read(Request(method, parse(path.encode()), {"content-type": "application/json"}, body))
    return DIALECT.bind(reading, {lookup.key: RESOURCE for lookup in DIALECT.lookups(reading)})


def reason(flow: http.HTTPFlow) -> str:
    """Why the flow was refused."""
    assert flow.response is not None
    return str(msgspec.json.decode(flow.response.data.content or b"{}").get("reason", ""))
