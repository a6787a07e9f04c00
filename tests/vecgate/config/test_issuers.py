"""Each issuer is one source's: else the holder of a certificate could be a service account (J19)."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

import pytest

from vecgate.config.identity import Identity
from vecgate.config.issuers import issuer_mistakes

KINDS: dict[str, dict[str, Any]] = {
    "own": {},
    "issuers": {"audience": "vecgate"},
    "certificates": {"connections": ["docs"], "name": "cn"},
    "saml": {"name": "corp", "metadata": "file:corp.xml"},
}


def identity(*named: tuple[str, str]) -> Identity:
    """One entry of a kind for each issuer."""
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for kind, issuer in named:
        found[kind].append({"issuer": issuer, **KINDS[kind]})
    own = found.pop("own")
    return Identity.model_validate({**found, "own": own[0] if own else None})


@pytest.mark.parametrize(
    ("first", "second"), [pair for pair in combinations_with_replacement(KINDS, 2) if pair != ("own", "own")]
)
def test_no_two_have_one_name(first: str, second: str) -> None:
    both = identity((first, "https://a.test"), (second, "https://a.test"))
    ((at, message),) = issuer_mistakes(both)
    assert at == ("identity", second, int(first == second), "issuer")
    assert message.startswith(f"is that of identity.{first}{'' if first == 'own' else '[0]'}, too")
    assert not list(issuer_mistakes(identity((first, "https://a.test"), (second, "https://a.test/"))))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["local:operator", "local:directory"])
def test_nobody_is_the_gateways_own_operator(kind: str, name: str) -> None:
    ((at, message),) = issuer_mistakes(identity((kind, name)))
    assert at[:2] == ("identity", kind)
    assert "local:" in message
