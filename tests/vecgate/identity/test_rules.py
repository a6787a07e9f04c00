"""What is wrong with an issuer's configuration is said before anybody is asked."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.tokens import AUDIENCE, ISSUER

from vecgate.config.identity import Claims, Issuer
from vecgate.identity.rules import Misconfigured, Rules, key_url


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"issuer": ""}, "issuer"),
        ({"issuer": "https://login.test/{tenantid}/v2.0"}, "issuer"),
        ({"issuer": "https://a b"}, "issuer"),
        ({"issuer": "https://a\n"}, "issuer"),
        ({"audience": ""}, "audience"),
        ({"audience": [AUDIENCE, ""]}, "audience"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"algorithms": ["RS256", "none"]}, "algorithms"),
        ({"algorithms": ["rs256"]}, "algorithms"),
        ({"claims": Claims(groups="groups")}, "claims.groups"),
        ({"claims": Claims(name="")}, "claims.name"),
        ({"claims": Claims(client="$.azp")}, "claims.client"),
    ],
)
def test_rules_that_cannot_work_name_their_key(changes: dict[str, Any], key: str) -> None:
    issuer = Issuer(issuer=ISSUER, audience=AUDIENCE).model_copy(update=changes)
    with pytest.raises(Misconfigured) as caught:
        Rules.compile(issuer)
    assert caught.value.key == key


@pytest.mark.parametrize(("audience", "compiled"), [("a", {"a"}), (["a", "b"], {"a", "b"})])
def test_one_audience_or_several_are_accepted(audience: str | list[str], compiled: set[str]) -> None:
    assert Rules.compile(Issuer(issuer=ISSUER, audience=audience)).audiences == compiled


@pytest.mark.parametrize(
    ("text", "allow_http", "good"),
    [
        ("https://issuer.test/keys", False, True),
        ("http://issuer.test/keys", True, False),
        ("http://127.0.0.1:1/keys", False, False),
        ("http://127.0.0.1:1/keys", True, True),
        ("http://127.8.8.8/keys", True, True),
        ("http://[::1]:1/keys", True, True),
        ("http://localhost:1/keys", True, True),
        ("http://localhost.evil.test/keys", True, False),
        ("http://127.0.0.1.evil.test/keys", True, False),
        ("http://127.0.0.1@evil.test/keys", True, False),
        ("https://user:password@issuer.test/keys", False, False),
        ("https://issuer.test/keys#one", False, False),
        ("ftp://issuer.test/keys", True, False),
        ("file:///etc/keys", True, False),
        ("//issuer.test/keys", True, False),
        ("keys.json", True, False),
        ("https://", True, False),
        ("https://issuer.test:port/keys", True, False),
        ("https://issuer.test/\n", True, False),
    ],
)
def test_keys_come_over_https_or_from_loopback(text: str, allow_http: bool, good: bool) -> None:
    if good:
        assert str(key_url(text, allow_http)) == text
    else:
        with pytest.raises(ValueError, match=r"."):
            key_url(text, allow_http)
