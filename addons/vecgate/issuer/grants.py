"""Grants: what the token endpoint gives, and for what.

- `client_credentials` (RFC 6749 §4.4): a service account's static key for a short-lived token.
- token exchange (RFC 8693): the token of a person and the proof of an agent for a token that speaks of both. There is
  no impersonation: whoever asks stands in the chain. The token ends with the first of the two credentials.

There are no refresh tokens: what was good for a token is good for the next.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from vecgate.errors import Refusal, VecgateError
from vecgate.identity.accounts import PREFIX
from vecgate.identity.principal import Principal
from vecgate.identity.tokens import MAX_ACTORS
from vecgate.issuer.issuer import CLIENT_CREDENTIALS, TOKEN_EXCHANGE, Issuer, Minted
from vecgate.reasons import Reason

ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a type's name
_TYPES = frozenset({ACCESS_TOKEN, "urn:ietf:params:oauth:token-type:jwt"})
_MAY_ACT = frozenset({"iss", "sub", "client_id"})


class Authenticating(Protocol):
    async def authenticate(self, token: str, *, address: str) -> Principal:
        """Raises Refusal, Unavailable."""


@dataclass(eq=False)
class NotGranted(VecgateError):
    """No token. `code` is RFC 6749 §5.2's, `description` printable ASCII without quotes; `reason` is vecgate's own."""

    code: str
    description: str
    status: int = 400
    reason: Reason = Reason.BAD_BODY
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a token. `basic` is the client's name and key from the Authorization header."""

    form: Mapping[str, str] = field(repr=False)
    basic: tuple[str, str] | None = field(repr=False)
    address: str


@dataclass(frozen=True, slots=True)
class Granted:
    grant: str
    principal: Principal
    minted: Minted

    def answer(self) -> dict[str, Any]:
        """RFC 6749 §5.1, RFC 8693 §2.2.1."""
        found = {"access_token": self.minted.token, "token_type": "Bearer", "expires_in": self.minted.lifetime}
        return found | ({"issued_token_type": ACCESS_TOKEN} if self.grant == TOKEN_EXCHANGE else {})


async def grant(asked: Asked, issuer: Issuer, authenticator: Authenticating) -> Granted:
    """Raises NotGranted."""
    kind = asked.form.get("grant_type")
    if kind is None:
        raise NotGranted("invalid_request", "grant_type is missing")
    if kind not in (CLIENT_CREDENTIALS, TOKEN_EXCHANGE):
        raise NotGranted("unsupported_grant_type", f"write {CLIENT_CREDENTIALS} or {TOKEN_EXCHANGE}")
    try:
        client = await _client(asked, authenticator)
        _check_scope(asked.form, issuer)
        if kind == TOKEN_EXCHANGE:
            principal = await _exchanged(asked, client, issuer, authenticator)
        elif client is None:
            raise _unknown_client(Reason.TOKEN_MISSING, "no client credentials")
        else:
            principal = client
        name = client.client if client else principal.actors[0].client or principal.actors[0].subject
        minted = await asyncio.to_thread(issuer.mint, principal, client=name)
    except Refusal as refusal:
        raise _of(refusal, "invalid_request") from refusal
    return Granted(kind, principal, minted)


async def _client(asked: Asked, authenticator: Authenticating) -> Principal | None:
    """The service account that asks, by name and key from one place; None if no key was sent."""
    form = asked.form
    if asked.basic is not None and ("client_secret" in form or form.get("client_id", asked.basic[0]) != asked.basic[0]):
        raise NotGranted("invalid_request", "client credentials stand in more than one place")
    name, key = asked.basic or (form.get("client_id", ""), form.get("client_secret", ""))
    if not key:
        if name:
            raise _unknown_client(Reason.TOKEN_MISSING, "client_secret is missing")
        return None
    if not key.startswith(PREFIX):
        raise _unknown_client(Reason.TOKEN_INVALID, "the client secret is no key of a service account")
    try:
        account = await authenticator.authenticate(key, address=asked.address)
    except Refusal as refusal:
        raise _of(refusal, "invalid_client") from refusal
    if account.subject != name:
        raise _unknown_client(Reason.TOKEN_INVALID, "the key is of another client")
    return account


def _check_scope(form: Mapping[str, str], issuer: Issuer) -> None:
    """There is one audience, and rights are policy's, not a scope's."""
    if form.get("scope"):
        raise NotGranted("invalid_scope", "there are no scopes: leave it out")
    if form.get("audience", issuer.own.audience) != issuer.own.audience or "resource" in form:
        raise NotGranted("invalid_target", "tokens are for the gateway alone")
    if form.get("requested_token_type", ACCESS_TOKEN) not in _TYPES:
        raise NotGranted("invalid_request", "requested_token_type is an access token or a JWT")


async def _exchanged(
    asked: Asked, client: Principal | None, issuer: Issuer, authenticator: Authenticating
) -> Principal:
    subject = await _proved(asked, "subject", authenticator)
    actor = client
    if "actor_token" in asked.form or "actor_token_type" in asked.form:
        actor = await _proved(asked, "actor", authenticator)
        if client is not None and client != actor:
            raise NotGranted("invalid_request", "the client and the actor are not the same")
    if actor is None:
        raise NotGranted("invalid_request", "an actor is needed: actor_token, or the client's own key")
    if actor.actors:
        raise NotGranted("invalid_request", "actor_token: an actor acts for itself")
    if len(subject.actors) >= MAX_ACTORS:
        raise NotGranted("invalid_request", f"subject_token: a chain has at most {MAX_ACTORS} actors")
    _check_may_act(subject, actor)
    ends = min(subject.expires or math.inf, actor.expires or math.inf)
    return replace(subject, actors=(actor, *subject.actors), expires=ends)


async def _proved(asked: Asked, role: str, authenticator: Authenticating) -> Principal:
    """Whose token the form's `{role}_token` is. A static key is none."""
    name = f"{role}_token"
    token, kind = asked.form.get(name), asked.form.get(f"{name}_type")
    if not token or kind is None:
        raise NotGranted("invalid_request", f"{name} and {name}_type are needed")
    if kind not in _TYPES or token.startswith(PREFIX):
        raise NotGranted("invalid_request", f"{name} is an access token or a JWT, and its type says so")
    try:
        return await authenticator.authenticate(token, address=asked.address)
    except Refusal as refusal:
        raise _of(refusal, "invalid_request", name) from refusal


def _check_may_act(subject: Principal, actor: Principal) -> None:
    """Whom the subject's issuer lets act for it (RFC 8693 §4.4), where it says so."""
    allowed = subject.claims.get("may_act")
    if allowed is None:
        return
    if not isinstance(allowed, Mapping) or "sub" not in allowed or not _MAY_ACT.issuperset(allowed):
        raise NotGranted("invalid_request", "subject_token: may_act is not understood", reason=Reason.NO_GRANT)
    wanted = {"iss": subject.issuer, "client_id": actor.client, **allowed}
    if wanted != {"iss": actor.issuer, "sub": actor.subject, "client_id": actor.client}:
        raise NotGranted("invalid_request", "subject_token: may_act names another actor", reason=Reason.NO_GRANT)


def _unknown_client(reason: Reason, description: str) -> NotGranted:
    return NotGranted("invalid_client", description, 401, reason, {"www-authenticate": 'Basic realm="vecgate"'})


def _of(refusal: Refusal, code: str, about: str = "") -> NotGranted:
    """A refused credential in OAuth's words. What is wrong with the gateway, or is too much, keeps its status."""
    said = f"{about}: {refusal.reason.summary}" if about else refusal.reason.summary
    if refusal.status in (429, 503):
        return NotGranted("temporarily_unavailable", said, refusal.status, refusal.reason, refusal.headers)
    return (
        _unknown_client(refusal.reason, said)
        if code == "invalid_client"
        else NotGranted(code, said, 400, refusal.reason)
    )
