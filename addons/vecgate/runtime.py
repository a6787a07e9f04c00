"""Runtime: everything that requests need, made from one configuration. Immutable; a reload makes a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import httpx

from vecgate.approvals.approvals import Approvals
from vecgate.config.load import Loaded
from vecgate.config.models import Config, Connection
from vecgate.errors import Unavailable
from vecgate.evidence.recorder import Recorder
from vecgate.hooks import Hooks
from vecgate.identity.authenticator import Authenticator
from vecgate.limits.limiter import Limiter
from vecgate.operations.dialect import Dialect
from vecgate.operations.messages import Answer, Outgoing
from vecgate.operations.names import NameResolver
from vecgate.policy.policy import Policy
from vecgate.reasons import Reason
from vecgate.state.store import StateStore

HEADERS = (
    (b"accept", b"application/json"),
    (b"accept-encoding", b"identity"),
    (b"user-agent", b"vecgate"),
)
"""What every upstream request carries, whatever the client sent."""
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
    credential: tuple[bytes, bytes] | None = field(repr=False)
    client: httpx.AsyncClient = field(repr=False)

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
        return NameResolver(self.fetch)

    async def fetch(self, outgoing: Outgoing) -> Answer:
        """Ask the database itself, with the service credential. Raises Unavailable when it does not answer in time."""
        fields = [*HEADERS, *((name.encode(), value.encode()) for name, value in outgoing.headers)]
        if self.credential is not None:
            fields.append(self.credential)
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

    @property
    def config(self) -> Config:
        return self.loaded.config
