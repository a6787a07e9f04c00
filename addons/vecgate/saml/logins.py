"""Logins: a person's way from the control plane to their identity provider and back, with a token at its end.

    begin     a request goes out; its id, the browser and the relay state are remembered            10 minutes
    accept    a response comes in: it answers that request, once, and proves who it is              60 seconds
    finish    the same browser asks for the result: a token, or a code for a program that waits     60 seconds
    exchange  that program shows the code and its verifier: a token

What is remembered lies in the shared state under digests, and whoever takes it has taken it from everybody else. The
token is made last and kept nowhere.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import msgspec

from vecgate.config.units import Rate
from vecgate.errors import Refusal
from vecgate.evidence.facts import who
from vecgate.identity.attempts import Attempts, network
from vecgate.identity.principal import Principal
from vecgate.reasons import Reason
from vecgate.saml.assertion import Assertion, prove
from vecgate.saml.envelope import Envelope, refuse
from vecgate.saml.provider import Provider
from vecgate.saml.steps import Asked, Loopback, Proved, digest, secret
from vecgate.state.store import StateStore
from vecgate.state.windows import Claim

ASKED: Final = 600.0
"""Seconds that a person may take at the provider."""
CODE: Final = 60.0
"""Seconds that a code lives."""
MARGIN: Final = 3600.0
"""Seconds for which an assertion stays used after its end: a host's clock may be set back, the store's is not."""
AT_ONCE: Final = 2
"""Responses that are verified at the same time; others wait."""

type Record = Callable[[str, Mapping[str, Any]], Awaitable[None]]
"""Put on record durably: the kind and the facts."""
type Check = Callable[[Principal], None]
"""Raises Refusal for somebody who must not come in."""


class Minted(Protocol):
    """A signed token, its id, and the seconds that it lives."""

    @property
    def token(self) -> str: ...
    @property
    def token_id(self) -> str: ...
    @property
    def lifetime(self) -> int: ...


type Mint = Callable[[Principal], Minted]
"""Make a token that the data path reads back as this principal. May block. Raises Refusal."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A code; and a secret for a browser that has none, because its login began at the provider."""

    code: str = field(repr=False)
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Granted:
    """The end of a login: who came in, and the token."""

    person: Principal
    token: str = field(repr=False)
    lifetime: int


class Logins:
    """All SAML providers of a configuration.

    `check` is asked about everybody before a token is made. `failures` bounds the logins that an address begins, and
    the responses from it that fail before no signature is looked at any more.
    """

    def __init__(
        self,
        providers: Mapping[str, Provider],
        store: StateStore,
        *,
        mint: Mint,
        record: Record,
        check: Check = lambda person: None,
        failures: Rate,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._providers, self._store = providers, store
        self._mint, self._record, self._check, self._wall = mint, record, check, wall
        self._rate, self._attempts = failures, Attempts(failures)
        self._turn = asyncio.Semaphore(AT_ONCE)

    def provider(self, name: str) -> Provider:
        """Raises Refusal: `not_found`."""
        if name not in self._providers:
            raise Refusal(Reason.NOT_FOUND, "There is no such identity provider.")
        return self._providers[name]

    async def begin(self, provider: Provider, address: str, browser: str, loopback: Loopback | None) -> str:
        """The address at the provider to send the browser to. `browser` is its secret, `address` the socket's peer.

        Raises Refusal: `rate_exceeded`, `too_many_pending`; Unavailable.
        """
        bucket = f"saml login {network(address)}"
        (share,) = await self._store.claim("saml", [Claim(bucket, self._rate.amount, self._rate.window, want=1)])
        if not share.granted:
            wait = max(1, int(share.ends - share.now) + 1)
            raise Refusal(Reason.RATE_EXCEEDED, "Too many logins were begun from here.", {"retry-after": str(wait)})
        relay = secret()
        request, url = provider.request(relay)
        asked = Asked(provider.config.name, digest(browser), digest(relay), loopback)
        await self._keep(f"saml request {request}", asked, ASKED)
        return url

    async def accept(self, provider: Provider, address: str, posted: str, relay: str) -> Accepted:
        """The code for the result of a response, as it was posted with its relay state (empty if there was none).

        Raises Refusal, which is on record unless too many came before; Unavailable.
        """
        name, key = provider.config.name, hashlib.sha256(posted.encode()).digest()
        self._attempts.check(address, key)
        browser = secret()
        try:
            proved = await self._accept(provider, posted, relay, browser)
        except Refusal as refusal:
            if refusal.status < 500:
                self._attempts.failed(address, key)
            facts = {"provider": name, "issuer": provider.config.issuer, "peer": address, "reason": refusal.reason}
            await self._record("login_refused", facts)
            raise
        await self._record("login", {"provider": name, "principal": who(proved.person), "peer": address})
        return Accepted(await self._code(proved), browser if proved.browser == digest(browser) else "")

    async def finish(self, provider: Provider, address: str, code: str, browser: str) -> Granted | str:
        """The token; or, where a program waits, the address on loopback that brings it a code.

        Raises Refusal: `token_invalid` for a code that is unknown, used, late or another browser's; Unavailable.
        """
        proved = await self._proved(code)
        if proved.provider != provider.config.name or proved.browser != digest(browser):
            raise refuse("the login was begun in another browser")
        if proved.loopback is None:
            return await self._grant(proved, address)
        again = await self._code(msgspec.structs.replace(proved, browser=""))
        answer = {"code": again, "state": proved.loopback.state, "iss": provider.home}  # RFC 9207
        return f"{proved.loopback.redirect}?{urlencode(answer)}"

    async def exchange(self, address: str, code: str, verifier: str, redirect: str) -> Granted:
        """The token for a program's code (RFC 6749 §4.1.3). Raises Refusal: `token_invalid`; Unavailable."""
        proved = await self._proved(code)
        ours = proved.loopback is not None and not proved.browser and proved.loopback.redirect == redirect
        if not ours or not proved.shown_by(verifier):
            raise refuse("the code is another program's")
        return await self._grant(proved, address)

    async def _accept(self, provider: Provider, posted: str, relay: str, browser: str) -> Proved:
        async with self._turn:
            envelope = await asyncio.to_thread(Envelope.parse, posted)
            asked = await self._asked(provider, envelope.in_response_to, relay, browser)
            assertion = await asyncio.to_thread(prove, envelope, provider, self._wall())
        await self._first_use(provider, assertion)
        self._check(assertion.principal)
        return Proved.of(assertion.principal, provider.config.name, asked.browser, asked.loopback)

    async def _asked(self, provider: Provider, request: str, relay: str, browser: str) -> Asked:
        """What a response answers."""
        if not request:
            if not provider.config.idp_initiated:
                raise refuse("nobody asked: begin the login here")
            if relay:
                raise refuse("a relay state that is not ours: leave it empty at the identity provider")
            return Asked(provider.config.name, digest(browser), "", None)
        found = await self._store.take_slip(f"saml request {request}")
        asked = msgspec.json.decode(found, type=Asked) if found else None
        if asked is None or asked.provider != provider.config.name:
            raise refuse("it answers no login that is under way")
        if asked.relay != digest(relay):
            raise refuse("it came back with another relay state")
        return asked

    async def _first_use(self, provider: Provider, assertion: Assertion) -> None:
        key = f"saml assertion {digest(f'{provider.config.issuer} {assertion.id}')}"
        lasting = assertion.ends - self._wall() + MARGIN
        if not await self._store.put_slip(key, b"", self._store.now() + lasting):
            raise refuse("the assertion was used before")

    async def _grant(self, proved: Proved, address: str) -> Granted:
        """Once the token is on record it is given away."""
        person = proved.person
        self._check(person)
        minted = await asyncio.to_thread(self._mint, person)
        token = {"grant": f"saml {proved.provider}", "token": minted.token_id, "lifetime": minted.lifetime}
        await self._record("token", token | {"principal": who(person), "peer": address})
        return Granted(person, minted.token, minted.lifetime)

    async def _code(self, proved: Proved) -> str:
        code = secret()
        await self._keep(f"saml code {digest(code)}", proved, CODE)
        return code

    async def _proved(self, code: str) -> Proved:
        found = await self._store.take_slip(f"saml code {digest(code)}")
        if found is None:
            raise refuse("the code is unknown, was used or came too late: sign in again")
        return msgspec.json.decode(found, type=Proved)

    async def _keep(self, key: str, document: msgspec.Struct, seconds: float) -> None:
        if not await self._store.put_slip(key, msgspec.json.encode(document), self._store.now() + seconds):
            raise Refusal(Reason.GATEWAY_FAILURE)
