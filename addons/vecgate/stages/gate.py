"""Gate: what the wire asks before a byte leaves, in either direction. Nothing unsealed passes.

The seal is the image of the request that `forward` built, or of the answer that `mask` or a refusal built. A flow that
another addon edited, an operator resumed with changes, a replay sent again, or a hook that never ran fails here.
"""

from __future__ import annotations

import logging

from mitmproxy import http

from vecgate.errors import Refusal
from vecgate.reasons import Reason
from vecgate.refusals import render
from vecgate.serve.image import request_image, response_image
from vecgate.serve.seal import Unsealed
from vecgate.stages.context import Context, response

log = logging.getLogger(__name__)


class WireGate:
    """Implements `vecgate.serve.seal.Gate` for the pipeline's exchanges."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def may_connect(self, flow: http.HTTPFlow) -> bool:
        exchange = self.context.exchanges.get(flow)
        if exchange is None or exchange.request_seal is None or exchange.forwarded or exchange.recorded:
            return False
        return exchange.request_seal == request_image(flow.request)

    def outgoing(self, flow: http.HTTPFlow) -> http.Request:
        """A copy of the sealed request with the service credential. Each seal is good for one sending."""
        exchange = self.context.exchanges.get(flow)
        if exchange is None or not self.may_connect(flow):
            raise Unsealed
        operations = exchange.reading.operations if exchange.reading else ()
        proof = self.context.upstream(exchange).proof(exchange.principal, operations)
        exchange.forwarded = True
        return with_fields(flow.request, proof)

    def leaving(self, flow: http.HTTPFlow) -> http.Response:
        """The sealed answer. One whose outcome no hook has left does not go: it is left here."""
        exchange = self.context.exchanges.get(flow)
        if exchange is None:
            raise Unsealed
        if not exchange.recorded:
            self.context.abandon(exchange, Reason.UNMASKABLE_RESPONSE)
            raise Unsealed
        if exchange.answer_seal is None or flow.response is None:
            raise Unsealed
        if exchange.answer_seal != response_image(flow.response):
            raise Unsealed
        return flow.response

    def answer_for(self, flow: http.HTTPFlow, reason: Reason) -> http.Response:
        """The refusal that takes the place of what was not sealed."""
        exchange = self.context.exchanges.get(flow) or self.context.begin(flow)
        log.error("unsealed message withheld, exchange %s", exchange.id)
        if exchange.recorded and exchange.runtime is not None:
            exchange.runtime.recorder.event("withheld", {"reason": str(reason)}, exchange.id)
        exchange.refusal = exchange.refusal or Refusal(reason)
        return response(render(exchange.runtime, exchange, exchange.refusal), exchange.id)


def with_fields(request: http.Request, more: tuple[tuple[bytes, bytes], ...]) -> http.Request:
    """A copy that nobody else has, with these header fields more."""
    data = request.data
    return http.Request(
        data.host,
        data.port,
        data.method,
        data.scheme,
        data.authority,
        data.path,
        data.http_version,
        http.Headers((*data.headers.fields, *more)),
        data.content,
        None,
        data.timestamp_start,
        data.timestamp_end,
    )
