"""How a refusal looks: the engine's own envelope where the engine is known, RFC 9457 problem details elsewhere."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from vecgate.errors import Refusal
from vecgate.operations import grpc
from vecgate.operations.messages import GRPC, Answer, Pairs
from vecgate.reasons import TYPE_PREFIX

if TYPE_CHECKING:
    from vecgate.exchange import Exchange
    from vecgate.operations.dialect import Dialect
    from vecgate.runtime import Runtime

log = logging.getLogger(__name__)


def problem(refusal: Refusal, exchange: str) -> Answer:
    """RFC 9457 problem details with vecgate's members, for answers that belong to no engine."""
    reason = refusal.reason
    document = {
        "type": TYPE_PREFIX + reason,
        "title": reason.summary,
        "status": reason.status,
        "detail": refusal.detail or reason.summary,
        "reason": reason,
        "exchange": exchange,
        **refusal.extra,
    }
    return Answer(reason.status, (("content-type", "application/problem+json"),), msgspec.json.encode(document))


def render(runtime: Runtime | None, exchange: Exchange, refusal: Refusal) -> Answer:
    """The whole answer to a refused exchange, with the headers its reason asks for."""
    upstream = runtime.upstreams.get(exchange.connection) if runtime else None
    if exchange.method == GRPC:
        answer = grpc.refused(refusal, exchange.id, upstream.dialect.codes if upstream else {})
    elif upstream is None:
        answer = problem(refusal, exchange.id)
    else:
        answer = _enveloped(upstream.dialect, exchange, refusal)
    headers: Pairs = (*answer.headers, *refusal.headers.items())
    if refusal.status == 401 and runtime is not None:
        resource = upstream.resource if upstream is not None and exchange.method != GRPC else None
        challenge = runtime.authenticator.challenge(refusal.reason, resource.url if resource else "")
        headers = (*headers, ("www-authenticate", challenge))
    return replace(answer, headers=headers)


def _enveloped(dialect: Dialect, exchange: Exchange, refusal: Refusal) -> Answer:
    try:
        return dialect.refuse(refusal, exchange.id, exchange.request)
    except Exception:
        log.exception("dialect %s cannot say %s", dialect.name, refusal.reason)
        return problem(refusal, exchange.id)
