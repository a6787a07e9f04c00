"""An issuer's HTTP side without a network: what it answers, and every request that was made."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.tokens import ISSUER, encode, key_set

DISCOVERY = f"{ISSUER}.well-known/openid-configuration"
JWKS = f"{ISSUER}keys"


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json(document: Mapping[str, Any] | bytes, status: int = 200, encoding: str = "identity") -> Reply:
    """An answer that says it is JSON, whatever it is."""
    body = document if isinstance(document, bytes) else encode(document)
    return Reply(status, body, {"content-type": "application/json", "content-encoding": encoding})


class Origin(httpx.AsyncBaseTransport):
    """`replies` by URL can be changed at any time. An address that is not among them fails the request."""

    def __init__(self, *keys: Any) -> None:
        self.requests: Counter[str] = Counter()
        self.replies: dict[str, Reply | Exception] = {DISCOVERY: json({"issuer": ISSUER, "jwks_uri": JWKS})}
        self.delay = 0.0
        self.publish(*keys)

    def publish(self, *keys: Any) -> None:
        self.replies[JWKS] = json(key_set(*keys))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        self.requests[url] += 1
        await asyncio.sleep(self.delay)
        reply = self.replies.get(url, httpx.ConnectError("no such host"))
        if isinstance(reply, Exception):
            raise reply
        return httpx.Response(reply.status, headers=reply.headers, stream=httpx.ByteStream(reply.body))
