"""Revocations over the control plane's API: an administrator ends anybody's access, everybody their own token's.

GET  /v1/revocations         all that hold
POST /v1/revocations         {"what": "subject", "issuer": "…", "value": "…", "until": "…", "reason": "…"}
POST /v1/revocations/own     {"reason": "…"}: the token that the request comes with
POST /v1/revocations/lift    {"what": "subject", "issuer": "…", "value": "…", "reason": "…"}
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vecgate.control.problems import answer
from vecgate.control.reading import document
from vecgate.identity.principal import Principal
from vecgate.identity.revocation import Revocation, Source, What
from vecgate.identity.revocations import Revocations

type Caller = Callable[[Request], Awaitable[Principal]]
"""Proves who is asking. Raises Refusal."""

PATH = "/v1/revocations"
LIKE = '{"what": "subject", "issuer": "…", "value": "…", "reason": "…"}'


class Named(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    what: What
    issuer: str = ""
    """Not needed where there is but one."""
    value: str
    reason: str


class Wanted(Named, forbid_unknown_fields=True, kw_only=True):
    until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class Lifted(Named, forbid_unknown_fields=True, kw_only=True):
    source: Source = Source.OPERATOR


class Own(msgspec.Struct, forbid_unknown_fields=True):
    reason: str = ""


class Services(Protocol):
    @property
    def revocations(self) -> Revocations: ...


class RevocationRoutes:
    def __init__(self, services: Services, caller: Caller) -> None:
        self._services, self._caller = services, caller

    @property
    def routes(self) -> list[Route]:
        return [
            Route(PATH, self.list, methods=["GET"]),
            Route(PATH, self.revoke, methods=["POST"]),
            Route(f"{PATH}/own", self.revoke_own, methods=["POST"]),
            Route(f"{PATH}/lift", self.lift, methods=["POST"]),
        ]

    async def list(self, request: Request) -> Response:
        await self._administrator(request)
        return answer({"revocations": [each.shown() for each in await self._services.revocations.list()]})

    async def revoke(self, request: Request) -> Response:
        caller, wanted = await self._asked(request, Wanted)
        made = Revocation(
            what=wanted.what,
            issuer=wanted.issuer,
            value=wanted.value,
            until=wanted.until.timestamp() if wanted.until else None,
            reason=wanted.reason,
        )
        return answer((await self._services.revocations.revoke(made, caller)).shown())

    async def revoke_own(self, request: Request) -> Response:
        caller = await self._caller(request)
        own = await document(request, Own, '{"reason": "…"}')
        return answer((await self._services.revocations.revoke_own(caller, own.reason)).shown())

    async def lift(self, request: Request) -> Response:
        caller, named = await self._asked(request, Lifted)
        lifted = Revocation(
            what=named.what, issuer=named.issuer, value=named.value, source=named.source, reason=named.reason
        )
        return answer((await self._services.revocations.lift(lifted, caller)).shown())

    async def _asked[T](self, request: Request, kind: type[T]) -> tuple[Principal, T]:
        """An administrator, who still is one when the body is there, and the body."""
        await self._administrator(request)
        found = await document(request, kind, LIKE)
        return await self._administrator(request), found

    async def _administrator(self, request: Request) -> Principal:
        caller = await self._caller(request)
        self._services.revocations.check(caller)
        return caller
