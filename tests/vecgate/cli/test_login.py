"""`vecgate login`, `token`, `whoami`, `logout` against an issuer in memory: what they say, keep, and exit with."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.support.cli import run
from tests.support.configs import HEAD, write
from tests.support.fake_issuer import URL, FakeIssuer, refusal
from tests.support.tokens import claims, ec, jwks_file, mint

from vecgate.login.client import Client
from vecgate.login.session import Session, Store

SECRETS = ("access-1", "refresh-1", "the-device-code", "canary")
LOGIN = """
identity:
  issuers:
    - {issuer: "https://other.test", audience: vecgate}
    - issuer: https://idp.test
      audience: vecgate
      login: {client_id: cli, client_secret: "file:secret", scopes: [openid, api], audience: a, redirect: "http://localhost:1/x"}
"""


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeIssuer:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("VECGATE_ISSUER", "VECGATE_CLIENT_ID", "VECGATE_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    return FakeIssuer.quick(monkeypatch)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state" / "vecgate" / "login.json")


def keep(store: Store, token: str, **changes: Any) -> None:
    now = time.time()
    given: dict[str, Any] = {"refresh_token": "refresh-1", "obtained": now, "expires": now + 600}
    with store.locked():
        store.write(Session(client=Client(issuer=URL, client_id="cli"), access_token=token, **given | changes))


def sign_in(*more: str | Path) -> tuple[int, str, str]:
    return run("login", "--issuer", URL, "--client-id", "cli", *more)


def test_signing_in_says_what_to_do_and_what_is_next(issuer: FakeIssuer, store: Store) -> None:
    code, out, err = sign_in()
    assert code == 0
    assert err.splitlines() == [
        f"Sign in at {URL}/device?user_code=ABCD-EFGH",
        "on any machine, and see that it asks for this code: ABCD-EFGH",
        "Waiting for you …",
    ]
    assert f"Signed in at {URL}" in out
    assert str(store.path) in out
    assert "vecgate whoami" in out
    assert not [secret for secret in SECRETS if secret in out + err]


def test_signing_in_prints_one_document(issuer: FakeIssuer, store: Store) -> None:
    ran = run("login", "--issuer", URL, "--client-id", "cli", "--json")
    assert set(ran.document) == {"issuer", "expires", "renewable", "token_file"}
    assert not [secret for secret in SECRETS if secret in ran.out]


def test_the_last_sign_in_is_the_default(issuer: FakeIssuer, store: Store) -> None:
    sign_in("--resource", "urn:r", "--scope", "openid", "--scope", "api")
    assert run("login").code == 0
    assert store.session().client == Client(issuer=URL, client_id="cli", resource="urn:r", scopes=("openid", "api"))
    assert run("login", "--issuer", "https://elsewhere.test").code == 2, "its client is not known there"


@pytest.mark.parametrize("args", [(), ("--issuer", URL), ("--client-id", "cli")])
def test_what_is_missing_is_asked_for(issuer: FakeIssuer, args: tuple[str, ...]) -> None:
    code, out, err = run("login", *args)
    assert (code, out) == (2, "")
    assert "--issuer URL --client-id ID" in err
    assert issuer.requests == []


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--flow", "implicit"), "device or code"),
        (("--scope", "a b"), "not one scope"),
        (("--redirect", "http://evil.test/"), "not on this machine"),
        (("--client-secret-file", "nosuch"), "nosuch"),
    ],
)
def test_wrong_use_asks_nobody(issuer: FakeIssuer, args: tuple[str, ...], says: str) -> None:
    code, out, err = sign_in(*args)
    assert (code, out) == (2, "")
    assert says in err
    assert issuer.requests == []


def test_a_refusal_is_a_negative_answer(issuer: FakeIssuer, store: Store) -> None:
    issuer.answers["/token"] = refusal("access_denied", "canary \x1b[2J")
    code, out, err = sign_in()
    assert (code, out) == (1, "")
    assert "denied" in err
    assert "\x1b" not in err
    assert not store.path.exists()


def test_settings_come_from_the_configuration(issuer: FakeIssuer, store: Store, tmp_path: Path) -> None:
    config = write(tmp_path, HEAD + LOGIN)
    (tmp_path / "secret").write_text("canary-secret\n")
    (tmp_path / "secret").chmod(0o600)
    ran = run("login", "-c", config)
    assert ran.code == 0, ran.err
    assert store.session().client == Client(
        issuer=URL, client_id="cli", secret="canary-secret", scopes=("openid", "api"), audience="a",
        redirect="http://localhost:1/x",
    )  # fmt: skip
    assert "canary" not in ran.out + ran.err
    assert run("login", "-c", config, "--client-id", "mine").code == 2, "its ID token is for another client"


@pytest.mark.parametrize(
    ("text", "args", "says"),
    [
        ("", (), "no issuer with login"),
        (LOGIN, ("--issuer", "https://nosuch.test"), "knows no issuer"),
        (LOGIN, ("--issuer", "https://other.test"), "--client-id"),
        (LOGIN.replace("vecgate}", "vecgate, login: {client_id: x}}"), (), "several issuers"),
        (LOGIN, (), "secret"),
    ],
)
def test_a_configuration_that_does_not_say_where(
    issuer: FakeIssuer, tmp_path: Path, text: str, args: tuple[str, ...], says: str
) -> None:
    code, out, err = run("login", "-c", write(tmp_path, HEAD + text), *args)
    assert (code, out) == (2, "")
    assert says in err
    assert issuer.requests == []


def test_a_token_is_all_that_is_printed(issuer: FakeIssuer, store: Store) -> None:
    keep(store, "access-0")
    assert run("token") == (0, "access-0\n", "")
    assert set(run("token", "--json").document) == {"access_token", "expires"}
    keep(store, "access-0", expires=1.0)
    assert run("token") == (0, "access-1\n", "")


def test_without_a_sign_in_there_is_no_token(issuer: FakeIssuer, store: Store) -> None:
    code, out, err = run("token")
    assert (code, out) == (2, "")
    assert "vecgate login" in err


def test_a_sign_in_that_has_ended_is_a_negative_answer(issuer: FakeIssuer, store: Store) -> None:
    keep(store, "access-0", expires=1.0)
    issuer.answers["/token"] = refusal("invalid_grant", "refresh-1 was used")
    code, out, err = run("token")
    assert (code, out) == (1, "")
    assert "vecgate login" in err
    assert not [secret for secret in SECRETS if secret in err]


def test_a_mounted_token_needs_no_sign_in(issuer: FakeIssuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mounted"
    path.write_text(mint(claims()))
    assert run("token", "--token-file", path).out == path.read_text() + "\n"
    monkeypatch.setenv("VECGATE_TOKEN_FILE", str(path))
    assert run("token", "--json").document == {"access_token": path.read_text()}
    assert run("whoami", "--json").document["subject"] == "alice"


def test_whoami_reads_the_token_as_a_gateway_does(issuer: FakeIssuer, store: Store) -> None:
    keep(store, mint(claims(preferred_username="Alice\u202e", azp="cli")))
    code, out, err = run("whoami")
    assert (code, err) == (0, "")
    assert out.splitlines()[:6] == [
        "issuer:   https://issuer.test/",
        "subject:  alice",
        "name:     Alice",
        "groups:   eng",
        "client:   cli",
        "audience: vecgate",
    ]
    assert "refresh-1" not in out
    assert run("whoami", "--json").document["groups"] == ["eng"]
    assert issuer.requests == []


@pytest.mark.parametrize(
    ("token", "says"),
    [("opaque", "signed JWT"), (mint(claims(_claim_names={"groups": "src1"})), "group_overage")],
    ids=["opaque", "overage"],
)
def test_who_is_nobody_to_a_gateway_is_told_why(issuer: FakeIssuer, store: Store, token: str, says: str) -> None:
    keep(store, token)
    code, out, err = run("whoami")
    assert (code, out) == (1, "")
    assert says in err
    assert token not in err


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [({}, 0, ""), ({"aud": "other"}, 1, "audience_mismatch"), ({"iss": "https://evil.test"}, 1, "issuer_unknown")],
)
def test_whoami_proves_the_token_by_a_configuration(
    issuer: FakeIssuer, store: Store, tmp_path: Path, changes: dict[str, Any], code: int, says: str
) -> None:
    reference = jwks_file(tmp_path / "jwks.json", ec())
    issuers = f"identity: {{issuers: [{{issuer: 'https://issuer.test/', audience: vecgate, jwks: '{reference}'}}]}}"
    config = write(tmp_path, HEAD + issuers)
    keep(store, mint(claims(**changes)))
    ran = run("whoami", "-c", config)
    assert ran.code == code
    assert says in ran.err


def test_signing_out(issuer: FakeIssuer, store: Store) -> None:
    keep(store, "access-0")
    assert run("logout") == (0, "Signed out.\n", "")
    assert not store.path.exists()
    code, out, err = run("logout")
    assert (code, out) == (1, "")
    assert "no sign-in" in err


def test_signing_out_while_the_issuer_is_down(issuer: FakeIssuer, store: Store) -> None:
    keep(store, "access-0")
    issuer.answers["/revoke"] = httpx.ConnectError("down")
    code, out, err = run("logout")
    assert (code, out) == (1, "")
    assert "down" in err
    assert not store.path.exists()
    keep(store, "access-0")
    ran = run("logout", "--json")
    assert (ran.code, ran.document["ended"], "down" in ran.document["trouble"]) == (1, False, True)


@pytest.mark.parametrize(
    ("terminal", "args", "opened"),
    [(True, (), 1), (True, ("--no-browser",), 0), (False, (), 0), (True, ("--flow", "device"), 0)],
)
def test_a_browser_is_opened_for_its_flow_on_a_terminal(
    issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch, terminal: bool, args: tuple[str, ...], opened: int
) -> None:
    addresses: list[str] = []
    monkeypatch.setattr("webbrowser.open", addresses.append)
    monkeypatch.setattr("vecgate.login.code.SECONDS", 0.01)
    monkeypatch.setattr("vecgate.cli.login._terminal", lambda: terminal)
    sign_in("--flow", "code", *args)
    assert [address.startswith(f"{URL}/authorize?") for address in addresses] == [True] * opened


def test_what_is_kept_is_json_that_others_cannot_read(issuer: FakeIssuer, store: Store) -> None:
    sign_in()
    assert msgspec.json.decode(store.path.read_bytes())["kind"] == "vecgate-login-1"
    store.path.chmod(0o644)
    code, out, err = run("token")
    assert (code, out) == (2, "")
    assert "others may read" in err
