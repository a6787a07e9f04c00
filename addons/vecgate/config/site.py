"""Site: what configuration says of a connection to its dialect."""

from __future__ import annotations

from vecgate.config.addresses import UpstreamAddress
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


def _address(connection: Connection) -> str:
    """Where clients find a connection. Engines' clients speak TLS to an address without a scheme."""
    return connection.public or ("" if connection.tls else "http://") + connection.listen
