"""docs/login.md: its verbs, options and keys are those there are, and what it shows is what is printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.cli import run
from tests.support.configs import HEAD, write
from tests.support.fake_issuer import FakeIssuer
from tests.support.pages import DOCS, blocks, sections

from vecgate.cli.app import VERBS, verb
from vecgate.cli.login import _lasting
from vecgate.config.identity import Login
from vecgate.config.load import load
from vecgate.login.client import Client
from vecgate.login.session import Session

PAGE = (DOCS / "login.md").read_text()
SECTIONS = sections("login.md")
SETTINGS = re.findall(r"^\| `--([\w-]+)` \| (?:`(\w+)`)?", SECTIONS["Where, and as which client"], re.MULTILINE)


def test_every_verb_is_in_the_table() -> None:
    listed = set(re.findall(r"^\| `vecgate (\w+)", PAGE, re.MULTILINE))
    assert listed == {name for name, (module, _) in VERBS.items() if module in ("login", "env")}


def test_every_setting_is_in_the_table() -> None:
    options = {name.lstrip("-") for each in verb("login", "login").params for name in each.opts if "--" in name}
    assert {option for option, _ in SETTINGS} == options - {"config", "no-browser", "token-file", "json"}
    assert {key for _, key in SETTINGS if key} == set(Login.model_fields)


def test_the_snippet_loads(tmp_path: Path) -> None:
    (snippet,) = blocks(PAGE, "yaml")
    assert load(write(tmp_path, HEAD + snippet)).config.identity.issuers[0].login is not None


def test_the_python_is_what_is_printed() -> None:
    (shown,) = blocks(PAGE, "python")
    assert run("env", "--dialect", "qdrant", "--url", "http://127.0.0.1:6016").out == shown


def test_the_console_is_what_is_printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    issuer = FakeIssuer()
    issuer.everywhere(monkeypatch)
    url, code = "https://idp.example/", "WDJB-MJHT"
    issuer.document["issuer"] = url
    issuer.answers["/device_authorization"] |= {
        "interval": 0.001,
        "user_code": code,
        "verification_uri_complete": f"{url}device?user_code={code}",
    }
    issuer.answers["/token"] |= {"id_token": issuer.id_token(iss=url, aud="vecgate-cli")}
    ran = run("login", "--issuer", url, "--client-id", "vecgate-cli")
    printed = (ran.err + ran.out).replace(str(tmp_path), "/home/dana/.local/state")
    (shown,) = blocks(PAGE, "console")
    assert printed in shown
    session = Session(client=Client(issuer=url, client_id="c"), access_token="a", obtained=0, expires=1)
    assert "--prompt consent" in _lasting(session)
