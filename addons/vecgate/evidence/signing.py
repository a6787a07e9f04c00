"""The Ed25519 key that signs checkpoints and the manifest."""

from __future__ import annotations

import logging
import os
import re
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vecgate.evidence import layout

_HEX = re.compile("[0-9a-f]+")

log = logging.getLogger(__name__)


class SigningKey:
    """A private key; `public` is the raw public key in lower-case hex."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.public = raw.hex()

    def sign(self, data: bytes) -> str:
        return self._key.sign(data).hex()

    def public_pem(self) -> bytes:
        return self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def beside(directory: Path) -> Path:
    """Where the signing key of an evidence directory lies unless configuration says otherwise: outside, next to it."""
    directory = directory.absolute()
    return directory.with_name(f"{directory.name}-signing.pem")


def signing_key(path: Path) -> SigningKey:
    """Load an unencrypted PKCS#8 Ed25519 PEM, making it once (0600) if it is absent.

    The public key is put beside it as `NAME.pub.pem`, for those who verify. A key that others can read is a warning.
    Raises ValueError for a file that holds no such key, OSError.
    """
    if not path.exists():
        _make(path)
    if path.stat().st_mode & 0o077:
        log.warning("the signing key %s can be read by others; its mode should be 0600", path)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} is not an unencrypted PKCS#8 PEM: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} is not an Ed25519 key")
    signing = SigningKey(key)
    public = path.with_suffix(".pub.pem")
    if not public.exists() or public.read_bytes() != signing.public_pem():
        temporary = _temporary(public, signing.public_pem(), 0o644)
        os.replace(temporary, public)
    return signing


def _make(path: Path) -> None:
    """Workers start together: the first one's key wins, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    temporary = _temporary(path, pem, 0o600)
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    layout.sync_directory(path.parent)


def _temporary(path: Path, data: bytes, mode: int) -> Path:
    """A file of a name of its own beside `path`: several workers may be at this at once."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    layout.write_new(temporary, data, mode)
    return temporary


def public_key(pem: bytes) -> str:
    """The raw key in hex of a SubjectPublicKeyInfo PEM, or of a private key's PEM. Raises ValueError."""
    if b"PRIVATE KEY" in pem:
        private = serialization.load_pem_private_key(pem, password=None)
        key = private.public_key() if isinstance(private, Ed25519PrivateKey) else None
    else:
        public = serialization.load_pem_public_key(pem)
        key = public if isinstance(public, Ed25519PublicKey) else None
    if key is None:
        raise ValueError("not an Ed25519 key")
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()


def signature_holds(public: str, signature: object, data: bytes) -> bool:
    """Is it the key's signature over these bytes, in lower-case hex? Whatever is malformed is not."""
    if not isinstance(signature, str) or not _HEX.fullmatch(signature) or not _HEX.fullmatch(public):
        return False  # bytes.fromhex would take other spellings of the same bytes
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True
