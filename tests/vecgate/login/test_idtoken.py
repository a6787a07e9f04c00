from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from tests.support.fake_issuer import FakeIssuer
from tests.support.tokens import ec, hmac_signed, key_set, rsa

from vecgate.errors import LoginError
from vecgate.login.idtoken import verify


def check(token: object, issuer: FakeIssuer, nonce: str = "") -> None:
    verify(token, issuer.oauth(), issuer.wire(), time.time(), nonce)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": ["cli"]},
        {"aud": ["cli", "other"], "azp": "cli"},
        {"azp": "cli"},
        {"nonce": "n"},
        {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://evil.test/"}}},
        {"hasgroups": True},
    ],
)
def test_a_good_one_holds(changes: dict[str, Any]) -> None:
    """Groups that the issuer left out of it are of no account, and nothing that it names is asked."""
    issuer = FakeIssuer()
    check(issuer.id_token(**changes), issuer, "n" if "nonce" in changes else "")
    assert {request.url.host for request in issuer.requests} == {"idp.test"}


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.test"},
        {"iss": "https://idp.test/"},
        {"aud": "other"},
        {"aud": ["cli", "other"]},
        {"aud": ["cli", "other"], "azp": "other"},
        {"azp": "other"},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"sub": None},
        {"nonce": "other"},
        {"nonce": None},
    ],
)
def test_one_of_something_else_does_not(changes: dict[str, Any]) -> None:
    issuer = FakeIssuer()
    with pytest.raises(LoginError):
        check(issuer.id_token(**{"nonce": "n"} | changes), issuer, "n")


def test_one_that_somebody_else_signed_does_not() -> None:
    issuer = FakeIssuer()
    modulus = str(rsa().as_dict(private=False)["n"]).encode()
    claims = {"iss": "https://idp.test", "sub": "dana", "aud": "cli", "exp": int(time.time()) + 600}
    forged = (
        issuer.id_token(rsa("other")),
        issuer.id_token()[:-4] + "AAAA",
        hmac_signed(modulus, {"alg": "HS256", "kid": "rsa"}, claims),
        hmac_signed(b"", {"alg": "none"}, claims),
        "a.b.c",
        "opaque",
        None,
        7,
    )
    for token in forged:
        with pytest.raises(LoginError):
            check(token, issuer)


@pytest.mark.parametrize(
    ("document", "keys"),
    [
        ({"jwks_uri": None}, key_set(rsa())),
        ({"id_token_signing_alg_values_supported": ["HS256", "none"]}, key_set(rsa())),
        ({"id_token_signing_alg_values_supported": ["ES256"]}, key_set(rsa())),
        ({}, key_set(ec())),
        ({}, b"{}"),
    ],
)
def test_without_a_key_that_fits_nothing_holds(document: dict[str, Any], keys: bytes) -> None:
    issuer = FakeIssuer()
    issuer.document |= document
    issuer.answers["/jwks"] = httpx.Response(200, content=keys, headers={"content-type": "application/json"})
    with pytest.raises(LoginError):
        check(issuer.id_token(), issuer)
