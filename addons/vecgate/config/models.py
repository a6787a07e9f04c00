"""The configuration as typed models. `vecgate schema` prints their JSON Schema; `config.load` fills them from YAML."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from vecgate.config.identity import Identity, Subjects
from vecgate.config.model import Model, Names, RuleName, Text
from vecgate.config.units import Duration, Moment, Rate, Size
from vecgate.operations.model import Action, Risk


class Credential(Model):
    """The service credential that only the database sees."""

    header: str
    """Name of the header that carries it; lower-cased in gRPC."""
    value: str
    """A reference (`env:NAME`, `file:PATH`, `vault:PATH#KEY`, `aws-sm:NAME#KEY`); its value is sent verbatim as the
    whole header value."""
    mint: Literal["jwt"] | None = None
    """`jwt` sends, instead of the value, a token signed with it for each request: it names the caller, allows what the
    request does, and ends in a minute. For dialects that can (Qdrant)."""
    refresh: Duration = Duration.parse("30s")
    """How often a secret store is asked whether the value has changed. Files are looked at every second."""
    grace: Duration = Duration.parse("15m")
    """How long the last good value stays in use while the store cannot be asked."""


class Tls(Model):
    certificate: str
    """PEM file with the certificate chain."""
    key: str
    """PEM file with the private key."""
    client_ca: str | None = None
    """PEM file of the CAs that client certificates must come from; demands one."""


class Bounds(Model):
    """Sizes count after decompression."""

    headers: Size = Size.parse("64KiB")
    """All headers of a request together."""
    body: Size = Size.parse("40MiB")
    """A request's body."""
    answer: Size = Size.parse("256MiB")
    """The database's answer."""
    body_time: Duration = Duration.parse("30s")
    """How long a body may take to arrive."""


class Enforcement(StrEnum):
    """`observe` decides and records, and lets through what policy, limits or approvals alone would refuse."""

    ENFORCE = "enforce"
    OBSERVE = "observe"


class Connection(Model):
    """One listener in front of one database."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]
    dialect: str
    """The engine behind it: `chroma`, or the name of a plugin's dialect."""
    listen: str
    """`address:port`; plaintext unless `tls` is set."""
    upstream: str
    """`http://`, `https://` or `h2c://` (cleartext HTTP/2) and an authority, with an optional path prefix."""
    upstream_ca: str | None = None
    """PEM file of a private CA that the upstream's certificate comes from."""
    credential: Credential | None = None
    """Left out where the database asks for none."""
    tls: Tls | None = None
    """Makes the listener speak TLS."""
    enforcement: Enforcement = Enforcement.ENFORCE
    bounds: Bounds = Bounds()
    index: str | None = None
    """Pinecone: the index behind this connection."""
    public: str | None = None
    """`host:port` that clients use, where it is not what `listen` says; for engines whose answers name addresses."""
    names: str | None = None
    """Another connection to the same database, to ask for names that this one cannot tell (Weaviate's gRPC port)."""


class Place(Model):
    """Where: keys combine with AND, entries of a list with OR. `*` stays within a segment, `**` spans any number."""

    connections: Names | None = None
    resources: Names | None = None


class Scope(Place):
    """What: a place, and what is done there."""

    actions: Annotated[list[Action], Field(min_length=1)] | None = None
    risks: Annotated[list[Risk], Field(min_length=1)] | None = None


class Grant(Model):
    """Allows actions to subjects; what no grant allows is denied."""

    name: RuleName
    to: Subjects = Subjects()
    on: Scope = Scope()
    allow: Annotated[list[Action], Field(min_length=1)]
    from_: Annotated[Moment | None, Field(alias="from")] = None
    """The first moment at which the grant holds."""
    until: Moment | None = None
    """The first moment at which it holds no longer."""
    when: str | None = None
    """CEL over `principal`, `operation`, `request`; one that fails to evaluate does not match."""
    rows: str | None = None
    """Row filter; refused on dialects that do not enforce it."""


class MaskRule(Model):
    """A rule applies to everyone but those its clearance names."""

    name: RuleName
    on: Place = Place()
    vectors: str | None = None
    """`drop`, `zero`, `round:N`, or a plugin's strategy."""
    scores: str | None = None
    """For callers whose vectors are masked: `rank` (default), `drop`, `round:N`, `keep`."""
    fields: dict[str, str] = {}
    """Dotted field or glob → `drop`, `redact`, `hash`, `partial:…`, or a plugin's strategy. `#document` is the text."""
    clearance: Subjects | None = None


class LimitRule(Model):
    """How much each principal may do in a window; every rule that matches is charged."""

    name: RuleName
    to: Subjects = Subjects()
    on: Scope = Scope()
    requests: Rate | None = None
    operations: Rate | None = None
    """Every element of a batch counts."""
    points: Rate | None = None
    """Records returned."""


class ApprovalRule(Model):
    """What waits for a reviewer."""

    name: RuleName
    to: Subjects = Subjects()
    on: Scope = Scope()
    """Actions and risks combine with OR here: either makes an operation wait."""
    reviewers: Subjects
    """Who may decide; never the principal that asks."""
    approvals: Annotated[int, Field(ge=1)] = 1
    """How many different reviewers must approve."""
    hold: Duration = Duration.parse("20s")
    """How long the client's request is kept waiting."""
    expires: Duration = Duration.parse("15m")
    """How long a ticket can still be decided and its retry executed."""


class Rules(Model):
    """What an included file holds."""

    grants: list[Grant] = []
    masks: list[MaskRule] = []
    limits: list[LimitRule] = []
    approvals: list[ApprovalRule] = []


class PolicyModel(Rules):
    include: list[Text] = []
    """Globs of files with more grants, masks, limits and approvals, relative to the configuration's folder."""


class State(Model):
    """Where limits, tickets and revocations are kept."""

    url: str = "sqlite:///var/vecgate/state.db"
    """`memory:` or `sqlite:///PATH`."""


class Evidence(Model):
    """The record of what was asked, decided and disclosed."""

    directory: str = "var/vecgate/evidence"
    signing_key: str | None = None
    """`file:PATH` of an unencrypted PKCS#8 Ed25519 PEM; made once beside the evidence if absent."""
    checkpoint: Duration = Duration.parse("60s")
    """How often the chain's head is signed."""
    reads: Literal["outcome", "intent"] = "outcome"
    """`intent` makes a record durable before reads, too, are forwarded."""
    content: bool = True
    """Keep queries and returned records (masked), encrypted per session, beside the chain."""


class Masking(Model):
    """The key of keyed masks."""

    key: str | None = None
    """`file:PATH` with at least 32 random bytes, for keyed masks; made once beside the state if absent."""


class Control(Model):
    """The control plane: approvals, sessions, health."""

    listen: str
    """`address:port`."""
    local_operator: str | None = None
    """Name under which a resume in mitmproxy or mitmweb counts as a decision; off when absent."""


class Plugins(Model):
    """What is loaded besides the bundled parts."""

    load: list[Text] = []
    """Entry point names of installed plugins to load besides the bundled ones."""


class Config(Model):
    """A configuration of vecgate."""

    version: Literal[1]
    connections: Annotated[list[Connection], Field(min_length=1)]
    identity: Identity = Identity()
    policy: PolicyModel = PolicyModel()
    state: State = State()
    evidence: Evidence = Evidence()
    masking: Masking = Masking()
    control: Control | None = None
    plugins: Plugins = Plugins()
