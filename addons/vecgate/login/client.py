"""Client: as whom, and for what, people sign in at one issuer."""

from __future__ import annotations

import re

import msgspec

from vecgate.errors import LoginError

SCOPES = ("openid", "profile", "offline_access")
"""What is asked for by default, as far as the issuer lists it."""
REDIRECT = "http://127.0.0.1/callback"
_SCOPE = re.compile(r"[!#-\[\]-~]+")
_LOOPBACK = re.compile(
    r"http://(?P<host>127\.0\.0\.1|\[::1\]|localhost)(?::(?P<port>[0-9]{1,5}))?(?P<path>(?:/[A-Za-z0-9._~-]*)*)"
)


class Client(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`secret` is for issuers that give installed applications one (RFC 8252 §8.5); most do not."""

    issuer: str
    client_id: str
    secret: str = ""
    scopes: tuple[str, ...] = ()
    """Empty: SCOPES."""
    audience: str = ""
    """A parameter of the request that some issuers choose the token's audience by."""
    resource: str = ""
    """The same as RFC 8707 has it."""
    prompt: str = ""
    """`consent` where the issuer gives no refresh token without (OpenID Connect Core 1.0 §11)."""
    redirect: str = REDIRECT
    """On loopback; a port is chosen where none is written."""

    def __repr__(self) -> str:
        return f"Client({self.issuer!r}, {self.client_id!r})"

    @property
    def question(self) -> dict[str, str]:
        """The parameters with which signing in begins."""
        return self.target | ({"prompt": self.prompt} if self.prompt else {})

    @property
    def target(self) -> dict[str, str]:
        """The parameters that say what the token is for; sent with every request for one."""
        given = {"audience": self.audience, "resource": self.resource}
        return {name: value for name, value in given.items() if value}

    def check(self) -> None:
        """Raises LoginError for what no issuer could make sense of."""
        try:
            for scope in self.scopes:
                check_scope(scope)
            loopback(self.redirect)
        except ValueError as error:
            raise LoginError(str(error)) from error


def check_scope(text: str) -> None:
    """One scope (RFC 6749 §3.3). Raises ValueError."""
    if not _SCOPE.fullmatch(text):
        raise ValueError(f"{text} is not one scope: name each by itself")


def loopback(redirect: str) -> tuple[str, int, str]:
    """Host, port (0: any) and path on this machine that the browser is sent back to (RFC 8252 §7.3).

    Raises ValueError.
    """
    found = _LOOPBACK.fullmatch(redirect)
    if found is None or int(found["port"] or 0) > 65535:
        raise ValueError(f"{redirect} is not on this machine: write it like {REDIRECT}, with a port if that is fixed")
    return found["host"].strip("[]"), int(found["port"] or 0), found["path"] or "/"


def seconds(value: object, default: float, most: float) -> float:
    """A duration as an issuer gives it, within bounds."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
        return default
    return min(float(value), most)
