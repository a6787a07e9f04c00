"""Vault: logs in by AppRole, keeps its token alive, and reads KV v2 secrets.

The token is renewed once two thirds of its lease are gone, and replaced by a new login when it cannot be renewed or is
refused. What was refused is not tried again for 5 minutes, lest the store lock the role out (Vault: five failed logins
in 15 minutes) or fill up with tokens; a new secret id is tried at once. Every answer is bounded in size and time, TLS
is verified, redirects are not followed. What the store says in words is shown to nobody: an error names what failed, in
words of its own.
"""

from __future__ import annotations

import io
import logging
import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from vecgate.errors import SecretError
from vecgate_vault.reference import Reference
from vecgate_vault.settings import Settings

if TYPE_CHECKING:
    import hvac

MAX_BYTES: Final = 1024 * 1024
SECONDS: Final = 5.0
RETRY: Final = 300.0
_RENEW: Final = 2 / 3
_REFUSED: Final = (401, 403)
_NO_LOGIN: Final = "the store refuses the AppRole's login: is its secret id still good?"
_WORDS: Final = {
    400: "a bad request to it",
    401: "the role may not read it",
    403: "the role may not read it",
    404: "there is no such secret",
    429: "too many requests to it",
    503: "the store is sealed or in standby",
}


class Vault:
    """One client of one store; its calls take turns. `clock` is monotonic, in seconds."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._turn = threading.Lock()
        self._client: hvac.Client | None = None
        self._renew_at = 0.0
        self._renewable = False
        self._replaced = -math.inf
        """When a refused token was last replaced."""
        self._refused = ("", -math.inf)
        """The secret id that was refused last, and when."""

    def read(self, reference: Reference) -> str:
        """The text under the secret's key, in its current version. Blocks. Raises SecretError."""
        with self._turn:
            client = self._ready()
            try:
                document = _asked(client.adapter.get, f"/v1/{reference.path}")
            except _Refused as refused:
                if refused.status not in _REFUSED or self._clock() < self._replaced + RETRY:
                    raise
                self._replaced = self._clock()
                self._log_in(client)  # the token may have been revoked
                document = _asked(client.adapter.get, f"/v1/{reference.path}")
        return _text(document, reference.key)

    def _ready(self) -> hvac.Client:
        """The client with a token that is good."""
        if self._client is None:
            self._client = _client(self._settings)
        if not self._client.token:
            self._log_in(self._client)
        elif self._clock() >= self._renew_at:
            try:
                self._renew(self._client)
            except _Refused:
                self._log_in(self._client)
        return self._client

    def _log_in(self, client: hvac.Client) -> None:
        client.token, secret_id, began = "", self._settings.secret_id(), self._clock()
        if secret_id == self._refused[0] and began < self._refused[1] + RETRY:
            raise SecretError(_NO_LOGIN)
        ids = {"role_id": self._settings.role_id, "secret_id": secret_id}
        try:
            document = _asked(client.adapter.post, f"/v1/auth/{self._settings.mount}/login", json=ids)
        except _Refused as refused:
            if refused.status not in (400, *_REFUSED):
                raise
            self._refused = secret_id, began
            raise SecretError(_NO_LOGIN) from None
        client.token = self._adopt(document, began)

    def _renew(self, client: hvac.Client) -> None:
        if not self._renewable:
            raise _Refused(403)
        began = self._clock()
        self._adopt(_asked(client.adapter.post, "/v1/auth/token/renew-self", json={}), began)

    def _adopt(self, document: dict[str, Any], began: float) -> str:
        """The token, and how long it is good for. A lease of 0 does not end."""
        match document.get("auth"):
            case {"client_token": str(token), "lease_duration": int(lease), "renewable": bool(renewable)} if token:
                self._renewable = renewable
                self._renew_at = began + lease * _RENEW if lease > 0 else math.inf
                return token
        raise SecretError("the store's login was not understood")


class _Refused(SecretError):
    def __init__(self, status: int) -> None:
        super().__init__(_WORDS.get(status, f"the store answers with status {status}"))
        self.status = status


def _client(settings: Settings) -> hvac.Client:
    """Raises SecretError where the extra is not installed."""
    try:
        import hvac
        import requests
    except ImportError:
        raise SecretError("needs an extra: pip install 'vecgate[vault]'") from None
    for name in ("hvac", "urllib3", "requests"):
        logging.getLogger(name).setLevel(logging.WARNING)  # paths, whatever the root logger says
    session = requests.Session()
    session.trust_env = False  # a .netrc would add a credential of its own
    session.headers["accept-encoding"] = "identity"
    session.verify = settings.ca or True
    session.proxies = {} if settings.loopback else requests.utils.get_environ_proxies(settings.address)
    session.hooks["response"].append(_bounded)
    return hvac.Client(
        url=settings.address,
        token="",
        timeout=SECONDS,
        allow_redirects=False,
        session=session,
        namespace=settings.namespace or None,
        adapter=hvac.adapters.RawAdapter,
    )


def _bounded(response: Any, **_: Any) -> None:
    """Read the answer before requests does, up to its limits."""
    body, end = b"", time.monotonic() + SECONDS
    while chunk := response.raw.read1(64 * 1024, decode_content=False):
        body += chunk
        if len(body) > MAX_BYTES or time.monotonic() > end:
            response.close()
            raise SecretError("the store's answer is too large, or too slow")
    response.raw = io.BytesIO(body)


def _asked(ask: Callable[..., Any], path: str, **more: Any) -> dict[str, Any]:
    """What the store answers, as a document. Raises SecretError, without what was said on either side."""
    try:
        response = ask(path, raise_exception=False, **more)
    except SecretError:
        raise
    except Exception as error:  # of requests, and of what it stands on
        raise SecretError(f"the store cannot be reached ({type(error).__name__})") from None
    if response.status_code != 200:
        raise _Refused(response.status_code)
    try:
        return msgspec.json.decode(response.content, type=dict[str, Any])
    except msgspec.DecodeError:
        raise SecretError("the store's answer was not understood") from None


def _text(document: dict[str, Any], key: str) -> str:
    match document.get("data"):
        case {"data": dict(values), "metadata": dict()}:
            value = values.get(key)
        case _:
            raise SecretError("is no secret of a KV v2 engine")
    if not isinstance(value, str):
        raise SecretError("has no such key, or no text under it")
    return value
