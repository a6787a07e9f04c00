"""Ports: listeners, sizes and times as the configuration sets them."""

from __future__ import annotations

from collections.abc import Iterator

from vecgate.config.addresses import Address, UpstreamAddress
from vecgate.config.load import Loaded
from vecgate.config.models import Config, Connection
from vecgate.serve.listeners import Bounds, Listener, Upstream
from vecgate.serve.tls import authorities, listener_context, upstream_context

MARGIN = 60


def listeners_of(loaded: Loaded) -> Iterator[Listener]:
    """One listener for each connection. Raises ValueError for certificates that cannot be used."""
    for connection in loaded.config.connections:
        address = Address.parse(connection.listen)
        tls = connection.tls
        yield Listener(
            connection.name,
            address.host,
            address.port,
            _upstream(loaded, connection),
            listener_context(
                loaded.resolve(tls.certificate),
                loaded.resolve(tls.key),
                loaded.resolve(tls.client_ca) if tls.client_ca else None,
            )
            if tls is not None
            else None,
            _bounds(connection),
            authorities(loaded.resolve(tls.client_ca)) if tls is not None and tls.client_ca else "",
        )


def _upstream(loaded: Loaded, connection: Connection) -> Upstream:
    upstream = UpstreamAddress.parse(connection.upstream)
    ca = loaded.resolve(connection.upstream_ca) if connection.upstream_ca else None
    context = upstream_context(ca) if upstream.scheme == "https" else None
    return Upstream(upstream.scheme, upstream.address.host, upstream.address.port, context)


def _bounds(connection: Connection) -> Bounds:
    bounds = connection.bounds
    return Bounds(
        headers=bounds.headers.bytes,
        body=bounds.body.bytes,
        answer=bounds.answer.bytes,
        body_time=bounds.body_time.seconds,
    )


def body_size_limit(config: Config) -> int:
    """mitmproxy's own limit is the outermost: the listeners' are tighter."""
    return max(max(each.bounds.body.bytes, each.bounds.answer.bytes) for each in config.connections)


def patience(config: Config) -> int:
    """Seconds after which an idle connection ends: longer than the longest hold."""
    holds = [rule.hold.seconds for rule in config.policy.approvals]
    return int(max(holds, default=0)) + MARGIN
