"""Pins: the versions and the very functions of mitmproxy that this package was written against.

`verify()` refuses to start on anything else. Each pin is the SHA-256 of a function's or class's source text as it
stands in the installed file, so that it holds whether or not the function has been patched since. To move to another
version, read what changed, then take the new values from `python -m vecgate.serve.pins`.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from vecgate.errors import VecgateError

MITMPROXY = "12.3.1"
H2 = (4, 3)
"""CVE-2025-57804: earlier versions let CR LF through in HTTP/2 headers."""

PINS: Mapping[str, Mapping[str, str]] = {
    "mitmproxy.proxy.layers.http": {
        "validate_request": "e7cec257ce91b7c58f5a7723d9cce1b81c46062a3baf9ae1dfda046345dcde06",
        "GetHttpConnection": "1d21984f951d672b65af26d4cbf4c760b91ac3db0d1b3379e41e18489d912230",
        "SendHttp": "dcd8f21f74dccaef2b9fdf19229f0546684c416db4490e9254decb8d03f26c06",
        "HttpStream": "baaac4f7cdb36a3261b14212068d5c1456ed7f6c02b41660bc48f9c3713b2de6",
        "HttpLayer": "8da4a8a48e637b880eae64878f8e0a4b554421fb2bcb1be3dae0ae0015e92763",
        "HttpClient": "8401d422afdaff15ad42025aa0f2c16befa51a6e0e1942d4fc3b9850cf144a42",
    },
    "mitmproxy.proxy.layers.http._http1": {
        "Http1Connection": "c0675638b0756013f375f5882d8fa4df3707c65d454884f267be74ffedca7973",
        "Http1Server": "cc8428d0bb6f79a5e1c7c3d4e51942417927368cb7000740fc31ea6777ed833e",
        "Http1Client": "706b7a68f280992931f867de2e0d95f5946beb6fd88edbcc35d38a63cca6509b",
        "make_body_reader": "9b076acda459637bde527694ba13bd723cb29ced1bb08e2673b9e4c64eca2471",
        "make_error_response": "03ce75ab62e8e78ba1bc19e735d55a520bf878929c32866868dd234996b4b281",
    },
    "mitmproxy.proxy.layers.http._http2": {
        "Http2Connection": "2aab9ba553a3721cf9e72266d51a6ea0f472c9fb288c61c62c1db15de7d17e01",
        "Http2Server": "97aac4eab18a029452251ff4b9891ba4a237aa48ce51ce102eee39c71646cc67",
        "Http2Client": "a113056f7d2beb2ffb0e8438ce1f62637308a75f5dc39067c62ecb49eb0ae77b",
        "format_h2_request_headers": "0bbc986d90823fbed50d0aa9fba3b4e6f051ef5c58cda705cda419771254c39b",
        "format_h2_response_headers": "c61b5fbe92c70646996d2504070f3257f215242523cebead3126c83f90133895",
        "parse_h2_request_headers": "464eb8bb2fd7cae5737c1ae85e3751d50fc4fc8f19de8f73874d7fb55589dbdf",
    },
    "mitmproxy.proxy.layers.http._http_h2": {
        "BufferedH2Connection": "c085c1abb1f4c4773493776ec1c881d7cccc0595cb62839cfac2797ec148f74c",
    },
    "mitmproxy.proxy.layers.http._events": {
        "ErrorCode": "b0ab2fe20d6fbbb788c769d5ea8a2a67fc508ef66316e75710b00b74dca2bc8f",
    },
    "mitmproxy.proxy.layer": {
        "Layer": "e98dedd896fb7cd214af813f4e3fa335dba558bdadef9adfcd410fbd352da351",
        "NextLayer": "3cbcbafad282cba324db738bc8cbcaa12100b56cfbc4cee89634a636cbbfae5a",
    },
    "mitmproxy.proxy.layers.modes": {
        "DestinationKnown": "d2e8fcf6359c592a5b287d0dce0224934b497cb50c3135957edc63f8abcd7978",
        "ReverseProxy": "42407c2beaa5defcefd6a11cecaa254e5ec141fdb3201f9b151b04fd7b27473b",
    },
    "mitmproxy.proxy.layers.tls": {
        "TLSLayer": "c52e04ed2c4167490e6f6bd4786ad0b98e82a1091f8555abab6fb2d95ad40805",
        "ClientTLSLayer": "b76248ba39a93ae9ecd5053fdeac6806607c5f5eafcb1ede8a8ce6590924c426",
        "ServerTLSLayer": "8666fc7667d70e2381575918dbe3f329e3d0cc88fb26c63d7d761a1181c20abe",
    },
    "mitmproxy.proxy.tunnel": {
        "TunnelLayer": "a0a2a31af17dfacb2e3f435cb7daa545491ea8c16319596a9371f4ace38cbd54",
    },
    "mitmproxy.proxy.server": {
        "ConnectionHandler": "f7209a1273f3da94a071ff5c120574ebd88bf7115d2b7d91ea2193e78afa457d",
    },
    "mitmproxy.proxy.mode_servers": {
        "ProxyConnectionHandler": "10e340d70b3f23d9485a3585a71b1252d52971c1cdd5c924db1baad96f91503a",
        "ServerInstance": "21bd9c36cca39b6108dbcd0403f6688a9602a0d1854214421bfe2a69ed413cac",
        "AsyncioServerInstance": "d565bfefd6af81fe3940e526cdee48bd121f63c607184e7faeba5928f9eb8144",
    },
    "mitmproxy.addonmanager": {
        "AddonManager": "6be8dc580f5c66bf3736170276cc4baf705578616ac379ae574d4120f44242de",
        "traverse": "bad3d9f88bdf9269a3a1380948222f64da429fcfa2801a38bbed467289d7bd60",
        "safecall": "e38193315a805284dedc07e5a1faa9c230049ae21f5f49ee823f39d69d880d4c",
    },
    "mitmproxy.addons.next_layer": {
        "NextLayer": "02714dcb0ce057dfe2c34a856ba1d16270a10484e9b5d2fb0fcd4922323dadca",
    },
    "mitmproxy.addons.tlsconfig": {
        "TlsConfig.tls_start_client": "d3093c897eeafc2fb7306d53250f9159b43e94575fb0d6ea352d31f5b0eeae7b",
        "TlsConfig.tls_start_server": "2e2dc9c25670cf646b0473ac4dd043dfb06b1ee2a1f58879e484d112acc0a55a",
    },
    "mitmproxy.addons.clientplayback": {
        "MockServer": "5a67b2aa6117b9a8c727f102c8c0241c03fa338273b045b4b3676c6ba8763707",
        "ReplayHandler": "cd1e8cb11b101810ce25951eb353184b9f6665a1ba51e7fd22a97318d62f9fc5",
    },
    "mitmproxy.coretypes.multidict": {
        "MultiDict": "c5fd61b78bd9a2e72402595f9abf32a82031560aba6fecaed382acd71b527eac",
        "_MultiDict": "fce5ae993af6fbff845362223db48a7e7e350e292441d39293659e88545136d4",
    },
    "mitmproxy.http": {
        "Headers": "947aa0298abd401078c9e730678f08255c6b060f5ee239e7cc0c8e3b9c69ea70",
        "MessageData": "b96ef4eb5f3cc7c16ff81e03c5f10f06801d9b7f8f727ebf2c8787cb36e09108",
        "RequestData": "315176dba2e5065f67fa750c18c309072a4cd588eff4198695aca799ccd718a9",
        "ResponseData": "6133e3a9b97e38865dccc84e5e9506b349a533d71dff73379805ec56c8a647bc",
    },
    "mitmproxy.hooks": {
        "Hook.args": "5bab95f7aa358e18cbc06abdb02a4d0a1e71274032d765285706a54e5cb2d965",
    },
    "mitmproxy.net.http.url": {
        "parse_authority": "d8338265c05d8491a36f4c60b4a71d1c305641b0886cb2c47d10b4cc9b106a25",
    },
    "mitmproxy.net.http.validate": {
        "validate_headers": "e7647a94704363e70ef4ebf60dd52e0001ed73c088df683fd0227eea2ab123e3",
    },
    "mitmproxy.net.http.http1.read": {
        "expected_http_body_size": "bf258f07286cf770c6fa0b4c3e4b14588f90937a853c771f1aa42b7662c73294",
        "read_request_head": "d7a54f7078584448c264b34320e3589d17868bcd1115aa0f6b69d62f0e5fbf82",
    },
    "mitmproxy.net.http.http1.assemble": {
        "assemble_request_head": "e034304c8d8989d1aea0bc0171c9604af4974cf14f294f5505a6e466f5bc47ae",
        "assemble_response_head": "ce2b0b0a77f3d7e06eb33affb42991460acb22e1f793da224f8982ec0926fcd1",
    },
    "mitmproxy.flow": {
        "Flow": "430fd848161b4ab85c6a1c928c09fb1c4a6df44da03e04d4abf6f2560a8f67dd",
    },
    "mitmproxy.optmanager": {
        "OptManager.rollback": "a91ca65edbd970f49bf38e1ba068b9df61877ac0c97a1e743c3c34f92b7b34d0",
    },
    "mitmproxy.master": {
        "Master": "e466d3e6ff5956c35759a328649cd6a6640adec78f1038393b588ff86cee438c",
    },
}
"""Module → qualified name → digest: everything that is replaced, wrapped, subclassed or relied on."""


class Unpinned(VecgateError):
    """The installed mitmproxy or h2 is not the one this was written against."""


def verify() -> None:
    """Raises Unpinned naming what differs."""
    if (found := version("mitmproxy")) != MITMPROXY:
        raise Unpinned(f"mitmproxy {MITMPROXY} is needed, {found} is installed")
    if tuple(int(part) for part in version("h2").split(".")[:2]) < H2:
        raise Unpinned(f"h2 {'.'.join(map(str, H2))} or later is needed, {version('h2')} is installed")
    if changed := sorted(different()):
        raise Unpinned(f"mitmproxy differs from the {MITMPROXY} that was read: {', '.join(changed)}")


def different() -> Iterator[str]:
    """What is pinned and not as it was, as `module:qualified.name`."""
    for module, names in PINS.items():
        yield from (f"{module}:{name}" for name, expected in names.items() if source_digest(module, name) != expected)


def source_digest(module: str, name: str) -> str:
    """SHA-256 of the source of one definition, decorators left out; an empty text if there is no such thing."""
    found: ast.AST | None = _tree(module)
    for part in name.split("."):
        children: list[ast.AST] = getattr(found, "body", [])
        found = next((child for child in children if getattr(child, "name", None) == part), None)
    if not isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return ""
    return hashlib.sha256("".join(_lines(module)[found.lineno - 1 : found.end_lineno]).encode()).hexdigest()


@cache
def _lines(module: str) -> list[str]:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).read_text("utf-8").splitlines(keepends=True)


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse("".join(_lines(module)))


if __name__ == "__main__":
    for pinned_module, pinned_names in PINS.items():
        for pinned in pinned_names:
            print(f'"{pinned_module}" "{pinned}": "{source_digest(pinned_module, pinned)}"')
