"""Opening the issuer: where its keys lie, and what stops the start."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.support.configs import loaded
from tests.support.tokens import ec

from vecgate.errors import ConfigError
from vecgate.issuer.issuer import Issuer
from vecgate.issuer.open import open_issuer


def opened(folder: Path, own: str = "", state: str = "sqlite:///var/state.db") -> Issuer:
    text = f"""
        identity: {{own: {{issuer: "https://vecgate.test"{own}}}}}
        state: {{url: "{state}"}}
        control: {{listen: "127.0.0.1:6099"}}
        """
    made = loaded(folder, text)
    issuer = open_issuer(
        made.config, made.base, lambda reference: "no JWK set, but canary" if ":" in reference else None
    )
    assert issuer is not None
    return issuer


def test_keys_lie_beside_the_state(tmp_path: Path) -> None:
    opened(tmp_path)
    assert (tmp_path / "var" / "issuer.jwks").exists()


def test_or_where_configuration_says(tmp_path: Path) -> None:
    opened(tmp_path, ', keys: "file:keys/own.jwks"')
    assert (tmp_path / "keys" / "own.jwks").exists()
    assert not (tmp_path / "var").exists()


def test_or_in_the_process_with_state_in_memory(tmp_path: Path) -> None:
    first = opened(tmp_path, state="memory:")
    assert first.ring is opened(tmp_path, state="memory:").ring
    assert [path.name for path in tmp_path.iterdir()] == ["vecgate.yaml"]


def test_or_where_a_reference_leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RING", msgspec.json.encode({"keys": [ec("given").as_dict(private=True)]}).decode())
    assert opened(tmp_path, ', keys: "env:RING"').jwks()["keys"][0]["kid"] == "given"


def test_without_an_own_issuer_nothing_is_made(tmp_path: Path) -> None:
    made = loaded(tmp_path, "")
    assert open_issuer(made.config, made.base) is None
    assert [path.name for path in tmp_path.iterdir()] == ["vecgate.yaml"]


@pytest.mark.parametrize(
    ("own", "said"), [(', keys: "vault:ring"', "cannot be used: not JSON"), (', keys: "env:NONE"', "no variable NONE")]
)
def test_keys_that_cannot_be_used_stop_the_start_and_are_not_quoted(tmp_path: Path, own: str, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"identity\.own\.keys: .*{said}") as refused:
        opened(tmp_path, own)
    assert "canary" not in str(refused.value)
