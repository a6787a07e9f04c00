"""Dialect: everything the pipeline needs to know about one engine's API.

The way of a request: `read` (pure, strict) → `lookups` answered by the name resolver → `bind` → policy judges
`Reading.operations` → `local` or `rewrite` → upstream → `mask`. Every method is pure and may raise Refusal.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec
from google.protobuf.message import Message

from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.operations.messages import Answer, Outgoing, Request
from vecgate.operations.model import Operation, Resource
from vecgate.operations.protobuf import Descriptors
from vecgate.operations.table import Table
from vecgate.policy.decision import Decision
from vecgate.reasons import Reason


@dataclass(frozen=True, slots=True)
class CredentialHeader:
    """The engine's own header for a credential, lower-case; `base64` when clients send base64(token)."""

    name: str
    base64: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """A name that only the database can resolve. `key` is unique per connection and is what the cache is keyed by.

    `name` is the UUID or alias as the `names` of `vecgate classify` may give it, with a full resource as its value;
    empty where only the database's own answer will do. What is learnt of a name with a `name` is its full resource.
    A `catalogue` asks for all names at once: what is learnt is a mapping from each to its full resource.
    """

    key: str
    request: Outgoing
    name: str = ""
    catalogue: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a dialect understood of one request. `detail` is the dialect's own (table row, parsed path)."""

    request: Request
    operations: tuple[Operation, ...]
    document: Any = None
    """The parsed body: what is sent on is rebuilt from it."""
    detail: Any = None
    names: Mapping[str, Any] = field(default_factory=dict)
    """Resolved look-ups by key; None for a name that does not exist. Empty before `bind`."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """A record that came back, as the client sees it: for evidence. Values are masked already."""

    resource: Resource
    id: str
    payload: Mapping[str, Any] = {}
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Masked:
    """A rebuilt answer with what it discloses."""

    answer: Answer
    points: int = 0
    """Records returned: what point limits are charged with. Ids alone count."""
    records: tuple[Record, ...] = ()
    masked: tuple[str, ...] = ()
    """What was masked, for evidence: `vectors`, field names."""
    error: str = ""
    """The engine's own code, where it answered that it failed and the HTTP status does not say so."""


class Dialect(ABC):
    """One engine. Stateless; one instance serves every connection of its kind."""

    name: ClassVar[str]
    credential: ClassVar[CredentialHeader]
    public: ClassVar[frozenset[tuple[str, str]]] = frozenset()
    """Exact (method, path) pairs that answer without a token."""
    table: ClassVar[Table]
    """Every operation of the engine; `docs/operations/` is generated from it."""
    headers: ClassVar[frozenset[str]] = frozenset()
    """Lower-case names of the header fields (over gRPC, metadata) that mean something to the engine: what `read` gets
    besides `content-type`. All others end at the gateway."""
    descriptors: ClassVar[Descriptors | None] = None
    """The engine's gRPC services; None where it has none. Their calls are rows whose method is GRPC."""
    client: ClassVar[str] = ""
    """Python that makes the engine's own client, for `vecgate env`; empty where it is not known. `token()` gives a
    fresh token there; `{url}`, `{host}`, `{port}` and `{tls}` stand for the connection, `{grpc_host}`, `{grpc_port}`
    and `{grpc_tls}` for the one that asks it for names."""
    codes: ClassVar[Mapping[Reason, int]] = {}
    """gRPC status codes of refusals, where the engine's clients need others than `vecgate.operations.grpc` gives."""

    @abstractmethod
    def read(self, request: Request) -> Reading:
        """Parse a request strictly. Raises Refusal: unknown_operation, bad_target, bad_body, unknown_member, …"""

    def lookups(self, reading: Reading) -> Sequence[Lookup]:
        """The names that must be resolved before the request can be judged."""
        return ()

    def learn(self, lookup: Lookup, answer: Answer) -> Any:
        """What an upstream answer says about a name: a value for `Reading.names`, None if it does not exist.

        Raises Unmaskable when the answer cannot be understood."""
        raise NotImplementedError(self.name)

    def bind(self, reading: Reading, names: Mapping[str, Any]) -> Reading:
        """The same reading with resolved names in its operations. A name that `names` lacks stays as written."""
        return reading

    def changes_names(self, reading: Reading) -> bool:
        """The request may create, rename or drop a name: cached look-ups end with it."""
        return False

    def local(self, reading: Reading, principal: Principal | None, decision: Decision) -> Answer | None:
        """An answer the gateway gives itself, or None to forward. On a public route there is no principal."""
        return None

    @abstractmethod
    def rewrite(self, reading: Reading, decision: Decision) -> Outgoing:
        """Build the upstream request from the judged document; what is masked is not asked for."""

    @abstractmethod
    def mask(self, reading: Reading, decision: Decision, principal: Principal, answer: Answer) -> Masked:
        """Rebuild the answer. Raises Unmaskable for whatever is not understood, whatever its status."""

    @abstractmethod
    def refuse(self, refusal: Refusal, exchange: str, request: Request | None) -> Answer:
        """The refusal in the engine's own error envelope, with reason, type, exchange (and ticket) in it. Those of gRPC
        calls look alike for all engines and are made by `vecgate.operations.grpc`."""

    def volatile(self, reading: Reading) -> Any:
        """The document without members that a client's retry may change (generated ids, time stamps)."""
        document = reading.document
        return document.SerializeToString(deterministic=True) if isinstance(document, Message) else document
