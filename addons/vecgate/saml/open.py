"""Open the SAML providers that a configuration names."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from vecgate.config.load import Loaded
from vecgate.errors import ConfigError, Finding
from vecgate.evidence.recorder import Recorder
from vecgate.identity.principal import Principal
from vecgate.issuer.issuer import Issuer
from vecgate.state.store import StateStore

if TYPE_CHECKING:
    from vecgate.saml.logins import Logins


def open_logins(
    loaded: Loaded, store: StateStore, recorder: Recorder, issuer: Issuer | None, check: Callable[[Principal], None]
) -> Logins | None:
    """None where configuration has no provider. Reads metadata: blocks. Raises ConfigError.

    `check` raises Refusal for somebody who must not come in.
    """
    identity = loaded.config.identity
    if not identity.saml or issuer is None:
        return None
    if find_spec("onelogin") is None:
        raise ConfigError(
            loaded.source.finding(("identity", "saml"), "needs python3-saml: pip install 'vecgate[saml]'")
        )
    from vecgate.saml.logins import Logins
    from vecgate.saml.provider import Provider

    providers: dict[str, Provider] = {}
    findings: list[Finding] = []
    for index, each in enumerate(identity.saml):
        path = loaded.resolve(each.metadata)
        try:
            providers[each.name] = Provider.read(each, issuer.own.issuer.removesuffix("/"), path)
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or error
            findings.append(loaded.source.finding(("identity", "saml", index, "metadata"), f"{path}: {said}"))
    if findings:
        raise ConfigError(*findings)
    return Logins(providers, store, mint=issuer.mint, record=recorder.commit, check=check, failures=identity.failures)
