"""Meaning: what a well-formed configuration says that cannot be meant, or cannot be done. Each is an error."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vecgate.config.addresses import Address, UpstreamAddress
from vecgate.config.certificates import certificate_mistakes
from vecgate.config.document import KeyPath, key_text
from vecgate.config.identity import Issuer, Login
from vecgate.config.issuers import issuer_mistakes
from vecgate.config.known import Known
from vecgate.config.mistake import REFERENCE, Mistake, attempt, file_reference, parsed, repeated, secret_reference
from vecgate.config.models import Config, Connection, Credential
from vecgate.config.problems import did_you_mean
from vecgate.config.rules import mask_mistakes, rule_mistakes, subject_mistakes
from vecgate.config.saml import saml_mistakes
from vecgate.identity.rules import Misconfigured, Rules, key_url
from vecgate.login.client import check_scope, loopback
from vecgate.policy.coverage import anyone

_SOURCE = re.compile(r"[a-z][a-z0-9+.-]*:\S.*")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OWN_HEADERS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "te", "upgrade"})
_STATE = re.compile(r"memory:|sqlite:///.+")
_MILVUS_METRICS = 9091
_DAY = 86_400


def mistakes(config: Config, known: Known | None) -> Iterator[Mistake]:
    """Every mistake with the key it stands at. Without `known`, what only plugins can tell is left out."""
    yield from _connections(config)
    for index, issuer in enumerate(config.identity.issuers):
        yield from _issuer(issuer, ("identity", "issuers", index))
    yield from issuer_mistakes(config.identity)
    yield from certificate_mistakes(config)
    yield from _own(config)
    yield from _ending(config)
    yield from saml_mistakes(config)
    yield from _stores(config)
    yield from rule_mistakes(config, known)
    if known is not None:
        yield from mask_mistakes(config.policy, known.masker)
        for index, connection in enumerate(config.connections):
            yield from _engine(connection, known, ("connections", index))


def _connections(config: Config) -> Iterator[Mistake]:
    yield from repeated(("connections",), "name", [connection.name for connection in config.connections])
    found: list[Mistake] = []
    listeners: list[tuple[KeyPath, Address]] = []
    listening: list[tuple[KeyPath, str]] = [
        (("connections", index, "listen"), connection.listen) for index, connection in enumerate(config.connections)
    ]
    if config.control is not None:
        listening.append((("control", "listen"), config.control.listen))
    for at, text in listening:
        address = parsed(at, Address.parse, text, found)
        if address is not None:
            taken = [key_text(other) for other, known in listeners if address.collides(known)]
            found += [(at, f"the address is taken by {taken[0]}")] if taken else []
            listeners.append((at, address))
    yield from found
    for index, connection in enumerate(config.connections):
        yield from _connection(connection, ("connections", index), listeners)
        yield from _naming(connection, config, ("connections", index, "names"))


def _connection(connection: Connection, at: KeyPath, listeners: list[tuple[KeyPath, Address]]) -> Iterator[Mistake]:
    found: list[Mistake] = []
    upstream = parsed((*at, "upstream"), UpstreamAddress.parse, connection.upstream, found)
    yield from found
    if upstream is not None:
        for other, address in listeners:
            if upstream.address.reaches(address):
                yield (*at, "upstream"), f"points at the gateway's own {key_text(other)}"
        if connection.dialect == "milvus" and upstream.address.port == _MILVUS_METRICS:
            yield (*at, "upstream"), "9091 is Milvus' management port, which is never put behind the gateway"
    if connection.upstream_ca is not None and upstream is not None and upstream.scheme != "https":
        yield (*at, "upstream_ca"), "is of use for an https:// upstream only"
    if connection.public is not None:
        yield from attempt((*at, "public"), Address.parse, connection.public)
    if connection.credential is not None:
        yield from _credential(connection.credential, (*at, "credential"))
    for key in ("headers", "body", "answer"):
        if not getattr(connection.bounds, key).bytes:
            yield (*at, "bounds", key), "must be more than nothing"


def _engine(connection: Connection, known: Known, at: KeyPath) -> Iterator[Mistake]:
    """What hangs on the dialect."""
    dialect, credential = known.dialects.get(connection.dialect), connection.credential
    if dialect is None:
        hint = did_you_mean(connection.dialect, known.dialects)
        yield (*at, "dialect"), f"unknown dialect{hint or _listing(known)}"
    elif credential is not None and credential.mint:
        if not dialect.mints:
            yield (*at, "credential", "mint"), f"{dialect.name} takes no tokens of this kind"
        elif credential.header.lower() != (own := dialect.credential.name):
            yield (*at, "credential", "header"), f"must be {own}: {dialect.name} looks for a minted token nowhere else"


def _naming(connection: Connection, config: Config, at: KeyPath) -> Iterator[Mistake]:
    if connection.names is None:
        return
    named = next((each for each in config.connections if each.name == connection.names), None)
    if named is None:
        yield at, f"there is no connection {connection.names}"
    elif named is connection or named.names is not None:
        yield at, f"{connection.names} does not ask for names itself: leave this out, or name one that does"
    elif named.dialect != connection.dialect:
        yield at, f"{connection.names} is of another dialect"


def _credential(credential: Credential, at: KeyPath) -> Iterator[Mistake]:
    if not _HEADER.fullmatch(credential.header):
        yield (*at, "header"), "is no header name"
    elif credential.header.lower() in _OWN_HEADERS:
        yield (*at, "header"), "is a header that the gateway sets itself"
    yield from attempt((*at, "value"), secret_reference, credential.value)
    if credential.refresh.seconds < 1:
        yield (*at, "refresh"), "must be 1s or more"
    elif credential.grace.seconds < credential.refresh.seconds:
        yield (*at, "grace"), f"must not be shorter than refresh ({credential.refresh})"


def _issuer(issuer: Issuer, at: KeyPath) -> Iterator[Mistake]:
    try:
        Rules.compile(issuer)
    except Misconfigured as error:
        yield (*at, *error.key.split(".")), str(error)
    if issuer.directory is not None and not _SOURCE.fullmatch(issuer.directory.source):
        yield (*at, "directory", "source"), "says what kind it is, too: file:groups.yaml, entra:entra.yaml"
    if issuer.login is not None:
        yield from _login(issuer, issuer.login, (*at, "login"))
    if issuer.jwks.startswith("file:"):
        if issuer.jwks == "file:":
            yield (*at, "jwks"), "names no file"
        return
    fetched, key = (issuer.issuer, "issuer") if issuer.jwks == "discover" else (issuer.jwks, "jwks")
    try:
        key_url(fetched, issuer.allow_http)
    except ValueError as error:
        yield (*at, key), str(error)


def _own(config: Config) -> Iterator[Mistake]:
    own, accounts = config.identity.own, config.identity.service_accounts
    at: KeyPath = ("identity", "own")
    if own is None:
        if accounts:
            yield ("identity", "service_accounts"), "need identity.own: its issuer is theirs"
        return
    if config.control is None and not (own.keys or accounts or config.identity.saml):
        yield at, "nobody can get a token of it: write control, or the keys that another gateway signs with"
    try:
        Rules.of_own(own)
    except Misconfigured as error:
        yield (*at, error.key), str(error)
    yield from attempt((*at, "issuer"), _own_address, own.issuer)
    for key in ("lifetime", "rotate"):
        if getattr(own, key).seconds < 1:
            yield (*at, key), "must be at least a second"
    if own.lifetime.seconds > _DAY:
        yield (*at, "lifetime"), "must be at most a day: there is no other end to a token that leaked"
    if own.keys is not None and not REFERENCE.fullmatch(own.keys):
        yield (*at, "keys"), "must be a reference, file:PATH or another to a private JWK set"
    named: KeyPath = ("identity", "service_accounts")
    yield from repeated(named, "name", [each.name for each in accounts])
    keys = [(index, key) for index, each in enumerate(accounts) for key in each.keys]
    for position, (index, key) in enumerate(keys):
        if key in [earlier for _, earlier in keys[:position]]:
            yield (*named, index, "keys"), "has a key that is named twice"


def _own_address(text: str) -> None:
    try:
        plain = "?" not in text and key_url(text, allow_http=True)
    except ValueError:
        plain = False
    if not plain:
        raise ValueError("write an https address, or an http one on a loopback address")


def _login(issuer: Issuer, login: Login, at: KeyPath) -> Iterator[Mistake]:
    try:
        key_url(issuer.issuer, issuer.allow_http)
    except ValueError:
        yield at, "is of use with an issuer at an https address only; on loopback with allow_http"
    if login.client_secret is not None:
        yield from attempt((*at, "client_secret"), secret_reference, login.client_secret)
    for index, scope in enumerate(login.scopes or ()):
        yield from attempt((*at, "scopes", index), check_scope, scope)
    yield from attempt((*at, "redirect"), loopback, login.redirect)


def _ending(config: Config) -> Iterator[Mistake]:
    """Who may end whose access."""
    identity = config.identity
    administrators, provisioning = identity.administrators, identity.provisioning
    if administrators is not None and anyone(administrators.model_copy(update={"issuers": None, "clients": None})):
        yield ("identity", "administrators"), "names everybody: name the groups or the subjects who may revoke others"
    yield from subject_mistakes(administrators, ("identity", "administrators"))
    if provisioning and config.control is None:
        yield ("identity", "provisioning"), "needs control: its address is where a directory talks to the gateway"
    known = [each.issuer for each in identity.issuers] + [each.issuer for each in identity.saml]
    for index, directory in enumerate(provisioning):
        at: KeyPath = ("identity", "provisioning", index)
        if directory.issuer not in known:
            yield (*at, "issuer"), f"no issuer is configured by this name{did_you_mean(directory.issuer, known)}"
        others = sorted(identity.known - {directory.issuer} - ({identity.own.issuer} if identity.own else set()))
        for number, issuer in enumerate(directory.also):
            if issuer not in others:
                yield (*at, "also", number), f"is no other issuer that is configured{did_you_mean(issuer, others)}"
        yield from attempt((*at, "token"), secret_reference, directory.token)
    yield from repeated(("identity", "provisioning"), "issuer", [directory.issuer for directory in provisioning])


def _stores(config: Config) -> Iterator[Mistake]:
    if not _STATE.fullmatch(config.state.url):
        yield ("state", "url"), "write memory: or sqlite:///PATH"
    for at, reference in (
        (("evidence", "signing_key"), config.evidence.signing_key),
        (("masking", "key"), config.masking.key),
    ):
        if reference is not None:
            yield from attempt(at, file_reference, reference)
    if not config.evidence.checkpoint.seconds:
        yield ("evidence", "checkpoint"), "must be more than nothing"


def _listing(known: Known) -> str:
    return f": there is {', '.join(sorted(known.dialects))}" if known.dialects else ": none is loaded"
