"""SAML in tests: a provider's key and metadata, and responses that are right but for what a test makes wrong.

They are made from a template and signed in process, in milliseconds; a real provider is `tests.support.saml_idp`.
"""

from __future__ import annotations

import base64
import datetime
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from vecgate.config.identity import SamlProvider
from vecgate.saml.provider import Provider
from vecgate.saml.steps import CLIENT, Loopback, secret

BASE = "https://gateway.test"
IDP = "https://idp.test/metadata"
ENTITY = f"{BASE}/saml/corp/metadata"
ACS = f"{BASE}/saml/corp/acs"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

VERIFIER = secret()
WAITING = Loopback("http://127.0.0.1:43210/callback", secret(), create_s256_code_challenge(VERIFIER))
"""A program that waits for somebody to sign in."""
QUERY = {
    "response_type": "code",
    "client_id": CLIENT,
    "redirect_uri": WAITING.redirect,
    "state": WAITING.state,
    "code_challenge": WAITING.challenge,
    "code_challenge_method": "S256",
}
"""What it sends the browser with."""

METADATA = """<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{issuer}"
 xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
<md:IDPSSODescriptor{more} protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
{keys}
<md:SingleSignOnService Binding="{binding}" Location="{sign_on}"/>
</md:IDPSSODescriptor></md:EntityDescriptor>
"""
KEY = """<md:KeyDescriptor{use}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate>
</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"""

RESPONSE = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"
 xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{response_id}" Version="2.0" IssueInstant="{now}"
 {destination} {asked}><saml:Issuer>{issuer}</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="{status}"/></samlp:Status>
{assertion}</samlp:Response>"""

ASSERTION = """<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"
 xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 ID="{id}" Version="2.0" IssueInstant="{now}"><saml:Issuer>{issuer}</saml:Issuer>
<saml:Subject>{name_id}<saml:SubjectConfirmation Method="{method}">
<saml:SubjectConfirmationData {confirmation}/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions {times}>{conditions}</saml:Conditions>
<saml:AuthnStatement AuthnInstant="{now}" {session}><saml:AuthnContext>
<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>
</saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>"""


@dataclass(frozen=True)
class SigningKey:
    key: str
    certificate: str

    @property
    def base64(self) -> str:
        return "".join(self.certificate.splitlines()[1:-1])


def signing_key(name: str = "idp", bits: int = 2048) -> SigningKey:
    """The same for the same name."""
    return _made(name, bits)


@cache
def _made(name: str, bits: int) -> SigningKey:
    key = rsa.generate_private_key(65537, bits)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return SigningKey(private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode())


def metadata(
    *certificates: str,
    issuer: str = IDP,
    sign_on: str = "https://idp.test/sso",
    use: str = ' use="signing"',
    more: str = "",
    binding: str = Constants.BINDING_HTTP_REDIRECT,
) -> str:
    listed = certificates or (signing_key().base64,)
    keys = "\n".join(KEY.format(use=use, certificate=each) for each in listed)
    return METADATA.format(
        issuer=issuer, keys=keys, sign_on=escape(sign_on, {'"': "&quot;"}), more=more, binding=binding
    )


def config(**changes: Any) -> SamlProvider:
    return SamlProvider.model_validate({"name": "corp", "issuer": IDP, "metadata": "file:idp.xml"} | changes)


def provider(folder: Path, text: str | None = None, **changes: Any) -> Provider:
    path = folder / "idp.xml"
    path.write_text(text or metadata())
    return Provider.read(config(**changes), BASE, path)


def moment(seconds: float = 0.0) -> str:
    """So many seconds from now."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


@dataclass
class Response:
    """What a provider would send to answer `asked`; a part that is None is left out."""

    asked: str | None = "ONELOGIN_1"
    id: str = "_assertion"
    issuer: str = IDP
    subject: str = "alice@example.org"
    format: str = EMAIL
    qualifiers: str = ""
    name_id: str | None = None
    """In place of the whole element."""
    method: str = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
    confirmation: dict[str, str | int | None] = field(default_factory=dict)
    destination: str | None = ACS
    audiences: tuple[str, ...] = (ENTITY,)
    """Each in a restriction of its own."""
    conditions: str | None = None
    """In place of the restrictions."""
    times: dict[str, str | int | None] = field(default_factory=dict)
    attributes: dict[str, list[str]] = field(default_factory=lambda: {"groups": ["eng", "admins"]})
    session: str = 'SessionIndex="_s1"'
    status: str = Constants.STATUS_SUCCESS

    def assertion(self) -> str:
        """Unsigned."""
        confirmation = {
            "Recipient": ACS,
            "NotOnOrAfter": moment(300),
            "InResponseTo": self.asked,
        } | self.confirmation
        times = {"NotBefore": moment(-5), "NotOnOrAfter": moment(300)} | self.times
        restrictions = "".join(
            f"<saml:AudienceRestriction><saml:Audience>{each}</saml:Audience></saml:AudienceRestriction>"
            for each in self.audiences
        )
        name_id = f'<saml:NameID Format="{self.format}" {self.qualifiers}>{self.subject}</saml:NameID>'
        return ASSERTION.format(
            id=self.id,
            now=moment(),
            issuer=self.issuer,
            name_id=name_id if self.name_id is None else self.name_id,
            method=self.method,
            confirmation=_attributes(confirmation),
            times=_attributes(times),
            conditions=restrictions if self.conditions is None else self.conditions,
            session=self.session,
            attributes="".join(_attribute(name, values) for name, values in self.attributes.items()),
        )

    def xml(self, assertion: str | None = None) -> str:
        """The response around an assertion, by default its own, signed."""
        return RESPONSE.format(
            response_id="_response",
            now=moment(),
            destination=_attributes({"Destination": self.destination}),
            asked=_attributes({"InResponseTo": self.asked}),
            issuer=self.issuer,
            status=self.status,
            assertion=sign(self.assertion()) if assertion is None else assertion,
        )

    def posted(self) -> str:
        return encoded(self.xml())


def sign(
    xml: str,
    key: SigningKey | None = None,
    algorithm: str = Constants.RSA_SHA256,
    digest: str = Constants.SHA256,
) -> str:
    """With a signature in the element, in its place behind the issuer."""
    key = key or signing_key()
    made = OneLogin_Saml2_Utils.add_sign(xml, key.key, key.certificate, False, algorithm, digest)
    return str(made.decode() if isinstance(made, bytes) else made)


def encoded(xml: str | bytes) -> str:
    return base64.b64encode(xml.encode() if isinstance(xml, str) else xml).decode()


def _attributes(values: Mapping[str, str | int | None]) -> str:
    """A number is so many seconds from now."""
    texts = {name: moment(value) if isinstance(value, int) else value for name, value in values.items()}
    return " ".join(f'{name}="{value}"' for name, value in texts.items() if value is not None)


def _attribute(name: str, values: list[str]) -> str:
    listed = "".join(f'<saml:AttributeValue xsi:type="xs:string">{each}</saml:AttributeValue>' for each in values)
    return f'<saml:Attribute Name="{name}">{listed}</saml:Attribute>'
