"""The challenge that goes out with a 401 (RFC 6750 §3)."""

from __future__ import annotations

from vecgate.reasons import Reason

_ERRORS = {400: "invalid_request", 401: "invalid_token", 403: "insufficient_scope"}


def challenge(reason: Reason, metadata: str = "") -> str:
    """The value of `WWW-Authenticate`. It names no error when no credential was sent (RFC 6750 §3.1).

    `metadata` is where the client learns whose tokens are accepted (RFC 9728 §5.1).
    """
    parts = {"realm": "vecgate"}
    error = _ERRORS.get(reason.status)
    if reason is not Reason.TOKEN_MISSING and error is not None:
        parts |= {"error": error, "error_description": reason.summary}
    if metadata:
        parts["resource_metadata"] = metadata
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parts.items())
