"""Logging in, staying logged in, and every way in which a store may fail."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.certificates import Authority
from tests.support.state import Clock
from tests.support.vault_double import SECRET, SECRET_ID, Fault, VaultDouble, dripping, reply

from vecgate.errors import SecretError
from vecgate_vault import store
from vecgate_vault.reference import Reference
from vecgate_vault.settings import Settings
from vecgate_vault.store import MAX_BYTES, RETRY, Vault

LOGIN, RENEW, READ = "/v1/auth/approle/login", "/v1/auth/token/renew-self", "/v1/secret/data/qdrant"
KEY = Reference("secret/data/qdrant", "api_key")


@pytest.fixture
def vault() -> Iterator[VaultDouble]:
    with VaultDouble() as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock(0.0)


@pytest.fixture
def client(vault: VaultDouble, tmp_path: Path, clock: Clock) -> Vault:
    (tmp_path / "id").write_text(f"{SECRET_ID}\n")
    return Vault(Settings(vault.address, True, "gateway", tmp_path / "id"), clock)


def test_one_login_serves_many_readings(vault: VaultDouble, client: Vault) -> None:
    assert [client.read(KEY) for _ in range(3)] == [SECRET] * 3
    assert vault.asked == [LOGIN, READ, READ, READ]
    assert "x-vault-token" not in vault.seen[0]


def test_a_token_is_renewed_before_it_ends(vault: VaultDouble, client: Vault, clock: Clock) -> None:
    client.read(KEY)
    clock.now = 2399
    client.read(KEY)
    clock.now = 2400
    client.read(KEY)
    clock.now = 2401
    client.read(KEY)
    assert vault.asked == [LOGIN, READ, READ, RENEW, READ, READ]


@pytest.mark.parametrize("renewable", [True, False])
def test_a_token_that_cannot_be_renewed_is_replaced(
    vault: VaultDouble, client: Vault, clock: Clock, renewable: bool
) -> None:
    vault.renewable = renewable
    client.read(KEY)
    if renewable:
        vault.good.clear()
    clock.now = 3000
    assert client.read(KEY) == SECRET
    assert vault.asked == [LOGIN, READ, *([RENEW] if renewable else []), LOGIN, READ]


def test_a_token_without_an_end_is_left_alone(vault: VaultDouble, client: Vault, clock: Clock) -> None:
    vault.lease = 0
    client.read(KEY)
    clock.now = 1e9
    client.read(KEY)
    assert vault.asked == [LOGIN, READ, READ]


def test_a_revoked_token_is_replaced_and_one_that_stays_refused_only_now_and_then(
    vault: VaultDouble, client: Vault, clock: Clock
) -> None:
    client.read(KEY)
    vault.good.clear()
    assert client.read(KEY) == SECRET
    assert vault.asked == [LOGIN, READ, READ, LOGIN, READ]
    vault.faults[READ] = lambda handler: reply(handler, {"errors": [SECRET]}, 403)
    with pytest.raises(SecretError, match="the role may not read it"):
        client.read(KEY)
    assert vault.asked[5:] == [READ]
    clock.now = RETRY
    with pytest.raises(SecretError, match="the role may not read it"):
        client.read(KEY)
    assert vault.asked[6:] == [READ, LOGIN, READ]


def test_a_refused_login_is_not_repeated_until_its_secret_id_changes(
    vault: VaultDouble, client: Vault, tmp_path: Path, clock: Clock
) -> None:
    (tmp_path / "id").write_text("old-secret-id")
    for now, asked in ((0, 1), (RETRY - 1, 1), (RETRY, 2)):
        clock.now = now
        with pytest.raises(SecretError, match="refuses the AppRole's login"):
            client.read(KEY)
        assert vault.asked == [LOGIN] * asked
    (tmp_path / "id").write_text(SECRET_ID)
    assert client.read(KEY) == SECRET


def huge(size: int) -> Fault:
    return lambda handler: reply(handler, b'{"data":"' + b"x" * size + b'"}')


def redirect(handler: object) -> None:
    reply(handler, b"", 307, location="http://127.0.0.1:9/elsewhere")  # type: ignore[arg-type]


FAULTS: dict[str, tuple[Fault, str]] = {
    "redirect": (redirect, "status 307"),
    "huge": (huge(MAX_BYTES), "too large"),
    "html": (lambda handler: reply(handler, b"<html>"), "not understood"),
    "list": (lambda handler: reply(handler, []), "not understood"),
    "other": (lambda handler: reply(handler, {"data": {"api_key": SECRET}}), "no secret of a KV v2 engine|login was"),
    "sealed": (lambda handler: reply(handler, {"errors": [SECRET]}, 503), "sealed or in standby"),
    "broken": (lambda handler: reply(handler, {"errors": [SECRET]}, 500), "status 500"),
    "dropped": (lambda handler: handler.connection.close(), "cannot be reached"),
    "endless": (dripping, "too large, or too slow"),
}


@pytest.mark.parametrize("path", [LOGIN, READ])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_store_that_fails_is_told_in_words_of_the_gateways_own(
    vault: VaultDouble, client: Vault, path: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SECONDS", 0.2)
    vault.faults[path], says = FAULTS[fault]
    with pytest.raises(SecretError, match=says) as raised:
        client.read(KEY)
    shown = "".join(traceback.format_exception(raised.value))
    assert not [canary for canary in (SECRET, SECRET_ID, "token-canary", vault.address) if canary in shown]
    del vault.faults[path]
    assert client.read(KEY) == SECRET


@pytest.mark.parametrize(
    ("path", "key", "says"),
    [
        ("secret/data/other", "api_key", "there is no such secret"),
        ("secret/data/qdrant", "absent", "has no such key"),
        ("secret/data/qdrant", "number", "no text under it"),
    ],
)
def test_what_is_not_there_is_told(vault: VaultDouble, client: Vault, path: str, key: str, says: str) -> None:
    with pytest.raises(SecretError, match=says):
        client.read(Reference(path, key))


def test_without_the_extra_it_is_named(client: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hvac", None)
    with pytest.raises(SecretError, match=r"pip install 'vecgate\[vault\]'"):
        client.read(KEY)


def test_a_store_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "id").write_text(SECRET_ID)
    with pytest.raises(SecretError, match="cannot be reached"):
        Vault(Settings("http://127.0.0.1:1", True, "gateway", tmp_path / "id")).read(KEY)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_is_verified(tmp_path: Path, trusted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, others = Authority(tmp_path, "a"), Authority(tmp_path, "b")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ours.certificate))  # not heeded: VAULT_CACERT is
    (tmp_path / "id").write_text(SECRET_ID)
    with VaultDouble(certificate=ours.issue("server", "127.0.0.1")) as vault:
        for ca in (str(ours.certificate),) if trusted else (str(others.certificate), ""):
            client = Vault(Settings(vault.address, True, "gateway", tmp_path / "id", ca=ca))
            if trusted:
                assert client.read(KEY) == SECRET
                continue
            with pytest.raises(SecretError, match=r"cannot be reached \(SSLError\)"):
                client.read(KEY)
            assert not vault.asked


def test_a_proxy_of_the_environment_gets_nothing_that_is_meant_for_this_host(
    vault: VaultDouble, client: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert client.read(KEY) == SECRET
