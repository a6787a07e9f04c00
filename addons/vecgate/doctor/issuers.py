"""Issuers: whether each tells its keys, as the gateway itself would ask for them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from vecgate.config.load import Loaded
from vecgate.doctor.diagnosis import Diagnosis, failure, good, warning
from vecgate.errors import ConfigError
from vecgate.identity.authenticator import Authenticator
from vecgate.identity.jwks import KeySource


async def examine(loaded: Loaded) -> AsyncIterator[Diagnosis]:
    try:
        authenticator = Authenticator(loaded.config.identity, loaded.base)
        try:
            await authenticator.start()
            for number, source in enumerate(authenticator.sources):
                for each in _examined(f"identity.issuers[{number}]", source):
                    yield each
        finally:
            await authenticator.stop()
    except ConfigError as error:
        for finding in error.findings:
            yield failure(finding.key, finding.message)


def _examined(subject: str, source: KeySource) -> list[Diagnosis]:
    keys = source.keys
    if keys is None:
        return [failure(subject, f"{source.issuer} tells no keys: {source.problem}", "tokens are refused with 503")]
    if not keys.keys:
        return [failure(subject, f"{source.issuer} has no key that can be used", "its tokens are refused")]
    count = f"{len(keys.keys)} key{'' if len(keys.keys) == 1 else 's'}"
    return [
        good(subject, f"{source.issuer} tells {count}"),
        *(warning(subject, f"{source.issuer}: key ignored: {why}") for why in keys.skipped),
    ]
