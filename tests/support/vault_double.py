"""A store with Vault's API that misbehaves as told: what the real one does only on its worst days."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import msgspec

from tests.support.certificates import Issued

type Fault = Callable[[BaseHTTPRequestHandler], None]
SECRET = "s3cr3t-canary"
SECRET_ID = "secret-id-canary"


@dataclass
class VaultDouble:
    """`with VaultDouble() as vault: …`. `faults` replace the answer to a path."""

    lease: int = 3600
    renewable: bool = True
    values: dict[str, Any] = field(default_factory=lambda: {"api_key": SECRET, "number": 1, "empty": ""})
    faults: dict[str, Fault] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    seen: list[dict[str, str]] = field(default_factory=list)
    good: set[str] = field(default_factory=set)
    """Tokens that are."""
    certificate: Issued | None = None
    """For TLS."""

    def __enter__(self) -> Self:
        vault = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                vault.answer(self)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if self.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate.certificate, self.certificate.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.address = f"{'https' if self.certificate else 'http'}://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("content-length", 0))
        body = msgspec.json.decode(handler.rfile.read(length)) if length else {}
        self.asked.append(handler.path)
        self.seen.append({name.lower(): value for name, value in handler.headers.items()})
        if handler.path in self.faults:
            self.faults[handler.path](handler)
        elif handler.path == "/v1/auth/approle/login":
            self._log_in(handler, body)
        elif handler.headers.get("x-vault-token") not in self.good:
            reply(handler, {"errors": [f"permission denied {SECRET}"]}, 403)
        elif handler.path == "/v1/auth/token/renew-self":
            reply(handler, self._auth(handler.headers["x-vault-token"]))
        elif handler.path == "/v1/secret/data/qdrant":
            reply(handler, {"data": {"data": self.values, "metadata": {"version": 1}}})
        else:
            reply(handler, {"errors": []}, 404)

    def _log_in(self, handler: BaseHTTPRequestHandler, body: dict[str, str]) -> None:
        if body != {"role_id": "gateway", "secret_id": SECRET_ID}:
            reply(handler, {"errors": [f"invalid secret id {body.get('secret_id')}"]}, 400)
            return
        token = f"token-canary-{len(self.good)}"
        self.good.add(token)
        reply(handler, self._auth(token))

    def _auth(self, token: str) -> dict[str, Any]:
        return {"auth": {"client_token": token, "lease_duration": self.lease, "renewable": self.renewable}}


def reply(handler: BaseHTTPRequestHandler, document: Any, status: int = 200, **headers: str) -> None:
    body = document if isinstance(document, bytes) else msgspec.json.encode(document)
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """An answer without an end."""
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b" ")
            time.sleep(0.01)
    except OSError:
        pass
