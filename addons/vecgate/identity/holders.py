"""Holders: whom verified client certificates stand for, by connection, as `identity.certificates` says."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cachetools import LRUCache

from vecgate.config.identity import Certificates
from vecgate.errors import Refusal
from vecgate.identity.certificate import Certificate
from vecgate.identity.principal import Principal
from vecgate.reasons import Reason

REMEMBERED: Final = 4096


class Holders:
    """Names compare exactly. A principal that is asked for again is the same object."""

    def __init__(self, entries: Sequence[Certificates]) -> None:
        self._entries = {connection: entry for entry in entries for connection in entry.connections}
        self._known: LRUCache[tuple[Certificate, str], Principal] = LRUCache(REMEMBERED)

    def find(self, certificate: Certificate, connection: str) -> Principal | None:
        """None where the connection takes no certificate for an identity. Its end is for the caller to check.

        Raises Refusal `token_invalid` for a certificate that does not name exactly one holder.
        """
        entry = self._entries.get(connection)
        if entry is None:
            return None
        found = self._known.get((certificate, connection))
        if found is None:
            found = self._known[certificate, connection] = _holder(certificate, entry)
        return found


def groups_of(entry: Certificates, subject: str, names: Mapping[str, Any]) -> frozenset[str]:
    """Those that list the subject, and those that the attributes in `names` say, where configuration takes them."""
    groups = {group for group, subjects in entry.groups.items() if subject in subjects}
    for kind in entry.groups_from:
        groups.update(unicodedata.normalize("NFC", str(value)) for value in names.get(kind, ()))
    return frozenset(groups)


def _holder(certificate: Certificate, entry: Certificates) -> Principal:
    subject = _only(certificate, entry.name)
    claims = {"iss": entry.issuer, "sub": subject, "certificate": certificate.claims()}
    return Principal(
        issuer=entry.issuer,
        subject=subject,
        name=subject[:256],
        groups=groups_of(entry, subject, dict(certificate.names)),
        claims=claims,
        expires=certificate.expires,
        fingerprint=certificate.fingerprint,
        token_id=certificate.serial,
    )


def _only(certificate: Certificate, kind: str) -> str:
    """The one name of this kind: which of two is meant nobody could say, and a wildcard names nobody."""
    values = certificate.values(kind)
    if len(values) != 1:
        raise Refusal(Reason.TOKEN_INVALID, f"the client certificate has {len(values)} names of kind {kind}, not one")
    name = unicodedata.normalize("NFC", values[0])
    if not name.strip() or not name.isprintable() or (kind == "dns" and "*" in name):
        raise Refusal(Reason.TOKEN_INVALID, f"the client certificate's {kind} is no name of anybody")
    return name
