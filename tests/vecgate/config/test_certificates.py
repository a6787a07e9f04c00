"""What certificates cannot be configured to mean."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.configs import loaded

from vecgate.errors import ConfigError

TLS = {
    "plain": "",
    "open": ", tls: {certificate: c, key: k}",
    "one": ", tls: {certificate: c, key: k, client_ca: a}",
    "two": ", tls: {certificate: c, key: k, client_ca: a}",
    "else": ", tls: {certificate: c, key: k, client_ca: b}",
}
CONNECTIONS = "".join(
    f"  - {{name: {name}, dialect: chroma, listen: '127.0.0.1:{port}', upstream: 'http://127.0.0.1:8000'{tls}}}\n"
    for port, (name, tls) in enumerate(TLS.items(), 6010)
)
HEAD = f"""\
version: 1
connections:
{CONNECTIONS}
identity:
  issuers: [{{issuer: "https://idp.example/", audience: vecgate}}]
  certificates:
"""
ENTRY = "    - {issuer: 'urn:pki', connections: [one], name: uri}\n"


@pytest.mark.parametrize(
    ("entries", "key", "message"),
    [
        ("    - {issuer: 'urn:pki', connections: [one], name: upn}", "[0].name", "must be uri, dns, email, cn or dn"),
        ("    - {issuer: 'urn:pki', connections: [], name: uri}", "[0].connections", "must not be empty"),
        ("    - {issuer: 'urn:pki', name: uri}", "[0].connections", "is required"),
        (
            "    - {issuer: 'urn:pki', connections: [one], name: uri, groups_from: [l]}",
            "[0].groups_from[0]",
            "must be o or ou",
        ),
        (
            "    - {issuer: 'urn:pki', connections: [ones], name: uri}",
            "[0].connections[0]",
            "no connection has this name; did you mean one?",
        ),
        (
            "    - {issuer: 'urn:pki', connections: [plain], name: uri}",
            "[0].connections[0]",
            "plain verifies no certificates: give it tls with client_ca",
        ),
        (
            "    - {issuer: 'urn:pki', connections: [open], name: uri}",
            "[0].connections[0]",
            "open verifies no certificates: give it tls with client_ca",
        ),
        (
            "    - {issuer: 'urn:pki', connections: [one, two, else], name: uri}",
            "[0].connections[2]",
            "trusts other CAs than the connections before it: give each an entry of its own",
        ),
        (
            ENTRY + "    - {issuer: 'urn:b', connections: [two, one], name: cn}",
            "[1].connections[1]",
            "one takes certificates by identity.certificates[0] already",
        ),
        (
            "    - {issuer: 'urn:pki', connections: [one, one], name: cn}",
            "[0].connections[1]",
            "one takes certificates by identity.certificates[0] already",
        ),
        (
            "    - {issuer: 'my pki', connections: [one], name: uri}",
            "[0].issuer",
            "write a URI of your own, without blanks",
        ),
        (
            '    - {issuer: "urn:pki", connections: [one], name: cn, groups: {g: [x, "cafe\u0301"]}}',
            "[0].groups.g[1]",
            "is not in Unicode normal form C, so that nothing can match it",
        ),
    ],
    ids=[
        "name",
        "no connections",
        "connections",
        "attribute",
        "unknown",
        "plain",
        "no client CA",
        "other CAs",
        "taken",
        "taken by itself",
        "blank",
        "normal form",
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, entries: str, key: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, "", HEAD + entries)
    assert [(found.key, found.message) for found in caught.value.findings] == [(f"identity.certificates{key}", message)]


def test_connections_that_trust_the_same_cas_share_an_entry(tmp_path: Path) -> None:
    entries = (
        "    - {issuer: 'urn:pki', connections: [one, two], name: uri}\n"
        "    - {issuer: 'urn:b', connections: [else], name: cn, groups: {jobs: [ingest]}, groups_from: [ou]}\n"
    )
    identity = loaded(tmp_path, "", HEAD + entries).config.identity
    assert identity.known == {"https://idp.example/", "urn:pki", "urn:b"}
