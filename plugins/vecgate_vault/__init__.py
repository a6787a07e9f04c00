"""Secrets from HashiCorp Vault or OpenBao: `vault:secret/data/qdrant#api_key`."""

from __future__ import annotations

from functools import cache

from vecgate.hookspecs import hookimpl
from vecgate_vault.reference import SCHEME, Reference
from vecgate_vault.settings import Settings
from vecgate_vault.store import Vault


@hookimpl
def vecgate_secret(reference: str) -> str | None:
    if not reference.startswith(SCHEME):
        return None
    return _vault(Settings.from_environment()).read(Reference.parse(reference))


@cache
def _vault(settings: Settings) -> Vault:
    """One for the process: its token serves every secret."""
    return Vault(settings)
