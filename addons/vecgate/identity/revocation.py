"""Revocation: what is refused although a token for it is good, and the keys under which every worker looks for it.

A principal can be revoked by any of its names: its subject (or that of an actor it speaks through), its account as the
directory names it, its session, or the one token it came with.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

_LAST = 253_402_300_799
"""The last second that can be written, of the year 9999."""


class What(StrEnum):
    """What kind of name a revocation is about."""

    SUBJECT = "subject"
    ACCOUNT = "account"
    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - a kind of name


class Source(StrEnum):
    """Who keeps a revocation: one that a directory placed is not lifted by hand, nor the other way round."""

    OPERATOR = "operator"
    DIRECTORY = "directory"


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """Times are Unix seconds on the store's clock. `by` is the key of whoever revoked, `reason` that person's words."""

    what: What
    issuer: str
    value: str
    source: Source = Source.OPERATOR
    until: float | None = None
    """The first moment at which it holds no longer; None is for good."""
    at: float = 0.0
    by: str = ""
    by_name: str = ""
    reason: str = ""

    @property
    def key(self) -> str:
        """Under which it is looked for. Raises ValueError for what no token can hold."""
        return KEYS[self.what](self.issuer, self.value)

    def holds(self, now: float) -> bool:
        return self.until is None or self.until > now

    def joined(self, earlier: Revocation | None) -> Revocation:
        """The one that stands where both were given: the longer. A revocation is never shortened by another."""
        if earlier is None:
            return self
        ends = None if None in (self.until, earlier.until) else max(self.until or 0, earlier.until or 0)
        return earlier if earlier.until == ends else self

    def shown(self) -> dict[str, Any]:
        """What the API and the command line see."""
        return {**msgspec.to_builtins(self), "until": moment(self.until), "at": moment(self.at)}


def moment(seconds: float | None) -> str | None:
    """Unix seconds as RFC 3339 in UTC."""
    return None if seconds is None else f"{datetime.fromtimestamp(min(seconds, _LAST), UTC):%Y-%m-%dT%H:%M:%SZ}"


def subject_key(issuer: str, subject: str) -> str:
    """Also `Principal.key`. A space cannot occur in an issuer, and none begins with one: keys of two kinds differ."""
    return f"{issuer} {unicodedata.normalize('NFC', subject)}"


def token_key(issuer: str, token_id: str) -> str:
    return f" {issuer} {token_id}"


def session_key(issuer: str, session: str) -> str:
    return f"  {issuer} {session}"


def account_key(issuer: str, account: str) -> str:
    """Directories and tokens may spell one account in two ways: here, where nothing is granted, they are the same."""
    return f"   {issuer} {folded(account)}"


def folded(name: str) -> str:
    """A name without letter case, composition and form of its characters (Unicode's compatibility caseless matching,
    D146), and without spaces around it. For refusing what may be the same, never for granting."""
    name = unicodedata.normalize("NFD", name)
    for _ in range(2):
        name = unicodedata.normalize("NFKC", name.casefold())
    return name.strip()


KEYS = {
    What.SUBJECT: subject_key,
    What.ACCOUNT: account_key,
    What.SESSION: session_key,
    What.TOKEN: token_key,
}
