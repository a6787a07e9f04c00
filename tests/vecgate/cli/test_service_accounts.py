from __future__ import annotations

import hashlib
import re
from pathlib import Path

from tests.support.cli import run
from tests.support.configs import HEAD, write

from vecgate.config.load import load

NEW = ("service-accounts", "new", "indexer", "--owner", "dana@example.com", "--group", "pipelines")
OWN = """
identity:
  own: {issuer: "https://vecgate.test"}
"""


def test_what_is_printed_is_a_configuration_that_knows_the_key(tmp_path: Path) -> None:
    code, out, _ = run(*NEW)
    assert code == 0
    (key,) = re.findall(r"^  (vg_\S+)$", out, re.MULTILINE)
    pasted = out.partition("identity:\n")[2]
    path = write(tmp_path, HEAD + OWN + pasted)
    (account,) = load(path).config.identity.service_accounts
    assert account.keys == [f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"]
    assert (account.name, account.owner, account.groups) == ("indexer", "dana@example.com", ["pipelines"])
    assert key not in path.read_text()
    (listed,) = run("service-accounts", "list", "-c", path, "--json").document["service_accounts"]
    assert (listed["name"], listed["keys"], listed["expired"]) == ("indexer", 1, False)
    assert "indexer" in run("service-accounts", "list", "-c", path).out


def test_a_program_gets_the_same_as_a_document() -> None:
    found = run(*NEW, "--json").document
    assert found["account"]["keys"] == [f"sha256:{hashlib.sha256(found['key'].encode()).hexdigest()}"]


def test_a_name_that_no_configuration_takes_is_refused() -> None:
    code, out, err = run("service-accounts", "new", "a b", "--owner", "dana")
    assert (code, out) == (2, "")
    assert "name" in err


def test_an_owner_is_needed() -> None:
    assert run("service-accounts", "new", "indexer").code == 2
