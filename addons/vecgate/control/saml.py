"""SAML sign-in over HTTP, for people's browsers and for `vecgate login --saml`.

GET  /saml/{name}/metadata   the gateway's metadata, for the identity provider
GET  /saml/{name}/login      off to the identity provider (HTTP-Redirect)
POST /saml/{name}/acs        back from it (HTTP-POST)
GET  /saml/{name}/done       the token on a page, or a code for the program that waits on loopback
POST /saml/{name}/token      that program's code for a token (RFC 6749 §4.1.3, RFC 7636)
GET  /saml/{name}/.well-known/openid-configuration   the last two for OAuth clients, such as `vecgate login`

The one cookie holds nothing but a random text. It ties the way back to the browser that went: without it somebody could
finish their own login in another's browser. `SameSite=Lax` keeps it from the provider's POST, and sends it with the
redirect that follows.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from vecgate.control.forms import form, query
from vecgate.control.pages import page, refusal_page
from vecgate.control.problems import answer
from vecgate.control.reading import peer
from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate.saml.steps import CLIENT, Loopback, secret

if TYPE_CHECKING:  # python3-saml, which they need, is an extra
    from vecgate.saml.logins import Granted, Logins
    from vecgate.saml.provider import Provider

RESPONSE_FORM: Final = 512 * 1024
"""Bytes of a posted response: 256 KiB of XML in base64, with some of its characters in three."""
TOKEN_FORM: Final = 4 * 1024
COOKIE: Final = "vecgate_saml"
COOKIE_AGE: Final = 700
"""Seconds; a little longer than a login may take."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_TOKEN_FIELDS: Final = {"grant_type", "client_id", "redirect_uri", "code", "code_verifier"}

type Endpoint = Callable[[Request], Awaitable[Response]]


class SigningIn(Protocol):
    """What the endpoints work on, asked for at every request."""

    @property
    def logins(self) -> Logins | None: ...


def saml_routes(services: SigningIn) -> list[Route]:
    endpoints = _Endpoints(services)
    return [
        Route("/saml/{name}/metadata", endpoints.metadata, methods=["GET"]),
        Route("/saml/{name}/login", endpoints.shown(endpoints.login), methods=["GET"]),
        Route("/saml/{name}/acs", endpoints.shown(endpoints.acs), methods=["POST"]),
        Route("/saml/{name}/done", endpoints.shown(endpoints.done), methods=["GET"]),
        Route("/saml/{name}/token", endpoints.token, methods=["POST"]),
        Route("/saml/{name}/.well-known/openid-configuration", endpoints.discovery, methods=["GET"]),
    ]


class _Endpoints:
    def __init__(self, services: SigningIn) -> None:
        self._services = services

    def shown(self, endpoint: Endpoint) -> Endpoint:
        """Refusals as pages, because a person looks at them."""

        async def shown(request: Request) -> Response:
            again = ""
            try:
                again = f"{self._asked(request)[1].home}/login"
                return await endpoint(request)
            except Refusal as refusal:
                return refusal_page(refusal, again)

        return shown

    async def metadata(self, request: Request) -> Response:
        _, provider = self._asked(request)
        return Response(provider.metadata(), media_type="application/samlmetadata+xml")

    async def login(self, request: Request) -> Response:
        logins, provider = self._asked(request)
        browser = _cookie(request) or secret()
        loopback = Loopback.parse(query(request))
        away = RedirectResponse(await logins.begin(provider, peer(request), browser, loopback), 303)
        return _with_cookie(away, provider, browser)

    async def acs(self, request: Request) -> Response:
        logins, provider = self._asked(request)
        fields = await form(request, RESPONSE_FORM)
        if "SAMLResponse" not in fields or fields.keys() - {"SAMLResponse", "RelayState"}:
            raise Refusal(Reason.BAD_BODY, "A response is posted as SAMLResponse and RelayState.")
        accepted = await logins.accept(provider, peer(request), fields["SAMLResponse"], fields.get("RelayState", ""))
        on = RedirectResponse(f"{provider.home}/done?code={accepted.code}", 303)
        return _with_cookie(on, provider, accepted.browser) if accepted.browser else on

    async def done(self, request: Request) -> Response:
        logins, provider = self._asked(request)
        fields = query(request)
        if fields.keys() != {"code"}:
            raise Refusal(Reason.BAD_TARGET, "The only query is code=CODE.")
        result = await logins.finish(provider, peer(request), fields["code"], _cookie(request))
        return RedirectResponse(result, 303) if isinstance(result, str) else _token_page(result, provider)

    async def token(self, request: Request) -> Response:
        logins, _ = self._asked(request)
        fields = await form(request, TOKEN_FORM)
        if fields.keys() != _TOKEN_FIELDS or fields["client_id"] != CLIENT:
            return answer({"error": "invalid_request"}, 400)
        if fields["grant_type"] != "authorization_code":
            return answer({"error": "unsupported_grant_type"}, 400)
        try:
            granted = await logins.exchange(
                peer(request), fields["code"], fields["code_verifier"], fields["redirect_uri"]
            )
        except Refusal as refusal:
            if refusal.status != 401:
                raise
            return answer({"error": "invalid_grant", "error_description": str(refusal)}, 400)
        return answer({"access_token": granted.token, "token_type": "Bearer", "expires_in": granted.lifetime})

    async def discovery(self, request: Request) -> Response:
        """OAuth 2.0 metadata (RFC 8414) at the place where OpenID clients look."""
        _, provider = self._asked(request)
        return answer(
            {
                "issuer": provider.home,
                "authorization_endpoint": f"{provider.home}/login",
                "token_endpoint": f"{provider.home}/token",
                "jwks_uri": f"{provider.base}/jwks.json",
                "scopes_supported": ["vecgate"],
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code"],
                "token_endpoint_auth_methods_supported": ["none"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    def _asked(self, request: Request) -> tuple[Logins, Provider]:
        logins = self._services.logins
        if logins is None:
            raise Refusal(Reason.NOT_FOUND, "There is no such identity provider.")
        return logins, logins.provider(request.path_params["name"])


def _token_page(granted: Granted, provider: Provider) -> Response:
    ends = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(time.time() + granted.lifetime))
    minutes = round(granted.lifetime / 60)
    return page(
        "token.html.j2",
        person=granted.person,
        token=granted.token,
        until=ends,
        minutes=f"{minutes} minute{'' if minutes == 1 else 's'}",
        home=provider.home,
    )


def _cookie(request: Request) -> str:
    """The browser's secret, empty if it has none of ours."""
    found = request.cookies.get(COOKIE, "")
    return found if _SECRET.fullmatch(found) else ""


def _with_cookie(response: Response, provider: Provider, browser: str) -> Response:
    response.set_cookie(
        COOKIE,
        browser,
        max_age=COOKIE_AGE,
        path=f"/{provider.home.split('/', 3)[3]}/",
        secure=provider.home.startswith("https:"),
        httponly=True,
        samesite="lax",
    )
    return response
