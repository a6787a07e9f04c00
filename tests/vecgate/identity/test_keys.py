"""Published keys: what is used, what is ignored, and why."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from tests.support.tokens import ec, ed, encode, key_set, public, rsa

from vecgate.identity.keys import ALGORITHMS, KeySet, VerificationKey


def short_rsa(bits: int) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dict(RSAKey.generate_key(bits).as_dict(private=False))


@pytest.mark.parametrize(
    ("jwk", "algorithms"),
    [
        (public(rsa()), {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        (public(rsa(), alg="RS256", use="sig", key_ops=["verify"]), {"RS256"}),
        (public(ec()), {"ES256"}),
        (public(ec("ec384", "P-384")), {"ES384"}),
        (public(ec("ec521", "P-521")), {"ES512"}),
        (public(ed()), {"EdDSA", "Ed25519"}),
        (public(ed(), alg="EdDSA"), {"EdDSA"}),
    ],
)
def test_a_key_is_bound_to_the_algorithms_of_its_type(jwk: dict[str, Any], algorithms: set[str]) -> None:
    assert VerificationKey.parse(jwk).algorithms == algorithms <= ALGORITHMS


@pytest.mark.parametrize(
    ("jwk", "why"),
    [
        ("text", "not an object"),
        ({}, "not supported"),
        ({"kty": "oct", "k": ""}, "secret"),
        ({"kty": "oct"}, "not supported"),
        ({"kty": ["RSA"]}, "not supported"),
        (short_rsa(1024), "2048"),
        (public(rsa(), n="AQ" + "A" * 338), "2048"),
        (public(rsa(), n=7), "malformed"),
        (public(rsa(), n="A" * 341 + "AQ"), "2048"),
        (public(rsa(), n="z" * 3000), "8192"),
        (public(rsa(), e=None), "malformed"),
        (public(rsa(), e="AA"), "malformed"),
        (public(rsa(), kid="../../dev/null"), "kid"),
        (public(rsa(), kid=["a"]), "kid"),
        (public(rsa(), kid="k" * 129), "kid"),
        (public(rsa(), use="enc"), "signatures"),
        (public(rsa(), key_ops=["encrypt"]), "signatures"),
        (public(rsa(), key_ops=5), "signatures"),
        (public(rsa(), alg="HS256"), "alg"),
        (public(rsa(), alg="ES256"), "alg"),
        (public(rsa(), alg=["RS256"]), "alg"),
        (ec().as_dict(private=True), "secret"),
        (public(ec(), crv="secp256k1"), "not supported"),
        (public(ec(), crv=["P-256"]), "not supported"),
        (public(ec(), crv="Ed25519"), "not supported"),
        (public(ec(), x=b"A" * 43), "malformed"),
        (public(ec(), x="A" * 43), "malformed"),
        (public(ec(), y=None), "malformed"),
        (public(ed(), x="AA"), "malformed"),
        (public(ed(), crv="X25519"), "not supported"),
    ],
)
def test_a_bad_key_is_refused(jwk: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        VerificationKey.parse(jwk)


def test_a_bad_key_costs_only_itself() -> None:
    found = KeySet.parse(key_set({"kty": "RSA", "n": 1, "e": []}, ec(), {"kty": "future"}, rsa()))
    assert [key.kid for key in found.keys] == ["ec", "rsa"]
    assert [reason.partition(":")[0] for reason in found.skipped] == ["keys/0", "keys/2"]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"keys":{}}', b'{"keys":[],"keys":[]}', encode({"keys": [{}] * 257})]
)
def test_what_is_no_key_set_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        KeySet.parse(body)


def test_a_key_is_found_by_its_id_and_never_guessed() -> None:
    keys = KeySet.parse(key_set(rsa(), ec(), public(ec("other"), kid="ec"), public(ec("nameless"), kid=None)))
    assert keys.find("rsa", "RS256") is keys.keys[0]
    assert keys.find("rsa", "ES256") is None
    assert keys.find("ec", "ES256") is None, "two keys of one name"
    assert keys.find(None, "ES256") is None, "three keys fit"
    assert keys.find(None, "RS256") is keys.keys[0]
    assert keys.find("missing", "RS256") is None


def test_sets_are_the_same_when_they_verify_the_same() -> None:
    one = KeySet.parse(key_set(rsa(), ec()))
    assert one.same_as(KeySet.parse(key_set(ec(), rsa(), {"kty": "oct"})))
    assert not one.same_as(KeySet.parse(key_set(rsa())))
    assert not one.same_as(KeySet.parse(key_set(public(rsa(), kid="renamed"), ec())))
    assert not one.same_as(KeySet.parse(key_set(public(rsa(), alg="RS256"), ec())))
