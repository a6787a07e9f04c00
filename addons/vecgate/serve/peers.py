"""Peers: the certificates that connected clients have proved, for as long as they are connected.

A certificate counts while its listener trusts the CAs that it was verified by: a reload with others does not end open
connections, but what they proved before.
"""

from __future__ import annotations

import logging
from weakref import WeakKeyDictionary

from mitmproxy import connection
from OpenSSL import SSL

from vecgate.identity.certificate import Certificate
from vecgate.serve.listeners import Listener

log = logging.getLogger(__name__)

_proved: WeakKeyDictionary[connection.Client, tuple[str, Certificate]] = WeakKeyDictionary()


def introduce(client: connection.Client, listener: Listener, handshake: SSL.Connection) -> None:
    """Remember what a completed handshake proved; nothing without a verified chain, or with one that cannot be read."""
    _proved.pop(client, None)
    chain = handshake.get_verified_chain(as_cryptography=True) if listener.clients else None
    if not chain:
        return
    try:
        _proved[client] = listener.clients, Certificate.read(chain)
    except ValueError as error:
        log.warning("a client certificate on %s cannot be read, and counts for nothing: %s", listener.name, error)


def certificate_of(client: connection.Client, listener: Listener | None) -> Certificate | None:
    """The client's certificate, if it was verified by the CAs that its listener trusts now."""
    found = _proved.get(client)
    if found is None or listener is None or found[0] != listener.clients:
        return None
    return found[1]
