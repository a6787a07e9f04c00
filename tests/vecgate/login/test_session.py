from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from vecgate.errors import LoginError
from vecgate.login import session as module
from vecgate.login.client import Client
from vecgate.login.session import Session, Store, default_path

CLIENT = Client(issuer="https://idp.test", client_id="cli", secret="canary-secret")
SESSION = Session(client=CLIENT, access_token="canary-a", refresh_token="canary-r", obtained=100.0, expires=700.0)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "new" / "login.json")


def keep(store: Store, session: Session = SESSION) -> None:
    with store.locked():
        store.write(session)


def test_what_is_kept_is_what_is_read(store: Store) -> None:
    keep(store)
    assert store.session() == store.claim() == SESSION


def test_it_is_for_its_owner_alone(store: Store) -> None:
    old = os.umask(0)
    try:
        keep(store)
    finally:
        os.umask(old)
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    assert list(store.path.parent.iterdir()) == [store.path]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o660])
def test_what_others_may_read_is_refused_but_can_be_ended(store: Store, mode: int) -> None:
    keep(store)
    store.path.chmod(mode)
    with pytest.raises(LoginError, match="others may read"):
        store.read()
    assert store.claim() == SESSION


def test_what_is_shown_of_it_has_no_token() -> None:
    assert "canary" not in f"{SESSION} {SESSION!r}"


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"vecgate-login-1"', '"vecgate-login-9"'),
        lambda text: text.replace('"obtained"', '"more"'),
        lambda text: text.replace("700.0", '"canary-a"'),
    ],
    ids=["cut", "version", "member", "type"],
)
def test_a_damaged_one_says_no_more_than_that(store: Store, damage: Callable[[str], str]) -> None:
    keep(store)
    store.path.write_text(damage(store.path.read_text()))
    with pytest.raises(LoginError, match="vecgate login") as caught:
        store.read()
    assert "canary" not in str(caught.value)
    assert store.claim() is None, "it may be replaced"


def test_a_token_by_itself_is_taken_as_it_is(tmp_path: Path) -> None:
    mounted = tmp_path / "..data"
    mounted.write_text("a.b.c\n")
    (tmp_path / "token").symlink_to(mounted)
    store = Store(tmp_path / "token")
    assert store.read() == "a.b.c"
    with pytest.raises(LoginError, match="not a sign-in"):
        store.session()


@pytest.mark.parametrize("content", [b"", b"one two", b"\xff\xfe", b"a\x1b[2J", b"x" * (module.MAX_BYTES + 1)])
def test_what_is_no_token_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(LoginError, match="no token in"):
        Store(path).read()


@pytest.mark.parametrize("content", ["a.b.c", '{"name": "a package"}', "-----BEGIN PRIVATE KEY-----"])
def test_what_is_something_else_is_neither_replaced_nor_removed(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other"
    path.write_text(content)
    with pytest.raises(LoginError, match="not what vecgate login keeps"):
        Store(path).claim()


def test_without_one_it_says_what_to_do(store: Store) -> None:
    with pytest.raises(LoginError, match=r"vecgate login.*--token-file"):
        store.read()
    assert store.claim() is None


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LoginError), Store(tmp_path / "file" / "login.json").locked():
        pass


def test_one_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    with store.locked(), pytest.raises(LoginError, match="in use"), store.locked():
        pass
    with store.locked():
        pass


def test_it_lies_where_the_system_keeps_such_things(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path().is_relative_to(tmp_path)
    assert (default_path().parent.name, default_path().name) == ("vecgate", "login.json")


@pytest.mark.parametrize(("now", "fresh"), [(100.0, True), (630.0, True), (640.0, False), (701.0, False)])
def test_a_token_is_fresh_while_it_lives_for_a_minute(now: float, fresh: bool) -> None:
    assert SESSION.fresh(now) is fresh


def test_a_token_of_a_short_life_is_fresh_for_half_of_it() -> None:
    short = Session(client=CLIENT, access_token="a", obtained=100.0, expires=110.0)
    assert (short.fresh(104.0), short.fresh(106.0)) == (True, False)
