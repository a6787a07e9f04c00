"""TLS contexts: made from files that fit, or not made; what they do on the wire is `test_wire`'s."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from OpenSSL import SSL
from tests.support.certificates import Authority, Issued

from vecgate.serve.tls import client_side, listener_context, upstream_context


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "own")
    own, missing = authority.issue("server", "127.0.0.1"), tmp_path / "missing.pem"
    for arguments in unusable(own, authority.issue("client", "client.example"), missing):
        with pytest.raises(ValueError, match="cannot be used"):
            listener_context(*arguments)
    with pytest.raises(ValueError, match=r"missing\.pem"):
        upstream_context(missing)


def unusable(own: Issued, other: Issued, missing: Path) -> Iterator[tuple[Path, Path, Path | None]]:
    yield missing, own.key, None
    yield own.certificate, missing, None
    yield own.certificate, other.key, None
    yield own.certificate, own.key, missing


@pytest.mark.parametrize("host", ["db.example", "127.0.0.1", "::1"])
def test_a_connection_to_an_upstream_names_a_host_but_never_an_address(host: str) -> None:
    connection = client_side(upstream_context(), host, [b"h2"])
    assert isinstance(connection, SSL.Connection)
    assert connection.get_servername() in (None, b"db.example")
    with pytest.raises(SSL.WantReadError):
        connection.do_handshake()
    hello = connection.bio_read(65536)
    assert (host.encode() in hello) == (host == "db.example")


def test_every_listener_has_a_session_cache_of_its_own(tmp_path: Path) -> None:
    own = Authority(tmp_path, "own").issue("server", "127.0.0.1")
    assert listener_context(own.certificate, own.key) is not listener_context(own.certificate, own.key)
