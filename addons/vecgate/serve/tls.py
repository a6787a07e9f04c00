"""TLS contexts: own ones, made once from files, because mitmproxy's accept any client certificate, and none.

TLS 1.2 and 1.3, ALPN `h2` and `http/1.1`. Every context has tickets of its own, so that a session from one listener is
no session of another. All functions raise ValueError naming the file that cannot be used.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import certifi
from OpenSSL import SSL

ALPN = (b"h2", b"http/1.1")

# OpenSSL 3's host checks are reachable only through pyOpenSSL's cffi handle; mitmproxy's tlsconfig does the same.
_lib: Any = vars(SSL)["_lib"]
_HOST_FLAGS = _lib.X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | getattr(_lib, "X509_CHECK_FLAG_NEVER_CHECK_SUBJECT", 0)


def listener_context(certificate: Path, key: Path, client_ca: Path | None = None) -> SSL.Context:
    """For a listener. With `client_ca` the handshake fails without a certificate from one of its CAs."""
    context = _context(SSL.TLS_SERVER_METHOD)
    _load("the certificate", certificate, lambda: context.use_certificate_chain_file(str(certificate)))
    _load("the key", key, lambda: context.use_privatekey_file(str(key)))
    _load("the key of the certificate", key, context.check_privatekey)
    if client_ca is not None:
        _load("the client CA", client_ca, lambda: context.load_verify_locations(str(client_ca)))
        context.load_client_ca(str(client_ca).encode())
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
        # A resumed session would not be verified again: its certificate may have ended, its CA may be gone.
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_options(SSL.OP_NO_TICKET)
    context.set_alpn_select_callback(_select)
    context.set_session_id(b"vecgate")
    return context


def authorities(client_ca: Path) -> str:
    """A digest of the CAs in a file, which changes when they do."""
    try:
        return sha256(client_ca.read_bytes()).hexdigest()
    except OSError as error:
        raise ValueError(f"the client CA cannot be used: {client_ca}: {error}") from error


def upstream_context(ca: Path | None = None) -> SSL.Context:
    """For an upstream: its certificate must come from the CAs in `ca`, or from the public ones."""
    context = _context(SSL.TLS_CLIENT_METHOD)
    source = ca or Path(certifi.where())
    _load("the upstream CA", source, lambda: context.load_verify_locations(str(source)))
    context.set_verify(SSL.VERIFY_PEER)
    return context


def server_side(context: SSL.Context) -> SSL.Connection:
    connection = SSL.Connection(context)
    connection.set_accept_state()
    return connection


def client_side(context: SSL.Context, host: str, alpn: Sequence[bytes]) -> SSL.Connection:
    """A connection that fails unless the certificate is one for this host name or address (RFC 6125, no wildcards
    inside a label, no common name)."""
    connection = SSL.Connection(context)
    parameters = _lib.SSL_get0_param(connection._ssl)
    _lib.X509_VERIFY_PARAM_set_hostflags(parameters, _HOST_FLAGS)
    try:
        address = ipaddress.ip_address(host).packed
    except ValueError:
        name = host.encode("idna")
        connection.set_tlsext_host_name(name)
        done = _lib.X509_VERIFY_PARAM_set1_host(parameters, name, len(name))
    else:
        done = _lib.X509_VERIFY_PARAM_set1_ip(parameters, address, len(address))
    if done != 1:
        raise ValueError(f"cannot verify the certificate of {host}")
    connection.set_alpn_protos(list(alpn))
    connection.set_connect_state()
    return connection


def _context(method: int) -> SSL.Context:
    context = SSL.Context(method)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
    return context


def _select(connection: SSL.Connection, offers: list[bytes]) -> Any:
    return next((name for name in ALPN if name in offers), SSL.NO_OVERLAPPING_PROTOCOLS)


def _load(what: str, path: Path, load: Callable[[], object]) -> None:
    try:
        load()
    except (SSL.Error, OSError) as error:
        raise ValueError(f"{what} cannot be used: {path}: {error}") from error
