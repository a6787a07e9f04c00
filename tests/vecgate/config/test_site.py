"""How clients name a listener, as far as configuration tells."""

from __future__ import annotations

import pytest

from vecgate.config.models import Connection, Tls
from vecgate.config.site import origin

TLS = Tls(certificate="c.pem", key="k.pem")


@pytest.mark.parametrize(
    ("listen", "public", "tls", "expected"),
    [
        ("127.0.0.1:6010", None, None, "http://127.0.0.1:6010"),
        ("[::1]:6010", None, None, "http://[::1]:6010"),
        ("127.0.0.1:443", None, TLS, "https://127.0.0.1"),
        ("0.0.0.0:6010", None, None, None),
        ("[::]:6010", None, TLS, None),
        ("127.0.0.1:0", None, None, None),
        ("0.0.0.0:6010", "Vectors.Corp.test:6010", TLS, "https://vectors.corp.test:6010"),
        ("0.0.0.0:6010", "vectors.corp.test:443", TLS, "https://vectors.corp.test"),
        ("0.0.0.0:6010", "vectors.corp.test:80", None, "http://vectors.corp.test"),
    ],
)
def test_the_origin_of_a_listener(listen: str, public: str | None, tls: Tls | None, expected: str | None) -> None:
    connection = Connection(
        name="docs", dialect="chroma", listen=listen, upstream="http://127.0.0.1:1", public=public, tls=tls
    )
    assert origin(connection) == expected
