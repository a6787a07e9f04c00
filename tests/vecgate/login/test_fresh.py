from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.support.fake_issuer import TOKENS, URL, FakeIssuer, refusal

from vecgate.errors import LoginError, LoginRefused
from vecgate.login.client import Client
from vecgate.login.fresh import access_token, from_answer
from vecgate.login.session import Session, Store

ENDED = Session(
    client=Client(issuer=URL, client_id="cli", resource="urn:r", prompt="consent"),
    access_token="access-0",
    refresh_token="refresh-0",
    obtained=0.0,
    expires=600.0,
)


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> FakeIssuer:
    made = FakeIssuer()
    made.everywhere(monkeypatch)
    return made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "login.json")
    made.write(ENDED)
    return made


def test_a_token_that_lives_is_given_without_asking(issuer: FakeIssuer, store: Store) -> None:
    assert access_token(store.path, lambda: 100.0) == "access-0"
    assert issuer.requests == []


def test_one_that_ends_is_renewed_and_kept(issuer: FakeIssuer, store: Store) -> None:
    assert access_token(store.path, lambda: 1000.0) == "access-1"
    assert issuer.forms("/token") == [
        {"grant_type": "refresh_token", "refresh_token": "refresh-0", "client_id": "cli", "resource": "urn:r"}
    ]
    kept = store.session()
    assert (kept.access_token, kept.refresh_token, kept.expires) == ("access-1", "refresh-1", 1600.0)
    assert kept.client == ENDED.client


def test_an_issuer_that_gives_no_new_refresh_token_means_the_old_one(issuer: FakeIssuer, store: Store) -> None:
    issuer.answers["/token"] = {name: value for name, value in TOKENS.items() if name != "refresh_token"}
    access_token(store.path, lambda: 1000.0)
    assert store.session().refresh_token == "refresh-0"


def test_of_many_at_once_one_renews(issuer: FakeIssuer, store: Store) -> None:
    """Each refresh token is good once."""
    good = ["refresh-0"]

    def token(form: dict[str, str]) -> httpx.Response:
        if form["refresh_token"] != good[0]:
            return refusal("invalid_grant")
        good[0] = f"refresh-{len(issuer.requests)}"
        time.sleep(0.02)
        return httpx.Response(200, json=TOKENS | {"refresh_token": good[0]})

    issuer.answers["/token"] = token
    given: list[str] = []
    threads = [
        threading.Thread(target=lambda: given.append(access_token(store.path, lambda: 1000.0))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert given == ["access-1"] * 8
    assert len(issuer.forms("/token")) == 1
    assert store.session().refresh_token == good[0]


@pytest.mark.parametrize("code", ["invalid_grant", "invalid_client", "unauthorized_client"])
def test_a_sign_in_that_has_ended_says_so(issuer: FakeIssuer, store: Store, code: str) -> None:
    issuer.answers["/token"] = refusal(code, "no refresh-0")
    with pytest.raises(LoginRefused, match="your sign-in has ended: vecgate login") as caught:
        access_token(store.path, lambda: 1000.0)
    assert "refresh-0" not in str(caught.value)
    assert store.session() == ENDED


def test_without_anything_to_renew_it_by_it_ends(issuer: FakeIssuer, store: Store) -> None:
    store.write(msgspec.structs.replace(ENDED, refresh_token=""))
    assert access_token(store.path, lambda: 599.0) == "access-0"
    with pytest.raises(LoginRefused, match="vecgate login"):
        access_token(store.path, lambda: 601.0)
    assert issuer.requests == []


def test_while_the_issuer_is_down_the_token_is_given_to_its_end(issuer: FakeIssuer, store: Store) -> None:
    issuer.answers["/token"] = httpx.ConnectError("down")
    assert access_token(store.path, lambda: 590.0) == "access-0"
    with pytest.raises(LoginError, match="down"):
        access_token(store.path, lambda: 596.0)


def test_a_token_that_cannot_be_kept_is_not_given(
    issuer: FakeIssuer, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LoginError("the disk is full")

    monkeypatch.setattr(Store, "write", fail)
    with pytest.raises(LoginError, match="disk is full"):
        access_token(store.path, lambda: 1000.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": "a b"},
        {"access_token": "a\nb"},
        {"access_token": "x" * 20_000},
        {"token_type": "DPoP"},
        {"token_type": None},
        {"refresh_token": 7},
        {"refresh_token": "a\x1b[2J"},
    ],
)
def test_an_answer_without_bearer_tokens_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(LoginError):
        from_answer(ENDED, TOKENS | changes, 0.0)


@pytest.mark.parametrize(
    ("life", "expires"), [(60, 60.0), (None, 300.0), ("60", 300.0), (True, 300.0), (1e12, 366 * 86400.0)]
)
def test_how_long_a_token_lives_is_bounded(life: object, expires: float) -> None:
    assert from_answer(ENDED, TOKENS | {"expires_in": life}, 0.0).expires == expires
