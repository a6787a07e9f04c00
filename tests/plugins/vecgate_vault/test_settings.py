from __future__ import annotations

from pathlib import Path

import pytest

from vecgate.errors import SecretError
from vecgate_vault.settings import Settings

GOOD = {
    "VAULT_ADDR": "https://vault.example:8200/",
    "VAULT_ROLE_ID": "gateway",
    "VAULT_SECRET_ID_FILE": "/run/secrets/vault",
}


def test_the_environment_says_where_and_who() -> None:
    more = {"VAULT_NAMESPACE": "team", "VAULT_CACERT": "ca.pem", "VAULT_APPROLE_MOUNT": "machines"}
    assert Settings.from_environment(GOOD | more) == Settings(
        "https://vault.example:8200", False, "gateway", Path("/run/secrets/vault"), "machines", "team", "ca.pem"
    )
    assert Settings.from_environment(GOOD).mount == "approle"


@pytest.mark.parametrize("name", GOOD)
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(SecretError, match=f"needs the environment variable {name}"):
        Settings.from_environment({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize("address", ["http://127.0.0.1:8200", "http://localhost:8200", "http://[::1]:8200"])
def test_plain_http_is_for_this_host(address: str) -> None:
    assert Settings.from_environment(GOOD | {"VAULT_ADDR": address}).loopback


@pytest.mark.parametrize(
    "address",
    [
        "http://vault.example:8200",
        "http://127.0.0.1.evil.example",
        "ftp://127.0.0.1",
        "vault.example",
        "https://user:password@vault.example",
        "https://vault.example?a=b",
        "https://",
        "https://vault.example:port",
    ],
)
def test_other_addresses_get_no_token(address: str) -> None:
    with pytest.raises(SecretError, match="VAULT_ADDR") as raised:
        Settings.from_environment(GOOD | {"VAULT_ADDR": address})
    assert "password" not in str(raised.value)


@pytest.mark.parametrize(("value", "heeded"), [("1", True), ("true", True), ("0", False), ("", False)])
def test_verification_cannot_be_skipped(value: str, heeded: bool) -> None:
    if heeded:
        with pytest.raises(SecretError, match="VAULT_SKIP_VERIFY"):
            Settings.from_environment(GOOD | {"VAULT_SKIP_VERIFY": value})
    else:
        Settings.from_environment(GOOD | {"VAULT_SKIP_VERIFY": value})


@pytest.mark.parametrize(("text", "says"), [(None, "cannot be read"), ("", "is empty"), ("\u00ef", "cannot be read")])
def test_a_secret_id_that_cannot_be_had_is_told_without_its_text(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "id"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SecretError, match=says):
        Settings.from_environment(GOOD | {"VAULT_SECRET_ID_FILE": str(path)}).secret_id()
