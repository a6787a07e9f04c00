"""What a token of one issuer must satisfy: the configuration, checked and compiled once."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from typing import Self

import httpx

from vecgate.config.identity import Claims, Issuer, OwnIssuer
from vecgate.identity.claims import Pointer
from vecgate.identity.keys import ALGORITHMS


class Misconfigured(ValueError):
    """An issuer cannot be used as it is configured. `key` is the configuration key below the issuer."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything compares exactly. `max_lifetime` is in seconds."""

    issuer: str
    audiences: frozenset[str]
    algorithms: frozenset[str]
    groups: Pointer
    name: Pointer
    client: Pointer
    session: Pointer
    token_id: Pointer
    account: Pointer
    strict: bool = False
    max_lifetime: float | None = None
    elsewhere: bool = False
    """Groups that a token leaves out are asked of a directory: they are no reason to refuse it."""
    own: bool = False
    """The gateway signed it: it may speak of principals of other issuers."""

    @classmethod
    def compile(cls, issuer: Issuer) -> Self:
        """Raises Misconfigured."""
        if not issuer.issuer.isprintable() or not issuer.issuer or set(issuer.issuer) & set(" {}"):
            raise Misconfigured("issuer", "write the issuer exactly as tokens have it; tenants are listed one by one")
        audiences = [issuer.audience] if isinstance(issuer.audience, str) else issuer.audience
        if "" in audiences:
            raise Misconfigured("audience", "an audience cannot be empty")
        if unsupported := [name for name in issuer.algorithms if name not in ALGORITHMS]:
            known = " ".join(sorted(ALGORITHMS))
            raise Misconfigured("algorithms", f"{unsupported[0]} is not one of {known}")
        return cls(
            issuer=issuer.issuer,
            audiences=frozenset(audiences),
            algorithms=frozenset(issuer.algorithms),
            groups=_pointer("groups", issuer.claims.groups),
            name=_pointer("name", issuer.claims.name),
            client=_pointer("client", issuer.claims.client),
            session=_pointer("session", issuer.claims.session),
            token_id=_pointer("token_id", issuer.claims.token_id),
            account=_pointer("account", issuer.claims.account),
            strict=issuer.strict,
            max_lifetime=issuer.max_lifetime.seconds if issuer.max_lifetime else None,
        )

    @classmethod
    def of_own(cls, own: OwnIssuer) -> Self:
        """Those of the gateway's own tokens. Raises Misconfigured."""
        return replace(cls.compile(as_issuer(own)), own=True)


def as_issuer(own: OwnIssuer) -> Issuer:
    """The gateway's own issuer as one of those whose tokens are accepted."""
    return Issuer(
        issuer=own.issuer,
        audience=own.audience,
        algorithms=["ES256"],
        claims=Claims(client="/client_id"),
        strict=True,
    )


def _pointer(key: str, text: str) -> Pointer:
    try:
        return Pointer.parse(text)
    except ValueError as error:
        raise Misconfigured(f"claims.{key}", str(error)) from error


def key_url(text: str, allow_http: bool) -> httpx.URL:
    """An address that keys may be fetched from: https, or http on a loopback address where that is allowed.

    Raises ValueError."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise ValueError("not a URL") from error
    if not url.host or url.userinfo or url.fragment:
        raise ValueError("not a plain URL with a host")
    if url.scheme == "https":
        return url
    if url.scheme == "http" and allow_http and _is_loopback(url.host):
        return url
    raise ValueError("keys are fetched over https; plain http needs allow_http and a loopback address")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
