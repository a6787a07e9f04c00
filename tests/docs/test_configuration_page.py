"""docs/configuration.md has every key of the schema, and what it shows is what is printed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.support.configs import write
from tests.support.pages import DOCS, blocks
from typer.testing import CliRunner

from vecgate.cli.app import app
from vecgate.config.load import load
from vecgate.config.schema import schema

PAGE = (DOCS / "configuration.md").read_text()
SECTIONS = {
    "Config": "Top level",
    "Connection": "connections",
    "Credential": "credential",
    "Tls": "tls",
    "Bounds": "bounds",
    "Identity": "identity",
    "Issuer": "issuers",
    "Login": "login",
    "Claims": "claims",
    "Directory": "directory",
    "Certificates": "certificates",
    "SamlProvider": "saml",
    "OwnIssuer": "own",
    "ServiceAccount": "service_accounts",
    "Provisioning": "provisioning",
    "PolicyModel": "policy",
    "Subjects": "to, clearance, reviewers",
    "Place": "on",
    "Scope": "on",
    "Grant": "grants",
    "MaskRule": "masks",
    "LimitRule": "limits",
    "ApprovalRule": "approvals",
    "State": "state",
    "Evidence": "evidence",
    "Masking": "masking",
    "Control": "control",
    "Plugins": "plugins",
}
SCHEMA = schema()
MODELS: dict[str, Any] = {
    "Config": SCHEMA,
    **{name: each for name, each in SCHEMA["$defs"].items() if each["type"] == "object"},
}


def rows(section: str) -> dict[str, str]:
    """The table of a section: what its first column names, and the rest of the row."""
    body = re.split(r"\n#+ ", PAGE.partition(f"# {section}\n")[2])[0]
    found = re.findall(r"^\| (`.*?) \| (.*) \|$", body, re.MULTILINE)
    return {key: rest for keys, rest in found for key in re.findall(r"`(\w+)`", keys)}


def test_every_model_has_a_section() -> None:
    assert set(SECTIONS) == set(MODELS)


@pytest.mark.parametrize("model", SECTIONS)
def test_every_key_is_on_the_page_and_no_other(model: str) -> None:
    documented = set(rows(SECTIONS[model]))
    if model == "Place":
        documented -= {"actions", "risks"}  # the section says that masks lack them

    assert documented == set(MODELS[model]["properties"])


@pytest.mark.parametrize("model", SECTIONS)
def test_keys_that_are_required_are_marked_so(model: str) -> None:
    marked = {key for key, rest in rows(SECTIONS[model]).items() if rest.startswith("required")}

    assert marked == set(MODELS[model].get("required", ()))


@pytest.mark.parametrize("model", SECTIONS)
def test_defaults_are_the_documented_ones(model: str) -> None:
    table = rows(SECTIONS[model])
    for key, each in MODELS[model]["properties"].items():
        default = each.get("default")
        if isinstance(default, str | bool | int) and key != "connections":
            written = str(default).lower() if isinstance(default, bool) else str(default)
            assert table[key].startswith(f"`{written}` |"), key


def test_every_action_and_risk_is_on_the_page() -> None:
    table = rows("on")
    for kind in ("Action", "Risk"):
        for name in SCHEMA["$defs"][kind]["enum"]:
            assert f"`{name}`" in table[f"{kind.lower()}s"]


def test_the_shown_mistakes_are_what_check_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, blocks(PAGE, "yaml")[0])
    result = CliRunner().invoke(app, ["check", "-c", "vecgate.yaml"])

    assert f"$ vecgate check -c vecgate.yaml\n{result.stderr}" == blocks(PAGE, "console")[0]
    assert result.exit_code == 2


@pytest.mark.parametrize("path", sorted((DOCS.parent / "config").rglob("*.yaml")), ids=lambda path: path.name)
def test_every_shipped_configuration_is_valid_and_without_advice(path: Path) -> None:
    if "connections:" in path.read_text():
        assert load(path).notes == ()
