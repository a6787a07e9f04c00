"""Runtime: everything that requests need, made from one configuration. Immutable; a reload makes a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import httpx

from vecgate.approvals.approvals import Approvals
from vecgate.config.load import Loaded
from vecgate.config.models import Config, Connection
from vecgate.errors import Refusal, Unavailable
from vecgate.evidence.recorder import Recorder
from vecgate.hooks import Hooks
from vecgate.identity.authenticator import Authenticator
from vecgate.identity.principal import Principal
from vecgate.identity.resource import ProtectedResource
from vecgate.identity.revocations import Revocations
from vecgate.issuer.issuer import Issuer
from vecgate.limits.limiter import Limiter
from vecgate.operations import grpc
from vecgate.operations.dialect import Dialect
from vecgate.operations.messages import GRPC, Answer, Outgoing
from vecgate.operations.model import Operation
from vecgate.operations.names import NameResolver
from vecgate.operations.site import Site
from vecgate.policy.policy import Policy
from vecgate.reasons import Reason
from vecgate.secrets.credential import ServiceCredential
from vecgate.state.store import StateStore

if TYPE_CHECKING:
    from vecgate.identity.provisioning import Provisioning
    from vecgate.saml.logins import Logins  # python3-saml, which it needs, is an extra

type Fields = tuple[tuple[bytes, bytes], ...]
"""Header fields as they are sent."""

HEADERS = (
    (b"accept", b"application/json"),
    (b"accept-encoding", b"identity"),
    (b"user-agent", b"vecgate"),
)
"""What every upstream request carries, whatever the client sent."""
GRPC_HEADERS = (
    (b"content-type", b"application/grpc"),
    (b"te", b"trailers"),
    (b"grpc-accept-encoding", b"identity"),
    (b"user-agent", b"vecgate"),
)
"""The same for gRPC calls."""
LOOKUP_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Upstream:
    """A connection with all that is needed to talk to its database. The credential is in no repr."""

    config: Connection
    dialect: Dialect
    scheme: str
    host: str
    port: int
    prefix: bytes
    http2: bool
    """It can be asked over HTTP/2, as gRPC needs."""
    site: Site
    credential: ServiceCredential | None = field(repr=False)
    client: httpx.AsyncClient = field(repr=False)
    namer: Upstream | None = None
    """The connection that names are asked of, where this one cannot tell them."""
    resource: ProtectedResource | None = None
    """What the listener says of itself to everybody; None where nothing says how clients name it."""

    @cached_property
    def authority(self) -> bytes:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}".encode("ascii")

    @cached_property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """What every request that is forwarded begins with."""
        return ((b"host", self.authority), *HEADERS)

    @cached_property
    def names(self) -> NameResolver:
        return self.namer.names if self.namer else NameResolver(self.fetch)

    @property
    def naming(self) -> str:
        """The connection whose names these are."""
        return self.namer.naming if self.namer else self.config.name

    def proof(self, principal: Principal | None = None, operations: Sequence[Operation] = ()) -> Fields:
        """The header field that proves the gateway, or one request of this caller, to the database; none if it asks for
        none. Raises Unavailable `credential_unavailable`."""
        if self.credential is None:
            return ()
        value = self.credential.reveal()
        if self.config.credential is not None and self.config.credential.mint:
            value = self.dialect.mint(value, principal, operations)
        return ((self.credential.header, value.encode("ascii")),)

    def check(self) -> None:
        """Raises Unavailable `credential_unavailable` when the database could not be asked anything."""
        if self.credential is not None:
            self.credential.reveal()

    def refused(self) -> None:
        """The database did not accept the credential: it may have changed."""
        if self.credential is not None:
            self.credential.suspect()

    async def fetch(self, outgoing: Outgoing) -> Answer:
        """Ask the database itself, with the service credential. Raises Unavailable when it does not answer in time."""
        answer = await self.ask(outgoing, self.proof())
        if answer.status == 401 or answer.header("grpc-status") == grpc.UNAUTHENTICATED:
            self.refused()
        return _reply(answer) if outgoing.method == GRPC else answer

    async def ask(self, outgoing: Outgoing, proof: Fields) -> Answer:
        """The bare answer of the database to whoever sends these header fields; a gRPC call's as HTTP shows it.

        Raises Unavailable when it does not come in time."""
        headers: Fields = HEADERS
        if outgoing.method == GRPC:
            outgoing, headers = replace(outgoing, method="POST", body=grpc.framed((outgoing.body,))), GRPC_HEADERS
        fields = [*headers, *((name.encode(), value.encode()) for name, value in outgoing.headers), *proof]
        url = f"{self.scheme}://{self.authority.decode()}{self.prefix.decode()}{outgoing.path}"
        content, body = outgoing.body or None, b""
        try:
            async with self.client.stream(outgoing.method, url, headers=fields, content=content) as response:
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > LOOKUP_BYTES:
                        raise Unavailable(Reason.UPSTREAM_PROTOCOL, "The database's answer to a look-up is too large.")
        except httpx.HTTPError as error:
            raise Unavailable(Reason.UPSTREAM_UNREACHABLE, "The database does not answer.") from error
        return Answer(response.status_code, tuple((n.lower(), v) for n, v in response.headers.multi_items()), body)


def _reply(answer: Answer) -> Answer:
    """httpx shows no trailers: a call that went well is one that brought a whole message. Raises Unavailable."""
    if answer.status != 200:
        raise Unavailable(Reason.UPSTREAM_PROTOCOL, "The database did not answer a look-up in gRPC.")
    try:
        messages = grpc.messages(answer.body, limit=LOOKUP_BYTES)
    except Refusal as refusal:
        raise Unavailable(Reason.UPSTREAM_PROTOCOL, "The database's answer to a look-up is broken.") from refusal
    status = answer.header("grpc-status") or (grpc.OK if messages else "2")
    return Answer(200, (("grpc-status", status),), messages=messages)


@dataclass(frozen=True, slots=True)
class Runtime:
    loaded: Loaded
    hooks: Hooks
    store: StateStore
    recorder: Recorder
    authenticator: Authenticator
    policy: Policy
    limiter: Limiter
    approvals: Approvals
    upstreams: Mapping[str, Upstream]
    revocations: Revocations
    provisioning: Mapping[bytes, Provisioning]
    """By the SHA-256 of the secrets that they send."""
    issuer: Issuer | None = None
    """The gateway's own, where configuration has one."""
    logins: Logins | None = None
    """By SAML, where configuration has a provider."""

    @property
    def config(self) -> Config:
        return self.loaded.config
