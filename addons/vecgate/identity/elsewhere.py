"""Elsewhere: one person comes by several issuers, and leaves them all.

A directory keeps one issuer's accounts. Where configuration says that others have the same people, a revocation of an
account counts for their principals of that account, too: nobody stays by SAML or a certificate who left by OpenID
Connect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from vecgate.config.identity import Provisioning
from vecgate.identity.principal import Principal


class Elsewhere:
    """`revoked` with what `directories` say of people; it is asked as `revoked` is, and raises what that raises."""

    def __init__(self, revoked: Callable[[Principal], bool], directories: Iterable[Provisioning]) -> None:
        self._revoked = revoked
        self._keepers: dict[str, list[str]] = {}
        for directory in directories:
            for issuer in directory.also:
                self._keepers.setdefault(issuer, []).append(directory.issuer)

    def __call__(self, principal: Principal) -> bool:
        return self._revoked(principal) or any(map(self._revoked, self._same(principal)))

    def _same(self, principal: Principal) -> Iterator[Principal]:
        """The principal as the issuers that a directory keeps would know it."""
        account = principal.account or principal.subject
        return (Principal(issuer, account) for issuer in self._keepers.get(principal.issuer, ()))
