"""Assertion: what a response proves. python3-saml verifies it; what it leaves open is closed here.

It lets pass: no audience, no `NotOnOrAfter` or `Recipient` of the confirmation, a recipient or destination that merely
contains ours, no `InResponseTo`, clocks five minutes apart, and conditions that it does not know. A service provider
must refuse all of these (SAML Core §2.5.1, Profiles §4.1.4.3). It takes the spaces off attributes, too, so that a group
`admins ` would be `admins`: here they are what they are.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.utils import OneLogin_Saml2_Utils, OneLogin_Saml2_ValidationError

from vecgate.config.identity import Claims, Issuer
from vecgate.errors import Refusal
from vecgate.identity import tokens
from vecgate.identity.principal import Principal
from vecgate.identity.rules import Rules
from vecgate.identity.tokens import LEEWAY
from vecgate.reasons import Reason
from vecgate.saml.envelope import SAML, Envelope, refuse
from vecgate.saml.provider import Provider

BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
TRANSIENT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
OVERAGE: Final = "http://schemas.microsoft.com/claims/groups.link"
"""Entra ID sends this in place of more than 150 groups: an address to ask, which is never asked."""
MAX_SUBJECT: Final = 256
"""Characters of a name identifier (SAML Core §8.3.7)."""
_CONDITIONS = frozenset(SAML + name for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction"))
_REASONS = {
    OneLogin_Saml2_ValidationError.ASSERTION_EXPIRED: Reason.TOKEN_EXPIRED,
    OneLogin_Saml2_ValidationError.SESSION_EXPIRED: Reason.TOKEN_EXPIRED,
    OneLogin_Saml2_ValidationError.ASSERTION_TOO_EARLY: Reason.TOKEN_NOT_YET,
    OneLogin_Saml2_ValidationError.WRONG_AUDIENCE: Reason.AUDIENCE_MISMATCH,
    OneLogin_Saml2_ValidationError.WRONG_ISSUER: Reason.ISSUER_UNKNOWN,
}
_SAID = {
    OneLogin_Saml2_ValidationError.STATUS_CODE_IS_NOT_SUCCESS: "the identity provider did not let the person in",
    OneLogin_Saml2_ValidationError.NO_SIGNED_ASSERTION: "the assertion is not signed",
    OneLogin_Saml2_ValidationError.NO_SIGNATURE_FOUND: "the assertion is not signed",
    OneLogin_Saml2_ValidationError.UNEXPECTED_SIGNED_ELEMENTS: "the assertion is not signed",
    OneLogin_Saml2_ValidationError.INVALID_SIGNATURE: "the signature does not verify",
    OneLogin_Saml2_ValidationError.WRONG_SUBJECTCONFIRMATION: "it was meant for somebody else, or came too late",
    OneLogin_Saml2_ValidationError.WRONG_DESTINATION: "it was sent to another address",
    OneLogin_Saml2_ValidationError.WRONG_NUMBER_OF_ASSERTIONS: "the response has no assertion",
    OneLogin_Saml2_ValidationError.INVALID_XML_FORMAT: "the response does not follow SAML's schema",
}
"""What python3-saml found, in words that quote nothing of the response."""
_log = logging.getLogger("vecgate.saml")

type Attributes = dict[str, list[str | None]]
"""Values by name, exactly as they are written; None is one that is no text but has elements."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """What was proved. `ends` (Unix seconds) is when it can be used no more: until then its id is remembered."""

    id: str
    ends: float
    principal: Principal


def prove(envelope: Envelope, provider: Provider, now: float) -> Assertion:
    """Verify a response. `now` is in Unix seconds. CPU-bound: milliseconds.

    Raises Refusal: `token_invalid`, `token_expired`, `token_not_yet`, `audience_mismatch`, `issuer_unknown`,
    `group_overage`.
    """
    try:
        response = OneLogin_Saml2_Response(provider.settings, envelope.encoded)
        response.is_valid(provider.received(), envelope.in_response_to or None, raise_exceptions=True)
    except OneLogin_Saml2_ValidationError as error:
        _log.info("%s: a response was refused, code %s", provider.config.name, error.code)
        reason = _REASONS.get(error.code, Reason.TOKEN_INVALID)
        raise Refusal(reason, _SAID.get(error.code, "")) from None
    except Exception as error:  # xmlsec's, lxml's: whatever they cannot make sense of
        raise refuse("the response is malformed") from error
    root = response.document
    if root.get("Destination") != provider.acs:
        raise refuse("it was sent to another address")
    assertion = root.find(f"{SAML}Assertion")
    _check_conditions(assertion.find(f"{SAML}Conditions"), provider.entity_id, now)
    ends = _confirmed_until(assertion, provider.acs, envelope.in_response_to, now)
    return Assertion(assertion.get("ID"), ends, _principal(assertion, provider, now))


def _check_conditions(conditions: Any, entity_id: str, now: float) -> None:
    if any(condition.tag not in _CONDITIONS for condition in conditions):
        raise refuse("it has a condition that is not understood")
    restrictions = conditions.findall(f"{SAML}AudienceRestriction")
    if not restrictions:
        raise Refusal(Reason.AUDIENCE_MISMATCH)
    for restriction in restrictions:
        if entity_id not in [audience.text for audience in restriction.findall(f"{SAML}Audience")]:
            raise Refusal(Reason.AUDIENCE_MISMATCH)
    starts, ends = _time(conditions, "NotBefore"), _time(conditions, "NotOnOrAfter")
    if starts is not None and starts > now + LEEWAY:
        raise Refusal(Reason.TOKEN_NOT_YET)
    if ends is not None and now >= ends + LEEWAY:
        raise Refusal(Reason.TOKEN_EXPIRED)


def _confirmed_until(assertion: Any, acs: str, asked: str, now: float) -> float:
    """When the bearer's confirmation ends, clocks considered."""
    for confirmation in assertion.iterfind(f"{SAML}Subject/{SAML}SubjectConfirmation"):
        data = confirmation.find(f"{SAML}SubjectConfirmationData")
        if confirmation.get("Method") != BEARER or data is None:
            continue
        ends = _time(data, "NotOnOrAfter")
        meant = (
            data.get("Recipient") == acs and data.get("InResponseTo", "") == asked and "NotBefore" not in data.attrib
        )
        if meant and ends is not None and now < ends + LEEWAY:
            return ends + LEEWAY
    raise refuse("it was meant for somebody else, or came too late")


def _time(element: Any, name: str) -> float | None:
    text = element.get(name)
    if text is None:
        return None
    try:
        return float(OneLogin_Saml2_Utils.parse_SAML_to_time(text))
    except Exception as error:
        raise refuse(f"{name} is not a time in UTC") from error


def _principal(assertion: Any, provider: Provider, now: float) -> Principal:
    config, statement, attributes = provider.config, assertion.find(f"{SAML}AuthnStatement"), _attributes(assertion)
    if OVERAGE in attributes:
        raise Refusal(Reason.GROUP_OVERAGE)
    shown = attributes.get(config.display, []) if config.display else []
    subject = _named(attributes, config.subject) if config.subject else _name_id(assertion, provider)
    if not subject or subject != subject.strip() or len(subject) > MAX_SUBJECT:
        raise refuse("the name is empty, too long, or begins or ends with a space")
    claims = {
        "iss": config.issuer,
        "sub": subject,
        "groups": attributes.get(config.groups, []),
        "preferred_username": shown[0] if shown else "",
        "client_id": provider.entity_id,
    }
    if session := statement.get("SessionIndex"):
        claims["sid"] = session
    ends = _time(statement, "SessionNotOnOrAfter")
    if ends is not None and now >= ends:
        raise Refusal(Reason.TOKEN_EXPIRED)
    person = tokens.principal(claims, _RULES, expires=ends + LEEWAY if ends is not None else 0.0)
    kept = {"sid": session} if session else {}
    return replace(person, claims=kept | dict(_claims(attributes, config.claims)))


def _attributes(assertion: Any) -> Attributes:
    """The attributes by name. A value that is empty is none."""
    found: Attributes = {}
    for attribute in assertion.iterfind(f"{SAML}AttributeStatement/{SAML}Attribute"):
        if attribute.get("Name") in found:
            raise refuse("an attribute stands twice")
        values = attribute.findall(f"{SAML}AttributeValue")
        found[attribute.get("Name")] = [None if len(each) else each.text for each in values if len(each) or each.text]
    return found


_RULES = Rules.compile(Issuer(issuer="saml", audience="saml", claims=Claims()))
"""Where `_principal` puts what it found."""


def _claims(attributes: Attributes, names: list[str]) -> Iterator[tuple[str, Any]]:
    """What conditions may ask about: a list where there are several values, the value where there is one."""
    for name in names:
        values = attributes.get(name, [])
        if None in values:
            raise refuse("an attribute is not a text")
        if values:
            yield name, values[0] if len(values) == 1 else values


def _named(attributes: Attributes, name: str) -> str:
    values = attributes.get(name, [])
    if len(values) != 1 or values[0] is None:
        raise refuse("the attribute that names the person is missing, or has several values")
    return values[0]


def _name_id(assertion: Any, provider: Provider) -> str:
    found = assertion.findall(f"{SAML}Subject/{SAML}NameID")
    if len(found) != 1 or len(found[0]):
        raise refuse("there is no NameID")
    name = found[0]
    if name.get("Format") == TRANSIENT:
        raise refuse("the NameID is transient: it names a person until tomorrow at best")
    if name.get("NameQualifier", provider.config.issuer) != provider.config.issuer:
        raise refuse("the NameID is another provider's")
    if name.get("SPNameQualifier", provider.entity_id) != provider.entity_id:
        raise refuse("the NameID is for another service")
    return name.text or ""
