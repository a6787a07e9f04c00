"""Tokens, good and hostile, and the key sets that go with them. Keys are made once per process, at first use."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

ISSUER = "https://issuer.test/"
AUDIENCE = "vecgate"

type Key = RSAKey | ECKey | OKPKey


@cache
def rsa(kid: str = "rsa", bits: int = 2048) -> RSAKey:
    return RSAKey.generate_key(bits, parameters={"kid": kid})


@cache
def ec(kid: str = "ec", curve: str = "P-256") -> ECKey:
    return ECKey.generate_key(curve, parameters={"kid": kid})


@cache
def ed(kid: str = "ed") -> OKPKey:
    return OKPKey.generate_key("Ed25519", parameters={"kid": kid})


def public(key: Key, **changes: Any) -> dict[str, Any]:
    """The key's public JWK; a change to None removes a member."""
    return without_none({**key.as_dict(private=False), **changes})


def key_set(*keys: Key | Mapping[str, Any]) -> bytes:
    """A JWK set of keys, and of whatever else is given as a JWK."""
    return encode({"keys": [dict(key) if isinstance(key, Mapping) else public(key) for key in keys]})


def jwks_file(path: Path, *keys: Key | Mapping[str, Any]) -> str:
    """Write a key set and return its `file:` reference."""
    path.write_bytes(key_set(*keys))
    return f"file:{path}"


def claims(now: float | None = None, **changes: Any) -> dict[str, Any]:
    """A good payload; a change to None removes a claim."""
    moment = int(time.time() if now is None else now)
    good = {"iss": ISSUER, "sub": "alice", "aud": AUDIENCE, "iat": moment, "exp": moment + 600, "groups": ["eng"]}
    return without_none(good | changes)


def mint(
    payload: Mapping[str, Any] | bytes | None = None,
    key: Key | None = None,
    alg: str = "ES256",
    **header: Any,
) -> str:
    """A token signed by `key` (the default EC key) with exactly this header, however wrong; None removes a member."""
    key = key or ec()
    return assemble({"alg": alg, "kid": key.kid} | header, claims() if payload is None else payload, key, alg)


def assemble(header: Mapping[str, Any] | bytes, payload: Mapping[str, Any] | bytes, key: Key, alg: str) -> str:
    """Sign whatever bytes are given, by `alg` whatever the header says."""
    message = f"{segment(header)}.{segment(payload)}"
    return f"{message}.{b64(JWSRegistry.algorithms[alg].sign(message.encode(), key))}"


def hmac_signed(secret: bytes, header: Mapping[str, Any], payload: Mapping[str, Any] | bytes | None = None) -> str:
    """A token signed by HMAC-SHA256 with any secret: key confusion (J2)."""
    message = f"{segment(header)}.{segment(claims() if payload is None else payload)}"
    return f"{message}.{b64(hmac.digest(secret, message.encode(), 'sha256'))}"


def segment(value: Mapping[str, Any] | bytes) -> str:
    return b64(value if isinstance(value, bytes) else encode(without_none(value)))


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encode(value: Any) -> bytes:
    return msgspec.json.encode(value)


def without_none(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in value.items() if item is not None}


def headers(*pairs: tuple[str, str]) -> Sequence[tuple[bytes, bytes]]:
    """Raw header fields."""
    return [(name.encode(), value.encode()) for name, value in pairs]
