from __future__ import annotations

import logging
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from vecgate.evidence.signing import public_key, signature_holds, signing_key


def test_a_key_is_made_once_for_its_owner_only_with_its_public_half_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "var" / "signing.pem"
    key = signing_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert signing_key(path).public == key.public
    assert public_key((tmp_path / "var" / "signing.pub.pem").read_bytes()) == key.public
    assert sorted(each.name for each in path.parent.iterdir()) == ["signing.pem", "signing.pub.pem"]


def test_a_key_that_others_can_read_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "signing.pem"
    signing_key(path)
    path.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        signing_key(path)
    assert "can be read by others" in caplog.text


@pytest.mark.parametrize("kind", ["rsa", "encrypted", "text"])
def test_what_is_no_plain_ed25519_key_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "signing.pem"
    rsa = generate_private_key(65537, 2048)
    plain, encoding = serialization.NoEncryption(), serialization.Encoding.PEM
    match kind:
        case "rsa":
            path.write_bytes(rsa.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain))
        case "encrypted":
            locked = serialization.BestAvailableEncryption(b"password")
            path.write_bytes(rsa.private_bytes(encoding, serialization.PrivateFormat.PKCS8, locked))
        case "text":
            path.write_text("not a key")
    with pytest.raises(ValueError, match=r"signing\.pem is not"):
        signing_key(path)


@pytest.mark.parametrize("signature", ["", "00", "zz", None, 7, "00" * 64])
def test_what_is_no_signature_does_not_hold(tmp_path: Path, signature: object) -> None:
    key = signing_key(tmp_path / "signing.pem")
    assert signature_holds(key.public, key.sign(b"data"), b"data")
    assert not signature_holds(key.public, key.sign(b"data"), b"date")
    assert not signature_holds(key.public, signature, b"data")
    assert not signature_holds(key.public, key.sign(b"data").upper(), b"data")
    assert not signature_holds(key.public, key.sign(b"data") + " ", b"data")
    assert not signature_holds(key.public.upper(), key.sign(b"data"), b"data")
    assert not signature_holds("no key", key.sign(b"data"), b"data")


def test_a_public_key_of_another_kind_is_refused() -> None:
    pem = (
        generate_private_key(65537, 2048)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(ValueError, match="Ed25519"):
        public_key(pem)
