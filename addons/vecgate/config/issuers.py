"""Issuers: what tells the people of one source from those of another. Each name is one source's alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vecgate.config.document import KeyPath, key_text
from vecgate.config.identity import Identity
from vecgate.config.mistake import Mistake

LOCAL: Final = "local:"
"""What the issuers of operators at this machine and of directories begin with: no credential is theirs."""


def issuer_mistakes(identity: Identity) -> Iterator[Mistake]:
    """Every mistake with the key it stands at."""
    taken: dict[str, str] = {}
    for at, issuer in _named(identity):
        if issuer.startswith(LOCAL):
            yield at, f"begins with {LOCAL}, as the gateway's own operators do"
        elif issuer in taken:
            yield at, f"is that of {taken[issuer]}, too: their people would be the same"
        taken.setdefault(issuer, key_text(at[:-1]))


def _named(identity: Identity) -> Iterator[tuple[KeyPath, str]]:
    """Where each issuer is named; the gateway's own comes first."""
    if identity.own is not None:
        yield ("identity", "own", "issuer"), identity.own.issuer
    for kind in ("issuers", "certificates", "saml"):
        for index, each in enumerate(getattr(identity, kind)):
            yield ("identity", kind, index, "issuer"), each.issuer
