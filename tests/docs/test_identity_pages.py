"""docs/certificates.md and docs/groups.md: what they show is valid, and every key is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.configs import KNOWN, write
from tests.support.pages import DOCS, blocks, sections

from vecgate.config.identity import Certificates
from vecgate.config.load import load
from vecgate.identity.principal import Principal
from vecgate_directories import Entra, Register
from vecgate_directories.entra import Registration


@pytest.mark.parametrize("page", ["certificates.md", "groups.md"])
def test_the_configuration_shown_is_valid(tmp_path: Path, page: str) -> None:
    text = blocks((DOCS / page).read_text(), "yaml")[0]
    load(write(tmp_path, text), lambda plugins, base: KNOWN)


def test_every_name_a_certificate_can_be_known_by_is_on_the_page() -> None:
    shown = re.findall(r"^\| `(\w+)` \| ", sections("certificates.md")["Who it is"], re.MULTILINE)
    assert shown[1:] == Certificates.model_json_schema()["properties"]["name"]["enum"]


def test_the_file_shown_says_groups(tmp_path: Path) -> None:
    path = tmp_path / "groups.yaml"
    path.write_text(blocks(sections("groups.md")["A file"], "yaml")[0])
    claims = {"email": "ada@corp.example", "email_verified": True, "hd": "corp.example"}
    ada = Principal("https://accounts.google.com", "1", claims=claims)
    assert Register(path).groups(ada) == {"analysts", "owners"}


def test_entras_settings_are_all_on_the_page_and_those_shown_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = sections("groups.md")["Entra ID"]
    rows = dict(re.findall(r"^\| `(\w+)` \| (`.*?`|required) \|", section, re.MULTILINE))
    fields = Registration.model_fields
    assert set(rows) | {"version"} == set(fields)
    for key, written in rows.items():
        default = fields[key].default
        expected = "required" if fields[key].is_required() else f"`{str(default).lower()}`"
        assert written == expected
    path = tmp_path / "entra.yaml"
    path.write_text(blocks(section, "yaml")[0])
    monkeypatch.setenv("ENTRA_SECRET", "x")
    Entra.read(path).close()
