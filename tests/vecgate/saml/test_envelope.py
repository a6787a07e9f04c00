from __future__ import annotations

import base64

import pytest
from tests.support.saml import Response, encoded, sign

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate.saml import envelope as module
from vecgate.saml.envelope import Envelope

XML = Response().xml()
ASSERTION = XML[XML.index("<saml:Assertion") : XML.index("</saml:Assertion>") + len("</saml:Assertion>")]
SIGNATURE = XML[XML.index("<ds:Signature ") : XML.index("</ds:Signature>") + len("</ds:Signature>")]
FORGED = Response(id="_forged", subject="root@example.org").assertion()


def refused(xml: str | bytes) -> Refusal:
    with pytest.raises(Refusal) as raised:
        Envelope.parse(encoded(xml))
    assert "root@" not in raised.value.detail
    return raised.value


@pytest.mark.parametrize("asked", ["_1", "ONELOGIN_0123abc", ""])
def test_a_response_says_what_it_answers(asked: str) -> None:
    assert Envelope.parse(Response(asked=asked or None).posted()).in_response_to == asked


@pytest.mark.parametrize(
    "head",
    ['<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-8"?>', "<?xml version='1.0' encoding='utf-8'?>\n"],
)
def test_an_xml_declaration_may_stand_before_it(head: str) -> None:
    assert Envelope.parse(encoded(head + XML)) == Envelope.parse(encoded(head.partition("?>")[2] + XML))


def test_base64_may_be_wrapped() -> None:
    wrapped = base64.encodebytes(XML.encode()).decode().replace("\n", "\r\n")
    assert Envelope.parse(wrapped) == Envelope.parse(encoded(XML))


@pytest.mark.parametrize(
    "posted", ["", "%%%", "QQ=", "Q", "<xml/>", "é", base64.urlsafe_b64encode(b"\xfb\xff").decode()]
)
def test_what_is_no_base64_of_xml(posted: str) -> None:
    with pytest.raises(Refusal) as raised:
        Envelope.parse(posted)
    assert raised.value.reason is Reason.TOKEN_INVALID


def test_a_large_response_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base64, "b64decode", None)
    with pytest.raises(Refusal) as raised:
        Envelope.parse("A" * (module.MAX_XML * 4 // 3 + 8))
    assert raised.value.reason is Reason.BODY_TOO_LARGE


@pytest.mark.parametrize(
    "xml",
    [
        pytest.param('<!DOCTYPE x [<!ENTITY e "root@example.org">]>' + XML, id="entity"),
        pytest.param('<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">' + XML, id="external-dtd"),
        pytest.param('<?xml version="1.0"?><!DOCTYPE x>' + XML, id="doctype"),
        pytest.param(XML.replace("alice@example.org", "alice@example.org<!---->.evil"), id="comment-in-nameid"),
        pytest.param(XML.replace("alice@example.org", "<![CDATA[alice@example.org]]>"), id="cdata"),
        pytest.param(XML.replace("alice@example.org", "alice<?x?>@example.org"), id="instruction"),
        pytest.param("<!-- --> " + XML, id="comment-in-front"),
        pytest.param(XML + "<!-- -->", id="comment-behind"),
        pytest.param(XML.encode("utf-16"), id="utf-16"),
        pytest.param(('<?xml version="1.0" encoding="UTF-16"?>' + XML).encode("utf-16"), id="utf-16-declared"),
        pytest.param('<?xml version="1.0" encoding="UTF-7"?>' + XML, id="utf-7"),
        pytest.param('<?xml version="1.0" encoding="ISO-8859-1"?>' + XML, id="latin-1"),
        pytest.param('<?xml version="1.1"?>' + XML, id="xml-1.1"),
        pytest.param(XML.replace("alice", "alicé").encode("latin-1"), id="not-utf-8"),
        pytest.param(XML.replace("alice", "alice&evil;"), id="undefined-entity"),
        pytest.param("<a>" * 60_000, id="deep"),
        pytest.param("<a>" * 300 + XML + "</a>" * 300, id="deep-and-closed"),
        pytest.param(XML[:-20], id="cut"),
        pytest.param(XML + XML, id="two-roots"),
        pytest.param(ASSERTION, id="assertion-alone"),
        pytest.param(XML.replace("SAML:2.0:protocol", "SAML:1.0:protocol"), id="other-namespace"),
        pytest.param("<x/>", id="something-else"),
    ],
)
def test_what_is_no_plain_response(xml: str | bytes) -> None:
    assert refused(xml).reason is Reason.TOKEN_INVALID


def wrapped(before: str = "", inside: str = "", behind: str = "") -> str:
    """The signed assertion with things before, in the signature's `Object`, and behind it."""
    signature = SIGNATURE.replace(
        "</ds:Signature>", f"<ds:Object>{inside}</ds:Object></ds:Signature>" if inside else "</ds:Signature>"
    )
    return XML.replace(ASSERTION, before + ASSERTION.replace(SIGNATURE, signature) + behind)


MOVED = FORGED.replace("</saml:Issuer>", "</saml:Issuer>" + SIGNATURE, 1)
"""The forged assertion with the signature of the real one (which stands elsewhere)."""
BARE = ASSERTION.replace(SIGNATURE, "")


@pytest.mark.parametrize(
    "xml",
    [
        pytest.param(wrapped(before=FORGED), id="forged-in-front"),
        pytest.param(wrapped(behind=FORGED), id="forged-behind"),
        pytest.param(wrapped(before=ASSERTION), id="twice"),
        pytest.param(wrapped(inside=FORGED), id="forged-in-object"),
        pytest.param(
            XML.replace(ASSERTION, MOVED.replace("</ds:Signature>", f"<ds:Object>{BARE}</ds:Object></ds:Signature>")),
            id="real-in-object",
        ),
        pytest.param(
            XML.replace(ASSERTION, MOVED.replace("</saml:Assertion>", f"{BARE}</saml:Assertion>")),
            id="real-inside-forged",
        ),
        pytest.param(
            XML.replace(
                ASSERTION, FORGED.replace("</saml:Subject>", f"</saml:Subject><saml:Advice>{ASSERTION}</saml:Advice>")
            ),
            id="real-in-advice",
        ),
        pytest.param(
            XML.replace(ASSERTION, f"<samlp:Extensions>{ASSERTION}</samlp:Extensions>{FORGED}"), id="real-in-extensions"
        ),
        pytest.param(
            XML.replace(ASSERTION, f"<samlp:Extensions>{ASSERTION}</samlp:Extensions>"), id="only-in-extensions"
        ),
        pytest.param(XML.replace(ASSERTION, SIGNATURE + MOVED.replace(SIGNATURE, "")), id="signature-at-the-response"),
        pytest.param(XML.replace(ASSERTION, MOVED), id="signature-of-another"),
        pytest.param(XML.replace(ASSERTION, MOVED.replace('ID="_forged"', 'ID="_assertion"') + BARE), id="same-id"),
        pytest.param(XML.replace('ID="_response"', 'ID="_assertion"'), id="response-with-the-id"),
        pytest.param(XML.replace("<saml:Subject>", '<saml:Subject xml:id="_assertion">'), id="xml-id"),
        pytest.param(XML.replace("<ds:KeyInfo>", '<ds:KeyInfo Id="_assertion">'), id="id-in-signature"),
        pytest.param(
            XML.replace("<samlp:Status>", '<samlp:Status xmlns:x="urn:x" x:ID="_assertion">'), id="id-in-a-namespace"
        ),
        pytest.param(wrapped().replace(SIGNATURE, SIGNATURE + SIGNATURE), id="two-signatures"),
        pytest.param(XML.replace("<saml:Subject>", f"<saml:Subject>{SIGNATURE}"), id="signature-in-subject"),
        pytest.param(XML.replace('URI="#_assertion"', 'URI=""'), id="reference-to-all"),
        pytest.param(XML.replace('URI="#_assertion"', ""), id="no-reference"),
        pytest.param(XML.replace('URI="#_assertion"', 'URI="#_response"'), id="reference-to-the-response"),
        pytest.param(XML.replace('URI="#_assertion"', 'URI="http://127.0.0.1:1/x"'), id="reference-outside"),
        pytest.param(XML.replace('URI="#_assertion"', "URI=\"#xpointer(id('_assertion'))\""), id="xpointer"),
        pytest.param(
            XML.replace("</ds:SignedInfo>", "<ds:Reference URI='#_assertion'/></ds:SignedInfo>"), id="two-references"
        ),
    ],
)
def test_signature_wrapping(xml: str) -> None:
    assert refused(xml).reason is Reason.TOKEN_INVALID


@pytest.mark.parametrize(
    ("known", "other"),
    [
        ("http://www.w3.org/2000/09/xmldsig#enveloped-signature", "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        ("http://www.w3.org/2000/09/xmldsig#enveloped-signature", "http://www.w3.org/TR/1999/REC-xpath-19991116"),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        ("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"),
        ("http://www.w3.org/2001/04/xmlenc#sha256", ""),
    ],
)
def test_algorithms_that_are_not_accepted(known: str, other: str) -> None:
    assert known in XML
    assert "is not accepted" in refused(XML.replace(known, other)).detail


CANONICAL = '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'


@pytest.mark.parametrize(
    "xml",
    [
        pytest.param(XML.replace(CANONICAL, CANONICAL * 1500), id="transforms-in-a-row"),
        pytest.param(
            XML.replace(
                CANONICAL,
                CANONICAL.replace("/>", "><ec:InclusiveNamespaces xmlns:ec='http://www.w3.org/2001/10/xml-exc-c14n#'")
                + f' PrefixList="{" ".join(f"p{number}" for number in range(8000))}"/></ds:Transform>',
            ),
            id="prefixes",
        ),
        pytest.param(
            XML.replace("<samlp:Status>", f"<samlp:Status {' '.join(f'a{number}="x"' for number in range(8000))}>"),
            id="attributes",
        ),
    ],
)
def test_what_would_take_long_to_verify(xml: str) -> None:
    """Digests come before signatures: with some 200 KB anybody kept a processor busy for 20 seconds."""
    assert refused(xml).detail in (
        "the signature is made to take long",
        "the response has an element with too many attributes",
    )


def test_a_few_prefixes_are_usual() -> None:
    some = "<ec:InclusiveNamespaces xmlns:ec='http://www.w3.org/2001/10/xml-exc-c14n#' PrefixList='xs xsi'/>"
    Envelope.parse(encoded(XML.replace(CANONICAL, CANONICAL.replace("/>", f">{some}</ds:Transform>"))))


def test_an_encrypted_assertion_is_refused_with_what_to_do() -> None:
    encrypted = '<saml:EncryptedAssertion><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"/></saml:EncryptedAssertion>'
    assert "switch it off at the identity provider" in refused(XML.replace(ASSERTION, encrypted)).detail


@pytest.mark.parametrize("asked", ["", " ", "1", "a b", "x" * 200, "_é", "_1&quot;"])
def test_what_it_answers_is_an_id(asked: str) -> None:
    assert (
        refused(XML.replace('InResponseTo="ONELOGIN_1">', f'InResponseTo="{asked}">')).detail
        == "InResponseTo is malformed"
    )


def test_a_signed_response_around_a_signed_assertion_has_the_shape() -> None:
    assert Envelope.parse(encoded(sign(XML))).in_response_to == "ONELOGIN_1"
