"""Envelope: a SAML response as it was posted, taken apart but not yet believed.

What is checked here is the shape, before any signature is: python3-saml then reads the same tree. A response is more
regular than XML allows, and nearly every attack on service providers (signature wrapping, comments in names, entities,
transforms that compute) needs something that no identity provider sends. All of that is refused:

- markup declarations, comments, CDATA and processing instructions, whatever they are for;
- more than one assertion, wherever in the tree it stands, and anything encrypted;
- two elements with one id; a signature anywhere but at the response or the assertion;
- a signature with more than one reference, with one to anything but its parent, or with an algorithm not listed here;
- what makes canonicalization slow, which comes before the signature is known to be anybody's: transforms in a row, long
  lists of prefixes, elements with hundreds of attributes.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Self

from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from vecgate.errors import Refusal
from vecgate.reasons import Reason

MAX_XML: Final = 256 * 1024
"""Bytes of a response, decoded. Those of real providers have 5 to 20 KB; a thousand groups make 100."""
MOST_ATTRIBUTES: Final = 64
"""Of one element."""
MOST_PREFIXES: Final = 16
"""That a signature may count as used everywhere (`InclusiveNamespaces`)."""
SAML: Final = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SAMLP: Final = "{urn:oasis:names:tc:SAML:2.0:protocol}"
DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_XENC = "{http://www.w3.org/2001/04/xmlenc#}"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"

CANONICAL: Final = frozenset({_EXCLUSIVE, f"{_EXCLUSIVE}WithComments"})
TRANSFORMS: Final = CANONICAL | {"http://www.w3.org/2000/09/xmldsig#enveloped-signature"}
MOST_TRANSFORMS: Final = 2
"""The signature itself taken out, the rest made canonical."""
SIGNATURES: Final = frozenset(f"{_MORE}{kind}-sha{bits}" for kind in ("rsa", "ecdsa") for bits in (256, 384, 512))
DIGESTS: Final = frozenset(
    {
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "http://www.w3.org/2001/04/xmldsig-more#sha384",
        "http://www.w3.org/2001/04/xmlenc#sha512",
    }
)
ALGORITHMS: Final = {
    "CanonicalizationMethod": CANONICAL,
    "Transform": TRANSFORMS,
    "SignatureMethod": SIGNATURES,
    "DigestMethod": DIGESTS,
}
"""What each element of a signature may name as its `Algorithm`."""

_DECLARATION = re.compile(
    rb"""<\?xml version=["']1\.0["']( encoding=["'](?i:utf-8)["'])?( standalone=["']\w+["'])? ?\?>"""
)
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")
_IDS = frozenset({"ID", "Id", "id"})
"""In any namespace: xmlsec looks for a signature's target by the local name."""


def refuse(detail: str) -> Refusal:
    return Refusal(Reason.TOKEN_INVALID, detail)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A response of good shape. `in_response_to` is empty where the provider was not asked."""

    encoded: str = field(repr=False)
    in_response_to: str

    @classmethod
    def parse(cls, posted: str) -> Self:
        """Read the form field `SAMLResponse`. CPU-bound. Raises Refusal: `token_invalid`, `body_too_large`."""
        xml = _plain(_decode(posted))
        root = _tree(xml)
        _check_tree(root)
        return cls(base64.b64encode(xml).decode(), root.get("InResponseTo", ""))


def _decode(posted: str) -> bytes:
    text = re.sub(r"[ \t\r\n]", "", posted)
    if len(text) > MAX_XML * 4 // 3 + 4:
        raise Refusal(Reason.BODY_TOO_LARGE)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise refuse("the response is not base64") from error


def _plain(xml: bytes) -> bytes:
    """The document without its declaration: UTF-8, and nothing but elements and text. Raises Refusal."""
    body = xml[found.end() :] if (found := _DECLARATION.match(xml)) else xml
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise refuse("the response is not UTF-8") from error
    if b"<!" in body or b"<?" in body or b"\x00" in body:
        raise refuse("the response has a declaration, a comment, CDATA or an instruction")
    return body


def _tree(xml: bytes) -> Any:
    """The root element. Raises Refusal."""
    try:
        return OneLogin_Saml2_XML.to_etree(xml)
    except Exception as error:  # lxml's, and python3-saml's own for what it forbids
        raise refuse("the response is not XML") from error


def _check_tree(root: Any) -> None:
    if root.tag != f"{SAMLP}Response":
        raise refuse("there is no SAML response")
    if root.find(f".//{SAML}EncryptedAssertion") is not None or next(root.iter(f"{_XENC}*"), None) is not None:
        raise refuse("the response is encrypted, which is not supported: switch it off at the identity provider")
    assertions = list(root.iter(f"{SAML}Assertion"))
    if len(assertions) > 1 or any(each.getparent() is not root for each in assertions):
        raise refuse("the response has more than one assertion, or one in the wrong place")
    if any(len(each.attrib) > MOST_ATTRIBUTES for each in root.iter()):
        raise refuse("the response has an element with too many attributes")
    _check_ids(root)
    signed = [signature.getparent() for signature in root.iter(f"{DS}Signature")]
    if any(parent is not root and parent not in assertions for parent in signed) or len(set(signed)) < len(signed):
        raise refuse("the response has a signature in the wrong place")
    for signature in root.iter(f"{DS}Signature"):
        _check_signature(signature)


def _check_ids(root: Any) -> None:
    found = list(_ids(root))
    if len(set(found)) < len(found) or not all(_ID.fullmatch(each) for each in found):
        raise refuse("the response has an id twice, or one that is none")
    asked = root.get("InResponseTo")
    if asked is not None and not _ID.fullmatch(asked):
        raise refuse("InResponseTo is malformed")


def _ids(root: Any) -> Iterator[str]:
    for element in root.iter():
        yield from (value for name, value in element.attrib.items() if name.rpartition("}")[2] in _IDS)


def _check_signature(signature: Any) -> None:
    if any(child.tag not in (f"{DS}SignedInfo", f"{DS}SignatureValue", f"{DS}KeyInfo") for child in signature):
        raise refuse("the signature has parts that are not understood")
    references = list(signature.iter(f"{DS}Reference"))
    if len(references) != 1 or references[0].get("URI") != f"#{signature.getparent().get('ID')}":
        raise refuse("the signature is not about what it stands in")
    prefixes = [prefix for each in signature.iter(f"{{{_EXCLUSIVE}}}InclusiveNamespaces") for prefix in _prefixes(each)]
    if len(prefixes) > MOST_PREFIXES or len(list(signature.iter(f"{DS}Transform"))) > MOST_TRANSFORMS:
        raise refuse("the signature is made to take long")
    for name, allowed in ALGORITHMS.items():
        found = [element.get("Algorithm") for element in signature.iter(DS + name)]
        if not found or not allowed.issuperset(found):
            raise refuse(f"the signature's {name} is not accepted")


def _prefixes(inclusive: Any) -> list[str]:
    listed: str = inclusive.get("PrefixList", "")
    return listed.split()
