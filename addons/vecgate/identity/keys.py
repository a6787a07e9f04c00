"""Verification keys of an issuer, and the set of them that it publishes (RFC 7517)."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any, Self

from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from vecgate.identity.claims import parse_object

_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_BY_CURVE = {
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("EdDSA", "Ed25519"),
    "Ed448": ("EdDSA", "Ed448"),
}
_CURVES = {"EC": ("P-256", "P-384", "P-521"), "OKP": ("Ed25519", "Ed448")}
ALGORITHMS = frozenset(_RSA).union(*_BY_CURVE.values())
"""Every algorithm an issuer may be configured with: asymmetric signatures only (RFC 8725 §3.1)."""

KEY_ID = re.compile(r"[A-Za-z0-9._~=-]{1,128}")
"""What a `kid` may be. It is looked up, never used as a path, a URL or a query."""

_MAX_KEYS = 256
_KINDS: dict[str, type[RSAKey | ECKey | OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_PUBLIC = ("kty", "crv", "n", "e", "x", "y")
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key, bound to the algorithms that it may verify."""

    kid: str | None
    algorithms: frozenset[str]
    thumbprint: str
    material: RSAKey | ECKey | OKPKey

    @classmethod
    def parse(cls, data: object) -> Self:
        """Read a JWK. Raises ValueError, saying why the key cannot be used."""
        if not isinstance(data, dict):
            raise ValueError("not an object")
        kid = data.get("kid")
        if kid is not None and not (isinstance(kid, str) and KEY_ID.fullmatch(kid)):
            raise ValueError("kid is not of the letters, digits and ._~=-")
        operations = data.get("key_ops", ["verify"])
        if data.get("use", "sig") != "sig" or not (isinstance(operations, list) and "verify" in operations):
            raise ValueError("not for signatures")
        if any(name in data for name in _PRIVATE):
            raise ValueError("holds secret parts; a published secret is no secret")
        material, algorithms = _material(data)
        if "alg" in data:
            algorithms = frozenset(name for name in algorithms if name == data["alg"])
        if not algorithms:
            raise ValueError("alg does not fit the key")
        return cls(kid, algorithms, material.thumbprint(), material)

    def verifies(self, algorithm: str, message: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's over the message."""
        return algorithm in self.algorithms and JWSRegistry.algorithms[algorithm].verify(
            message, signature, self.material
        )


def _material(data: dict[str, Any]) -> tuple[RSAKey | ECKey | OKPKey, frozenset[str]]:
    kty, curve = data.get("kty"), data.get("crv")
    if kty == "RSA":
        fitting: tuple[str, ...] = _RSA
        _check_modulus(data.get("n"))
    elif kty in ("EC", "OKP") and curve in _CURVES[kty]:
        fitting = _BY_CURVE[curve]
    else:
        raise ValueError("kty or crv is not supported")
    try:
        material = _KINDS[kty].import_key({name: data[name] for name in _PUBLIC if name in data})
    except Exception as error:  # whatever a library makes of a broken key, it costs only this key
        raise ValueError("malformed") from error
    return material, frozenset(fitting)


def _check_modulus(modulus: object) -> None:
    """Measure before the import: joserfc takes a short key with no more than a warning."""
    try:
        bits = int.from_bytes(base64.urlsafe_b64decode(f"{modulus}==")).bit_length()
    except ValueError as error:
        raise ValueError("malformed") from error
    if not 2048 <= bits <= 8192:
        raise ValueError("an RSA key needs 2048 to 8192 bits")


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of one published set. `skipped` says of each other key why it is not among them."""

    keys: tuple[VerificationKey, ...]
    skipped: tuple[str, ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a JWK set. A key that cannot be used never spoils the others. Raises ValueError if it is no set."""
        listed: object = parse_object(data).get("keys")
        if not isinstance(listed, list) or len(listed) > _MAX_KEYS:
            raise ValueError(f"not a key set of at most {_MAX_KEYS} keys")
        keys, skipped = [], []
        for number, item in enumerate(listed):
            try:
                keys.append(VerificationKey.parse(item))
            except ValueError as error:
                skipped.append(f"keys/{number}: {error}")
        return cls(tuple(keys), tuple(skipped))

    def knows(self, kid: str | None) -> bool:
        """Whether fetching the set again could not bring anything new for this `kid`."""
        return kid is None or any(key.kid == kid for key in self.keys)

    def find(self, kid: str | None, algorithm: str) -> VerificationKey | None:
        """The one key that fits. None if there is none, or more than one: a key is never guessed."""
        fitting = [key for key in self.keys if algorithm in key.algorithms and kid in (None, key.kid)]
        return fitting[0] if len(fitting) == 1 else None

    def same_as(self, other: KeySet) -> bool:
        """Whether every token that verifies against one verifies against the other."""
        return self._facts() == other._facts()

    def _facts(self) -> frozenset[tuple[str | None, str, frozenset[str]]]:
        return frozenset((key.kid, key.thumbprint, key.algorithms) for key in self.keys)
