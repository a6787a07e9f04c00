"""Listeners: what each of the process's ports is configured to do, found by a connection's own socket address.

listener = Listener("docs", "127.0.0.1", 6010, Upstream("h2c", "127.0.0.1", 50051))
Options(mode=[listener.mode])
Listeners([listener]).of(flow.client_conn)     # that listener, or None for a socket that is none of them
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from mitmproxy import connection
from OpenSSL import SSL

WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 - looked up, not bound


@dataclass(frozen=True, slots=True)
class Bounds:
    """Sizes in bytes, times in seconds. A body's size counts as it travels, before decompression."""

    line: int = 16 * 1024
    """One header field, or the request line."""
    headers: int = 64 * 1024
    body: int = 40 * 1024 * 1024
    answer: int = 256 * 1024 * 1024
    head_time: float = 15.0
    """From the first byte to the end of the head; on a new connection from accept, TLS handshake included."""
    body_time: float = 30.0
    """From the end of the head to the end of the body, whatever the pace."""
    streams: int = 100
    """HTTP/2 streams open at once."""
    resets: int = 200
    """RST_STREAM frames in 10 s (CVE-2023-44487)."""
    control: int = 1000
    """PING, SETTINGS, PRIORITY, unknown and empty DATA frames in 10 s (CVE-2019-9512, -9515, -9518)."""
    windows: int = 20_000
    """WINDOW_UPDATE frames in 10 s."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a listener's requests go. `h2c` is HTTP/2 with prior knowledge, without TLS (RFC 9113 §3.3)."""

    scheme: Literal["http", "https", "h2c"]
    host: str
    port: int
    tls: SSL.Context | None = field(default=None, repr=False)
    """For `https`, from `tls.upstream_context`; None takes the public CAs."""


@dataclass(frozen=True, slots=True)
class Listener:
    name: str
    host: str
    port: int
    upstream: Upstream
    tls: SSL.Context | None = field(default=None, repr=False)
    """From `tls.listener_context`. With it the port speaks TLS only, without it plaintext only."""
    bounds: Bounds = Bounds()
    clients: str = ""
    """Which CAs client certificates must come from, by a digest; empty where none is asked for."""

    @property
    def mode(self) -> str:
        """The listener as a mitmproxy mode."""
        scheme = "https" if self.upstream.scheme == "https" else "http"
        return f"reverse:{scheme}://{_authority(self.upstream.host)}:{self.upstream.port}@{self.host}:{self.port}"


class Listeners:
    """The listeners of one process. `replace` swaps all of them; connections already open follow."""

    def __init__(self, listeners: Iterable[Listener] = ()) -> None:
        self._by_address: dict[tuple[str, int], Listener] = {}
        self.replace(listeners)

    def __iter__(self) -> Iterator[Listener]:
        return iter(self._by_address.values())

    def replace(self, listeners: Iterable[Listener]) -> None:
        self._by_address = {(listener.host, listener.port): listener for listener in listeners}

    @property
    def modes(self) -> list[str]:
        return [listener.mode for listener in self]

    def of(self, client: connection.Client) -> Listener | None:
        """The listener that accepted this client, or None."""
        if not client.sockname:
            return None
        host, port = client.sockname[:2]
        for candidate in (host, *WILDCARDS):
            if found := self._by_address.get((candidate, port)):
                return found
        return None

    def bounds(self, client: connection.Client) -> Bounds:
        listener = self.of(client)
        return listener.bounds if listener is not None else DEFAULT_BOUNDS


DEFAULT_BOUNDS = Bounds()


def _authority(host: str) -> str:
    return f"[{host}]" if ":" in host else host
