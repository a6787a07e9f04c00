"""The control plane's API: who may, lists what waits and decides it.

    GET  /v1/approvals[?state=all]      tickets that wait, or all that are kept
    GET  /v1/approvals/{id}             one ticket
    POST /v1/approvals/{id}/approve     {"comment": "…"}
    POST /v1/approvals/{id}/deny        {"comment": "…"}
    …    /v1/revocations                see `control.revocations`
    …    /scim/v2/…                     see `control.scim`
    GET  /healthz                       200 while requests can be served, 503 otherwise

and, where configuration has an issuer of the gateway's own, what `control.issuer` and `control.saml` list.

A reviewer sends the token of one of the configured issuers as `Authorization: Bearer`. Nobody is known by a cookie, and
a decision needs a JSON body, so no page can make a browser decide.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from vecgate.approvals.approvals import Approvals
from vecgate.approvals.tickets import Ticket, TicketClosed, TicketUnknown
from vecgate.control.guard import HEALTH, SCIM, Guard
from vecgate.control.issuer import issuer_routes
from vecgate.control.problems import answer, problem, problem_of
from vecgate.control.reading import bearer, document, peer
from vecgate.control.revocations import RevocationRoutes
from vecgate.control.saml import SigningIn, saml_routes
from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.identity.revocations import Revocations
from vecgate.issuer.issuer import Issuer
from vecgate.reasons import Reason

if TYPE_CHECKING:
    from vecgate.identity.provisioning import Provisioning

_ID = re.compile(r"[0-9a-f]{32}")


class Services(SigningIn, Protocol):
    """What the API works on, asked for at every request: a reload replaces it."""

    @property
    def approvals(self) -> Approvals: ...

    @property
    def issuer(self) -> Issuer | None: ...

    @property
    def revocations(self) -> Revocations: ...

    @property
    def provisioning(self) -> Mapping[bytes, Provisioning]: ...

    async def authenticate(self, token: str, address: str) -> Principal:
        """Raises Refusal, Unavailable."""

    async def record(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Return once it is durable. Raises Unavailable."""

    def healthy(self) -> bool: ...


class Decision(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a decision."""

    comment: str = ""


def control_app(services: Services, hosts: Iterable[str]) -> ASGIApp:
    """`hosts` are the accepted values of the `Host` header, lower-case; see `guard.allowed_hosts`."""
    api = _Api(services)
    routes = [
        Route("/v1/approvals", api.list, methods=["GET"]),
        Route("/v1/approvals/{id}", api.show, methods=["GET"]),
        Route("/v1/approvals/{id}/approve", api.approve, methods=["POST"]),
        Route("/v1/approvals/{id}/deny", api.deny, methods=["POST"]),
        *RevocationRoutes(services, api.caller).routes,
        Route(f"{SCIM}/{{path:path}}", api.scim, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        Route(HEALTH, api.health, methods=["GET"]),
        *issuer_routes(services),
        *saml_routes(services),
    ]
    handlers: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
        HTTPException: _http_problem,
        Refusal: _problem,
        TicketClosed: _problem,
        TicketUnknown: _problem,
        Exception: _problem,
    }
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return Guard(app, hosts)


class _Api:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def list(self, request: Request) -> Response:
        caller = await self.caller(request)
        state = request.query_params.get("state", "pending")
        if state not in ("pending", "all") or set(request.query_params) - {"state"}:
            raise Refusal(Reason.BAD_TARGET, "The only query is state=pending or state=all.")
        tickets = await self._services.approvals.list(caller, every=state == "all")
        return answer({"approvals": [_shown(ticket, caller) for ticket in tickets]})

    async def show(self, request: Request) -> Response:
        caller = await self.caller(request)
        return answer(_shown(await self._services.approvals.see(_ticket_id(request), caller), caller))

    async def approve(self, request: Request) -> Response:
        return await self._decide(request, True)

    async def deny(self, request: Request) -> Response:
        return await self._decide(request, False)

    async def scim(self, request: Request) -> Response:
        if not self._services.provisioning:
            raise Refusal(Reason.NOT_FOUND)
        from vecgate.control.scim import answer  # of an extra, which whoever configures a directory has

        return await answer(request, self._services.provisioning)

    async def health(self, request: Request) -> Response:
        healthy = self._services.healthy()
        return answer({"status": "ok" if healthy else "failing"}, 200 if healthy else 503)

    async def _decide(self, request: Request, approve: bool) -> Response:
        await self.caller(request)
        ticket_id = _ticket_id(request)
        decision = await document(request, Decision, '{"comment": "…"}')
        caller = await self.caller(request)  # who may have lost the right while the body came
        ticket = await self._services.approvals.decide(ticket_id, caller, approve, decision.comment)
        return answer(_shown(ticket, caller))

    async def caller(self, request: Request) -> Principal:
        """Raises Refusal, Unavailable."""
        return await self._services.authenticate(bearer(request), peer(request))


def _shown(ticket: Ticket, caller: Principal) -> dict[str, Any]:
    """A ticket, and whether the caller could decide it."""
    return ticket.shown() | {"yours": ticket.owner == caller.key, "decidable": ticket.decidable_by(caller)}


def _ticket_id(request: Request) -> str:
    ticket_id: str = request.path_params["id"]
    if not _ID.fullmatch(ticket_id):
        raise TicketUnknown(ticket_id)
    return ticket_id


async def _problem(request: Request, error: Exception) -> Response:
    return problem_of(error)


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    reason = Reason.METHOD_NOT_ALLOWED if error.status_code == 405 else Reason.NOT_FOUND
    return problem(reason, headers=error.headers)
