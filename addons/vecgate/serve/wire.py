"""The wire: what a connection speaks, decided by its listener alone. Addons for the front of the chain.

`Wire` lets clients speak HTTP/2 without TLS on plaintext ports and to `h2c` upstreams, which mitmproxy does not, and
closes what the listener is not for: plaintext on a TLS port, TLS on a plaintext one, a socket that belongs to no
listener. `Tls` makes every TLS connection from the listeners' own contexts.

Both must stand before mitmproxy's NextLayer and TlsConfig: `master.minimal_master` and a `-s` script put them there.
Both end the chain when they fail, because the addon behind would carry on with mitmproxy's defaults, which are open.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from mitmproxy import connection, exceptions
from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy import commands, events, layer, server_hooks
from mitmproxy.proxy.layers import modes
from mitmproxy.tls import ClientHelloData, TlsData

from vecgate.reasons import Reason
from vecgate.serve import answers, peers, tls
from vecgate.serve.failures import Failure
from vecgate.serve.listeners import Listener, Listeners

log = logging.getLogger(__name__)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""RFC 9113 §3.4."""


class Closed(layer.Layer):
    """Closes the client's connection without an answer."""

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Start):
            yield commands.CloseConnection(self.context.client)


class Wire:
    name = "vecgate_wire"

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners

    def next_layer(self, data: layer.NextLayer) -> None:
        """Decides at the first bytes of a connection; what follows (TLS, HTTP) is mitmproxy's NextLayer's."""
        context = data.context
        if not (len(context.layers) == 1 and isinstance(context.layers[0], modes.ReverseProxy)):
            if not context.layers or not isinstance(context.layers[0], modes.ReverseProxy):
                _close(data, "not a reverse proxy listener")
            return
        try:
            self._first(data, self._listeners.of(context.client))
        except exceptions.AddonHalt:
            raise
        except Exception:
            log.exception("a connection could not be classified, closing it")
            data.layer = Closed(context)

    def _first(self, data: layer.NextLayer, listener: Listener | None) -> None:
        first = data.data_client()
        if listener is None:
            _close(data, "no such listener")
        elif not first:
            # An HTTP/2 upstream speaks first. Deciding now would take the client for HTTP/1 (5 of 150 calls died).
            raise exceptions.AddonHalt
        elif listener.tls is not None:
            if len(first) < 3 and b"\x16\x03".startswith(first[:2]):
                raise exceptions.AddonHalt
            if not starts_like_tls_record(first):
                _close(data, "plaintext on a TLS port")
        elif first[0] == 0x16:
            _close(data, "TLS on a plaintext port")
        elif first.startswith(PREFACE):
            # Only the ALPN: an HttpLayer set here would skip ServerTLSLayer, and every https upstream would be a 502.
            data.context.client.alpn = b"h2"
        elif PREFACE.startswith(first):
            raise exceptions.AddonHalt

    def server_connected(self, data: server_hooks.ServerConnectionHookData) -> None:
        upstream = _upstream(self._listeners, data.client, data.server)
        if upstream is not None and upstream.upstream.scheme == "h2c":
            data.server.alpn = b"h2"


class Tls:
    name = "vecgate_tls"

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners
        self._public: Any = None

    def tls_clienthello(self, data: ClientHelloData) -> None:
        data.ignore_connection = data.establish_server_tls_first = False

    def tls_start_client(self, data: TlsData) -> None:
        def make() -> Any:
            listener = self._listeners.of(data.context.client)
            if listener is None or listener.tls is None:
                raise ValueError("the listener has no TLS")
            return tls.server_side(listener.tls)

        _provide(data, make)

    def tls_start_server(self, data: TlsData) -> None:
        """A client without TLS offered no ALPN: offer what it speaks, or a gRPC upstream falls back to HTTP/1."""

        def make() -> Any:
            client, server = data.context.client, data.conn
            assert isinstance(server, connection.Server)
            assert server.address is not None
            listener = _upstream(self._listeners, client, server)
            if listener is None:
                raise ValueError("not the listener's upstream")
            server.sni = listener.upstream.host
            server.alpn_offers = tls.ALPN if client.alpn == b"h2" else tls.ALPN[1:]
            return tls.client_side(listener.upstream.tls or self._default(), listener.upstream.host, server.alpn_offers)

        _provide(data, make)

    def tls_established_client(self, data: TlsData) -> None:
        client = data.context.client
        listener = self._listeners.of(client)
        if listener is not None and data.ssl_conn is not None:
            peers.introduce(client, listener, data.ssl_conn)

    def tls_failed_client(self, data: TlsData) -> None:
        client = data.context.client
        answers.report(Failure(Reason.PROTOCOL_ERROR, f"TLS handshake failed: {data.conn.error}", client))

    def _default(self) -> Any:
        if self._public is None:
            self._public = tls.upstream_context()
        return self._public


def _provide(data: TlsData, make: Callable[[], Any]) -> None:
    """Without an `ssl_conn` the handshake fails; halting keeps TlsConfig from supplying one of its own."""
    try:
        data.ssl_conn = make()
    except Exception as error:
        log.exception("TLS is refused")
        data.ssl_conn = None
        raise exceptions.AddonHalt from error


def _upstream(listeners: Listeners, client: connection.Client, server: connection.Server) -> Listener | None:
    """The client's listener, if the server is that listener's upstream."""
    listener = listeners.of(client)
    if listener is None or server.address is None:
        return None
    return listener if server.address[:2] == (listener.upstream.host, listener.upstream.port) else None


def _close(data: layer.NextLayer, message: str) -> None:
    answers.report(Failure(Reason.PROTOCOL_ERROR, message, data.context.client))
    data.layer = Closed(data.context)
