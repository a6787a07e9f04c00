"""The configuration as typed models. `vecgate schema` prints their JSON Schema; `config.load` fills them from YAML.

Every model refuses unknown keys: a misspelt key must never mean "no restriction".
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from vecgate.config.units import Duration, Moment, Rate, Size
from vecgate.operations.model import Action, Risk

type Text = Annotated[str, Field(min_length=1)]
type Names = Annotated[list[Text], Field(min_length=1)]
type RuleName = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,100}$")]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Credential(Model):
    """The service credential that only the database sees."""

    header: str
    """Name of the header that carries it; lower-cased in gRPC."""
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


class Claims(Model):
    """Where a token's claims stand, as JSON pointers (RFC 6901)."""

    groups: str = "/groups"
    name: str = "/preferred_username"
    """For display only."""
    client: str = "/azp"
    """The application that the token was issued to."""


class Login(Model):
    """How people sign in there with `vecgate login`. The gateway itself has no use for it."""

    client_id: Text
    """The client that is registered there for people's terminals: a public one, with device or code flow."""
    client_secret: Text | None = None
    """A reference (`env:NAME`, `file:PATH`), for issuers that give installed applications a secret."""
    scopes: Names | None = None
    """Left out, those of `openid profile offline_access` that the issuer knows."""
    audience: Text | None = None
    """A parameter of requests by which some issuers choose the token's audience (Auth0)."""
    resource: Text | None = None
    """The same by RFC 8707."""
    prompt: Text | None = None
    """OpenID Connect's `prompt`: `consent` where the issuer gives no refresh token without."""
    redirect: Text = "http://127.0.0.1/callback"
    """Where on the person's machine a browser is sent back to; a port is chosen where none is written."""


class Issuer(Model):
    """An identity provider whose tokens are accepted."""

    issuer: Text
    """Compared exactly with the token's `iss`."""
    audience: Text | Names
    """Compared exactly with the token's `aud`; one of several is enough."""
    jwks: str = "discover"
    """`discover`, an https URL, or `file:PATH`."""
    algorithms: Names = ["RS256", "ES256"]
    """Asymmetric JWS algorithms that are accepted."""
    claims: Claims = Claims()
    strict: bool = False
    """Demand RFC 9068 access tokens (`typ: at+jwt`)."""
    max_lifetime: Duration | None = None
    """Refuse tokens that live longer than this from their `iat`."""
    grace: Duration = Duration.parse("15m")
    """How long known keys stay good while the issuer cannot be reached."""
    allow_http: bool = False
    """Fetch keys over plain http from a loopback address (development only)."""
    login: Login | None = None
    """How people sign in there from a terminal."""


class OwnIssuer(Model):
    """The gateway's own issuer: short-lived tokens for service accounts, and for agents that act for people."""

    issuer: Text
    """The `iss` of its tokens: the https address at which clients reach the control plane."""
    audience: Text = "vecgate"
    """The `aud` of its tokens."""
    lifetime: Duration = Duration.parse("10m")
    """The longest that a token lives."""
    rotate: Duration = Duration.parse("30d")
    """How long a key signs."""
    keys: str | None = None
    """`file:PATH` of the signing keys, made there if absent; any other reference is a private JWK set that the gateway
    only reads. Made beside the state if left out."""


class ServiceAccount(Model):
    """A program with an identity of its own."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    """The subject; the issuer is the gateway's own."""
    owner: Text
    """Who answers for it."""
    groups: list[Text] = []
    expires: Moment
    """The first moment at which it is refused."""
    keys: Annotated[list[Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]], Field(min_length=1)]
    """Digests of its static keys, as `vecgate service-accounts new` prints them; two while one replaces the other."""


class SamlProvider(Model):
    """A SAML 2.0 identity provider whose people sign in at the control plane."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    """Part of the addresses: `/saml/NAME/login`."""
    issuer: Text
    """The provider's entity id, compared exactly. It is the issuer of its people, for rules and evidence."""
    metadata: str
    """`file:PATH` of the provider's metadata. Its certificates are the only ones that count; nothing is fetched."""
    entity_id: Text | None = None
    """What the gateway is called there; the address of its own metadata if left out."""
    subject: Text | None = None
    """The attribute that names a person for good, in place of the NameID."""
    groups: Text = "groups"
    """The attribute with the groups' exact names."""
    display: Text | None = None
    """The attribute with a name to show."""
    claims: list[Text] = []
    """Further attributes that conditions (`when`) may ask about."""
    idp_initiated: bool = False
    """Accept logins that begin at the provider, which answer no request of the gateway's."""


class Identity(Model):
    """Who may say who somebody is."""

    issuers: list[Issuer] = []
    own: OwnIssuer | None = None
    service_accounts: list[ServiceAccount] = []
    saml: list[SamlProvider] = []
    failures: Rate = Rate.parse("60/minute")
    """How many different credentials from one address may fail; then none that is new is looked at."""

    @property
    def known(self) -> frozenset[str]:
        """Every issuer that a principal can be of, unless a plugin vouches for another."""
        own = {self.own.issuer} if self.own else set()
        return frozenset({each.issuer for each in self.issuers} | {each.issuer for each in self.saml} | own)


class Subjects(Model):
    """Who: keys combine with AND, entries of a list with OR, an omitted key matches all. Group `*` is everyone."""

    groups: Names | None = None
    subjects: Names | None = None
    issuers: Names | None = None
    clients: Names | None = None


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
