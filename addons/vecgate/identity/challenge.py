"""The challenge that goes out with a 401 (RFC 6750 §3)."""

from __future__ import annotations

from vecgate.reasons import Reason

_ERRORS = {400: "invalid_request", 401: "invalid_token", 403: "insufficient_scope"}


def challenge(reason: Reason) -> str:
    """The value of `WWW-Authenticate`. It names no error when no credential was sent (RFC 6750 §3.1)."""
    error = _ERRORS.get(reason.status)
    if reason is Reason.TOKEN_MISSING or error is None:
        return 'Bearer realm="vecgate"'
    return f'Bearer realm="vecgate", error="{error}", error_description="{reason.summary}"'
