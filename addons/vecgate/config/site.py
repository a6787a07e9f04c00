"""Site: what configuration says of a connection to its dialect."""

from __future__ import annotations

from vecgate.config.addresses import Address, UpstreamAddress
from vecgate.config.models import Config, Connection
from vecgate.operations.site import Site


def site_of(connection: Connection, config: Config) -> Site:
    alike = [each for each in config.connections if each.dialect == connection.dialect and each.index]
    return Site(
        connection=connection.name,
        address=connection.public or connection.listen,
        upstream=UpstreamAddress.parse(connection.upstream).authority,
        index=connection.index or "",
        issuers=tuple(each.issuer for each in config.identity.issuers),
        others={each.index: _address(each) for each in reversed(alike) if each.index},
    )


def origin(connection: Connection) -> str | None:
    """A listener as its clients name it; None for one that listens everywhere, unless `public` says it."""
    address = Address.parse(connection.public or connection.listen)
    if address.is_wildcard or not address.port:
        return None
    scheme, usual = ("https", 443) if connection.tls else ("http", 80)
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{scheme}://{host}" if address.port == usual else f"{scheme}://{host}:{address.port}"


def _address(connection: Connection) -> str:
    """Where clients find a connection. Engines' clients speak TLS to an address without a scheme."""
    return connection.public or ("" if connection.tls else "http://") + connection.listen
