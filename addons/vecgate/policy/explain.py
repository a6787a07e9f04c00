"""Explain: what the gateway would say to a request, without contacting anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from vecgate.config.identity import Claims, Issuer
from vecgate.config.load import Loaded
from vecgate.config.site import site_of
from vecgate.hooks import Hooks
from vecgate.identity.holders import groups_of
from vecgate.identity.principal import Principal
from vecgate.identity.rules import Rules
from vecgate.identity.tokens import principal as principal_of
from vecgate.masking.masker import KEY_BYTES, Masker
from vecgate.operations import target
from vecgate.operations.classify import classify, read, request
from vecgate.operations.dialect import Dialect
from vecgate.policy.decision import Decision, Verdict
from vecgate.policy.policy import Policy, RequestFacts
from vecgate.reasons import Reason


class Explainer:
    """The policy of one configuration, asked about requests that are described rather than sent."""

    def __init__(self, loaded: Loaded, hooks: Hooks) -> None:
        """Raises ConfigError, PluginError."""
        self._config = loaded.config
        self._hooks = hooks
        self._dialects = hooks.dialects()
        self._policy = Policy.compile(loaded, Masker(bytes(KEY_BYTES), hooks.mask_strategies()))
        self._connections = {connection.name: connection.dialect for connection in loaded.config.connections}
        self._sites = {connection.name: site_of(connection, loaded.config) for connection in loaded.config.connections}

    @property
    def connections(self) -> tuple[str, ...]:
        return tuple(self._connections)

    def principal(self, claims: Mapping[str, Any]) -> Principal:
        """Whom these claims speak of, read as the configured issuer's, or as a certificate's holder is.

        Of an issuer that is not configured, which a plugin may vouch for, they are read where claims usually stand.
        Raises Refusal for claims that no token could have: `iss` and `sub` are needed, `exp` and `aud` are not.
        """
        identity, named = self._config.identity, str(claims.get("iss"))
        if identity.own is not None and named == identity.own.issuer:
            return principal_of(claims, Rules.of_own(identity.own))
        unknown = Issuer(issuer="unknown", audience="unknown", claims=Claims())
        issuers = {issuer.issuer: issuer for issuer in identity.issuers}
        found = principal_of(claims, replace(Rules.compile(issuers.get(named, unknown)), issuer=named))
        for entry in identity.certificates:
            if entry.issuer == found.issuer:
                said = claims.get("certificate", {})
                found = replace(found, groups=groups_of(entry, found.subject, said if isinstance(said, dict) else {}))
        return found

    def explain(self, connection: str, principal: Principal, line: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """What `classify` says of the line, and the decision.

        Raises KeyError for an unknown connection, ValueError for a line that is none."""
        dialect = self._dialects[self._connections[connection]]
        said = classify(dialect, line, self._sites[connection])
        if said["error"] is not None:
            return said | _outcome(Decision(Verdict.DENY, reason=said["error"]["reason"]))
        return said | _outcome(self._decide(dialect, connection, principal, line, now))

    def _decide(
        self, dialect: Dialect, connection: str, principal: Principal, line: Mapping[str, Any], now: datetime
    ) -> Decision:
        asked = request(dialect, line, self._sites[connection])
        if (asked.method, target.encode(asked.target)) in dialect.public:
            return Decision(Verdict.ALLOW, Reason.PUBLIC)
        operations = read(dialect, line, self._sites[connection]).operations
        facts = RequestFacts(method=asked.method)
        decision = self._policy.decide(principal, connection, operations, now=now, facts=facts)
        if decision.verdict is not Verdict.DENY and self._hooks.veto(principal, operations, connection):
            return Decision(Verdict.DENY, Reason.VETOED, masks=decision.masks, limits=decision.limits)
        return decision


def _outcome(decision: Decision) -> dict[str, Any]:
    return {
        "verdict": decision.verdict,
        "reason": decision.reason,
        "grants": list(decision.grants),
        "masks": {resource: masks.describe() for resource, masks in decision.masks.items()},
        "limits": [limit.name for limit in decision.limits],
        "approval": decision.approval.name if decision.verdict is Verdict.HOLD and decision.approval else None,
    }
