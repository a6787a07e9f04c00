"""`vecgate doctor`: exit 0 when nothing failed, 1 when something did, 2 for a configuration that is not valid."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.cli import run
from tests.support.configs import HEAD, write

from vecgate.demo.processes import free_port
from vecgate_chroma import ChromaDialect

IDENTITY = "identity: {issuers: [{issuer: 'https://i/', audience: v, jwks: 'file:jwks.json'}]}\n"
KEY = (
    '{"keys": [{"kty": "EC", "crv": "P-256", "kid": "a", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", '
    '"y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}'
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A database that nobody serves."""
    (tmp_path / "jwks.json").write_text(KEY)
    return write(tmp_path, HEAD.replace("8000", str(free_port())) + IDENTITY)


def test_each_thing_is_looked_at_by_itself(config: Path) -> None:
    code, out, err = run("doctor", "-c", config)
    assert code == 1
    assert [line.split(":")[0] for line in out.splitlines()[:-1]] == [
        "ok   vecgate",
        "ok   identity.issuers[0]",
        "ok   state.url",
        "ok   evidence.directory",
    ]
    assert out.splitlines()[-1] == "5 checks, 1 failed, 0 warnings"
    assert [line.split(" ")[0] for line in err.splitlines()] == ["FAIL"]
    assert "The database does not answer." in err


def test_json_is_one_document(config: Path) -> None:
    found = run("doctor", "-c", config, "--json")
    assert (found.code, found.document["healthy"], len(found.document["checks"])) == (1, False, 5)
    assert {each["status"] for each in found.document["checks"]} == {"good", "failure"}


def test_an_issuer_without_keys_does_not_hide_the_rest(config: Path) -> None:
    (config.parent / "jwks.json").write_text('{"keys": []}')
    _, _, err = run("doctor", "-c", config)
    assert "identity.issuers[0]: https://i/ has no key that can be used" in err
    (config.parent / "jwks.json").unlink()
    _, out, err = run("doctor", "-c", config)
    assert "No such file" in err
    assert "state.url" in out


def test_what_cannot_be_written_is_named(config: Path) -> None:
    config.write_text(
        config.read_text() + "state: {url: 'sqlite:///jwks.json/s.db'}\nevidence: {directory: jwks.json}\n"
    )
    _, _, err = run("doctor", "-c", config)
    assert "FAIL state.url" in err
    assert "FAIL evidence.directory" in err


def test_what_fails_in_a_plugin_is_one_failure_and_quotes_nothing(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def probes(*asked: object) -> None:
        raise ValueError("canary")

    monkeypatch.setattr(ChromaDialect, "probes", probes)
    code, out, err = run("doctor", "-c", config)
    assert (code, err) == (1, "FAIL connections.docs: it cannot be examined: ValueError\n")
    assert "canary" not in out + err


def test_the_address_of_keys_is_told_without_its_query(config: Path) -> None:
    """There are issuers whose addresses carry a credential."""
    text = config.read_text().replace("'file:jwks.json'", f"'https://127.0.0.1:{free_port()}/keys?token=canary'")
    config.write_text(text)
    _, out, err = run("doctor", "-c", config)
    assert "FAIL identity.issuers[0]: https://i/ tells no keys: https://127.0.0.1:" in err
    assert "canary" not in out + err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--enclosed", "other"], "there is no connection other; known: docs"),
        (["--token-file", "nowhere"], "--token-file: nowhere: No such file"),
        (["--token-file", "{empty}"], "not a token"),
    ],
)
def test_wrong_use(arguments: list[str], says: str, config: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    code, _, err = run("doctor", "-c", config, *(each.format(empty=tmp_path / "empty") for each in arguments))
    assert (code, says in err) == (2, True)


def test_an_invalid_configuration_is_not_examined(tmp_path: Path) -> None:
    assert run("doctor", "-c", write(tmp_path, HEAD + "polcy: {}")).code == 2
