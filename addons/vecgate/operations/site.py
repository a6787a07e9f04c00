"""Site: what a dialect may know of the connection that a request came in by, besides the request itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Site:
    """`address` is the authority that clients use, `host:port`. Empty where nothing is configured, as in `classify`."""

    connection: str = ""
    address: str = ""
    upstream: str = ""
    """The database's own authority, `host:port`."""
    index: str = ""
    """The index behind the connection, for engines that have one host per index."""
    issuers: tuple[str, ...] = ()
    """The identity providers whose tokens the gateway accepts."""
    others: Mapping[str, str] = field(default_factory=dict)
    """The addresses of all connections of the same dialect by their index, of several the first; `http://` stands
    before one that speaks no TLS."""
