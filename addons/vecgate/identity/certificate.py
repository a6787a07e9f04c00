"""A client's certificate, once the TLS handshake has verified it (RFC 5280, RFC 8705)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

_ATTRIBUTES = {"cn": NameOID.COMMON_NAME, "o": NameOID.ORGANIZATION_NAME, "ou": NameOID.ORGANIZATIONAL_UNIT_NAME}
_ALTERNATIVES: dict[str, Any] = {"uri": x509.UniformResourceIdentifier, "dns": x509.DNSName, "email": x509.RFC822Name}


@dataclass(frozen=True, slots=True)
class Certificate:
    """What it says, in its own spelling. `expires` is the earliest end in the chain that was verified, in Unix seconds:
    a connection outlives its certificate otherwise."""

    thumbprint: str
    """`x5t#S256`: base64url of SHA-256 over the DER form (RFC 8705 §3.1)."""
    serial: str
    """Lower-case hex."""
    expires: float
    names: tuple[tuple[str, tuple[str, ...]], ...]
    """All values by kind: `cn`, `o`, `ou`, `dn` of the subject, `uri`, `dns`, `email` of the alternative names."""

    @classmethod
    def read(cls, chain: Sequence[x509.Certificate]) -> Self:
        """From the verified chain, the client's own first. Raises ValueError for one that cannot be read."""
        own = chain[0]
        subject, alternatives = own.subject, _alternatives(own)
        names = {
            kind: tuple(_text(found.value) for found in subject.get_attributes_for_oid(oid))
            for kind, oid in _ATTRIBUTES.items()
        }
        names["dn"] = (subject.rfc4514_string(),) if subject else ()
        for kind, form in _ALTERNATIVES.items():
            names[kind] = tuple(alternatives.get_values_for_type(form)) if alternatives is not None else ()
        digest = hashlib.sha256(own.public_bytes(Encoding.DER)).digest()
        return cls(
            thumbprint=base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            serial=f"{own.serial_number:x}",
            expires=min(each.not_valid_after_utc.timestamp() for each in chain),
            names=tuple(names.items()),
        )

    @property
    def fingerprint(self) -> str:
        """The first 16 hex digits of the same digest, as evidence has them of every credential."""
        return base64.urlsafe_b64decode(f"{self.thumbprint}=").hex()[:16]

    def values(self, kind: str) -> tuple[str, ...]:
        return dict(self.names)[kind]

    def claims(self) -> dict[str, Any]:
        """As conditions see it."""
        said: dict[str, Any] = {kind: list(values) for kind, values in self.names if kind != "dn"}
        return said | {"serial": self.serial, "x5t#S256": self.thumbprint}


def _alternatives(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise ValueError(str(error)) from error


def _text(value: str | bytes) -> str:
    if isinstance(value, bytes):
        raise ValueError("a name in the subject is no text")
    return value
