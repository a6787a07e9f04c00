"""Certificates: what `identity.certificates` says that cannot be meant, or would make two holders one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from vecgate.config.document import KeyPath
from vecgate.config.identity import Certificates
from vecgate.config.mistake import Mistake
from vecgate.config.models import Config
from vecgate.config.problems import did_you_mean


def certificate_mistakes(config: Config) -> Iterator[Mistake]:
    """Every mistake with the key it stands at."""
    at: KeyPath = ("identity", "certificates")
    entries = config.identity.certificates
    taken: dict[str, int] = {}
    for index, entry in enumerate(entries):
        if not entry.issuer.isprintable() or " " in entry.issuer:
            yield (*at, index, "issuer"), "write a URI of your own, without blanks"
        yield from _connections(entry, config, (*at, index, "connections"), taken, index)
        yield from _groups(entry, (*at, index, "groups"))


def _connections(
    entry: Certificates, config: Config, at: KeyPath, taken: dict[str, int], entry_index: int
) -> Iterator[Mistake]:
    connections = {connection.name: connection for connection in config.connections}
    trusted: set[str] = set()
    for index, name in enumerate(entry.connections):
        if name not in connections:
            yield (*at, index), f"no connection has this name{did_you_mean(name, connections)}"
            continue
        if name in taken:
            yield (*at, index), f"{name} takes certificates by identity.certificates[{taken[name]}] already"
        taken.setdefault(name, entry_index)
        tls = connections[name].tls
        if tls is None or tls.client_ca is None:
            yield (*at, index), f"{name} verifies no certificates: give it tls with client_ca"
            continue
        trusted.add(tls.client_ca)
        if len(trusted) > 1:
            yield (*at, index), "trusts other CAs than the connections before it: give each an entry of its own"


def _groups(entry: Certificates, at: KeyPath) -> Iterator[Mistake]:
    for group, subjects in entry.groups.items():
        for index, name in enumerate((group, *subjects)):
            if not unicodedata.is_normalized("NFC", name):
                where = at if index == 0 else (*at, group, index - 1)
                yield where, "is not in Unicode normal form C, so that nothing can match it"
