"""What a configuration says of SAML providers that cannot be meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vecgate.config.document import KeyPath
from vecgate.config.identity import SamlProvider
from vecgate.config.mistake import Mistake, attempt, file_reference, repeated
from vecgate.config.models import Config

_ISSUER = re.compile(r"[!-z|~]{1,1024}")
_ENTITY = re.compile(r"[!#-%(-;=?-z|~]{1,1024}")
_NO_CLAIMS = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf", "act", "sid", "groups"})


def saml_mistakes(config: Config) -> Iterator[Mistake]:
    identity, at = config.identity, ("identity", "saml")
    providers = identity.saml
    if providers and identity.own is None:
        yield at, "needs identity.own: whoever signs in gets a token of the gateway's own issuer"
    if providers and config.control is None:
        yield at, "needs control: people sign in at the control plane"
    yield from repeated(at, "name", [each.name for each in providers])
    for index, each in enumerate(providers):
        yield from _provider(each, (*at, index))


def _provider(provider: SamlProvider, at: KeyPath) -> Iterator[Mistake]:
    if not _ISSUER.fullmatch(provider.issuer):
        yield (*at, "issuer"), "is no entity id: write it as the provider's metadata does"
    if provider.entity_id is not None and not _ENTITY.fullmatch(provider.entity_id):
        yield (*at, "entity_id"), "must be an address or a urn, without spaces, quotes and brackets"
    yield from attempt((*at, "metadata"), file_reference, provider.metadata)
    for index, name in enumerate(provider.claims):
        if name in _NO_CLAIMS:
            yield (*at, "claims", index), "is a claim with a meaning of its own"
