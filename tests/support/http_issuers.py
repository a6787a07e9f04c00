"""Identity providers over HTTP, for a whole gateway: one server, an issuer at each path, every request counted.

with HttpIssuers() as providers:
    one = providers.issuer("one", key)      # one.url, one.fetches, one.publish(…), one.broken = "HTML"
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

from tests.support.tokens import Key, encode, key_set, mint
from tests.support.tokens import claims as good_claims

HUGE: Final = 200 * 1024 * 1024
BROKEN: Final = ("500", "HTML", "huge", "slow", "redirect", "not JSON")
"""Ways in which an issuer can be down. `huge` is 200 MB; `slow` answers once it is no longer."""


@dataclass
class HttpIssuer:
    """`document` is what discovery says; `broken` is one of BROKEN, or empty."""

    url: str
    keys: list[Any]
    requests: Counter[str]
    document: dict[str, Any] = field(default_factory=dict)
    broken: str = ""

    def __post_init__(self) -> None:
        self.document = self.document or {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}

    @property
    def fetches(self) -> int:
        """How often the key set was asked for."""
        return self.requests[f"/{self.url.rpartition('/')[2]}/keys"]

    def publish(self, *keys: Any) -> None:
        self.keys = list(keys)

    def token(self, key: Key, alg: str = "ES256", header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token of this issuer, good but for these members of its header and these claims."""
        return mint(good_claims(**{"iss": self.url, "groups": ["readers"]} | claims), key, alg, **header or {})


class HttpIssuers(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: Counter[str] = Counter()
        self.issuers: dict[str, HttpIssuer] = {}
        self.closing = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def issuer(self, name: str, *keys: Any, **changes: Any) -> HttpIssuer:
        self.issuers[name] = made = HttpIssuer(f"{self.url}/{name}", list(keys), self.requests, **changes)
        return made


class _Handler(BaseHTTPRequestHandler):
    server: HttpIssuers

    def do_GET(self) -> None:
        self.server.requests[self.path] += 1
        name, _, rest = self.path[1:].partition("/")
        issuer = self.server.issuers.get(name)
        if issuer is None or rest not in (".well-known/openid-configuration", "keys"):
            self._answer(404, b"{}")
        elif issuer.broken and issuer.broken != "slow":
            self._fail(issuer.broken)
        else:
            while issuer.broken and not self.server.closing.wait(0.05):
                pass
            self._answer(200, encode(issuer.document) if rest != "keys" else key_set(*issuer.keys))

    def _fail(self, how: str) -> None:
        match how:
            case "500":
                self._answer(500, b"{}")
            case "HTML":
                self._answer(200, b"<html>", "text/html")
            case "not JSON":
                self._answer(200, b"<html>")
            case "redirect":
                self._answer(302, b"{}", location=f"{self.server.url}/elsewhere")
            case "huge":
                self._huge()

    def _huge(self) -> None:
        """Until the other side has had enough."""
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(HUGE))
        self.end_headers()
        try:
            for _ in range(HUGE // 65536):
                self.wfile.write(b" " * 65536)
        except OSError:
            self.close_connection = True

    def _answer(self, status: int, body: bytes, kind: str = "application/json", **more: str) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(body)), **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""
