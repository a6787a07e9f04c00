"""Secrets from AWS Secrets Manager: `aws-sm:prod/qdrant#api_key`."""

from __future__ import annotations

from functools import cache

from vecgate.hookspecs import hookimpl
from vecgate_aws.reference import SCHEME, Reference
from vecgate_aws.store import SecretsManager


@hookimpl
def vecgate_secret(reference: str) -> str | None:
    if not reference.startswith(SCHEME):
        return None
    return _secrets_manager().read(Reference.parse(reference))


@cache
def _secrets_manager() -> SecretsManager:
    """One for the process."""
    return SecretsManager()
