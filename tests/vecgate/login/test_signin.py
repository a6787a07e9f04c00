from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.fake_issuer import TOKENS, URL, FakeIssuer, refusal

from vecgate.errors import LoginError
from vecgate.login.client import Client
from vecgate.login.device import Prompt
from vecgate.login.session import Session, Store
from vecgate.login.signin import Flow, sign_in, sign_out

CLIENT = Client(issuer=URL, client_id="cli")


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> FakeIssuer:
    return FakeIssuer.quick(monkeypatch)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "login.json")


def kept(store: Store, **changes: Any) -> Session:
    given: dict[str, Any] = {"access_token": "access-0", "refresh_token": "refresh-0", "obtained": 0.0, "expires": 9.0}
    session = Session(client=CLIENT, **given | changes)
    store.write(session)
    return session


def test_what_comes_of_it_is_kept(issuer: FakeIssuer, store: Store) -> None:
    shown: list[Prompt] = []
    session = sign_in(CLIENT, None, shown.append, store)
    assert store.session() == session
    assert (session.access_token, session.refresh_token) == ("access-1", "refresh-1")
    assert 590 < session.expires - time.time() < 610
    assert shown[0].code == "ABCD-EFGH"


def test_without_an_id_token_that_holds_nothing_is_kept(issuer: FakeIssuer, store: Store) -> None:
    for wrong in ({}, {"id_token": issuer.id_token(aud="other")}, {"id_token": 7}):
        issuer.answers["/token"] = TOKENS | wrong
        with pytest.raises(LoginError, match="ID token"):
            sign_in(CLIENT, Flow.DEVICE, lambda prompt: None, store)
        assert not store.path.exists()


def test_whoever_asks_for_no_id_token_needs_none(issuer: FakeIssuer, store: Store) -> None:
    issuer.answers["/token"] = TOKENS
    client = Client(issuer=URL, client_id="cli", scopes=("api",))
    assert sign_in(client, None, lambda prompt: None, store).client == client


def test_what_cannot_be_kept_is_known_before_anybody_signs_in(issuer: FakeIssuer, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("a.b.c")
    with pytest.raises(LoginError, match="not what vecgate login keeps"):
        sign_in(CLIENT, None, lambda prompt: None, Store(tmp_path / "other"))
    assert issuer.requests == []
    assert (tmp_path / "other").read_text() == "a.b.c"


def test_signing_out_ends_the_refresh_token_and_forgets(issuer: FakeIssuer, store: Store) -> None:
    kept(store)
    assert sign_out(store) == ""
    assert issuer.forms("/revoke") == [{"token": "refresh-0", "token_type_hint": "refresh_token", "client_id": "cli"}]
    assert not store.path.exists()


def test_without_a_refresh_token_the_access_token_is_ended(issuer: FakeIssuer, store: Store) -> None:
    kept(store, refresh_token="")
    assert sign_out(store) == ""
    assert issuer.forms("/revoke") == [{"token": "access-0", "token_type_hint": "access_token", "client_id": "cli"}]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx.ConnectError("down"), "down"),
        (httpx.Response(503), "503"),
        (refusal("unsupported_token_type", "not refresh-0"), "unsupported_token_type"),
        (httpx.Response(302, headers={"location": "https://evil.test"}), "redirects"),
    ],
)
def test_what_the_issuer_cannot_be_told_is_forgotten_all_the_same(
    issuer: FakeIssuer, store: Store, answer: Any, says: str
) -> None:
    kept(store)
    issuer.answers["/revoke"] = answer
    trouble = sign_out(store)
    assert says in trouble
    assert "refresh-0" not in trouble
    assert not store.path.exists()


def test_an_issuer_without_revocation_is_named(issuer: FakeIssuer, store: Store) -> None:
    kept(store)
    del issuer.document["revocation_endpoint"]
    assert "no revocation" in sign_out(store)
    assert not store.path.exists()


def test_a_sign_in_that_others_may_read_can_be_ended(issuer: FakeIssuer, store: Store) -> None:
    kept(store)
    store.path.chmod(0o644)
    assert sign_out(store) == ""
    assert len(issuer.forms("/revoke")) == 1


def test_a_token_that_is_no_sign_in_is_not_removed(issuer: FakeIssuer, store: Store) -> None:
    store.path.write_text("a.b.c")
    with pytest.raises(LoginError):
        sign_out(store)
    assert store.path.read_text() == "a.b.c"


def test_nobody_is_signed_in(issuer: FakeIssuer, store: Store) -> None:
    assert "no sign-in" in sign_out(store)
    assert issuer.requests == []
