"""Where a client's credential stands in a request: exactly once, in a header, or the request is refused."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from vecgate.errors import Refusal
from vecgate.operations.dialect import CredentialHeader
from vecgate.reasons import Reason

MAX_TOKEN = 16 * 1024
"""Characters. Larger credentials are refused before anything in them is decoded."""

_KNOWN_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "es-secondary-authorization",
        "api-key",
        "x-api-key",
        "x-chroma-token",
    }
)
"""Headers that some engine or proxy takes a credential from. One that is not this connection's own is out of place."""

_QUERY_NAMES = frozenset(
    {
        "access_token",
        "id_token",
        "refresh_token",
        "auth_token",
        "bearer_token",
        "token",
        "jwt",
        "bearer",
        "auth",
        "api_key",
        "apikey",
        *(name.replace("-", "_") for name in _KNOWN_HEADERS),
    }
)

_VISIBLE = re.compile(rb"[!-~]+")


@lru_cache(maxsize=64)
def credential_headers(header: CredentialHeader | None = None) -> frozenset[str]:
    """Lower-case names that are taken off a request before anything else sees it: credentials and cookies."""
    return _KNOWN_HEADERS | {"cookie"} | ({header.name.lower()} if header else set())


@lru_cache(maxsize=64)
def _carriers(header: CredentialHeader) -> frozenset[bytes]:
    return frozenset(name.encode() for name in _KNOWN_HEADERS | {header.name.lower()})


def extract(headers: Sequence[tuple[bytes, bytes]], query_names: Iterable[str], header: CredentialHeader) -> str | None:
    """The request's only credential, or None if it has none.

    It stands in `Authorization: Bearer T` or in the engine's own header, raw or as base64(T). `headers` are raw
    fields in any letter case, `query_names` the decoded names of the query. Cookies never count.

    Raises Refusal: `credential_ambiguous` for a second one, another engine's header or a query parameter (RFC 6750
    §2.3 is not offered); `token_invalid` for another scheme, bytes that are not visible ASCII, or too many of them.
    """
    own = header.name.lower()
    for name in query_names:
        if name.lower().replace("-", "_") in _QUERY_NAMES or name.lower() == own:
            raise Refusal(Reason.CREDENTIAL_AMBIGUOUS, "a credential in the query is refused; send it in a header")
    carriers = _carriers(header)
    found = [(lowered, value) for name, value in headers if (lowered := name.lower()) in carriers]
    if not found:
        return None
    if len(found) > 1:
        raise Refusal(Reason.CREDENTIAL_AMBIGUOUS, "more than one header carries a credential")
    carrier, value = found[0][0], found[0][1].strip(b" \t")
    if carrier == own.encode():
        if carrier != b"authorization" or (header.base64 and b" " not in value):
            return _unwrapped(value) if header.base64 else _checked(value)
    elif carrier != b"authorization":
        raise Refusal(Reason.CREDENTIAL_AMBIGUOUS, f"send the credential in authorization or {own}")
    return _bearer(value)


def _bearer(value: bytes) -> str:
    scheme, _, token = value.partition(b" ")
    if scheme.lower() != b"bearer":
        raise Refusal(Reason.TOKEN_INVALID, "the authorization scheme must be Bearer")
    return _checked(token.lstrip(b" "))


def _unwrapped(value: bytes) -> str:
    """Decode base64(T), in its one canonical spelling."""
    if len(value) > MAX_TOKEN * 4 // 3 + 4:
        raise Refusal(Reason.TOKEN_INVALID, "the credential is too large")
    try:
        token = base64.b64decode(value, validate=True)
    except binascii.Error:
        token = b""
    if base64.b64encode(token) != value:
        raise Refusal(Reason.TOKEN_INVALID, "the credential must be base64 of a token")
    return _checked(token)


def _checked(token: bytes) -> str:
    if len(token) > MAX_TOKEN:
        raise Refusal(Reason.TOKEN_INVALID, "the credential is too large")
    if _VISIBLE.fullmatch(token) is None:
        raise Refusal(Reason.TOKEN_INVALID, "the credential is malformed")
    return token.decode("ascii")
