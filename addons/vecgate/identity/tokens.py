"""One JWT: read strictly, verified against one key, turned into a principal (RFC 7519, RFC 8725, RFC 9068)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from vecgate.errors import Refusal
from vecgate.identity.certificate import Certificate
from vecgate.identity.claims import parse_object
from vecgate.identity.confirmation import confirmation, shown
from vecgate.identity.credential import MAX_TOKEN
from vecgate.identity.keys import KEY_ID, VerificationKey
from vecgate.identity.principal import Principal
from vecgate.identity.rules import Rules
from vecgate.reasons import Reason

LEEWAY = 60
"""Seconds by which clocks may differ, in all."""

_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_REFUSED_HEADERS = frozenset({"crit", "jwk", "jku", "x5u", "x5c", "zip", "enc", "b64", "p2c"})
"""A token never brings its own key, a place to fetch one from, compression, or what would have to be understood."""
_ACCESS_TOKEN = ("at+jwt", "application/at+jwt")
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999: no date library fails on what is below."""
MAX_ACTORS = 8
ORIGIN = "vecgate_subject"
"""The claim of the gateway's own tokens that says whose the subject is: `iss`, `client_id` and `claims` of its own
token. An entry of `act` has the same members beside its own."""
EXCHANGED = "vecgate_tokens"
"""The claim of the gateway's own tokens with those that they rest on, as pairs of `iss` and `jti`."""


@dataclass(frozen=True, slots=True)
class Jwt:
    """A token that was read but proves nothing yet. Only `issuer` is used before `verify`: it chooses the keys."""

    algorithm: str
    kid: str | None
    kind: str
    issuer: str
    claims: Mapping[str, Any]
    message: bytes
    signature: bytes
    fingerprint: str

    @classmethod
    def parse(cls, token: str) -> Self:
        """Read the three parts of a compact JWS, each once. Raises Refusal `token_invalid`."""
        if len(token) > MAX_TOKEN or _SHAPE.fullmatch(token) is None:
            raise Refusal(Reason.TOKEN_INVALID, "the credential is not a signed JWT")
        message, _, signature = token.rpartition(".")
        header_part, _, claims_part = message.partition(".")
        try:
            header, claims = parse_object(_decode(header_part)), parse_object(_decode(claims_part))
            raw_signature = _decode(signature)
        except ValueError as error:
            raise Refusal(Reason.TOKEN_INVALID, "the token is malformed") from error
        algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "")
        if not _REFUSED_HEADERS.isdisjoint(header):
            raise Refusal(Reason.TOKEN_INVALID, "the token's header has a member that is never accepted")
        if not isinstance(algorithm, str) or not isinstance(kind, str):
            raise Refusal(Reason.TOKEN_INVALID, "the token's header is malformed")
        if "kid" in header and not (isinstance(kid, str) and KEY_ID.fullmatch(kid)):
            raise Refusal(Reason.TOKEN_INVALID, "the token's key id is malformed")
        fingerprint = hashlib.sha256(token.encode()).hexdigest()[:16]
        issuer = _required_text(claims, "iss")
        return cls(algorithm, kid, kind.lower(), issuer, claims, message.encode(), raw_signature, fingerprint)

    def verify(
        self, key: VerificationKey, rules: Rules, now: float, certificate: Certificate | None = None
    ) -> Principal:
        """Prove the token: signature first, then every claim. `now` is in Unix seconds.

        `certificate` is what the client's connection proved; a token that is bound to one ends with it at the latest.

        Raises Refusal: `token_invalid`, `token_expired`, `token_not_yet`, `audience_mismatch`, `group_overage`.
        """
        if self.algorithm not in rules.algorithms or not key.verifies(self.algorithm, self.message, self.signature):
            raise Refusal(Reason.TOKEN_INVALID, "the signature does not verify")
        if self.issuer != rules.issuer:
            raise Refusal(Reason.ISSUER_UNKNOWN)
        claims = self.claims
        self._check_kind(rules)
        bound = confirmation(claims)
        if bound and not shown(bound, certificate, now):
            raise Refusal(Reason.TOKEN_INVALID, "the token is bound to a certificate that the connection did not prove")
        _check_audience(claims.get("aud"), rules.audiences)
        expires = _check_times(claims, rules, now)
        if bound and certificate is not None:
            expires = min(expires, certificate.expires)
        return principal(claims, rules, expires=expires, fingerprint=self.fingerprint)

    def _check_kind(self, rules: Rules) -> None:
        """Refuse a type that names another kind of token, such as `logout+jwt` (RFC 8725 §3.11)."""
        if self.kind.endswith("+jwt") and self.kind not in _ACCESS_TOKEN:
            raise Refusal(Reason.TOKEN_INVALID, "the token is of another kind")
        if rules.strict:
            if self.kind not in _ACCESS_TOKEN:
                raise Refusal(Reason.TOKEN_INVALID, "an access token (typ at+jwt) is required")
            for name in ("client_id", "jti"):
                _required_text(self.claims, name)


def principal(claims: Mapping[str, Any], rules: Rules, *, expires: float = 0.0, fingerprint: str = "") -> Principal:
    """Whom claims speak of, once they are proved or, as in `vecgate explain`, given.

    Raises Refusal: `token_invalid`, `group_overage`.
    """
    origin = claims.get(ORIGIN, {}) if rules.own else {}
    if not isinstance(origin, dict):
        raise Refusal(Reason.TOKEN_INVALID, f"{ORIGIN} is malformed")
    party = _party({**claims, **origin}, rules)
    return replace(
        party,
        expires=expires,
        fingerprint=fingerprint,
        token_id=_text(rules.token_id.find(claims), "the token id"),
        token_issuer=rules.issuer if origin else "",
        exchanged=tuple(_exchanged(claims.get(EXCHANGED, []))) if rules.own else (),
        actors=tuple(_actors(claims.get("act"), rules)),
    )


def _exchanged(listed: Any) -> Iterator[tuple[str, str]]:
    for pair in listed if isinstance(listed, list) else [None]:
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) and text for text in pair)):
            raise Refusal(Reason.TOKEN_INVALID, f"{EXCHANGED} is malformed")
        yield pair[0], pair[1]


def _party(claims: Mapping[str, Any], rules: Rules) -> Principal:
    """One of those that a token speaks of."""
    said = claims.get("claims") if rules.own else None
    issuer = _required_text(claims, "iss")
    if not issuer.isprintable() or " " in issuer:
        raise Refusal(Reason.TOKEN_INVALID, "iss is malformed")
    return Principal(
        issuer=issuer,
        subject=_subject(claims),
        name=_display(rules.name.find(claims)),
        groups=_groups(claims, rules),
        client=_client(claims, rules),
        claims=said if isinstance(said, dict) else claims,
        token_id=_text(rules.token_id.find(claims), "the token id"),
        session=_text(rules.session.find(claims), "the session"),
        account=_text(claims.get("account"), "the account") if rules.own else _account(claims, rules),
    )


def _actors(actor: Any, rules: Rules) -> Iterator[Principal]:
    """Who acts for the subject (RFC 8693 §4.1), the latest first. Of no issuer but the token's, unless it says so."""
    for _ in range(MAX_ACTORS):
        if actor is None:
            return
        if not isinstance(actor, dict):
            break
        yield _party({"iss": rules.issuer, **actor}, rules)
        actor = actor.get("act")
    if actor is not None:
        raise Refusal(Reason.TOKEN_INVALID, "the actor chain is malformed")


def _decode(part: str) -> bytes:
    """Decode base64url in its one canonical spelling, so that one token has one fingerprint. Raises ValueError."""
    try:
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if base64.urlsafe_b64encode(data).rstrip(b"=") != part.encode():
        raise ValueError("not canonical base64url")
    return data


def _text(value: Any, name: str) -> str:
    """The text, empty if the claim is absent."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refusal(Reason.TOKEN_INVALID, f"{name} is not a text")
    return value


def _required_text(claims: Mapping[str, Any], name: str) -> str:
    value = _text(claims.get(name), name)
    if not value:
        raise Refusal(Reason.TOKEN_INVALID, f"{name} is missing")
    return value


def _subject(claims: Mapping[str, Any]) -> str:
    subject = unicodedata.normalize("NFC", _required_text(claims, "sub"))
    if not subject.isprintable():
        raise Refusal(Reason.TOKEN_INVALID, "sub has characters that cannot be printed")
    return subject


def _check_audience(value: Any, audiences: frozenset[str]) -> None:
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(item, str) for item in listed):
        raise Refusal(Reason.TOKEN_INVALID, "aud is missing or malformed")
    if audiences.isdisjoint(listed):
        raise Refusal(Reason.AUDIENCE_MISMATCH)


def _date(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_SECOND:
        raise Refusal(Reason.TOKEN_INVALID, f"{name} is not a date")
    return float(value)


def _check_times(claims: Mapping[str, Any], rules: Rules, now: float) -> float:
    """The moment from which the token is refused."""
    expires, starts, issued = (_date(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is None:
        raise Refusal(Reason.TOKEN_INVALID, "exp is missing")
    if now >= expires + LEEWAY:
        raise Refusal(Reason.TOKEN_EXPIRED)
    if max(starts or 0, issued or 0) > now + LEEWAY:
        raise Refusal(Reason.TOKEN_NOT_YET)
    if issued is None and (rules.strict or rules.max_lifetime is not None):
        raise Refusal(Reason.TOKEN_INVALID, "iat is missing")
    if issued is not None and rules.max_lifetime is not None and expires - issued > rules.max_lifetime:
        raise Refusal(Reason.TOKEN_INVALID, "the token lives longer than is allowed")
    return expires + LEEWAY


def _groups(claims: Mapping[str, Any], rules: Rules) -> frozenset[str]:
    """Groups as exact names: a list of texts, or one text for one group; absent or null is none.

    Anything else is refused rather than read as "no groups", because limits and approvals may hang on groups. The same
    goes for groups that the issuer left out, unless a directory says them.
    """
    if groups_left_out(claims, rules):
        if rules.elsewhere:
            return frozenset()
        raise Refusal(Reason.GROUP_OVERAGE)
    value = rules.groups.find(claims)
    listed = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) and item for item in listed):
        raise Refusal(Reason.TOKEN_INVALID, "the groups are not a list of names")
    return frozenset(unicodedata.normalize("NFC", item) for item in listed)


def groups_left_out(claims: Mapping[str, Any], rules: Rules) -> bool:
    """Whether the token says that there are groups, but not which: Entra ID's overage, as distributed claims or
    `hasgroups`. The address that the former name is never asked."""
    elsewhere = claims.get("_claim_names", {})
    if not isinstance(elsewhere, dict) or rules.groups.claim in elsewhere:
        return True
    return rules.groups.claim == "groups" and claims.get("hasgroups", False) is not False


def _client(claims: Mapping[str, Any], rules: Rules) -> str:
    """The client that asked for the token: the configured claim, else RFC 9068's."""
    return _text(rules.client.find(claims), "the client claim") or _text(claims.get("client_id"), "client_id")


def _account(claims: Mapping[str, Any], rules: Rules) -> str:
    """The account, empty where it is the subject. A token that leaves it out could not be told from a revoked one."""
    if rules.account.path == ("sub",):
        return ""
    account = _text(rules.account.find(claims), "the account claim")
    if not account:
        raise Refusal(Reason.TOKEN_INVALID, "the account claim is missing")
    return account


def _display(value: Any) -> str:
    """A name to show, never to compare: without controls and direction marks, and of bounded length."""
    text = value if isinstance(value, str) else ""
    return "".join(filter(str.isprintable, unicodedata.normalize("NFC", text)))[:256]
