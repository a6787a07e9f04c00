"""docs/service-accounts.md: its configurations load, its commands exist, its addresses are served."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.cli import run
from tests.support.configs import HEAD, write
from tests.support.issuing import Scene
from tests.support.pages import DOCS, blocks

from vecgate.config.load import load
from vecgate.identity.tokens import MAX_ACTORS
from vecgate.issuer.issuer import TOKEN_EXCHANGE

PAGE = (DOCS / "service-accounts.md").read_text()


@pytest.mark.parametrize("snippet", blocks(PAGE, "yaml"), ids=["workloads", "own"])
def test_the_configurations_load(tmp_path: Path, snippet: str) -> None:
    assert load(write(tmp_path, HEAD + snippet)).config.identity.known


def test_the_commands_exist() -> None:
    commands = re.findall(r"^\$ vecgate (\S+) (\S+)", PAGE, re.MULTILINE)
    assert len(commands) == 4
    for verb, command in commands:
        assert run(verb, command, "--help").code == 0


def test_the_addresses_are_those_of_discovery() -> None:
    found = Scene().issuer.metadata()
    for name in ("jwks_uri", "token_endpoint"):
        assert f"{found[name].removeprefix(found['issuer'])}`" in PAGE
    assert f"`{TOKEN_EXCHANGE}`" in PAGE
    assert TOKEN_EXCHANGE in found["grant_types_supported"]


def test_numbers() -> None:
    assert MAX_ACTORS == 8
    assert "at most eight actors" in PAGE
