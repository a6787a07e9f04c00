"""What a listener says of itself (RFC 9728)."""

from __future__ import annotations

from typing import Any

import msgspec

from vecgate.config.identity import Identity
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


def test_tokens_of_the_gateways_own_are_said_to_be_had_where_they_are() -> None:
    entry = {"name": "corp", "issuer": "urn:idp", "metadata": "file:corp.xml"}
    accepted: dict[str, Any] = {
        "issuers": [{"issuer": "https://idp.test/", "audience": "vecgate"}],
        "certificates": [{"issuer": "urn:pki", "connections": ["docs"], "name": "cn"}],
        "saml": [entry],
    }
    assert Identity.model_validate(accepted).token_sources == ("https://idp.test/",)
    own = Identity.model_validate({**accepted, "own": {"issuer": "https://vecgate.test/"}})
    assert own.token_sources == ("https://idp.test/", "https://vecgate.test/saml/corp", "https://vecgate.test/")


def test_without_an_issuer_nothing_is_said_of_issuers() -> None:
    assert b"authorization_servers" not in ProtectedResource.of("https://gw.test", "docs", []).document
