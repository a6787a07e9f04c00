from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.cli import run
from tests.support.configs import HEAD, write

from vecgate.config.load import load
from vecgate.issuer.issuer import Issuer
from vecgate.issuer.open import open_issuer

OWN = 'identity: {own: {issuer: "https://vecgate.test"}}\ncontrol: {listen: "127.0.0.1:6099"}\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write(tmp_path, HEAD + OWN)


def running(config: Path) -> Issuer:
    loaded = load(config)
    issuer = open_issuer(loaded.config, loaded.base)
    assert issuer is not None
    return issuer


def test_a_rotation_reaches_a_gateway_that_runs_and_keeps_the_old_key(config: Path) -> None:
    gateway = running(config)
    before = gateway.ring.signer().kid
    found = run("issuer", "rotate", "-c", config, "--json").document["keys"]
    assert [key["kid"] for key in found] == [gateway.ring.signer().kid, before]
    assert [key["until"] is None for key in found] == [True, False]
    assert run("issuer", "keys", "-c", config, "--json").document["keys"] == found
    assert [key["kid"] for key in gateway.jwks()["keys"]] == [key["kid"] for key in found]


def test_old_keys_can_be_forgotten(config: Path) -> None:
    running(config)
    code, out, _ = run("issuer", "rotate", "-c", config, "--forget")
    assert (code, len(out.splitlines())) == (0, 1)


def test_nothing_private_is_shown(config: Path) -> None:
    running(config)
    shown = run("issuer", "rotate", "-c", config).out + run("issuer", "keys", "-c", config, "--json").out
    private = (config.parent / "var" / "vecgate" / "issuer.jwks").read_text().partition('"d":"')[2][:43]
    assert private
    assert private not in shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no issuer of its own"),
        (OWN, "the first start makes them"),
        (OWN + 'state: {url: "memory:"}\n', "where they are kept"),
        ('identity: {own: {issuer: "https://vecgate.test", keys: "env:RING"}}\n', "where they are kept"),
    ],
)
def test_what_cannot_be_rotated_is_said_and_left_alone(tmp_path: Path, text: str, said: str) -> None:
    code, out, err = run("issuer", "rotate", "-c", write(tmp_path, HEAD + text))
    assert (code, out) == (2, "")
    assert said in err


def test_broken_keys_are_an_error(config: Path) -> None:
    running(config)
    (config.parent / "var" / "vecgate" / "issuer.jwks").write_text("{")
    code, _, err = run("issuer", "rotate", "-c", config)
    assert code == 2
    assert "cannot be rotated: not JSON" in err
