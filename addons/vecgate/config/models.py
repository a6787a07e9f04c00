"""The configuration as typed models. `vecgate schema` prints their JSON Schema; `config.load` fills them from YAML.

Every model refuses unknown keys: a misspelt key must never mean "no restriction".
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from vecgate.config.units import Duration, Rate, Size
from vecgate.operations.model import Action, Risk

type Names = Annotated[list[str], Field(min_length=1)]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Credential(Model):
    """The service credential that only the database sees."""

    header: str
    value: str
    """A reference (`env:NAME`, `file:PATH`); its value is sent verbatim as the whole header value."""


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
    body: Size = Size.parse("40MiB")
    answer: Size = Size.parse("256MiB")
    body_time: Duration = Duration.parse("30s")


class Enforcement(StrEnum):
    ENFORCE = "enforce"
    OBSERVE = "observe"


class Connection(Model):
    """One listener in front of one database."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]
    dialect: str
    listen: str
    upstream: str
    """`http://`, `https://` or `h2c://` (cleartext HTTP/2) and an authority, with an optional path prefix."""
    upstream_ca: str | None = None
    """PEM file of a private CA that the upstream's certificate comes from."""
    credential: Credential | None = None
    tls: Tls | None = None
    enforcement: Enforcement = Enforcement.ENFORCE
    bounds: Bounds = Bounds()
    index: str | None = None
    """Pinecone: the index behind this connection."""


class Claims(Model):
    """Where a token's claims stand, as JSON pointers (RFC 6901)."""

    groups: str = "/groups"
    name: str = "/preferred_username"
    client: str = "/azp"


class Issuer(Model):
    issuer: str
    audience: str | Names
    jwks: str = "discover"
    """`discover`, an https URL, or `file:PATH`."""
    algorithms: Names = ["RS256", "ES256"]
    claims: Claims = Claims()
    strict: bool = False
    """Demand RFC 9068 access tokens (`typ: at+jwt`)."""
    max_lifetime: Duration | None = None
    grace: Duration = Duration.parse("15m")
    """How long known keys stay good while the issuer cannot be reached."""
    allow_http: bool = False
    """Fetch keys over plain http from a loopback address (development only)."""


class Identity(Model):
    issuers: list[Issuer] = []


class Subjects(Model):
    """Who: keys combine with AND, entries of a list with OR, an omitted key matches all. Group `*` is everyone."""

    groups: Names | None = None
    subjects: Names | None = None
    issuers: Names | None = None
    clients: Names | None = None


class Scope(Model):
    """What: keys combine with AND, entries of a list with OR. `*` stays within a segment, `**` spans any number."""

    connections: Names | None = None
    resources: Names | None = None
    actions: list[Action] | None = None
    risks: list[Risk] | None = None


class Grant(Model):
    name: str
    to: Subjects = Subjects()
    on: Scope = Scope()
    allow: Annotated[list[Action], Field(min_length=1)]
    from_: Annotated[datetime | None, Field(alias="from")] = None
    until: datetime | None = None
    when: str | None = None
    """CEL over `principal`, `operation`, `request`; one that fails to evaluate does not match."""
    rows: str | None = None
    """Row filter; refused on dialects that do not enforce it."""


class MaskRule(Model):
    """A rule applies to everyone but those its clearance names."""

    name: str
    on: Scope = Scope()
    vectors: str | None = None
    """`drop`, `zero`, `round:N`, or a plugin's strategy."""
    scores: str | None = None
    """For callers whose vectors are masked: `rank` (default), `drop`, `round:N`, `keep`."""
    fields: dict[str, str] = {}
    """Dotted field or glob → `drop`, `redact`, `hash`, `partial:…`, or a plugin's strategy. `#document` is the text."""
    clearance: Subjects | None = None


class LimitRule(Model):
    name: str
    to: Subjects = Subjects()
    on: Scope = Scope()
    requests: Rate | None = None
    operations: Rate | None = None
    """Every element of a batch counts."""
    points: Rate | None = None
    """Records returned."""


class ApprovalRule(Model):
    name: str
    to: Subjects = Subjects()
    on: Scope = Scope()
    """Actions and risks combine with OR here: either makes an operation wait."""
    reviewers: Subjects
    approvals: Annotated[int, Field(ge=1)] = 1
    hold: Duration = Duration.parse("20s")
    expires: Duration = Duration.parse("15m")


class PolicyModel(Model):
    include: list[str] = []
    grants: list[Grant] = []
    masks: list[MaskRule] = []
    limits: list[LimitRule] = []
    approvals: list[ApprovalRule] = []


class State(Model):
    url: str = "sqlite:///var/vecgate/state.db"


class Evidence(Model):
    directory: str = "var/vecgate/evidence"
    signing_key: str | None = None
    """`file:PATH` of an unencrypted PKCS#8 Ed25519 PEM; made once beside the evidence if absent."""
    checkpoint: Duration = Duration.parse("60s")
    reads: Literal["outcome", "intent"] = "outcome"
    """`intent` makes a record durable before reads, too, are forwarded."""
    content: bool = True
    """Keep queries and returned records (masked), encrypted per session, beside the chain."""


class Masking(Model):
    key: str | None = None
    """`file:PATH` with at least 32 random bytes, for keyed masks; made once beside the state if absent."""


class Control(Model):
    listen: str
    local_operator: str | None = None
    """Name under which a resume in mitmproxy or mitmweb counts as a decision; off when absent."""


class Plugins(Model):
    load: list[str] = []
    """Entry point names of installed plugins to load besides the bundled ones."""


class Config(Model):
    version: Literal[1]
    connections: Annotated[list[Connection], Field(min_length=1)]
    identity: Identity = Identity()
    policy: PolicyModel = PolicyModel()
    state: State = State()
    evidence: Evidence = Evidence()
    masking: Masking = Masking()
    control: Control | None = None
    plugins: Plugins = Plugins()
