"""Fresh: the access token of a sign-in, refreshed before it ends.

Many processes may ask at once. Who finds the token ended takes the lock, looks again, and only then refreshes: an
issuer that replaces refresh tokens sees each of them once, and the one it gave last is what is kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from vecgate.errors import LoginError, LoginRefused
from vecgate.login.client import seconds
from vecgate.login.session import Session, Store

_ENDED = frozenset({"invalid_grant", "invalid_client", "unauthorized_client"})
_DEFAULT_LIFE = 300.0
_LAST_SECONDS = 5.0
"""How long a token must still live to be handed out while the issuer cannot be reached."""
_MAX_LIFE = 366 * 86_400.0
_MAX_TOKEN = 16 * 1024


def access_token(path: Path | None = None, now: Callable[[], float] = time.time) -> str:
    """A token that is good for a while, for use as `auth_token_provider` and the like.

    `path` is the file; by default the one that `vecgate login` keeps. Raises LoginError without a sign-in or an issuer
    to ask, LoginRefused when the sign-in has ended.
    """
    found = Store(path).read()
    return found if isinstance(found, str) else fresh(Store(path), found, now).access_token


def fresh(store: Store, session: Session, now: Callable[[], float] = time.time) -> Session:
    """The session with a token that lives, refreshed and kept if need be. Raises as `access_token` does."""
    if session.fresh(now()):
        return session
    with store.locked():
        session = store.session()
        if session.fresh(now()):
            return session
        if not session.refresh_token:
            if session.expires > now():
                return session
            raise LoginRefused("your sign-in has ended, and the issuer gave nothing to renew it by: vecgate login")
        try:
            session = _refreshed(session, now())
        except LoginRefused as error:
            if error.code in _ENDED:
                raise LoginRefused(f"your sign-in has ended: vecgate login\n{error}", error.code) from None
            raise
        except LoginError:
            if session.expires - now() > _LAST_SECONDS:
                return session
            raise
        store.write(session)
        return session


def from_answer(session: Session, answer: dict[str, Any], now: float) -> Session:
    """The session after an answer of the token endpoint (RFC 6749 §5.1). Raises LoginError."""
    token, kept = answer.get("access_token"), answer.get("refresh_token") or session.refresh_token
    if not _is_token(token) or str(answer.get("token_type", "")).lower() != "bearer":
        raise LoginError("the issuer gave no bearer token")
    if kept and not _is_token(kept):
        raise LoginError("the issuer gave a refresh token that is none")
    expires = now + seconds(answer.get("expires_in"), _DEFAULT_LIFE, _MAX_LIFE)
    return msgspec.structs.replace(session, access_token=token, refresh_token=kept, obtained=now, expires=expires)


def _refreshed(session: Session, now: float) -> Session:
    from vecgate.login.oauth import OAuth
    from vecgate.login.provider import Provider
    from vecgate.login.wire import Wire

    with Wire(session.client.issuer) as wire:
        answer = OAuth(session.client, Provider.discover(wire), wire).refresh(session.refresh_token)
    return from_answer(session, answer, now)


def _is_token(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_TOKEN and all("!" <= char <= "~" for char in value)
