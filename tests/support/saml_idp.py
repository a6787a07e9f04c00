"""A real SAML 2.0 identity provider (pysaml2 and xmlsec1) over HTTP, which can also be made to lie.

GET  /metadata   its metadata
GET  /sso        HTTP-Redirect binding; a login form, where any password is good. With `login=alice` in the query there
                 is no form, and `fault=NAME` makes the response wrong in that way
POST /sso        the form; answers with the page that posts the response to the service provider
GET  /start      a login that begins here, with the same query

It knows the service provider whose metadata lies in its folder as `sp.xml`. As a program: saml_idp.py PORT FOLDER.
"""

from __future__ import annotations

import base64
import contextlib
import html
import re
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ACCOUNTS: Mapping[str, list[str]] = {"alice": ["eng", "admins"], "bob": ["sales"]}
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
FORM = """<!doctype html><title>Identity provider</title><form method="post" action="/sso">{fields}
<input name="login" aria-label="Name"><input name="password" type="password" aria-label="Password">
<button>Log in</button></form>"""
POST_FORM = """<!doctype html><body onload="document.forms[0].submit()"><form method="post" action="{action}">
<input type="hidden" name="SAMLResponse" value="{response}"><input type="hidden" name="RelayState" value="{relay}">
<noscript><button>Continue</button></noscript></form></body>"""


class Xml:
    """A response with its signed assertion, to be taken apart."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.assertion = self._element("Assertion")
        self.signature = self._element("Signature")

    def _element(self, name: str) -> str:
        found = re.search(rf"<(\w+:{name}) .*?</\1>", self.text, re.DOTALL)
        return found[0] if found else ""

    @property
    def forged(self) -> str:
        """An unsigned assertion about somebody else."""
        bare = self.assertion.replace(self.signature, "").replace('ID="', 'ID="forged-', 1)
        return bare.replace("@example.org", "@evil.example")

    def with_assertion(self, text: str) -> str:
        return self.text.replace(self.assertion, text)


AFTERWARDS: Mapping[str, Callable[[Xml], str]] = {
    "tampered": lambda xml: xml.text.replace("alice@", "root@"),
    "unsigned": lambda xml: xml.text.replace(xml.signature, ""),
    "forged-in-front": lambda xml: xml.with_assertion(xml.forged + xml.assertion),
    "forged-behind": lambda xml: xml.with_assertion(xml.assertion + xml.forged),
    "forged-around": lambda xml: xml.with_assertion(
        re.sub(r"(<\w+:Subject>)", rf"{xml.assertion}\1", xml.forged, count=1)
    ),
    "signature-moved": lambda xml: xml.with_assertion(
        re.sub(r"(</\w+:Issuer>)", rf"\1{xml.signature}", xml.forged, count=1)
    ),
    "comment": lambda xml: xml.text.replace("alice@example.org", "alice@example.org<!-- -->.evil.example"),
    "dtd": lambda xml: '<!DOCTYPE x [<!ENTITY e "root@example.org">]>' + re.sub(r"^<\?xml.*?\?>\s*", "", xml.text),
}
"""What somebody between the provider and the gateway would do; the signature is the provider's own."""
BEFOREHAND = ("audience", "expired", "recipient", "asked", "transient")
"""What a provider that is mistaken, or serves somebody else, signs itself."""
FAULTS = (*BEFOREHAND, *AFTERWARDS)


class IdentityProvider:
    def __init__(self, base: str, folder: Path) -> None:
        self.base, self.folder = base, folder

    @cached_property
    def config(self) -> Any:
        from saml2 import BINDING_HTTP_REDIRECT
        from saml2.config import IdPConfig

        sp = self.folder / "sp.xml"
        service = {
            "endpoints": {"single_sign_on_service": [(f"{self.base}/sso", BINDING_HTTP_REDIRECT)]},
            "policy": {
                "default": {
                    "lifetime": {"minutes": 5},
                    "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:basic",
                }
            },
        }
        return IdPConfig().load(
            {
                "entityid": f"{self.base}/metadata",
                "service": {"idp": service},
                "key_file": str(self.folder / "key.pem"),
                "cert_file": str(self.folder / "certificate.pem"),
                "xmlsec_binary": shutil.which("xmlsec1"),
                "metadata": {"local": [str(sp)]} if sp.exists() else {},
                "allow_unknown_attributes": True,
            }
        )

    @cached_property
    def server(self) -> Any:
        """Made at the first login, when the service provider is known."""
        from saml2.server import Server

        self.__dict__.pop("config", None)
        return Server(config=self.config)

    def metadata(self) -> str:
        from saml2.metadata import entity_descriptor

        return str(entity_descriptor(self.config))

    def asked(self, query: Mapping[str, str]) -> dict[str, Any]:
        """What a request asks for: its id, where to answer, and who asks."""
        from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT

        parsed = self.server.parse_authn_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT)
        return dict(self.server.response_args(parsed.message, [BINDING_HTTP_POST]))

    def unasked(self) -> dict[str, Any]:
        from saml2 import BINDING_HTTP_POST

        (entity,) = self.server.metadata.service_providers()
        services = self.server.metadata.assertion_consumer_service(entity, BINDING_HTTP_POST)
        return {"in_response_to": None, "destination": services[0]["location"], "sp_entity_id": entity}

    def response(self, login: str, to: Mapping[str, Any], fault: str = "") -> str:
        """The response's XML, its assertion signed (RSA-SHA256)."""
        from saml2.saml import NameID

        policy = self.server.config.getattr("policy", "idp")
        lifetime = policy.get_lifetime
        if fault == "expired":
            policy.get_lifetime = lambda *_, **__: {"minutes": -60}
        try:
            xml = str(
                self.server.create_authn_response(
                    {"mail": [f"{login}@example.org"], "groups": ACCOUNTS.get(login, [])},
                    in_response_to="_another" if fault == "asked" else to["in_response_to"],
                    destination="http://127.0.0.1:1/acs" if fault == "recipient" else to["destination"],
                    sp_entity_id="urn:somebody-else" if fault == "audience" else to["sp_entity_id"],
                    name_id=NameID(
                        format=TRANSIENT if fault == "transient" else PERSISTENT, text=f"{login}@example.org"
                    ),
                    authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": self.base},
                    sign_assertion=True,
                    sign_response=False,
                    sign_alg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                    digest_alg="http://www.w3.org/2001/04/xmlenc#sha256",
                )
            )
        finally:
            policy.get_lifetime = lifetime
        return AFTERWARDS[fault](Xml(xml)) if fault in AFTERWARDS else xml


def application(provider: IdentityProvider) -> Any:
    from urllib.parse import parse_qsl

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, Response
    from starlette.routing import Route

    async def metadata(request: Request) -> Response:
        return Response(provider.metadata(), media_type="application/samlmetadata+xml")

    async def sso(request: Request) -> Response:
        values = {**request.query_params, **dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))}
        if "login" not in values:
            hidden = (
                f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
                for name, value in values.items()
            )
            return HTMLResponse(FORM.format(fields="".join(hidden)))
        return answer(values, provider.asked(values))

    async def start(request: Request) -> Response:
        return answer(dict(request.query_params), provider.unasked())

    def answer(values: Mapping[str, str], to: Mapping[str, Any]) -> Response:
        xml = provider.response(values["login"], to, values.get("fault", ""))
        encoded = base64.b64encode(xml.encode()).decode()
        relay, action = html.escape(values.get("RelayState", "")), html.escape(to["destination"])
        return HTMLResponse(POST_FORM.format(action=action, response=encoded, relay=relay))

    return Starlette(
        routes=[
            Route("/metadata", metadata),
            Route("/sso", sso, methods=["GET", "POST"]),
            Route("/start", start),
        ]
    )


class Running:
    """A provider that runs as a process, seen by a test."""

    def __init__(self, base: str, folder: Path) -> None:
        self.base, self.folder = base, folder

    @property
    def issuer(self) -> str:
        return f"{self.base}/metadata"

    def know(self, metadata: str) -> None:
        """Tell it about the service provider, before the first login."""
        (self.folder / "sp.xml").write_text(metadata)

    def post(self, address: str, **query: str) -> tuple[str, dict[str, str]]:
        """What its page would have a browser post for a request's address: where, and the fields."""
        import httpx

        found = httpx.get(f"{address}{'&' if '?' in address else '?'}{urlencode(query)}", trust_env=False, timeout=20)
        found.raise_for_status()
        action = re.search(r'action="([^"]+)"', found.text)
        assert action is not None
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', found.text))
        return html.unescape(action[1]), {name: html.unescape(value) for name, value in fields.items()}


@contextlib.contextmanager
def saml_idp(folder: Path) -> Iterator[Running]:
    """Its name is `localhost`: another site than the gateway's, for browsers."""
    from tests.support.saml import signing_key
    from vecgate.demo.processes import free_port, running

    folder.mkdir(parents=True)
    made = signing_key()
    (folder / "key.pem").write_text(made.key)
    (folder / "certificate.pem").write_text(made.certificate)
    port = free_port()
    base = f"http://localhost:{port}"
    command = [sys.executable, str(Path(__file__).absolute()), str(port), str(folder)]
    with running("the identity provider", command, f"http://127.0.0.1:{port}/metadata", folder / "log"):
        yield Running(base, folder)


def main(port: int, folder: Path) -> None:
    import uvicorn

    warnings.simplefilter("ignore")
    uvicorn.run(application(IdentityProvider(f"http://localhost:{port}", folder)), port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
