from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.support.configs import HEAD, loaded
from tests.support.issuing import Scene
from tests.support.saml import IDP, metadata

from vecgate.config.load import Loaded
from vecgate.errors import ConfigError
from vecgate.evidence.recorder import Recorder
from vecgate.identity.principal import Principal
from vecgate.saml import open as module
from vecgate.saml.logins import Logins
from vecgate.saml.open import open_logins
from vecgate.state.memory import MemoryStore

TEXT = f"""
control: {{listen: "127.0.0.1:6099"}}
identity:
  own: {{issuer: "https://vecgate.test/"}}
  saml:
    - {{name: corp, issuer: "{IDP}", metadata: "file:idp.xml"}}
    - {{name: other, issuer: "https://other.test/", metadata: "file:other.xml"}}
"""


async def record(kind: str, facts: Mapping[str, Any]) -> None:
    raise NotImplementedError


def check(person: Principal) -> None:
    raise NotImplementedError


def opened(found: Loaded) -> Logins | None:
    recorder = cast(Recorder, SimpleNamespace(commit=record))
    return open_logins(found, MemoryStore(), recorder, Scene().issuer, check)


def test_every_provider_is_known_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "idp.xml").write_text(metadata())
    (tmp_path / "other.xml").write_text(metadata(issuer="https://other.test/"))
    logins = opened(loaded(tmp_path, TEXT, HEAD))
    assert logins is not None
    assert logins.provider("corp").home == "https://vecgate.test/saml/corp"
    assert logins.provider("other").config.issuer == "https://other.test/"


def test_all_that_is_wrong_with_metadata_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "idp.xml").write_text(metadata(issuer="https://evil.test/"))
    with pytest.raises(ConfigError) as raised:
        opened(loaded(tmp_path, TEXT, HEAD))
    first, second = (str(finding).removeprefix(f"{tmp_path}/vecgate.yaml:") for finding in raised.value.findings)
    assert first == (
        f"9:67: identity.saml[0].metadata: {tmp_path}/idp.xml: "
        "describes https://evil.test/, which is not the issuer of this entry"
    )
    assert second == f"10:62: identity.saml[1].metadata: {tmp_path}/other.xml: No such file or directory"


def test_python3_saml_is_asked_for_only_where_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert opened(loaded(tmp_path, "", HEAD)) is None
    with pytest.raises(ConfigError) as raised:
        opened(loaded(tmp_path, TEXT, HEAD))
    assert "pip install 'vecgate[saml]'" in str(raised.value)
