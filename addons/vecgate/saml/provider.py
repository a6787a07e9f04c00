"""Provider: an identity provider as its metadata describes it, and the gateway as it knows it. For python3-saml."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from onelogin.saml2.authn_request import OneLogin_Saml2_Authn_Request
from onelogin.saml2.constants import OneLogin_Saml2_Constants
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from vecgate.config.identity import SamlProvider
from vecgate.identity.rules import key_url

MAX_METADATA: Final = 1024 * 1024
_SECURITY = {
    "wantAssertionsSigned": True,
    "wantNameId": False,  # `subject` may name another attribute; `assertion` sees to it that there is one
    "wantAttributeStatement": False,
    "requestedAuthnContext": False,  # how people prove themselves is the provider's business
    "rejectDeprecatedAlgorithm": True,
    "allowSingleLabelDomains": True,
    "metadataValidUntil": "",
    "metadataCacheDuration": "",
}
_CERTIFICATES = "./md:KeyDescriptor[not(@use) or @use='signing']/ds:KeyInfo/ds:X509Data/ds:X509Certificate"
_SMALLEST_RSA = 2048


@dataclass(frozen=True, slots=True)
class Provider:
    """`base` is the control plane's address, without a slash at its end."""

    config: SamlProvider
    base: str
    entity_id: str
    settings: OneLogin_Saml2_Settings = field(repr=False)
    sign_on: str
    """Where the provider's login begins (HTTP-Redirect)."""

    @classmethod
    def read(cls, config: SamlProvider, base: str, path: Path) -> Self:
        """From the metadata at `path`. Raises ValueError, OSError."""
        home = config.home(base)
        entity_id = config.entity_id or f"{home}/metadata"
        described = _described(path, config.issuer)
        sp = {"entityId": entity_id, "assertionConsumerService": {"url": f"{home}/acs"}}
        settings = OneLogin_Saml2_Settings({"strict": True, "sp": sp, "idp": described, "security": _SECURITY})
        return cls(config, base, entity_id, settings, described["singleSignOnService"]["url"])

    @property
    def home(self) -> str:
        """What concerns this provider lies below: `https://gateway.example/saml/NAME`."""
        return self.config.home(self.base)

    @property
    def acs(self) -> str:
        """Where responses are posted."""
        return f"{self.home}/acs"

    def metadata(self) -> str:
        """The gateway's metadata, for the provider."""
        return str(self.settings.get_sp_metadata())

    def request(self, relay: str) -> tuple[str, str]:
        """A new request's id, and the address that carries it to the provider."""
        request = OneLogin_Saml2_Authn_Request(_Escaped(self.settings), set_nameid_policy=False)
        parameters = {"SAMLRequest": request.get_request(), "RelayState": relay}
        return request.get_id(), OneLogin_Saml2_Utils.redirect(self.sign_on, parameters, self.received())

    def received(self) -> dict[str, Any]:
        """What python3-saml wants to know of an HTTP request: always our own address, never what a client says."""
        scheme, _, rest = self.acs.partition("://")
        host, slash, path = rest.partition("/")
        return {"https": "on" if scheme == "https" else "off", "http_host": host, "script_name": slash + path}


class _Escaped:
    """Settings for a request, whose template takes texts for XML as they are."""

    def __init__(self, settings: OneLogin_Saml2_Settings) -> None:
        self._settings = settings

    def __getattr__(self, name: str) -> Any:
        return getattr(self._settings, name)

    def get_idp_data(self) -> dict[str, Any]:
        found: dict[str, Any] = self._settings.get_idp_data()
        service = found["singleSignOnService"]
        return found | {"singleSignOnService": service | {"url": escape(service["url"], {'"': "&quot;"})}}


def _described(path: Path, issuer: str) -> dict[str, Any]:
    """What the metadata says of the provider, for python3-saml. Raises ValueError, OSError."""
    with path.open("rb") as file:
        xml = file.read(MAX_METADATA + 1)
    if len(xml) > MAX_METADATA:
        raise ValueError(f"is larger than {MAX_METADATA} bytes")
    try:
        root = OneLogin_Saml2_XML.to_etree(xml)
    except Exception as error:  # lxml's, and python3-saml's own for declarations
        raise ValueError("is not XML without declarations") from error
    entities = OneLogin_Saml2_XML.query(root, "//md:EntityDescriptor")
    if len(entities) != 1:
        raise ValueError(f"describes {len(entities)} entities: cut it down to the one")
    if entities[0].get("entityID") != issuer:
        raise ValueError(f"describes {entities[0].get('entityID')}, which is not the issuer of this entry")
    roles = OneLogin_Saml2_XML.query(entities[0], "./md:IDPSSODescriptor")
    if len(roles) != 1:
        raise ValueError("describes no identity provider, or several")
    if roles[0].get("WantAuthnRequestsSigned") in ("true", "1"):
        raise ValueError("wants signed requests, which is not supported: switch it off at the identity provider")
    certificates = [_certificate(each.text or "") for each in OneLogin_Saml2_XML.query(roles[0], _CERTIFICATES)]
    if not certificates:
        raise ValueError("has no certificate for signatures")
    found = OneLogin_Saml2_IdPMetadataParser.parse(xml, OneLogin_Saml2_Constants.BINDING_HTTP_REDIRECT)["idp"]
    if "singleSignOnService" not in found:
        raise ValueError("offers no login by HTTP-Redirect")
    try:
        key_url(found["singleSignOnService"]["url"], allow_http=True)
    except ValueError:
        raise ValueError("has a login address that is not https, nor http on loopback") from None
    service = found["singleSignOnService"]
    return {"entityId": issuer, "singleSignOnService": service, "x509certMulti": {"signing": certificates}}


def _certificate(text: str) -> str:
    """Base64 of a certificate whose key may sign. Raises ValueError."""
    encoded = "".join(text.split())
    try:
        key = x509.load_pem_x509_certificate(
            f"-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n".encode()
        ).public_key()
    except Exception as error:
        raise ValueError("has a certificate that cannot be read") from error
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _SMALLEST_RSA:
        return encoded
    if isinstance(key, ec.EllipticCurvePublicKey):
        return encoded
    raise ValueError(f"has a certificate whose key is not EC, nor RSA of {_SMALLEST_RSA} bits or more")
