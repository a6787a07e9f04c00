"""Confirmation: a token that is bound to its holder's certificate (RFC 8705 §3). Any other binding is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vecgate.errors import Refusal
from vecgate.identity.certificate import Certificate
from vecgate.reasons import Reason

_MEMBER = "x5t#S256"
_DIGEST = re.compile(r"[A-Za-z0-9_-]{43}")


def confirmation(claims: Mapping[str, Any]) -> str:
    """The thumbprint of the certificate that a token is bound to, empty if it is bound to nothing.

    Raises Refusal `token_invalid` for a binding that cannot be proved here: to a key (RFC 9449), to two things.
    """
    if "cnf" not in claims:
        return ""
    bound = claims["cnf"]
    thumbprint = bound.get(_MEMBER) if isinstance(bound, dict) and len(bound) == 1 else None
    if not isinstance(thumbprint, str) or not _DIGEST.fullmatch(thumbprint):
        raise Refusal(Reason.TOKEN_INVALID, "the token is bound to a key whose possession was not proved")
    return thumbprint


def shown(thumbprint: str, certificate: Certificate | None, now: float) -> bool:
    """Whether the connection proved this certificate, and it has not ended since. `now` is in Unix seconds."""
    return certificate is not None and certificate.thumbprint == thumbprint and now < certificate.expires
