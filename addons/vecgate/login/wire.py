"""Wire: everything that is said to an issuer. Only to its own addresses, over TLS, bounded, and never redirected."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlencode

import httpx

from vecgate.errors import LoginError, LoginRefused
from vecgate.identity.claims import parse_object
from vecgate.identity.fetch import LOOPBACK, MAX_BYTES, FetchError, check_json
from vecgate.identity.rules import key_url

SECONDS = 15.0
"""How long an issuer may take for one answer."""
_REFUSALS = frozenset({400, 401, 403})
_HINTS = {
    "invalid_client": "Is the client id right? A client with a secret needs --client-secret-file.",
    "unauthorized_client": "The issuer does not let this client sign people in this way.",
    "invalid_scope": "Name the scopes that the issuer knows with --scope.",
    "invalid_target": "The issuer does not know what --resource or --audience names.",
    "unsupported_grant_type": "The issuer does not let this client sign people in this way; try --flow code.",
}


class Authentication(Protocol):
    """How Authlib puts a client's credentials onto a request."""

    def prepare(self, method: str, uri: str, headers: dict[str, str], body: str) -> tuple[str, dict[str, str], str]: ...


class Wire:
    """A session for Authlib's client, and for the issuer's documents.

    Plain http is spoken only where the issuer itself is on loopback; the environment's proxies apply to the others.
    Raises LoginError for an issuer that is no https address.
    """

    def __init__(self, issuer: str, transport: httpx.BaseTransport | None = None) -> None:
        self.issuer = issuer
        self._http = True
        self._http = httpx.URL(self.permitted(issuer, "the issuer")).scheme == "http"
        self._client = httpx.Client(
            transport=transport,
            follow_redirects=False,
            timeout=SECONDS,
            headers={"accept": "application/json", "accept-encoding": "identity", "user-agent": "vecgate"},
            mounts={} if transport else dict.fromkeys(LOOPBACK),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def permitted(self, address: object, what: str) -> str:
        """An address that may be asked, or shown. Raises LoginError."""
        try:
            return str(key_url(address if isinstance(address, str) else "", self._http))
        except ValueError:
            raise LoginError(
                f"{what} is {address}: that must be an https address (http is for issuers on loopback alone)"
            ) from None

    def fetch(self, url: str) -> bytes:
        """A published document of the issuer. Raises LoginError."""
        status, body = self._ask("GET", url, {}, b"")
        if status != 200:
            raise LoginError(f"{url}: status {status}")
        return body

    def get(self, url: str) -> dict[str, Any]:
        """The same, as the JSON object that it is. Raises LoginError."""
        return _document(url, self.fetch(url))

    def post(self, url: str, data: dict[str, str], headers: dict[str, str], auth: Authentication) -> httpx.Response:
        """Ask as the client. Raises LoginRefused with the issuer's code, LoginError for whatever is no answer."""
        kind = {"content-type": "application/x-www-form-urlencoded"}
        address, more, body = auth.prepare("POST", self.permitted(url, "the address"), kind, urlencode(data))
        status, content = self._ask("POST", address, more, body.encode())
        if status in _REFUSALS:
            raise _refusal(url, _document(url, content), secrets=list(data.values()))
        if status != 200:
            raise LoginError(f"{url}: status {status}")
        return httpx.Response(status, content=content)

    def _ask(self, method: str, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        deadline = time.monotonic() + SECONDS
        try:
            with self._client.stream(method, url, headers=headers, content=body) as response:
                if response.is_redirect:
                    raise LoginError(f"{url}: redirects elsewhere, which is not followed")
                received = bytearray()
                for chunk in response.iter_raw():
                    received += chunk
                    if len(received) > MAX_BYTES:
                        raise LoginError(f"{url}: larger than {MAX_BYTES} bytes")
                    if time.monotonic() > deadline:
                        raise LoginError(f"{url}: no whole answer within {SECONDS:g} s")
                if received:
                    check_json(response)
                return response.status_code, bytes(received)
        except httpx.HTTPError as error:
            raise LoginError(f"{url}: {str(error) or type(error).__name__}") from error
        except FetchError as error:
            raise LoginError(str(error)) from error


def _document(url: str, body: bytes) -> dict[str, Any]:
    try:
        return parse_object(body)
    except ValueError as error:
        raise LoginError(f"{url}: {error}") from None


def _refusal(url: str, document: dict[str, Any], secrets: list[str]) -> LoginRefused:
    """The issuer's own words, without what it was sent: some quote it."""
    code, said = (str(document.get(name) or "") for name in ("error", "error_description"))
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        said = said.replace(secret, "…")
    text = f"{code or url}: {said[:500]}" if said else f"{code or url}: the issuer refuses"
    return LoginRefused(f"{text}\n{_HINTS[code]}" if code in _HINTS else text, code)
