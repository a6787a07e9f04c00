"""What a certificate says, read from certificates that an authority really signed."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from tests.support.certificates import Authority

from vecgate.identity.certificate import Certificate


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"), "own")


def test_every_name_is_read_in_its_own_spelling(authority: Authority) -> None:
    issued = authority.client(
        "ingest",
        x509.UniformResourceIdentifier("spiffe://example.org/ingest"),
        x509.DNSName("ingest.example.org"),
        x509.RFC822Name("ingest@example.org"),
        x509.RegisteredID(NameOID.COMMON_NAME),
        subject={NameOID.ORGANIZATION_NAME: "Example", NameOID.ORGANIZATIONAL_UNIT_NAME: ["Data", "Jobs"]},
    )
    own = issued.read()
    read = Certificate.read([own])
    assert dict(read.names) == {
        "cn": (),
        "o": ("Example",),
        "ou": ("Data", "Jobs"),
        "dn": ("OU=Jobs,OU=Data,O=Example",),
        "uri": ("spiffe://example.org/ingest",),
        "dns": ("ingest.example.org",),
        "email": ("ingest@example.org",),
    }
    assert base64.urlsafe_b64decode(read.thumbprint + "=") == own.fingerprint(SHA256())
    assert read.fingerprint == own.fingerprint(SHA256()).hex()[:16]
    assert int(read.serial, 16) == own.serial_number
    assert read.claims()["ou"] == ["Data", "Jobs"]
    assert read.claims()["x5t#S256"] == read.thumbprint


def test_a_certificate_without_names_says_none(authority: Authority) -> None:
    read = Certificate.read([authority.client("nobody", subject={}).read()])
    assert {values for _, values in read.names} == {()}


def test_it_ends_with_the_first_of_its_chain(authority: Authority, tmp_path: Path) -> None:
    own, ca = (
        authority.client("long", seconds=7200).read(),
        x509.load_pem_x509_certificate(authority.certificate.read_bytes()),
    )
    assert Certificate.read([own]).expires == own.not_valid_after_utc.timestamp()
    assert Certificate.read([own, ca]).expires == ca.not_valid_after_utc.timestamp()
