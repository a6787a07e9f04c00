from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from tests.support.saml import (
    ACS,
    ENTITY,
    IDP,
    PERSISTENT,
    TRANSIENT,
    Response,
    encoded,
    metadata,
    moment,
    provider,
    sign,
    signing_key,
)

from vecgate.errors import Refusal
from vecgate.identity.tokens import LEEWAY
from vecgate.reasons import Reason
from vecgate.saml.assertion import OVERAGE, Assertion, prove
from vecgate.saml.envelope import Envelope
from vecgate.saml.provider import Provider

UNKNOWN_CONDITION = '<saml:Condition xmlns:x="urn:x" xsi:type="x:T"/>'
RESTRICTED = f"<saml:AudienceRestriction><saml:Audience>{ENTITY}</saml:Audience></saml:AudienceRestriction>"


@pytest.fixture(scope="module")
def corp(tmp_path_factory: pytest.TempPathFactory) -> Provider:
    return provider(tmp_path_factory.mktemp("saml"))


def proved(posted: str | Response, at: Provider, seconds: float = 0.0) -> Assertion:
    """`seconds` from now."""
    text = posted.posted() if isinstance(posted, Response) else posted
    return prove(Envelope.parse(text), at, time.time() + seconds)


def refused(posted: str | Response, at: Provider, reason: Reason = Reason.TOKEN_INVALID, seconds: float = 0.0) -> str:
    with pytest.raises(Refusal) as raised:
        proved(posted, at, seconds)
    assert raised.value.reason is reason
    assert "example.org" not in raised.value.detail
    return raised.value.detail


def test_a_good_response_proves_a_person(corp: Provider) -> None:
    found = proved(Response(), corp)
    person = found.principal
    assert (person.issuer, person.subject, person.groups) == (IDP, "alice@example.org", frozenset({"eng", "admins"}))
    assert (person.client, person.claims, person.session, person.expires) == (ENTITY, {"sid": "_s1"}, "_s1", 0.0)
    assert found.id == "_assertion"
    assert found.ends == pytest.approx(time.time() + 300 + LEEWAY, abs=3)


def test_a_login_that_nobody_asked_for_answers_nothing(corp: Provider) -> None:
    assert proved(Response(asked=None), corp).principal.subject == "alice@example.org"


def test_a_signed_response_around_it_must_verify_too(corp: Provider) -> None:
    assert proved(encoded(sign(Response().xml())), corp).principal.subject == "alice@example.org"
    broken = sign(Response().xml()).replace("_response", "_changed")
    assert "does not verify" in refused(encoded(broken), corp)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("alice@example.org", "root@example.org"),
        (">admins<", ">owners<"),
        (f'Recipient="{ACS}"', f'Recipient="{ACS}" Address="127.0.0.1"'),
        (">eng<", "> eng<"),
    ],
)
def test_what_was_changed_after_signing(corp: Provider, old: str, new: str) -> None:
    xml = Response().xml()
    assert old in xml
    assert refused(encoded(xml.replace(old, new)), corp) == "the signature does not verify"


def test_an_unsigned_assertion(corp: Provider) -> None:
    made = Response()
    assert refused(encoded(made.xml(made.assertion())), corp) == "the assertion is not signed"


def test_a_signature_at_the_response_alone_is_not_enough(corp: Provider) -> None:
    made = Response()
    assert refused(encoded(sign(made.xml(made.assertion()))), corp) == "the assertion is not signed"


def test_another_key(corp: Provider) -> None:
    made = Response()
    forged = sign(made.assertion(), signing_key("somebody"))
    assert refused(encoded(made.xml(forged)), corp) == "the signature does not verify"


@pytest.mark.parametrize("name", ["idp", "next"])
def test_one_of_several_pinned_certificates_is_enough(tmp_path: Path, name: str) -> None:
    both = provider(tmp_path, metadata(signing_key().base64, signing_key("next").base64))
    made = Response()
    assert proved(encoded(made.xml(sign(made.assertion(), signing_key(name)))), both).id == "_assertion"


@pytest.mark.parametrize("algorithm", [Constants.RSA_SHA384, Constants.RSA_SHA512])
def test_stronger_digests_are_fine(corp: Provider, algorithm: str) -> None:
    made = Response()
    assert proved(encoded(made.xml(sign(made.assertion(), None, algorithm, Constants.SHA512))), corp).id


@pytest.mark.parametrize(
    ("algorithm", "digest"), [(Constants.RSA_SHA1, Constants.SHA256), (Constants.RSA_SHA256, Constants.SHA1)]
)
def test_sha1_is_not(corp: Provider, algorithm: str, digest: str) -> None:
    made = Response()
    assert "is not accepted" in refused(encoded(made.xml(sign(made.assertion(), None, algorithm, digest))), corp)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        pytest.param(Response(audiences=("urn:somebody-else",)), Reason.AUDIENCE_MISMATCH, id="other-audience"),
        pytest.param(Response(audiences=(f"{ENTITY}/evil",)), Reason.AUDIENCE_MISMATCH, id="longer-audience"),
        pytest.param(Response(audiences=(ENTITY, "urn:other")), Reason.AUDIENCE_MISMATCH, id="one-restriction-of-two"),
        pytest.param(Response(audiences=()), Reason.AUDIENCE_MISMATCH, id="no-audience"),
        pytest.param(Response(conditions=RESTRICTED + UNKNOWN_CONDITION), Reason.TOKEN_INVALID, id="unknown-condition"),
        pytest.param(Response(issuer="https://evil.test/metadata"), Reason.ISSUER_UNKNOWN, id="other-issuer"),
        pytest.param(Response(issuer=IDP + "/"), Reason.ISSUER_UNKNOWN, id="issuer-with-slash"),
        pytest.param(Response(times={"NotOnOrAfter": -3600}), Reason.TOKEN_EXPIRED, id="expired"),
        pytest.param(Response(times={"NotOnOrAfter": -100}), Reason.TOKEN_EXPIRED, id="expired-within-five-minutes"),
        pytest.param(Response(times={"NotBefore": 3600}), Reason.TOKEN_NOT_YET, id="not-yet"),
        pytest.param(Response(times={"NotBefore": 100}), Reason.TOKEN_NOT_YET, id="not-yet-within-five-minutes"),
        pytest.param(Response(session=f'SessionNotOnOrAfter="{moment(-1)}"'), Reason.TOKEN_EXPIRED, id="session-over"),
        pytest.param(Response(confirmation={"NotOnOrAfter": -1}), Reason.TOKEN_INVALID, id="confirmation-expired"),
        pytest.param(
            Response(confirmation={"NotOnOrAfter": None}), Reason.TOKEN_INVALID, id="confirmation-without-end"
        ),
        pytest.param(Response(confirmation={"NotBefore": -100}), Reason.TOKEN_INVALID, id="confirmation-with-start"),
        pytest.param(
            Response(confirmation={"Recipient": "https://evil.test/acs"}), Reason.TOKEN_INVALID, id="other-recipient"
        ),
        pytest.param(
            Response(confirmation={"Recipient": f"https://evil.test/?{ACS}"}),
            Reason.TOKEN_INVALID,
            id="recipient-that-contains-ours",
        ),
        pytest.param(
            Response(confirmation={"Recipient": f"{ACS}/x"}), Reason.TOKEN_INVALID, id="recipient-that-begins-with-ours"
        ),
        pytest.param(Response(confirmation={"Recipient": None}), Reason.TOKEN_INVALID, id="no-recipient"),
        pytest.param(
            Response(confirmation={"InResponseTo": "_other"}),
            Reason.TOKEN_INVALID,
            id="confirmation-of-another-request",
        ),
        pytest.param(
            Response(confirmation={"InResponseTo": None}), Reason.TOKEN_INVALID, id="confirmation-of-no-request"
        ),
        pytest.param(
            Response(asked=None, confirmation={"InResponseTo": "_1"}),
            Reason.TOKEN_INVALID,
            id="confirmation-of-a-request-in-answer-to-none",
        ),
        pytest.param(
            Response(method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"), Reason.TOKEN_INVALID, id="not-by-bearer"
        ),
        pytest.param(Response(destination="https://evil.test/acs"), Reason.TOKEN_INVALID, id="other-destination"),
        pytest.param(Response(destination=f"{ACS}/evil"), Reason.TOKEN_INVALID, id="longer-destination"),
        pytest.param(Response(destination=""), Reason.TOKEN_INVALID, id="empty-destination"),
        pytest.param(Response(destination=None), Reason.TOKEN_INVALID, id="no-destination"),
        pytest.param(
            Response(status="urn:oasis:names:tc:SAML:2.0:status:Responder"), Reason.TOKEN_INVALID, id="no-success"
        ),
        pytest.param(Response(subject=""), Reason.TOKEN_INVALID, id="empty-nameid"),
        pytest.param(Response(subject=" alice@example.org"), Reason.TOKEN_INVALID, id="nameid-with-space"),
        pytest.param(Response(subject="a&#x202e;b"), Reason.TOKEN_INVALID, id="nameid-that-turns-around"),
        pytest.param(Response(subject="x" * 257), Reason.TOKEN_INVALID, id="long-nameid"),
        pytest.param(Response(subject="alice@example.org<x/>.evil"), Reason.TOKEN_INVALID, id="element-in-nameid"),
        pytest.param(Response(name_id=""), Reason.TOKEN_INVALID, id="no-nameid"),
        pytest.param(Response(format=TRANSIENT), Reason.TOKEN_INVALID, id="transient-nameid"),
        pytest.param(
            Response(format=PERSISTENT, qualifiers='NameQualifier="https://evil.test"'),
            Reason.TOKEN_INVALID,
            id="nameid-of-another-provider",
        ),
        pytest.param(
            Response(format=PERSISTENT, qualifiers='SPNameQualifier="urn:other"'),
            Reason.TOKEN_INVALID,
            id="nameid-for-another-service",
        ),
        pytest.param(Response(attributes={"groups": ["eng<x/>"]}), Reason.TOKEN_INVALID, id="group-with-an-element"),
        pytest.param(
            Response(attributes={"groups": ["<saml:NameID>eng</saml:NameID>"]}),
            Reason.TOKEN_INVALID,
            id="group-that-is-a-nameid",
        ),
        pytest.param(Response(attributes={OVERAGE: ["https://evil.test/"]}), Reason.GROUP_OVERAGE, id="group-overage"),
    ],
)
def test_what_proves_nothing_though_it_is_signed(corp: Provider, made: Response, reason: Reason) -> None:
    refused(made, corp, reason)


@pytest.mark.parametrize("format_", [PERSISTENT, "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"])
def test_a_lasting_nameid_is_the_subject_as_it_is(corp: Provider, format_: str) -> None:
    qualifiers = f'NameQualifier="{IDP}" SPNameQualifier="{ENTITY}"'
    assert proved(Response(format=format_, qualifiers=qualifiers, subject="Q/7=+x"), corp).principal.subject == "Q/7=+x"


def test_clocks_may_differ_by_a_minute_in_all(corp: Provider) -> None:
    proved(Response(times={"NotBefore": moment(50), "NotOnOrAfter": moment(300)}), corp)
    proved(Response(times={"NotOnOrAfter": moment(-50)}), corp)
    proved(Response(), corp, LEEWAY + 290)
    refused(Response(times={"NotOnOrAfter": None}), corp, Reason.TOKEN_INVALID, LEEWAY + 310)


def test_an_attribute_can_name_the_person(tmp_path: Path) -> None:
    named = provider(tmp_path, subject="uid")
    made = Response(format=TRANSIENT, attributes={"uid": ["u42"]})
    assert proved(made, named).principal.subject == "u42"
    for values in ([], ["u42", "u43"], [""]):
        assert "the attribute" in refused(Response(attributes={"uid": values}), named)
    assert proved(Response(name_id="", attributes={"uid": ["u42"]}), named).principal.subject == "u42"


def test_groups_are_exact_names_of_the_configured_attribute(tmp_path: Path) -> None:
    claim = "http://schemas.xmlsoap.org/claims/Group"
    other = provider(tmp_path, groups=claim)
    made = Response(attributes={claim: ["Eng, admins", "eng"], "groups": ["root"], claim.lower(): ["root"]})
    assert proved(made, other).principal.groups == {"Eng, admins", "eng"}
    assert proved(Response(attributes={"groups": ["root"]}), other).principal.groups == frozenset()


def test_spaces_are_part_of_a_name(tmp_path: Path) -> None:
    """Who may make a group of any name at the provider could make `admins ` else."""
    told = provider(tmp_path, claims=["dept"])
    made = Response(attributes={"groups": ["admins ", "\teng", "", "staff"], "dept": [" x"]})
    person = proved(made, told).principal
    assert person.groups == {"admins ", "\teng", "staff"}
    assert person.claims["dept"] == " x"
    (tmp_path / "named").mkdir()
    named = provider(tmp_path / "named", subject="uid")
    for value in ("root ", " root", "\nroot"):
        assert "space" in refused(Response(attributes={"uid": [value]}), named)


def test_an_attribute_that_stands_twice_is_refused(corp: Provider) -> None:
    made = Response()
    twice = made.assertion().replace(
        "<saml:AttributeStatement>", '<saml:AttributeStatement><saml:Attribute Name="groups"/>'
    )
    assert refused(encoded(made.xml(sign(twice))), corp) == "an attribute stands twice"


def test_names_and_claims_come_from_configured_attributes(tmp_path: Path) -> None:
    told = provider(tmp_path, display="cn", claims=["dept", "roles", "absent"])
    made = Response(attributes={"cn": ["Alice\u202e A."], "dept": ["r&amp;d"], "roles": ["a", "b"], "secret": ["x"]})
    person = proved(made, told).principal
    assert person.name == "Alice A."
    assert person.claims == {"sid": "_s1", "dept": "r&d", "roles": ["a", "b"]}


def test_the_session_of_the_provider_bounds_the_token(corp: Provider) -> None:
    made = Response(session=f'SessionNotOnOrAfter="{moment(120)}"')
    assert proved(made, corp).principal.expires == pytest.approx(time.time() + 120 + LEEWAY, abs=3)


def test_nothing_that_a_response_names_is_fetched(corp: Provider) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        there = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        value, made = '<saml:AttributeValue xsi:type="xs:string">eng<', Response()
        schema = value.replace(" xsi:type", f' xsi:schemaLocation="urn:x {there}" xsi:type')
        proved(encoded(made.xml(sign(made.assertion().replace(value, schema)))), corp)
        retrieval = f'<ds:KeyInfo><ds:RetrievalMethod URI="{there}"/>'
        proved(encoded(made.xml().replace("<ds:KeyInfo>", retrieval)), corp)
        include = f'<saml:AttributeValue><i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{there}"/><'
        refused(encoded(made.xml(sign(made.assertion().replace(value, include)))), corp)
        with pytest.raises(BlockingIOError):
            listener.accept()
