"""Listeners: a connection's own socket address says which, and nothing that a client sends."""

from __future__ import annotations

import pytest
from mitmproxy import connection
from mitmproxy.proxy.mode_specs import ProxyMode, ReverseMode

from vecgate.serve.listeners import DEFAULT_BOUNDS, Bounds, Listener, Listeners, Upstream


def client(host: str, port: int) -> connection.Client:
    return connection.Client(peername=("192.0.2.1", 1), sockname=(host, port))


DOCS = Listener("docs", "127.0.0.1", 6010, Upstream("http", "db.example", 8000), bounds=Bounds(body=1))
GRPC = Listener("grpc", "0.0.0.0", 6011, Upstream("h2c", "::1", 50051))
TLS = Listener("tls", "::1", 6012, Upstream("https", "db.example", 443))


@pytest.mark.parametrize(
    ("host", "port", "found"),
    [
        ("127.0.0.1", 6010, DOCS),
        ("127.0.0.2", 6010, None),
        ("10.0.0.1", 6011, GRPC),
        ("::1", 6012, TLS),
        ("127.0.0.1", 6013, None),
    ],
)
def test_a_client_belongs_to_the_listener_it_connected_to(host: str, port: int, found: Listener | None) -> None:
    listeners = Listeners([DOCS, GRPC, TLS])
    assert listeners.of(client(host, port)) is found
    assert listeners.bounds(client(host, port)) is (found.bounds if found else DEFAULT_BOUNDS)


@pytest.mark.parametrize(
    ("listener", "mode", "address"),
    [
        (DOCS, "reverse:http://db.example:8000@127.0.0.1:6010", ("db.example", 8000)),
        (GRPC, "reverse:http://[::1]:50051@0.0.0.0:6011", ("::1", 50051)),
        (TLS, "reverse:https://db.example:443@::1:6012", ("db.example", 443)),
    ],
)
def test_a_listener_is_a_mode_of_mitmproxys(listener: Listener, mode: str, address: tuple[str, int]) -> None:
    assert listener.mode == mode
    parsed = ProxyMode.parse(mode)
    assert isinstance(parsed, ReverseMode)
    assert parsed.address == address
    assert (parsed.listen_host(), parsed.listen_port()) == (listener.host, listener.port)


def test_a_reload_replaces_all_of_them() -> None:
    listeners = Listeners([DOCS, GRPC])
    listeners.replace([TLS])
    assert list(listeners) == [TLS]
    assert listeners.modes == [TLS.mode]
    assert listeners.of(client("127.0.0.1", 6010)) is None
