"""Authenticator: a credential goes in, a proved principal comes out, or nothing goes on."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import httpx
from cachetools import LRUCache

from vecgate.config.identity import Identity, Issuer
from vecgate.errors import ConfigError, Finding, Refusal
from vecgate.identity.accounts import PREFIX, Accounts
from vecgate.identity.attempts import Attempts
from vecgate.identity.certificate import Certificate
from vecgate.identity.challenge import challenge
from vecgate.identity.confirmation import confirmation, shown
from vecgate.identity.fetch import Fetcher
from vecgate.identity.holders import Holders
from vecgate.identity.jwks import FileKeys, KeySource, RemoteKeys
from vecgate.identity.membership import Membership
from vecgate.identity.parties import Parties
from vecgate.identity.principal import Principal, Rejected
from vecgate.identity.rules import Misconfigured, Rules
from vecgate.identity.tokens import Jwt
from vecgate.reasons import Reason

type Revoked = Callable[[Principal], bool]
type Plugin = Callable[[str, str], Principal | None]
"""`vecgate_authenticate`: (token, connection) to a principal, or None to leave the token to the issuers."""

_CACHE_SIZE = 4096
_UNAUTHORIZED = 401
_log = logging.getLogger("vecgate.identity")


@dataclass(frozen=True, slots=True)
class _Proof:
    """A principal with what its proof rests on: the token's time, and the key set it was verified with.

    A static key rests on configuration alone, which does not change under an authenticator."""

    principal: Principal
    source: KeySource | None = None
    epoch: int = 0
    bound: str = ""
    """The thumbprint of the certificate that the token is bound to."""
    until: float = math.inf
    """Until when what a directory said counts, on the monotonic clock."""

    def holds(self, now: float, clock: float, certificate: Certificate | None) -> bool:
        fresh = self.source is None or (self.source.epoch == self.epoch and self.source.usable())
        current = fresh and clock < self.until and now < self.principal.expires
        return current and (not self.bound or shown(self.bound, certificate, now))


class Authenticator:
    """All issuers of a configuration. One per configuration generation and event loop.

    `revoked` is asked at every use of a principal and of who acts for it, `plugin` for every token before the issuers,
    an issuer's entry in `memberships` for groups that its tokens leave out. `own` has the keys of the gateway's own
    issuer. `wall` is Unix time, `clock` is monotonic. Raises ConfigError for what is wrong without asking anybody.
    """

    challenge = staticmethod(challenge)

    def __init__(
        self,
        identity: Identity,
        base: Path,
        *,
        revoked: Revoked = lambda principal: False,
        plugin: Plugin | None = None,
        memberships: Mapping[str, Membership] = MappingProxyType({}),
        own: KeySource | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._revoked, self._plugin, self._wall, self._clock = revoked, plugin, wall, clock
        self._fetcher = Fetcher(transport)
        self._attempts = Attempts(identity.failures, clock)
        self._holders, self._memberships = Holders(identity.certificates), memberships
        self._issuers: dict[str, tuple[Rules, KeySource]] = {}
        self._cache: LRUCache[tuple[bytes, str], _Proof] = LRUCache(_CACHE_SIZE)
        self._tasks: list[asyncio.Task[None]] = []
        findings = []
        for number, issuer in enumerate(identity.issuers):
            try:
                if issuer.issuer in self._issuers:
                    raise Misconfigured("issuer", "listed twice; one entry can have several audiences")
                rules = replace(Rules.compile(issuer), elsewhere=issuer.issuer in memberships)
                self._issuers[issuer.issuer] = rules, self._source(issuer, base, clock)
            except Misconfigured as error:
                findings.append(_finding(number, error))
        if findings:
            raise ConfigError(*findings)
        if identity.own is not None and own is not None:
            self._issuers[identity.own.issuer] = Rules.of_own(identity.own), own
        self._accounts = Accounts(identity)
        rules_of = {name: rules for name, (rules, _) in self._issuers.items()}
        self._parties = Parties(identity, self._accounts, rules_of, memberships)

    def _source(self, issuer: Issuer, base: Path, clock: Callable[[], float]) -> KeySource:
        scheme, _, path = issuer.jwks.partition(":")
        if scheme == "file":
            return FileKeys(issuer, base / path, clock)
        return RemoteKeys(issuer, self._fetcher, clock)

    async def start(self) -> None:
        """Load every issuer's keys and keep them fresh. An issuer that is down does not stop the start.

        Raises ConfigError for keys that must not be used: another issuer's, over plain http, an unreadable file.
        """
        sources = [source for _, source in self._issuers.values()]
        faults = await asyncio.gather(*(_fault(source) for source in sources))
        if any(faults):
            await self.stop()
            findings = [_finding(number, fault) for number, fault in enumerate(faults) if fault is not None]
            raise ConfigError(*findings)
        self._tasks = [asyncio.create_task(source.keep_fresh()) for source in sources]

    async def stop(self) -> None:
        """End background work and connections. Nothing is authenticated from the cache any more."""
        self._cache.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(source.stop() for _, source in self._issuers.values()))
        await self._fetcher.close()
        await asyncio.gather(*(membership.close() for membership in self._memberships.values()))

    @property
    def sources(self) -> tuple[KeySource, ...]:
        """Where the keys of each issuer come from, in the order of the configuration."""
        return tuple(source for _, source in self._issuers.values())

    def cached(self, token: str, connection: str = "", certificate: Certificate | None = None) -> Principal | None:
        """The principal of a token that was proved before and still holds; None means ask `authenticate`.

        With a plugin it is always None: only `authenticate` asks the plugin. Raises what `revoked` raises.
        """
        return None if self._plugin else self._recall(_digest(token), connection, certificate)

    def certified(self, certificate: Certificate | None, connection: str) -> Principal:
        """Whom the connection's verified certificate stands for, where no token was sent.

        Raises Refusal: `token_missing` where there is none or none is taken, `token_invalid`, and as `recheck`.
        """
        principal = self._holders.find(certificate, connection) if certificate is not None else None
        if principal is None:
            raise Refusal(Reason.TOKEN_MISSING)
        self.recheck(principal)
        return principal

    async def authenticate(
        self,
        token: str,
        now: float | None = None,
        connection: str = "",
        address: str = "",
        certificate: Certificate | None = None,
    ) -> Principal:
        """Prove who is asking. `now` is Unix time, by default the present; `address` is the socket's peer,
        `certificate` what its TLS handshake proved.

        Raises Refusal with the precise reason, Unavailable while the issuer's keys cannot be had.
        """
        moment = self._wall() if now is None else now
        digest = _digest(token)
        self._attempts.check(address, digest)
        try:
            principal = None if token.startswith(PREFIX) else self._ask_plugin(token, connection)
            if principal is None:
                principal = await self._prove(token, digest, moment, connection, certificate)
            self.recheck(principal, moment)
        except Refusal as refusal:
            if refusal.status == _UNAUTHORIZED:
                self._attempts.failed(address, digest)
            raise
        self._attempts.proved(digest)
        return principal

    def recheck(self, principal: Principal, now: float | None = None) -> None:
        """Whether a principal proved earlier, perhaps under another configuration, still counts.

        Raises Rejected: `token_expired`, `token_revoked`, `issuer_unknown`.
        """
        moment = self._wall() if now is None else now
        if self._plugin is None and not self._parties.known(principal):
            raise Rejected(Reason.ISSUER_UNKNOWN, principal)
        if principal.expires and moment >= principal.expires:
            raise Rejected(Reason.TOKEN_EXPIRED, principal)
        if self.is_revoked(principal):
            raise Rejected(Reason.TOKEN_REVOKED, principal)
        self._parties.check(principal, moment)

    def is_revoked(self, principal: Principal) -> bool:
        """Whether the principal is, or anybody who acts for it. Raises what `revoked` raises."""
        return any(self._revoked(party) for party in principal.parties)

    async def _prove(
        self, token: str, digest: bytes, now: float, connection: str, certificate: Certificate | None
    ) -> Principal:
        if (known := self._recall(digest, connection, certificate)) is not None:
            return known
        if token.startswith(PREFIX):
            principal = replace(self._accounts.prove(token, now), fingerprint=digest.hex()[:16])
            self._cache[digest, connection] = _Proof(principal)
            return principal
        jwt = Jwt.parse(token)
        if jwt.issuer not in self._issuers:
            raise Refusal(Reason.ISSUER_UNKNOWN)
        rules, source = self._issuers[jwt.issuer]
        if jwt.algorithm not in rules.algorithms:
            raise Refusal(Reason.TOKEN_INVALID, "the issuer does not sign with this algorithm")
        key = await source.find(jwt.kid, jwt.algorithm)
        epoch = source.epoch
        principal = jwt.verify(key, rules, now, certificate)
        principal, until = await self._parties.settle(principal, rules, now)
        self._cache[digest, connection] = _Proof(principal, source, epoch, confirmation(jwt.claims), until)
        return principal

    def _recall(self, digest: bytes, connection: str, certificate: Certificate | None) -> Principal | None:
        proof = self._cache.get((digest, connection))
        if proof is None:
            return None
        if proof.holds(self._wall(), self._clock(), certificate) and not self.is_revoked(proof.principal):
            return proof.principal
        self._cache.pop((digest, connection), None)
        return None

    def _ask_plugin(self, token: str, connection: str) -> Principal | None:
        if self._plugin is None:
            return None
        try:
            principal = self._plugin(token, connection)
            if principal is None:
                return None
            if type(principal) is not Principal or not principal.issuer or not principal.subject:
                raise TypeError("vecgate_authenticate returned no principal with issuer and subject")
        except Refusal:
            raise
        except Exception as error:
            _log.exception("an authentication plugin failed")
            raise Refusal(Reason.GATEWAY_FAILURE, "an authentication plugin failed") from error
        return principal if principal.fingerprint else replace(principal, fingerprint=_digest(token).hex()[:16])


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def _fault(source: KeySource) -> Misconfigured | None:
    try:
        await source.prime()
    except Misconfigured as error:
        return error
    return None


def _finding(number: int, error: Misconfigured) -> Finding:
    return Finding("configuration", 0, 0, f"identity.issuers[{number}].{error.key}", str(error))
