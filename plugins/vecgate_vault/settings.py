"""Settings: where the store is and who the gateway is there, from the environment variables of Vault's own tools."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import httpx

from vecgate.errors import SecretError

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Settings:
    address: str
    loopback: bool
    role_id: str
    secret_id_file: Path
    """Read at every login, so that it may be replaced."""
    mount: str = "approle"
    namespace: str = ""
    ca: str = ""
    """PEM file of a private CA."""

    @classmethod
    def from_environment(cls, given: Mapping[str, str] = os.environ) -> Self:
        """Raises SecretError for what is missing, or would not be safe."""
        if given.get("VAULT_SKIP_VERIFY", "").lower() not in ("", "0", "f", "false"):
            raise SecretError("VAULT_SKIP_VERIFY is not heeded: unset it, and name a private CA in VAULT_CACERT")
        address = _needed(given, "VAULT_ADDR", "https://vault.example:8200")
        return cls(
            address=address.rstrip("/"),
            loopback=_is_loopback(address),
            role_id=_needed(given, "VAULT_ROLE_ID", "the AppRole's role id"),
            secret_id_file=Path(_needed(given, "VAULT_SECRET_ID_FILE", "a file that holds the AppRole's secret id")),
            mount=given.get("VAULT_APPROLE_MOUNT") or "approle",
            namespace=given.get("VAULT_NAMESPACE", ""),
            ca=given.get("VAULT_CACERT", ""),
        )

    def secret_id(self) -> str:
        """Raises SecretError."""
        try:
            text = self.secret_id_file.read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise SecretError(f"VAULT_SECRET_ID_FILE cannot be read ({type(error).__name__})") from None
        if not text:
            raise SecretError("VAULT_SECRET_ID_FILE is empty")
        return text


def _needed(given: Mapping[str, str], name: str, what: str) -> str:
    if not given.get(name):
        raise SecretError(f"needs the environment variable {name}: {what}")
    return given[name]


def _is_loopback(address: str) -> bool:
    """Raises SecretError for an address that a token must not be sent to."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        raise SecretError("VAULT_ADDR is no URL") from None
    loopback = url.host in LOOPBACK
    if url.scheme != "https" and not (url.scheme == "http" and loopback):
        raise SecretError("VAULT_ADDR must be https:// (http:// only for an address of this host)")
    if url.userinfo or url.query or url.fragment or not url.host:
        raise SecretError("VAULT_ADDR is a scheme, a host and a port, and nothing else")
    return loopback
