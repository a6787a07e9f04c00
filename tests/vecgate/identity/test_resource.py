"""What a listener says of itself (RFC 9728)."""

from __future__ import annotations

import msgspec

from vecgate.identity.resource import ProtectedResource


def test_it_names_the_listener_and_its_issuers() -> None:
    made = ProtectedResource.of("https://gw.test:6010", "docs", ["https://idp.test/", "keys:"])
    assert made.url == "https://gw.test:6010/.well-known/oauth-protected-resource"
    assert msgspec.json.decode(made.document) == {
        "resource": "https://gw.test:6010",
        "authorization_servers": ["https://idp.test/"],
        "bearer_methods_supported": ["header"],
        "resource_name": "docs",
    }


def test_without_an_issuer_nothing_is_said_of_issuers() -> None:
    assert b"authorization_servers" not in ProtectedResource.of("https://gw.test", "docs", []).document
