"""Identity: who may say who somebody is. Part of the configuration's models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from vecgate.config.model import Model, Names, Text
from vecgate.config.units import Duration, Moment, Rate


class Claims(Model):
    """Where a token's claims stand, as JSON pointers (RFC 6901)."""

    groups: str = "/groups"
    name: str = "/preferred_username"
    """For display only."""
    client: str = "/azp"
    """The application that the token was issued to."""
    session: str = "/sid"
    """The login that the token came from; for revocation."""
    token_id: str = "/jti"  # noqa: S105 - a pointer
    """The token's own id; for revocation."""
    account: str = "/sub"
    """The account as a directory names it (`identity.provisioning`). Anything but `/sub` must be in every token."""


class Directory(Model):
    """Who knows the groups of people whose tokens leave them out."""

    source: Text
    """`file:PATH`, `entra:PATH`, or what a plugin knows."""
    cache: Duration = Duration.parse("60s")
    """How long what it said of a person counts."""
    timeout: Duration = Duration.parse("3s")
    """How long it may take to say it; then 503."""


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
    directory: Directory | None = None
    """Who is asked for groups that a token leaves out. Without one such a token has none, or is refused."""
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


class Certificates(Model):
    """Client certificates that say who somebody is where no token does."""

    issuer: Text
    """What stands as the issuer of these principals: a URI of your own, and nobody else's."""
    connections: Names
    """On which connections; each needs `tls.client_ca`, all of an entry the same."""
    name: Literal["uri", "dns", "email", "cn", "dn"]
    """What of the certificate is the subject: the only URI, DNS name or e-mail address among its alternative names,
    its common name, or its whole distinguished name (RFC 4514)."""
    groups: dict[Text, Names] = {}
    """Group → subjects, exactly."""
    groups_from: list[Literal["o", "ou"]] = []
    """Attributes of the certificate's subject that name groups: `o`, `ou`."""


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

    def home(self, base: str) -> str:
        """The address below which its people sign in; `base` is the control plane's, without a slash at its end."""
        return f"{base}/saml/{self.name}"


class Subjects(Model):
    """Who: keys combine with AND, entries of a list with OR, an omitted key matches all. Group `*` is everyone."""

    groups: Names | None = None
    subjects: Names | None = None
    issuers: Names | None = None
    clients: Names | None = None


class Provisioning(Model):
    """A directory that says by SCIM 2.0 who has left."""

    issuer: Text
    """The issuer whose accounts it keeps."""
    token: str
    """A reference to the bearer secret that it sends."""
    account: Literal["userName", "externalId"] = "userName"
    """Its attribute that equals what the issuer's `claims.account` points at."""
    also: list[Text] = []
    """Further issuers, SAML providers or certificates, whose people are the same by the same accounts."""


class Identity(Model):
    """Who may say who somebody is, and who somebody is no longer."""

    issuers: list[Issuer] = []
    certificates: list[Certificates] = []
    own: OwnIssuer | None = None
    service_accounts: list[ServiceAccount] = []
    saml: list[SamlProvider] = []
    administrators: Subjects | None = None
    """Who may revoke others and lift revocations; nobody when absent."""
    provisioning: list[Provisioning] = []
    """Directories that deactivate accounts through the control plane."""
    failures: Rate = Rate.parse("60/minute")
    """How many different credentials from one address may fail; then none that is new is looked at."""

    @property
    def known(self) -> frozenset[str]:
        """Every issuer that a principal can be of, unless a plugin vouches for another."""
        named = [each.issuer for group in (self.issuers, self.certificates, self.saml) for each in group]
        return frozenset([*named, *([self.own.issuer] if self.own else [])])

    @property
    def token_sources(self) -> tuple[str, ...]:
        """Where tokens can be had, as issuers whose metadata say how: people's first, the gateway's own last."""
        named = [each.issuer for each in self.issuers]
        if self.own is not None:
            named += [each.home(self.own.issuer.removesuffix("/")) for each in self.saml]
            named.append(self.own.issuer)
        return tuple(named)
