"""docs/secrets.md: its configuration is valid, and what it says of variables and times is what is in the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.configs import write
from tests.support.pages import DOCS, blocks, sections

from vecgate.config.load import load
from vecgate.errors import SecretError
from vecgate.secrets.credential import FILE_PERIOD
from vecgate.secrets.keeper import PATIENCE, SUSPECT_PAUSE
from vecgate_qdrant.tokens import LIFETIME
from vecgate_vault import settings
from vecgate_vault.reference import Reference
from vecgate_vault.settings import Settings

PAGE = (DOCS / "secrets.md").read_text()
SECTIONS = sections("secrets.md")


def test_the_configuration_is_valid(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, blocks(PAGE, "yaml")[0]))
    values = [each.credential.value for each in loaded.config.connections if each.credential]
    Reference.parse(values[0])
    minted = blocks(PAGE, "yaml")[1].strip()
    (found,) = re.findall(r"    credential: \{header: api-key.*\}", blocks(PAGE, "yaml")[0])
    write(tmp_path, blocks(PAGE, "yaml")[0].replace(found, f"    {minted}"))
    assert load(tmp_path / "vecgate.yaml").config.connections[0].credential is not None


def test_every_variable_is_on_the_page_and_no_other() -> None:
    named = set(re.findall(r"^\| `(VAULT_\w+)`", PAGE, re.MULTILINE))
    source = Path(settings.__file__).read_text()
    assert named == set(re.findall(r'"(VAULT_\w+)"', source)) - {"VAULT_SKIP_VERIFY"}
    for name in re.findall(r"^\| `(VAULT_\w+)` \| required", PAGE, re.MULTILINE):
        given = dict.fromkeys(named - {name}, "https://vault.example")
        with pytest.raises(SecretError, match=name):
            Settings.from_environment(given)


def test_the_times_are_the_codes() -> None:
    rotation = SECTIONS["Rotation"]
    assert f"| `file:` | {FILE_PERIOD:g} s |" in rotation
    assert f"at most {PATIENCE:g} s" in rotation
    assert f"at most every {SUSPECT_PAUSE:g} s" in rotation
    assert f"| `exp` | in {LIFETIME} s |" in PAGE
