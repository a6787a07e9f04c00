from __future__ import annotations

import zlib
from base64 import b64decode
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from tests.support.saml import ACS, BASE, ENTITY, IDP, METADATA, config, metadata, provider, signing_key

from vecgate.saml import provider as module
from vecgate.saml.provider import Provider


def test_a_request_goes_to_the_provider_and_says_where_to_answer(tmp_path: Path) -> None:
    sign_on = 'https://idp.test/sso?tenant=a&app="b"'
    corp = provider(tmp_path, metadata(sign_on=sign_on))
    request, url = corp.request("opaque")
    assert url.startswith("https://idp.test/sso?tenant=a&app=")
    query = parse_qs(urlparse(url).query)
    assert query["RelayState"] == ["opaque"]
    sent = etree.fromstring(zlib.decompress(b64decode(query["SAMLRequest"][0]), -15))
    assert sent.get("ID") == request
    assert sent.get("Destination") == sign_on
    assert sent.get("AssertionConsumerServiceURL") == ACS
    assert sent.findtext("{*}Issuer") == ENTITY
    assert corp.request("opaque")[0] != request


def test_the_gateways_metadata_has_its_name_and_its_address(tmp_path: Path) -> None:
    root = etree.fromstring(provider(tmp_path).metadata().encode())
    assert root.get("entityID") == ENTITY
    role = root.find("{*}SPSSODescriptor")
    assert role is not None
    assert role.get("WantAssertionsSigned") == "true"
    (service,) = role.findall("{*}AssertionConsumerService")
    assert (service.get("Location"), service.get("Binding")) == (ACS, Constants.BINDING_HTTP_POST)


def test_another_name_of_the_gateway_may_be_agreed_on(tmp_path: Path) -> None:
    corp = provider(tmp_path, entity_id="urn:example:vecgate")
    assert corp.entity_id == "urn:example:vecgate"
    assert 'entityID="urn:example:vecgate"' in corp.metadata()


@pytest.mark.parametrize("base", ["http://127.0.0.1:6099", "https://gateway.example:8443/vecgate", "http://[::1]:6099"])
def test_addresses_stand_below_the_control_planes(tmp_path: Path, base: str) -> None:
    (tmp_path / "idp.xml").write_text(metadata())
    corp = Provider.read(config(), base, tmp_path / "idp.xml")
    assert corp.acs == f"{base}/saml/corp/acs"
    received = corp.received()
    scheme = "https" if received["https"] == "on" else "http"
    assert f"{scheme}://{received['http_host']}{received['script_name']}" == corp.acs


def test_a_key_without_a_use_signs_too(tmp_path: Path) -> None:
    corp = provider(tmp_path, metadata(use=""))
    assert len(corp.settings.get_idp_data()["x509certMulti"]["signing"]) == 1


SMALL = signing_key("small", 1024).base64
BROKEN = "\n".join(["MIIB", "AAAA"])
TWO = f"<x>{METADATA.partition('?>')[2]}{METADATA.partition('?>')[2]}</x>".format(
    issuer=IDP, keys="", sign_on="https://idp.test/sso", more="", binding=""
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not XML"),
        ("<x", "is not XML"),
        ("<!DOCTYPE x [<!ENTITY e 'e'>]>" + metadata().partition("?>")[2], "is not XML without declarations"),
        ("<x/>", "describes 0 entities"),
        (TWO, "describes 2 entities"),
        (metadata(issuer="https://other.test/"), "describes https://other.test/, which is not the issuer"),
        (metadata().replace("IDPSSODescriptor", "SPSSODescriptor"), "describes no identity provider"),
        (metadata(more=' WantAuthnRequestsSigned="true"'), "wants signed requests"),
        (metadata(use=' use="encryption"'), "has no certificate for signatures"),
        (metadata(BROKEN), "has a certificate that cannot be read"),
        (metadata(SMALL), "RSA of 2048 bits or more"),
        (metadata(binding=Constants.BINDING_HTTP_POST), "offers no login by HTTP-Redirect"),
        (metadata(sign_on="http://idp.test/sso"), "is not https"),
        (metadata(sign_on="javascript:alert(1)"), "is not https"),
        ("<x>" + "a" * module.MAX_METADATA + "</x>", "is larger than"),
    ],
)
def test_metadata_that_cannot_be_used(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "idp.xml").write_text(text)
    with pytest.raises(ValueError, match=said):
        Provider.read(config(), BASE, tmp_path / "idp.xml")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Provider.read(config(), BASE, tmp_path / "idp.xml")
