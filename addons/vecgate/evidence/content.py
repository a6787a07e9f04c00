"""Content: queries and returned records, encrypted per session with AES-256-GCM, outside the chain.

A frame is a 12-byte random nonce and the ciphertext with its tag. It is bound to evidence directory, session, exchange
and kind as associated data. Deleting a session's key erases its content; the chain's digests still hold.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vecgate.evidence import canonical

KEY_BYTES = 32
QUERIES = 256 * 1024
"""Bytes of one exchange's queries that are kept."""
_NONCE = 12


def _foreign(value: object) -> Any:
    """Other mappings are objects; a foreign type leaves its name only, because its text could hold anything."""
    return dict(value) if isinstance(value, Mapping) else f"<{type(value).__name__}>"


_encoder = msgspec.json.Encoder(order="sorted", enc_hook=_foreign)


class Unreadable(ValueError):
    """The frame was not made with this key for this record."""


def plaintext(document: Mapping[str, Any]) -> bytes:
    """The document as sorted JSON with 16 random bytes in `salt`, so that nobody guesses the text from the digest.

    Queries beyond `QUERIES` bytes leave their size and digest only: whoever may ask, even in vain, must not be able to
    fill the disk that evidence needs.
    """
    salted = {**document, "salt": os.urandom(16).hex()}
    plain = _encoded(salted)
    queries = document.get("queries")
    if len(plain) > QUERIES and queries:
        asked = _encoded(queries)
        if len(asked) > QUERIES:
            cut = {"cut": len(asked), "operation": queries[0].get("operation", ""), "sha256": canonical.digest(asked)}
            plain = _encoded(salted | {"queries": [cut]})
    return plain


def _encoded(value: Any) -> bytes:
    try:
        return _encoder.encode(value)
    except (UnicodeEncodeError, TypeError, ValueError, RecursionError):
        return _encoder.encode(canonical.clean(msgspec.to_builtins(value, enc_hook=_foreign)))


def bound_to(evidence: str, session: str, exchange: str, kind: str) -> bytes:
    return f"{evidence}\n{session}\n{exchange}\n{kind}".encode("utf-8", "backslashreplace")


class Cipher:
    """One session's key."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, plain: bytes, binding: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._aead.encrypt(nonce, plain, binding)

    def open(self, frame: bytes, binding: bytes) -> bytes:
        """Raises Unreadable."""
        try:
            return self._aead.decrypt(frame[:_NONCE], frame[_NONCE:], binding)
        except (InvalidTag, ValueError) as error:
            raise Unreadable("the content was not encrypted with this session's key for this record") from error
